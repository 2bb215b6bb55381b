"""How languages with spaces other than English are read: numbers, dates, times, money, units, abbreviations.

What is special to one is in the module of its name. A number agrees with what is counted as far as endings and short
lists tell. A language without an entry here has its numbers, units and money. Days stand before months.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from voiceclone.text.normalize import (
    french,
    german,
    italian,
    latvian,
    others,
    portuguese,
    russian,
    spanish,
    spelling,
)
from voiceclone.text.normalize.addresses import address_rules
from voiceclone.text.normalize.rules import Rule, rewritten
from voiceclone.text.normalize.shouting import QUIET
from voiceclone.text.normalize.spelling import CODES, CURRENCIES, alternatives, cardinal, one_by_one, say
from voiceclone.text.normalize.style import CLOCK, END, START, Counted, Read, Style, ending

_MINUS = r"(?:(?<![\w)\].,%])[-−–+])"
_TO = r"(?:[-–—]| [-–—] )"
_SHORT_SCALES = {
    **dict.fromkeys(("Mio.", "млн", "mln", "milj.", "Mio", "mio."), "M"),
    **dict.fromkeys(("Mrd.", "млрд", "mld", "mrd.", "Mrd", "mljrd."), "B"),
}
_SCALES = (
    "Millionen|Milliarden|millions|milliards|millones|milioni|miliardi|miljoonaa|miljardia|miljoni|miljardi|миллионов"
    "|миллиардов|लाख|करोड़|अरब|ألف|مليون|مليار"
)
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
    "J": "energy-joule", "N": "force-newton", "Pa": "pressure-pascal", "mbar": "pressure-millibar",
    "bar": "pressure-bar", "mmHg": "pressure-millimeter-ofhg", "hl": "volume-hectoliter", "dm³": "volume-cubic-decimeter",
    "MBit/s": "digital-megabit/duration-second", "GBit/s": "digital-gigabit/duration-second", "K": "temperature-kelvin", "PS": "power-horsepower", "mV": "electric-millivolt",
    "kV": "electric-kilovolt", "kΩ": "electric-kiloohm", "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "km/s": "length-kilometer/duration-second", "l/min": "volume-liter/duration-minute",
}  # fmt: skip
"""Unicode's name of a unit, or of two with a slash between, by its symbol."""

STYLES: dict[str, Style] = {
    "de": german.STYLE, "es": spanish.STYLE, "fr": french.STYLE, "it": italian.STYLE, "lv": latvian.STYLE,
    "pt": portuguese.STYLE, "ru": russian.STYLE, **others.STYLES,
}  # fmt: skip
"""By language."""

_CURRENCIES = {**CURRENCIES, "US$": "USD", "R$": "BRL", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "Fr.": "CHF"}
_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_CALLED = r"(?i:\b(?:tel|tél|tálr|tālr|тел|puh|fax|факс|handy|mobil|móvil|cell)\w{0,10}\.?:? ?:? ?)"
_VERSION = (
    r"(?i:\b(?:versi[oóõ]n?e?n?|verzija|versio|верси[яюией]|python|ios|android|windows|macos|linux|ubuntu|java|php|usb"
    r"|bluetooth|http|tls))"
)
_WORDS_BEHIND = re.compile(r" ([^\W\d_]{1,30})(?: ([^\W\d_]{1,30}))?(?: ([^\W\d_]{1,30}))?")
_WORD_BEFORE = re.compile(r"([^\W\d_]{1,20}\.?|[§№#]) \Z")


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """How a text in a language becomes what is said. The first rule to claim a stretch of text has it."""
    return _Reader(language, STYLES.get(language, Style())).rules()


