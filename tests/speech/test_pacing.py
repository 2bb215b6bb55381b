"""The text of a stream is cut so that it begins soon and goes on without a gap; nothing of it is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone import text
from voiceclone.speech.pacing import FIRST_S, REAL_TIME_FACTOR, Pace

CHUNK_S = 20.0
"""The usual size."""
TEXTS = {
    "en": "When I was a boy, my father told me that the world is wide, and that I should go and see it. I did. "
    "Then, years later, I came back: nothing had changed, except for the trees, which were taller now. ",
    "de": "Als ich ein Kind war, sagte mein Vater, die Welt sei groß – und ich solle sie mir ansehen. Das tat ich. "
    "Jahre später kam ich zurück: nichts hatte sich verändert, außer den Bäumen. ",
    "ru": "Когда я был мальчиком, отец сказал мне, что мир велик. Я пошёл. Потом, спустя годы, я вернулся домой. ",
    "hi": "जब मैं छोटा था, मेरे पिता ने कहा कि दुनिया बड़ी है। मैं गया। फिर, सालों बाद, मैं वापस आया। ",
    "ar": "عندما كنت صغيرا، قال لي أبي إن العالم واسع. ذهبت. ثم عدت بعد سنوات، ولم يتغير شيء. ",
    "zh": "今天天气很好，我们一起去公园散步吧。公园里有很多花，还有一个很大的湖，湖上有几只白色的天鹅。",
    "zh, without marks": "今天天气很好我们一起去公园散步吧公园里有很多花",
    "ja": "今日は天気がいいので、公園へ散歩に行きましょう。花がたくさん咲いていて、大きな池もあります。",
    "ko": "내가 어렸을 때, 아버지는 세상이 넓다고 말씀하셨다. 나는 떠났다. 그리고 몇 년 뒤, 집으로 돌아왔다. ",
    "th": "เมื่อผมยังเป็นเด็ก พ่อบอกผมว่าโลกนี้กว้างใหญ่ และผมควรออกไปดูมัน ",
    "en, without marks": "hello there this has no marks at all and goes on and on ",
}


def rate_of(written):
    """Return the bytes of a text in a second: fourteen letters, or five characters without spaces."""
    is_wide = any(map(text.is_wide, written)) and " " not in written
    return (5 if is_wide else 14) * text.size(written) / len(written)


def cut(written, cross_fade_s=0.15, times=12):
    """Return the chunks of a stream and the seconds that each lasts."""
    size_per_s = rate_of(written)
    pieces = Pace(cross_fade_s).split(text.clean(written * times), int(CHUNK_S * size_per_s), size_per_s)
    return pieces, [text.size(piece) / size_per_s for piece in pieces]


@pytest.mark.parametrize("language", TEXTS)
def test_the_first_chunk_is_short_and_the_others_grow_to_the_usual_size(language):
    _, lasts_s = cut(TEXTS[language])
    assert FIRST_S / 4 <= lasts_s[0] <= FIRST_S
    usual = next(i for i, each_s in enumerate(lasts_s) if each_s > CHUNK_S / 2)
    assert 3 <= usual <= 6
    assert all(after < 3 * before for before, after in pairwise(lasts_s[:usual]))
    assert min(lasts_s[usual:]) > CHUNK_S / 4


@pytest.mark.parametrize("language", TEXTS)
def test_no_chunk_is_spoken_too_late(language):
    """Played from when the first one is there, each is there before those before it have been heard."""
    _, lasts_s = cut(TEXTS[language])
    ready_s = heard_s = 0.0
    for i, chunk_s in enumerate(lasts_s):
        ready_s += REAL_TIME_FACTOR * chunk_s if i else 0.0
        assert ready_s <= heard_s + 0.2
        heard_s += chunk_s - 0.15


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("When I was a boy, my father told me that the world is wide.", "When I was a boy,"),
        ("Come in, please. The others will be here in a minute or two, I think.", "Come in, please."),
        ("I said: come in. The others will be here in a minute or two, I think.", "I said: come in."),
        ("Well now – the others will be here in a minute or two, I think so.", "Well now – the others will"),
        ("That was all we had – the others were here in a minute, I think.", "That was all we had"),
        ("We know what it is: the others will be here in a minute or two.", "We know what it is:"),
        ("Dr. Smith and J. S. Bach were here. The others were not here yet.", "Dr. Smith and J. S. Bach"),
        ("一九九八年的春天，我和我的父母一起去了北京。", "一九九八年的春天，"),
        ("Donaudampfschifffahrtsgesellschaften sind selten geworden.", "Donaudampfschifffahrtsgesellschaften"),
        ("Only this.", "Only this."),
    ],
)
def test_the_first_chunk_ends_where_a_sentence_does_else_a_clause_else_a_word(written, first):
    pieces, _ = cut(written, times=1)
    assert pieces[0] == first


@given(
    written=st.lists(
        st.sampled_from(
            ["One", "two,", "three.", "it's", " – ", "天气", "很好，", "吧。", "é", "x" * 400, "…", " ", " "]
        ),
        max_size=80,
    ).map("".join),
    size_per_s=st.floats(0.3, 100),
    max_size=st.integers(4, 300),
    cross_fade_s=st.sampled_from([0.0, 0.15, 1.0]),
)
def test_nothing_of_the_text_is_lost_and_no_chunk_is_over_the_cap(written, size_per_s, max_size, cross_fade_s):
    rest = text.clean(written)
    for piece in Pace(cross_fade_s).split(rest, max_size, size_per_s):
        assert rest.startswith(piece)
        assert 0 < text.size(piece) <= max_size
        rest = rest[len(piece) :].lstrip()
    assert not rest


def test_short_passages_count_for_what_follows():
    """As a dialogue has them: when there is enough to hear, the next text is cut as usual."""
    pace = Pace(0.15)
    for _ in range(16):
        assert pace.split("Yes, I see that too.", 280, 14)
    long = text.clean(TEXTS["en"] * 5)
    assert pace.split(long, 280, 14) == text.split(long, 280)


@pytest.mark.parametrize("cross_fade_s", [0.15, 1.0])
def test_a_long_text_comes_to_the_usual_size_with_any_cross_fade(cross_fade_s):
    _, lasts_s = cut(TEXTS["en, without marks"], cross_fade_s, times=60)
    assert max(lasts_s) > 0.8 * CHUNK_S
