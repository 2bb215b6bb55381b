"""How Latvian is read: numbers with the ending that the noun's ending tells."""

from __future__ import annotations

import re

from voiceclone.text.normalize.spelling import cardinal, one_by_one, ordinal, roman
from voiceclone.text.normalize.style import CLOCK, HOUR, MINUTE, ROMAN, ROMAN_NAME, Counted, Style, ending

_RANK_ENDINGS = {
    "a": "ā", "e": "ā", "pp": "ā", "ā": "ajā", "ē": "ajā", "ī": "ajā", "u": "o", "i": "o", "os": "ajos", "em": "ajiem",
}  # fmt: skip
"""Of a rank, by those of the noun."""


def _rank_of(digits: str, noun: str) -> str:
    number = int(digits)
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
    return ending(words, ("ais", _RANK_ENDINGS.get(noun[-2:], _RANK_ENDINGS.get(noun[-1], "ais"))))


_NOUNS = (
    r"(?P<noun>(?:gad|gadsimt|janvār|februār|mart|aprīl|maij|jūnij|jūlij|august|septembr|oktobr|novembr|decembr|stāv"
    r"|gadu tūkstoš|kurs|punkt)(?:i?s|a|ā|ī|u|i|os|iem)|(?:klas|nodaļ|viet|dien|minūt|reiz|pus|sērij|sezon|kārt|daļ)"
    r"(?:a|e|ā|ē|u|i)|lpp)\b"
)
_ONE = (
    (("as", "es"), "as"), (("ās", "ēs"), "ās"), (("ām", "ēm", "īm"), "ām"), (("iem",), "iem"), (("am", "im", "um"),
    "am"),
    (("ai", "ei"), "ai"), (("os",), "os"), (("us",), "us"), (("s", "š"), "s"), (("a", "e"), "a"), (("ā", "ē", "ī",
    "ū"), "ā"),
    (("u", "i"), "u"),
)  # fmt: skip
_MORE = (
    (("as", "es"), "as"), (("ās", "ēs", "īs"), "ās"), (("ām", "ēm", "īm"), "ām"), (("iem",), "iem"), (("os",), "os"),
    (("us",), "us"), (("u",), "u"),
)  # fmt: skip
"""Endings of numbers, by those of the noun."""


def _agree(number: Counted) -> str:
    noun = number.noun.lower()
    found = re.search(r"\b(?:(?P<one>vien)s|(?P<more>div|četr|piec|seš|septiņ|astoņ|deviņ)i)$", number.words)
    if not found or len(noun) < 3 or not number.digits or noun in ("līdz", "pret", "reiz", "komats", "plus", "dalīts"):
        return number.words
    table = _ONE if found["one"] else _MORE
    last = next((other for endings, other in table if noun.endswith(endings)), "s" if found["one"] else "i")
    return number.words[: found.start()] + (found["one"] or found["more"]) + last


def _mixed(key: str, part: str, whole: Counted) -> str:
    if (key, whole.digits) == ("1/2", "1"):
        return "pusotras" if whole.noun.endswith(("as", "es")) else "pusotra"
    return f"{_agree(whole)} {'ar pusi' if key == '1/2' else 'un ' + part}"


def _century(match: re.Match[str]) -> str:
    """Of what stands behind it, if anything does."""
    noun = "gadsimta" if re.compile(r" [a-zāčēģīķļņšūž]").match(match.string, match.end()) else "gadsimts"
    return f"{_rank_of(match['digits'], noun)} {noun}{'.' * (match.end() == len(match.string))}"