@dataclass(frozen=True)
class _Reader:
    language: str
    style: Style

    @property
    def _is_known(self) -> bool:
        return self.language in STYLES

    def rules(self) -> tuple[Rule, ...]:
        others = (*self._own(), *self._addresses(), *self._numbers(), *self._abbreviations(), *self._signs(), QUIET)
        return (*self._dates(others), *others)

    def _dates(self, others: tuple[Rule, ...]) -> Iterator[Rule]:
        def read_date(match: re.Match[str]) -> str | None:
            """By way of the long form, which the other rules read."""
            groups = match.groupdict()
            year = (
                groups["year"]
                if len(groups["year"]) == 4
                else f"{'20' if groups['year'] < '40' else '19'}{groups['year']}"
            )
            long = spelling.long_date(year, groups["month"], groups["day"], self.language)
            if long is None:
                return None
            if groups.get("hour"):
                long += f", {groups['hour']}:{groups['minute']}"
            # The word before may decide the ending of the day.
            before = re.search(r"\w*\s*\Z", match.string[max(0, match.start() - 10) : match.start()])
            word = before[0] if before else ""
            return rewritten(word + long, others).removeprefix(word)

        iso = r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
        written = (
            rf"{iso}(?:T| T?){CLOCK}(?::\d\d(?:[.,]\d{{1,9}})?)?(?:Z|[+-]\d\d:?\d\d)?",
            iso,
            r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)",
            r"(?P<day>\d\d?)([./-])(?P<month>\d\d?)\2(?P<year>\d{4})",
            r"(?P<day>\d\d)([./])(?P<month>\d\d)\2(?P<year>\d\d)",
        )
        if self._is_known:
            for date in written:
                yield _rule(f"{START}{date}{END}", read_date)
            yield _rule(
                rf"{START}(?:(?P<day>1[3-9]|2\d|3[01])/(?P<month>0[1-9]|1[0-2])|(?P<d>0[1-9])/(?P<m>0[1-9]|1[0-2])){END}",
                self._day_month,
            )
            if self.style.day_month:
                yield _rule(
                    r"(?<![\d.,:/])(?<!klo )(?<!um )\b(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.(?![\d.])",
                    self._day_month,
                )

    def _own(self) -> Iterator[Rule]:
        if self.style.own:
            months = _months(self.language)
            for pattern, read in self.style.own:
                yield _rule(pattern.replace("MONTHS", f"(?:{months})"), read)

    def _addresses(self) -> Iterator[Rule]:
        if self._is_known:
            yield from address_rules(self.style.signs, lambda written: cardinal(written, self.language))

    def _numbers(self) -> Iterator[Rule]:
        style = self.style
        number = _NUMBERS[style.point]
        low = rf"(?P<minus>{_MINUS})?{START}(?P<low>{number})"
        high = rf"(?P<high>{number})"
        sign, code = rf"(?P<sign>{alternatives(_CURRENCIES)})", rf"(?P<code>\b(?:{'|'.join(CODES)})\b)"
        # Groups of digits that no amount is written in.
        yield _rule(rf"(?<![\w(])\+\d{{1,3}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}{END}", self._international)
        yield _rule(rf"{START}(?<!\d[ /-])\(?0\d{{1,5}}\)?(?:(?:[ /-]| [/-] )\d{{2,8}}){{1,5}}{END}", self._telephone)
        if style.telephones:
            yield _rule(rf"{START}(?<!\d )(?:{style.telephones}){END}(?! \d)", self._telephone)
        yield _rule(rf"{_CALLED}(?P<only>[1-9][\d /-]{{4,18}}\d){END}", self._telephone)
        yield from self._times()
        yield _rule(rf"{START}(?P<low>\d{{1,3}}):(?P<high>\d{{1,3}}){END}", self._score)
        # '90
        yield _rule(r"(?<!\w)['’](?P<year>\d\d)(?![\w'’])", lambda match: cardinal(match["year"], self.language))
        if self._is_known:
            yield _rule(rf"{START}(?P<year>1[89]\d\d|20\d\d)/(?P<next>\d{{4}}|\d\d){END}", self._season)
            yield _rule(rf"{_VERSION} ?v?(?P<only>\d{{1,4}}(?:\.\d{{1,4}}){{1,3}})(?![\w])", self._version)
            yield _rule(r"\w (?P<only>[Ⅰ-Ⅽⅰ-ⅽ]{1,6})(?!\w)", lambda match: _letters(match["only"]))
        if style.numbered:
            yield _rule(
                rf"(?i:\b(?:{'|'.join((style.numbered, *map(re.escape, style.counted)))}) ?)(?P<only>0+(?P<digits>[1-9]\d?)){END}",
                lambda match: cardinal(match["digits"], self.language),
            )
        yield from self._fractions()
        if style.point == ",":
            # "5,- €"
            yield _rule(r"(?<=\d),[-–—](?!\w)", lambda _: "")
            coins = r"(?=[\d. ]{1,20},\d\d\D)"
            yield _rule(rf"{coins}{low}(?P<high>)(?P<sign>)(?P<code>) (?:[Ee]uro[as]?|eiro|евро)\b", self._money)
        if style.scales:
            suffix = r"(?P<suffix>[kKMB]|bn|Md|Mrd)"
            yield _rule(rf"{low}(?P<high>) ?{suffix} ?(?:{sign}(?!\d)|{code})", self._scaled_money)
            yield _rule(
                rf"(?P<minus>{_MINUS})?(?<!\w)(?:{sign}|{code}) ?(?P<low>{number})(?P<high>) ?{suffix}(?!\w)",
                self._scaled_money,
            )
            yield _rule(rf"{low}(?P<high>)k(?!\w)", self._thousands)
        scales = rf" (?P<scale>{_SCALES}|{alternatives(_SHORT_SCALES)})(?!\w)"
        yield _rule(rf"{low}(?P<high>){scales} ?(?:{sign}(?!\d)|{code})", self._money)
        scale = rf"(?:{scales})?"
        yield _rule(
            rf"(?P<minus>{_MINUS})?(?<!\w)(?:{sign}|{code}) ?(?P<low>{number})(?P<high>)(?!\d){scale}", self._money
        )
        yield _rule(rf"{low}(?:{_TO}{high})? ?(?:{sign}(?!\d)|{code})", self._money)
        yield _rule(rf"{low} ?%{_TO}{high} ?(?P<unit>%)", self._measure)
        units = alternatives({**UNITS, **style.units, **style.named})
        yield _rule(rf"{low}(?:{_TO}{high})?(?P<gap> ?)(?P<unit>{units})(?![\w²³]|/\w)", self._measure)
        # A minus between numbers, and a letter for times.
        if self._is_known:
            yield _rule(r"(?<=\d) ?[xX] ?(?=\d)", lambda _: f" {style.signs['×']} ")
        yield _rule(r"(?<=\d) ?− ?(?=\d)|(?<=\d) [-–] (?=\d[\d.,]{0,12} ?=)", lambda _: f" {self._minus_word()} ")
        yield _rule(rf"{START}\d{{1,7}}(?:-\d{{1,7}}){{2,5}}{END}", self._serial)
        yield _rule(rf"{low}{_TO}{high}{END}(?P<gap>)", self._plain)
        yield _rule(rf"{low}(?P<high>){END}(?P<gap> (?=[^\W\d_]))?", self._plain)
        yield _rule(r"\d+", lambda match: cardinal(match[0], self.language))
        if style.per:
            yield _rule(rf"(?<=[{''.join(CURRENCIES)}])/(?P<noun>[^\W\d_]{{1,20}}[²³]?)\b", self._price)

    def _times(self) -> Iterator[Rule]:
        hour, minute, second = (
            "|".join(re.escape(written) for written, unit in self._units_of(name)) for name in ("h", "min", "s")
        )
        yield _rule(
            rf"{START}(?P<h>\d{{1,3}}) ?(?:{hour}) ?(?P<m>\d{{1,2}}) ?(?:m|{minute})(?: ?(?P<s>\d{{1,2}}) ?(?:{second}))?(?!\w)",
            self._duration,
        )
        yield _rule(
            rf"{START}(?P<h>)(?P<m>\d{{1,3}}) ?(?:m|{minute}) ?(?P<s>\d{{1,2}}) ?(?:{second})(?!\w)", self._duration
        )
        if self._is_known:
            yield _rule(rf"{START}{CLOCK}:(?P<second>[0-5]\d)(?: Uhr\b| h\b)?{END}", self._clock)
        for clock in self.style.clock_written:
            yield _rule(rf"{START}{clock}{END}", self._clock)
        yield _rule(rf"{START}(?P<h>\d{{1,2}})h(?P<m>[0-5]\d)(?P<s>){END}", self._duration)
        # Between two times.
        yield _rule(
            rf"(?:(?<=\d[:.]\d\d)|(?<=\dh)|(?<=\dh\d\d)){_TO}(?=\d{{1,2}}(?::\d\d|\.\d\d Uhr|h))",
            lambda _: _joint(self.style.to),
        )

    def _units_of(self, name: str) -> Iterator[tuple[str, str]]:
        own = ((written, unit) for written, unit in self.style.units.items() if unit == name)
        return iter(sorted([(name, name), *own], key=lambda pair: -len(pair[0])))

    def _fractions(self) -> Iterator[Rule]:
        style = self.style
        if not style.fractions:
            return
        halves = alternatives(style.fractions)
        unit = rf"(?: ?(?P<unit>{alternatives({**UNITS, **style.units, **style.named})})(?![\w²³]|/\w))?"
        yield _rule(rf"{START}(?P<whole>\d{{1,3}}) ?(?P<vulgar>[{_VULGAR}]){unit}", self._mixed)
        yield _rule(rf"{START}(?P<whole>\d{{1,3}}) (?P<vulgar>{halves}){END}{unit}", self._mixed)
        yield _rule(rf"(?<!\w)(?P<whole>)(?P<vulgar>[{_VULGAR}]){unit}", self._mixed)
        yield _rule(rf"{START}(?P<whole>)(?P<vulgar>{halves}){END}{unit}", self._mixed)

    def _abbreviations(self) -> Iterator[Rule]:
        style = self.style
        if style.titles:
            yield _rule(
                rf"(?<![\w.])(?<!\d )(?:{alternatives(style.titles)})(?= [^\W\d_a-zа-яё])",
                lambda match: style.titles[match[0]],
            )
        spoken = {**style.abbreviations, **style.endings}
        if spoken:
            yield _rule(rf"(?<![\w.])(?i:{_spaced(spoken)})(?!\w)", self._abbreviation)
        if style.counted:
            counted = alternatives(style.counted)
            yield _rule(rf"(?<![\w.])(?i:{counted})(?= ?\d)", lambda match: style.counted.get(match[0].lower()))

    def _signs(self) -> Iterator[Rule]:
        signs = self.style.signs
        if self._is_known:
            yield _rule(r"(?<=\d)[/.](?=\d)", lambda match: signs[match[0]])
            alone = "".join(sign for sign in signs if sign not in "/._-")
            yield _rule(rf"[{re.escape(alone)}]", lambda match: signs[match[0]])
            yield _rule(alternatives(CURRENCIES), lambda match: self._currency(CURRENCIES[match[0]]))

    def _parts(self, written: str) -> tuple[str, str]:
        """The digits of a number before and behind the decimal sign."""
        written = written.replace("'", "").replace("’", "")
        other = "," if self.style.point == "." else "."
        if re.fullmatch(_FOREIGN[self.style.point], written):
            written = written.replace(self.style.point, "").replace(other, ".")
        elif self.style.point == ".":
            written = written.replace(",", "")
        elif "," in written or re.fullmatch(_GROUPED[","], written):
            written = written.replace(".", "").replace(",", ".")
        whole, _, fraction = written.replace(" ", "").partition(".")
        return whole, fraction

    def _amount(self, written: str) -> str:
        return spelling.decimal(*self._parts(written), self.language, is_amount=True)

    def _counted(self, match: re.Match[str], words: str, written: str, behind: Iterable[str]) -> Counted:
        whole, fraction = self._parts(written)
        return Counted(words, "" if fraction else whole, _word_before(match), tuple(behind))

    def _agreed(self, match: re.Match[str], words: str, written: str, behind: Iterable[str]) -> str:
        number = self._counted(match, words, written, behind)
        # The first chapter is not one of chapters.
        is_name = number.before in ("§", "№", "#", *self.style.counted)
        if is_name or (number.before and re.fullmatch(f"(?:{self.style.numbered.lower()})", number.before)):
            return words
        return self.style.agree(number)

    def _minus_word(self) -> str:
        return say(-1, self.language).removesuffix(say(1, self.language)).strip()

    def _minus(self, match: re.Match[str]) -> str:
        if not match["minus"]:
            return ""
        return f"{self.style.signs.get('+', '+') if match['minus'] == '+' else self._minus_word()} "

    def _value(self, match: re.Match[str], say: Callable[[str], str]) -> str:
        words = self._minus(match) + say(match["low"])
        return f"{words}{_joint(self.style.to)}{say(match['high'])}" if match["high"] else words

    def _score(self, match: re.Match[str]) -> str:
        low, high = (cardinal(match[side], self.language) for side in ("low", "high"))
        return f"{low}{_joint(self.style.against or self.style.to)}{high}"

    def _plain(self, match: re.Match[str]) -> str:
        low, high = match["low"], match["high"]
        if high and len(low) <= 3 and low.isdecimal() and high.isdecimal() and int(low) > int(high):
            return self._minus(match) + self._score(match)
        found = _WORDS_BEHIND.match(match.string, match.end() - len(match["gap"] or ""))
        behind = [word for word in found.groups() if word] if found else []

        def say_one(written: str) -> str:
            words = cardinal(written, self.language) if written.isdecimal() else self._amount(written)
            has_zeros = written[0] == "0" and len(written) > 1 and written.isdecimal()
            return (
                words if has_zeros else self._agreed(match, words, written, behind if written == (high or low) else ())
            )

        words = self._value(match, say_one)
        return words if words.endswith("'") else words + (match["gap"] or "")

    def _measure(self, match: re.Match[str]) -> str | None:
        written = match["high"] or match["low"]
        count = ".".join(filter(None, self._parts(written)))
        before = _word_before(match)
        form = self.style.form(count, before)
        named = self._unit(match["unit"], form, match.groupdict().get("gap"))
        if named is None:
            return None
        behind = named.replace("{}", "").split()

        def say_one(written: str) -> str:
            return self._agreed(
                match, self._amount(written), written, behind if written == (match["high"] or match["low"]) else ()
            )

        words = self._value(match, say_one)
        spoken = named.replace("{} ", words) if words.endswith("'") else named.replace("{}", words)
        return self.style.governed(spoken, before) + _stop(match)

    def _unit(self, symbol: str, count: str, gap: str | None = None) -> str | None:
        """A unit as it is said, with {} for the number; None where it is not known."""
        if forms := self.style.named.get(symbol):
            return f"{{}} {forms[_plural(count, self.language)]}"
        symbol = self.style.units.get(symbol, symbol)
        if forms := self.style.named.get(symbol):
            return f"{{}} {forms[_plural(count, self.language)]}"
        if symbol in ("A", "K", "J", "N", "t") and gap == "" and self.language != "ru":
            # 4K, a flat 5A.
            return None
        name, _, per = UNITS.get(symbol, symbol).partition("/")
        if name == _MOLAR:
            # Babel takes it for a thousandth.
            named = spelling.measured("{}", count, "concentr-millimole-per-liter", self.language)
            return named and re.sub("mill?im|миллим", lambda m: m[0][-1], named.replace("Millim", "M"))
        if not per:
            return spelling.measured("{}", count, name, self.language)
        return _per(count, name, per, self.language)

    def _money(self, match: re.Match[str]) -> str | None:
        code = match["code"] or _CURRENCIES.get(match["sign"], "EUR")
        if scale := match.groupdict().get("scale"):
            scale = self._scale(_SHORT_SCALES.get(scale, scale), match["low"])
            amount = self._agreed(match, self._amount(match["low"]), match["low"], [scale])
            words = spelling.currency_unit(
                " ".join(filter(None, (amount, scale, self.style.of))), "5", code, self.language
            )
            return words and self._minus(match) + self._elided(words)
        written = match["high"] or match["low"]
        words = spelling.money(*self._parts(written), code, self.language)
        if words is None:
            return None
        amount = self._amount(written)
        if words.startswith(f"{amount} "):
            # Numbers of the library have no gender.
            rest = words[len(amount) + 1 :]
            agreed = self._agreed(match, amount, written, rest.split())
            words = f"{agreed}{'' if agreed.endswith(chr(39)) else ' '}{rest}"
        words = f"{self._amount(match['low'])} {self.style.to} {words}" if match["high"] else words
        return self._minus(match) + words

    def _scaled_money(self, match: re.Match[str]) -> str | None:
        code = match["code"] or _CURRENCIES[match["sign"]]
        if match["suffix"] in "kK":
            digits = _thousandfold(*self._parts(match["low"]))
            words = digits and spelling.money(digits, "", code, self.language)
        else:
            words = spelling.currency_unit(self._scaled(match), "5", code, self.language)
        return words and self._minus(match) + self._elided(words)

    def _scaled(self, match: re.Match[str]) -> str:
        """Millions, with the word that stands between them and what they are of."""
        scale = self._scale("M" if match["suffix"] == "M" else "B", match["low"])
        amount = self._agreed(match, self._amount(match["low"]), match["low"], [scale])
        return " ".join(filter(None, (amount, scale, self.style.of)))

    def _scale(self, scale: str, written: str) -> str:
        """Millions in the form that goes with their number; another word as it is."""
        forms = self.style.scales.get(scale)
        return forms[_plural(".".join(filter(None, self._parts(written))), self.language)] if forms else scale

    def _thousands(self, match: re.Match[str]) -> str | None:
        digits = _thousandfold(*self._parts(match["low"]))
        return digits and self._minus(match) + cardinal(digits, self.language, is_amount=True)

    def _elided(self, words: str) -> str:
        return words.replace(" de euros", " d'euros") if self.language == "fr" else words

    def _currency(self, code: str) -> str | None:
        return spelling.currency_unit("", "2", code, self.language)

    def _clock(self, match: re.Match[str]) -> str:
        hour, minute = str(int(match["hour"])), str(int(match["minute"] or 0))
        words = ending(cardinal(hour, self.language), self.style.hour_ending)
        hours = spelling.measured(words, hour, "duration-hour", self.language) or words
        minutes = cardinal(minute, self.language)
        minutes = self.style.early_minute.format(m=minutes) if 0 < int(minute) < 10 else minutes
        spoken = self.style.clock[minute == "0"].format(h=words, hours=hours, m=minutes)
        second = match.groupdict().get("second")
        if second and int(second):
            seconds = self._measured(str(int(second)), "s")
            spoken += f" {self.style.signs['&']} {seconds}" if self.language != "ar" else f" و{seconds}"
        return spoken

    def _measured(self, digits: str, symbol: str) -> str:
        named = self._unit(symbol, digits) or f"{{}} {symbol}"
        words = self.style.agree(Counted(cardinal(digits, self.language), digits, "", named.replace("{}", "").split()))
        return named.replace("{} ", words) if words.endswith("'") else named.replace("{}", words)

    def _duration(self, match: re.Match[str]) -> str:
        parts = ((match["h"], "h"), (match["m"], "min"), (match["s"], "s"))
        spoken = " ".join(self._measured(str(int(digits)), symbol) for digits, symbol in parts if digits)
        return spoken + _stop(match)

    def _version(self, match: re.Match[str]) -> str:
        point = f" {self.style.signs['.']} "
        return point.join(cardinal(digits, self.language) for digits in match["only"].split("."))

    def _season(self, match: re.Match[str]) -> str | None:
        """2023/24: two years in a row."""
        year, following = match["year"], match["next"]
        if not str(int(year) + 1).endswith(following):
            return None
        say_year = spelling.year if self.language == "de" else cardinal
        return f"{say_year(year, self.language)} {say_year(str(int(following)), self.language)}"

    def _day_month(self, match: re.Match[str]) -> str | None:
        """24.12. in its long form, its number in digits for the rules of ranks."""
        groups = match.groupdict()
        day, month = groups["day"] or groups["d"], groups["month"] or groups["m"]
        long = spelling.long_date("2000", month, day, self.language) and _day_of_month(
            int(day), int(month), self.language
        )
        if not match[0].endswith("."):
            return long
        behind = match.string[match.end() : match.end() + 2]
        return long and long + "." * (not behind or behind[1:].isupper())

    def _price(self, match: re.Match[str]) -> str | None:
        """What a price is for: 5 €/kg."""
        noun = match["noun"]
        if noun in UNITS or noun in self.style.units or noun in self.style.named:
            named = self._unit(noun, "1")
            noun = named.replace("{}", "").strip() if named else noun
        elif len(noun) < 3:
            return None
        return f" {self.style.per} {noun}"

    def _mixed(self, match: re.Match[str]) -> str | None:
        """Fractions with a whole before and a unit behind, or without."""
        key = _fraction(match["vulgar"])
        words, whole, unit = self._part(key), match["whole"], match["unit"]
        if words is None:
            return None
        form = "2.5" if whole else {"ru": "0.5", "fi": "2"}.get(self.language, "1")
        named = self._unit(unit, form) if unit else "{}"
        if whole:
            found = _WORDS_BEHIND.match(match.string, match.end())
            behind = [found[1]] if found else []
            behind = (named or "").replace("{}", "").split() or behind
            words = self.style.mixed(key, words, self._counted(match, cardinal(whole, self.language), whole, behind))
        return named and named.replace("{}", words) + _stop(match)

    def _part(self, key: str) -> str | None:
        """A fraction, as 3/8."""
        if key in self.style.fractions:
            return self.style.fractions[key]
        over, under = map(int, key.split("/"))
        forms = self.style.parts.split()
        if not 4 <= under <= 10 or not forms:
            return None
        one, more = forms[under - 4].split("/")
        if over == 1:
            return f"{self.style.one} {one}"
        return f"{self.style.agree(Counted(say(over, self.language), str(over), '', [more]))} {more}"

    def _serial(self, match: re.Match[str]) -> str:
        """An ISBN, or a formation of players."""
        groups = match[0].split("-")
        say_group = one_by_one if len(match[0]) - len(groups) > 4 else cardinal
        return ", ".join(say_group(group, self.language) for group in groups)

    def _international(self, match: re.Match[str]) -> str | None:
        """A telephone number with its country, but not +350 and +1 000 000."""
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


