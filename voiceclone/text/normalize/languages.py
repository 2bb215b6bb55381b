"""How languages with spaces other than English are read: numbers, dates, times, money, units, abbreviations.

What is special to one is in the module of its name. A number agrees with what is counted as far as endings and short
lists tell. A language without an entry here has its numbers, units and money. Days stand before months.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from voiceclone.text.normalize import french, german, italian, latvian, others, portuguese, russian, spanish
from voiceclone.text.normalize.addresses import address_rules
from voiceclone.text.normalize.quantities import rule
from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.shouting import QUIET
from voiceclone.text.normalize.spelling import CURRENCIES, alternatives, cardinal, currency_unit, one_by_one, roman
from voiceclone.text.normalize.style import END, START, Style
from voiceclone.text.normalize.sums import sum_rules
from voiceclone.text.normalize.times import Times

STYLES: dict[str, Style] = {
    "de": german.STYLE, "es": spanish.STYLE, "fr": french.STYLE, "it": italian.STYLE, "lv": latvian.STYLE,
    "pt": portuguese.STYLE, "ru": russian.STYLE, **others.STYLES,
}  # fmt: skip
"""By language."""

_CALLED = r"(?i:\b(?:tel|tél|tálr|tālr|тел|puh|fax|факс|handy|mobil|móvil|cell)\w{0,10}\.?:? ?:? ?)"
_DAYS = "tag|woche|jour|semaine|día|semana|giorno|settimana|dia|день|неделя|diena|nedēļa|päivä|viikko"
"""Of a course, in all languages: what is counted a day may stand behind them as well."""
_VERSION = (
    r"(?i:\b(?:versi[oóõ]n?e?n?|verzija|versio|верси[яюией]|python|ios|android|windows|macos|linux|ubuntu|java|php|usb"
    r"|bluetooth|http|tls))"
)


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """Return how a text in a language becomes what is said. The first rule to claim a stretch of text has it."""
    return _Reader(language, STYLES.get(language, Style()), language in STYLES).rules()


class _Reader(Times):
    def rules(self) -> tuple[Rule, ...]:
        later = (
            *self._own(), *self._addresses(), *self._called(), *self.times(), *self._names(),
            *sum_rules(self.language, self.style.signs, self._minus_word(), of_numbers=True), *self.quantities(),
            *self._abbreviations(), *self._signs(), QUIET,
        )  # fmt: skip
        return (*self.dates(later), *later)

    def _own(self) -> Iterator[Rule]:
        if self.style.own:
            months = _months(self.language)
            for pattern, read in self.style.own:
                yield rule(pattern.replace("MONTHS", f"(?:{months})"), read)

    def _addresses(self) -> Iterator[Rule]:
        if self.is_known:
            yield from address_rules(self.style.signs, lambda written: cardinal(written, self.language))

    def _called(self) -> Iterator[Rule]:
        """Groups of digits that no amount is written in."""
        style = self.style
        yield rule(rf"(?<![\w(])\+\d{{1,3}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}{END}", self._international)
        yield rule(rf"{START}(?<!\d[ /-])\(?0\d{{1,5}}\)?(?:(?:[ /-]| [/-] )\d{{2,8}}){{1,5}}{END}", self._telephone)
        if style.telephones:
            yield rule(rf"{START}(?<!\d )(?:{style.telephones}){END}(?! \d)", self._telephone)
        if style.postal_code:
            code, place = style.postal_code, r" [A-ZÀ-ÞĀ-Ž][^\W\d_]{2}"
            # "Hauptstraße 5, 80331 München", or a line of its own.
            yield rule(
                rf"(?:(?<=\d, )|(?<=\d[a-z], ))(?:{code})(?={place})|\A(?:{code})(?={place}[^\W\d_]{{0,20}}\.?\Z)",
                lambda match: ", ".join(one_by_one(group, self.language) for group in re.findall(r"\d+", match[0])),
            )
        yield rule(rf"{_CALLED}(?P<only>[1-9][\d /-]{{4,18}}\d){END}", self._telephone)
        yield rule(rf"{START}\d{{1,7}}(?:-\d{{1,7}}){{2,5}}{END}", self._serial)

    def _names(self) -> Iterator[Rule]:
        """Numbers that are names."""
        style = self.style
        if style.always:
            around = style.always.strip()
            yield rule(
                rf"{START}24/7{END}",
                lambda _: " ".join(filter(None, (cardinal("24", self.language), around, cardinal("7", self.language)))),
            )
        # '90
        yield rule(r"(?<!\w)['’](?P<year>\d\d)(?![\w'’])", lambda match: cardinal(match["year"], self.language))
        if self.is_known:
            yield rule(rf"{START}(?P<year>1[89]\d\d|20\d\d)/(?P<next>\d{{4}}|\d\d){END}", self._season)
            yield rule(rf"{_VERSION} ?v?(?P<only>\d{{1,4}}(?:\.\d{{1,4}}){{1,3}})(?![\w])", self._version)
            yield rule(r"\w (?P<only>[Ⅰ-Ⅽⅰ-ⅽ]{1,6})(?!\w)", lambda match: _letters(match["only"]))
            yield rule(r"[Ⅰ-Ⅽⅰ-ⅽ]{1,6}", lambda match: cardinal(roman(_letters(match[0])), self.language))
        if style.numbered:
            nouns = "|".join((style.numbered, _DAYS, *map(re.escape, style.counted)))
            yield rule(
                rf"(?i:\b(?:{nouns}) ?)(?P<only>0+(?P<digits>[1-9]\d?)){END}",
                lambda match: cardinal(match["digits"], self.language),
            )

    def _abbreviations(self) -> Iterator[Rule]:
        style = self.style
        if style.titles:
            yield rule(
                rf"(?<![\w.])(?<!\d )(?:{alternatives(style.titles)})(?= [^\W\d_a-zа-яё])",
                lambda match: style.titles[match[0]],
            )
        spoken = {**style.abbreviations, **style.endings}
        if spoken:
            yield rule(rf"(?<![\w.])(?i:{_spaced(spoken)})(?!\w)", self._abbreviation)
        if style.counted:
            counted = alternatives(style.counted)
            named = alternatives([word for word in style.counted if len(word) > 2])
            yield rule(rf"(?<![\w.])(?i:{named})(?= [IVX]{{1,6}}\b)", lambda match: style.counted.get(match[0].lower()))
            yield rule(rf"(?<![\w.])(?i:{counted})(?= ?\(?\d)", lambda match: style.counted.get(match[0].lower()))

    def _signs(self) -> Iterator[Rule]:
        signs = self.style.signs
        yield from sum_rules(self.language, signs, self._minus_word(), of_numbers=False)
        if self.is_known:
            yield rule(r"(?<=\d)[/.](?=\d)", lambda match: signs[match[0]])
            alone = "".join(sign for sign in signs if sign not in "/._-")
            yield rule(rf"[{re.escape(alone)}]", lambda match: signs[match[0]])
            yield rule(alternatives(CURRENCIES), lambda match: self._currency(CURRENCIES[match[0]]))

    def _currency(self, code: str) -> str | None:
        return currency_unit("", "2", code, self.language)

    def _version(self, match: re.Match[str]) -> str:
        point = f" {self.style.signs['.']} "
        return point.join(cardinal(digits, self.language) for digits in match["only"].split("."))

    def _serial(self, match: re.Match[str]) -> str:
        """Return an ISBN, or a formation of players."""
        groups = match[0].split("-")
        say_group = one_by_one if len(match[0]) - len(groups) > 4 else cardinal
        return ", ".join(say_group(group, self.language) for group in groups)

    def _international(self, match: re.Match[str]) -> str | None:
        """Return a telephone number with its country, but not +350 and +1 000 000."""
        digits = re.sub(r"\D", "", match[0])
        is_grouped = len(digits) <= 9 and re.fullmatch(r"\+\d{1,3}(?:[. ]\d{3})+", match[0])
        return None if len(digits) < 8 or is_grouped else self._telephone(match)

    def _telephone(self, match: re.Match[str]) -> str | None:
        written = match["only"] if "only" in match.re.groupindex else match[0]
        groups = re.findall(r"\d+", written)
        if len("".join(groups)) < (6 if written[0] in "0(" else 5):
            return None
        plus = f"{self.style.signs.get('+', '+')} " if written[0] == "+" else ""
        comma = "، " if self.language == "ar" else ", "
        return plus + comma.join(one_by_one(group, self.language) for group in groups)

    def _abbreviation(self, match: re.Match[str]) -> str | None:
        written = match[0].lower().replace(" ", "")
        may_end = written in map(_unspaced, self.style.endings)
        table = self.style.endings if may_end else self.style.abbreviations
        words = next((words for abbreviation, words in table.items() if _unspaced(abbreviation) == written), None)
        if words is None:
            # Its letters are other forms of these, as the long s of s.
            return None
        behind = match.string[match.end() : match.end() + 2]
        return words + "." if written.endswith(".") and (not behind or (may_end and behind[1:].isupper())) else words


def _letters(numeral: str) -> str:
    """Ⅳ as IV."""
    return unicodedata.normalize("NFKC", numeral).upper()


def _unspaced(abbreviation: str) -> str:
    return abbreviation.replace(" ", "")


def _spaced(words: Iterable[str]) -> str:
    """Return a pattern for abbreviations, whether they are written with spaces or without."""
    return alternatives(words).replace(r"\.\ ", r"\. ?")


def _months(language: str) -> str:
    from babel.dates import get_month_names

    return alternatives(
        {name for form in ("format", "stand-alone") for name in get_month_names("wide", form, language).values()}
    )
