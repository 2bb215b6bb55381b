"""Secrets and control characters are taken out of what a person or a log is told.

Knows nothing of where it is told. A secret is known by its variable's name; of an address only the host is left, for
its user, path, query and fragment may be secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

MIN_SECRET = 8
"""Characters. A shorter value is a word that may stand anywhere."""
HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.IGNORECASE)
# To the end of the line: what is in an address may hold any character, and nobody can say where it ends.
_ADDRESS = re.compile(
    r"([a-z][a-z0-9+.-]{0,15}://)(?:[^\s/?#@]{0,512}@)?"
    # What is no host as a whole, as a part of a password may be, is hidden with the rest.
    r"((?:\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?(?![\w@-]|[.:]\S)|)(?:[/?#\\@%][^\n]*|(?<=//)\S[^\n]*)?",
    re.IGNORECASE,
)
_URL = re.compile(r"\b(url: )/[^\n]*", re.IGNORECASE)
_QUERY = re.compile(r"(/[^\s/?]{0,255}\?)[^\n]+")


def hider(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that takes secrets out of a line, however they are quoted there."""
    values = {v.strip() for name, v in environ.items() if _SECRET_NAME.search(name) and len(v.strip()) >= MIN_SECRET}
    quoted = {form for value in values for form in _written(value)}
    # The longest first: one secret may be the beginning of another.
    secrets = re.compile("|".join(map(re.escape, sorted(quoted, key=len, reverse=True)))) if quoted else None

    def hide(line: str) -> str:
        return secrets.sub(HIDDEN, line) if secrets else line

    return hide


def without_addresses(text: str) -> str:
    """Return the text with nothing of its addresses but their hosts."""
    text = _ADDRESS.sub(_host_of, text)
    return _QUERY.sub(rf"\1{HIDDEN}", _URL.sub(rf"\1{HIDDEN}", text))


def _host_of(address: re.Match[str]) -> str:
    host = address[1] + address[2]
    return host if host == address[0] else host + HIDDEN


def printable(text: str) -> str:
    """Return the text in one line, with escapes for characters that move a cursor, a line or the reading order."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _written(value: str) -> tuple[str, ...]:
    """Return all the ways in which a text stands in a line."""
    in_json = (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    return value, quote(value), quote(value, safe=""), *(text[1:-1] for text in in_json)