def _joint(word: str) -> str:
    """Between two numbers: "пять-десять", "fünf bis zehn"."""
    return word if word == "-" else f" {word} "


_GROUPED = {",": r"\d{1,3}(?:[. '’]\d{3}){1,6}(?!\d)", ".": r"\d{1,3}(?:,\d{2,3}){1,8}(?!\d)"}
_FOREIGN = {
    ",": r"\d{1,3}(?:(?:,\d{3}){1,6}\.\d{1,6}|(?:,\d{3}){2,6})(?![\d.,]\d|\d)",
    ".": r"\d{1,3}(?:(?:\.\d{3}){1,6},\d{1,6}|(?:\.\d{3}){2,6})(?![\d.,]\d|\d)",
}
"""Numbers with the signs of others, where nothing else can be meant."""
_NUMBERS = {
    ",": rf"(?:{_FOREIGN[',']}|(?:{_GROUPED[',']}|\d++)(?:[.,]\d++)?+)",
    ".": rf"(?:{_FOREIGN['.']}|(?:{_GROUPED['.']}|\d++)(?:\.\d++)?+)",
}


def _word_before(match: re.Match[str]) -> str:
    before = _WORD_BEFORE.search(match.string[max(0, match.start() - 22) : match.start()])
    return before[1].lower() if before else ""


