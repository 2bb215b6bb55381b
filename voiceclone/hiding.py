"""Secrets and control characters are taken out of what a person or a log is told.

Knows nothing of where it is told. A secret is known by its variable's name; of an address only the host is left, for
its user, path, query and fragment may be secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

MIN_SECRET = 8
"""Characters. A shorter value is a word that may stand anywhere."""
HIDDEN = "(hidden)"
ESCAPES = {
    code: json.dumps(chr(code))[1:-1] if code != 0x7F else "\\u007f"
    for first, last in (
        *((0, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069)),
        (0xD800, 0xDFFF),
    )
    for code in range(first, last + 1)
}
"""Control characters (C0, C1), line breaks, marks that turn the direction of writing, and halves of a pair of UTF-16,
which no file takes: each as JSON writes it."""
_BLANKS = {code: " " if chr(code).isspace() else None for code in ESCAPES}
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.IGNORECASE)
# As JSON, percent signs and HTML write them, however often.
_COLON = r"(?::|%(?:25){0,9}3a|\\{1,9}u003a|&(?:#0{0,5}58|#x0{0,5}3a|colon);)"
_PAIR = r"(?:\\{0,9}/\\{0,9}/)"
_SLASH = r"(?:%(?:25){0,9}(?:2f|5c)|\\{1,9}u00(?:2f|5c)|&(?:#0{0,5}(?:47|92)|#x0{0,5}(?:2f|5c)|b?sol);)"
# To the end of the line: what is in an address may hold any character, and nobody can say where it ends.
_ADDRESS = re.compile(
    rf"([a-z][a-z0-9+.-]{{0,15}}{_COLON}(?:{_PAIR}|\\{{2,9}}|{_SLASH}{{1,2}})"
    rf"|https?{_COLON}(?:[/\\]|(?=[\w\[]))"  # what people and browsers make of it
    rf"|(?<![\w./\\~-])(?:{_PAIR}|{_SLASH}{{2}}))"  # without a scheme
    r"(?:(?:[^\s/?#@]{0,512}@)?"
    # What is no host as a whole, as a part of a password may be, is hidden with the rest.
    r"((?:\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?"
    r"(?![\w@-]|[.:]\S|(?:%(?:25){0,9}|\\{1,9}u00|&#x?0{0,5})(?:3a|40|58|64)|&co))"
    r"(?:[/?#\\@%&][^\n]*)?|\S[^\n]*)?",
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
    host = address[1] + (address[2] or "")
    return host if host == address[0] else host + HIDDEN


def printable(text: str) -> str:
    """Return the text in one line, with escapes for characters that move a cursor, a line or the reading order."""
    return text.translate(ESCAPES)


def plain(value: Any) -> Any:
    """Return a text, or the texts anywhere in a value of JSON, each in one line without such characters."""
    if isinstance(value, str):
        return value.translate(_BLANKS)
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def _written(value: str) -> tuple[str, ...]:
    """Return all the ways in which a text stands in a line."""
    in_json = (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    return value, quote(value), quote(value, safe=""), *(text[1:-1] for text in in_json)
