"""What of a text was spoken before: the chunks of an earlier take are found in it, in order.

Pure functions. Knows nothing of voices, nor of how the rest of the text is cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from voiceclone import text

MAX_LOOKED_AT = 100
"""Places of a chunk whose text stands there again and again."""
BETWEEN = "\n"
"""Stands between two passages, and in no chunk."""


@dataclass(frozen=True)
class Former:
    """A chunk of an earlier take."""

    text: str
    seed: int


class Place(NamedTuple):
    """Where a chunk of an earlier take stands in a passage."""

    start: int
    stop: int
    seed: int


class _Spot(NamedTuple):
    """Where a take stands in the whole text."""

    start: int
    take: int

    def before(self, takes: Sequence[Former]) -> int:
        return self.start + len(takes[self.take].text)


def find(spoken: Sequence[str], takes: Sequence[Former], max_sizes: Sequence[int]) -> list[list[Place]]:
    """Return where takes stand in each passage: as many as there can be in their order, each once.

    They begin and end where words do, so that what lies between can be spoken for itself.

    Args:
        spoken: what is said in each passage.
        max_sizes: bytes that a chunk of each passage may have.
    """
    whole = BETWEEN.join(spoken)
    begins = list(accumulate((len(each) + len(BETWEEN) for each in spoken), initial=0))

    def passage_of(position: int) -> int:
        return bisect_right(begins, position) - 1

    def fits(take: Former, start: int) -> bool:
        return text.size(take.text) <= max_sizes[passage_of(start)]

    usable = [take for take in takes if take.text == take.text.strip() and take.text and BETWEEN not in take.text]
    places: list[list[Place]] = [[] for _ in spoken]
    for spot in _chosen(whole, usable, fits):
        passage = passage_of(spot.start)
        start = spot.start - begins[passage]
        take = usable[spot.take]
        places[passage].append(Place(start, start + len(take.text), take.seed))
    return places


def _chosen(whole: str, takes: Sequence[Former], fits: Callable[[Former, int], bool]) -> list[_Spot]:
    """Return the spots of most takes, in order.

    Those at the beginning and at the end that are as they were are taken first: few are left to be looked for.
    """
    leading: list[_Spot] = []
    at = 0
    for i, take in enumerate(takes):
        at = len(whole) - len(whole[at:].lstrip()) if whole[at : at + 1].isspace() else at
        if not (whole.startswith(take.text, at) and fits(take, at)):
            break
        leading.append(_Spot(at, i))
        at += len(take.text)
    while leading and not _is_border(whole, leading[-1].before(takes)):
        leading.pop()
    least = leading[-1].before(takes) if leading else 0
    trailing: list[_Spot] = []
    end = len(whole)
    for i in range(len(takes) - 1, len(leading) - 1, -1):
        while end > least and whole[end - 1].isspace():
            end -= 1
        start = end - len(takes[i].text)
        if start < least or not (whole.startswith(takes[i].text, start) and fits(takes[i], start)):
            break
        trailing.append(_Spot(start, i))
        end = start
    while trailing and not _is_border(whole, trailing[-1].start):
        trailing.pop()
    most = trailing[-1].start if trailing else len(whole)
    between = range(len(leading), len(takes) - len(trailing))
    spots: dict[str, list[int]] = {}
    for i in between:
        if takes[i].text not in spots:
            spots[takes[i].text] = [at for at in _occurrences(whole, takes[i].text, least, most) if fits(takes[i], at)]
    chain = _longest_chain([_Spot(at, i) for i in between for at in reversed(spots[takes[i].text])], takes)
    return [*leading, *chain, *reversed(trailing)]


def _occurrences(whole: str, wanted: str, start: int, stop: int) -> list[int]:
    """Return where a text stands by itself between two positions."""
    found = []
    for _ in range(MAX_LOOKED_AT):
        start = whole.find(wanted, start, stop)
        if start < 0:
            break
        if _is_border(whole, start) and _is_border(whole, start + len(wanted)):
            found.append(start)
        start += 1
    return found


def _longest_chain(spots: Sequence[_Spot], takes: Sequence[Former]) -> list[_Spot]:
    """Return the most spots that follow each other, those of several takes in the takes' order.

    Args:
        spots: by their take; of one take the last first.
    """
    ends: list[int] = []
    """Where the chain of each length that ends soonest does."""
    last: list[int] = []
    """The last spot of each of them."""
    former: list[int | None] = []
    """The spot before each, in its chain."""
    for i, spot in enumerate(spots):
        length = bisect_right(ends, spot.start)
        former.append(last[length - 1] if length else None)
        if length == len(ends):
            ends.append(spot.before(takes))
            last.append(i)
        elif spot.before(takes) < ends[length]:
            ends[length], last[length] = spot.before(takes), i
    chain = []
    i_or_none = last[-1] if last else None
    while i_or_none is not None:
        chain.append(spots[i_or_none])
        i_or_none = former[i_or_none]
    return chain[::-1]


def _is_border(whole: str, at: int) -> bool:
    """Whether no word goes on there."""
    sides = whole[max(0, at - 1) : at + 1]
    return at in (0, len(whole)) or any(side.isspace() or text.is_wide(side) for side in sides)
