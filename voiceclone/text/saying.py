"""What SSML's `say-as` asks for, in words: letters and digits one by one, ranks, numbers, dates, telephone numbers.

Knows nothing of tags.
"""

from __future__ import annotations

import re

from voiceclone.text.normalize import can_read, normalize
from voiceclone.text.normalize.spelling import cardinal, one_by_one, ordinal

MAX_CHARS = 1_000
"""Of what is said one by one: a longer text is read as it is."""
_SIGNS = {".": "dot", "-": "dash", "_": "underscore", "@": "at", "/": "slash", "#": "hash", "+": "plus", "&": "and"}
_MAX_DIGITS = 15
_WRITTEN_DATE = re.compile(r"(\d{1,4})\D{1,3}(\d{1,4})(?:\D{1,3}(\d{1,4}))?")
_WHOLE = re.compile(r"\d{8}")


def spoken(written: str, how: str, detail: str, language: str) -> str:
    """Return what is said for a part of a text; the text itself where it has another form.

    Args:
        how: `sub`, `characters`, `digits`, `ordinal`, `cardinal`, `date` or `telephone`.
        detail: what is said instead, or in which form a date is written, as `dmy`.
        language: of the words, ISO 639-1; one that cannot be read leaves numbers as they are.
    """
    if len(written) > MAX_CHARS:
        return normalize(written, language)
    digits = re.sub(r"[\s,.'’]", "", written)
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS
    match how:
        case "sub":
            return normalize(detail, language)
        case "characters":
            return " ".join(filter(None, (_named(c, language) for c in written)))
        case "digits":
            return " ".join(filter(None, (_named(c, language) for c in written if c.isalnum())))
        case "ordinal" if is_number and can_read(language):
            return ordinal(digits, language)
        case "cardinal" if is_number and can_read(language) and digits == re.sub(r"[\s,'’]", "", written):
            return cardinal(digits.lstrip("0") or "0", language, is_amount=True)
        case "telephone" if can_read(language):
            return _telephone(written, language) or normalize(written, language)
        case "date":
            return normalize(_iso(written.strip(), detail) or written, language)
    return normalize(written, language)


def _named(character: str, language: str) -> str:
    """A character as it is spelt out, empty for one that is passed over."""
    if character.isdecimal() and can_read(language):
        return one_by_one(character, language)
    if character.isalnum():
        return character.upper() if len(character.upper()) == 1 else character
    return _SIGNS.get(character, "") if language == "en" else ""


def _telephone(written: str, language: str) -> str:
    groups = [one_by_one(digits, language) for digits in re.findall(r"[0-9]+", written)]
    if groups and written.lstrip().startswith("+"):
        # "plus one" without "one"
        plus = normalize("+1", language).replace(one_by_one("1", language), "").strip()
        groups[0] = f"{plus} {groups[0]}"
    return ", ".join(groups)


def _iso(written: str, form: str) -> str | None:
    """A date as `2024-03-05`, None if it is written in no form that is known."""
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
