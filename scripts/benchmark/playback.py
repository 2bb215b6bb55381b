"""What somebody hears who plays sound while it comes. Runs in the load tool's environment too.

Knows nothing of where the sound comes from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Heard:
    """One answer, from the moment when it was asked for."""

    first_s: float
    """Until the first sound."""
    taken_s: float
    """Until the last."""
    speech_s: float
    gap_s: float
    """Silence between: what had come was played, and the next piece was not there."""


def listen(
    pieces: Iterable[bytes], bytes_per_s: float, asked: float, clock: Callable[[], float] = time.monotonic
) -> Heard:
    """Play pieces of sound, the first as soon as it is there.

    Args:
        asked: when, by the clock.

    Raises:
        OSError: no sound came.
    """
    size, gap_s = 0, 0.0
    first = played = None
    for piece in pieces:
        now = clock()
        if played is None:
            first = played = now
        gap_s += max(0.0, now - played)
        played = max(now, played) + len(piece) / bytes_per_s
        size += len(piece)
    if first is None:
        raise OSError("no sound came")
    return Heard(first - asked, clock() - asked, size / bytes_per_s, gap_s)
