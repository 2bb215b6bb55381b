"""A clock that the tests set."""

from __future__ import annotations


class Clock:
    """Goes on when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now
