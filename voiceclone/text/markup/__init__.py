r"""Marks in a text: who speaks, where there is a pause, what is said otherwise than it is written. Pure functions.

    [anna] Is it ready? [pause:0.5s] [bob] Nearly. <break time="300ms"/> Wait.

A text may be plain, Markdown, HTML or SSML, or some of each; what is said of it is text without any mark, in turns. A
turn ends where another voice speaks, at another speed, at a pause, and where a line or a paragraph ends.

`[` followed by a voice's name and `]` gives the word to that voice, `[main]` back to the one that the request names.
Other brackets are links, pauses, sounds that no voice makes, marks of notes, or text; a backslash before a sign makes
it text. A name that is no voice's is an error where a voice would begin to speak, or where it is nearly one's name;
within a sentence it is a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from voiceclone.text.markup import tags
from voiceclone.text.markup.brackets import MAIN, PAUSE
from voiceclone.text.markup.events import Boundary, Piece, Speaker, VoiceNames
from voiceclone.text.markup.measures import FASTEST, MAX_PAUSE_S, SLOWEST
from voiceclone.text.markup.scanning import Scanner
from voiceclone.text.normalize.english import HEART
from voiceclone.text.splitting import clean

__all__ = [
    "FASTEST",
    "MAIN",
    "MAX_PAUSE_S",
    "PAUSE",
    "SLOWEST",
    "Marked",
    "Said",
    "Turn",
    "VoiceNames",
    "literal",
    "turns",
]

_LITERAL = re.compile(r"[\\\[<&*_`~=|(]|(?m:^[ \t]{0,3}(?=[>#+-]))")
# Signs between what is compared, which the rules for reading would take for a tag; `List<String>` holds none.
_NAMES = r"\w{1,40}(?:,\s?\w{1,40}){0,5}"
_PLACEHOLDER = rf"\w{{1,40}}(?:<{_NAMES}>)?(?:,\s?\w{{1,40}}(?:<{_NAMES}>)?){{0,5}}>(?!\w)"
_ENDING = "|".join(tags.PARAGRAPHS | tags.LINES)
_LOOKS = "|".join(tags.STYLES)
_COMPARED = re.compile(
    rf"(?P<kept>(?:<{_PLACEHOLDER})|>(?!\w)(?!\s[\d$(])|{HEART})"
    rf"|(?P<tag>(?:(?<!\w)<|</)(?:{_LOOKS}|(?P<ends>{_ENDING}))>)"
    # "It took <3 hours" is a bound, and no comparison.
    rf"|(?<=\S)(?!\s?{HEART}|\s<(?:[\d$]|(?:{_LOOKS}|{_ENDING})>))\s?<\s?(?!{_PLACEHOLDER})(?=[\w($])"
    r"|(?<=[\w)])(?!\s>[\d$])\s?>\s?(?=[\w($])"
)


@dataclass(frozen=True)
class Said:
    """A part of a text that is said otherwise than it is written."""

    start: int
    stop: int
    how: str
    """What SSML calls it: `sub`, or a value of `interpret-as`."""
    detail: str
    """What is said instead, or in which form it is written."""


@dataclass(frozen=True)
class Turn:
    """What one voice says before a pause or another voice."""

    text: str
    """May be empty: a pause at the very beginning."""
    voice: str | None
    """None: whoever speaks where no mark names a voice."""
    pause_after_s: float
    speed: float = 1.0
    """Relative to the rest."""
    is_told: bool = False
    """Whether the pause was written down, so that it replaces any other."""
    is_ended: bool = False
    """Whether a line, a paragraph or the like ends here, so that no sentence goes on."""
    said: tuple[Said, ...] = ()

    def cleaned(self) -> Turn:
        """Return the turn with a clean text, in which signs between what is compared stand by themselves."""
        out: list[str] = []
        said: list[Said] = []
        length, spaced, position = 0, True, 0
        for each in (*self.said, None):
            stop = len(self.text) if each is None else each.start
            pieces: list[tuple[str, Said | None]] = [(_COMPARED.sub(_apart, self.text[position:stop]), None)]
            if each is not None:
                pieces.append((self.text[each.start : each.stop], each))
                position = each.stop
            for written, how in pieces:
                core = clean(written)
                if not core:
                    spaced = spaced or written[:1].isspace()
                    continue
                if out and (spaced or written[0].isspace()):
                    out.append(" ")
                    length += 1
                if how is not None:
                    said.append(replace(how, start=length, stop=length + len(core)))
                out.append(core)
                length += len(core)
                spaced = written[-1].isspace()
        return replace(self, text="".join(out), said=tuple(said))


class Marked(str):
    """A text as it was written, and its turns."""

    __slots__ = ("notes", "turns")
    turns: tuple[Turn, ...]
    notes: tuple[str, ...]
    """What of its marks has no effect, for the caller."""

    def __new__(cls, text: str, voices: VoiceNames | None = None) -> Marked:
        """Raise ValueError as `turns`; `voices`: names of those that there are. None: any name may be one."""
        marked = super().__new__(cls, text)
        scanner = Scanner(text, voices)
        marked.turns, marked.notes = tuple(_turns(scanner.events)), tuple(scanner.notes())
        return marked


def turns(text: str) -> list[Turn]:
    """Take the marks out of a text in which any name may be a voice's.

    Raises:
        ValueError: a pause has no length that can be read, or one above MAX_PAUSE_S; or there is mark-up that no text
            needs, as declarations of entities, or elements too deep in one another.
    """
    return list(Marked(text).turns)


def literal(text: str) -> str:
    r"""Return the text so that nothing in it is a mark, at most twice as long. Ends of lines keep their meaning."""
    return _LITERAL.sub(lambda sign: f"\\{sign[0]}" if sign[0].strip() else f"{sign[0]}\\", text)


def _apart(sign: re.Match[str]) -> str:
    if sign["tag"] is not None:
        return " " if sign["ends"] else ""
    kept: str = sign["kept"] or f" {sign[0].strip()} "
    # A tag that was escaped is meant to be read.
    return f" {kept.strip('<>')} " if tags.is_known(kept.strip("<>")) else kept


def _turns(events: Iterable[Piece | Boundary]) -> Iterator[Turn]:
    """Put together what is said between boundaries."""
    turn: Turn | None = None
    said: list[Piece] = []
    space: list[str] = []
    speaker: Speaker = (None, 1.0)
    for event in (*events, Boundary()):
        if isinstance(event, Piece):
            said.append(event)
            continue
        if any(piece.text.strip() for piece in said):
            if turn is not None:
                yield _followed(turn, space)
            turn, space = _turn(said, speaker), []
        else:
            space += (piece.text for piece in said)
        said = []
        if event.told_s is not None:
            turn = turn or Turn("", speaker[0], 0.0, speaker[1])
            pause_s = event.told_s + (turn.pause_after_s if turn.is_told else 0.0)
            turn = replace(turn, pause_after_s=pause_s, is_told=True)
        elif turn is not None and not turn.is_told:
            turn = replace(turn, pause_after_s=max(turn.pause_after_s, event.pause_s))
        if turn is not None and event.is_end:
            turn = replace(turn, is_ended=True)
        speaker = event.speaker or speaker
    if turn is not None:
        yield _followed(turn if turn.is_told else replace(turn, pause_after_s=0.0, is_ended=False), space)


def _followed(turn: Turn, space: Sequence[str]) -> Turn:
    """Return the turn with the white space behind it: nothing is lost."""
    return replace(turn, text=turn.text + "".join(space)) if turn.text else turn


def _turn(pieces: Sequence[Piece], speaker: Speaker) -> Turn:
    said = []
    position = 0
    for piece in pieces:
        if piece.how is not None and piece.text.strip():
            said.append(Said(position, position + len(piece.text), *piece.how))
        position += len(piece.text)
    return Turn("".join(piece.text for piece in pieces), speaker[0], 0.0, speaker[1], said=tuple(said))
