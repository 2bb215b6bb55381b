"""Subtitles say exactly the text, are where the words are, and read as subtitlers would have them."""

from __future__ import annotations

import html
import io
import json
import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise

import av
import pysubs2
import pytest
import srt
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.subtitles.formats import FORMATS, content_type, render
from voiceclone.types import Word

WORD_JOINER = "\u2060"
NASTY = [
    "<i>x</i> ",
    "</b> ",
    "< u > ",
    "<v Ann> ",
    "1 < 2 > 1 ",
    "--> ",
    "00:00:01,000 --> 00:00:02,000 ",
    "&amp; ",
    "&lrm; ",
    r"{\an8} ",
    r"{\k50} ",
    "{y:i} ",
    "{x} ",
    "} ",
    "{ ",
    "\\",
    r"C:\new\Nora\h ",
    r"\{ ",
    "one\r\n\r\ntwo ",
    "a\x00\x1b\u2028b\ud800 ",
    "\n",
    " ",
    "",
    "WEBVTT ",
    "NOTE ",
    "7\n",
    "Dialogue: 0,",
    "שלום, ",
    "مرحبا ",
    "👩‍👩‍👧 ",
    "नमस्ते ",
    "\ufeffe\u0301 ",
]


@dataclass(frozen=True)
class Read:
    """A cue as a reader understands it, in ms."""

    start: int
    end: int
    text: str


def read_srt(text):
    cues = list(srt.parse(text))
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    return [Read(ms(cue.start), ms(cue.end), cue.content) for cue in cues]


def read_vtt(text):
    cues = webvtt.from_string(text, strict=True)
    return [
        Read(cue.start_time.in_milliseconds(), cue.end_time.in_milliseconds(), html.unescape(cue.text)) for cue in cues
    ]


def read_ass(text):
    assert text.startswith("[Script Info]\nScriptType: v4.00+\n")
    file = pysubs2.SSAFile.from_string(text, format_="ass")
    assert all(event.style in file.styles for event in file)
    return [Read(event.start, event.end, without_tags(event.text)) for event in file]


def read_json(text):
    return [Read(round(cue["start"] * 1000), round(cue["end"] * 1000), cue["text"]) for cue in json.loads(text)["cues"]]


READERS = {"srt": read_srt, "vtt": read_vtt, "ass": read_ass, "json": read_json}


def read_as_players_do(text, demuxer):
    """What FFmpeg makes of it: ASS, which it draws with libass, as mpv and others do."""
    with av.open(io.BytesIO(text.encode()), format=demuxer) as container:
        events = [
            (packet, subtitle.ass.decode().split(",", 8)[-1])
            for packet in container.demux(subtitles=0)
            for subtitle in packet.decode()
        ]
    return [
        Read(
            round(1000 * packet.pts * packet.time_base),
            round(1000 * (packet.pts + packet.duration) * packet.time_base),
            event,
        )
        for packet, event in events
    ]


def without_tags(event):
    """The text of an ASS event as libass reads it; nothing but karaoke and escapes may be in it."""
    event = re.sub(r"\{\\k\d+\}", "", event)
    assert not re.search(r"(?<!\\)\{(?!\})|\\(?![{N\u2060])", event)
    return event.replace(r"\{{}", "{").replace(r"\N", "\n").replace(f"\\{WORD_JOINER}", "\\")


def ms(delta):
    return round(delta.total_seconds() * 1000)


def bare(text):
    """What is seen of a text, without the white space."""
    kept = (c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(kept).replace(WORD_JOINER, "")


def columns(text):
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
        if unicodedata.category(c) not in ("Mn", "Me", "Cf")
    )


def longest_line(line):
    return 32 if any(unicodedata.east_asian_width(c) in "WF" and c.isalnum() for c in line) else 42


def read_ms(text):
    return columns(text.replace("\n", "")) / 18 * 1000


def said(*pieces, rate=15.0, start=0.0):
    """Words said one after the other; a number is a pause in seconds."""
    words = []
    for piece in pieces:
        if isinstance(piece, float):
            start += piece
            continue
        for text in re.findall(r"[\u3000-\u9fff][，。！？、」]*|[^\s\u3000-\u9fff]+\s*", piece):
            end = start + len(text.strip()) / rate
            words.append(Word(text, start, end, 0.9))
            start = end
    return words


def lines(words, after_s=5.0):
    return [cue.text.split("\n") for cue in read_srt(render(words, "srt", words[-1].end_s + after_s))]


@st.composite
def speech(draw, texts, shortest_s=0.0):
    """Words and how long the audio is."""
    words, now = [], 0.0
    for text in draw(st.lists(texts, max_size=60)):
        now += draw(st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 3.0)))
        end = now + draw(st.one_of(st.just(shortest_s), st.floats(shortest_s, 0.5), st.floats(shortest_s, 9.0)))
        words.append(Word(text, now, end, draw(st.floats(0, 1))))
        now = end
    return words, now + draw(st.one_of(st.just(0.0), st.floats(0, 10)))


