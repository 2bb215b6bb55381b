"""How languages with spaces other than English are read: numbers, dates, times, money, units, abbreviations.

Knows little grammar: numbers stand in their basic form, whatever the case of what is counted; only ranks that a
language writes in a way of its own are inflected. A language without an entry here has its numbers, units and money.
Days stand before months.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.addresses import address_rules
from voiceclone.text.normalize.rules import Rule, rewritten
from voiceclone.text.normalize.shouting import QUIET
from voiceclone.text.normalize.spelling import (
    CODES,
    CURRENCIES,
    UNITS,
    alternatives,
    cardinal,
    one_by_one,
    ordinal,
    roman,
)

Read = Callable[[re.Match[str]], str | None]


_START, _END = r"(?<!\w)(?<!\d[.,:/])", r"(?!\w|[.,:/]\d)"
_MINUS = r"(?:(?<![\w)\].,%])[-−–])"
_TO = r"(?:[-–—]| [-–—] )"
_HOUR, _MINUTE = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<minute>[0-5]\d)"
_CLOCK = f"{_HOUR}:{_MINUTE}"
_SCALES = (
    "Millionen|Milliarden|millions|milliards|millones|milioni|miliardi|miljoonaa|miljardia|miljoni|miljardi|миллионов"
    "|миллиардов|लाख|करोड़|अरब|ألف|مليون|مليار"
)
_ROMAN = r"(?P<only>(?P<roman>(?=[IVXL])(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXL]))"


@dataclass(frozen=True)
class Style:
    """What num2words2 and Babel do not know of a language."""

    to: str = "–"
    """Between two numbers: from five *to* ten."""
    against: str = ""
    """Between the two sides of a score, where it is not `to`."""
    clock: tuple[str, str] = ("{h} {m}", "{h}")
    """Times with minutes, and without: `{h}` and `{m}` are numbers, `{hours}` is a number of hours."""
    clock_written: tuple[str, ...] = (_CLOCK,)
    hour_ending: tuple[str, str] = ("", "")
    """What a number ends with elsewhere, and what where it is of hours."""
    of: str = ""
    """Between millions and what they are of."""
    point: str = ","
    """The decimal sign; the other of comma and full stop, or a space, stands between groups of digits."""
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    endings: Mapping[str, str] = field(default_factory=dict)
    """Abbreviations whose full stop may end the sentence as well."""
    counted: Mapping[str, str] = field(default_factory=dict)
    """Abbreviations in front of a number."""
    signs: Mapping[str, str] = field(default_factory=dict)
    fractions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    """Symbols of its own, by those of UNITS."""
    own: tuple[tuple[str, Read], ...] = ()
    """Patterns that only this language has; they come first. `MONTHS` stands for any month's name."""


def _ending(words: str, *endings: tuple[str, str]) -> str:
    """The words with the first of these endings that they have replaced."""
    for ending, other in endings:
        if ending and words.endswith(ending):
            return words[: -len(ending)] + other
    return words


def _german_rank(match: re.Match[str]) -> str:
    groups = match.groupdict("")
    before, noun = groups["before"].strip().lower(), groups["noun"]
    digits = groups["digits"] if "digits" in groups else roman(groups["roman"])
    ending = "" if noun.endswith(("e", "ga", "zeit")) else "s" if noun in _GERMAN_NEUTERS else "r"
    return ordinal(digits, "de") + (ending if not before else "" if before in ("der", "die", "das") else "n")


_GERMAN_BEFORE = "ab|am|bis|das|dem|den|der|des|die|im|seit|vom|zum"
_GERMAN_NOUNS = (
    "MONTHS|Akt|Auflage|Band|Bezirk|Etage|Folge|Geburtstag|Halbzeit|Jahrhunderts?|Jh|Kapitel|Klasse|Liga|Mal|Minute"
    "|Platz|Quartal|Runde|Semester|Spieltag|Staffel|Stock|Stunde|Tag|Weltkriegs?|Woche"
)
"""What is ranked."""
_GERMAN_NEUTERS = ("Jahrhundert", "Jh", "Kapitel", "Mal", "Quartal", "Semester")


def _german_ruler(match: re.Match[str]) -> str:
    """Ludwig II. and Elisabeth II., in the nominative."""
    article = "die" if match["name"].endswith(("a", "beth")) else "der"
    behind = match.string[match.end() : match.end() + 2]
    stop = "." if not behind or behind[1:].isupper() else ""
    return f"{article} {ordinal(roman(match['roman']), 'de').capitalize()}{stop}"


