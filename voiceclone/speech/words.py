"""When each word of the caller's text is said: found chunk by chunk, in seconds of the recording.

Knows nothing of how chunks are spoken or joined.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from voiceclone import text
from voiceclone.listening import Recogniser, in_order, next_word, on_readings
from voiceclone.speech.planning import Line, Script
from voiceclone.types import Chunk, Reading, Span, Waveform, Word


@dataclass(frozen=True)
class _Portion:
    """A chunk, and what of the caller's text is wholly said with it."""

    chunk: Chunk
    readings: Sequence[Reading]
    """Pieces of the text that end here; one that goes on in the next chunk comes with that."""
    ended: bool | None
    """Whether a line ended before; None: within a passage."""


class WordTimes:
    """Tells when words are said, while the chunks of a script come."""

    def __init__(self, script: Script, recogniser: Recogniser, language_of: Callable[[str], str | None]) -> None:
        """`language_of`: what a chunk's text is heard in, ISO 639-1."""
        self._recogniser = recogniser
        self._language_of = language_of
        self._portions = deque(_portions(script))
        self._waiting: deque[tuple[Waveform, Span]] = deque()
        self._spoken: list[Word] = []
        """Of what is said in chunks whose readings are still to come."""
        self._held: list[Word] = []
        """The last word: the next one may be glued to its text, and cut its time short."""
        self._ended: bool | None = None
        """Whether a line has ended since that; None: the passage goes on."""

    def add(self, part: Waveform, span: Span) -> None:
        """Add the script's next chunk, as it went into the recording, and where it lies there."""
        self._waiting.append((part, span))

    def find(self, check: Callable[[], None] = lambda: None) -> list[Word]:
        """Return the words that are final now: all of those chunks that were added, but the last one of a chunk waits.

        Args:
            check: called before each chunk; what it raises ends the work.

        Raises:
            ModelUnavailable, OutOfMemory, DeviceFailed: as the recogniser does.
        """
        words: list[Word] = []
        while self._waiting:
            check()
            words += self._hear(*self._waiting.popleft())
        if not self._portions:
            words += self._held
            self._held = []
        return words

    def _hear(self, part: Waveform, span: Span) -> list[Word]:
        portion = self._portions.popleft()
        chunk = portion.chunk
        if portion.ended is not None:
            self._ended = portion.ended or bool(self._ended)
        aligned = self._recogniser.align(part, chunk.text, self._language_of(chunk.text))
        moved = (replace(w, start_s=w.start_s + span.start_s, end_s=w.end_s + span.start_s) for w in aligned)
        self._spoken += in_order(moved, span.end_s)
        if not portion.readings:
            return []
        stop = _stop(self._spoken, portion.readings)
        said, self._spoken = self._spoken[:stop], self._spoken[stop:]
        found = [replace(word, voice=chunk.voice.name) for word in on_readings(said, portion.readings)]
        if not found:
            return []
        if self._held and self._ended is not None:
            last = self._held[0]
            self._held = [replace(last, text=last.text + _space(self._ended, last.text, found[0].text))]
        self._ended = None
        *final, last = in_order([*self._held, *found])
        self._held = [last]
        return final


def _portions(script: Script) -> Iterator[_Portion]:
    ended = False
    for line in script.lines:
        for i, (chunk, readings) in enumerate(zip(line.chunks, _by_chunk(line), strict=False)):
            yield _Portion(chunk, readings, None if i else ended)
        ended = line.is_ended or (ended and not line.chunks)


def _by_chunk(line: Line) -> list[Sequence[Reading]]:
    """Return a line's readings by the chunk that they end in, whole words of what is written together."""
    readings, spoken = line.readings, line.spoken
    offsets = list(accumulate((len(reading.spoken) for reading in readings), initial=0))
    bounds, position = [0], 0
    for i, chunk in enumerate(line.chunks):
        position = spoken.index(chunk.text, position)
        if i:
            bounds.append(_bound(readings, offsets, position) or bounds[-1])
        position += len(chunk.text)
    return [readings[start:stop] for start, stop in pairwise([*bounds, len(readings)])]


def _bound(readings: Sequence[Reading], offsets: Sequence[int], position: int) -> int | None:
    """Return how many readings make the words that are wholly said before a chunk that begins there; None: not told."""
    behind = bisect_left(offsets, position)
    if text.is_speakable(readings[behind - 1].spoken[position - offsets[behind - 1] :]):
        behind -= 1  # what is read out goes on in the chunk
    after = next(i for i in range(behind, len(readings)) if text.is_speakable(readings[i].spoken))
    before = next((i for i in reversed(range(behind)) if text.is_speakable(readings[i].spoken)), None)
    return None if before is None else next_word(readings, before, after)


def _stop(words: Sequence[Word], readings: Sequence[Reading]) -> int:
    """Return how many of the words have the readings' letters."""
    letters = sum(character.isalnum() for reading in readings for character in reading.spoken)
    sums = accumulate(sum(map(str.isalnum, word.text)) for word in words)
    return next((i for i, length in enumerate(sums, 1) if length >= letters), len(words))


def _space(ended: bool, before: str, after: str) -> str:
    """Return what stands between two words: the end of a line, if one `ended`; nothing in scripts without spaces."""
    if ended:
        return "\n"
    return "" if text.is_wide(before[-1]) or text.is_wide(after[0]) else " "
