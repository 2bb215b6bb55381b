"""What SSML's `say-as` asks for, in words: letters and digits one by one, ranks, numbers, dates, telephone numbers.

Knows nothing of tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from voiceclone.text.normalize import can_read, normalize
from voiceclone.text.normalize.spelling import cardinal, one_by_one, ordinal

MAX_CHARS = 1_000
"""Of what is said one by one: a longer text is read as it is."""
_SIGNS = {".": "dot", "-": "dash", "_": "underscore", "@": "at", "/": "slash", "#": "hash", "+": "plus", "&": "and"}
_MAX_DIGITS = 15
_WRITTEN_DATE = re.compile(r"(\d{1,4})\D{1,3}(\d{1,4})(?:\D{1,3}(\d{1,4}))?")
_WHOLE = re.compile(r"\d{8}")
_WHOLE_NUMBER = re.compile(r"[0-9]+|[0-9]{1,3}(?:[,.'’ \u00a0\u202f][0-9]{3}){1,5}")
_ALPHANUMERIC = "alphanumeric"


def spoken(written: str, how: str, detail: str, language: str) -> str:
    """Return what is said for a part of a text; the text itself where it has another form.

    Args:
        how: `sub`, `characters`, `digits`, `ordinal`, `cardinal`, `date` or `telephone`.
        detail: what is said instead, or in which form a date is written, as `dmy`.
        language: of the words, ISO 639-1; one that cannot be read leaves numbers as they are.
    """
    way = _WAYS.get(how)
    said = None if way is None or len(written) > MAX_CHARS else way(written.strip(), detail, language)
    return normalize(written if said is None else said, language)


def _one_by_one(written: str, detail: str, language: str) -> str:
    """Letters, digits and signs; `detail`: nothing more than these two where it says so."""
    return " ".join(filter(None, (_named(c, language) for c in written if detail != _ALPHANUMERIC or c.isalnum())))


def _digits(written: str, detail: str, language: str) -> str:
    return _one_by_one(written, _ALPHANUMERIC, language)


def _rank(written: str, detail: str, language: str) -> str | None:
    number = _whole(written)
    return ordinal(number, language) if number and can_read(language) else None


def _number(written: str, detail: str, language: str) -> str | None:
    number = _whole(written)
    return cardinal(number, language, is_amount=True) if number and can_read(language) else None


def _whole(written: str) -> str | None:
    """Return the digits of a whole number."""
    match = _WHOLE_NUMBER.fullmatch(written)
    digits = re.sub(r"\D", "", written)
    return (digits.lstrip("0") or "0") if match and len(digits) <= _MAX_DIGITS else None


def _named(character: str, language: str) -> str:
    """Return a character as it is spelt out, empty for one that is passed over."""
    if character.isdecimal() and can_read(language):
        return one_by_one(character, language)
    if character.isalnum():
        return character.upper() if len(character.upper()) == 1 else character
    return _SIGNS.get(character, "") if language == "en" else ""


def _telephone(written: str, detail: str, language: str) -> str | None:
    if not can_read(language):
        return None
    groups = [one_by_one(digits, language) for digits in re.findall(r"[0-9]+", written)]
    if groups and written.lstrip().startswith("+"):
        # "plus one" without "one"
        plus = normalize("+1", language).replace(one_by_one("1", language), "").strip()
        groups[0] = f"{plus} {groups[0]}"
    return ", ".join(groups) or None


def _iso(written: str, form: str, language: str) -> str | None:
    """Return a date as `2024-03-05`, None if it is written in no form that is known."""
    match = _WRITTEN_DATE.fullmatch(written)
    parts = [part for part in match.groups() if part] if match else []
    if _WHOLE.fullmatch(written):
        parts = [written[:4], written[4:6], written[6:]] if form in ("", "ymd", "yyyymmdd") else []
        form = "ymd"
    if form in ("yyyymmdd", "") and parts and len(parts[0]) == 4:
        form = "ymd"
    if len(parts) != 3 or sorted(form) != ["d", "m", "y"]:
        return None
    found = dict(zip(form, parts, strict=True))
    year = found["y"] if len(found["y"]) == 4 else f"20{found['y']:0>2}"
    return f"{year}-{found['m']:0>2}-{found['d']:0>2}"


_WAYS: dict[str, Callable[[str, str, str], str | None]] = {
    "sub": lambda written, detail, language: detail,
    "characters": _one_by_one,
    "digits": _digits,
    "ordinal": _rank,
    "cardinal": _number,
    "date": _iso,
    "telephone": _telephone,
}
