"""How Chinese and Japanese are read: numbers, dates, times, money, measures, telephones, signs. Pure functions.

Knows no words: a number is told by its shape and by the characters beside it. Chinese is that of the mainland, whose
digits of telephones and rooms say 幺 for one. Which of 05/03/2024 is the month nobody knows, unless one of them cannot
be one: the two are read number by number. Japanese numbers are written in Chinese characters as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.addresses import address_rules
from voiceclone.text.normalize.chinese_words import STYLES, Style
from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.spelling import CODES, CURRENCIES, UNITS, alternatives, cardinal

Read = Callable[[re.Match[str]], str | None]

# What is counted, in front of which two is 两.
_MEASURE = (
    "(?= ?(?:周岁|星期|小时|钟头|分钟|刻钟|点钟|美元|欧元|英镑|日元|港元|英里|英尺|英寸|毫米|毫升|公里|千米|厘米"
    "|公斤|千克|公顷|平方|立方|摄氏度|华氏度|[个位名人本张条件只支枝根块片颗粒头匹口把双对套杯瓶碗盘盒包袋箱份篇首封幅段句种类家间座栋台部辆架艘场次回遍趟顿下步"
    "圈组队排行列届集倍岁天周年秒元角毛米里克斤吨磅升度亩百千万亿点门股笔项款样道则朵棵株滴桶罐串束堆批群副顶扇幢所节课页面发枚瓣成])(?!级))"
)
_DIGIT_BY_DIGIT = (
    "电话|热线|客服|拨打?|致电|手机号?|号码|编号|学号|工号|房间|航班|车牌|车次|密码|验证码|邮编|微信|尾号|卡号|账号|QQ|群"
    "|短信|群号|订单号?|单号|口令"
)
"""In front of digits that are read one by one."""
_NO_MEASURE = _MEASURE.replace("(?=", "(?!", 1)
_NAMED_BY_DIGITS = (
    r"\d{3,4}(?=购物节|狂欢节|大促|晚会)|\d{3}(?=[国省县]道|高速|事件|工作制|高校|院校|工程|急救|报警)"
    "|[019]\\d{4}(?=热线|客服|网站|平台|短信|官网|电话)"
    r"|(?:985|211)(?=[、和与](?:985|211)|大学|毕业|本科|硕士|名校|学校)|(?<=985[、和与])211|(?<=211[、和与])985"
)
"""Names of roads, days and schools, and numbers that people dial, by what stands beside them."""
_EMERGENCY = "1(?:1[0479]|2[02])"
_HOTLINE = "(?:95\\d{3}|10086|10010|1118[35]|12306|12315)"
_DIALLED = (
    rf"(?<![共第约]){_HOTLINE}{_NO_MEASURE}|(?<=[打拨报]){_EMERGENCY}(?![次个元折分名人年月日])|(?<!\d){_EMERGENCY}(?=[、，和或]{_EMERGENCY}(?!\d))"
    rf"|(?<=1\d\d[、，和或]){_EMERGENCY}(?!\d)|(?<![第共约有等于价为=+-])(?:996|007){_NO_MEASURE}"
)
_DOLLARS = {"HK$": "HKD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD",
            "S$": "SGD", "NT$": "TWD", "R$": "BRL"}  # fmt: skip
_YEARLY = "学年|年度|财年|赛季|款(?!项)|届(?!会)|级(?=学生|新生|本科|研究生|毕业)|财政年度|年(?![前来])"
_UNITS = {
    **UNITS, **dict.fromkeys(("mol/L", "mol/l"), "mole-per-liter"), "rpm": "revolution-per-minute", "px": "pixel",
}  # fmt: skip
_LETTERS = {"digital", "frequency", "graphics"}
"""Kinds of units that Chinese says by their letters."""
_START, _END = r"(?<![\d.])(?<!\d[,:/])", r"(?!\d|[.,:/]\d)"
_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?+)"
_MINUS = r"(?P<minus>(?:(?<![\w)\]）%])|(?<=[是为算到加乘于数值得从比和]))[-−–])?"
_MINUS_BEFORE_MEASURE = r"(?P<minus>(?<![A-Za-z\d)\]）%])[-−–])?"
_TO = "(?:[-–—~～〜]| [-–—~～〜] )"
_HAN = "\u3400-\u9fff"


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """Return how a text in Chinese (`zh`) or Japanese (`ja`) becomes what is said, the first rule first."""
    return tuple(_Reader(language, STYLES[language]).rules())


def _rule(pattern: str, read: Read | str) -> Rule:
    spoken = read
    return Rule(re.compile(pattern), (lambda _: spoken) if isinstance(spoken, str) else spoken)


@dataclass(frozen=True)
class _Reader:
    language: str
    style: Style

    def rules(self) -> Iterator[Rule]:
        yield from address_rules(self.style.signs, self._digits)
        yield from self._dates()
        yield from self._telephones()
        yield from self._amounts()
        yield from self._plain_numbers()
        yield from self._signs()

    def _dates(self) -> Iterator[Rule]:
        yield _rule(rf"{_START}(?P<year>\d{{4}})([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?){_END}", self._year_first)
        yield _rule(rf"{_START}(?P<first>\d\d?)([-/.])(?P<second>\d\d?)\2(?P<year>\d{{4}}){_END}", self._year_last)
        if self.language == "zh":
            # "2000年前" is two thousand years ago.
            year = r"(?:1\d|20)\d\d"
            yield _rule(r"(?<=公元前)\d{1,4}(?=年)", lambda m: self._year(m[0]))
            yield _rule(rf"{_START}(?:\d{{4}}|0\d)(?= ?年(?![前来])|{_TO}\d{{4}} ?年)", lambda m: self._year(m[0]))
            yield _rule(rf"(?<=\d{{4}}){_TO}(?=\d{{4}} ?年)", self.style.to)
            yield _rule(rf"{_START}(?P<low>{year})(?:{_TO}|/)(?P<high>\d\d(?:\d\d)?) ?(?={_YEARLY})", self._years)
            yield _rule(rf"{_START}(?P<low>{year}){_TO}(?P<high>{year}){_NO_MEASURE}{_END}", self._years)
            yield _rule(rf"{_START}{year}(?=(?:{_YEARLY}))", lambda m: self._year(m[0]))
            yield _rule(rf"{_START}(?P<low>{year})[-/](?P<month>0[1-9]|1[0-2])(?![\d.:/-])", self._year_and_month)
            yield _rule(
                rf"{_START}[06-9]\d(?=年(?:出生|毕业|生人|世界杯|奥运|[春夏秋冬底初]))|(?<!民国){_START}\d\d(?=年\d{{1,2}}月)",
                lambda m: self._year(m[0]),
            )
            yield _rule(rf"{_START}\d[05-9](?=后(?![面天来续者]))", lambda m: self._year(m[0]))
        yield _rule(rf"(?<=[图表圖図]) ?(?P<low>\d{{1,3}})[-–](?P<high>\d{{1,3}}){_END}", self._figure)
        score = r"(?:比分|結果|结果)[是为為はが：: ]{0,2}"
        yield _rule(rf"{score}(?P<only>(?P<low>\d{{1,3}})[-–:：](?P<high>\d{{1,3}})){_END}", self._score)
        hour, half = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<half>[aApP]\.?[mM](?![A-Za-z])\.?)"
        clock = rf"{hour}[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?"
        yield _rule(rf"(?<![A-Za-z]){half} ?{clock}{_END}", self._clock)
        yield _rule(rf"{_START}{clock}(?: ?{half}|{_END})", self._clock)
        yield _rule(rf"{_START}{hour}(?P<minute>)(?P<second>) ?{half}", self._clock)
        yield _rule(rf"(?<=\d){_TO}(?=\d{{4}}([-/.])\d\d?\1\d)", self.style.to)
        yield _rule(rf"(?:(?<=[:：]\d\d)|(?<=[年月日号號点時时分秒元円%])|(?<=\d度))(?:{_TO})(?=\d)", self.style.to)
        yield _rule(rf"{_START}(?P<low>\d{{1,4}})[:：](?P<high>\d{{1,4}}){_END}", self._score)

    def _telephones(self) -> Iterator[Rule]:
        yield _rule(rf"{_START}(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{{4}}){{2}}{_END}", self._telephone)
        # A sign is no telephone's: +350.
        yield _rule(rf"\+(?=(?:[ -]?\d){{8}})\d{{1,3}}(?:[ -]?\d{{1,4}}){{2,5}}{_END}", self._telephone)
        yield _rule(rf"[（(]0\d{{2,3}}[）)][ -]?\d{{3,4}}[ -]?\d{{4}}{_END}", self._telephone)
        yield _rule(rf"{_START}0\d{{1,3}}[- ]\d{{3,4}}[- ]?\d{{4}}{_END}", self._telephone)
        yield _rule(rf"{_START}\d{{3,4}}([ -])\d{{3,4}}\1\d{{3,4}}{_END}", self._telephone)
        yield _rule(
            rf"{_START}\d{{1,2}}·\d{{1,2}}{_END}", lambda m: spelling.one_by_one(m[0].replace("·", ""), self.language)
        )
        if self.language == "ja":
            yield _rule(
                rf"(?:(?<!番号)(?P<mark>〒) ?|(?<=番号)〒? ?|(?<=番号は)〒? ?)\d{{3}}-\d{{4}}{_END}", self._postal_code
            )
            yield _rule(rf"{_START}\d{{3}}-\d{{4}}{_END}", self._postal_code)
            yield _rule(rf"{_START}\d{{1,3}}(?:-\d{{1,4}}){{2,3}}{_END}", self._parts)
            yield _rule(r"(?<!\d)119(?=番)", lambda match: spelling.one_by_one(match[0], self.language))
        else:
            yield _rule(rf"〒 ?\d{{3}}-\d{{4}}{_END}", lambda match: f"邮编{self._telephone(match)}")
            yield _rule(rf"(?<=邮编)[是为：: ]{{0,2}}(?P<only>\d{{6}}){_END}", self._telephone)
            yield _rule(rf"{_START}(?:{_DIALLED}|{_NAMED_BY_DIGITS})(?!\d|[.,]\d)", self._telephone)
        yield _rule(
            rf"(?:{_DIGIT_BY_DIGIT})[是为：:号 ]{{0,3}}"
            rf"(?P<name>[A-Za-z]{{1,3}})?(?P<only>\d{{2,20}})(?(name)|{_NO_MEASURE}){_END}",
            self._telephone,
        )
        yield _rule(rf"(?<=单元)\d{{3,4}}{_END}", self._telephone)
        yield _rule(rf"{_START}\d{{3,4}}(?=室|房(?!间?[里内])|路(?!人))", self._telephone)
        yield _rule(r"(?<=[A-Za-z])-?(?P<only>\d{3,20})(?![\d.])", self._telephone)
        # Names, as “315” and 《1984》.
        yield _rule(r"(?<=[“「『\"])\d{3}(?=[”」』\"])", self._telephone)
        yield _rule(r"(?<=《)\d{4}(?=》)", lambda match: self._year(match[0]))

    def _amounts(self) -> Iterator[Rule]:
        # "气温是-5℃": in front of a measure there is nothing else that it can be.
        low, high = rf"{_MINUS_BEFORE_MEASURE}{_START}(?P<low>{_NUMBER})", rf"(?P<high>{_NUMBER})"
        sign, code = alternatives([*CURRENCIES, "￥", *_DOLLARS]), rf"(?P<code>(?:RMB|{'|'.join(CODES)})(?![A-Za-z]))"
        scale = "(?: ?(?P<scale>[百千万亿萬億]{1,2}))?"
        yield _rule(
            rf"{_MINUS}(?P<sign>{sign}) ?(?P<low>{_NUMBER})(?:{_TO}(?:{sign})?{high})?{scale}[元圆円]?", self._money
        )
        yield _rule(rf"{_MINUS}(?<![A-Za-z]){code} ?(?P<low>{_NUMBER})(?:{_TO}{high})?{scale}", self._money)
        yield _rule(rf"{low}(?:{_TO}{high})?{scale}(?:(?P<sign>{sign})(?!\d)| ?{code})", self._money)
        yield _rule(rf"{low}(?:[%％]?{_TO}{high})? ?(?P<unit>[%％‰])", self._share)
        spoken = [u for u, name in _UNITS.items() if self.language == "ja" or name.split("-")[0] not in _LETTERS]
        yield _rule(rf"{low}(?:{_TO}{high})? ?(?P<unit>{alternatives(spoken)})(?![A-Za-z²³])", self._measure)
        yield _rule(rf"{_START}24/7{_END}", "七天二十四小时" if self.language == "zh" else "二十四時間年中無休")
        yield _rule(rf"{_START}(?P<n>\d{{1,4}})[/⁄](?P<d>\d{{1,4}}){_END}", self._fraction)
        yield _rule(r"(?P<whole>\d{1,3})?(?P<sign>[¼-¾⅐-⅞①-⑳])", self._one_character)
        each = "每" if self.language == "zh" else "毎"
        yield _rule(
            rf"(?<=[{_HAN}])/(?P<unit>{alternatives(spoken)})(?![A-Za-z²³])",
            lambda m: (name := spelling.measured("", "1", _UNITS[m["unit"]], self.language)) and each + name,
        )
        yield _rule(r"(?<=[元円块角米里克次人])/(?=[^\W\d])", each)
        yield _rule(r"(?<=[\w)）])(?:\^(?P<minus>[-−])?(?P<power>\d{1,3})|(?P<raised>[⁰⁴-⁹]))", self._power)

    def _plain_numbers(self) -> Iterator[Rule]:
        low, high = rf"{_MINUS}{_START}(?P<low>{_NUMBER})", rf"(?P<high>{_NUMBER})"
        signs = self.style.signs
        yield _rule(r"(?<![A-Za-z])[Nn][Oo]\. ?(?=\d)", "第" if self.language == "zh" else signs["№"])
        if self.language == "ja":
            yield _rule(r"(?<![A-Za-z])[Vv]ol\. ?(?=\d)", "ボリューム")
        yield _rule(rf"(?<=第)(?P<minus>)(?P<low>{_NUMBER})(?:{_TO}{high})?", self._rank)
        yield _rule(rf"(?<![\d.])[vV]?(?P<groups>\d{{1,6}}(?:\.\d{{1,6}}){{2,9}}){_END}", self._version)
        yield _rule(r"(?<=\d) ?[-−] ?(?=\d{1,15} ?=)", signs["-"])
        yield _rule(r"(?<=\d) ?[x×*] ?(?=\d)", signs["×"])
        if self.language == "zh":
            # "2、3个" is two or three.
            yield _rule(rf"{_START}(?P<low>[1-8])、(?P<high>[2-9]){_MEASURE}", self._about)
        counted = rf"(?P<measure>{_MEASURE})?"
        yield _rule(rf"{low}{_TO}{high}{counted}{_END}", self._number)
        yield _rule(rf"{_START}(?P<low>\d++)\+ ?(?=[{_HAN}])", lambda m: self._say(m["low"]) + self.style.many)
        yield _rule(rf"{low}(?P<high>){counted}{_END}", self._number)
        yield _rule(r"(?<![A-Za-z\d)）+])\+(?!1(?![\d.,])|\d{1,3}分(?![之钟]))(?=[\d$€£¥￥])", self.style.plus)
        yield _rule(r"(?:[~～〜]|(?<!\w)≈)(?=\d)", self.style.about)
        # "GPT-4"
        yield _rule(r"(?<=[A-Za-z])-(?=\d)", "")
        yield _rule(r"\d+", lambda match: self._say(match[0]))

    def _signs(self) -> Iterator[Rule]:
        signs = self.style.signs
        yield _rule(r"(?<![\w<>])[<>](?=\d)", lambda match: signs[match[0]])
        yield _rule(r"(?<=\d) ?([<>]) ?(?=\d)", lambda match: signs[match[1]])
        yield _rule(r"(?<=\d)[./](?=\d)", lambda match: signs[match[0]])
        alone = "".join(sign for sign in signs if sign not in "<>./_-#?:")
        yield _rule(f"[{re.escape(alone)}]", lambda match: signs[match[0]])
        yield _rule(alternatives([*CURRENCIES, "￥"]), lambda match: self._currency(match[0]))

    def _digits(self, digits: str) -> str:
        """Return a number digit by digit, as in telephones."""
        words = spelling.one_by_one(digits, self.language)
        return words.replace("一", "幺") if self.language == "zh" else words.replace("零", "ゼロ")

    def _year(self, digits: str) -> str:
        return spelling.one_by_one(digits, self.language) if self.language == "zh" else cardinal(digits, self.language)

    def _say(self, written: str, is_counted: bool = False) -> str:
        """Return a number as it is written: grouped, with decimals. `is_counted`: of something."""
        if is_counted and written == "2" and self.language == "zh":
            return "两"
        whole, _, fraction = written.replace(",", "").partition(".")
        is_amount = is_counted or "," in written
        if not fraction and len(whole) > spelling.MAX_DIGITS and not is_amount and not whole.endswith("000"):
            return self._digits(whole)
        words = spelling.decimal(whole, fraction, self.language, is_amount)
        return re.sub("^二(?=[百万亿])|二(?=千)", "两", words) if self.language == "zh" else words

    def _value(self, match: re.Match[str], is_counted: bool) -> str:
        words = self._say(match["low"], is_counted)
        words += f"{self.style.to}{self._say(match['high'], is_counted)}" if match["high"] else ""
        return (self.style.minus if match["minus"] else "") + words

    def _number(self, match: re.Match[str]) -> str:
        low, high = match["low"], match["high"]
        if high and len(low) <= 3 and low.isdecimal() and high.isdecimal() and int(low) > int(high):
            return self._score(match)
        # "G2次": not twice.
        is_name = match.string[max(0, match.start() - 1) : match.start()].isascii() and match.start() > 0
        return self._value(match, match["measure"] is not None and not is_name)

    def _about(self, match: re.Match[str]) -> str | None:
        low, high = match["low"], match["high"]
        return self._say(low, is_counted=True) + self._say(high) if int(high) == int(low) + 1 else None

    def _rank(self, match: re.Match[str]) -> str:
        return self._value(match, is_counted=False)

    def _money(self, match: re.Match[str]) -> str:
        groups = match.groupdict("")
        scale = groups["scale"]
        low, high = (re.sub(r"\.00$|(\.\d)0$", r"\1", groups[name]) for name in ("low", "high"))
        words = self._say(low, is_counted=True)
        words += f"{self.style.to}{self._say(high, is_counted=True)}" if high else ""
        minus = self.style.minus if groups["minus"] else ""
        return f"{minus}{words}{scale}{self._currency(groups.get('sign') or groups['code'])}"

    def _currency(self, sign: str) -> str:
        sign = _DOLLARS.get(sign, sign)
        if sign in ("¥", "￥", "CNY", "RMB"):
            return self.style.yuan
        if sign in ("$", "USD"):
            return self.style.dollar
        return spelling.currency_unit("", "2", CURRENCIES.get(sign, sign), self.language) or sign

    def _share(self, match: re.Match[str]) -> str:
        pattern = self.style.per_mille if match["unit"] == "‰" else self.style.percent
        low, high = self._say(match["low"]), self._say(match["high"] or "0")
        minus = self.style.minus if match["minus"] else ""
        if match["high"] and pattern.startswith("{}"):
            return f"{minus}{low}{self.style.to}{pattern.format(high)}"
        words = pattern.format(low)
        return minus + (f"{words}{self.style.to}{pattern.format(high)}" if match["high"] else words)

    def _measure(self, match: re.Match[str]) -> str | None:
        count = (match["high"] or match["low"]).replace(",", "")
        words = spelling.measured(self._value(match, is_counted=True), count, _UNITS[match["unit"]], self.language)
        if words and match.string.endswith(("时速", "时速为", "時速"), 0, match.start()):
            return words.removeprefix("每小时").removeprefix("時速")
        return words

    def _fraction(self, match: re.Match[str]) -> str:
        return self.style.fraction.format(d=self._say(match["d"]), n=self._say(match["n"]))

    def _one_character(self, match: re.Match[str]) -> str:
        value = Fraction(unicodedata.numeric(match["sign"])).limit_denominator(20)
        if value.denominator == 1:
            return self._say((match["whole"] or "") + str(value))
        words = self.style.fraction.format(d=self._say(str(value.denominator)), n=self._say(str(value.numerator)))
        joint = "又" if self.language == "zh" else "と"
        return f"{self._say(match['whole'])}{joint}{words}" if match["whole"] else words

    def _years(self, match: re.Match[str]) -> str | None:
        if len(match["high"]) == 4 and match["high"] <= match["low"]:
            return None
        return f"{self._year(match['low'])}{self.style.to}{self._year(match['high'])}"

    def _year_and_month(self, match: re.Match[str]) -> str:
        return f"{self._year(match['low'])}年{self._say(str(int(match['month'])))}月"

    def _year_first(self, match: re.Match[str]) -> str | None:
        return self._date(match["year"], int(match["month"]), int(match["day"]))

    def _year_last(self, match: re.Match[str]) -> str | None:
        first, second, year = int(match["first"]), int(match["second"]), match["year"]
        if first > 12 or second > 12 or first == second:
            return self._date(year, *((second, first) if first > 12 else (first, second)))
        return f"{self._say(str(first))} {self._say(str(second))} {self._year(year)}"

    def _date(self, year: str, month: int, day: int) -> str | None:
        try:
            date(int(year), month, day)
        except ValueError:
            return None
        return f"{self._year(year)}年{self._say(str(month))}月{self._say(str(day))}日"

    def _clock(self, match: re.Match[str]) -> str:
        hours, minutes, seconds = self.style.clock
        hour, minute = str(int(match["hour"])), match["minute"] or "00"
        half = self.style.halves[match["half"][0] in "pP"] if match["half"] else ""
        words = half + self._say(hour, is_counted=True) + hours
        if minute != "00" or match["second"]:
            # "零五分"
            zero = "零" if minute[0] == "0" and minute != "00" and self.language == "zh" else ""
            words += f"{zero}{self._say(str(int(minute)))}{minutes}"
        return f"{words}{self._say(str(int(match['second'])))}{seconds}" if match["second"] else words

    def _score(self, match: re.Match[str]) -> str:
        return f"{self._say(match['low'])}{self.style.against}{self._say(match['high'])}"

    def _figure(self, match: re.Match[str]) -> str:
        return f"{self._say(match['low'])}{self.style.part}{self._say(match['high'])}"

    def _power(self, match: re.Match[str]) -> str:
        power = match["power"] or str(unicodedata.digit(match["raised"]))
        return self.style.power.format((self.style.minus if match["minus"] else "") + self._say(power))

    def _telephone(self, match: re.Match[str]) -> str:
        written = match["only"] if "only" in match.re.groupindex else match[0]
        plus = self.style.signs["+"] if written[0] == "+" else ""
        return plus + self.style.between_groups.join(map(self._digits, re.findall(r"\d+", written)))

    def _parts(self, match: re.Match[str]) -> str:
        """1-2-3, of an address."""
        return self.style.part.join(map(self._say, match[0].split("-")))

    def _postal_code(self, match: re.Match[str]) -> str:
        digits = self.style.part.join(map(self._digits, re.findall(r"\d+", match[0])))
        return f"郵便番号{digits}" if match.groupdict().get("mark") else digits

    def _version(self, match: re.Match[str]) -> str:
        groups = match["groups"].split(".")
        is_address = len(groups) == 4
        spoken = [spelling.one_by_one(group, self.language) if is_address else self._say(group) for group in groups]
        version = match[0][0] if match[0][0] in "vV" else ""
        return version + "点".join(spoken)