STYLE = Style(
    clock_written=(CLOCK, rf"(?<=plkst\. ){HOUR}\.{MINUTE}"),
    to="līdz",
    against="pret",
    agree=_agree,
    day_month=True,
    mixed=_mixed,
    part_of=lambda key, part, unit, _: f"pus{unit}" if key == "1/2" and unit[0] in "kglmst" else f"{part} {unit}",
    always=" ",
    one="viena",
    parts="ceturtdaļa/ceturtdaļas piektdaļa/piektdaļas sestdaļa/sestdaļas septītdaļa/septītdaļas astotdaļa/astotdaļas"
    " devītdaļa/devītdaļas desmitdaļa/desmitdaļas",
    numbered="grupa|jautājums|solis|uzdevums|daļa|epizode|lappuse|līmenis|nodaļa|sērija|sezona|stunda|telpa",
    per="par",
    scales={"M": ("miljons", "miljoni", "miljoni"), "B": ("miljards", "miljardi", "miljardi")},
    abbreviations={
        "piem.": "piemēram", "t. i.": "tas ir", "plkst.": "pulksten", "apm.": "apmēram", "dr.": "doktors",
        "prof.": "profesors", "t. s.": "tā saucamais", "sk.": "skatīt", "milj.": "miljoni", "mljrd.": "miljardi",
        "tūkst.": "tūkstoši", "t. sk.": "tai skaitā",
    },
    endings={
        "lpp.": "lappuse", "u. c.": "un citi", "utt.": "un tā tālāk", "u. tml.": "un tamlīdzīgi",
        "p. m. ē.": "pirms mūsu ēras", "m. ē.": "mūsu ēras",
    },
    counted={"nr.": "numurs", "tālr.": "tālrunis", "tel.": "tālrunis", "tālr.:": "tālrunis"},
    signs={
        "&": "un", "@": "et", "%": "procenti", "+": "plus", "±": "plus mīnus", "=": "ir", "×": "reiz", "÷": "dalīts ar",
        "°": "grādi", "§": "paragrāfs", "/": "dalīts ar", ".": "punkts", "_": "pasvītra", "-": "domuzīme",
    },
    fractions={"1/2": "puse", "1/3": "viena trešdaļa", "2/3": "divas trešdaļas", "1/4": "viena ceturtdaļa",
               "3/4": "trīs ceturtdaļas"},
    units={"min.": "min", "st.": "h", "sek.": "s"},
    named={"dB": ("decibels", "decibeli", "decibelu"),
           "mAh": ("miliampērstunda", "miliampērstundas", "miliampērstundu")},
    own=(
        (r"\bLV-(?P<only>\d{4})(?!\d)", lambda match: one_by_one(match["only"], "lv")),
        (r"\b(?P<digits>\d{1,2})\. ?gs\.",
         _century),
        (rf"\b(?P<only>(?P<digits>\d{{1,4}})\.) {_NOUNS}", lambda match: _rank_of(match["digits"], match["noun"])),
        (
            rf"\b(?P<only>(?P<digits>\d{{1,2}})\.)(?: ?[-–] ?| un | līdz | vai )\d{{1,2}}\. {_NOUNS}",
            lambda match: _rank_of(match["digits"], match["noun"]),
        ),
        (
            r"\b(?P<digits>\d{1,4})\. ?g(?:ads)?\.",
            lambda match: f"{_rank_of(match['digits'], 'gads')} gads" + "." * (match.end() == len(match.string)),
        ),
        (rf"\b{ROMAN})(?=\.? (?P<noun>gadsimt(?:s|a|ā|u|i|os|iem)))",
         lambda m: _rank_of(roman(m["roman"]), m["noun"])),
        (
            rf"\b(?P<name>[A-ZĀČĒĢĪĶĻŅŠŪŽ][a-zāčēģīķļņšūž]{{2,20}}) (?=[IVX]{{2}}|[IV]\b){ROMAN_NAME}",
            lambda m: _rank_of(roman(m["roman"]), "klase" if m["name"][-1] in "ae" else "gads"),
        ),
        (rf"\b(?:nodaļa|sējums|daļa|cēliens) {ROMAN_NAME}", lambda match: cardinal(roman(match["roman"]), "lv")),
    ),
)  # fmt: skip