def _german_year(match: re.Match[str]) -> str:
    return spelling.year(match[0], "de")


def _french_rank(match: re.Match[str]) -> str:
    if match["digits"] == "1":
        return "première" if match["ending"] in ("re", "ère", "ère") else "premier"
    return ordinal(match["digits"], "fr")


def _romance_rank(language: str) -> Read:
    def read(match: re.Match[str]) -> str:
        words = ordinal(match["digits"], language)
        return _ending(words, ("o", "a")) if match["ending"] == "ª" else words

    return read


def _latvian_rank(match: re.Match[str]) -> str:
    number, noun = int(match["digits"]), match["noun"]
    # num2words2 knows the ranks up to 20 and those of tens.
    last = number % 100 if number % 100 <= 20 or number % 10 == 0 else number % 10
    before = cardinal(str(number - last), "lv") if last != number else ""
    if last or not number:
        words = f"{before} {ordinal(str(last), 'lv')}".strip()
    else:
        # "divi simti", "divsimtais"
        *thousands, count = before.removesuffix(" tūkstoši").removesuffix(" simti").split(" ")
        scale = "tūkstošais" if number % 1000 == 0 else "simtais"
        count = "" if number == 1000 or number // 100 % 10 == 1 else count.removesuffix("i")
        words = " ".join([*thousands, count + scale])
    return _ending(words, ("ais", _LATVIAN_ENDINGS.get(noun[-2:], _LATVIAN_ENDINGS.get(noun[-1], "ais"))))


_LATVIAN_ENDINGS = {
    "a": "ā", "e": "ā", "pp": "ā", "ā": "ajā", "ē": "ajā", "ī": "ajā", "u": "o", "i": "o", "os": "ajos", "em": "ajiem",
}  # fmt: skip
"""Of a rank, by those of the noun."""


_ROMAN_NAME = r"(?!XL\b|[XL]\b|[IV]\.)" + _ROMAN + r")(?![\w'’-])"
"""A number behind a name: no size, and no initial."""


def _romance_ruler(language: str, feminine: str) -> Read:
    """Felipe VI, Giovanni Paolo II, capítulo IV; `feminine`: endings of names and nouns that are."""

    def read(match: re.Match[str]) -> str:
        number = roman(match["roman"])
        if language == "es" and int(number) > 10:
            return cardinal(number, language)
        words = ordinal(number, language)
        return _ending(words, ("o", "a")) if re.search(f"(?:{feminine})$", match["name"]) else words

    return read


_RUSSIAN_ENDINGS = {
    "я": "ая", "е": "ое", "го": "ого", "м": "ом", "х": "ых", "ю": "ую", "ой": "ой", "му": "ому", "ым": "ым",
}  # fmt: skip
_RUSSIAN_THIRD = {
    "я": "ья", "е": "ье", "го": "ьего", "м": "ьем", "х": "ьих", "ю": "ью", "ой": "ьей", "му": "ьему", "ым": "ьим",
}  # fmt: skip


def _russian(digits: str, ending: str) -> str:
    """A rank; `ending`: how it is written behind digits, a key of `_RUSSIAN_ENDINGS`."""
    words = ordinal(digits, "ru").removeprefix("одна ")
    if ending == "й":
        return words
    third, other = _RUSSIAN_THIRD[ending], _RUSSIAN_ENDINGS[ending]
    if ending == "е" and digits[-1] == "0":
        # The nineties.
        other = "ые"
    return _ending(words, ("третий", f"трет{third}"), ("ый", other), ("ой", other))


_RUSSIAN_NOUNS = {
    "тыс.": ("тысяча", "тысячи", "тысяч"), "млн": ("миллион", "миллиона", "миллионов"),
    "млрд": ("миллиард", "миллиарда", "миллиардов"), "руб.": ("рубль", "рубля", "рублей"),
}  # fmt: skip
"""Abbreviations of what is counted: of one, of two, of five."""


def _russian_noun(match: re.Match[str]) -> str:
    one, two, five = _RUSSIAN_NOUNS[match["only"]]
    last, tens = int(match["count"][-1]), match["count"][-2:-1]
    words = five if tens == "1" or last in (0, *range(5, 10)) else one if last == 1 else two
    ends = match["only"].endswith(".") and match.end() == len(match.string)
    return (two if "," in match["count"] else words) + "." * ends


