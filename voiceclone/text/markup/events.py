"""What is met in a text with marks, in order: stretches that are said, and where a turn ends.

Knows nothing of how marks are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from voiceclone.text.markup.structure import LINE, PARAGRAPH
from voiceclone.text.splitting import SENTENCE_ENDS, is_abbreviated

PARAGRAPH_PAUSE_S, LINE_PAUSE_S, SENTENCE_PAUSE_S = 0.7, 0.3, 0.15
"""Whoever reads aloud takes a breath between paragraphs, half a second to a second; at the end of a line, as of a verse
or an item of a list, they stop for about half as long; between sentences the speech has its own silence already."""
SENTENCE = ""
MAX_TOLD, MAX_TOLD_CHARS = 10, 40
"""Of what has no effect, in a warning."""
_TAIL = 24
"""Characters that tell what is before."""
_CLOSING = "\"'”’»)]」』）*_:：—"

Speaker = tuple[str | None, float]
"""Voice and speed; None: whoever speaks where no mark names a voice."""


class VoiceNames(Protocol):
    """Names of the voices that there are."""

    def __contains__(self, name: str, /) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(slots=True)
class Piece:
    """A stretch of what is said."""

    text: str
    how: tuple[str, str] | None = None
    """What SSML calls the way in which it is said, and its detail."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a turn ends."""

    told_s: float | None = None
    """A pause that was written down."""
    pause_s: float = 0.0
    is_end: bool = False
    """Whether a line, a paragraph or a sentence ends."""
    speaker: Speaker | None = None
    """Of what follows, where that is another."""


_ENDS = {
    PARAGRAPH: Boundary(pause_s=PARAGRAPH_PAUSE_S, is_end=True),
    LINE: Boundary(pause_s=LINE_PAUSE_S, is_end=True),
    SENTENCE: Boundary(pause_s=SENTENCE_PAUSE_S, is_end=True),
}


class Events:
    """Collects what is met."""

    def __init__(self) -> None:
        self.all: list[Piece | Boundary] = []
        self.speaker: Speaker = (None, 1.0)
        self._tail = ""
        """The last characters; none at the beginning of a turn."""
        self._notes: dict[str, dict[str, None]] = {}

    @property
    def before(self) -> str:
        """The last character; empty at the beginning of a turn."""
        return self._tail[-1:]

    @property
    def is_attached(self) -> bool:
        """Whether something was said right before, without a space."""
        return bool(self.before.strip())

    @property
    def begins(self) -> bool:
        """Whether a turn or a sentence begins here."""
        tail = self._tail.rstrip()
        if tail and tail[-1] in SENTENCE_ENDS:
            return not is_abbreviated(tail, len(tail))
        return not tail or (tail[-1] in _CLOSING and not self.is_attached)

    def say(self, text: str, how: tuple[str, str] | None = None) -> Piece:
        """Add a stretch of what is said."""
        piece = Piece(text, how)
        if text:
            self.all.append(piece)
            self._tail = (self._tail + text[-_TAIL:])[-_TAIL:]
        return piece

    def pause(self, seconds: float) -> None:
        """Add a pause that was written down."""
        self._end(Boundary(told_s=seconds))

    def close(self, end: str) -> None:
        """A PARAGRAPH, a LINE or a SENTENCE ends."""
        self._end(_ENDS[end])

    def speak(self, speaker: Speaker) -> None:
        """Give the word to a voice, at a speed."""
        if speaker != self.speaker:
            self.all.append(Boundary(speaker=speaker))
            self.speaker = speaker
        self._tail = ""

    def _end(self, boundary: Boundary) -> None:
        self.all.append(boundary)
        self._tail = ""

    def note(self, about: str, what: str) -> None:
        """Remember what has no effect."""
        told = what if len(what) <= MAX_TOLD_CHARS else f"{what[:MAX_TOLD_CHARS]}…"
        self._notes.setdefault(about, {})[" ".join(told.split())] = None

    def notes(self) -> Iterator[str]:
        """Yield what has no effect, for the caller."""
        for about, found in self._notes.items():
            more = f" and {len(found) - MAX_TOLD} more" if len(found) > MAX_TOLD else ""
            yield f"{about}: {', '.join(list(found)[:MAX_TOLD])}{more}"
