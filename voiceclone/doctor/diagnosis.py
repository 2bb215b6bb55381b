"""What a check says, and how an error becomes that.

Knows no check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, ParamSpec

from voiceclone.client import Problem
from voiceclone.errors import WorkerError

Level = Literal["ok", "warning", "problem"]
EXPECTED = (OSError, Problem, ValueError, WorkerError)
"""What a check may meet; anything else is a mistake in it."""

P = ParamSpec("P")


@dataclass(frozen=True)
class Diagnosis:
    """What one check found."""

    name: str
    """Of what was looked at, in a word or two."""
    level: Level
    """warning: jobs are answered all the same."""
    found: str
    cure: str = ""
    """What to do; empty where all is well."""


def expecting(name: str, cure: str, *behind: str) -> Callable[[Callable[P, Diagnosis]], Callable[P, Diagnosis]]:
    """Let a check report what it raises as a problem.

    Args:
        cure: told where the error itself names none.
        behind: what parts the cure from what is wrong in the errors that this check meets; the first one that is there.
    """

    def decorate(check: Callable[P, Diagnosis]) -> Callable[P, Diagnosis]:
        @wraps(check)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> Diagnosis:
            try:
                return check(*args, **kwargs)
            except EXPECTED as e:
                found, _, told = str(e).partition(next((each for each in behind if each in str(e)), "\n"))
                return Diagnosis(name, "problem", found.rstrip("."), told or cure)

        return wrapped

    return decorate
