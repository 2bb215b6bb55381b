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

MAX_LOOKED_AT = 30
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
    stop: int
    take: int


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

    def fits(take: str, start: int) -> bool:
        return text.size(take) <= max_sizes[passage_of(start)]

    usable = [take for take in takes if take.text == take.text.strip() and take.text and BETWEEN not in take.text]
    places: list[list[Place]] = [[] for _ in spoken]
    for spot in _chosen(whole, [take.text for take in usable], fits):
        passage = passage_of(spot.start)
        begin = begins[passage]
        places[passage].append(Place(spot.start - begin, spot.stop - begin, usable[spot.take].seed))
    return places


def _chosen(whole: str, takes: Sequence[str], fits: Callable[[str, int], bool]) -> list[_Spot]:
    """Return the spots of most takes, in order.

    Those at the beginning and at the end that are as they were are taken first: few are left to be looked for.
    """
    leading: list[_Spot] = []
    at = 0
    for i, take in enumerate(takes):
        while whole[at : at + 1].isspace():
            at += 1
        if not (whole.startswith(take, at) and fits(take, at)):
            break
        leading.append(_Spot(at, at := at + len(take), i))
    while leading and not _is_border(whole, leading[-1].stop):
        leading.pop()
    least = leading[-1].stop if leading else 0
    trailing: list[_Spot] = []
    at = len(whole)
    for i in range(len(takes) - 1, len(leading) - 1, -1):
        while at > least and whole[at - 1].isspace():
            at -= 1
        start = at - len(takes[i])
        if not (start >= least and whole.startswith(takes[i], start) and fits(takes[i], start)):
            break
        trailing.append(_Spot(start, at, i))
        at = start
    while trailing and not _is_border(whole, trailing[-1].start):
        trailing.pop()
    most = trailing[-1].start if trailing else len(whole)
    between = range(len(leading), len(takes) - len(trailing))
    starts = {
        take: [at for at in _occurrences(whole, take, least, most) if fits(take, at)]
        for take in {takes[i] for i in between}
    }
    spots = [_Spot(at, at + len(takes[i]), i) for i in between for at in reversed(starts[takes[i]])]
    return [*leading, *_longest_chain(spots), *reversed(trailing)]


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


def _longest_chain(spots: Sequence[_Spot]) -> list[_Spot]:
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
            ends.append(spot.stop)
            last.append(i)
        elif spot.stop < ends[length]:
            ends[length], last[length] = spot.stop, i
    chain = []
    at = last[-1] if last else None
    while at is not None:
        chain.append(spots[at])
        at = former[at]
    return chain[::-1]


def _is_border(whole: str, at: int) -> bool:
    """Whether no word goes on there."""
    sides = whole[max(0, at - 1) : at + 1]
    return at in (0, len(whole)) or any(side.isspace() or text.is_wide(side) for side in sides)