PLAIN = st.one_of(
    st.text("abcdefgh", min_size=1, max_size=12).map(lambda text: text + " "),
    st.text("abcdefgh", min_size=1, max_size=12).map(lambda text: text + ". "),
    st.text("abcdefgh", min_size=1, max_size=12).map(lambda text: text + ", "),
    st.text("今天天气很好我们", min_size=1, max_size=1),
    st.sampled_from(["好。", "了，", "「是", "e\u0301te\u0301 ", "a" * 50 + " ", "好" * 20]),
)
ANY = st.one_of(PLAIN, st.sampled_from(NASTY), st.text(max_size=8))


@pytest.mark.parametrize("subtitle_format", FORMATS)
@given(speech=speech(ANY))
def test_every_word_is_in_one_cue_in_order(subtitle_format, speech):
    words, duration_s = speech
    cues = READERS[subtitle_format](render(words, subtitle_format, duration_s))
    if duration_s >= 0.01:
        assert bare("".join(cue.text for cue in cues)) == bare("".join(word.text for word in words))
    assert all(cue.text.strip() for cue in cues)


@pytest.mark.parametrize("subtitle_format", FORMATS)
@given(speech=speech(ANY))
def test_cues_have_a_length_never_overlap_and_stay_within_the_audio(subtitle_format, speech):
    words, duration_s = speech
    cues = READERS[subtitle_format](render(words, subtitle_format, duration_s))
    times = [time for cue in cues for time in (cue.start, cue.end)]
    assert all(cue.start < cue.end for cue in cues)
    assert times == sorted(times)
    assert all(0 <= time <= duration_s * 1000 + 1e-6 for time in times)
    milliseconds = read_json(render(words, "json", duration_s))
    if subtitle_format == "ass":
        milliseconds = [Read(cue.start // 10 * 10, cue.end // 10 * 10, cue.text) for cue in milliseconds]
    assert [(cue.start, cue.end) for cue in cues] == [(cue.start, cue.end) for cue in milliseconds]


@given(speech=speech(ANY))
def test_json_has_the_words_as_they_were_given(speech):
    words, duration_s = speech
    content = json.loads(render(words, "json", duration_s))
    assert content["duration"] == round(duration_s, 3)
    if content["cues"]:
        kept = [word for cue in content["cues"] for word in cue["words"]]
        assert kept == [
            {
                "word": word.text.replace("\ud800", ""),
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
                "confidence": round(word.probability, 3),
            }
            for word in words
        ]


@given(speech=speech(PLAIN, shortest_s=0.02))
def test_lines_are_two_at_most_and_none_is_too_long(speech):
    """A word that is longer than a line has a line to itself."""
    words, duration_s = speech
    for cue in read_srt(render(words, "srt", duration_s)):
        assert cue.text.count("\n") <= 1
        for line in cue.text.split("\n"):
            assert line
            assert line == line.strip()
            assert columns(line) <= longest_line(line) or line in {word.text.strip() for word in words}


@given(speech=speech(PLAIN, shortest_s=0.02))
def test_a_cue_can_be_read_wherever_there_is_room_and_then_goes(speech):
    words, duration_s = speech
    content = json.loads(render(words, "json", duration_s))["cues"]
    cues = read_json(json.dumps({"cues": content}))
    following = [*(cue.start for cue in cues), int(duration_s * 1000 + 1e-6)][1:]
    for cue, next_start, words_in in zip(cues, following, (cue["words"] for cue in content), strict=True):
        needed = max(5000 / 6, read_ms(cue.text))
        length, last = cue.end - cue.start, max(word["end"] for word in words_in) * 1000
        assert cue.start == pytest.approx(words_in[0]["start"] * 1000, abs=10)
        assert length <= 7000
        assert length >= needed or cue.end == next_start or length >= 7000 - 84
        assert cue.end <= max(last, cue.start + needed + 1000 / 18) + 501
        if cue is not cues[-1]:
            assert cue.end == next_start or next_start - cue.end >= 84
        for before, after in pairwise(words_in):
            assert after["start"] - before["end"] <= 1.502


@given(speech=speech(ANY))
def test_karaoke_lasts_as_long_as_its_cue(speech):
    words, duration_s = speech
    for event in pysubs2.SSAFile.from_string(render(words, "ass", duration_s), format_="ass"):
        syllables = [int(length) for length in re.findall(r"\{\\k(\d+)\}", event.text)]
        assert sum(syllables) * 10 == event.end - event.start


@given(speech=speech(PLAIN, shortest_s=0.02), turns=st.lists(st.sampled_from(["anna", "bob", None]), min_size=60))
def test_a_cue_never_spans_two_voices(speech, turns):
    """And it is told which one speaks, in the formats that can tell."""
    words = [replace(word, voice=voice) for word, voice in zip(speech[0], turns, strict=False)]
    cues = json.loads(render(words, "json", speech[1]))["cues"]
    assert [word["word"] for cue in cues for word in cue["words"]] == [word.text for word in words]
    several = len({word.voice for word in words}) > 1
    assert all("voice" not in word for cue in cues for word in [cue, *cue["words"]] if not several)
    for cue in cues if several else ():
        assert {word["voice"] for word in cue["words"]} == {cue["voice"]}
    shown = [cue["voice"] for cue in cues] if several else [None] * len(cues)
    vtt = re.findall(r"--> .*\n(?:<v (\w+)>)?", render(words, "vtt", speech[1]))
    assert vtt == [voice or "" for voice in shown]
    assert [event.name for event in pysubs2.SSAFile.from_string(render(words, "ass", speech[1]))] == vtt
    for before, after in pairwise(read_srt(render(words, "srt", speech[1]))):
        assert before.start < before.end <= after.start


def test_voices_that_speak_in_no_time_have_cues_of_their_own():
    words = [Word("Yes. ", 2.0, 2.0, 0, "anna"), Word("No.", 2.0, 2.0, 0, "bob")]
    assert read_srt(render(words, "srt", 2.0)) == [Read(1980, 1990, "Yes."), Read(1990, 2000, "No.")]


def test_a_line_of_the_text_ends_like_a_sentence():
    """A heading has no full stop; a cue's line ends with it as with one."""
    words = [*said("The title of it"), *said("And then a text of some length follows.", start=1.0)]
    words[3] = replace(words[3], text="it\n")
    assert lines(words) == [["The title of it", "And then a text of some length follows."]]


def test_karaoke_turns_each_word_when_it_is_said():
    words = said("One two three, ", 0.4, "four.", start=0.5)
    (event,) = pysubs2.SSAFile.from_string(render(words, "ass", 9.0), format_="ass")
    syllables = re.findall(r"\{\\k(\d+)\}([^{]+)", event.text)
    assert [text for _, text in syllables] == ["One ", "two ", "three, ", "four."]
    start = event.start
    for (length, _), word in zip(syllables, words, strict=True):
        assert start == pytest.approx(word.start_s * 1000, abs=10)
        start += int(length) * 10


def test_what_is_written_from_the_right_is_one_piece():
    """Players put the parts behind karaoke tags from left to right."""
    (event,) = pysubs2.SSAFile.from_string(render(said("שלום עולם, מה שלומך?"), "ass", 9.0), format_="ass")
    assert re.fullmatch(r"\{\\k\d+\}שלום עולם, מה שלומך\?", event.text)
    assert event.style == "RightToLeft"


@pytest.mark.parametrize(("subtitle_format", "demuxer"), [("srt", "srt"), ("vtt", "webvtt"), ("ass", "ass")])
def test_players_show_the_text_and_take_none_of_it_for_markup(subtitle_format, demuxer):
    visible = [text for text in NASTY if bare(text)]
    words = [Word(text, 3.0 * i, 3.0 * i + 1, 1) for i, text in enumerate(visible)]
    rendered = render(words, subtitle_format, 3.0 * len(words))
    cues = read_as_players_do(rendered, demuxer)
    shown = [cue.text for cue in cues]
    if subtitle_format == "srt":
        # FFmpeg hands braces on as they are: what libass makes of them cannot be helped.
        assert not any(re.search(r"\\[Nnh{}]|\{\\", text) for text in shown)
    else:
        shown = [without_tags(text) for text in shown]
    assert [bare(text) for text in shown] == [bare(text) for text in visible]
    read = READERS[subtitle_format](rendered)
    assert [(cue.start, cue.end) for cue in cues] == [(cue.start, cue.end) for cue in read]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            said("It rained all day in the old harbour town. ", "We waited for the boat that never came at all."),
            [
                ["It rained all day in the old harbour town."],
                ["We waited for the boat", "that never came at all."],
            ],
        ),
        (
            said("When the morning came over the hills of the north, we packed our things and left the old house."),
            [
                ["When the morning came", "over the hills of the north,"],
                ["we packed our things", "and left the old house."],
            ],
        ),
        (
            said("The boat left the harbour before sunrise. ", "Nobody on the pier saw it go."),
            [["The boat left the harbour before sunrise."], ["Nobody on the pier saw it go."]],
        ),
        (said("Yes. No. Perhaps."), [["Yes. No. Perhaps."]]),
        (said("We will ", 0.4, "see."), [["We will see."]]),
        (said("We will ", 0.7, "see."), [["We will"], ["see."]]),
        (said("Then ", 1.4, "– "), [["Then –"]]),
        (said("Then ", 1.6, "– "), [["Then"], ["–"]]),
        (said("Nobody knew what the new neighbours did I"), [["Nobody knew what the new neighbours did I"]]),
        (said("Nobody knew what the new neighbours did up"), [["Nobody knew what the new neighbours did up"]]),
        (said("Nobody knew what the new neighbours did all"), [["Nobody knew what the", "new neighbours did all"]]),
        (said("a " + "b" * 60 + " c."), [["a", "b" * 60], ["c."]]),
    ],
)
def test_breaks_are_where_a_reader_pauses(words, expected):
    assert lines(words) == expected


