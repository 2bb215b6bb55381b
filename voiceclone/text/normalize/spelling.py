"""Numbers, amounts, units and dates in the words of a language, by libraries made for it. Pure functions.

Knows nothing of the text they stand in. Numbers are num2words2's, which speaks every language that a registered model
does, where num2words lacks Chinese and Hindi. Names of units, months and rarer currencies are Babel's: Unicode's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache

MAX_DIGITS = 6
"""A longer number that is neither grouped nor round is an account or a serial number, and read digit by digit."""
MAX_AMOUNT_DIGITS = 15
"""A longer amount is read digit by digit as well."""
# Of other languages num2words2 reads decimals.
_POINT = {
    "en": "point", "de": "Komma", "fr": "virgule", "es": "coma", "it": "virgola", "fi": "pilkku", "lv": "komats",
    "ar": "فاصلة", "hi": "दशमलव", "zh": "点", "ja": "点",
}  # fmt: skip
_UNSPACED = ("zh", "ja")
# num2words2 takes every currency for the riyal in Arabic, and puts the name in front in Chinese.
_BABEL_MONEY = ("ar", "ja", "zh")
# Units that Babel has no long name for, or one that nobody says.
_UNITS = {
    ("ar", "concentr-percent"): "{} بالمئة",
    ("ar", "angle-degree"): "{} درجة",
    ("en", "acceleration-meter-per-square-second"): "{} meters per second squared",
    ("hi", "angle-degree"): "{} डिग्री",
    ("ja", "angle-degree"): "{}度",
    ("ja", "temperature-celsius"): "{}度",
    ("zh", "concentr-percent"): "百分之{}",
    ("zh", "concentr-permille"): "千分之{}",
    ("zh", "pressure-hectopascal"): "{}百帕",
    ("zh", "pressure-kilopascal"): "{}千帕",
    ("zh", "pressure-megapascal"): "{}兆帕",
    ("zh", "mole-per-liter"): "每升{}摩尔",
    ("ja", "mole-per-liter"): "{}モル毎リットル",
    ("zh", "pixel"): "{}像素",
    ("ja", "pixel"): "{}ピクセル",
    ("zh", "revolution-per-minute"): "每分钟{}转",
    ("ja", "revolution-per-minute"): "毎分{}回転",
    ("zh", "mass-kilogram"): "{}公斤",
    ("zh", "power-watt"): "{}瓦",
    ("zh", "electric-volt"): "{}伏",
    ("zh", "sound-decibel"): "{}分贝",
    ("ja", "sound-decibel"): "{}デシベル",
    ("zh", "charge-milliampere-hour"): "{}毫安时",
    ("ja", "charge-milliampere-hour"): "{}ミリアンペアアワー",
}
UNITS = {
    "km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter", "mm": "length-millimeter",
    "µm": "length-micrometer", "μm": "length-micrometer", "nm": "length-nanometer", "mi": "length-mile",
    "ft": "length-foot", "yd": "length-yard", "km²": "area-square-kilometer", "m²": "area-square-meter",
    "cm²": "area-square-centimeter", "ft²": "area-square-foot", "sq ft": "area-square-foot", "m2": "area-square-meter",
    "km2": "area-square-kilometer", "m³": "volume-cubic-meter", "m3": "volume-cubic-meter", "ha": "area-hectare",
    "cm³": "volume-cubic-centimeter", "l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter",
    "mL": "volume-milliliter", "cl": "volume-centiliter", "dl": "volume-deciliter", "gal": "volume-gallon",
    "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram", "µg": "mass-microgram", "μg": "mass-microgram",
    "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "km/h": "speed-kilometer-per-hour",
    "kmh": "speed-kilometer-per-hour", "kph": "speed-kilometer-per-hour", "mph": "speed-mile-per-hour",
    "m/s": "speed-meter-per-second", "m/s²": "acceleration-meter-per-square-second",
    "m/s^2": "acceleration-meter-per-square-second", "m/s2": "acceleration-meter-per-square-second",
    "°C": "temperature-celsius", "º C": "temperature-celsius", "° C": "temperature-celsius",
    "ºC": "temperature-celsius", "℃": "temperature-celsius",
    "°F": "temperature-fahrenheit", "° F": "temperature-fahrenheit", "ºF": "temperature-fahrenheit",
    "℉": "temperature-fahrenheit", "°": "angle-degree", "%": "concentr-percent", "‰": "concentr-permille",
    "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte",
    "TB": "digital-terabyte", "PB": "digital-petabyte", "Hz": "frequency-hertz", "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz", "W": "power-watt", "kW": "power-kilowatt",
    "MW": "power-megawatt", "GW": "power-gigawatt", "kWh": "energy-kilowatt-hour", "kcal": "energy-kilocalorie",
    "kJ": "energy-kilojoule", "V": "electric-volt", "mA": "electric-milliampere", "Ω": "electric-ohm",
    "dB": "sound-decibel", "mAh": "charge-milliampere-hour", "mW": "power-milliwatt",
    "µs": "duration-microsecond", "μs": "duration-microsecond", "ns": "duration-nanosecond",
    "dL": "volume-deciliter", "cL": "volume-centiliter", "mmHg": "pressure-millimeter-ofhg", "Pa": "pressure-pascal",
    "Mbit": "digital-megabit", "Gbit": "digital-gigabit", "kbit": "digital-kilobit", "Mb": "digital-megabit",
    "Gb": "digital-gigabit", "MPa": "pressure-megapascal", "mbar": "pressure-millibar",
    "hPa": "pressure-hectopascal", "kPa": "pressure-kilopascal", "psi": "pressure-pound-force-per-square-inch",
    "㎡": "area-square-meter", "㎥": "volume-cubic-meter", "㎏": "mass-kilogram", "㎞": "length-kilometer",
    "㎝": "length-centimeter", "㎜": "length-millimeter",
    "ms": "duration-millisecond", "s": "duration-second", "sec": "duration-second", "min": "duration-minute",
    "h": "duration-hour", "hr": "duration-hour", "hrs": "duration-hour", "px": "graphics-pixel",
}  # fmt: skip
"""Unicode's name of a unit, by its symbol."""
CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY",
              "₦": "NGN", "₱": "PHP", "₫": "VND", "₴": "UAH", "₪": "ILS"}  # fmt: skip
