"""Subtitles that somebody wrote are read as they are meant, and refused in a caller's words where they cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.subtitles.cues import Cue, read_cues, subtitles_text, told_apart, written_srt

TIMES = "00:00:01,000 --> 00:00:02,500"


def one(text, speakers=(), others=True):
    return [(cue.speaker, cue.text) for cue in told_apart(read_cues(f"1\n{TIMES}\n{text}\n"), speakers, others)]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<i>Hello</i> there", "Hello there"),
        (r"{\an8}Hello <font color='red'>there</font>", "Hello there"),
        ("Fish &amp; chips", "Fish & chips"),
        ("<b>If</b> a < b and c > d, < i >stop</ i>", "If a < b and c > d, stop"),
        ("I &lt;3 you", "I <3 you"),
        ("two\nlines", "two lines"),
        ("two<br>lines", "two lines"),
        ("[door slams] Come in!", "Come in!"),
        ("- Come in!", "Come in!"),
        ("Note: it is late", "Note: it is late"),
        ("At 10:30 we go", "At 10:30 we go"),
        ("I count\n5", "I count 5"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("r\x00e\x1bd", "red"),
    ],
)
def test_markup_is_not_said(written, said):
    assert one(written) == [(None, said)]


@pytest.mark.parametrize("written", ["", "[music]", "♪ ♪", "...", "<i></i>"])
def test_a_cue_with_nothing_to_say_is_left_out(written):
    assert one(written) == []


@pytest.mark.parametrize(
    "written",
    [
        "<v Anna>Hello.",
        "Anna: Hello.",
        "[anna] Hello.",
        "ANNA: Hello.",
        "<v.loud anna>Hello.</v>",
        "[door slams] Anna: Hello.",
    ],
)
def test_a_speaker_is_found_in_every_way_of_writing(written):
    assert one(written, ["Anna"]) == [("Anna", "Hello.")]


def test_a_cue_of_two_is_divided_by_what_each_says():
    cues = told_apart([Cue(1, 0, 1000, "- Anna: Hi.\n- Ben: Hello there.")], ["Anna", "Ben"], False)
    assert cues == [Cue(1, 0, 200, "Hi.", "Anna"), Cue(1, 200, 1000, "Hello there.", "Ben")]


def test_a_name_that_nobody_told_needs_two_cues():
    texts = ["Ben: Yes.", "BEN: No.", "Hint: look up."]
    cues = [Cue(i, 1000 * i, 1000 * i + 900, text) for i, text in enumerate(texts, 1)]
    assert [(cue.speaker, cue.text) for cue in told_apart(cues, [], True)] == [
        ("Ben", "Yes."), ("Ben", "No."), (None, "Hint: look up."),
    ]  # fmt: skip
    assert {cue.speaker for cue in told_apart(cues, [], False)} == {None}


def test_of_webvtt_cues_alone_are_read():
    """Neither comments, styles, names of cues nor times within a line."""
    written = (
        "\ufeffWEBVTT - a film\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnot said\n\nintro\n"
        "00:01.000 --> 00:02.500 align:start\n<v Anna>Hello <00:01.500><c>there</c></v>\n\n2\n"
        "01:00:00.000 --> 01:00:01.000\nBye\n"
    )
    cues = told_apart(read_cues(written), [], True)
    assert cues == [Cue(1, 1000, 2500, "Hello there", "Anna"), Cue(2, 3_600_000, 3_601_000, "Bye")]


def test_cues_come_by_their_starts_with_their_numbers():
    written = "1\n00:00:05,000 --> 00:00:06,000\nlater\n\n2\n00:00:01,000 --> 00:00:02,000\nsooner\n"
    assert [(cue.index, cue.text) for cue in read_cues(written)] == [(2, "sooner"), (1, "later")]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("no subtitles", "are neither SRT nor VTT: there is no line of times as 00:00:01,000 --> 00:00:02,500"),
        ("1\n-00:00:01,000 --> 00:00:02,000\nHi", "line 2, '-00:00:01,000 --> 00:00:02,000', does not tell two times"),
        ("1\n00:00:01,000 --> -00:00:02,000\nHi", "line 2"),
        ("1\n00:00:03,000 --> 00:00:02,000\nHi", "cue 1 ends at 2 s, before it starts at 3 s"),
        ("1\n00:00:01,000 00:00:02,000\nHi", "line 2 has two times and no arrow"),
        ("1\n999999999:00:00,000 --> 999999999:00:01,000\nHi", "line 2"),
        ("1\n00:99:01,000 --> 00:99:02,000\nHi", "line 2"),
        (f"{TIMES}\nHi\n" * 10_001, "have 10001 cues, at most 10000 are allowed"),
        (f"{TIMES}\n{'x' * 4_000_000}", "have more than 4 MB"),
    ],
)
def test_hostile_subtitles_are_refused_with_the_cure(written, problem):
    with pytest.raises(ValueError, match=problem):
        read_cues(written)


@given(st.text(max_size=200), st.booleans())
def test_any_text_between_times_is_read_or_refused(text, is_vtt):
    """Nothing but ValueError, and no speaker's mark is left."""
    try:
        cues = read_cues(f"WEBVTT\n\n00:01.000 --> 00:02.500\n{text}" if is_vtt else f"1\n{TIMES}\n{text}\n")
    except ValueError:
        return
    assert all("\x02" not in cue.text for cue in told_apart(cues, [], True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_are_read_in_the_encodings_that_people_have(encoding):
    assert subtitles_text("Año".encode(encoding)) == "Año"


def test_what_is_written_as_srt_is_read_again():
    cues = [Cue(1, 3_601_000, 3_602_345, "Anna: Hello."), Cue(2, 3_602_345, 3_603_000, "two\nlines")]
    assert read_cues(written_srt(cues)) == cues
    assert [cue.start_ms for cue in read_cues(written_srt(cues, 3_601_000))] == [0, 1345]