@pytest.mark.parametrize("subtitle_format", FORMATS)
def test_nothing_said_is_a_file_without_cues(subtitle_format):
    for words in ([], [Word(" \n", 0, 1, 1)]):
        assert READERS[subtitle_format](render(words, subtitle_format, 1.0)) == []


def test_words_said_in_no_time_share_a_cue():
    """Words whose times were guessed may all have the same: there is no time to show them one after the other."""
    words = [Word(f"word{i} ", 1.0, 1.0, 0) for i in range(60)]
    (cue,) = read_srt(render(words, "srt", 3.0))
    assert cue.start == 1000
    assert all(columns(line) <= 42 for line in cue.text.split("\n"))
    assert " ".join(cue.text.split()) == " ".join(f"word{i}" for i in range(60))


def test_words_at_the_very_end_are_shown():
    assert read_srt(render([Word("End.", 2.0, 2.0, 0)], "srt", 2.0)) == [Read(1990, 2000, "End.")]


def test_a_cue_that_may_not_stay_until_the_next_leaves_two_frames():
    words = [Word("Long ", 0.0, 6.95, 1), Word("short.", 7.01, 8.0, 1)]
    assert read_srt(render(words, "srt", 9.0)) == [Read(0, 6926, "Long"), Read(7010, 8000, "short.")]


