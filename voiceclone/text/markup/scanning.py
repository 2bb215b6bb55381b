"""A text with marks, read from left to right once: what is said, and where turns end.

Knows nothing of what becomes of turns. Plain text, Markdown, HTML and SSML are read alike, for texts hold some of each.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from voiceclone.text.markup import tags
from voiceclone.text.markup.brackets import MAIN, Bracket, Kind, bracket_at, kind_without_voice
from voiceclone.text.markup.elements import Elements
from voiceclone.text.markup.events import Boundary, Events, Piece, VoiceNames
from voiceclone.text.markup.measures import PAUSE_S, PAUSES_S, seconds_of
from voiceclone.text.markup.structure import LINE, PARAGRAPH, structured
from voiceclone.text.splitting import is_wide

MAX_COMPARED = 50
"""Names in a text that are compared with those of voices."""
NEAR = 0.7
"""How much alike a name and a voice's must be for it to be taken for a slip, 0..1."""
_MARK = re.compile(
    r"\\(?P<escaped>[\[\]<>()&*_`~=|#+!\\-])"
    rf"|(?P<end>[{PARAGRAPH}{LINE}])"
    rf"|`(?P<code>[^`\n{PARAGRAPH}{LINE}]{{1,300}}+)`"
    r"|&(?P<entity>(?:amp;){0,3}(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31}));"
    r"|\((?P<aside>(?:short |medium |long )?pause)\)"
    r"|(?P<bracket>!?\[)|(?P<angle><)"
    r"|(?P<delimiter>\*+|(?<!_)_+|(?<!~)~~(?!~)|(?<!=)==(?!=))",
    re.IGNORECASE,
)
_AUTOLINK = re.compile(
    r"<(?P<address>[a-z][a-z+.-]{1,20}:/[^\s<>]{1,2000}+|[\w.+-]{1,64}+@[\w.-]{1,255}+)>", re.IGNORECASE
)
_DELIMITERS = frozenset(("*", "**", "***", "_", "__", "___", "~~", "=="))
_WITHIN_WORDS = frozenset(("**", "***", "~~"))


