"""How many requests for speech are taken at once.

Knows nothing of what they ask for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voiceclone.server.dialect import Refusal

NEWS = 0.2
"""Share of the last request in the mean of how long one stays."""


class Admission:
    """A number of places, taken and left by the server's loop alone."""

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._clock = clock
        self.taken = 0
        self._stay_s = 1.0
        """How long a request keeps its place, the last ones counting most."""

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place for the block. Raises Refusal, 429, where there is none."""
        if self.taken >= self._places:
            # Little's law: so long it takes, on average, until one of the places is left.
            wait_s = max(1, math.ceil(self._stay_s / self._places))
            raise Refusal(
                f"{self.taken} requests are being served or wait, more are not taken: try again in {wait_s} s",
                429,
                "rate_limit_exceeded",
                headers={"retry-after": str(wait_s)},
            )
        self.taken += 1
        since = self._clock()
        try:
            yield
        finally:
            self.taken -= 1
            self._stay_s += NEWS * (self._clock() - since - self._stay_s)