def _russian_century(match: re.Match[str]) -> str:
    return _russian(roman(match["roman"]), {"век": "й", "века": "го"}.get(match["noun"], "м"))


def _russian_rank(match: re.Match[str]) -> str:
    return _russian(match["digits"], re.sub("^[оыа](?=.)", "", match["ending"]))


def _russian_year(match: re.Match[str]) -> str:
    noun = match["noun"]
    if noun == "г.":
        noun = "году" if match["in"] else "года"
    return f"{_russian(match['digits'], {'год': 'й', 'году': 'м'}.get(noun, 'го'))} {noun}"


def _russian_years(match: re.Match[str]) -> str:
    """Of 1941 to 1945."""
    noun = match["noun"]
    if noun == "гг.":
        noun = "годах" if match["in"] else "годов"
    ending = {"годы": "й", "годах": "м"}.get(noun, "го")
    stop = "." if match[0].endswith(".") and match.end() == len(match.string) else ""
    return f"{_russian(match['low'], ending)} - {_russian(match['high'], ending)} {noun}{stop}"


_RUSSIAN_WOMEN = "Анн|Виктори|Екатерин|Елизавет|Изабелл|Маргарет|Мари|Христин|част|[Гг]лав"


def _russian_ruler(match: re.Match[str]) -> str:
    """Пётр I, Екатерины II, том III: in the case of the word."""
    name = match["name"]
    if re.match(f"(?:{_RUSSIAN_WOMEN})", name):
        ending = {"а": "я", "я": "я", "ь": "я", "у": "ю", "ю": "ю"}.get(name[-1], "ой")
    else:
        ending = {"а": "го", "я": "го", "у": "му", "ю": "му", "е": "м"}.get(name[-1], "й")
        ending = "ым" if name.endswith(("ом", "ем")) and name not in ("том", "Том") else ending
    words = _russian(roman(match["roman"]), ending)
    return words.capitalize() if name[0].isupper() else words


_ARABIC_HOURS = (
    "الثانية عشرة", "الواحدة", "الثانية", "الثالثة", "الرابعة", "الخامسة", "السادسة", "السابعة", "الثامنة", "التاسعة",
    "العاشرة", "الحادية عشرة",
)  # fmt: skip


def _arabic_clock(match: re.Match[str]) -> str:
    hour, minute = _ARABIC_HOURS[int(match["hour"]) % 12], int(match["minute"])
    if minute in (0, 15, 30):
        return hour + {0: "", 15: " والربع", 30: " والنصف"}[minute]
    words = spelling.measured(cardinal(str(minute), "ar"), str(minute), "duration-minute", "ar")
    return f"{hour} و{words}"


def _rank_of(language: str) -> Read:
    return lambda match: ordinal(match["digits"], language)


def _roman_rank(language: str) -> Read:
    return lambda match: ordinal(roman(match["roman"]), language)