def _stop(match: re.Match[str]) -> str:
    """The full stop of an abbreviation that ends the sentence as well."""
    behind = match.string[match.end() : match.end() + 2]
    return "." if match[0].endswith(".") and (not behind or behind[1:].isupper()) else ""


def _rule(pattern: str, read: Read) -> Rule:
    return Rule(re.compile(pattern), read)


def _thousandfold(whole: str, fraction: str) -> str | None:
    """The digits of a thousand times a number; None if it has more decimals than that."""
    return (whole + fraction.ljust(3, "0")).lstrip("0") if len(fraction) <= 3 else None


def _plural(count: str, language: str) -> int:
    """Which of three forms goes with a number: of one, of two, of five."""
    from babel import Locale

    number = float(count[: spelling.MAX_AMOUNT_DIGITS])
    # CLDR's categories; what is neither one nor few is many.
    return {"one": 0, "few": 1, "other": 1 if language != "lv" else 1, "many": 2, "zero": 2}.get(
        Locale(language).plural_form(int(number) if number.is_integer() else number), 1
    )


def _fraction(character: str) -> str:
    """½ as 1/2."""
    return unicodedata.normalize("NFKC", character).replace("\N{FRACTION SLASH}", "/")


def _letters(numeral: str) -> str:
    """Ⅳ as IV."""
    return unicodedata.normalize("NFKC", numeral).upper()


def _per(count: str, name: str, per: str, language: str) -> str | None:
    """A unit per another."""
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


def _unspaced(abbreviation: str) -> str:
    return abbreviation.replace(" ", "")


def _spaced(words: Iterable[str]) -> str:
    """A pattern for abbreviations, whether they are written with spaces or without."""
    return alternatives(words).replace(r"\.\ ", r"\. ?")


def _months(language: str) -> str:
    from babel.dates import get_month_names

    return alternatives(
        {name for form in ("format", "stand-alone") for name in get_month_names("wide", form, language).values()}
    )


def _day_of_month(day: int, month: int, language: str) -> str:
    from datetime import date

    from babel.dates import format_skeleton

    return str(format_skeleton("MMMMd", date(2000, month, day), locale=language))