CODES = (
    "USD", "EUR", "GBP", "JPY", "INR", "RUB", "CNY", "CHF", "CAD", "AUD", "NZD", "HKD", "KRW", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "SGD", "THB", "PKR", "LKR", "NGN", "PHP", "UAH", "TWD",
)  # fmt: skip


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern for any of these strings, of several that fit the longest."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@lru_cache(maxsize=4096)
def say(number: int | str, language: str, to: str = "cardinal", currency: str = "") -> str:
    """num2words2's words, without the commas that are for the eye: to a model they are pauses. The number: no words."""
    import num2words2

    speak: Callable[..., str] = num2words2.num2words
    how = {"currency": currency, "separator": "|"} if currency else {}
    try:
        words = speak(number, lang=language, to=to, **how)
    # What it raises where a number or a form is beyond it differs from language to language.
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return str(number)
    except num2words2.NumberTooLargeError:
        return str(number)
    words = re.sub(r" *[,،]", "", words)
    # "लाख" of one: one says how many.
    return f"एक {words}" if language == "hi" and words.split(" ")[0] in ("सौ", "लाख") else words


def is_spoken(language: str) -> bool:
    """Whether there are number words in a language (ISO 639-1)."""
    return bool(re.fullmatch("[a-z]{2,3}", language)) and not _has_digits(say(1, language))


def _has_digits(words: str) -> bool:
    return any(c.isdecimal() for c in words)


def one_by_one(digits: str, language: str) -> str:
    """Return a number digit by digit."""
    return ("" if language in _UNSPACED else " ").join(say(int(digit), language) for digit in digits)


def cardinal(digits: str, language: str, is_amount: bool = False) -> str:
    """Return a whole number. `is_amount`: something is counted, so that it is no account or serial number."""
    is_round = is_amount or digits.endswith("000")
    if len(digits) > (MAX_AMOUNT_DIGITS if is_round else MAX_DIGITS) or (len(digits) > 1 and digits[0] == "0"):
        return one_by_one(digits, language)
    words = say(int(digits), language)
    return one_by_one(digits, language) if len(digits) > 1 and _has_digits(words) else words


def decimal(whole: str, fraction: str, language: str, is_amount: bool = False) -> str:
    """Return a number by its digits before and behind the decimal sign; either may be none."""
    if not fraction:
        return cardinal(whole, language, is_amount)
    if point := _POINT.get(language):
        space = "" if language in _UNSPACED else " "
        words = [cardinal(whole, language, is_amount)] if whole else []
        return space.join([*words, point, one_by_one(fraction, language)])
    words_of_both = say(f"{whole or 0}.{fraction}", language)
    if len(whole + fraction) <= MAX_AMOUNT_DIGITS and not _has_digits(words_of_both):
        return words_of_both
    return f"{cardinal(whole or '0', language, is_amount)} {one_by_one(fraction, language)}"


