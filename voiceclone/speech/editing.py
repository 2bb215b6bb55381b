"""What changes in a recording when its words change: which stretches, from where to where, how long they become.

Pure functions. Knows nothing of the network, or of how words are recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceclone import audio, text
from voiceclone.types import Waveform, Word

FADE_S = 0.012
"""At each border the caller's sound is faded into the new one for so long, outside of what is new."""
REACH_S = 0.03
"""A border may lie so far inside of a word: where words run together their times are not exact."""
EDGE_S = 0.1
"""Of the silence before the first word and behind the last, what belongs to a change there, or to a context."""
HELD_S = 0.02
"""Kept of the pauses around words that go: attack and release are quiet."""
LEAST_S = 0.06
"""Where words go, the others are joined by so much new sound."""
LONGEST_PAUSE_S = 0.5
"""Of what words that go leave behind."""
SHORTEST, LONGEST = 0.75, 1.35
"""How much shorter or longer a stretch may become than its text is by the rate of the speech around."""
AWAY_DB_PER_S = 30.0
"""What a border costs that is not in the middle of its pause, against its loudness."""
FLOOR_DB = 50.0
"""Below the loud parts: what is quieter is as good."""
CONTEXT_S = 20.0
"""Of a recording that the network is given with a change, and the change itself: it was trained on 30 s."""
MOST_CHANGED = 0.6
"""Of the words. A larger part is better spoken anew."""


@dataclass(frozen=True)
class Change:
    """Words that become others; either side may have none."""

    first: int
    last: int
    """Of the words of the recording, those from the first up to the last, which stays."""
    begin: int
    end: int
    """So of the words that are wanted."""


@dataclass(frozen=True)
class Cut:
    """Where a change lies in the recording, in seconds."""

    start_s: float
    end_s: float
    duration_s: float
    """That takes its place."""


@dataclass(frozen=True)
class Context:
    """The part of a recording that a change is spoken with."""

    start: int
    stop: int
    """Of the recording's words."""
    start_s: float
    end_s: float


def changes(said: Sequence[str], wanted: Sequence[str]) -> list[Change]:
    """Return what differs between two texts in words, in order. Case and punctuation make no difference."""
    from rapidfuzz.distance import Levenshtein

    found: list[Change] = []
    for step in Levenshtein.opcodes([_key(word) for word in said], [_key(word) for word in wanted]):
        if step.tag == "equal":
            continue
        former = found[-1] if found else None
        if former and former.last == step.src_start and former.end == step.dest_start:
            found[-1] = Change(former.first, step.src_end, former.begin, step.dest_end)
        else:
            found.append(Change(step.src_start, step.src_end, step.dest_start, step.dest_end))
    return found


def _key(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))


def share_changed(said: Sequence[str], wanted: Sequence[str], found: Sequence[Change]) -> float:
    """Return how much of the longer text is not the other's, 0..1."""
    kept = len(said) - sum(change.last - change.first for change in found)
    return 1 - kept / max(1, len(said), len(wanted))


