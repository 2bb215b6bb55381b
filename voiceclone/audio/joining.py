"""Parts laid one after the other: faded into each other, or kept apart by pauses. As they come, or all at once.

Knows nothing of what the parts say. Samples are float32, mono.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from voiceclone.types import Samples, Span, Waveform

EDGE_S = 0.005
"""A part that is not faded into another rises and falls in this time: a step would be heard as a click."""


class Joiner:
    """Joins parts as they come, and gives out what no later part can change.

    Neighbours are faded linearly into each other, as f5-tts does, or kept apart by a pause of exactly so many samples.
    The fade is shortened to half of a short part: a sample belongs to two parts at the most.
    """

    def __init__(self, sample_rate: int, cross_fade_s: float, pause_before_s: float = 0.0) -> None:
        self._rate = sample_rate
        self._fade, self._edge = int(cross_fade_s * sample_rate), int(EDGE_S * sample_rate)
        self._held = _silence(pause_before_s, sample_rate)
        """The end of what was joined: what the next part may change."""
        self._own = 0
        """Samples of the last part that it shares with no other; 0 where the next is not faded into it."""
        self._length = len(self._held)

    def add(self, part: Samples, pause_after_s: float = 0.0) -> tuple[Samples, Span]:
        """Return the samples that are final now, directly behind those given before, and where the part lies.

        Args:
            pause_after_s: behind the part; 0: the next one is faded into it.
        """
        part = part.copy()
        overlap = _overlap(self._fade, self._own, len(part))
        if overlap:
            ramp = np.linspace(0, 1, overlap, dtype=np.float32)
            self._held[-overlap:] = self._held[-overlap:] * (1 - ramp) + part[:overlap] * ramp
        else:
            self._end()
            _rise(part[: min(self._edge, len(part) // 2)])
        final = self._held
        start, self._length = self._length - overlap, self._length - overlap + len(part)
        span = Span(start / self._rate, self._length / self._rate)
        self._held = part[overlap:]
        self._own = len(self._held)
        if pause_after_s:
            self._end()
            self._held = np.concatenate([self._held, _silence(pause_after_s, self._rate)])
            self._length += len(self._held) - self._own
            self._own = kept = 0
        else:
            kept = min(self._own, max(self._fade, self._edge))
        final = np.concatenate([final, self._held[: len(self._held) - kept]])
        self._held = self._held[len(self._held) - kept :]
        return final, span

    def rest(self) -> Samples:
        """Return the samples that were kept for a next part: there is none."""
        self._end()
        rest, self._held, self._own = self._held, self._held[:0], 0
        return rest

    def _end(self) -> None:
        """Let the last part fall to nothing, unless a pause is behind it."""
        _rise(self._held[len(self._held) - min(self._edge, self._own // 2) :][::-1])


def join(
    parts: Iterable[Samples], pauses_s: Sequence[float], sample_rate: int, cross_fade_s: float
) -> tuple[Waveform, tuple[Span, ...]]:
    """Lay parts one after the other, as a Joiner does, and say where each lies.

    Args:
        pauses_s: before the first part, and behind each; 0 is none.
    """
    joiner = Joiner(sample_rate, cross_fade_s, pauses_s[0])
    added = [joiner.add(part, pauses_s[i + 1]) for i, part in enumerate(parts)]
    samples = np.concatenate([*(final for final, _ in added), joiner.rest()])
    return Waveform(samples, sample_rate), tuple(span for _, span in added)


def joined_length(lengths: Sequence[int], pauses_s: Sequence[float], sample_rate: int, cross_fade_s: float) -> int:
    """Return how many samples `join` makes of parts of these lengths."""
    fade = int(cross_fade_s * sample_rate)
    own, whole = 0, round(pauses_s[0] * sample_rate)
    for length, pause_s in zip(lengths, pauses_s[1:], strict=True):
        overlap = _overlap(fade, own, length)
        whole += length - overlap + round(pause_s * sample_rate)
        own = 0 if pause_s else length - overlap
    return whole


def _overlap(fade: int, own: int, length: int) -> int:
    """Samples that two neighbours share; `own` are those of the first that no other shares."""
    return min(fade, own, length // 2)


def _silence(duration_s: float, sample_rate: int) -> Samples:
    return np.zeros(round(duration_s * sample_rate), np.float32)


def _rise(samples: Samples) -> None:
    """Let samples rise from nothing, in place."""
    samples *= np.linspace(0, 1, len(samples), endpoint=False, dtype=np.float32)