STYLES = {
    "de": Style(
        to="bis",
        against="zu",
        clock=("{h} Uhr {m}", "{h} Uhr"),
        clock_written=(rf"{_HOUR}:{_MINUTE}(?: Uhr\b)?", rf"{_HOUR}\.{_MINUTE} Uhr\b"),
        abbreviations={
            "z. b.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem", "dr.": "Doktor",
            "prof.": "Professor", "bzw.": "beziehungsweise", "ca.": "circa", "ggf.": "gegebenenfalls",
            "vgl.": "vergleiche", "inkl.": "inklusive", "evtl.": "eventuell", "str.": "Straße", "mio.": "Millionen",
            "mrd.": "Milliarden", "mind.": "mindestens", "geb.": "geboren",
        },
        endings={
            "usw.": "und so weiter", "etc.": "et cetera", "u. s. w.": "und so weiter", "jh.": "Jahrhundert",
        },
        counted={"nr.": "Nummer", "s.": "Seite", "kap.": "Kapitel", "abb.": "Abbildung", "tel.": "Telefon"},
        signs={
            "&": "und", "@": "at", "%": "Prozent", "+": "plus", "=": "gleich", "×": "mal", "÷": "geteilt durch",
            "°": "Grad", "§": "Paragraf", "/": "Schrägstrich", ".": "Punkt", "_": "Unterstrich", "-": "Minus",
        },
        fractions={"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel",
                   "3/4": "drei Viertel"},
        own=(
            (
                rf"\b(?P<before>(?i:{_GERMAN_BEFORE}) )?(?P<only>(?P<digits>\d{{1,2}})\.)"
                rf"(?= (?P<noun>{_GERMAN_NOUNS})\b)",
                _german_rank,
            ),
            (rf"{_START}1[1-9]\d\d{_END}", _german_year),
            (r"\b(?P<digits>\d0|[12]\d\d0)er\b", lambda match: f"{spelling.year(match['digits'], 'de')}er"),
            (
                rf"\b(?:Akt|Artikel|Band|Buch|Kapitel|Phase|Stufe|Teil|Typ|Weltkrieg) {_ROMAN})(?!\w)",
                lambda match: cardinal(roman(match["roman"]), "de"),
            ),
            (
                rf"\b(?P<before>(?i:{_GERMAN_BEFORE}) ){_ROMAN}\.)(?= (?P<noun>[A-ZÄÖÜ]\w{{0,30}}))",
                _german_rank,
            ),
            (rf"\b(?P<name>[A-ZÄÖÜ][a-zäöüß]{{2,20}}) {_ROMAN}\.)(?!\w)", _german_ruler),
            (rf"{_START}1 Mio\.", lambda _: "eine Million"),
            (rf"{_START}1 Mrd\.", lambda _: "eine Milliarde"),
            # One of something.
            (rf"{_START}1(?= [A-ZÄÖÜ])", lambda _: "ein"),
        ),
    ),
    "fr": Style(
        to="à",
        clock=("{hours} {m}", "{hours}"),
        clock_written=(_CLOCK, rf"{_HOUR} ?h(?: ?{_MINUTE})?\b"),
        hour_ending=("un", "une"),
        of="de",
        abbreviations={
            "mme": "Madame", "mlle": "Mademoiselle", "dr": "Docteur", "p. ex.": "par exemple",
            "c.-à-d.": "c'est-à-dire", "env.": "environ",
        },
        endings={"etc.": "et cetera"},
        counted={"n°": "numéro", "nº": "numéro", "p.": "page", "chap.": "chapitre", "tél.": "téléphone"},
        signs={
            "&": "et", "@": "arobase", "%": "pour cent", "+": "plus", "=": "égale", "×": "fois", "÷": "divisé par",
            "°": "degrés", "/": "sur", ".": "point", "_": "tiret bas", "-": "tiret",
        },
        fractions={"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts"},
        own=(
            (r"\bM\.(?= [A-ZÀ-Ý])", lambda _: "Monsieur"),
            (r"\b(?P<digits>\d{1,4})(?P<ending>er|re|ère|e|ème|nde?)\b", _french_rank),
            (rf"\b{_ROMAN}e)(?= siècles?\b)", _roman_rank("fr")),
            (r"\bIer\b", lambda _: "premier"),
            (
                rf"\b(?:[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|acte|annexe|article|chapitre|livre|partie|tome|volume) {_ROMAN_NAME}",
                lambda match: cardinal(roman(match["roman"]), "fr"),
            ),
        ),
    ),
    "es": Style(
        to="a",
        clock=("{h} {m}", "{hours}"),
        clock_written=(f"{_CLOCK}(?: ?h\\b)?",),
        hour_ending=("uno", "una"),
        of="de",
        abbreviations={
            "sr.": "señor", "sra.": "señora", "srta.": "señorita", "dr.": "doctor", "dra.": "doctora", "ud.": "usted",
            "uds.": "ustedes", "p. ej.": "por ejemplo", "ee. uu.": "Estados Unidos", "aprox.": "aproximadamente",
            "avda.": "avenida", "c/": "calle",
        },
        endings={"etc.": "etcétera"},
        counted={"n.º": "número", "nº": "número", "núm.": "número", "pág.": "página", "tel.": "teléfono"},
        signs={
            "&": "y", "@": "arroba", "%": "por ciento", "+": "más", "=": "igual a", "×": "por", "÷": "entre",
            "°": "grados", "/": "barra", ".": "punto", "_": "guion bajo", "-": "guion",
        },
        fractions={"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto",
                   "3/4": "tres cuartos"},
        own=(
            (r"\b(?P<digits>\d{1,4})\.?(?P<ending>[ºª])", _romance_rank("es")),
            (r"\b[13]er\b", lambda match: {"1": "primer", "3": "tercer"}[match[0][0]]),
            # "veintiún años", as most nouns are masculine.
            (
                rf"{_START}(?P<digits>(?:\d{{0,5}}[02-9])?1)(?= (?!(?:de|y|o|a|en)\b)[^\W\d_])",
                lambda match: _ending(cardinal(match["digits"], "es"), ("veintiuno", "veintiún"), ("uno", "un")),
            ),
            (rf"\b(?<=siglo ){_ROMAN})\b", lambda match: cardinal(roman(match["roman"]), "es")),
            (
                rf"\b(?P<name>[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|acto|artículo|capítulo|libro|parte|tomo|volumen) {_ROMAN_NAME}",
                _romance_ruler("es", "a|abel|arte"),
            ),
            # A telephone, which is written as an amount is.
            (
                r"\b(?:al|[Mm]óvil|[Nn]úmero|[Tt]el\.|[Tt]eléfono)[: ]{1,2}(?P<only>[6-9]\d\d \d{3} \d{3})\b",
                lambda match: ", ".join(one_by_one(group, "es") for group in match["only"].split()),
            ),
        ),
    ),
    "it": Style(
        to="a",
        clock=("{h} e {m}", "{h}"),
        hour_ending=("uno", "una"),
        of="di",
        abbreviations={
            "sig.": "signor", "sig.ra": "signora", "dott.": "dottor", "dott.ssa": "dottoressa", "prof.": "professor",
            "p. es.": "per esempio", "ad es.": "ad esempio", "ca.": "circa", "ing.": "ingegner", "avv.": "avvocato",
        },
        endings={"ecc.": "eccetera"},
        counted={"n.": "numero", "nr.": "numero", "pag.": "pagina", "tel.": "telefono"},
        signs={
            "&": "e", "@": "chiocciola", "%": "percento", "+": "più", "=": "uguale a", "×": "per", "÷": "diviso",
            "°": "gradi", "/": "barra", ".": "punto", "_": "trattino basso", "-": "trattino",
        },
        fractions={"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti"},
        own=(
            (r"\b(?P<digits>\d{1,4})(?P<ending>[ºª])", _romance_rank("it")),
            (r"\b1°?(?= MONTHS\b)", lambda _: "primo"),
            (rf"\b{_ROMAN})(?= secolo\b)", _roman_rank("it")),
            (
                rf"\b(?P<name>[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|articolo|atto|capitolo|libro|parte|tomo|volume) {_ROMAN_NAME}",
                _romance_ruler("it", "(?<!^Pap)a|arte"),
            ),
        ),
    ),
    "fi": Style(
        to="viiva",
        clock_written=(_CLOCK, rf"(?<=klo ){_HOUR}\.{_MINUTE}"),
        abbreviations={
            "esim.": "esimerkiksi", "mm.": "muun muassa", "ns.": "niin sanottu", "ks.": "katso", "klo": "kello",
            "tri": "tohtori", "eli": "eli", "ts.": "toisin sanoen", "n.": "noin",
        },
        endings={"jne.": "ja niin edelleen", "ym.": "ynnä muuta", "yms.": "ynnä muuta sellaista"},
        counted={"nro": "numero", "s.": "sivu", "puh.": "puhelin"},
        signs={
            "&": "ja", "@": "ät", "%": "prosenttia", "+": "plus", "=": "on", "×": "kertaa", "÷": "jaettuna",
            "°": "astetta", "/": "kautta", ".": "piste", "_": "alaviiva", "-": "viiva",
        },
        fractions={"1/2": "puoli", "1/3": "kolmasosa", "2/3": "kaksi kolmasosaa", "1/4": "neljäsosa",
                   "3/4": "kolme neljäsosaa"},
        own=(
            (
                r"\b(?P<digits>\d{1,2})\."
                r"(?= (?:MONTHS|kerros|kerta|luku|luokka|osa|painos|päivä|sija|viikko|vuosisata)\b)",
                _rank_of("fi"),
            ),
        ),
    ),
    "lv": Style(
        clock_written=(_CLOCK, rf"(?<=plkst\. ){_HOUR}\.{_MINUTE}"),
        to="līdz",
        against="pret",
        abbreviations={
            "piem.": "piemēram", "t. i.": "tas ir", "plkst.": "pulksten", "apm.": "apmēram", "dr.": "doktors",
            "prof.": "profesors",
        },
        endings={"lpp.": "lappuse", "u. c.": "un citi", "utt.": "un tā tālāk", "u. tml.": "un tamlīdzīgi"},
        counted={"nr.": "numurs", "tālr.": "tālrunis"},
        signs={
            "&": "un", "@": "et", "%": "procenti", "+": "plus", "=": "ir", "×": "reiz", "÷": "dalīts ar",
            "°": "grādi", "/": "dalīts ar", ".": "punkts", "_": "pasvītra", "-": "domuzīme",
        },
        fractions={"1/2": "puse", "1/3": "viena trešdaļa", "2/3": "divas trešdaļas", "1/4": "viena ceturtdaļa",
                   "3/4": "trīs ceturtdaļas"},
        own=(
            (
                r"\b(?P<only>(?P<digits>\d{1,4})\.) (?P<noun>(?:gad|gadsimt|janvār|februār|mart|aprīl|maij|jūnij|jūlij"
                r"|august|septembr|oktobr|novembr|decembr|stāv)(?:i?s|a|ā|ī|u|i|os|iem)|(?:klas|nodaļ|viet)(?:a|e|ā|ē|u|i)|lpp)\b",
                _latvian_rank,
            ),
        ),
    ),
    "ru": Style(
        to="-",
        clock=("{h} {m}", "{hours}"),
        abbreviations={
            "т. е.": "то есть", "т. к.": "так как", "напр.": "например", "ул.": "улица", "см.": "смотри",
            "г-н": "господин", "г-жа": "госпожа", **{written: forms[2] for written, forms in _RUSSIAN_NOUNS.items()},
        },
        endings={"т. д.": "так далее", "т. п.": "тому подобное", "и др.": "и другие"},
        counted={"№": "номер", "стр.": "страница", "тел.": "телефон", "гл.": "глава", "д.": "дом",
                 "кв.": "квартира"},
        signs={
            "&": "и", "@": "собака", "%": "процентов", "+": "плюс", "=": "равно", "×": "умножить на",
            "÷": "разделить на", "°": "градусов", "/": "дробь", ".": "точка", "_": "подчёркивание", "-": "дефис",
        },
        units={
            "км/ч": "km/h", "км": "km", "м": "m", "см": "cm", "мм": "mm", "кг": "kg", "мг": "mg", "л": "l", "мл": "ml",
            "ГБ": "GB", "МБ": "MB", "Гб": "GB", "Мб": "MB", "кВт": "kW", "м²": "m²", "км²": "km²", "°С": "°C",
            "мин": "min", "ч": "h",
        },
        fractions={"1/2": "одна вторая", "1/3": "одна треть", "2/3": "две трети", "1/4": "одна четверть",
                   "3/4": "три четверти"},
        own=(
            (r"\b(?P<digits>\d{1,4})-(?P<ending>[оыа]?(?:го|й|я|е|м|х|ю))\b", _russian_rank),
            (r"\b[Сс] (?P<only>(?P<digits>\d{4}))(?= по \d{4} год)", lambda match: _russian(match["digits"], "го")),
            (r"(?P<in>\b[Вв] )?(?P<only>\b(?P<digits>\d{4}) (?P<noun>год[ау]?\b|г\.))", _russian_year),
            (r"\b(?P<digits>\d{1,2})(?= MONTHS\b)", lambda match: _russian(match["digits"], "го")),
            (
                r"(?P<in>\b[Вв] )?(?P<only>\b(?P<low>\d{4})[-–—](?P<high>\d{4}) (?P<noun>год(?:ы|ов|ах|ам)\b|гг\.))",
                _russian_years,
            ),
            (rf"\b{_ROMAN})(?= (?P<noun>век[ае]?)\b)", _russian_century),
            (rf"\b(?P<name>[А-ЯЁ][а-яё]{{2,20}}|глав[аеуы]|част[ьи]|том[ае]?) {_ROMAN_NAME}", _russian_ruler),
            (rf"{_START}(?P<count>\d{{1,9}}(?:,\d{{1,3}})?) (?P<only>{alternatives(_RUSSIAN_NOUNS)})", _russian_noun),
        ),
    ),
    "hi": Style(
        to="से",
        against="-",
        clock=("{h} बजकर {m} मिनट", "{h} बजे"),
        clock_written=(f"{_CLOCK}(?: बजे)?",),
        point=".",
        abbreviations={"डॉ.": "डॉक्टर", "प्रो.": "प्रोफ़ेसर", "रु.": "रुपये", "कि.मी.": "किलोमीटर", "कि.ग्रा.": "किलोग्राम"},
        signs={
            "&": "और", "@": "ऐट", "%": "प्रतिशत", "+": "जमा", "=": "बराबर", "×": "गुणा", "÷": "भाग", "°": "डिग्री",
            "/": "बटा", ".": "डॉट", "_": "अंडरस्कोर", "-": "डैश",
        },
        units={"किमी": "km", "किग्रा": "kg", "किमी/घंटा": "km/h"},
        fractions={"1/2": "आधा", "1/3": "एक तिहाई", "2/3": "दो तिहाई", "1/4": "एक चौथाई", "3/4": "तीन चौथाई"},
        own=(
            (
                rf"{_START}[6-9]\d{{4}} \d{{5}}{_END}",
                lambda match: ", ".join(one_by_one(group, "hi") for group in match[0].split()),
            ),
        ),
    ),
    "ar": Style(
        to="إلى",
        against="مقابل",
        point=".",
        abbreviations={"د.": "دكتور", "أ.": "أستاذ"},
        endings={"إلخ.": "إلى آخره", "إلخ": "إلى آخره"},
        signs={
            "&": "و", "@": "آت", "%": "بالمئة", "+": "زائد", "=": "يساوي", "×": "ضرب", "÷": "قسمة", "°": "درجة",
            "/": "على", ".": "نقطة", "_": "شرطة سفلية", "-": "شرطة",
        },
        units={"كم": "km", "سم": "cm", "مم": "mm", "كجم": "kg", "كغ": "kg", "كم/س": "km/h"},
        fractions={"1/2": "نصف", "1/3": "ثلث", "2/3": "ثلثان", "1/4": "ربع", "3/4": "ثلاثة أرباع"},
        own=(
            (rf"{_START}{_CLOCK}{_END}", _arabic_clock),
            (r"(?:عام|سنة) \d{3,4} ?(?P<only>م|هـ)(?!\w)", lambda m: "ميلادي" if m["only"] == "م" else "هجري"),
        ),
    ),
}  # fmt: skip
"""By language."""


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

        def read_date(match: re.Match[str]) -> str | None:
            """By way of the long form, which the other rules read."""
            long = spelling.long_date(match["year"], match["month"], match["day"], self.language)
            # The word before may decide the ending of the day.
            before = re.search(r"\w*\s*\Z", match.string[max(0, match.start() - 10) : match.start()])
            word = before[0] if before else ""
            return long and rewritten(word + long, others).removeprefix(word)

        written = (
            r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
            r"(?P<day>\d\d?)([./])(?P<month>\d\d?)\2(?P<year>\d{4})",
        )
        return (*(_rule(rf"{_START}{date}{_END}", read_date) for date in written if self._is_known), *others)

    def _own(self) -> Iterator[Rule]:
        if self.style.own:
            months = _months(self.language)
            for pattern, read in self.style.own:
                yield _rule(pattern.replace("MONTHS", f"(?:{months})"), read)

    def _addresses(self) -> Iterator[Rule]:
        if self._is_known:
            yield from address_rules(self.style.signs, lambda written: cardinal(written, self.language))

    def _numbers(self) -> Iterator[Rule]:
        number = _NUMBERS[self.style.point]
        low = rf"(?P<minus>{_MINUS})?{_START}(?P<low>{number})"
        high = rf"(?P<high>{number})"
        sign, code = rf"(?P<sign>{alternatives(CURRENCIES)})", rf"(?P<code>\b(?:{'|'.join(CODES)})\b)"
        # Groups of digits that no amount is written in.
        yield _rule(rf"(?<![\w(])\+\d{{1,3}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,5}}{_END}", self._telephone)
        yield _rule(rf"{_START}0\d{{1,4}}(?:[ /-]\d{{2,8}}){{1,5}}{_END}", self._telephone)
        for clock in self.style.clock_written:
            yield _rule(rf"{_START}{clock}{_END}", self._clock)
        yield _rule(rf"{_START}(?P<low>\d{{1,3}}):(?P<high>\d{{1,3}}){_END}", self._score)
        # '90
        yield _rule(r"(?<!\w)['’](?P<year>\d\d)(?![\w'’])", lambda match: cardinal(match["year"], self.language))
        if self.style.fractions:
            halves = alternatives(self.style.fractions)
            yield _rule(rf"{_START}(?:{halves}){_END}", lambda match: self.style.fractions[match[0]])
        if self.style.point == ",":
            # "5,- €"
            yield _rule(r"(?<=\d),[-–—](?!\w)", lambda _: "")
            coins = r"(?=[\d. ]{1,20},\d\d\D)"
            yield _rule(rf"{coins}{low}(?P<high>)(?P<sign>)(?P<code>) (?:[Ee]uro[as]?|eiro|евро)\b", self._money)
        scale = rf"(?: (?P<scale>{_SCALES})(?!\w))?"
        yield _rule(
            rf"(?P<minus>{_MINUS})?(?<!\w)(?:{sign}|{code}) ?(?P<low>{number})(?P<high>)(?!\d){scale}", self._money
        )
        yield _rule(rf"{low}(?:{_TO}{high})? ?(?:{sign}(?!\d)|{code})", self._money)
        yield _rule(rf"{low} ?%{_TO}{high} ?(?P<unit>%)", self._measure)
        units = alternatives({**UNITS, **self.style.units})
        yield _rule(rf"{low}(?:{_TO}{high})? ?(?P<unit>{units})(?![\w²³]|/\w)", self._measure)
        yield _rule(rf"{low}{_TO}{high}{_END}", self._plain)
        yield _rule(rf"{low}(?P<high>){_END}", self._plain)
        yield _rule(r"\d+", lambda match: cardinal(match[0], self.language))

    def _abbreviations(self) -> Iterator[Rule]:
        style = self.style
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
        if self.style.point == ".":
            written = written.replace(",", "")
        elif "," in written or re.fullmatch(_GROUPED[","], written):
            written = written.replace(".", "").replace(",", ".")
        whole, _, fraction = written.replace(" ", "").partition(".")
        return whole, fraction

    def _amount(self, written: str) -> str:
        return spelling.decimal(*self._parts(written), self.language, is_amount=True)

    def _minus(self, match: re.Match[str]) -> str:
        if not match["minus"]:
            return ""
        return spelling.say(-1, self.language).removesuffix(spelling.say(1, self.language)).strip() + " "

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

        def say(written: str) -> str:
            return cardinal(written, self.language) if written.isdecimal() else self._amount(written)

        return self._value(match, say)

    def _measure(self, match: re.Match[str]) -> str | None:
        count = ".".join(filter(None, self._parts(match["high"] or match["low"])))
        unit = UNITS[self.style.units.get(match["unit"], match["unit"])]
        return spelling.measured(self._value(match, self._amount), count, unit, self.language)

    def _money(self, match: re.Match[str]) -> str | None:
        code = match["code"] or CURRENCIES.get(match["sign"], "EUR")
        if scale := match.groupdict().get("scale"):
            amount = " ".join(filter(None, (self._amount(match["low"]), scale, self.style.of)))
            words = spelling.currency_unit(amount, "5", code, self.language)
            words = words and words.replace(" de euros", " d'euros") if self.language == "fr" else words
        else:
            words = spelling.money(*self._parts(match["high"] or match["low"]), code, self.language)
        if words is None:
            return None
        words = f"{self._amount(match['low'])} {self.style.to} {words}" if match["high"] else words
        return self._minus(match) + words

    def _currency(self, code: str) -> str | None:
        return spelling.currency_unit("", "2", code, self.language)

    def _clock(self, match: re.Match[str]) -> str:
        hour, minute = str(int(match["hour"])), str(int(match["minute"] or 0))
        words = _ending(cardinal(hour, self.language), self.style.hour_ending)
        hours = spelling.measured(words, hour, "duration-hour", self.language) or words
        return self.style.clock[minute == "0"].format(h=words, hours=hours, m=cardinal(minute, self.language))

    def _telephone(self, match: re.Match[str]) -> str:
        plus = f"{self.style.signs.get('+', '+')} " if match[0][0] == "+" else ""
        comma = "، " if self.language == "ar" else ", "
        return plus + comma.join(one_by_one(group, self.language) for group in re.findall(r"\d+", match[0]))

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


_GROUPED = {",": r"\d{1,3}(?:[. ]\d{3}){1,6}(?!\d)", ".": r"\d{1,3}(?:,\d{2,3}){1,8}(?!\d)"}
_NUMBERS = {
    ",": rf"(?:(?:{_GROUPED[',']}|\d++)(?:[.,]\d++)?+)",
    ".": rf"(?:(?:{_GROUPED['.']}|\d++)(?:\.\d++)?+)",
}


def _rule(pattern: str, read: Read) -> Rule:
    return Rule(re.compile(pattern), read)


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
