r"""What stands in brackets: a pause, a link, a note for the eye, a sound, or a name. Pure functions.

Knows nothing of which voices there are.
"""

from __future__ import annotations

import re
from collections.abc import Container
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
    r"\[(?:(?:soft|nervous|loud|gentle|heavy|deep|evil)(?:ly)? )?(?:laugh(?:s|ing|ter)?|chuckl(?:e|es|ing)|giggl(?:e|es|ing)"
    r"|sigh(?:s|ing)?|gasp(?:s|ing)?|whisper(?:s|ing|ed)?|shout(?:s|ing)?|cough(?:s|ing)?|sniff(?:s|les)?|sob(?:s|bing)?"
    r"|cr(?:ies|ying)|groan(?:s|ing)?|moan(?:s|ing)?|yawn(?:s|ing)?|breath(?:es|ing)?|inhal(?:e|es|ing)|exhal(?:e|es|ing)"
    r"|clears(?: \w{2,5})? throat|throat clearing|music|applause|clapping|cheering|silence|sings|singing|gulp(?:s)?"
    r"|snor(?:e|es|ing)|inaudible|crosstalk|background noise|sound effect|sfx|lachen|lacht|seufzt|rires?|risas|笑|笑声)\]",
    re.IGNORECASE,
)
_EDITORIAL = frozenset(
    [
        "sic",
        "recte",
        "ibid",
        "ed",
        "eds",
        "note",
        "nb",
        "emphasis",
        "redacted",
        "omitted",
        "deleted",
        "unclear",
        "illegible",
        "blank",
        "chorus",
        "verse",
        "bridge",
        "intro",
        "outro",
        "refrain",
        "hook",
        "prechorus",
        "pre-chorus",
        "interlude",
        "instrumental",
        "todo",
        "tbd",
        "x",
    ]
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
    link = _LINK.match(text, start, stop)
    name = _NAME.match(text, start, stop)
    if link is not None and not (name is not None and _SPOKEN.fullmatch(link["address"])):
        return Bracket("link", link)
    referred = _REFERRED.match(text, start, stop)
    if referred is not None and (referred["name"] or referred["text"]).casefold() in links:
        return Bracket("link", referred)
    if pause := _PAUSE.match(text, start, stop):
        return Bracket("pause", pause)
    if footnote := _FOOTNOTE.match(text, start, stop):
        return Bracket("footnote", footnote)
    if name is not None and name["name"].lower() == MAIN:
        return Bracket("voice", name, MAIN)
    citation = _CITATION.match(text, start, stop)
    if citation is not None and is_attached and (name is None or name["name"].isdecimal()):
        return Bracket("citation", citation)
    if name is not None and not name["name"].isdecimal():
        return Bracket("name", name, name["name"], link)
    sound = _SOUND.match(text, start, stop)
    return None if sound is None else Bracket("sound", sound)


def kind_without_voice(bracket: Bracket, before: str, after: str) -> Kind | None:
    """Return what a bracket with a name is if no voice has the name; None if that is left open.

    `before`, `after`: the characters beside it; empty where there is none.
    """
    name, written = bracket.name, bracket.match[0]
    if bracket.link is not None:
        return "link"
    if _SOUND.fullmatch(written):
        return "sound"
    if not before and name in ("x", "X"):
        return "footnote"  # a box that is ticked
    if name.isalpha() and len(name) <= MAX_PREFIX and after.islower():
        return "inside"  # [T]he
    if before.strip() and _CITATION.fullmatch(written) and (not before.isalnum() or name in _NOTES):
        return "citation"
    if name.isalpha() and before.isalnum():
        return "inside"  # word[s]
    return "text" if name.lower() in _EDITORIAL else None
