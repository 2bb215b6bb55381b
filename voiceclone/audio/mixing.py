"""One sound laid over another, which is made quieter meanwhile (ducked). Pure functions.

Knows nothing of what is heard. Samples are float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from voiceclone.audio.codec import PEAK, loudness, made_as_loud
from voiceclone.types import Samples, Waveform

ATTACK_S, RELEASE_S = 0.15, 0.4
"""In so long before the speech the other sound falls, and behind it rises again."""
LOUDNESS = (-40.0, -9.0)
"""Of speech that is made as loud as a source, in LUFS: what any source may have."""


def nothing() -> None:
    """Where no work is to be ended."""


class Ducking:
    """How loud a sound is left at each of its samples."""

    def __init__(self, spans: Sequence[tuple[int, int]], depth_db: float, sample_rate: int) -> None:
        """
        Args:
            spans: from which sample to which it is spoken, by their starts.
            depth_db: how much quieter the sound is meanwhile.
        """
        attack, release = int(ATTACK_S * sample_rate), int(RELEASE_S * sample_rate)
        low = 10 ** (-depth_db / 20)
        places: list[float] = [-1.0 - attack]
        gains = [1.0]
        merged: list[list[int]] = []
        for start, end in spans:
            if merged and start - attack <= merged[-1][1] + release:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        for start, end in merged:
            places += [start - attack, start, end, end + release]
            gains += [1.0, low, low, 1.0]
        self._places, self._gains = places, gains

    def gain(self, start: int, count: int) -> Samples:
        """Return the factors of so many samples."""
        return np.interp(np.arange(start, start + count), self._places, self._gains).astype(np.float32)


def laid_over(source: Waveform, speech: Waveform, ducking: Ducking, check: Callable[[], None] = nothing) -> Waveform:
    """Return speech over a source that is ducked under it, as long as the longer one; peaks are limited.

    Both at one rate. `check` is called now and then, and ends the work by what it raises.
    """
    rate, length = source.sample_rate, max(len(source.samples), len(speech.samples))
    ducked = source.samples * ducking.gain(0, len(source.samples))
    both = np.pad(ducked, (0, length - len(ducked))) + np.pad(speech.samples, (0, length - len(speech.samples)))
    mixed = Waveform(both, rate)
    if float(np.abs(both).max(initial=0)) <= PEAK:
        return mixed
    return made_as_loud(mixed, loudness(mixed), check)[0]


def as_loud_as(speech: Waveform, source: Waveform, check: Callable[[], None] = nothing) -> Waveform:
    """Return speech at the loudness of a source, or as near to it as can be; as it is beside silence."""
    target = loudness(source)
    return speech if target <= -70 else made_as_loud(speech, min(max(target, LOUDNESS[0]), LOUDNESS[1]), check)[0]
