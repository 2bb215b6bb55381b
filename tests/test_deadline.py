"""A job is over when its time is, or as soon as it is seen that its time will not do."""

from __future__ import annotations

import math

import pytest
from clock import Clock

from voiceclone.deadline import HOPELESS, Deadline
from voiceclone.errors import OutOfTime


def test_a_deadline_is_over_after_its_time_and_not_before():
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now = 10
    deadline.check("words were being timed")
    assert deadline.left_s == 0
    clock.now = 10.1
    with pytest.raises(OutOfTime, match="words were being timed when the 10 s of a job were over"):
        deadline.check("words were being timed")


def test_a_deadline_looks_ahead_when_the_pace_is_known():
    clock = Clock()
    deadline = Deadline(100, clock)
    clock.now = 10
    deadline.check("a share was done", 0.001)
    clock.now = 11
    deadline.check("a share was done", 11 / (HOPELESS * 100))
    with pytest.raises(OutOfTime, match="a share was done in 11 of the 100 s"):
        deadline.check("a share was done", 0.05)
    Deadline(math.inf, clock).check("nobody waits", 0.0)
