r"""What stands in brackets: a pause, a link, a note for the eye, a sound, or a name. Pure functions.

Knows nothing of which voices there are.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Literal, NamedTuple

MAIN, PAUSE = "main", "pause"
_LINK = re.compile(
    r"(?P<image>!)?\[(?P<text>(?:[^\[\]\\\x1e]{1,300}+|\\[^\x1e]|\[[^\[\]\x1e]{0,300}+\](?:\([^()\s]{0,2000}+\))?+){0,30}+)\]"
    r"\([ \t\n]*+(?P<address><[^<>\n]{0,2000}+>|(?:[^()\s<>]|\([^()\s<>]{0,300}+\)){0,2000}+)"
    r"(?:\s++(?:\"[^\"\x1e]{0,300}+\"|'[^'\x1e]{0,300}+'))?+\s*+\)"
)
_REFERRED = re.compile(r"(?P<image>!)?\[(?P<text>[^\[\]\x1e]{1,300}+)\](?:\[(?P<name>[^\[\]\x1e]{0,80}+)\])?+")
_PAUSE = re.compile(r"\[(?:(?P<named>short|medium|long) )?pause(?:[:= ]\s*(?P<length>[^\]\n]{0,40}))?\]", re.IGNORECASE)
_NAME = re.compile(r"\[(?P<name>[A-Za-z0-9_-][A-Za-z0-9._-]{0,63})\]")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_CITATION = re.compile(
    r"\[(?:\d{1,4}(?:\s?[-–,;]\s?\d{1,4}){0,20}(?:[,:]?\s?pp?\.\s?[\d–-]{1,12})?|(?:note|nb|n|fn)\.? ?\d{1,3}|[a-rt-z]"
    r"|citation needed|clarification needed|failed verification|when\?|who\?|edit|注 ?\d{1,3})\]",
    re.IGNORECASE,
)
_SOUND = re.compile(
    r"\[(?:(?:soft|nervous|loud|gentle|heavy|deep)(?:ly)? )?(?:laugh(?:s|ing|ter)?|chuckl(?:es?|ing)|giggl(?:es?|ing)"
    r"|sigh(?:s|ing)?|gasp(?:s|ing)?|whisper(?:s|ing|ed)?|shout(?:s|ing)?|cough(?:s|ing)?|sniff(?:s|les)?|sob(?:s|bing)?"
    r"|cr(?:ies|ying)|groan(?:s|ing)?|moan(?:s|ing)?|yawn(?:s|ing)?|breath(?:es|ing)?|(?:in|ex)hal(?:es?|ing)|gulps?"
    r"|clears(?: \w{2,5})? throat|throat clearing|applause|clapping|cheering|silence|sing(?:s|ing)|snor(?:es?|ing)"
    r"|music|inaudible|crosstalk|background noise|sound effect|sfx|lacht?|lachen|seufzt|rires?|risas|笑|笑声)"
    r"(?: (?:softly|deeply|quietly|loudly|nervously|heavily|gently|again|a bit|a little))?\]",
    re.IGNORECASE,
)
_EDITORIAL = re.compile(
    "sic|recte|ibid|eds?|note|nb|emphasis|redacted|omitted|deleted|unclear|illegible|blank|chorus|verse|bridge|intro"
    "|outro|refrain|hook|pre-?chorus|interlude|instrumental|todo|tbd",
    re.IGNORECASE,
)
_NOTES = frozenset("abcfghijk")
"""Letters that mark notes more often than they end a word, as in `word[s]`."""
MAX_PREFIX = 3
# "[bob](quietly) Come here."
_SPOKEN = re.compile(r"[^\W\d_]{2,40}+")

Kind = Literal["pause", "link", "footnote", "citation", "sound", "name", "voice", "inside", "text"]
"""`name`: of a voice or a word; `inside`: a part of a word."""


class Bracket(NamedTuple):
    """What a bracket is, and where it ends."""

    kind: Kind
    match: re.Match[str]
    name: str = ""
    link: re.Match[str] | None = None
    """Where a name is the text of a link too."""


def bracket_at(text: str, start: int, stop: int, links: Container[str], is_attached: bool) -> Bracket | None:
    """Return what begins at an opening bracket, or the `!` of an image; None if it is text.

    Args:
        links: names that the text defines links for.
        is_attached: whether the bracket stands behind a word or a sign without a space, as marks of notes do.
    """
    return next(_possible(text, start, stop, links, is_attached), None)


def _possible(text: str, start: int, stop: int, links: Container[str], is_attached: bool) -> Iterator[Bracket]:
    """Yield what it may be, the likeliest first."""
    link, name = _LINK.match(text, start, stop), _NAME.match(text, start, stop)
    if link is not None and not (name is not None and _SPOKEN.fullmatch(link["address"])):
        yield Bracket("link", link)
    referred = _REFERRED.match(text, start, stop)
    if referred is not None and (referred["name"] or referred["text"]).casefold() in links:
        yield Bracket("link", referred)
    if pause := _PAUSE.match(text, start, stop):
        yield Bracket("pause", pause)
    if footnote := _FOOTNOTE.match(text, start, stop):
        yield Bracket("footnote", footnote)
    if name is not None and name["name"].lower() == MAIN:
        yield Bracket("voice", name, MAIN)
    is_number = name is not None and name["name"].isdecimal()
    if name is not None and not is_number:
        yield Bracket("name", name, name["name"], link)
    elif is_attached and (citation := _CITATION.match(text, start, stop)):
        yield Bracket("citation", citation)
    if sound := _SOUND.match(text, start, stop):
        yield Bracket("sound", sound)


def kind_without_voice(bracket: Bracket, before: str, after: str) -> Kind | None:
    """Return what a bracket with a name is if no voice has the name; None if that is left open.

    `before`, `after`: the characters beside it; empty where there is none.
    """
    name, written = bracket.name, bracket.match[0]
    is_citation = bool(before.strip() and _CITATION.fullmatch(written)) and (not before.isalnum() or name in _NOTES)
    is_prefix = name.isalpha() and len(name) <= MAX_PREFIX and after.islower()
    kinds: tuple[tuple[Kind, bool], ...] = (
        ("link", bracket.link is not None),
        ("sound", bool(_SOUND.fullmatch(written))),
        ("footnote", not before and name in ("x", "X")),  # a box that is ticked
        ("inside", is_prefix),  # [T]he
        ("citation", is_citation),
        ("inside", name.isalpha() and before.isalnum()),  # word[s]
        ("text", bool(_EDITORIAL.fullmatch(name))),
    )
    return next((kind for kind, holds in kinds if holds), None)
