"""Numbers as they are said: digits become words. Pure functions.

Knows nothing of voices or vocabularies. The words are num2words'; here is only which kind of number stands in the text.
English is read with its years, times, ordinals, percentages and currencies, other languages with plain numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
_TIME = re.compile(rf"{_START}([01]?\d|2[0-3]):([0-5]\d){_END}")
_ORDINAL = re.compile(rf"{_START}({_GROUPED})(?:st|nd|rd|th)\b", re.IGNORECASE)
_MONEY = re.compile(rf"{_START}([$€£])({_GROUPED})(\.\d\d)?{_END}")
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
        text = _TIME.sub(lambda m: _clock(int(m[1]), m[2], say), text)
        text = _ORDINAL.sub(lambda m: say(_integer(m[1]), to="ordinal"), text)
        text = _MONEY.sub(lambda m: _money(m[1], m[2], m[3], say), text)
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


def _integer(grouped: str) -> int:
    return int(grouped.replace(",", ""))


def _digits(digits: str, say: Callable[..., str]) -> str:
    """A whole number; one that is no amount, digit by digit."""
    if len(digits) > MAX_DIGITS or (len(digits) > 1 and int(digits[0]) == 0):
        return " ".join(say(int(digit)) for digit in digits)
    return say(int(digits))


def _number(match: re.Match[str], say: Callable[..., str]) -> str:
    whole = match["whole"].replace(",", "")
    plain = match["whole"] == match[0]
    if plain and len(whole) == 4 and any(int(whole) in years for years in _YEARS):
        return say(int(whole), to="year")
    words = _digits(whole, say)
    if match["fraction"]:
        words += " point " + " ".join(say(int(digit)) for digit in match["fraction"][1:])
    return ("minus " if match["minus"] else "") + words + (" percent" if match["percent"] else "")


def _clock(hour: int, minute: str, say: Callable[..., str]) -> str:
    if minute == "00":
        return f"{say(hour)} o'clock" if 0 < hour <= 12 else f"{say(hour)} hundred hours"
    return f"{say(hour)} {'oh ' if minute[0] == '0' else ''}{say(int(minute))}"


def _money(sign: str, whole: str, cents: str | None, say: Callable[..., str]) -> str:
    amount = _integer(whole)
    if cents is None or not int(cents[1:]):
        # num2words would say "and zero cents".
        return say(f"{amount}.00", to="currency", currency=_CURRENCIES[sign], separator="|").partition("|")[0]
    return say(f"{amount}{cents}", to="currency", currency=_CURRENCIES[sign], separator=" and")
