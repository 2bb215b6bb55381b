"""How long the chunks of a stream may be: its beginning is heard soon, and goes on without a gap.

Knows nothing of how chunks are spoken: it assumes how long that takes.
"""

from __future__ import annotations

from voiceclone import text

FIRST_S = 2.0
"""The first chunk is at most so long, and half of it where the text allows that."""
REAL_TIME_FACTOR = 0.5
"""Seconds that a second of speech is taken to need. A GPU needs less by far: others use it as well."""
LEAST_GROWTH_S = 0.5
"""By so much at the least each chunk may be longer than the one before: with a long cross-fade nothing is gained."""


class Pace:
    """Counts what a listener still has to hear when the next chunk is begun, and cuts that so short."""

    def __init__(self, cross_fade_s: float) -> None:
        self._fade_s = cross_fade_s
        self._chunks = 0
        self._lead_s = 0.0

    @property
    def most_s(self) -> float:
        """How long the next chunk may be."""
        if not self._chunks:
            return FIRST_S
        return max(self._lead_s / REAL_TIME_FACTOR, LEAST_GROWTH_S * (self._chunks + 1))

    def split(self, spoken: str, max_size: int, size_per_s: float) -> list[str]:
        """Cut the next text into chunks, as `text.split` does, but those at the beginning of the stream shorter.

        Args:
            size_per_s: bytes of this text in a second of speech.
        """
        pieces = []
        rest = spoken.strip()
        while rest and (most := int(self.most_s * size_per_s)) < max_size:
            pieces.append(text.beginning(rest, most, max_size))
            rest = rest[len(pieces[-1]) :].lstrip()
            if text.is_speakable(pieces[-1]):
                self.add(text.size(pieces[-1]) / size_per_s)
        return pieces + text.split(rest, max_size)

    def add(self, duration_s: float) -> None:
        """Count a chunk."""
        # Its end is given out with the next one; and who listens begins when the first one is there.
        self._lead_s += duration_s - self._fade_s - (REAL_TIME_FACTOR * duration_s if self._chunks else 0.0)
        self._chunks += 1
