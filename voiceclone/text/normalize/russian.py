"""How Russian is read: numbers in the gender and the case that the words around tell, as far as endings do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from voiceclone.text.normalize.spelling import ordinal, roman
from voiceclone.text.normalize.style import (
    CLOCK,
    HALF,
    HOUR,
    MINUTE,
    ROMAN,
    ROMAN_NAME,
    START,
    Counted,
    Style,
    ending,
    listed,
)

_ENDINGS = {
    "я": "ая", "е": "ое", "го": "ого", "м": "ом", "х": "ых", "ю": "ую", "ой": "ой", "му": "ому", "ым": "ым",
}  # fmt: skip
_THIRD = {
    "я": "ья", "е": "ье", "го": "ьего", "м": "ьем", "х": "ьих", "ю": "ью", "ой": "ьей", "му": "ьему", "ым": "ьим",
}  # fmt: skip


def _rank_of(digits: str, written: str) -> str:
    """Return a rank; `written`: how its ending is written behind digits, a key of `_ENDINGS`, or й."""
    words = ordinal(digits, "ru").removeprefix("одна ")
    if written == "й":
        return words
    third, other = _THIRD[written], _ENDINGS[written]
    if written == "е" and digits[-1] == "0":
        # The nineties.
        other = "ые"
    return ending(words, ("третий", f"трет{third}"), ("ый", other), ("ой", other))


_NOUNS = {
    "тыс.": ("тысяча", "тысячи", "тысяч"), "млн": ("миллион", "миллиона", "миллионов"),
    "млрд": ("миллиард", "миллиарда", "миллиардов"), "трлн": ("триллион", "триллиона", "триллионов"),
    "руб.": ("рубль", "рубля", "рублей"), "р.": ("рубль", "рубля", "рублей"), "коп.": ("копейка", "копейки", "копеек"),
    "долл.": ("доллар", "доллара", "долларов"), "чел.": ("человек", "человека", "человек"),
    "шт.": ("штука", "штуки", "штук"), "мес.": ("месяц", "месяца", "месяцев"), "нед.": ("неделя", "недели", "недель"),
    "экз.": ("экземпляр", "экземпляра", "экземпляров"), "об.": ("оборот", "оборота", "оборотов"),
}  # fmt: skip
"""Abbreviations of what is counted: of one, of two, of five."""
_GENITIVE = listed(
    """
    без ок. более больше возрасте вокруг для до из кроме менее меньше около от порядка после против размере ради с
    свыше среди течение у
    """
)
"""In front of the genitive."""
_DATIVE, _PREPOSITIONAL = ("благодаря", "к", "ко", "по"), ("в", "во", "на", "о", "об", "при")
_FEMININE = re.compile(
    r"\w*(?:ость|ночь|часть|дверь|мать|дочь|кровать|тетрадь|площадь|степень|осень|вещь|речь|мышь|цепь|печь|соль|роль|боль"
    r"|цель|модель|деталь|медаль|очередь|лошадь|ладонь|жизнь|смерть|область|запись|подпись|церковь|нефть|сеть|кость"
    r"|треть|четверть|скорость|мощность|кисть|шерсть|постель|карусель|мебель|тень|ткань|рукопись|помощь|доля|тыс|коп"
    r"|шт|нед)"
)
_OF_ONE = re.compile(
    r"человека|часа|года|дня|раза|месяца|рубля|метра|литра|ребёнка|друга|брата|сына|мальчика|мужа|врача"
)
"""Genitives that look like feminine nominatives."""
_MEN = re.compile(r"(?:мужчин|дедушк|дяд|пап|суд|юнош|пут|коллег|старост)\w{1,2}|гость|евро|кофе|или|\w+ишк[аи]")
_NEUTER = re.compile(r"\w+мя|\w*[оеё]")
_ADJECTIVE = re.compile(r"\w{2,}(?:[ыи]е|[ыи]х)")


_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_TOGETHER = {"2": "двое", "3": "трое", "4": "четверо"}


@lru_cache(maxsize=1024)
def _inflected(number: int, gender: str, case: str) -> str:
    import num2words2

    speak: Callable[..., str] = num2words2.num2words
    return speak(number, lang="ru", gender=gender, case=case)


def _agree(number: Counted) -> str:
    if not number.digits or len(number.digits) > 9:
        return number.words
    noun = number.noun.lower()
    if _ADJECTIVE.fullmatch(noun) and len(number.behind) > 1:
        noun = number.behind[1].lower()
    gender, case = _gender_and_case(noun, number)
    if case == "n" and number.digits in _TOGETHER and noun in ("детей", "людей", "суток"):
        return _TOGETHER[number.digits]
    if (gender, case) == ("m", "n"):
        return number.words
    return _inflected(int(number.digits), gender, case)


def _gender_and_case(noun: str, number: Counted) -> tuple[str, str]:
    case = "g" if number.ends_in_one and _OF_ONE.fullmatch(noun) else _case(noun, number.before)
    if case == "g":
        return ("f" if number.ends_in_one and noun.endswith(("ы", "и")) else "m"), case
    if case != "n" or len(noun) < 3 or _MEN.fullmatch(noun):
        return "m", case
    if number.ends_in_one:
        if number.before in _PREPOSITIONAL and noun.endswith("е"):
            return "m", "p"
        if noun.endswith(("у", "ю")) and number.before not in _DATIVE:
            return "f", "a"
        is_feminine = noun.endswith(("а", "я")) or _FEMININE.fullmatch(noun)
        return ("n" if _NEUTER.fullmatch(noun) else "f" if is_feminine else "m"), case
    is_some = number.digits[-1] in "234" and number.digits[-2:-1] != "1"
    return ("f" if is_some and (noun.endswith(("ы", "и")) or _FEMININE.fullmatch(noun)) else "m"), case


def _case(noun: str, before: str) -> str:
    """Return the case of a number, by the ending of the noun and the word in front: nominative, genitive and so on."""
    if before == "между" or (noun.endswith(("ами", "ями", "ьми")) and len(noun) > 4):
        return "i"
    if before in _DATIVE and noun.endswith(("ам", "ям")):
        return "d"
    if before in _PREPOSITIONAL and noun.endswith(("ах", "ях")):
        return "p"
    return "g" if before in _GENITIVE else "n"


def _form(count: str, before: str) -> str:
    """Of two, five in the genitive there are as many as of five; of one the form is the one of two."""
    if before not in _GENITIVE or not count.isdecimal():
        return count
    return "2" if count[-1] == "1" and count[-2:] != "11" else "5"


def _governed(words: str, before: str) -> str:
    """Return the accusative of one minute."""
    return re.sub(r"\bодна (\w+)а$", r"одну \1у", words) if before in ("за", "спустя", "через") else words


def _compound(match: re.Match[str]) -> str:
    """Of three rooms: трёхкомнатный."""
    number = int(match["digits"])
    count = {1: "одно", 90: "девяносто", 100: "сто"}.get(number) or _inflected(number, "m", "g").replace(" ", "")
    return count + match["rest"]


def _noun(match: re.Match[str]) -> str:
    one, two, five = _NOUNS[match["only"]]
    count = _form(match["count"].replace(" ", ""), (match["before"] or "").strip().lower())
    last, tens = int(count[-1]), count[-2:-1]
    words = five if tens == "1" or last in (0, *range(5, 10)) else one if last == 1 else two
    return (two if "," in match["count"] else words) + _stop(match)


def _century(match: re.Match[str]) -> str:
    return _rank_of(roman(match["roman"]), {"век": "й", "века": "го"}.get(match["noun"], "м"))


_STARTERS = (
    "Автор|А|Без|Был[аио]?|В|Во|Все|Всё|Где|Да|Для|До|Если|Ещё|За|Затем|И|Из|Или|Их|К|Как|Когда|Кроме|Кто|Мы|На|Но|О|Об"
    "|Он|Она|Они|Оно|От|По|Позже|Пока|После|Потом|При|С|Сегодня|Так|Там|Теперь|То|Тогда|Только|Ты|У|Через"
    "|Что|Эта|Эти|Это"
    "|Этот|Я"
)
_SENTENCE = re.compile(rf"\Z| (?:{_STARTERS})\b")
"""What is behind the end of a sentence: a name would follow an abbreviation as well."""


def _stop(match: re.Match[str]) -> str:
    """Return the full stop of an abbreviation that ends a sentence as well."""
    return "." if match[0].endswith(".") and _SENTENCE.match(match.string, match.end()) else ""


def _short_century(match: re.Match[str]) -> str:
    digits = roman(match["roman"])
    return (f"{_rank_of(digits, 'м')} веке" if match["in"] else f"{_rank_of(digits, 'го')} века") + _stop(match)


def _centuries(match: re.Match[str]) -> str:
    noun = match["noun"]
    if noun == "вв.":
        noun = "веках" if match["in"] else "веков"
    written = {"века": "й", "веках": "м"}.get(noun, "го")
    low, high = (_rank_of(roman(match[side]), written) for side in ("low", "high"))
    return f"{low} - {high} {noun}{_stop(match)}"


def _rank(match: re.Match[str]) -> str:
    return _rank_of(match["digits"], re.sub("^[оыа](?=.)", "", match["ending"]))


def _year(match: re.Match[str]) -> str:
    noun = match["noun"]
    if noun == "г.":
        noun = "году" if (match["in"] or "").lower() in ("в ", "к ") else "года"
    written = {"год": "й", "году": "му" if (match["in"] or "").lower() in ("к ", "по ") else "м"}.get(noun, "го")
    return f"{_rank_of(match['digits'], written)} {noun}{_stop(match)}"


def _years(match: re.Match[str]) -> str:
    """Of 1941 to 1945."""
    noun = match["noun"]
    if noun == "гг.":
        noun = "годах" if match["in"] else "годов"
    written = {"годы": "й", "годах": "м"}.get(noun, "го")
    return f"{_rank_of(match['low'], written)} - {_rank_of(match['high'], written)} {noun}{_stop(match)}"


_WOMEN = "Анн|Виктори|Екатерин|Елизавет|Изабелл|Маргарет|Мари|Христин|част|[Гг]лав"


def _ruler(match: re.Match[str]) -> str:
    """Пётр I, Екатерины II, том III: in the case of the word."""
    name = match["name"]
    if re.match(f"(?:{_WOMEN})", name):
        written = {"а": "я", "я": "я", "ь": "я", "у": "ю", "ю": "ю"}.get(name[-1], "ой")
    else:
        written = {"а": "го", "я": "го", "у": "му", "ю": "му", "е": "м"}.get(name[-1], "й")
        written = "ым" if name.endswith(("ом", "ем")) and name not in ("том", "Том") else written
    words = _rank_of(roman(match["roman"]), written)
    return words.capitalize() if name[0].isupper() and name not in _PARTS else words


_PARTS = ("Акт", "Глава", "Главы", "Том", "Часть")


def _mixed(key: str, part: str, whole: Counted) -> str:
    if key != "1/2":
        return f"{whole.words} и {part}"
    if whole.digits == "1":
        return "полторы" if whole.noun.endswith(("ы", "и")) else "полтора"
    return f"{_agree(whole)} с половиной"


STYLE = Style(
    to="-",
    clock=("{h} {m}", "{hours}"),
    clock_written=(CLOCK, rf"(?:(?<=\b[ВвСсКк] )|(?<=\b[Дд]о )){HOUR}\.{MINUTE}"),
    early_minute="ноль {m}",
    agree=_agree,
    form=_form,
    governed=_governed,
    mixed=_mixed,
    part_of=lambda key, part, unit, _: f"{'половина' if key == '1/2' else part} {unit}",
    always="на",
    one="одна",
    parts="четвёртая/четвёртых пятая/пятых шестая/шестых седьмая/седьмых восьмая/восьмых девятая/девятых"
    " десятая/десятых",
    starters=_STARTERS,
    numbered="билет|вопрос|группа|задание|кабинет|платформа|пункт|путь|рейс|строка|шаг|эпизод|акт|выпуск|глава"
    "|книга|комната|раздел|серия|страница|том|урок|уровень|часть",
    per="за",
    scales={"M": ("миллион", "миллиона", "миллионов"), "B": ("миллиард", "миллиарда", "миллиардов")},
    abbreviations={
        "т. е.": "то есть", "т. к.": "так как", "т. н.": "так называемый", "т. ч.": "том числе", "напр.": "например",
        "ул.": "улица", "см.": "смотри", "пр-т": "проспект", "просп.": "проспект", "пл.": "площадь",
        "пер.": "переулок", "наб.": "набережная", "обл.": "область", "проф.": "профессор", "акад.": "академик",
        "англ.": "английский", "ок.": "около",
        "г-н": "господин", "г-жа": "госпожа", **{written: forms[2] for written, forms in _NOUNS.items()},
    },
    endings={
        "т. д.": "так далее", "т. п.": "тому подобное", "и др.": "и другие", "и пр.": "и прочее",
        "до н. э.": "до нашей эры", "н. э.": "нашей эры",
    },
    counted={"№": "номер", "№№": "номера", "стр.": "страница", "с.": "страница", "тел.": "телефон", "тел.:": "телефон",
             "гл.": "глава", "д.": "дом", "кв.": "квартира", "рис.": "рисунок", "табл.": "таблица", "п.": "пункт",
             "пп.": "пункты", "ст.": "статья", "т.": "том", "корп.": "корпус", "оф.": "офис", "вып.": "выпуск",
             "ч.": "часть", "макс.": "максимум", "мин.": "минимум"},
    titles={"г.": "город", "пос.": "посёлок", "д.": "деревня", "о.": "остров"},
    signs={
        "&": "и", "@": "собака", "%": "процентов", "+": "плюс", "±": "плюс-минус", "=": "равно", "×": "умножить на",
        "÷": "разделить на", "°": "градусов", "§": "параграф", "/": "дробь", ".": "точка", "_": "подчёркивание",
        "-": "дефис",
    },
    units={
        "км/ч": "km/h", "км": "km", "м": "m", "см": "cm", "мм": "mm", "кг": "kg", "мг": "mg", "л": "l", "мл": "ml",
        "ГБ": "GB", "МБ": "MB", "Гб": "GB", "Мб": "MB", "КБ": "kB", "ТБ": "TB", "кВт": "kW", "м²": "m²", "км²": "km²",
        "м2": "m²", "м3": "m³", "м³": "m³", "см²": "cm²", "см³": "cm³", "га": "ha", "°С": "°C", "мин": "min",
        "мин.": "min", "ч": "h", "ч.": "h", "час.": "h", "с": "s", "сек": "s", "сек.": "s", "мс": "ms", "т": "t",
        "г": "g",
        "гр.": "g", "В": "V", "Вт": "W", "МВт": "MW", "ГВт": "GW", "кВт·ч": "kWh", "кВт⋅ч": "kWh", "кВтч": "kWh",
        "А": "A", "мА": "mA", "Ом": "Ω", "Гц": "Hz", "кГц": "kHz", "МГц": "MHz", "ГГц": "GHz", "ккал": "kcal",
        "кДж": "kJ", "Дж": "energy-joule", "Па": "Pa", "кПа": "kPa", "гПа": "hPa", "МПа": "MPa", "м/с": "m/s",
        "м/с²": "m/s²", "м/с2": "m/s²",
        "Мбит/с": "Mbit/s", "Гбит/с": "Gbit/s", "Кбит/с": "kbit/s", "кбит/с": "kbit/s", "моль/л": "mol/l",
        "сут.": "duration-day",
        "ммоль/л": "mmol/l", "мм рт. ст.": "mmHg",
    },
    named={
        "дБ": ("децибел", "децибела", "децибел"), "dB": ("децибел", "децибела", "децибел"),
        **dict.fromkeys(("мА·ч", "мАч", "мА⋅ч", "mAh"), ("миллиампер-час", "миллиампер-часа", "миллиампер-часов")),
        "Ah": ("ампер-час", "ампер-часа", "ампер-часов"), "л. с.": ("лошадиная сила", "лошадиные силы",
        "лошадиных сил"),
        **dict.fromkeys(("об/мин", "об./мин"), ("оборот в минуту", "оборота в минуту", "оборотов в минуту")),
        "ст. л.": ("столовая ложка", "столовые ложки", "столовых ложек"),
        "ч. л.": ("чайная ложка", "чайные ложки", "чайных ложек"),
        "л.с.": ("лошадиная сила", "лошадиные силы", "лошадиных сил"), "Wh": ("ватт-час", "ватт-часа", "ватт-часов"),
    },
    fractions={"1/2": "одна вторая", "1/3": "одна треть", "2/3": "две трети", "1/4": "одна четверть",
               "3/4": "три четверти"},
    telephones=r"8 800 \d{3,4} \d{2,4}(?: \d\d)?|[78][ -]?\(?\d{3}\)?[ -]?\d{3}[ -]\d\d[ -]?\d\d"
    r"|\(\d{3,5}\) ?\d{1,3}-\d\d-\d\d|\d{3}-\d\d-\d\d",
    own=(
        (HALF, lambda match: f"половина {match['noun']}" if re.search("[аяыи]$", match["noun"]) else None),
        (
            r"(?<![\d.])(?P<day>[0-3]\d)\.(?P<month>0[1-9]|1[0-2])(?= в \d{1,2}[:.]\d\d)",
            lambda match: f"{int(match['day'])} {_MONTHS[int(match['month']) - 1]}",
        ),
        (r"\b(?P<digits>[234])-х\b", lambda match: _inflected(int(match["digits"]), "m", "g")),
        (r"\b(?P<digits>\d{1,3})-(?:т?и|ми)\b", lambda match: _inflected(int(match["digits"]), "m", "g")),
        (r"\b(?P<digits>\d{1,4})-(?P<ending>[оыа]?(?:го|й|я|е|м|х|ю))\b", _rank),
        (r"\b(?P<digits>\d{1,3})-(?P<rest>[а-яё]{4,30})\b", _compound),
        (
            r"\b(?P<digits>\d{1,2})(?= (?:класс|курс|этаж|канал|раунд|тур)\b)",
            lambda match: _rank_of(match["digits"], "й"),
        ),
        (
            r"\b(?:[Вв]|[Вв]о|[Нн]а) (?P<only>\d{1,2})(?= (?:классе|курсе|этаже|канале|подъезде|месте)\b"
            r"| (?:раунде|томе|туре)\b)",
            lambda match: _rank_of(match["only"], "м"),
        ),
        (
            r"\b[Пп]о (?P<only>\d{1,2})(?= MONTHS\b)",
            lambda match: ending(_rank_of(match["only"], "й"), ("ий", "ье"), ("ый", "ое"), ("ой", "ое")),
        ),
        (
            r"\b(?P<digits>\d{1,2})(?=(?: ?[-–,] ?| и | по | или )\d{1,2} MONTHS\b)",
            lambda match: _rank_of(match["digits"], "го"),
        ),
        (r"\b[Сс] (?P<only>(?P<digits>\d{4}))(?= по \d{4} год)", lambda match: _rank_of(match["digits"], "го")),
        (r"(?P<in>\b(?:[ВвКк]|[Пп]о) )?(?P<only>\b(?P<digits>\d{3,4}) (?P<noun>год[ау]?\b|г\.))", _year),
        (r"(?P<in>\b[Вв] )?(?P<only>\b(?P<digits>\d{1,2}) (?P<noun>год[ау]?|г\.))(?= (?:до )?н(?:ашей|\.) ?э)", _year),
        (r"\b(?P<digits>\d{1,2})(?= MONTHS\b)", lambda match: _rank_of(match["digits"], "го")),
        (
            r"(?P<in>\b[Вв] )?(?P<only>\b(?P<low>\d{4})[-–—](?P<high>\d{4}) (?P<noun>год(?:ы|ов|ах|ам)\b|гг\.))",
            _years,
        ),
        (
            r"(?P<in>\b[Вв] )?(?P<only>\b(?P<low>[IVX]{1,6}) ?[-–—] ?(?P<high>[IVX]{1,6})"
            r" (?P<noun>вв\.|век(?:а|ов|ах)\b))",
            _centuries,
        ),
        # Cyrillic letters that look like the digits.
        (r"\b[ХIVX]{1,6}(?= (?:вв?\.|век))", lambda match: match[0].replace("Х", "X") if "Х" in match[0] else None),
        (rf"(?P<in>\b[Вв] )?\b{ROMAN} в\.)", _short_century),
        (rf"\b{ROMAN})(?= (?P<noun>век[ае]?|веку|столети[еяию])\b)", _century),
        (rf"\b(?P<name>[А-ЯЁ][а-яё]{{2,20}}|глав[аеуы]|част[ьи]|том[ае]?|акт[ае]?) {ROMAN_NAME}", _ruler),
        (
            rf"(?P<before>\b\w{{1,12}} )?{START}(?<![$€£₽])(?P<count>\d{{1,9}}(?: \d{{3}}){{0,3}}(?:,\d{{1,3}})?) ?"
            rf"(?P<only>{'|'.join(map(re.escape, _NOUNS))})(?!\w| ?[$€£₽])",
            _noun,
        ),
        (
            r"\b(?P<digits>\d{1,2}) ?[«\"]?(?P<letter>[А-Д])[»\"]?(?= (?P<noun>класс[ае]?)\b)",
            lambda m: f"{_rank_of(m['digits'], {'а': 'го', 'е': 'м'}.get(m['noun'][-1], 'й'))} {m['letter']}",
        ),
        (r"(?<!\bи )\bпр\.(?= [А-ЯЁ])", lambda _: "проспект"),
        (
            r"\b(?:[Аа]кадеми|[Бб]иблиотек|[Дд]вор|[Зз]авод|[Ии]нститут|[Кк]олхоз|[Мм]узе|[Пп]арк|[Сс]тадион|[Тт]еатр|[Уу]лиц"
            r"|[Уу]ниверситет|[Фф]абрик|[Шш]кол)\w{0,4} (?P<only>им\.)",
            lambda _: "имени",
        ),
        (r"(?<=\b[Вв] )г\.(?= [А-ЯЁ])", lambda _: "городе"),
        (r"(?<=\b[Вв] )т\. ?ч\.", lambda match: "том числе" + _stop(match)),
    ),
)  # fmt: skip
