"""What tags of HTML and SSML do: end a line or a paragraph, pause, change voice or speed, or how something is said.

Knows nothing of how tags are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from voiceclone.text.markup.events import SENTENCE, Boundary, Events, Piece, Speaker
from voiceclone.text.markup.measures import FASTEST, SLOWEST, break_s, rate_of
from voiceclone.text.markup.structure import LINE, PARAGRAPH
from voiceclone.text.markup.tags import CELLS, LINES, MAX_DEPTH, PARAGRAPHS, UNHEARD, VOID, Tag

WAYS = {
    **dict.fromkeys(("characters", "character", "spell-out", "spell", "verbatim", "letters"), "characters"),
    **dict.fromkeys(("digits", "digit"), "digits"),
    **dict.fromkeys(("cardinal", "number", "integer"), "cardinal"),
    **dict.fromkeys(("telephone", "phone"), "telephone"),
    **{"ordinal": "ordinal", "date": "date"},
}
"""In which `say-as` has something said."""
NO_EFFECT = "mark-up that has no effect here is left out"
_PLAIN = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+){0,20}")
_ALPHABETS = frozenset(("", "x-spelling", "spelling", "x-respelling", "respelling", "text"))
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"(?:(?:^|[^\w])[^\W\d_]{1,2}|\d|\))$")


@dataclass(slots=True)
class _Element:
    """One that is open."""

    name: str
    speaker: Speaker
    """Before it began."""
    start: int
    """Where its events begin."""
    how: tuple[str, str] | None = None
    end: str | None = None
    """What ends where it does."""


class Elements:
    """Those that are open."""

    def __init__(self, events: Events, unclosed: Callable[[str], bool], is_voice: Callable[[str], bool]) -> None:
        """`unclosed`: whether the text leaves some elements of a name open, as HTML allows for paragraphs and items."""
        self._events = events
        self._unclosed = unclosed
        self._is_voice = is_voice
        self._open: list[_Element] = []
        self._counts: dict[str, int] = {}

    def is_open(self, name: str) -> bool:
        """Whether an element of this name is open."""
        return self._counts.get(name, 0) > 0

    def enter(self, tag: Tag, mark: str) -> None:
        """Do what an opening tag does; `mark`: as it is written. Raise ValueError for a pause without a length."""
        element = _Element(tag.name, self._events.speaker, len(self._events.all))
        self._begin(element, tag, mark)
        if not tag.is_empty and not self._unclosed(tag.name):
            self._open.append(element)
            self._counts[tag.name] = self._counts.get(tag.name, 0) + 1
            if len(self._open) > MAX_DEPTH:
                raise ValueError(
                    f"has more than {MAX_DEPTH} elements in one another: take the mark-up out that is not needed"
                )

    def _begin(self, element: _Element, tag: Tag, mark: str) -> None:
        """Do what an element does where it begins, and keep what it does where it ends."""
        attributes = tag.attributes
        match tag.name:
            case "break" | "pause":
                if seconds := break_s(attributes, mark):
                    self._events.pause(seconds)
            case "img":
                self._events.say(attributes.get("alt", ""))
            case "s" | "sentence" if tag.name == "sentence" or self._events.begins:
                element.end = SENTENCE
            case "sub" | "say-as" | "phoneme":
                element.how = self._way(tag.name, attributes)
            case "prosody":
                self._prosody(attributes)
            case "voice":
                self._voice(attributes)
            case _:
                element.end = self._structure(tag)

    def leave(self, name: str) -> None:
        """Do what a closing tag does: it closes all that was opened inside too."""
        if not self.is_open(name):
            if name in PARAGRAPHS | LINES:
                self._events.close(PARAGRAPH if name in PARAGRAPHS else LINE)
            return
        while True:
            element = self._open.pop()
            self._counts[element.name] -= 1
            self._finish(element)
            if element.name == name:
                return

    def _structure(self, tag: Tag) -> str | None:
        """End what an element separates from what is before; return what ends with it."""
        name = tag.name
        end = PARAGRAPH if name in PARAGRAPHS else LINE if name in LINES else None
        if end is not None:
            self._events.close(end)
        elif name in CELLS and not self._events.begins:
            self._events.say(", ")
        elif name not in UNHEARD or (name == "mark" and "name" in tag.attributes):
            self._events.note(NO_EFFECT, name)
        return None if name in VOID else end

    def _way(self, name: str, attributes: Mapping[str, str]) -> tuple[str, str] | None:
        """Return how something is said, None where that is not known."""
        kind = attributes.get("interpret-as", attributes.get("type", "")).lower()
        alphabet, spelling = attributes.get("alphabet", "").lower(), attributes.get("ph", "").strip()
        way: tuple[str, str] | None = None
        if name == "sub":  # HTML's own, which is written lower, has no alias
            alias = attributes.get("alias", "").strip()
            return ("sub", alias) if alias else None
        if name == "say-as" and kind in WAYS:
            way = WAYS[kind], attributes.get("format", "").lower()
        elif name == "phoneme" and alphabet in _ALPHABETS and _PLAIN.fullmatch(spelling):
            way = "sub", spelling
        if way is None:
            what = f'say-as interpret-as="{kind}"' if name == "say-as" else f'phoneme alphabet="{alphabet}"'
            self._events.note(NO_EFFECT, what)
        return way

    def _prosody(self, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            rate = rate_of(value) if name == "rate" else None
            if rate is None:
                self._events.note(NO_EFFECT, f"prosody {name}")
            else:
                voice, speed = self._events.speaker
                self._events.speak((voice, min(max(speed * rate, SLOWEST), FASTEST)))

    def _voice(self, attributes: Mapping[str, str]) -> None:
        name = attributes.get("name", "")
        if name and self._is_voice(name):
            self._events.speak((name, self._events.speaker[1]))
        else:
            self._events.note(NO_EFFECT, f"voice {name}".strip())

    def _finish(self, element: _Element) -> None:
        events = self._events
        inside = events.all[element.start :] if element.how or element.name == "sup" else []
        if inside and all(isinstance(event, Piece) for event in inside):
            written = "".join(event.text for event in inside if isinstance(event, Piece))
            if element.how is not None:
                events.all[element.start :] = [Piece(written, element.how)]
            elif written.strip().isdecimal():
                events.all[element.start :] = self._raised(
                    written.strip(), events.all[element.start - 1 : element.start]
                )
        if element.name == "voice":
            events.speak((element.speaker[0], events.speaker[1]))
        elif element.name == "prosody":
            events.speak((events.speaker[0], element.speaker[1]))
        if element.end is not None:
            events.close(element.end)

    def _raised(self, digits: str, before: Sequence[Piece | Boundary]) -> list[Piece]:
        """Return a number that stands higher: a power, or the mark of a note, which is not read."""
        base = before[0].text[-4:] if before and isinstance(before[0], Piece) else ""
        if not base.strip() or _POWER.search(base):
            return [Piece(digits.translate(_SUPERSCRIPTS))]
        self._events.note("marks of notes are not read", digits)
        return []
