"""What the rules for a language are told about it, and patterns that several languages share.

Knows no language itself: the tables are in the modules of the languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from voiceclone.text.normalize.spelling import ordinal

Read = Callable[[re.Match[str]], str | None]

START, END = r"(?<!\w)(?<!\d[.,:/])", r"(?!\w|[.,:/]\d)"
HOUR, MINUTE = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<minute>[0-5]\d)"
CLOCK = f"{HOUR}:{MINUTE}"
ROMAN = r"(?P<only>(?P<roman>(?=[IVXL])(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXL]))"
ROMAN_NAME = r"(?!XL\b|[XL]\b|[IV]\.)" + ROMAN + r")(?![\w'’-])"
"""A number behind a name: no size, and no initial."""


@dataclass(frozen=True)
class Counted:
    """A number as it stands in a text: what its form depends on."""

    words: str
    """In its basic form."""
    digits: str
    """A whole number; empty for one with a fraction."""
    before: str = ""
    """The word in front, in small letters."""
    behind: Sequence[str] = ()
    """Up to three words behind, as they are written or as a unit is said."""

    @property
    def noun(self) -> str:
        """The word behind; empty if there is none."""
        return self.behind[0] if self.behind else ""

    @property
    def ends_in_one(self) -> bool:
        """Whether the last word of it is one: 1, 21, 101, but not 11."""
        return self.digits[-1:] == "1" and self.digits[-2:] != "11"


def basic(number: Counted) -> str:
    """Return a number in its basic form, whatever is counted."""
    return number.words


@dataclass(frozen=True)
class Style:
    """What num2words2 and Babel do not know of a language."""

    to: str = "–"
    """Between two numbers: from five *to* ten."""
    against: str = ""
    """Between the two sides of a score, where it is not `to`."""
    clock: tuple[str, str] = ("{h} {m}", "{h}")
    """Times with minutes, and without: `{h}` and `{m}` are numbers, `{hours}` is a number of hours."""
    clock_written: tuple[str, ...] = (CLOCK,)
    hour_ending: tuple[str, str] = ("", "")
    """What a number ends with elsewhere, and what where it is of hours."""
    early_minute: str = "{m}"
    """Minutes under ten."""
    of: str = ""
    """Between millions and what they are of."""
    point: str = ","
    """The decimal sign; the other of comma and full stop, or a space, stands between groups of digits."""
    agree: Callable[[Counted], str] = basic
    """The words of a number beside what is counted; ends with an apostrophe where the two are written as one."""
    form: Callable[[str, str], str] = lambda count, _: count
    """The number that a unit takes the form of, by the count and the word before it."""
    governed: Callable[[str, str], str] = lambda words, _: words
    """An amount with its unit, by the word before it."""
    always: str = ""
    """Between the words of 24/7."""
    postal_code: str = ""
    """A pattern for one that is read digit by digit in front of a place."""
    day_month: bool = False
    """Whether 24.12. is a date."""
    mixed: Callable[[str, str, Counted], str] = lambda _, part, whole: f"{whole.words} {part}"
    """Two and a half, by the fraction as it is written, as it is said, and the whole."""
    part_of: Callable[[str, str, str, str], str] | None = None
    """A part of one unit, by the fraction as it is written, as it is said, the unit, and the word before."""
    parts: str = ""
    """Fourth/fourths fifth/fifths …, up to tenths; in front of them `one` part."""
    one: str = ""
    numbered: str = ""
    """Nouns with a number behind, whose zeros in front are not said, as a pattern without regard to capitals."""
    per: str = ""
    """Between a price and what it is for."""
    scales: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """M and B behind an amount of money: of one, of two, of five, and of a fraction where it differs."""
    starters: str = ""
    """What a sentence begins with, as a pattern; any capital where none is given."""
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    endings: Mapping[str, str] = field(default_factory=dict)
    """Abbreviations whose full stop may end the sentence as well."""
    counted: Mapping[str, str] = field(default_factory=dict)
    """Abbreviations in front of a number."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Abbreviations in front of a name, as they are written."""
    signs: Mapping[str, str] = field(default_factory=dict)
    fractions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    """Symbols of its own, by those of UNITS."""
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of units that Babel lacks or has otherwise: of one, of two, of five."""
    telephones: str = ""
    """A pattern for numbers that are called."""
    own: tuple[tuple[str, Read], ...] = ()
    """Patterns that only this language has; they come first. `MONTHS` stands for any month's name."""


HALF = r"(?<![\d/])(?<!\d )(?:½|1/2) (?P<noun>[^\W\d_]{3,30})\b"
"""Half of something, that is no unit's symbol."""
HALVES = r"\b(?P<whole>\d{1,3}) ?(?:½|1/2) (?P<noun>[^\W\d_]{1,30})"
"""Some of something and a half."""


def half_of(part_of: Callable[[str, str, str, str], str], no_nouns: re.Pattern[str]) -> Read:
    """Return what reads HALF: as `part_of` has half of a unit; of words that are no nouns nothing is read."""

    def read(match: re.Match[str]) -> str | None:
        noun = match["noun"]
        return None if no_nouns.fullmatch(noun) else part_of("1/2", "", noun, "")

    return read


def ranked(language: str) -> Read:
    """Return what reads a rank by its `digits` and the sign of its gender, `ending`: º, or ª for the feminine."""

    def read(match: re.Match[str]) -> str:
        words = ordinal(match["digits"], language)
        return ending(words, ("o", "a")) if match["ending"] == "ª" else words

    return read


def listed(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def ending(words: str, *endings: tuple[str, str]) -> str:
    """Return the words with the first of these endings that they have replaced."""
    for written, other in endings:
        if written and words.endswith(written):
            return words[: -len(written)] + other
    return words
