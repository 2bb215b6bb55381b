"""Whether there may be speech in a recording, before anyone listens for its words. Pure functions.

A recogniser hears words in silence and in noise too, and other ones on every processor. Speech changes: it is louder
and quieter by the syllable, and its sounds are of different colour. How loud it is does not count: quiet speech is
speech.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voiceclone.types import Samples, Waveform

FRAME_S, HOP_S = 0.025, 0.01
SMOOTHED = 5
"""Frames whose mean is taken: the level of noise differs from frame to frame."""
CLICK = 7
"""Frames whose median is taken: a click fills less than half of them."""
BANDS_HZ = (100, 300, 510, 770, 1080, 1480, 2000, 2700, 3700, 5300, 7700)
"""Borders of ten bands of 2 Bark (Zwicker, https://doi.org/10.1121/1.1908630)."""
# Measured in dB, with as much noise behind the speech as speech: the level of noise, hum and wind changes by 9 at most,
# that of speech by 13 and more; the colour of breath by 4.5 at most, that of speech by 6.3 and more.
LEVEL_CHANGES, COLOUR_CHANGES = 9.5, 5.0
LOUD_DB = 10.0
"""Colour is asked of what lies within this of the loudest parts, and of the bands within twice of the strongest one."""
LOUD_S = 1.0
"""A shorter sound may be a single vowel, of one colour."""


def may_hold_speech(waveform: Waveform) -> bool:
    """Return False where nobody speaks for certain, in a recording of 16 kHz or more.

    That is where the level of no band changes, as in silence, hum, hiss and wind; and where a sound grows and fades but
    its colour does not change, as in breath.
    """
    energy = _band_energy(waveform.samples, waveform.sample_rate)
    levels = 10 * np.log10(energy)
    if _changes(levels).max() < LEVEL_CHANGES:
        return False
    together = 10 * np.log10(energy.sum(axis=1))
    loud = levels[together >= np.percentile(together, 95) - LOUD_DB]
    if len(loud) * HOP_S < LOUD_S:
        return True
    peaks = np.percentile(loud, 95, axis=0)
    loud = loud[:, peaks >= peaks.max() - 2 * LOUD_DB]
    return bool(_changes(loud - loud.mean(axis=1, keepdims=True)).mean() >= COLOUR_CHANGES)


def _changes(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each band changes, but for its rarest frames."""
    low, high = np.percentile(levels, [5, 95], axis=0)
    changes: NDArray[np.float64] = high - low
    return changes


def _band_energy(samples: Samples, rate: int) -> NDArray[np.float64]:
    """(frames, bands), without clicks; above zero everywhere."""
    size, hop = int(FRAME_S * rate), int(HOP_S * rate)
    padded = np.pad(samples.astype(np.float64), (0, max(0, size - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    energy = np.add.reduceat(power, [round(border * size / rate) for border in BANDS_HZ], axis=1)[:, :-1]
    for count, middle in ((CLICK, np.median), (SMOOTHED, np.mean)):
        neighbours = np.lib.stride_tricks.sliding_window_view(energy, min(count, len(energy)), axis=0)
        energy = middle(neighbours, axis=-1)
    return np.maximum(energy, 1e-9)
