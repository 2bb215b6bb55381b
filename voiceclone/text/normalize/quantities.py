"""Amounts in the words of a language: numbers, fractions, measures and money, in the forms that go with each other.

Knows no single language: what is special to one is in its Style.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.spelling import CODES, CURRENCIES, alternatives, cardinal, say
from voiceclone.text.normalize.style import END, START, Counted, Read, Style
from voiceclone.text.normalize.units import UNITS, plural, unit_pattern

_MINUS = r"(?:(?<![\w)\].,%])[-−–+])"
TO = r"(?:[-–—]| [-–—] )"
_SHORT_SCALES = {
    **dict.fromkeys(("Mio.", "млн", "mln", "milj.", "Mio", "mio."), "M"),
    **dict.fromkeys(("Mrd.", "млрд", "mld", "mrd.", "Mrd", "mljrd."), "B"),
}
_SCALES = (
    "Millionen|Milliarden|millions|milliards|millones|milioni|miliardi|miljoonaa|miljardia|miljoni|miljardi|миллионов"
    "|миллиардов|लाख|करोड़|अरब|ألف|مليون|مليار"
)
_CURRENCIES = {**CURRENCIES, "US$": "USD", "R$": "BRL", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "Fr.": "CHF"}
_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_WORDS_BEHIND = re.compile(r" ([^\W\d_]{1,30})(?: ([^\W\d_]{1,30}))?(?: ([^\W\d_]{1,30}))?")
_WORD_BEFORE = re.compile(r"([^\W\d_]{1,20}\.?|[§№#]) \Z")
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


@dataclass(frozen=True)
class Quantities:
    """What is counted, measured and paid."""

    language: str
    style: Style
    is_known: bool
    """Whether there is a style for the language."""

    def quantities(self) -> Iterator[Rule]:
        """Rules for every number; the last of them reads any digits."""
        style = self.style
        number = _NUMBERS[style.point]
        low = rf"(?P<minus>{_MINUS})?{START}(?P<low>{number})"
        high = rf"(?P<high>{number})"
        sign, code = rf"(?P<sign>{alternatives(_CURRENCIES)})", rf"(?P<code>\b(?:{'|'.join(CODES)})\b)"
        yield from self._fractions()
        if style.point == ",":
            # "5,- €"
            yield rule(r"(?<=\d),[-–—](?!\w)", lambda _: "")
            coins = r"(?=[\d. ]{1,20},\d\d\D)"
            yield rule(rf"{coins}{low}(?P<high>)(?P<sign>)(?P<code>) (?:[Ee]uro[as]?|eiro|евро)\b", self._money)
        if style.scales:
            suffix = r"(?P<suffix>[kKMB]|bn|Md|Mrd)"
            yield rule(rf"{low}(?P<high>) ?{suffix} ?(?:{sign}(?!\d)|{code})", self._scaled_money)
            yield rule(
                rf"(?P<minus>{_MINUS})?(?<!\w)(?:{sign}|{code}) ?(?P<low>{number})(?P<high>) ?{suffix}(?!\w)",
                self._scaled_money,
            )
            # 4K is a picture.
            yield rule(rf"{low}(?P<high>)(?:k|(?<=\d\d)K)(?!\w)", self._thousands)
            yield rule(rf"{low}(?P<high>)(?: (?=M d[ei] ))?(?P<suffix>M)(?!\w)(?P<gap> (?=[^\W\d_]))?", self._millions)
        yield rule(
            rf"{START}(?P<low>\d{{1,3}}[.,]\d{{1,2}})(?=/\d{{1,3}}{END})", lambda match: self._amount(match["low"])
        )
        scales = rf" (?P<scale>{_SCALES}|{alternatives(_SHORT_SCALES)})(?!\w)"
        yield rule(rf"{low}(?P<high>){scales} ?(?:{sign}(?!\d)|{code})", self._money)
        scale = rf"(?:{scales})?"
        yield rule(
            rf"(?P<minus>{_MINUS})?(?<!\w)(?:{sign}|{code}) ?(?P<low>{number})(?P<high>)(?!\d){scale}", self._money
        )
        yield rule(rf"{low}(?:{TO}{high})? ?(?:{sign}(?!\d)|{code})", self._money)
        yield rule(rf"{low} ?%{TO}{high} ?(?P<unit>%)", self._measure)
        yield rule(rf"{low}(?:{TO}{high})?(?P<gap> ?){self._units()}", self._measure)
        # A minus between numbers, and a letter for times.
        if self.is_known:
            yield rule(r"(?<=\d) ?[xX] ?(?=\d)", lambda _: f" {style.signs['×']} ")
        yield rule(r"(?<=\d) ?− ?(?=\d)|(?<=\d) [-–] (?=\d[\d.,]{0,12} ?=)", lambda _: f" {self._minus_word()} ")
        yield rule(rf"{low}{TO}{high}{END}(?P<gap>)", self._plain)
        yield rule(rf"{low}(?P<high>){END}(?P<gap> (?=[^\W\d_]))?", self._plain)
        yield rule(r"\d+", lambda match: cardinal(match[0], self.language))
        if style.per:
            yield rule(rf"(?<=[{''.join(CURRENCIES)}])/(?P<noun>[^\W\d_]{{1,20}}[²³]?)\b", self._price)

    def _fractions(self) -> Iterator[Rule]:
        style = self.style
        if not style.fractions:
            return
        halves = alternatives(style.fractions) + "|[1-4]/5|[1357]/8|[15]/6" * bool(style.parts)
        unit = rf"(?: ?{self._units()})?"
        yield rule(rf"{START}(?P<whole>\d{{1,3}}) ?(?P<vulgar>[{_VULGAR}]){unit}", self._mixed)
        yield rule(rf"{START}(?P<whole>\d{{1,3}}) (?P<vulgar>{halves}){END}{unit}", self._mixed)
        yield rule(rf"(?<!\w)(?P<whole>)(?P<vulgar>[{_VULGAR}]){unit}", self._mixed)
        yield rule(rf"{START}(?P<whole>)(?P<vulgar>{halves}){END}{unit}", self._mixed)

    def _units(self) -> str:
        """Return a pattern for symbols; the one of amperes may be a word in capitals in front of a number."""
        symbols = alternatives({**UNITS, **self.style.units, **self.style.named})
        return rf"(?P<unit>(?!A \d)(?:{symbols}))(?![\w²³]|/\w)"

    def _parts(self, written: str) -> tuple[str, str]:
        """Return the digits of a number before and behind the decimal sign."""
        written = written.replace("'", "").replace("’", "")
        other = "," if self.style.point == "." else "."
        if re.fullmatch(_FOREIGN[self.style.point], written):
            written = written.replace(self.style.point, "").replace(other, ".")
        elif self.style.point == ".":
            written = written.replace(",", "")
        elif "," in written or re.fullmatch(_GROUPED[","], written):
            written = written.replace(".", "").replace(",", ".")
        whole, _, fraction = written.replace(" ", "").partition(".")
        return whole, fraction.replace(".", "")

    def _amount(self, written: str) -> str:
        return spelling.decimal(*self._parts(written), self.language, is_amount=True)

    def _counted(self, match: re.Match[str], words: str, written: str, behind: Iterable[str]) -> Counted:
        whole, fraction = self._parts(written)
        return Counted(words, "" if fraction else whole, word_before(match), tuple(behind))

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
        return f"{words}{joint(self.style.to)}{say(match['high'])}" if match["high"] else words

    def score(self, match: re.Match[str]) -> str:
        low, high = (cardinal(match[side], self.language) for side in ("low", "high"))
        return f"{low}{joint(self.style.against or self.style.to)}{high}"

    def _plain(self, match: re.Match[str]) -> str:
        low, high = match["low"], match["high"]
        if high and len(low) <= 3 and low.isdecimal() and high.isdecimal() and int(low) > int(high):
            return self._minus(match) + self.score(match)
        found = _WORDS_BEHIND.match(match.string, match.end() - len(match["gap"] or ""))
        behind = [word for word in found.groups() if word] if found else []

        def say_one(written: str) -> str:
            if not written.isdecimal():
                words = self._amount(written)
            elif len(written) > 1 and written[0] == "0":
                return cardinal(written, self.language)
            else:
                words = cardinal(written, self.language)
            return self._agreed(match, words, written, behind if written == (high or low) else ())

        words = self._value(match, say_one)
        return words if words.endswith("'") else words + (match["gap"] or "")

    def _measure(self, match: re.Match[str]) -> str | None:
        last = match["high"] or match["low"]
        count = ".".join(filter(None, self._parts(last)))
        before = word_before(match)
        form = self.style.form(count, before)
        named = self.unit(match["unit"], form, match.groupdict().get("gap"))
        if named is None:
            return None
        behind = named.replace("{}", "").split()

        def say_one(written: str) -> str:
            return self._agreed(match, self._amount(written), written, behind if written == last else ())

        return self.style.governed(filled(named, self._value(match, say_one)), before) + self.stop(match)

    def unit(self, symbol: str, count: str, gap: str | None = None) -> str | None:
        """Return a unit as it is said, with {} for the number; None where it is not known."""
        return unit_pattern(symbol, count, self.style, self.language, gap)

    def _price(self, match: re.Match[str]) -> str | None:
        """Return what a price is for: 5 €/kg."""
        noun = match["noun"]
        if noun in UNITS or noun in self.style.units or noun in self.style.named:
            named = self.unit(noun, "1")
            noun = named.replace("{}", "").strip() if named else noun
        elif len(noun) < 3:
            return None
        return f" {self.style.per} {noun}"

    def _money(self, match: re.Match[str]) -> str | None:
        code = match["code"] or _CURRENCIES.get(match["sign"], "EUR")
        if scale := match.groupdict().get("scale"):
            scale = self._scale(_SHORT_SCALES.get(scale, scale), match["low"])
            amount = self._agreed(match, self._amount(match["low"]), match["low"], [scale])
            scaled = " ".join(filter(None, (amount, scale, self.style.of)))
            words = spelling.currency_unit(scaled, "5", code, self.language)
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
            words = filled("{} " + rest, agreed)
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
        return forms[plural(".".join(filter(None, self._parts(written))), self.language)] if forms else scale

    def _thousands(self, match: re.Match[str]) -> str | None:
        digits = _thousandfold(*self._parts(match["low"]))
        return digits and self._minus(match) + cardinal(digits, self.language, is_amount=True)

    def _millions(self, match: re.Match[str]) -> str:
        scale = self._scale("M", match["low"])
        amount = self._agreed(match, self._amount(match["low"]), match["low"], [scale])
        found = _WORDS_BEHIND.match(match.string, match.end() - len(match["gap"] or ""))
        words = self._agreed(match, f"{amount} {scale}", match["low"], [found[1]] if found else [])
        return self._minus(match) + (words if words.endswith("'") else words + (match["gap"] or ""))

    def _elided(self, words: str) -> str:
        return words.replace(" de euros", " d'euros") if self.language == "fr" else words

    def stop(self, match: re.Match[str]) -> str:
        """Return the full stop of an abbreviation that ends the sentence as well."""
        starts = re.compile(rf"\Z| (?:{self.style.starters})\b" if self.style.starters else r"\Z| [^\W\d_a-zа-яё]")
        return "." if match[0].endswith(".") and starts.match(match.string, match.end()) else ""

    def _mixed(self, match: re.Match[str]) -> str | None:
        """Fractions with a whole before and a unit behind, or without."""
        key = _fraction(match["vulgar"])
        words, whole, unit = self._part(key), match["whole"], match["unit"]
        if words is None:
            return None
        form = "2.5" if whole else {"ru": "0.5", "fi": "2", "pl": "0.5"}.get(self.language, "1")
        named = self.unit(unit, form) if unit else "{}"
        if whole:
            found = _WORDS_BEHIND.match(match.string, match.end())
            behind = [found[1]] if found else []
            behind = (named or "").replace("{}", "").split() or behind
            words = self.style.mixed(key, words, self._counted(match, cardinal(whole, self.language), whole, behind))
        if unit and named and not whole and self.style.part_of:
            noun = named.replace("{}", "").strip()
            return self.style.part_of(key, words, noun, word_before(match)) + self.stop(match)
        return named and named.replace("{}", words) + self.stop(match)

    def _part(self, key: str) -> str | None:
        """Return a fraction, as 3/8."""
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


def joint(word: str) -> str:
    """Between two numbers: "пять-десять", "fünf bis zehn"."""
    return word if word == "-" else f" {word} "


def filled(named: str, words: str) -> str:
    """Return a unit with its number, which may be written with it as one: un'ora."""
    return named.replace("{} ", words) if words.endswith("'") else named.replace("{}", words)


def rule(pattern: str, read: Read) -> Rule:
    """Return a rule by its pattern as text."""
    return Rule(re.compile(pattern), read)


def word_before(match: re.Match[str]) -> str:
    """Return the word in front of a match, in small letters; empty if there is none."""
    before = _WORD_BEFORE.search(match.string[max(0, match.start() - 22) : match.start()])
    return before[1].lower() if before else ""


def _thousandfold(whole: str, fraction: str) -> str | None:
    """Return the digits of a thousand times a number; None if it has more decimals than that."""
    return (whole + fraction.ljust(3, "0")).lstrip("0") if len(fraction) <= 3 else None


def _fraction(character: str) -> str:
    """½ as 1/2."""
    return unicodedata.normalize("NFKC", character).replace("\N{FRACTION SLASH}", "/")
