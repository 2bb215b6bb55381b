"""Rewriting text by rules that tell what they changed. Pure functions.

Knows no language. A rule is a pattern and a function that says what its match is read as; the first rule to claim a
stretch of text has it, and all rules together read a text once, in time linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voiceclone.text import is_wide

WIDE = "\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
"""Scripts without spaces, as ranges of a pattern's set."""
_LETTER = re.compile(rf"[^\W{WIDE}]")


@dataclass(frozen=True)
class Edit:
    """What stands between two positions of a text, and what is said instead."""

    start: int
    stop: int
    spoken: str


@dataclass(frozen=True)
class Rule:
    """Matches of `pattern` are read as `read` says; None leaves them to the rules behind.

    If the pattern has a group `only`, that part alone is replaced, and what is around it is context.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]


def edits(text: str, rules: Iterable[Rule]) -> list[Edit]:
    """Return what the rules change in a text, in the order of the text, without overlaps."""
    claimed = bytearray(len(text))
    found = []
    for rule in rules:
        group = "only" if "only" in rule.pattern.groupindex else 0
        for match in rule.pattern.finditer(text):
            start, stop = match.span(group)
            if any(claimed[start:stop]) or (spoken := rule.read(match)) is None:
                continue
            claimed[start:stop] = b"\1" * (stop - start)
            found.append(Edit(start, stop, spoken))
    return sorted(found, key=lambda edit: edit.start)


def applied(text: str, changes: Iterable[Edit]) -> str:
    """Return the text as it is said: words that come to touch are set apart, in scripts that write spaces."""
    parts: list[str] = []
    position = 0
    for edit in changes:
        parts += [text[position : edit.start], edit.spoken]
        position = edit.stop
    parts.append(text[position:])
    spaced: list[str] = []
    for part in filter(None, parts):
        if spaced and would_touch(spaced[-1], part):
            spaced.append(" ")
        spaced.append(part)
    return "".join(spaced)


def rewritten(text: str, rules: Iterable[Rule]) -> str:
    """Return the text as it is said by these rules."""
    return applied(text, edits(text, rules))


def would_touch(before: str, behind: str) -> bool:
    """Whether two texts would make one word, side by side."""
    return all(unicodedata.category(c)[0] in "LNM" and not is_wide(c) for c in (before[-1], behind[0]))


def is_letter(character: str) -> bool:
    """Whether it is a letter or digit of a script with spaces."""
    return _LETTER.match(character) is not None
