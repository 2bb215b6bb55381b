"""Marks are taken out of a text, whatever it was written in; everything else is left to be read, where it ends."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.text import clean
from voiceclone.text.markup import Marked, Said, Turn, literal, turns

P, L, S = 0.7, 0.3, 0.15
"""Seconds behind a paragraph, a line, a sentence."""
VOICES = ("anna", "bob", "demo-high", "demo-deep")


def said(text):
    return [(turn.voice, turn.text.strip(), turn.pause_after_s) for turn in turns(text)]


def lines(text):
    """What is said before each end, and how long the pause is."""
    return [
        (turn.text, turn.pause_after_s) for turn in (each.cleaned() for each in Marked(text, VOICES).turns) if turn.text
    ]


def test_a_text_without_marks_is_one_turn():
    assert turns("Hello, world.") == [Turn("Hello, world.", None, 0.0)]


def test_a_voice_speaks_until_another_is_named():
    assert said("First. [bob] Second. [anna]Third. [main] Fourth.") == [
        (None, "First.", 0),
        ("bob", "Second.", 0),
        ("anna", "Third.", 0),
        (None, "Fourth.", 0),
    ]


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause:0.5s]", 0.5),
        ("[pause:500ms]", 0.5),
        ("[pause: 2 s]", 2),
        ("[PAUSE=.25]", 0.25),
        ("[pause 1s]", 1),
        ("[pause 1,5 seconds]", 1.5),
        ("[pause:0.5]", 0.5),
        ("[pause:60]", 60),
        ("[pause:500]", 0.5),
        ("[pause]", 0.5),
        ("(pause)", 0.5),
        ("[short pause]", 0.25),
        ("(Long pause)", 1),
        ('<break time="500ms"/>', 0.5),
        ("<break time='1.5s' />", 1.5),
        ("<BREAK time=2s>", 2),
        ("<break time=2s/>", 2),
        ('<break time="+250ms"></break>', 0.25),
        ("<break/>", 0.5),
        ('<break strength="weak"/>', 0.25),
        ('<break strength="strong"/>', 0.75),
        ('<break strength="x-strong"/>', 1.25),
    ],
)
def test_a_pause_has_the_length_that_is_written(mark, seconds):
    assert said(f"One. {mark} Two.") == [(None, "One.", seconds), (None, "Two.", 0)]


def test_pauses_without_speech_between_them_add_up():
    assert said("[pause:1s][bob][pause:2s] Hi. [pause:1s] [anna] [pause:500ms]") == [(None, "", 3), ("bob", "Hi.", 1.5)]


@pytest.mark.parametrize("mark", ["[pause:]", "[pause:long]", "[pause:-1s]", '<break time=""/>', '<break time="x"/>'])
def test_a_pause_without_a_length_is_an_error_that_shows_the_right_form(mark):
    with pytest.raises(ValueError, match=r"pause without a length.*\[pause:0.5s\]"):
        turns(f"One. {mark} Two.")


@pytest.mark.parametrize("mark", ["[pause:61s]", "[pause:60001]", '<break time="61s"/>'])
def test_a_pause_that_is_too_long_is_an_error(mark):
    with pytest.raises(ValueError, match="at most 60 s"):
        turns(mark)


@pytest.mark.parametrize(
    "text", ["See [1].", "[he laughed]", "a[i+1]", "x < y > z", "[]", "[déjà]", "[ anna ]", "[...]"]
)
def test_brackets_around_anything_but_a_name_are_read(text):
    assert said(text) == [(None, text.strip(), 0)]


def test_a_backslash_makes_a_mark_text():
    assert said(r"\[sic] and \<break time='1s'/> \*a\* \`b\` \_c_") == [
        (None, "[sic] and <break time='1s'/> *a* `b` _c_", 0)
    ]


def test_names_are_told_apart_by_case_but_for_the_main_one():
    assert said("[Anna] One. [Main] Two.") == [("Anna", "One.", 0), (None, "Two.", 0)]


# Where what is said ends


@pytest.mark.parametrize(
    "text",
    [
        "It was the best of times, it was the worst of times, it was the\nage of wisdom, it was the age of\nfolly.",
        "The quick brown fox\njumps over the lazy dog.",
        "Hello\n\tthere, friend",
        "We went on foot through the whole city of light, as we had done in\n"
        "Paris before, and saw the tower, the river and all of the old\nbridges that lead to it.",
        "The sun was setting when they came to the river. It was cold there.\n"
        "Nobody had been waiting for them, and the boat was gone. They sat\ndown to think.",
        "Der Mann ging am Abend durch die Straßen der alten Stadt und sah die\n"
        "Häuser, deren Fenster schon dunkel waren, während im Hafen noch die\nLichter brannten.",
        "Все счастливые семьи похожи друг на друга, каждая несчастливая\nсемья несчастлива по-своему.",
        "- an item that is\n  longer than a line",
        "> a quotation that\n> goes on here",
        "<p>Short\nLines</p>",
    ],
)
def test_lines_that_were_wrapped_run_on(text):
    bare = re.sub("^[->] |</?p>", "", text, flags=re.MULTILINE)
    assert lines(text) == [(" ".join(bare.split()), 0)]


def test_wrapped_lines_run_on_without_a_space_where_there_is_none():
    """Within a word with a hyphen, and in scripts without spaces; Korean has spaces."""
    assert lines("This is a well-\nknown thing about it.") == [("This is a well-known thing about it.", 0)]
    chinese = "今天天气很好我们一起去公园散步吧然后再去吃饭", "看电影然后回家。"
    assert lines("\n".join(chinese)) == [("".join(chinese), 0)]
    korean = "오늘은 날씨가 아주 좋아서 우리는 함께 공원에", "산책하러 갔다가 밥을 먹었다."
    assert lines("\n".join(korean)) == [(" ".join(korean), 0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "My Title\n\nThe first line\nThe second line",
            [("My Title", P), ("The first line", L), ("The second line", 0)],
        ),
        ("One.\r\n\r\nTwo.\r\n \r\n\r\nThree.\n", [("One.", P), ("Two.", P), ("Three.", 0)]),
        ("# A title #\nText.\n## Another\nMore.", [("A title", P), ("Text.", P), ("Another", P), ("More.", 0)]),
        ("Title\n=====\nSub\n---\nText.", [("Title", P), ("Sub", P), ("Text.", 0)]),
        ("One.\n\n* * *\n\nTwo.\n---\nThree.", [("One.", P), ("Two.", P), ("Three.", 0)]),
        ("Buy:\n- red apples\n- milk", [("Buy:", L), ("red apples", L), ("milk", 0)]),
        ("* a\n* b that\n  goes on\n+ c", [("a", L), ("b that goes on", L), ("c", 0)]),
        (
            "1. Mix\n   it well\n2. Bake\n\na. one\nb. two",
            [("1. Mix it well", L), ("2. Bake", P), ("a. one", L), ("b. two", 0)],
        ),
        ("<ul><li>a<li>b", [("a", L), ("b", 0)]),
        ("1. Mix.\n2. Bake.\n10) Eat.", [("1. Mix.", L), ("2. Bake.", L), ("10) Eat.", 0)]),
        ("• eins\n• zwei", [("eins", L), ("zwei", 0)]),
        ("- [x] done task\n- [ ] open task", [("done task", L), ("open task", 0)]),
        ("Milk\nEggs\nBread", [("Milk", L), ("Eggs", L), ("Bread", 0)]),
        ("milk\neggs\nbread", [("milk", L), ("eggs", L), ("bread", 0)]),
        ("He was born in\n1984. Then he left.", [("He was born in", L), ("1984. Then he left.", 0)]),
        (
            "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
            "Rough winds do shake the darling buds of May,",
            [
                ("Shall I compare thee to a summer's day?", L),
                ("Thou art more lovely and more temperate:", L),
                ("Rough winds do shake the darling buds of May,", 0),
            ],
        ),
        (
            "an old silent pond\na frog jumps into the pond\nsplash again",
            [("an old silent pond", L), ("a frog jumps into the pond", L), ("splash again", 0)],
        ),
        ("Roses are red,\nviolets are blue.", [("Roses are red,", L), ("violets are blue.", 0)]),
        ('"Go!"\n"No."', [('"Go!"', L), ('"No."', 0)]),
        ("— Привет.\n— Здравствуй.", [("— Привет.", L), ("— Здравствуй.", 0)]),
        ("Line one  \nline two\\\nline three", [("Line one", L), ("line two", L), ("line three", 0)]),
        ("> a quotation that\n> goes on here\n\nEnd.", [("a quotation that goes on here", P), ("End.", 0)]),
        ("> - one\n> - two", [("one", L), ("two", 0)]),
        ("> 50% of them", [("> 50% of them", 0)]),
        ("| Name | Age |\n|:---|---:|\n| Bob | 5 |", [("Name, Age", L), ("Bob, 5", 0)]),
        ("a | b\n--|--\n1 | 2\n\nEnd.", [("a, b", L), ("1, 2", P), ("End.", 0)]),
        ("```python\nprint(1)\n```", [("print(1)", 0)]),
        ("床前明月光，\n疑是地上霜。\n举头望明月，", [("床前明月光，", L), ("疑是地上霜。", L), ("举头望明月，", 0)]),
        ("标题\n\n第一段。\n\n第二段。", [("标题", P), ("第一段。", P), ("第二段。", 0)]),
        (
            "\u3000\u3000这是第一段，说了一些话。\n\u3000\u3000这是第二段。",
            [("这是第一段，说了一些话。", P), ("这是第二段。", 0)],
        ),
        (
            "买：\n- 苹果\n・香蕉\n1、打开\n2、关上",
            [("买：", L), ("苹果", L), ("香蕉", L), ("1、打开", L), ("2、关上", 0)],
        ),
        ("첫 번째 줄입니다.\n\n두 번째 줄입니다.", [("첫 번째 줄입니다.", P), ("두 번째 줄입니다.", 0)]),
        ("One.<br>Two.<br/>Three.<hr>Four.", [("One.", L), ("Two.", L), ("Three.", P), ("Four.", 0)]),
        ("<p>Hello there</p><p>World again</p>", [("Hello there", P), ("World again", 0)]),
        ("<h1>Title</h1>\n<p>Short\nLines</p>", [("Title", P), ("Short Lines", 0)]),
        ("<ul><li>a<li>b</ul>End", [("a", L), ("b", P), ("End", 0)]),
        ("<table>" + "<tr><td>a<td>b" * 150 + "</table>End", [*[("a, b", L)] * 149, ("a, b", P), ("End", 0)]),
        ("<div>One <span>and</span> <b>two</b></div>Three", [("One and two", P), ("Three", 0)]),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", [("A, B", L), ("1, 2", 0)]),
        ("<speak><p><s>One</s><s>Two</s></p>\n<p>Three</p></speak>", [("One", S), ("Two", P), ("Three", 0)]),
        ("One.\n\n[pause:0.1s]\n\nTwo.", [("One.", 0.1), ("Two.", 0)]),
        ("One.\n[anna] Two.\n\n[bob] Three.", [("One.", L), ("Two.", P), ("Three.", 0)]),
    ],
)
def test_what_is_said_ends_where_a_line_or_a_paragraph_does(text, expected):
    """And not where a line was wrapped."""
    assert lines(text) == expected


# Mark-up


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        (
            "Tom &amp; Jerry&#39;s &#x263A; caf&eacute; &amp;amp; AT&T &copy x=1&lt=2",
            "Tom & Jerry's ☺ café & AT&T &copy x=1&lt=2",
        ),
        ("**bold** _it_ `code` ~~x~~ ==mark== ***both*** __strong__", "bold it code x mark both strong"),
        ("2*3*4, 2 * 3, a_b_c, 5**2, x == y == z, **5**", "2*3*4, 2 * 3, a_b_c, 5**2, x == y == z, 5"),
        ("这是**重点**内容", "这是重点内容"),
        ("`[anna]` and `<b>`", "[anna] and b"),
        ('See [GitHub](https://x), [a *b*](/c "d") and [wiki](https://e.org/a_(b)).', "See GitHub, a b and wiki."),
        ("[text](page), [anna](https://x)", "text, anna"),
        ("![a cat](cat.png) [![build](b.svg)](https://x)", "a cat build"),
        ("See [the text][ref] and [ref][].\n\n[ref]: https://x.com 'title'", "See the text and ref."),
        ("<https://x.com> <john@example.com>", "https://x.com john@example.com"),
        ("He don't [sic] know.", "He don't [sic] know."),
        ("[T]he word[s] that [un]do", "The words that undo"),
        ("The city.[1][2] It[3] is[a] big[1, 2][citation needed].[^n]", "The city. It is big."),
        ("As shown in [1], [2-4].", "As shown in [1], [2-4]."),
        ("Hm [sighs deeply] so", "Hm so"),
        ("Well [laughs] that [clears throat] is (he said) it.", "Well that is (he said) it."),
        (
            "H<sub>2</sub>O, 5 m<sup>2</sup>, x<sup>3</sup>, 5<sup>th</sup>, word<sup>1</sup>.",
            "H2O, 5 m², x³, 5th, word.",
        ),
        ("Hello<!-- a\n\nb --> world, <![CDATA[a < b & c]]>", "Hello world, a < b & c"),
        ("<?xml version='1.0'?><!DOCTYPE html><html><head><title>T</title></head><body>Hi</body></html>", "Hi"),
        ("<script>if (a<b) x()</script>Hi<style>p {}</style>", "Hi"),
        ('<a href="x">link</a>s <img src="x" alt="A cat"> <span class=y hidden>z</span>', "links A cat z"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt></ruby>です", "漢字です"),
        ("if a<b and c>d", "if a < b and c > d"),
        ("if a<b && b>c or (a<p) and p>q", "if a < b && b > c or (a < p) and p > q"),
        ("x<y>z, 5<6, a<b>c", "x < y > z, 5 < 6, a < b > c"),
        ("List<String>, Dear <name>, a -> b, <- c", "List<String>, Dear <name>, a -> b, <- c"),
        ("Use &lt;br&gt; here", "Use br here"),
        ("&lt;p&gt;Hi &lt;b&gt;you&lt;/b&gt;&lt;/p&gt;&lt;p&gt;there", "Hi you there"),
        ("<b>never, Note: <i>so, <speak>a <b> c", "never, Note: so, a b c"),
        ("Map<String, List<Integer>> m, a<b>c", "Map<String, List<Integer>> m, a < b > c"),
        ("I <3 you, it took <3 hours, x < 3", "I <3 you, it took <3 hours, x < 3"),
        ("<speak>Hi <w role='x'>there</w></speak>", "Hi there"),
        ("<foo>x</foo> <Foo a='1'>y <bar/>z", "x y z"),
    ],
)
def test_mark_up_is_not_read_and_its_text_is(text, spoken):
    marked = Marked(text, VOICES)
    assert clean(" ".join(turn.cleaned().text for turn in marked.turns)) == spoken


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a.[1] b.[2]", "marks of notes are not read: [1], [2]"),
        ("Hm [laughs] so", "sounds cannot be made and are left out: [laughs]"),
        ("I like [Beatles] much", "no voice has these names, which are read as words: [Beatles]"),
        (
            "<emphasis>a</emphasis> <audio src='x'>b</audio>",
            "mark-up that has no effect here is left out: emphasis, audio",
        ),
        ("<prosody pitch='high' rate='odd'>a</prosody>", "left out: prosody pitch, prosody rate"),
        ("<say-as interpret-as='expletive'>a</say-as>", 'left out: say-as interpret-as="expletive"'),
        ("<phoneme alphabet='ipa' ph='təˈmɑːtoʊ'>tomato</phoneme>", 'left out: phoneme alphabet="ipa"'),
        ("<voice name='en-US-JennyNeural'>a</voice>", "left out: voice en-US-JennyNeural"),
        ("<mstts:express-as style='sad'>a</mstts:express-as>", "left out: mstts:express-as"),
        ("".join(f"<x{i}>a</x{i}>" for i in range(12)), "x9 and 2 more"),
    ],
)
def test_what_has_no_effect_is_told(text, note):
    (told,) = Marked(text, VOICES).notes
    assert note in told


def test_typography_and_structure_are_left_out_without_a_word():
    assert Marked("<p><b>a</b> <em>b</em></p> **c** [d](https://x) [sic]", VOICES).notes == ()


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("One. [ana] Two.", [None, "ana"]),
        ("[narrator] One.", ["narrator"]),
        ("One.\n[Bob] Two.", [None, "Bob"]),
        ("So [demo-hihg] two", [None, "demo-hihg"]),
        ("So [anna] two", [None, "anna"]),
        ("So [really] two", [None]),
        ('"[He] went." Dr. [Smith] did', [None]),
        ('"Go." [nobody] did', [None, "nobody"]),
        ("[sic] two", [None]),
        ("[bob](quietly) two", ["bob"]),
        ("<voice name='bob'>One</voice> two", ["bob", None]),
        ("[anna] one <voice name='bob'>two</voice> three", ["anna", "bob", "anna"]),
    ],
)
def test_a_name_is_a_voice_or_looks_like_a_slip_or_is_a_word(text, voices):
    """What looks like a slip is a voice that there is not: an error tells so."""
    assert [turn.voice for turn in Marked(text, VOICES).turns] == voices


@pytest.mark.parametrize(
    ("rate", "speed"),
    [
        ("slow", 0.8),
        ("x-fast", 1.5),
        ("80%", 0.8),
        ("+20%", 1.2),
        ("-50%", 0.5),
        ("1.1", 1.1),
        ("1%", 0.3),
        ("medium", 1),
    ],
)
def test_the_rate_of_prosody_is_the_speed_of_what_is_in_it(rate, speed):
    first, *inner = Marked(f"One <prosody rate='{rate}'>two</prosody>", VOICES).turns
    assert first.speed == 1
    assert [turn.speed for turn in inner] == ([speed] if speed != 1 else [])


def test_parts_that_are_said_otherwise_keep_their_places_in_the_clean_text():
    text = "The  <sub alias='World Wide Web'> WWW </sub>,\n<say-as interpret-as='spell-out' >ab</say-as> <sub>2</sub>"
    (turn,) = (each.cleaned() for each in Marked(text, VOICES).turns)
    assert turn.text == "The WWW , ab 2"
    assert turn.said == (Said(4, 7, "sub", "World Wide Web"), Said(10, 12, "characters", ""))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<!DOCTYPE foo [<!ENTITY a "b">]><speak>&a;</speak>', "DOCTYPE"),
        ('<!doctype speak SYSTEM "file:///etc/passwd">Hi', "DOCTYPE"),
        ('<!ENTITY % x SYSTEM "http://e.org">Hi', "ENTITY"),
        ('<xi:include href="/etc/passwd"/>Hi', "xi:include"),
        ("<b>" * 200 + "Hi" + "</b>" * 200, "more than 100 elements"),
        ("<p>" * 200 + "Hi" + "</p>" * 200, "more than 100 elements"),
        ("<prosody " + " ".join(f"a{i}='1'" for i in range(60)) + ">Hi</prosody>", "more than 50 attributes"),
        (f"<p class='{'x' * 20_000}'>Hi</p>", "of 20009 characters"),
    ],
)
def test_hostile_mark_up_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem) as refused:
        turns(text)
    assert "take" in str(refused.value)


UNITS = (
    r"< [ * _ ` & ! ( \ ~~ == [a]( [x]() [[x] [![ <b> </b> <p> <a <!-- <![CDATA[ <? <script> [pause: &amp;"
    r" >_a$ -_a$ |a|$ ** a*b [^a] <x_a=1 =_ 1)$ — [1, a$ $ |---|$ ***$ <br>$"
)


@pytest.mark.parametrize("unit", [unit.replace("_", " ").replace("$", "\n") for unit in UNITS.split(" ")])
def test_a_text_of_nothing_but_marks_is_read_in_a_moment(unit):
    """Each in one pass: otherwise this test would take an hour."""
    try:
        found = len(turns(unit * (20_000 // len(unit))))
    except ValueError:  # too deep
        found = 0
    assert found <= 20_000


_CONTROLS = re.compile("[\x1c-\x1f]")


@given(st.text(alphabet=st.sampled_from(list("ab .[]<>/\\pauseinm:1\n")) | st.characters(), max_size=200))
def test_nothing_is_said_that_is_not_written(text):
    """Whatever stands in the text: what is read of it stands there in this order, or the error says what is wrong."""
    text = _CONTROLS.sub(" ", text)
    try:
        found = turns(text)
    except ValueError:
        return
    written = iter(text)
    said = "".join(turn.text for turn in found)
    assert all(character in written for character in said)


@given(
    st.text(
        st.sampled_from("ab1 .[]<>\\/:'\"=pausebrek\n*_`~&#;|()") | st.characters(exclude_categories=["C"]), max_size=80
    )
)
def test_a_literal_text_has_no_marks(text):
    """Only lines end; at most twice as long."""
    sent = literal(text)
    assert len(sent) <= 2 * len(text)
    said = " ".join(turn.text for turn in turns(f"x{sent}"))
    assert [c for c in said if c.isalnum()] == [c for c in f"x{text}" if c.isalnum()]
