"""A sound is laid over another, which is quieter meanwhile and no different elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from voiceclone.audio.codec import PEAK, loudness
from voiceclone.audio.mixing import ATTACK_S, RELEASE_S, Ducking, as_loud_as, laid_over
from voiceclone.types import Waveform

RATE = 24_000
RNG = np.random.default_rng(0)


def noise(seconds, level=0.1):
    return Waveform(RNG.normal(0, level, round(seconds * RATE)).astype(np.float32), RATE)


def test_the_source_falls_before_the_speech_and_rises_behind_it():
    ducking = Ducking([(RATE, 2 * RATE), (round(2.2 * RATE), 3 * RATE)], 20, RATE)
    gain = ducking.gain(0, 5 * RATE)
    assert gain[: round((1 - ATTACK_S) * RATE)].min() == 1
    assert gain[RATE : 3 * RATE].max() == pytest.approx(0.1)  # between cues that are near it stays low
    assert gain[round((3 + RELEASE_S) * RATE) + 1 :].min() == 1
    assert np.abs(np.diff(gain)).max() < 0.001
    assert np.array_equal(ducking.gain(RATE // 2, RATE), gain[RATE // 2 : RATE // 2 + RATE])


def test_nothing_is_ducked_where_nobody_speaks():
    assert np.array_equal(Ducking([], 20, RATE).gain(0, 10), np.ones(10, np.float32))


def test_the_longer_one_tells_the_length_and_peaks_are_limited():
    source, speech = noise(2, 0.3), noise(3, 0.3)
    mixed = laid_over(source, speech, Ducking([(0, 3 * RATE)], 0, RATE))
    assert len(mixed.samples) == 3 * RATE
    assert np.abs(mixed.samples).max() <= PEAK + 0.01


def test_speech_is_made_as_loud_as_its_source():
    source, speech = noise(3, 0.1), noise(3, 0.01)
    assert loudness(as_loud_as(speech, source)) == pytest.approx(loudness(source), abs=0.5)
    silence = Waveform(np.zeros(3 * RATE, np.float32), RATE)
    assert as_loud_as(speech, silence) is speech