def ordinal(digits: str, language: str) -> str:
    """Return the number as a rank; as it is where the language's ranks are not known."""
    words = say(int(digits), language, "ordinal") if len(digits) <= MAX_AMOUNT_DIGITS else digits
    return cardinal(digits, language) if _has_digits(words) else words


def year(digits: str, language: str) -> str:
    return say(int(digits), language, "year")


def measured(words: str, count: str, unit: str, language: str) -> str | None:
    """Return an amount with its unit in the form that goes with it; None where the language's name of it is not known.

    Args:
        words: the amount as it is said.
        count: the last number of it, as `1.5`: it decides the form.
        unit: Unicode's name, one of the values of UNITS.
    """
    pattern = _unit_pattern(count[:MAX_AMOUNT_DIGITS], unit, language)
    return pattern and pattern.replace("{}", words)


@lru_cache(maxsize=1024)
def _unit_pattern(count: str, unit: str, language: str) -> str | None:
    from babel import UnknownLocaleError
    from babel.numbers import format_decimal
    from babel.units import format_unit

    if (language, unit) in _UNITS:
        return _UNITS[language, unit]
    number = Decimal(count)
    try:
        named = format_unit(number, unit, "long", locale=language)
        # Babel shows its own key where it has no such name; the short one is a word then as well.
        named = format_unit(number, unit, "short", locale=language) if unit in named else named
        shown = format_decimal(number, locale=language)
    except (UnknownLocaleError, ValueError):
        return None
    space = "" if language in _UNSPACED else " "
    return space.join(named.replace(shown, "{}").split())


def money(whole: str, fraction: str, code: str, language: str) -> str | None:
    """Return an amount of a currency (ISO 4217); None where the language's name of it is not known.

    Two decimals are coins, other numbers of them are decimals of the unit.
    """
    amount = decimal(whole, fraction, language, is_amount=True)
    count = f"{whole or 0}.{fraction}".rstrip(".")
    if len(fraction) not in (0, 2) or len(whole) > MAX_AMOUNT_DIGITS or not whole or language in _BABEL_MONEY:
        return currency_unit(amount, count, code, language)
    notes, _, coins = _money(f"{whole}.{fraction or '00'}", code, language).partition("|")
    if _has_digits(notes + coins):
        return currency_unit(amount, count, code, language)
    if not int(fraction or 0):
        return notes
    if not int(whole):
        return coins.strip()
    joint = {"en": " and", "de": " und", "fr": " et", "es": " con", "it": " e", "pt": " e", "fi": " ja"}.get(
        language, ""
    )
    return f"{notes}{joint}{coins}"


def currency_unit(amount: str, count: str, code: str, language: str) -> str | None:
    """Words of an amount with the currency's name, in the form that goes with `count`."""
    from babel import UnknownLocaleError
    from babel.numbers import get_currency_name

    # The library has only whole units: of 1.5 there are as many as of 2.
    whole = count if count.isdecimal() and len(count) <= MAX_AMOUNT_DIGITS else "2"
    words = say(int(whole), language)
    notes = _money(f"{whole}.00", code, language).partition("|")[0]
    if notes.startswith(f"{words} ") and language not in _BABEL_MONEY:
        return amount + notes[len(words) :]
    try:
        name = get_currency_name(code, Decimal(count[:MAX_AMOUNT_DIGITS]), locale=language)
    except UnknownLocaleError:
        return None
    return f"{amount}{'' if language in _UNSPACED else ' '}{name}"


def _money(amount: str, code: str, language: str) -> str:
    words = say(amount, language, "currency", code)
    for one, before in (("eins", "ein"), ("uno", "un")) if language in ("de", "it") else ():
        words = re.sub(rf"(?<!\w){one} (?=\w)", f"{before} ", words)
    return words


def long_date(year: str, month: str, day: str, language: str) -> str | None:
    """Return a date as it is written out, its numbers in digits: `5. März 2024`. None for one that there is not."""
    from babel import UnknownLocaleError
    from babel.dates import format_date

    try:
        return " ".join(format_date(date(int(year), int(month), int(day)), "long", locale=language).split())
    except (UnknownLocaleError, ValueError):
        return None


def roman(numeral: str) -> str:
    """Return the digits of a numeral in capitals."""
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in numeral]
    return str(sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True)))
