"""An engine of which is known what it was asked and what it spoke."""

from __future__ import annotations


class Watched:
    """An engine that remembers the text of all that it was asked to speak, and of all that it spoke."""

    def __init__(self, engine, clock=None):
        self._engine = engine
        self._clock = clock
        self.asked, self.spoken = [], []

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def speak(self, chunks, *how):
        self.asked += chunks
        for chunk, samples in zip(chunks, self._engine.speak(chunks, *how), strict=True):
            self.spoken.append(chunk)
            if self._clock is not None:
                self._clock.now += 10
            yield samples
