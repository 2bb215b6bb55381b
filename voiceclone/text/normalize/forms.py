"""Other ways of writing become the usual one: what is grouped by spaces, moments, durations. Pure functions.

Read before the rules of a language, which then know one form of each. Says no words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from voiceclone.text.normalize.english import OF_RANK
from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.spelling import CODES, CURRENCIES, alternatives, roman

_START, _END = r"(?<!\w)(?<!\d[.,:/])", r"(?!\w|[.,:/]\d)"
_BEFORE = 60
"""Characters that are looked at for what a number belongs to."""
_SIGN = alternatives([*CURRENCIES, *CODES, "zł", "Kč", "R$"])
_SCALE = "thousand|million|billion|trillion"
_COUNTABLE = r"%|°|(?:km|kg|cm|mm|m|g|mg|ml|cl|l|L|W|kW|kWh|GB|MB)\b|(?:million|billion)\b"
_TELEPHONE = re.compile(
    r"\b(?i:call|ring|phone|tel|telephone|dial|fax|mobile|cell|hotline|whatsapp|sms|code|pin|card|account|number)"
    r"[^.!?\d]{0,30}\Z|\(0\d{1,5}\) ?\Z|(?:电话|電話|热线|手机|拨打|致电|番号)[^。！？\d]{0,6}\Z"
)
_NAMED = re.compile(
    # "May 5 300 people came", "iPhone 15 256 GB".
    r"(?i:\b(?:room|day|week|grade|line|page|chapter|part|level|step|question|gate|flight|no\.?|number|type|class|unit"
    r"|item|figure|table|section|row|bus|route|platform|windows|iphone|galaxy|version|age|aged|verse|episode|season"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)s?\.? |(?<=[a-z,] )[A-Z]\w* )\Z"
)
_CLOCK_BEFORE = re.compile(r"(?i:\b(?:at|from|until|till|by|to|before|after|around|between|starts?|opens?|closes?) )\Z")
_LASTS = re.compile(r"(?i:\b(?:takes?|took|for|of|about|lasts?|lasted|in|worked|spent|over|under|than) )\Z")
_MONARCH = re.compile(rf"\b{OF_RANK} \Z")


def _rule(pattern: str, read: Callable[[re.Match[str]], str | None] | str) -> Rule:
    written = read
    return Rule(re.compile(pattern), (lambda _: written) if isinstance(written, str) else written)


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - _BEFORE) : match.start()]


def _moment(joint: str, utc: str = "UTC") -> Rule:
    """2024-03-05T14:30:00Z: its zeros behind the minutes are nothing to say."""

    def usual(match: re.Match[str]) -> str:
        second = (match["second"] or "").replace(",", ".")
        second = re.sub(r"\.0+\Z", "", second) if joint == " at " else second[:2]
        second = f":{second}" if second not in ("", "00") else ""
        zone = (match["zone"] or "").upper()
        if zone and zone != "Z":
            sign = "+" if zone[0] == "+" else "−"
            hours = zone[1:3].lstrip("0") or "0"
            zone = f" {utc}{'' if hours == '0' and zone[-2:] == '00' else f'{sign}{hours}'}"
            zone += "" if match["zone"][-2:] == "00" else f":{match['zone'][-2:]}"
        return f"{match['date']}{joint}{match['time']}{second}{f' {utc}' if zone == 'Z' else zone}"

    return _rule(
        rf"{_START}(?P<date>\d{{4}}-[01]\d-[0-3]\d)(?:[Tt]| (?=\d\d:\d\d))(?P<time>[0-2]\d:[0-5]\d)"
        r"(?::(?P<second>[0-5]\d(?:[.,]\d{1,9})?))? ?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?(?!\w|[.,:]\d)",
        usual,
    )


def _in_letters(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).upper()


def _in_digits(match: re.Match[str]) -> str:
    return roman(_in_letters(match)) if not _MONARCH.search(_before(match)) else _in_letters(match)


_ROMAN = "[Ⅰ-Ⅿⅰ-ⅿ]{1,12}"


def _grouped(match: re.Match[str]) -> str | None:
    """10 000: a number, where it is none of a telephone, and what stands before is no number of its own."""
    whole, decimals = match["whole"], match["decimals"] or ""
    first, *groups = re.split("[ '’]", whole)
    before, is_round = _before(match), set(groups) == {"000"}
    if not is_round and (before.endswith("+") or _TELEPHONE.search(before)):
        return None
    if not is_round and len(groups) == 1 and _NAMED.search(before):
        return None
    return f"{','.join([first, *groups])}{decimals.replace(',', '.')}"


def _decimal_comma(match: re.Match[str]) -> str:
    """€1.234,56."""
    return match["only"].replace(".", "").replace(",", ".")


def _years(match: re.Match[str]) -> str | None:
    """2023/24 is a season; 2023/05 may be a month."""
    first, last = match["first"], match["last"]
    first = f" {first}" if match.string.endswith("FY", 0, match.start()) else first
    if len(last) == 4:
        return f"{first}-{last}" if 0 < int(last) - int(first) < 100 else None
    is_next = (int(first) + 1) % 100 == int(last)
    return f"{first}-{last}" if is_next or (int(last) > 12 and int(last) > int(first[-2:])) else None


def _clock(match: re.Match[str]) -> str | None:
    """9.30 h, 10h30."""
    hour, minute, before = match["hour"], match["minute"], _before(match)
    is_clock = _CLOCK_BEFORE.search(before) or (match["dot"] == "." and minute[-1] == "0" and not _LASTS.search(before))
    return f"{hour}:{minute}" if is_clock else None


def _duration(match: re.Match[str]) -> str:
    units = {"day": "days", "hour": "h", "minute": "min", "second": "s"}
    # "1 days" is no English.
    parts = [(match.groupdict().get(name), unit) for name, unit in units.items()]
    return " ".join(f"{int(n)} {'day' if unit == 'days' and n == '1' else unit}" for n, unit in parts if n)


def _leading_zero(match: re.Match[str]) -> str:
    return re.sub(r"\b0+", "", match["only"])


def _squared(match: re.Match[str]) -> str:
    return f"{match['unit']}{'²' if match['power'] == 'sq' else '³'}"


_STOP = r"(?:\.(?=,|;| [a-z(\d]))?"
"""The full stop of an abbreviation that does not end the sentence."""
_MINUTE, _SECOND = r"(?P<minute>\d{1,3}) ?m(?:ins?\.?|inutes)?", r"(?P<second>\d{1,2}) ?s(?:ecs?)?"
_NO_UNIT = r"(?![\w²³/])"
_TERM = r"(?:\d{1,4}(?:\.\d{1,3})?)?(?:\b|(?<=\d))[a-z](?:[²³]|\^\d)?\b|\d{1,4}(?:\.\d{1,3})?\b"
_TERMS = rf"(?:{_TERM})(?: [-–−+] (?:{_TERM})){{0,5}}"
_MONEY_WRITTEN = (
    # "CHF 5.-", "20.- Fr."
    _rule(r"(?:CHF|S?Fr\.|EUR|[€$£]) ?(?:\d{1,3}(?:['’.]\d{3}){1,3}|\d{1,6})(?P<only>[.,](?:[–—]|-{1,2}))(?!\w)", ""),
    _rule(r"(?<=\d)[.,](?:[–—]|-{1,2})(?= ?(?:CHF|EUR|€))", ""),
    _rule(r"(?<=\d)[.,](?:[–—]|-{1,2}) ?S?Fr\.(?!\w)", " CHF"),
    _rule(r"(?:(?<=\d)|(?<=\bmln)|(?<=\bmld)) ?zł(?!\w)", " PLN"),
    _rule(r"(?<=\d) ?Kč(?!\w)", " CZK"),
    # "$500 MXN", "29 € 99"
    _rule(r"\$ ?(?=\d[\d.,]{0,14} ?(?:AUD|CAD|HKD|MXN|NZD|SGD|USD)\b)", ""),
    _rule(r"(?<=\d) € (?=\d\d(?:[.,;!?)]|\Z))", "€"),
    _rule(r"(?<![\w$])R\$ ?(?=\d)", "BRL "),
)


def _sum(match: re.Match[str]) -> str:
    """x² - 2x + 1 = 0: a sign between terms is a minus, and x no sign."""
    return re.sub(r"(?<=\d)(?=x)", " ", re.sub(" [-–−] ", " − ", match[0]))


ENGLISH = (
    _moment(" at "),
    _rule(r"¢(?P<low>\d{1,2})\b", lambda match: f"{match['low']}¢"),
    _rule(r"(?<!\w)kr\.? ?(?P<low>\d{1,3}(?:,\d{3}){1,3}|\d{1,6})(?![\w.,]\d)", lambda match: f"{match['low']} kroner"),
    _rule(r"(?<=\d) ?kr\b(?!\.\w)", " kroner"),
    *_MONEY_WRITTEN,
    _rule(rf"(?<![\w.]){_TERMS}(?= =)|(?<=[=<>] ){_TERMS}(?!\w)", _sum),
    _rule(_ROMAN, _in_digits),
    _rule(
        r"(?<![\w.,:/'’])(?<!\d )(?P<whole>[1-9]\d{0,2}(?: \d{3}|['’]\d{3}){1,4})(?P<decimals>[.,]\d{1,2})?"
        r"(?! ?\d|[\w/:'’]\w|\w|[-–]\d{1,4}+(?! \d{3}))",
        _grouped,
    ),
    _rule(
        rf"(?<!\w)(?:{_SIGN}) ?(?P<only>(?:\d{{1,3}}(?:\.\d{{3}}){{1,4}}|\d{{1,9}}),\d\d)(?!\w|[.,]\d)", _decimal_comma
    ),
    _rule(
        rf"(?<![\w.,])(?P<only>(?:\d{{1,3}}(?:\.\d{{3}}){{1,4}}|\d{{1,9}}),\d\d)(?= ?(?:{_SIGN})(?!\w))",
        _decimal_comma,
    ),
    _rule(rf"(?<![\w.,])(?P<only>\d{{1,3}},\d{{1,2}})(?= ?(?:{_COUNTABLE}))", _decimal_comma),
    _rule(r"(?<!\w)€ ?(?P<only>\d{1,3}(?:\.\d{3}){1,4})(?!\w|[.,]\d)", _decimal_comma),
    _rule(r"\bRMB ?(?=\d)", "CNY "),
    _rule(r"\bR[se]\.? ?(?=\d)|₨ ?(?=\d)", "₹"),
    # "£5 million pounds"
    _rule(
        rf"(?:(?P<pounds>£)|(?P<dollars>\$)|(?P<euros>€))"
        rf"(?=[\d.,]{{1,15}}(?: (?:{_SCALE}))? (?(pounds)pounds?|(?(dollars)"
        r"dollars?|euros?))\b)", ""
    ),
    _rule(r"(?<=\d)/-(?!\w)", ""),
    # Times.
    _rule(
        r"(?<![\w.,:/$€£])(?P<hour>1[0-2]|0?[1-9])(?P<only>\.)(?P<minute>[0-5]\d)"
        r"(?=(?: ?[-–] ?(?:1[0-2]|0?[1-9])[.:][0-5]\d)? ?(?:[aApP]\.?[mM]\b|o'?clock|(?:in the (?:morning|afternoon"
        r"|evening)|at night|tonight|tomorrow|sharp)\b))",
        ":",
    ),
    _rule(
        r"(?<![\w.,:/$€£])(?P<hour>[6-9]|1[0-2])\.(?P<minute>[0134][05]) ?[-–] ?"
        r"(?P<to>1[3-9]|2[0-4])\.(?P<last>[0134][05])"
        r"(?!\w|[.,:/]\d)",
        lambda match: f"{match['hour']}:{match['minute']}-{match['to']}:{match['last']}",
    ),
    _rule(r"(?<=\d[.:]\d\d[-–])(?:1[0-2]|0?[1-9])(?P<only>\.)(?=[0-5]\d ?[aApP]\.?[mM]\b)", ":"),
    _rule(
        r"(?<![\w.,:/])(?P<hour>[01]?\d|2[0-3])(?P<dot>\.)(?P<minute>[0-5]\d) ?h(?:rs?)?\b(?![/.²])", _clock
    ),
    _rule(r"(?<![\w.,:/])(?P<hour>[01]?\d|2[0-3])(?P<dot>h)(?P<minute>[0-5]\d)(?!\w)", _clock),
    _rule(r"(?<![\w.,:/])(?:[01]?\d|2[0-3]):[0-5]\d(?P<only> ?h)(?!\w)", ""),
    _rule(
        r"(?<![\w.,:/])(?P<hour>\d{1,4}) ?h(?:rs?\.?)?,? ?"
        rf"(?:{_MINUTE}(?:,? ?{_SECOND})?|(?<=h)(?<!h )(?P<short>[0-5]\d)){_NO_UNIT}",
        lambda match: _duration(match) if not match["short"] else f"{match['hour']} h {match['short']} min",
    ),
    _rule(rf"(?<![\w.,:/]){_MINUTE},? ?{_SECOND}{_NO_UNIT}", _duration),
    _rule(
        r"(?<![\w.,:/])(?P<day>\d{1,3}) ?d(?:ays?)?,? (?P<hour>\d{1,2}) ?h(?:rs?)?"
        rf"(?:,? ?{_MINUTE}(?:,? ?{_SECOND})?)?{_NO_UNIT}",
        _duration,
    ),
    _rule(rf"(?:(?<=\bFY)|{_START})(?P<first>(?:1[5-9]|20)\d\d)/(?P<last>\d\d(?:\d\d)?){_END}", _years),
    # Numbers.
    _rule(
        r"\b(?i:act|book|chapter|day|episode|exercise|figure|item|lecture|lesson|level|module|part|phase|question|round"
        r"|scene|season|section|slide|stage|step|table|task|track|unit|verse|volume|week)s? "
        r"(?P<only>0{1,2}[1-9]\d?(?:[-–]0{0,2}[1-9]\d?)?)"
        rf"{_END}",
        _leading_zero,
    ),
    _rule(r"(?<!\w)[Ss](?P<season>\d\d)[Ee](?P<episode>\d\d)(?!\w)", lambda match: (
        f"season {int(match['season'])} episode {int(match['episode'])}"
    )),
    _rule(r"(?<=\d)/\d{1,3}(?P<only>(?:ths?|rds?|nds?|['’]?s))\b", ""),
    # Measures.
    _rule(
        rf"(?<=\d) ?(?P<only>(?P<power>sq|cu)\.? ?(?P<unit>ft|in|mi|yd|km|m|cm|mm)\b{_STOP})(?![\w²³])", _squared
    ),
    _rule(r"(?<=\d) ?(?P<only>fl\.? ?oz\.)(?=,|;| [a-z(\d])", "fl oz"),
    _rule(r"(?<=\d) ?(?P<only>fl\. ?oz)\b", "fl oz"),
    _rule(r"(?<=\d) ?(?P<only>(?:sq|cu)\. )(?=(?:feet|foot|inch|inches|miles?|yards?|meters?|metres?|kilomet)\b)",
          lambda match: "square " if match["only"][0] == "s" else "cubic "),
    _rule(
        r"(?<=\d)(?: ?(?:kcal|cal|kJ|mg|µg|mcg|g|ml|mL|L|l|kg|kWh|€|\$))(?P<only>/)"
        r"(?=\d{1,4} ?(?:g|kg|ml|mL|km|m|mi|L|l)\b)", " per "
    ),
    _rule(r"(?:(?<=\d)|(?<=\d )|(?<=/))(?P<unit>km|m|cm|mm|ft|in|mi|yd)\^(?P<power>[23])(?!\w)", lambda match: (
        f"{match['unit']}{'²' if match['power'] == '2' else '³'}"
    )),
    _rule(r"(?<=\d)/\d{1,2}(?P<only>[\"″])(?=[ ,;.)]|\Z)", " inch"),
    _rule(r"(?<=\d) ?ft\.? ?\d{1,2}(?P<only> ?in)\b(?!\.)", " inches"),
    _rule(r"(?<![\w.,])(?P<a>\d{1,4}(?:\.\d{1,3})?) ?in ?[x×] ?(?P<b>\d{1,4}(?:\.\d{1,3})?) ?in\b", lambda match: (
        f"{match['a']} x {match['b']}in"
    )),
    _rule(r"(?<=\d) ?(?P<only>A)(?= (?:fuse|current|breaker|charger|circuit|socket|supply|plug)\b)", "amp"),
    _rule(r"(?<=\d)(?P<only> ?MP)(?= (?:cameras?|sensors?|photos?|images?|pictures?|shots?|lens)\b)", " megapixel"),
    _rule(r"(?<=\d)(?P<only> t)(?= of\b|[,;)]|\.?\Z|\. [A-Z])", " tonne"),
    _rule(r"(?<=\d)(?P<only> ?st)(?= \d{1,2} ?lbs?\b)", " stone"),
)  # fmt: skip
_HAN = "\u3400-\u9fff\u3040-\u30ff"
_WIDE = (
    _rule(_ROMAN, lambda match: roman(_in_letters(match))),
    # A space that only parts a number from what is beside it.
    _rule(rf"(?<=[{_HAN}]) (?=[-+]?[$€£¥￥]?\d)|(?<=\d) (?=[{_HAN}])", ""),
    _rule(r"(?<=\d) [:：] (?=\d)", ":"),
    _rule(
        r"(?<![\d.,:/A-Za-z-])(?<!\d )(?P<whole>[1-9]\d{0,2}(?: \d{3}){1,4})(?P<decimals>)(?![.:/-]?\d| \d)",
        _grouped,
    ),
    _rule(
        r"(?<=第)(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?=[章节節卷部篇回集册巻編])",
        lambda match: roman(match[0]),
    ),
)
CHINESE = (
    _moment(" ", "协调世界时"),
    *_WIDE,
    _rule(r"(?<=985)/(?=211)|(?<=211)/(?=985)", "、"),
    _rule(r"(?<=\d\.\d)0(?=元)|(?<=\d)\.00(?=元)", ""),
    _rule(r"(?<=\d)w(?![A-Za-z\d])", "万"),
)
JAPANESE = (
    _moment(" ", "協定世界時"),
    _rule(
        r"(?<!\w)(?<!\w )(?P<sign>[≥≤]) ?(?P<rest>\d[\d.,]{0,12}(?:[歳才人円個点時分秒年月日回%％℃度]|kg|cm|m|g)?)",
        lambda match: f"{match['rest']}{'以上' if match['sign'] == '≥' else '以下'}",
    ),
    *_WIDE,
)
OTHERS = (
    _moment(" "),
    *_MONEY_WRITTEN,
    # "7. 3. 2021"
    _rule(
        r"(?<![\w.])(?P<day>[0-3]?\d)\. (?P<month>[01]?\d)\. (?P<year>(?:19|20)\d\d)(?![\w])",
        lambda match: f"{match['day']}.{match['month']}.{match['year']}",
    ),
    _rule(_ROMAN, _in_letters),
)
