"""Secrets are taken out of what a person or a log is told.

Knows nothing of where it is told. A secret is known by its variable's name; the queries of addresses, which may be
signatures, are hidden as well.
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
_QUERY = re.compile(r"(https?://[^\s?\"'<>\\]+|/[^\s?\"'<>\\]*)\?[^\s\"'<>\\]+", re.IGNORECASE)
_USER = re.compile(r"(\w://)[^\s/@\"'<>\\]+@")


def hider(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes secrets out of a line, however they are quoted there."""
    values = {v.strip() for name, v in environ.items() if _SECRET_NAME.search(name) and len(v.strip()) >= MIN_SECRET}
    quoted = {form for value in values for form in _written(value)}
    # The longest first: one secret may be the beginning of another.
    secrets = re.compile("|".join(map(re.escape, sorted(quoted, key=len, reverse=True)))) if quoted else None

    def hide(line: str) -> str:
        line = _USER.sub(rf"\1{HIDDEN}@", _QUERY.sub(rf"\1?{HIDDEN}", line))
        return secrets.sub(HIDDEN, line) if secrets else line

    return hide


def _written(value: str) -> tuple[str, ...]:
    """All the ways in which a text stands in a line."""
    in_json = (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    return value, quote(value), quote(value, safe=""), *(text[1:-1] for text in in_json)
