"""What an engine is to speak next: plans that go together, batch by batch.

Knows plans by their length alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from voiceclone.model.sampling import Plan, Sampling
from voiceclone.types import Samples

Result: TypeAlias = "Samples | Exception"
"""What became of a plan."""


@dataclass(frozen=True)
class Load:
    """Plans that are spoken together, and how."""

    plans: Sequence[Plan]
    sampling: Sampling

    @property
    def frames(self) -> int:
        return sum(plan.frames for plan in self.plans)


class Supply(Protocol):
    """Where an engine takes its loads from, one after the other."""

    def begin(self, max_frames: int) -> Load | None:
        """Return what is to be spoken now; None: nothing is left.

        What was begun and has not ended could not be spoken for want of memory: it waits again.
        """
        ...

    def following(self, max_frames: int) -> Load | None:
        """Return what `begin` is likely to give after what was begun, to be made ready; None: that is open."""
        ...

    def end(self, results: Sequence[Result]) -> None:
        """Take what became of each plan that was begun."""
        ...


class Row:
    """The plans of one call, in order."""

    def __init__(self, plans: Sequence[Plan], sampling: Sampling) -> None:
        self._left = plans
        self._sampling = sampling
        self._begun = 0

    def begin(self, max_frames: int) -> Load | None:
        load = self._load(0, max_frames)
        self._begun = len(load.plans) if load else 0
        return load

    def following(self, max_frames: int) -> Load | None:
        return self._load(self._begun, max_frames)

    def end(self, results: Sequence[Result]) -> None:
        self._left = self._left[len(results) :]

    def _load(self, start: int, max_frames: int) -> Load | None:
        left = self._left[start:]
        return Load(first_batch(left, max_frames), self._sampling) if left else None


def first_batch(plans: Sequence[Plan], max_frames: int) -> list[Plan]:
    """Return the first plans, so many that all plans take few batches of about the same size; a longer one alone."""
    frames = sum(plan.frames for plan in plans)
    share = frames / math.ceil(frames / max_frames)
    batch: list[Plan] = []
    taken = 0
    for plan in plans:
        # Up to the share as nearly as whole chunks allow.
        if batch and (taken + plan.frames > max_frames or taken + plan.frames / 2 > share):
            break
        batch.append(plan)
        taken += plan.frames
    return batch
