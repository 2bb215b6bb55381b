"""Cues become a track: each begins at its own sample, nobody is hurried more than allowed, nothing is cut or hidden."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from clock import Clock
from hypothesis import given
from hypothesis import strategies as st

from voiceclone import audio
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput, OutOfTime
from voiceclone.speech.dubbing import DubOptions, Track, latest_ends, plan_dub
from voiceclone.speech.planning import TextReader
from voiceclone.subtitles import Cue
from voiceclone.text.normalize import Lexicon
from voiceclone.types import ReferenceVoice, Waveform

VOICE = ReferenceVoice(Waveform(np.zeros(24_000 * 5, np.float32), 24_000), "Some words of five seconds. ", "anna")
HOP_S = audio.HOP_S


class Speaker:
    """Says ten letters a second in whole hops, forty in one pass, and knows ASCII."""

    def max_chunk_size(self, voice, speed):
        return 40

    def unknown_characters(self, text):
        return [c for c in dict.fromkeys(text) if not c.isascii()]

    def duration_s(self, chunk):
        wanted = len(chunk.text) / 10 if chunk.duration_s is None else chunk.duration_s
        return round(wanted / HOP_S) * HOP_S


def planned(cues, deadline=None, **options):
    voices = dict.fromkeys({cue.speaker for cue in cues}, VOICE)
    reader = TextReader("", Lexicon({}))
    return plan_dub(cues, voices, Speaker(), reader, DubOptions(5, **options), deadline or Deadline(math.inf, Clock()))


def spoken(dub, rate=24_000):
    """A track on which every chunk is heard from its first to its last sample."""
    track = Track(dub, rate)
    for duration_s in dub.script.durations_s:
        track.add(Waveform(np.full(round(duration_s * 24_000), 0.25, np.float32), 24_000))
    return track


def line(letters):
    return ("abc " * letters)[: letters - 2] + "c."


@pytest.mark.parametrize(
    ("letters", "borrow_s", "next_ms", "rate", "over_s"),
    [
        (10, 0.0, None, 1.0, 0.0),  # half of the slot: as long as it is
        (20, 0.0, None, 1.0, 0.0),
        (25, 2.0, None, 1.0, 0.0),  # borrowed
        (25, 0.0, None, 1.25, 0.0),  # hurried
        (25, 2.0, 3_200, 2.5 / 2.2, 0.0),  # borrowed up to the next, then hurried
        (39, 0.0, None, 1.3, 1.0),
        (39, 2.0, 3_000, 1.3, 1.0),
    ],
)
def test_time_is_borrowed_before_a_line_is_hurried_and_what_is_too_long_is_told(
    letters, borrow_s, next_ms, rate, over_s
):
    cues = [Cue(1, 1_000, 3_000, line(letters)), *([Cue(2, next_ms, next_ms + 900, "Hi.")] if next_ms else [])]
    dub = planned(cues, borrow_s=borrow_s, duration_s=60)
    assert dub.slots[0].rate == pytest.approx(rate, rel=0.01)
    assert dub.slots[0].over_s == pytest.approx(over_s, abs=2 * HOP_S)
    assert dub.overlapped()[0] == ([2] if over_s and next_ms else [])


@st.composite
def cue_lists(draw):
    """Up to eight cues that may touch, overlap, be empty of time, or far too short."""
    cues, start = [], 0
    for i in range(draw(st.integers(1, 8))):
        start = max(0, start + draw(st.integers(-1_500, 4_000)))
        length = draw(st.one_of(st.integers(0, 300), st.integers(300, 5_000)))
        cues.append(Cue(i + 1, start, start + length, line(draw(st.integers(3, 120)))))
        start += length
    return sorted(cues, key=lambda cue: cue.start_ms)


@given(
    cue_lists(),
    st.sampled_from([1.0, 1.1, 1.3, 2.0]),
    st.sampled_from([0.0, 0.5, 2.0, 60.0]),
    st.booleans(),
    st.sampled_from([8_000, 22_050]),
)
def test_of_any_cues_starts_are_exact_and_reports_are_true(cues, max_rate, borrow_s, ends, rate):
    """No word is cut, nothing overlaps that did not and is not told, nobody is slowed down or hurried too much."""
    source_s = cues[-1].start_s + 1.0 if ends else None
    dub = planned(cues, max_rate=max_rate, borrow_s=borrow_s, duration_s=source_s)
    track = spoken(dub, rate)
    heard = track.waveform.samples
    assert len(track.spans) == len(cues)
    for cue, slot, (start, end) in zip(cues, dub.slots, track.spans, strict=True):
        assert slot.cue == cue
        assert start == round(cue.start_ms * rate / 1000)
        assert (end - start) / rate == pytest.approx(slot.length_s, abs=(1 + len(slot.script.chunks)) / rate)
        assert "".join("".join(chunk.text for chunk in slot.script.chunks).split()) == "".join(cue.text.split())
        edge = int(0.006 * rate)
        assert (heard[start + edge : end - edge] > 0.0).mean() > 0.9
        assert 1 - 1e-6 <= slot.rate <= max_rate * (1 + 1e-6)
        assert (slot.over_s == 0) == (slot.end_s <= slot.latest_s + 1e-6)
        if slot.natural_s <= cue.end_s - cue.start_s:
            assert slot.rate == 1.0
        if slot.over_s:  # as fast as allowed, to a frame of each chunk
            assert slot.length_s <= slot.natural_s / max_rate + len(slot.script.chunks) * HOP_S
        assert cue.end_s <= slot.latest_s <= cue.end_s + borrow_s + 1e-9
    told = dub.overlapped()
    for (i, first), (_, second) in combinations(enumerate(dub.slots), 2):
        did = second.cue.start_ms < first.cue.end_ms or second.cue.start_ms == first.cue.start_ms
        does = second.cue.start_s < first.end_s - 1e-6
        if does and not did:
            assert first.over_s > 0
        if len(told[i]) < 10:
            assert does == (second.cue.index in told[i])
    expected_s = max(source_s or 0, *(slot.end_s for slot in dub.slots), 0 if ends else max(cue.end_s for cue in cues))
    assert len(heard) / rate == pytest.approx(expected_s, abs=0.001)
    between = np.ones(len(heard), bool)
    for start, end in track.spans:
        between[start:end] = False
    assert not heard[between].any()


def test_the_track_is_as_long_as_the_source_to_the_sample():
    assert len(spoken(planned([Cue(1, 0, 1_000, "Hi.")], duration_s=61_234 / 24_000)).waveform.samples) == 61_234


def test_nothing_is_borrowed_beyond_the_source_or_from_a_cue():
    cues = [Cue(1, 0, 1_000, "a"), Cue(2, 500, 2_000, "b"), Cue(3, 2_100, 3_000, "c")]
    assert latest_ends(cues, 5.0, 3.5) == [2.1, 2.1, 3.5]
    assert latest_ends(cues, 0.05, None) == [1.05, 2.05, 3.05]


def test_seeds_count_on_over_all_cues_or_are_told():
    cues = [Cue(1, 0, 9_000, line(60)), Cue(2, 9_000, 10_000, "Hi.")]
    dub = planned(cues)
    assert [chunk.seed for chunk in dub.script.chunks] == [5, 6, 7]
    assert [chunk.seed for chunk in planned(cues, seeds=[9, 3, 4]).script.chunks] == [9, 3, 4]
    with pytest.raises(InvalidInput, match="seeds: has 1 entries and the cues make 3 chunks"):
        planned(cues, seeds=[1])


def test_a_cue_behind_the_end_of_the_source_is_refused():
    with pytest.raises(InvalidInput, match=r"subtitles\[1\]: begins at 70 s, the source ends at 60 s"):
        planned([Cue(1, 70_000, 71_000, "Hi.")], duration_s=60)


def test_a_cue_that_the_model_cannot_say_is_named():
    with pytest.raises(InvalidInput, match=r"subtitles\[7\]: has nothing that the model's vocabulary can say"):
        planned([Cue(7, 0, 1_000, "你好")])


def test_planning_ends_with_the_jobs_time():
    clock = Clock()
    deadline = Deadline(1.0, clock)
    clock.now += 2
    with pytest.raises(OutOfTime):
        planned([Cue(1, 0, 1_000, "Hi.")], deadline)