def test_types_are_those_that_players_and_browsers_know():
    types = {subtitle_format: content_type(subtitle_format) for subtitle_format in FORMATS}
    assert types == {
        "srt": "application/x-subrip",
        "vtt": "text/vtt",
        "ass": "text/x-ssa",
        "json": "application/json",
    }


EXAMPLE = [
    Word("Hello, ", 0.3, 0.7, 0.98),
    Word("world! ", 0.75, 1.25, 0.99),
    Word("{Braces} ", 3.0, 3.6, 0.5),
    Word("& ", 3.6, 3.8, 0.9),
    Word("<tags>", 3.8, 4.4, 0),
]


def test_an_example_as_srt():
    assert render(EXAMPLE, "srt", 6.0) == (
        "1\n"
        "00:00:00,300 --> 00:00:01,250\n"
        "Hello, world!\n"
        "\n"
        "2\n"
        "00:00:03,000 --> 00:00:04,400\n"
        f"{{Braces}} & <{WORD_JOINER}tags>\n"
    )


def test_an_example_as_vtt():
    assert render(EXAMPLE, "vtt", 6.0) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.300 --> 00:00:01.250\n"
        "Hello, world!\n"
        "\n"
        "00:00:03.000 --> 00:00:04.400\n"
        "{Braces} &amp; &lt;tags&gt;\n"
    )


def test_an_example_as_ass():
    header, events = render(EXAMPLE, "ass", 6.0).split("[Events]\n")
    assert "PlayResX: 1920\nPlayResY: 1080\n" in header
    assert events == (
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        r"Dialogue: 0,0:00:00.30,0:00:01.25,Default,,0,0,0,,{\k45}Hello, {\k50}world!"
        "\n"
        r"Dialogue: 0,0:00:03.00,0:00:04.40,Default,,0,0,0,,{\k60}\{{}Braces} {\k20}& {\k60}<tags>"
        "\n"
    )


def test_an_example_as_json():
    content = json.loads(render(EXAMPLE, "json", 6.0))
    assert content["duration"] == 6.0
    assert content["cues"][0] == {
        "start": 0.3,
        "end": 1.25,
        "text": "Hello, world!",
        "words": [
            {"word": "Hello, ", "start": 0.3, "end": 0.7, "confidence": 0.98},
            {"word": "world! ", "start": 0.75, "end": 1.25, "confidence": 0.99},
        ],
    }


def test_an_example_in_chinese():
    assert render(said("今天天气很好，我们一起去公园散步吧！", rate=5), "srt", 5.0) == (
        "1\n00:00:00,000 --> 00:00:03,600\n今天天气很好，\n我们一起去公园散步吧！\n"
    )
