"""Addresses of the web and of mail, as they are read out. Pure functions.

Knows no language: it is given the words for the signs. The scheme is left out, as everybody does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from voiceclone.text.normalize.rules import Rule

# Without those that are words as well: a space may be missing behind a full stop.
_DOMAINS = "com|org|net|edu|gov|mil|int|io|ai|app|dev|info|biz|co|tv|eu|uk|de|fr|fi|lv|ru|jp|cn|ca|au|ch"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_PLACE = r"(?:[/?#][!-;=?-~]{0,500}(?<![.,:;!?'\")\]*]))?"
_MAIL = re.compile(
    rf"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_][A-Za-z0-9_.+-]{{0,63}}@(?:{_NAME}\.){{1,4}}[A-Za-z]{{2,20}}(?![A-Za-z0-9_@-])"
)
_SITE = re.compile(
    rf"(?<![A-Za-z0-9_.@/-])(?:(?i:https?|ftp)://(?P<site>{_NAME}(?:\.{_NAME}){{0,4}}(?::\d{{1,5}})?{_PLACE})"
    rf"|(?P<bare>(?:www\.(?:{_NAME}\.){{1,3}}[A-Za-z]{{2,20}}|(?:{_NAME}\.){{1,4}}(?:{_DOMAINS})){_PLACE})(?![A-Za-z0-9_@-]))",
)
_PART = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]")


def address_rules(signs: Mapping[str, str], number: Callable[[str], str]) -> tuple[Rule, Rule]:
    """Rules for mail and web addresses.

    Args:
        signs: the words for what stands between letters, as `.` and `@`; signs without one are passed over.
        number: says digits.
    """

    def spoken(address: str) -> str:
        words = []
        for part in _PART.findall(address.rstrip("/")):
            if part.isdecimal():
                words.append(number(part) if len(part) <= 4 else " ".join(map(number, part)))
            elif part.isalpha():
                words.append(part.lower())
            elif part in signs:
                words.append(signs[part])
        return " ".join(words)

    return (
        Rule(_MAIL, lambda match: spoken(match[0])),
        Rule(_SITE, lambda match: spoken(match["site"] or match["bare"])),
    )
