"""A speaker's voice is learnt where they are heard longest, clearest, and alone."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from voiceclone.subtitles.cues import Cue
from voiceclone.subtitles.references import LEAST_S, MOST_S, best_stretch, cut
from voiceclone.types import Waveform

RATE = 24_000


def sound(*spans, seconds=40.0, behind=0.0005):
    """Tones where somebody speaks, in syllables, above a hiss."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, behind, round(seconds * RATE))
    for start, end, level in spans:
        times = np.arange(round(start * RATE), round(end * RATE))
        samples[times] += level * np.sin(2 * np.pi * 150 * times / RATE) * (np.sin(2 * np.pi * 3 * times / RATE) > -0.5)
    return Waveform(samples.astype(np.float32), RATE)


def best(cues, speaker, sound):
    return best_stretch(cues, speaker, partial(cut, sound), sound.duration_s)


def cue(start, end, speaker="anna"):
    return Cue(1, round(1000 * start), round(1000 * end), "Hello.", speaker)


def test_the_longest_stretch_is_taken():
    cues = [cue(0, 2), cue(5, 10), cue(12, 14, "ben"), cue(20, 22)]
    assert best(cues, "anna", sound((0, 2, 0.3), (5, 10, 0.3), (12, 14, 0.3), (20, 22, 0.3))) == (5.0, 10.0)
    assert best(cues, "ben", sound((12, 14, 0.3))) == (12.0, 14.0)


def test_cues_that_touch_are_one_stretch_up_to_what_a_reference_may_have():
    cues = [cue(0, 3), cue(3.2, 6), cue(6.1, 10), cue(10.2, 14)]
    assert best(cues, "anna", sound((0, 14, 0.3))) == (0.0, 10.0)
    assert best([cue(0, 30)], "anna", sound((0, 30, 0.3))) == (0.0, MOST_S)


def test_where_something_sounds_behind_is_worse():
    cues = [cue(0, 5), cue(10, 15)]
    samples = sound((0, 5, 0.3), (10, 15, 0.3)).samples.copy()
    samples[: 6 * RATE] += np.random.default_rng(1).normal(0, 0.1, 6 * RATE).astype(np.float32)
    assert best(cues, "anna", Waveform(samples, RATE)) == (10.0, 15.0)


@pytest.mark.parametrize(
    "cues",
    [
        [cue(0, 5), cue(4, 6, "ben")],
        [cue(3, 4.9, "ben"), cue(4, 8)],
        [cue(0, LEAST_S - 0.1)],
        [cue(0, 5, "ben")],
        [],
    ],
)
def test_no_stretch_is_one_where_somebody_else_speaks_or_that_is_too_short(cues):
    assert best(cues, "anna", sound((0, 8, 0.3))) is None


def test_a_stretch_ends_with_the_sound():
    assert best([cue(0, 5)], "anna", sound((0, 3, 0.3), seconds=3)) == (0.0, 3.0)


def test_a_part_is_cut_to_the_sample():
    part = cut(Waveform(np.arange(RATE, dtype=np.float32), RATE), 0.25, 0.5)
    assert (part.samples[0], len(part.samples)) == (6_000, 6_000)