class Scanner:
    """What is met in a text."""

    def __init__(self, text: str, voices: VoiceNames | None) -> None:
        """`voices`: names of those that there are; None: any name may be a voice's. Raise ValueError as `turns`."""
        self._text, self._links = structured(text, tags.is_document(text))
        self._voices = voices
        self._tags = tags.Counted(self._text)
        self._events = Events()
        self._elements = Elements(self._events, self._tags.leaves_open, self._is_voice)
        self._delimiters: dict[str, list[Piece]] = {}
        """Those that may yet be closed."""
        self._missing: set[str] = set()
        """What does not come any more."""
        self._compared: dict[str, bool] = {}
        self._scan(0, len(self._text))

    @property
    def events(self) -> list[Piece | Boundary]:
        """All of them, in order."""
        return self._events.all

    def notes(self) -> Iterator[str]:
        """Yield what has no effect, for the caller."""
        return self._events.notes()

    def _scan(self, start: int, stop: int) -> None:
        while mark := _MARK.search(self._text, start, stop):
            self._events.say(self._text[start : mark.start()])
            start = mark.end()
            match mark.lastgroup:
                case "escaped" | "code":
                    self._events.say(mark[mark.lastgroup])
                case "end":
                    self._events.close(mark["end"])
                    self._delimiters.clear()
                case "entity":
                    self._events.say(_resolved(mark[0]))
                case "aside":
                    self._events.pause(_named_pause(mark["aside"][: -len("pause")]))
                case "delimiter":
                    self._emphasize(mark)
                case "bracket":
                    start = self._bracket(mark.start(), stop)
                case "angle":
                    start = self._angle(mark.start(), stop)
        self._events.say(self._text[start:stop])

    def _emphasize(self, mark: re.Match[str]) -> None:
        """Leave out stars and the like that stand around something."""
        run, (start, stop) = mark[0], mark.span()
        before, after = self._text[start - 1 : start], self._text[stop : stop + 1]
        piece = self._events.say(run)
        if run not in _DELIMITERS:
            return
        waiting = self._delimiters.setdefault(run, [])
        if waiting and before.strip() and not _touches(after, run):
            piece.text = waiting.pop().text = ""
        elif after.strip() and not _touches(before, run):
            waiting.append(piece)

    def _bracket(self, start: int, stop: int) -> int:
        """Read what begins at a bracket; return where it ends."""
        bracket = bracket_at(self._text, start, stop, self._links, self._events.is_attached)
        kind = "text" if bracket is None else self._kind(bracket)
        if bracket is None or kind == "text":
            self._events.say(self._text[start])
            return start + 1
        found = bracket.link if kind == "link" and bracket.link is not None else bracket.match
        written, end = found[0], found.end()
        match kind:
            case "pause":
                length = found["length"]
                self._events.pause(_named_pause(found["named"]) if length is None else seconds_of(length, written))
            case "link":
                self._scan(*found.span("text"))
            case "sound":
                self._events.note("sounds cannot be made and are left out", written)
            case "citation":
                self._events.note("marks of notes are not read", written)
            case "inside":
                self._events.say(bracket.name)
            case "voice":
                self._events.speak((None if bracket.name.lower() == MAIN else bracket.name, self._events.speaker[1]))
        return end

    def _kind(self, bracket: Bracket) -> Kind:
        """Return what a bracket is; a name, by whose it is and where it stands."""
        if bracket.kind != "name":
            return bracket.kind
        kind = kind_without_voice(bracket, self._events.before, self._text[bracket.match.end() :][:1])
        if self._is_voice(bracket.name) if self._voices is not None else kind is None:
            return "voice"
        if kind is not None:
            return kind
        if self._events.begins or self._is_near(bracket.name):
            return "voice"  # the caller is told that there is none
        self._events.note("no voice has these names, which are read as words", f"[{bracket.name}]")
        return "text"

    def _is_voice(self, name: str) -> bool:
        return self._voices is None or name in self._voices

    def _is_near(self, name: str) -> bool:
        """Whether a name is nearly a voice's."""
        if name not in self._compared and self._voices is not None and len(self._compared) < MAX_COMPARED:
            from rapidfuzz.distance import Indel

            folded = name.casefold()
            self._compared[name] = any(
                Indel.normalized_similarity(folded, each.casefold()) >= NEAR for each in self._voices
            )
        return self._compared.get(name, False)

    def _angle(self, start: int, stop: int) -> int:
        """Read what begins at `<`; return where it ends."""
        if (end := self._declared(start, stop)) is not None:
            return end
        tag = tags.tag_at(self._text, start, self._tags)
        if tag is None or tag.end > stop:
            self._events.say("<")
            return start + 1
        behind = self._tags.closing_behind(tag) if tag.name in tags.UNSAID and not tag.is_closing else None
        if behind is not None:
            return behind
        if tag.is_closing:
            self._elements.leave(tag.name)
        else:
            self._elements.enter(tag, self._text[start : tag.end])
        return tag.end

    def _declared(self, start: int, stop: int) -> int | None:
        """Pass over comments, instructions and declarations, read an address; return where it ends."""
        for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
            inside = start + len(opening)
            if self._text.startswith(opening, start) and (end := self._find(closing, inside, stop)) >= 0:
                if closing == "]]>":
                    self._events.say(self._text[inside:end])
                return end + len(closing)
        if link := _AUTOLINK.match(self._text, start, stop):
            self._events.say(link["address"])
            return link.end()
        return tags.declaration_at(self._text, start)

    def _find(self, what: str, start: int, stop: int) -> int:
        """Return where it is next, -1 where it is not: that is found out once."""
        found = -1 if what in self._missing else self._text.find(what, start)
        if found < 0:
            self._missing.add(what)
        return found if found < stop else -1


def _named_pause(name: str | None) -> float:
    return PAUSES_S.get((name or "").strip().lower(), PAUSE_S)


def _resolved(entity: str) -> str:
    """Return the character of an entity; texts that went through several programs have `&amp;amp;`."""
    for _ in range(4):
        entity, before = html.unescape(entity), entity
        if entity == before:
            break
    return entity


def _touches(character: str, run: str) -> bool:
    """Whether a delimiter stands within a word or a sum, where it is a sign."""
    return character.isdigit() if run in _WITHIN_WORDS else character.isalnum() and not is_wide(character)
