"""How long the parts of something took. Knows nothing of what is timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Seconds of named parts, and of the whole since `started`."""

    def __init__(self, started: float | None = None) -> None:
        """`started` is a reading of `time.perf_counter`; None means now."""
        self._started = time.perf_counter() if started is None else started
        self._parts: dict[str, float] = {}

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Time the block as `part`."""
        start = time.perf_counter()
        yield
        self._parts[part] = time.perf_counter() - start

    def report(self) -> dict[str, float]:
        """The parts in order, and `total`: from the start to now."""
        return {part: round(s, 4) for part, s in {**self._parts, "total": time.perf_counter() - self._started}.items()}
