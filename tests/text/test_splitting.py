"""Text is cut without loss, and becomes the tokens that f5-tts makes of it."""

from __future__ import annotations

from itertools import accumulate, combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.text.splitting import as_transcript, clean, dropped, is_speakable, respelled, size, split, tokenize

NASTY = [
    "Hello, world! I can't believe it's 3.14; mother-in-law, e.g. AT&T or C++ at foo@bar.com",
    "对，这就是我，万人敬仰的太乙真人。",
    "我重复一遍，银行行长 said hello 给重要的你",
    "I like 北京烤鸭, do you?",
    "“你好”——他说：‘再见’；ok",
    "2023年10月1日，价格是￥100.5元，卡拉OK T恤B超",
    "日本語テキスト、ひらがなとカタカナ。",
    "한국어 텍스트, Привет мир, ñandú café, नमस्ते दुनिया",
    "😀你好😀 ㄅㄆㄇ 、。！？《》",
]
MIXED = st.text(
    alphabet=st.one_of(
        st.sampled_from("abcXYZ019 ,.;:'\"-!?“”‘’（）。，！？"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(min_codepoint=0x20, max_codepoint=0x30FF, exclude_categories=("Cs",)),
    ),
    min_size=1,
)


@pytest.fixture(scope="module")
def convert_char_to_pinyin(upstream):
    from f5_tts.model.utils import convert_char_to_pinyin

    return convert_char_to_pinyin


@pytest.mark.parametrize("text", NASTY)
def test_tokens_are_those_of_f5_tts(convert_char_to_pinyin, text):
    assert tokenize(text, "pinyin") == convert_char_to_pinyin([text])[0]


@given(text=MIXED)
def test_tokens_of_any_mixture_are_those_of_f5_tts(convert_char_to_pinyin, text):
    assert tokenize(text, "pinyin") == convert_char_to_pinyin([text])[0]


def test_the_char_tokenizer_takes_characters_as_they_are():
    assert tokenize("ab，你", "char") == ["a", "b", "，", "你"]


TEXTS = st.lists(
    st.one_of(
        st.text(alphabet="abcdefgh", min_size=1, max_size=30),
        st.sampled_from([". ", ", ", "! ", "? ", " ", "; ", "。", "，", "！", "你好世界", "é", "😀", '." ', "…"]),
    ),
    max_size=60,
).map("".join)


@given(text=TEXTS, max_size=st.integers(4, 120))
def test_split_loses_nothing_and_keeps_to_the_limit(text, max_size):
    """White space at a cut is all that goes; no piece is over the limit."""
    rest = text = clean(text)
    for piece in split(text, max_size):
        assert rest.startswith(piece)
        assert 0 < size(piece) <= max_size
        rest = rest[len(piece) :].lstrip()
    assert not rest


@given(text=TEXTS, max_size=st.integers(20, 120))
def test_split_leaves_words_whole_where_they_fit(text, max_size):
    words = [word for word in clean(text).split() if size(word) <= max_size and word.isalpha() and word.isascii()]
    kept = " ".join(split(clean(text), max_size)).split()
    assert all(word in kept for word in words)


def test_split_prefers_sentences_then_clauses_then_words():
    text = "One two three. Four five, six seven eight nine ten. Eleven."
    assert split(text, 100) == [text]
    assert split(text, 40) == ["One two three.", "Four five, six seven eight nine ten.", "Eleven."]
    assert split(text, 26) == ["One two three. Four five,", "six seven eight nine ten.", "Eleven."]
    assert split("abcdefghij", 4) == ["abc", "def", "ghij"]
    assert split("今天天气很好。我们去公园吧！好的。", 24) == ["今天天气很好。", "我们去公园吧！", "好的。"]


@pytest.mark.parametrize("end", [". ", ", ", " ", "。", "，", ""])
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=9), max_size=st.integers(43, 160))
def test_no_other_filling_has_fewer_pieces_or_a_smaller_largest(end, sizes, max_size):
    """Against every filling with sentences, or with the clauses, words or characters of one that is too long."""
    atoms = ["a" * n + end for n in sizes] if end else ["a"] * len(sizes)
    max_size = max_size if end else max(1, max_size // 40)
    fillings = [
        [size("".join(atoms[i:j]).strip()) for i, j in pairwise([0, *cuts, len(atoms)])]
        for n in range(len(atoms))
        for cuts in combinations(range(1, len(atoms)), n)
    ]
    fitting = [filling for filling in fillings if max(filling) <= max_size]
    pieces = split("".join(atoms).strip(), max_size)
    assert (len(pieces), max(map(size, pieces))) == min((len(filling), max(filling)) for filling in fitting)
    stops = list(accumulate(size("".join(piece.split())) for piece in pieces))
    assert set(stops) <= set(accumulate(size(atom.strip()) for atom in atoms))


@pytest.mark.parametrize(
    ("given_text", "max_size", "sizes"),
    [
        ("One two three. Four five six. Seven eight nine. Ten.", 50, [29, 22]),  # 47 and 4, filled up
        ("One two three four five six seven eight nine ten", 44, [23, 24]),  # 44 and 3
        ("One two three four, five six, seven eight, nine ten. Eleven.", 50, [29, 30]),
        ("a" * 82, 9, [8] * 8 + [9] * 2),  # no limit below 9 does with ten pieces, and 9 leaves one letter
    ],
)
def test_no_piece_is_a_tiny_rest(given_text, max_size, sizes):
    assert [size(piece) for piece in split(given_text, max_size)] == sizes


@pytest.mark.parametrize(
    "sentences",
    [
        ["नमस्ते दुनिया।", "यह एक परीक्षण है।", "धन्यवाद।"],
        ["كيف حالك؟", "أنا بخير شكرا جزيلا.", "مرحبا بك."],
        ["你好。", "世界！"],
    ],
)
def test_every_scripts_own_sentence_ends_are_known(sentences):
    longest = max(map(size, sentences))
    assert split(" ".join(sentences), longest) == sentences


def test_decimals_and_closing_quotes_do_not_end_in_the_wrong_place():
    assert split('He said "it is 3.14." Then he left.', 22) == ['He said "it is 3.14."', "Then he left."]


@pytest.mark.parametrize(
    "sentence",
    [
        "He met Dr. Smith at noon.",
        "J. S. Bach wrote it.",
        "It is big, e.g. an ox.",
        "Das ist z.B. gut.",
        'See "No. 5".',
        "Das war mein 4. Versuch.",
        "Vom 5. bis 10. März.",
        "Es war am 24. Dezember.",
        "Se on 5. kerros.",
        "Das ist z. B. gut.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(sentence):
    text = f"One two. {sentence} Four."
    assert split(text, size(sentence)) == ["One two.", sentence, "Four."]


@pytest.mark.parametrize(
    "sentences",
    [("So do I.", "You do not."), ("I have 4.", "You have 5."), ("Ich habe 4.", "Er hat 5."), ("I am 4.", "He is 12.")],
)
def test_i_and_a_number_end_a_sentence(sentences):
    assert split(" ".join(sentences), max(map(size, sentences))) == [*sentences]


@given(text=TEXTS, max_size=st.integers(4, 120))
def test_a_piece_is_not_split_again(text, max_size):
    assert all(split(piece, max_size) == [piece] for piece in split(clean(text), max_size))


@pytest.mark.parametrize(
    ("character", "known", "read_as"),
    [
        ("é", "abcdefghijklmnopqrstuvwxyz", "e"),
        ("Ł", "abcl", "l"),
        ("ﬁ", "fi", "fi"),
        ("—", "-,.", "-"),
        ("”", "'\"", '"'),
        ("…", ".", "..."),
        ("。", ".", "."),
        ("A", "abc", "a"),
        ("５", "5", "5"),
        ("ß", "s", "ss"),
        ("é", "xyz", None),
        ("😀", "abc", None),
    ],
)
def test_a_character_is_respelled_as_it_is_read(character, known, read_as):
    assert respelled(character, known.__contains__) == read_as


def test_clean_keeps_what_can_be_said():
    assert clean("  a\tb\r\n\u200bc\u0000\ud800  d\u00a0e ") == "a b c d e"
    assert clean("e\u0301") == "é"


def test_dropped_names_what_a_reader_may_miss():
    assert dropped("a\ue000b\u200b\n\ue000\u0378") == ["\ue000", "\u0378"]


def test_speakable_means_a_letter_or_a_digit():
    assert all(map(is_speakable, ["a", "7", "你", "ß!"]))
    assert not any(map(is_speakable, ["", " ", "...", "😀", "—"]))


@pytest.mark.parametrize(
    ("given_text", "transcript"),
    [
        ("Hello there", "Hello there. "),
        ("Hello? ", "Hello? "),
        ("你好", "你好。"),
        ("你好。", "你好。"),
        ("नमस्ते", "नमस्ते. "),
        ("नमस्ते।", "नमस्ते। "),
        ("كيف حالك؟", "كيف حالك؟ "),
        ("Hello…", "Hello… "),
    ],
)
def test_a_transcript_ends_its_sentence(given_text, transcript):
    assert as_transcript(given_text) == transcript