def apart(said: str, heard: str) -> float:
    """Return how many letters of two texts differ, 0..1: words that sound alike are alike."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_distance(_key(said), _key(heard)))


def misheard(told: Sequence[str], heard: Sequence[str], which: range) -> int:
    """Return how many of these words are heard otherwise, counting what is heard beside them and is not said."""
    from rapidfuzz.distance import Levenshtein

    faults = 0
    for step in Levenshtein.opcodes([_key(word) for word in told], [_key(word) for word in heard]):
        if step.tag == "insert":
            faults += which.start <= step.src_start <= which.stop
        elif step.tag != "equal":
            faults += max(0, min(step.src_end, which.stop) - max(step.src_start, which.start))
    return faults


def with_change(
    said: Sequence[str], wanted: Sequence[str], found: Sequence[Change], change: Change, context: Context
) -> str:
    """Return what is said in a context after this change, and before all others. What stays is as it is wanted."""
    words, shift, position = list(said), 0, 0
    for other in (*found, Change(len(said), len(said), 0, 0)):
        words[position : other.first] = wanted[position + shift : other.first + shift]
        position, shift = other.last, other.end - other.last
    new = wanted[change.begin : change.end]
    return joined([*words[context.start : change.first], *new, *words[change.last : context.stop]])


def joined(words: Sequence[str]) -> str:
    """Return words one behind the other, with spaces where their script has them."""
    whole = ""
    for word in words:
        apart = whole and not whole[-1].isspace() and not text.is_wide(whole[-1]) and not text.is_wide(word[:1] or " ")
        whole += " " + word if apart else word
    return whole.strip()


class Sound:
    """A recording with the times of its words: it tells where it is cut."""

    def __init__(self, waveform: Waveform, words: Sequence[Word]) -> None:
        """`words`: with at least one."""
        self._words = words
        self._length_s = waveform.duration_s
        loudness = audio.smoothed_db(waveform)
        self._cost: NDArray[np.float64] = np.maximum(loudness, np.percentile(loudness, 95) - FLOOR_DB)

    def cut(self, change: Change, wanted: Sequence[str], asked_s: float | None = None) -> Cut:
        """Return where a change lies and how long it becomes: as asked, or as its text needs at the pace around."""
        before_s, starts_s = self._gap(change.first)
        stops_s, after_s = self._gap(change.last)
        if change.first == change.last:
            start_s = end_s = self._border(before_s, after_s)
        else:
            start_s, end_s = self._border(before_s, starts_s), self._border(stops_s, after_s)
        new = joined(wanted[change.begin : change.end])
        if new:
            natural_s = self._rate(change) * (text.size(new) + 1)
            was = joined([word.text for word in self._words[change.first : change.last]])
            longer_s = self._rate(change) * (text.size(new) - text.size(was)) if was else natural_s
            lasts_s = min(max(end_s - start_s + longer_s, SHORTEST * natural_s), LONGEST * natural_s)
        else:
            # The longer one of both pauses stays.
            lasts_s = min(max(starts_s - before_s, after_s - stops_s), LONGEST_PAUSE_S) - 2 * HELD_S
            start_s = min(start_s, before_s + HELD_S) if change.first else start_s
            end_s = max(end_s, after_s - HELD_S) if change.last < len(self._words) else end_s
            lasts_s = max(lasts_s, LEAST_S)
        return Cut(start_s, max(start_s, end_s), lasts_s if asked_s is None else asked_s)

    def context(self, change: Change, cut: Cut) -> Context:
        """Return what is around a change: as much on both sides as the network takes, cut between words."""
        room_s = CONTEXT_S - cut.duration_s
        left_s, right_s = cut.start_s - self._start_s, self._stop_s - cut.end_s
        left_s = min(left_s, max(room_s / 2, room_s - right_s))
        right_s = min(right_s, room_s - left_s)
        words = self._words
        start, stop = change.first, change.last
        while start and cut.start_s - words[start - 1].start_s <= left_s + EDGE_S:
            start -= 1
        while stop < len(words) and words[stop].end_s - cut.end_s <= right_s + EDGE_S:
            stop += 1
        before_s, starts_s = self._gap(start)
        stops_s, after_s = self._gap(stop)
        start_s = min(cut.start_s, self._border(max(before_s, starts_s - EDGE_S), starts_s))
        end_s = max(cut.end_s, self._border(stops_s, min(after_s, stops_s + EDGE_S)))
        return Context(start, stop, start_s, end_s)

    @property
    def _start_s(self) -> float:
        return max(0.0, self._words[0].start_s - EDGE_S)

    @property
    def _stop_s(self) -> float:
        return min(self._length_s, self._words[-1].end_s + EDGE_S)

    def _gap(self, index: int) -> tuple[float, float]:
        """Return where the word before this one ends, and where this one begins."""
        before_s = self._words[index - 1].end_s if index else self._start_s
        after_s = self._words[index].start_s if index < len(self._words) else self._stop_s
        return before_s, max(before_s, after_s)

    def _rate(self, change: Change) -> float:
        """Return the seconds that a byte of text takes near a change, pauses included."""
        near = self._words[max(0, change.first - 15) : change.last + 15]
        lasts_s = near[-1].end_s - near[0].start_s
        return lasts_s / max(1, text.size("".join(word.text for word in near).strip()))

    def _border(self, earliest_s: float, latest_s: float) -> float:
        """Return the quietest place between two words, in the middle of their pause."""
        middle_s = (earliest_s + latest_s) / 2
        first, last = (
            round(min(max(0.0, each), self._length_s) / audio.FRAME_S)
            for each in (earliest_s - REACH_S, latest_s + REACH_S)
        )
        first = min(first, max(0, len(self._cost) - 1))
        places = np.arange(first, max(first + 1, min(last, len(self._cost))))
        centres_s = (places + 0.5) * audio.FRAME_S
        best = int(np.argmin(self._cost[places] + AWAY_DB_PER_S * np.abs(centres_s - middle_s)))
        return min(float(centres_s[best]), self._length_s)
