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
        self._inside = 0.0
        """Seconds of what was measured inside of the block that is being timed."""

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Add the block's time to `part`, without what is measured inside of it."""
        self._parts.setdefault(part, 0.0)
        outside, self._inside = self._inside, 0.0
        start = time.perf_counter()
        yield
        took = time.perf_counter() - start
        self._parts[part] += took - self._inside
        self._inside = outside + took

    def report(self) -> dict[str, float]:
        """Return the parts in order, and `total`: from the start to now."""
        return {part: round(s, 4) for part, s in {**self._parts, "total": time.perf_counter() - self._started}.items()}
