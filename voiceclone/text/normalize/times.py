"""When something is: dates, times, durations, seasons, in the words of a language.

Knows no single language: what is special to one is in its Style.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.quantities import TO, Quantities, filled, joint, rule, word_before
from voiceclone.text.normalize.rules import Rule, rewritten
from voiceclone.text.normalize.spelling import cardinal
from voiceclone.text.normalize.style import CLOCK, END, START, Counted, ending


class Times(Quantities):
    """Amounts, and when something is."""

    def dates(self, others: tuple[Rule, ...]) -> Iterator[Rule]:
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
            # What follows may go on.
            return rewritten(word + long, others).removeprefix(word).removesuffix(".")

        iso = r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
        written = (
            rf"{iso}(?:T| T?){CLOCK}(?::\d\d(?:[.,]\d{{1,9}})?)?(?:Z|[+-]\d\d:?\d\d)?",
            iso,
            r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)",
            r"(?P<day>\d\d?)([./-])(?P<month>\d\d?)\2(?P<year>\d{4})",
            r"(?P<day>\d\d)([./])(?P<month>\d\d)\2(?P<year>\d\d)",
        )
        if self.is_known:
            for date in written:
                yield rule(f"{START}{date}{END}", read_date)
            yield rule(
                rf"{START}(?:(?P<day>1[3-9]|2\d|3[01])/(?P<month>0[1-9]|1[0-2])|(?P<d>0[1-9])/(?P<m>0[1-9]|1[0-2])){END}",
                self._day_month,
            )
            if self.style.day_month:
                yield rule(
                    r"(?<![\d.,:/])(?<!klo )(?<!\bum )\b(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.(?![\d.])",
                    self._day_month,
                )

    def times(self) -> Iterator[Rule]:
        hour, minute, second = (
            "|".join(re.escape(written) for written, unit in self._units_of(name)) for name in ("h", "min", "s")
        )
        yield rule(
            rf"{START}(?P<h>\d{{1,3}}) ?(?:{hour}) ?(?P<m>\d{{1,2}}) ?(?:m|{minute})"
            rf"(?: ?(?P<s>\d{{1,2}}) ?(?:{second}))?(?!\w)",
            self._duration,
        )
        yield rule(
            rf"{START}(?P<h>)(?P<m>\d{{1,3}}) ?(?:m|{minute}) ?(?P<s>\d{{1,2}}) ?(?:{second})(?!\w)", self._duration
        )
        if self.is_known:
            yield rule(rf"{START}{CLOCK}:(?P<second>[0-5]\d)(?: Uhr\b| h\b)?{END}", self._clock)
        for clock in self.style.clock_written:
            yield rule(rf"{START}{clock}{END}", self._clock)
        yield rule(rf"{START}(?P<h>\d{{1,2}})h(?P<m>[0-5]\d)(?P<s>){END}", self._duration)
        yield rule(rf"{START}(?P<low>\d{{1,3}}):(?P<high>\d{{1,3}}){END}", self.score)
        # Between two times.
        yield rule(
            rf"(?:(?<=\d[:.]\d\d)|(?<=\dh)|(?<=\dh\d\d)){TO}(?=\d{{1,2}}(?::\d\d|\.\d\d Uhr|h))",
            lambda _: joint(self.style.to),
        )

    def _units_of(self, name: str) -> Iterator[tuple[str, str]]:
        own = ((written, unit) for written, unit in self.style.units.items() if unit == name)
        return iter(sorted([(name, name), *own], key=lambda pair: -len(pair[0])))

    def _clock(self, match: re.Match[str]) -> str:
        hour, minute = str(int(match["hour"])), str(int(match["minute"] or 0))
        before = word_before(match)
        words = ending(self._governed(hour, before), self.style.hour_ending)
        form = self.style.form(hour, before)
        hours = spelling.measured(words, form, "duration-hour", self.language) or words
        minutes = self._governed(minute, before)
        minutes = self.style.early_minute.format(m=minutes) if 0 < int(minute) < 10 else minutes
        spoken = self.style.clock[minute == "0"].format(h=words, hours=hours, m=minutes)
        second = match.groupdict().get("second")
        if second and int(second):
            seconds = self._measured(str(int(second)), "s")
            spoken += f" {self.style.signs['&']} {seconds}" if self.language != "ar" else f" و{seconds}"
        return spoken

    def _governed(self, digits: str, before: str) -> str:
        """Return a number in the form that the word before it asks for."""
        return self.style.agree(Counted(cardinal(digits, self.language), digits, before))

    def _measured(self, digits: str, symbol: str) -> str:
        named = self.unit(symbol, digits) or f"{{}} {symbol}"
        words = self.style.agree(Counted(cardinal(digits, self.language), digits, "", named.replace("{}", "").split()))
        return filled(named, words)

    def _duration(self, match: re.Match[str]) -> str:
        parts = ((match["h"], "h"), (match["m"], "min"), (match["s"], "s"))
        spoken = " ".join(self._measured(str(int(digits)), symbol) for digits, symbol in parts if digits)
        return spoken + self.stop(match)

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


def _day_of_month(day: int, month: int, language: str) -> str:
    from datetime import date

    from babel.dates import format_skeleton

    return str(format_skeleton("MMMMd", date(2000, month, day), locale=language))
