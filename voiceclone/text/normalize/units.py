"""Units of measurement by their symbols, with the names that Unicode and a style have for them."""

from __future__ import annotations

import re

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.style import Style

_MOLAR = "mol"
UNITS = {
    **spelling.UNITS,
    "m/s²": "acceleration-meter-per-square-second", "m/s2": "acceleration-meter-per-square-second",
    "mol": "concentr-mole", "mol/l": _MOLAR, "mol/L": _MOLAR,
    "mmol/l": "concentr-millimole-per-liter", "mmol/L": "concentr-millimole-per-liter",
    "kbit/s": "digital-kilobit/duration-second", "kbps": "digital-kilobit/duration-second",
    "Mbit/s": "digital-megabit/duration-second", "Mbps": "digital-megabit/duration-second",
    "Mb/s": "digital-megabit/duration-second", "Gbit/s": "digital-gigabit/duration-second",
    "Gbps": "digital-gigabit/duration-second", "MB/s": "digital-megabyte/duration-second",
    "GB/s": "digital-gigabyte/duration-second", "kg/m³": "mass-kilogram/volume-cubic-meter",
    "g/l": "mass-gram/volume-liter", "mg/l": "mass-milligram/volume-liter", "mg/kg": "mass-milligram/mass-kilogram",
    "g/cm³": "mass-gram/volume-cubic-centimeter", "A": "electric-ampere", "t": "mass-tonne",
    "ppm": "concentr-permillion", "dpi": "graphics-dot-per-inch", "MHz": "frequency-megahertz",
    "Pa": "pressure-pascal", "mbar": "pressure-millibar",
    "bar": "pressure-bar", "mmHg": "pressure-millimeter-ofhg", "hl": "volume-hectoliter",
    "dm³": "volume-cubic-decimeter",
    "MBit/s": "digital-megabit/duration-second", "GBit/s": "digital-gigabit/duration-second",
    "PS": "power-horsepower", "mV": "electric-millivolt",
    "kV": "electric-kilovolt", "kΩ": "electric-kiloohm", "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "km/s": "length-kilometer/duration-second", "l/min": "volume-liter/duration-minute",
}  # fmt: skip
"""Unicode's name of a unit, or of two with a slash between, by its symbol."""


def unit_pattern(symbol: str, count: str, style: Style, language: str, gap: str | None = None) -> str | None:
    """Return a unit as it is said, with {} for the number; None where it is not known."""
    if forms := style.named.get(symbol):
        return f"{{}} {forms[plural(count, language)]}"
    symbol = style.units.get(symbol, symbol)
    if forms := style.named.get(symbol):
        return f"{{}} {forms[plural(count, language)]}"
    if symbol in ("A", "t") and gap == "" and language != "ru":
        # A flat 5A.
        return None
    name, _, per = UNITS.get(symbol, symbol).partition("/")
    if name == _MOLAR:
        # Babel takes it for a thousandth.
        named = spelling.measured("{}", count, "concentr-millimole-per-liter", language)
        return named and re.sub("mill?im|миллим", lambda m: m[0][-1], named.replace("Millim", "M"))
    if not per:
        return spelling.measured("{}", count, name, language)
    return _of_two(count, name, per, language)


def plural(count: str, language: str) -> int:
    """Return which form goes with a number: of one, of two, of five; in Polish the fourth is of a fraction."""
    from babel import Locale

    number = float(count[: spelling.MAX_AMOUNT_DIGITS])
    # CLDR's categories; what is neither one nor few is many.
    return {"one": 0, "few": 1, "other": 3 if language == "pl" else 1, "many": 2, "zero": 2}.get(
        Locale(language).plural_form(int(number) if number.is_integer() else number), 1
    )


def _of_two(count: str, name: str, per: str, language: str) -> str | None:
    """Return a unit per another."""
    from decimal import Decimal

    from babel import UnknownLocaleError
    from babel.numbers import format_decimal
    from babel.units import format_compound_unit

    number = Decimal(count[: spelling.MAX_AMOUNT_DIGITS])
    try:
        named = format_compound_unit(number, name, denominator_unit=per, length="long", locale=language)
        shown = format_decimal(number, locale=language)
    except (UnknownLocaleError, ValueError):
        return None
    if named is None or name in named or per in named or "/" in named:
        return None
    return " ".join(named.replace(shown, "{}").split())
