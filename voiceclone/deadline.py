"""When a job has to be over. Knows nothing of what is done until then."""

from __future__ import annotations

import time
from collections.abc import Callable

from voiceclone.errors import OutOfTime

HOPELESS = 2.0
"""A job that would take so many times its time is left as soon as that is seen."""
KNOWN_AFTER = 0.1
"""Share of its time after which a job's pace is known."""
CURE = "send the text in several jobs, ask for quality fast, or raise the endpoint's execution timeout and MAX_JOB_S"


class Deadline:
    """Counts the time of a job from when it is made."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._started = clock()

    @property
    def left_s(self) -> float:
        return self._limit_s - self._past_s()

    def check(self, doing: str, share: float = 1.0, grace_s: float = 0.0) -> None:
        """Raise OutOfTime if the time is over, or will not do by far.

        Args:
            doing: what was being done.
            share: how much of it is done, 0..1.
            grace_s: so much later the time is over, for what has been spoken and is to be saved.
        """
        past_s = self._past_s()
        if past_s > self._limit_s + grace_s:
            raise OutOfTime(f"{doing} when the {self._limit_s:g} s of a job were over: {CURE}")
        if share < 1 and past_s > KNOWN_AFTER * self._limit_s and past_s > share * HOPELESS * self._limit_s:
            raise OutOfTime(f"{doing} in {past_s:.0f} of the {self._limit_s:g} s of a job, all will not be: {CURE}")

    def _past_s(self) -> float:
        return self._clock() - self._started
