"""Where a recording sounds and where it is silent, and silence taken away. Pure functions.

Knows nothing of words. Silence is what lies far below the loud parts of the same recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voiceclone.types import Samples, Waveform

FRAME_S = 0.005
"""Loudness is measured in frames of this length."""
SMOOTHED = 5
"""Frames whose mean tells speech from pauses."""
BELOW_SPEECH_DB = 38.0
"""What is so much quieter than the loud parts of the speech is a pause."""
QUIETEST_DB = -60.0
"""Below full scale; what is quieter is a pause however quiet the speech is."""
MARGIN_S = 0.05
"""Kept of the silence before the first and behind the last sound: attack and release are quiet."""
LONG_PAUSE_S = 0.8
KEPT_PAUSE_S = 0.4
"""A longer pause inside is shortened to this: it would be taken for the voice's pace."""
FADE_S = 0.01
DRIFT_S = 0.2
"""What stays for so long on one side of zero is no sound."""
DRIFT = 0.003
"""Of the sound's energy, -25 dB, what is below zero or above it for long may have."""


def tidy(waveform: Waveform) -> Waveform:
    """Without the silence at both ends, and with long pauses shortened; empty where all of it is silent."""
    rate = waveform.sample_rate
    sound = sounding(waveform)
    if not sound.any():
        return Waveform(waveform.samples[:0], rate)
    hop = int(FRAME_S * rate)
    spans = [(start * hop, min(end * hop, len(waveform.samples))) for start, end in runs(sound)]
    margin = int(MARGIN_S * rate)
    kept: list[tuple[int, int]] = [(max(0, spans[0][0] - margin), spans[0][1])]
    for (_, end), (start, stop) in pairwise(spans):
        if start - end > LONG_PAUSE_S * rate:
            half = int(KEPT_PAUSE_S * rate / 2)
            kept[-1] = (kept[-1][0], end + half)
            kept.append((start - half, stop))
        else:
            kept[-1] = (kept[-1][0], stop)
    kept[-1] = (kept[-1][0], min(len(waveform.samples), kept[-1][1] + margin))
    return Waveform(_joined([waveform.samples[start:end] for start, end in kept], int(FADE_S * rate)), rate)


def without_offset(waveform: Waveform) -> Waveform:
    """Without what is constant in it, or drifts: a microphone's voltage. As it is where there is next to none.

    What is left is the difference to its own mean over DRIFT_S before and behind: speech, from 5 Hz on, stays.
    """
    samples = waveform.samples.astype(np.float64)
    drift = _mean_around(_mean_around(samples, waveform.sample_rate), waveform.sample_rate)
    if np.square(drift).sum() <= DRIFT * np.square(samples - drift).sum():
        return waveform
    return Waveform((samples - drift).astype(np.float32), waveform.sample_rate)


def _mean_around(samples: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    """Of as many samples as there are within half of DRIFT_S of each."""
    sums = np.concatenate([[0.0], np.cumsum(samples)])
    half = int(DRIFT_S / 2 * sample_rate)
    places = np.arange(len(samples))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(samples))
    means: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)
    return means


def loudness_db(waveform: Waveform) -> NDArray[np.float64]:
    """Of each frame of FRAME_S, in dB below full scale."""
    hop = int(FRAME_S * waveform.sample_rate)
    samples = waveform.samples[: len(waveform.samples) // hop * hop].astype(np.float64)
    energy = np.square(samples.reshape(-1, hop)).mean(axis=1)
    loudness: NDArray[np.float64] = 10 * np.log10(energy + 1e-12)
    return loudness


def smoothed_db(waveform: Waveform) -> NDArray[np.float64]:
    """Loudness of each frame and its neighbours: a single frame of a quiet breath differs with every codec."""
    energy = 10 ** (loudness_db(waveform) / 10)
    if not len(energy):
        return energy
    energy = np.convolve(energy, np.full(SMOOTHED, 1 / SMOOTHED), mode="same")[: len(energy)]
    smoothed: NDArray[np.float64] = 10 * np.log10(energy + 1e-12)
    return smoothed


def runs(frames: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where frames are true, one behind the other: first, and last + 1."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def sounding(waveform: Waveform) -> NDArray[np.bool_]:
    """Return which frames are no pause."""
    loudness = smoothed_db(waveform)
    if not len(loudness):
        return np.zeros(0, bool)
    floor = max(float(np.percentile(loudness, 95)) - BELOW_SPEECH_DB, QUIETEST_DB)
    sounding: NDArray[np.bool_] = loudness > floor
    return sounding


def _joined(parts: Sequence[Samples], fade: int) -> Samples:
    """Join stretches one behind the other, without clicks."""
    joined = parts[0]
    for part in parts[1:]:
        overlap = min(fade, len(joined), len(part))
        ramp = np.linspace(0, 1, overlap, dtype=np.float32)
        seam = joined[len(joined) - overlap :] * (1 - ramp) + part[:overlap] * ramp
        joined = np.concatenate([joined[: len(joined) - overlap], seam, part[overlap:]])
    return joined
