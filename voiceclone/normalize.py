"""Numbers as they are said: digits become words. Pure functions.

Knows nothing of voices or vocabularies. The words are num2words'; here is only which kind of number stands in the text.
English is read with its years, times, ordinals, percentages and currencies, other languages with plain numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ENGLISH = "en"
MAX_DIGITS = 12
"""A longer number is an account or a serial number, and read digit by digit."""
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_DIGITS = re.compile(r"\d+")
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}
_YEARS = (range(1100, 2000), range(2010, 2100))
# Not within a version, an address or a word: what is left of those is read number by number.
_START, _END = r"(?<![\w.,:])", r"(?!\w|[.,:]\d)"
_GROUPED = r"\d{1,3}(?:,\d{3})+|\d+"
_TIME = re.compile(rf"{_START}([01]?\d|2[0-3]):([0-5]\d)(?: ?([ap])\.?m\b|{_END})", re.IGNORECASE)
_ORDINAL = re.compile(rf"{_START}({_GROUPED})(?:st|nd|rd|th)\b", re.IGNORECASE)
_MONEY = re.compile(rf"{_START}([$€£])({_GROUPED})(\.\d+)?( (?:thousand|million|billion|trillion)\b)?{_END}")
_NUMBER = re.compile(rf"{_START}(?P<minus>[-−])?(?P<whole>{_GROUPED})(?P<fraction>\.\d+)?(?P<percent> ?%)?{_END}")


def can_spell(language: str) -> bool:
    """Whether numbers can be said in a language (ISO 639-1)."""
    from num2words import CONVERTER_CLASSES

    return language in CONVERTER_CLASSES


def spell_numbers(text: str, language: str) -> str:
    """Clean text with its numbers as words of a language (ISO 639-1) that `can_spell` knows.

    Text in Chinese characters is left alone: what number words they go with depends on what is counted.
    """
    if _HAN.search(text) or not _DIGITS.search(text):
        return text
    say = _speaker(language)
    if language == ENGLISH:
        text = _TIME.sub(lambda m: _clock(int(m[1]), m[2], m[3], say), text)
        text = _ORDINAL.sub(lambda m: _ordinal(m[1].replace(",", ""), say), text)
        text = _MONEY.sub(lambda m: _money(m, say), text)
        text = _NUMBER.sub(lambda m: _number(m, say), text)
    # What is glued to letters or signs is set apart from them.
    text = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text)
    return _DIGITS.sub(lambda m: _digits(m[0], say), text)


def _speaker(language: str) -> Callable[..., str]:
    from num2words import num2words

    def say(number: float | str, **how: Any) -> str:
        # Its commas are for the eye; to the model they are pauses.
        return str(num2words(number, lang=language, **how)).replace(",", "")

    return say


def _digits(digits: str, say: Callable[..., str]) -> str:
    """A whole number; one that is no amount, or too large for the language, digit by digit."""
    if len(digits) <= MAX_DIGITS and (len(digits) == 1 or int(digits[0]) != 0):
        with suppress(OverflowError, NotImplementedError):
            return say(int(digits))
    return " ".join(say(int(digit)) for digit in digits)


def _number(match: re.Match[str], say: Callable[..., str]) -> str:
    written = match["whole"]
    if written == match[0] and len(written) == 4 and any(int(written) in years for years in _YEARS):
        return say(int(written), to="year")
    words = _digits(written.replace(",", ""), say) + _fraction(match["fraction"], say)
    return ("minus " if match["minus"] else "") + words + (" percent" if match["percent"] else "")


def _fraction(fraction: str | None, say: Callable[..., str]) -> str:
    return f" point {' '.join(say(int(digit)) for digit in fraction[1:])}" if fraction else ""


def _ordinal(digits: str, say: Callable[..., str]) -> str:
    return say(int(digits), to="ordinal") if len(digits) <= MAX_DIGITS else _digits(digits, say)


def _clock(hour: int, minute: str, half: str | None, say: Callable[..., str]) -> str:
    if half:
        half = f" {half.lower()} m"
    if minute != "00":
        return f"{say(hour)} {'oh ' if minute[0] == '0' else ''}{say(int(minute))}{half or ''}"
    if half:
        return f"{say(hour)}{half}"
    return f"{say(hour)} o'clock" if 0 < hour <= 12 else f"{say(hour)} hundred hours"


def _money(match: re.Match[str], say: Callable[..., str]) -> str:
    sign, whole, cents, thousands = match.groups()
    digits = whole.replace(",", "")
    currency = _CURRENCIES[sign]
    if thousands or len(digits) > MAX_DIGITS or (cents and len(cents) != 3):
        # The unit stands behind all of it, in the plural: "1.5 million dollars".
        unit = say("2.00", to="currency", currency=currency, separator="|").partition("|")[0].partition(" ")[2]
        return f"{_digits(digits, say)}{_fraction(cents, say)}{thousands or ''} {unit}"
    if cents is None or not int(cents[1:]):
        # num2words would say "and zero cents".
        return say(f"{digits}.00", to="currency", currency=currency, separator="|").partition("|")[0]
    return say(f"{digits}{cents}", to="currency", currency=currency, separator=" and")
