"""Silence is found however loud the recording is, and taken away without a click."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import RATE, noise, silence, waveform

from voiceclone.audio.silence import KEPT_PAUSE_S, MARGIN_S, tidy, without_offset
from voiceclone.types import Waveform


def test_silence_at_both_ends_is_taken_away():
    tidied = tidy(waveform(silence(1), noise(2), silence(3)))
    assert tidied.duration_s == pytest.approx(2 + 2 * MARGIN_S, abs=0.04)


@pytest.mark.parametrize("level", [0.5, 0.1, 0.01])
def test_long_pauses_are_shortened_and_short_ones_kept(level):
    """However loud the speech is."""
    tidied = tidy(waveform(noise(1, level), silence(2), noise(1, level), silence(0.5), noise(1, level)))
    assert tidied.duration_s == pytest.approx(3 + 0.5 + KEPT_PAUSE_S, abs=0.05)


def test_a_shortened_pause_does_not_click():
    tone = 0.3 * np.sin(np.arange(RATE) * 0.05).astype(np.float32)
    samples = tidy(waveform(tone, silence(2), tone)).samples
    assert np.abs(np.diff(samples)).max() <= np.abs(np.diff(tone)).max() + 0.3


@pytest.mark.parametrize(
    "offset",
    [0.3, -0.05, np.linspace(0, 0.3, 2 * RATE), 0.1 * np.sin(np.arange(2 * RATE) / RATE * 2 * np.pi)],
    ids=["constant", "below zero", "rising", "drifting"],
)
def test_what_is_constant_or_drifts_is_taken_away_and_the_sound_stays(offset):
    sound = noise(2, 0.05)
    mended = without_offset(Waveform((sound + offset).astype(np.float32), RATE)).samples
    assert np.abs(mended - sound)[RATE // 5 : -RATE // 5].max() < 0.02
    assert abs(mended.mean()) < 1e-3


def test_a_sound_without_an_offset_is_left_as_it_is():
    for sound in (waveform(noise(2)), waveform(silence(2), noise(1)), Waveform(np.zeros(0, np.float32), RATE)):
        assert without_offset(sound) is sound


def test_of_silence_nothing_is_left():
    assert len(tidy(waveform(silence(3))).samples) == 0
    assert len(tidy(Waveform(np.zeros(0, np.float32), RATE)).samples) == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 1.5)), max_size=8))
def test_tidying_makes_nothing_longer_and_is_done_at_once(parts):
    recording = waveform(np.zeros(0, np.float32), *(noise(s) if loud else silence(s) for loud, s in parts))
    once = tidy(recording)
    assert len(once.samples) <= len(recording.samples)
    assert len(tidy(once).samples) == pytest.approx(len(once.samples), abs=0.03 * RATE)
