"""How Finnish, Hindi, Arabic and Polish are read."""

from __future__ import annotations

import re

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.spelling import cardinal, ordinal, roman
from voiceclone.text.normalize.style import (
    CLOCK,
    END,
    HALF,
    HOUR,
    MINUTE,
    ROMAN,
    ROMAN_NAME,
    START,
    Counted,
    Style,
    ending,
)

_FINNISH = Style(
    to="viiva",
    clock_written=(CLOCK, rf"(?<=klo ){HOUR}\.{MINUTE}", rf"(?<=kello ){HOUR}\.{MINUTE}"),
    early_minute="nolla {m}",
    day_month=True,
    mixed=lambda _, part, whole: f"{whole.words} ja {part}",
    always=" ",
    postal_code=r"\d{5}",
    one="yksi",
    parts="neljäsosa/neljäsosaa viidesosa/viidesosaa kuudesosa/kuudesosaa seitsemäsosa/seitsemäsosaa"
    " kahdeksasosa/kahdeksasosaa yhdeksäsosa/yhdeksäsosaa kymmenesosa/kymmenesosaa",
    numbered="askel|kysymys|raide|tehtävä|huone|jakso|kappale|kausi|luku|osa|sivu|taso",
    per="per",
    scales={"M": ("miljoona", "miljoonaa", "miljoonaa"), "B": ("miljardi", "miljardia", "miljardia")},
    abbreviations={
        "esim.": "esimerkiksi", "mm.": "muun muassa", "ns.": "niin sanottu", "ks.": "katso", "klo": "kello",
        "tri": "tohtori", "ts.": "toisin sanoen", "n.": "noin", "vrt.": "vertaa", "prof.": "professori",
        "mrd.": "miljardia", "milj.": "miljoonaa", "synt.": "syntynyt", "ko.": "kyseinen",
        "em.": "edellä mainittu", "yht.": "yhteensä", "toim.": "toimittanut",
        "mr.": "herra", "rva": "rouva", "nti": "neiti",
    },
    endings={
        "jne.": "ja niin edelleen", "ym.": "ynnä muuta", "yms.": "ynnä muuta sellaista", "tms.": "tai muuta sellaista",
        "ekr.": "ennen Kristusta", "jkr.": "jälkeen Kristuksen", "eaa.": "ennen ajanlaskun alkua",
        "jaa.": "jälkeen ajanlaskun alun",
    },
    counted={"v.": "vuonna", "k.": "kuollut", "max.": "enintään", "min.": "vähintään",
             "nro": "numero", "n:o": "numero", "s.": "sivu", "puh.": "puhelin"},
    signs={
        "&": "ja", "@": "ät", "%": "prosenttia", "+": "plus", "±": "plus miinus", "=": "on", "×": "kertaa",
        "÷": "jaettuna",
        "°": "astetta", "§": "pykälä", "/": "kautta", ".": "piste", "_": "alaviiva", "-": "viiva",
    },
    fractions={"1/2": "puoli", "1/3": "kolmasosa", "2/3": "kaksi kolmasosaa", "1/4": "neljäsosa",
               "3/4": "kolme neljäsosaa"},
    units={"t.": "h", "min.": "min", "sek": "s"},
    named={
        "dB": ("desibeli", "desibeliä", "desibeliä"), "kpl": ("kappale", "kappaletta", "kappaletta"),
        "mAh": ("milliampeeritunti", "milliampeerituntia", "milliampeerituntia"),
        "Mbit/s": ("megabitti sekunnissa", *("megabittiä sekunnissa",) * 2),
        "hv": ("hevosvoima", *("hevosvoimaa",) * 2),
    },
    own=(
        (r"\b(?P<digits>\d{1,2})\.(?=[-–]\d{1,2}\.\d{1,2}\.)", lambda match: ordinal(match["digits"], "fi")),
        (
            r"\b(?P<digits>\d{1,2})\."
            r"(?= (?:MONTHS|kerros|kerta|luku|luokka|osa|painos|päivä|sija|viikko|vuosisata|kerran)\b)",
            lambda match: ordinal(match["digits"], "fi"),
        ),
        (
            r"\b(?P<digits>\d{1,2})\.(?=(?: ?[-–] ?| ja | tai )\d{1,2}\. [a-zäö]{3})",
            lambda match: ordinal(match["digits"], "fi"),
        ),
        (r"\b(?P<digits>\d{1,3})\.(?= [a-zäö]{3})", lambda match: ordinal(match["digits"], "fi")),
        (
            r"\b(?P<digits>\d{2,4})-(?P<noun>lu[kv]u\w{0,9})",
            lambda match: cardinal(match["digits"], "fi") + match["noun"],
        ),
        (rf"\b(?:luku|osa|näytös|[Ll]uku|Osa) {ROMAN_NAME}", lambda match: cardinal(roman(match["roman"]), "fi")),
        (rf"\b[A-ZÄÖ][a-zäö]{{2,20}} {ROMAN_NAME}", lambda match: ordinal(roman(match["roman"]), "fi")),
    ),
)  # fmt: skip


_HINDI_HALVES = {"1": "डेढ़", "2": "ढाई"}


def _hindi_mixed(key: str, part: str, whole: Counted) -> str:
    if key == "1/2":
        return _HINDI_HALVES.get(whole.digits, f"साढ़े {whole.words}")
    if key == "1/4":
        return f"सवा {whole.words}"
    if key == "3/4" and whole.digits.isdecimal():
        return f"पौने {cardinal(str(int(whole.digits) + 1), 'hi')}"
    return f"{whole.words} और {part}"


_HINDI_RANKS = {"1": "पह", "2": "दूस", "3": "तीस", "4": "चौ", "6": "छ"}


def _hindi_year(match: re.Match[str]) -> str:
    hundreds, rest = match["digits"][:2], int(match["digits"][2:])
    return f"{cardinal(hundreds, 'hi')} सौ" + (f" {cardinal(str(rest), 'hi')}" if rest else "")


_HINDI = Style(
    to="से",
    against="-",
    always=" ",
    clock=("{h} बजकर {m} मिनट", "{h} बजे"),
    clock_written=(f"{CLOCK}(?: बजे)?",),
    point=".",
    mixed=_hindi_mixed,
    one="एक",
    parts="चौथाई/चौथाई पाँचवाँ/पाँचवें छठा/छठे सातवाँ/सातवें आठवाँ/आठवें नौवाँ/नौवें दसवाँ/दसवें",
    numbered="अध्याय|पृष्ठ|भाग|पाठ|कक्षा|खंड|कमरा",
    per="प्रति",
    scales={"M": ("मिलियन",) * 3, "B": ("बिलियन",) * 3},
    abbreviations={
        "डॉ.": "डॉक्टर", "प्रो.": "प्रोफ़ेसर", "रु.": "रुपये", "कि.मी.": "किलोमीटर", "कि.ग्रा.": "किलोग्राम",
        "श्री.": "श्री", "पं.": "पंडित", "से.मी.": "सेंटीमीटर",
    },
    endings={"ई. पू.": "ईसा पूर्व", "इत्या.": "इत्यादि"},
    counted={"नं.": "नंबर", "क्र.": "क्रमांक", "पृ.": "पृष्ठ", "सं.": "संख्या", "रु.": "रुपये"},
    signs={
        "&": "और", "@": "ऐट", "%": "प्रतिशत", "+": "जमा", "=": "बराबर", "×": "गुणा", "÷": "भाग", "°": "डिग्री",
        "/": "बटा", ".": "डॉट", "_": "अंडरस्कोर", "-": "डैश",
    },
    units={"किमी": "km", "किग्रा": "kg", "किमी/घंटा": "km/h", "मी": "m", "सेमी": "cm", "मिमी": "mm", "ग्रा": "g"},
    named={"dB": ("डेसिबल",) * 3, "mAh": ("मिलीएम्पियर घंटा", *("मिलीएम्पियर घंटे",) * 2), "mol/l": ("मोल प्रति लीटर",) * 3},
    fractions={"1/2": "आधा", "1/3": "एक तिहाई", "2/3": "दो तिहाई", "1/4": "एक चौथाई", "3/4": "तीन चौथाई"},
    telephones=r"[6-9]\d{4}[ -]\d{5}",
    own=(
        (r"(?<=\d )रु(?![\w\u093e-\u094d.])", lambda _: "रुपये"),
        # The first six have names of their own.
        (
            r"\b(?P<digits>[12346])(?P<ending>ला|ले|ली|रा|रे|री|था|थे|थी|ठा|ठे|ठी)(?!\w)",
            lambda match: _HINDI_RANKS[match["digits"]] + match["ending"],
        ),
        (
            r"\b(?P<digits>\d{1,3})(?P<ending>वीं|वां|वाँ|वें|वा)(?!\w)",
            lambda match: cardinal(match["digits"], "hi") + match["ending"],
        ),
        # Years are counted in hundreds.
        (r"(?:सन्?|वर्ष|साल|MONTHS) (?P<only>(?P<digits>1[1-9]\d\d))(?!\w)", _hindi_year),
        (r"\b(?P<digits>1[1-9]\d\d)(?= (?:में|से|तक|की|का|के)(?:[\s।,]|\Z))", _hindi_year),
        (r"(?:दिल्ली|मुंबई|कोलकाता|चेन्नई|पिन ?कोड|पिन)[ :-]{1,3}(?P<only>[1-9]\d{5})(?!\d)",
         lambda match: spelling.one_by_one(match["only"], "hi")),
        (r"\A[1-9]\d{5}(?= (?:नई )?[^\W\d_]\S{1,20}\Z)", lambda match: spelling.one_by_one(match[0], "hi")),
    ),
)  # fmt: skip


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


_ARABIC = Style(
    to="إلى",
    against="مقابل",
    always="على",
    point=".",
    mixed=lambda _, part, whole: f"{whole.words} و{part}",
    numbered="الفصل|الصفحة|الجزء|الدرس|الحلقة|الموسم|رقم",
    per="لكل",
    scales={"M": ("مليون",) * 3, "B": ("مليار",) * 3},
    abbreviations={"د.": "دكتور", "أ.": "أستاذ", "ق.م": "قبل الميلاد"},
    endings={"إلخ.": "إلى آخره", "إلخ": "إلى آخره", "ق. م.": "قبل الميلاد"},
    signs={
        "&": "و", "@": "آت", "%": "بالمئة", "+": "زائد", "=": "يساوي", "×": "ضرب", "÷": "قسمة", "°": "درجة",
        "/": "على", ".": "نقطة", "_": "شرطة سفلية", "-": "شرطة",
    },
    units={"كم": "km", "سم": "cm", "مم": "mm", "كجم": "kg", "كغ": "kg", "كم/س": "km/h", "كم/ساعة": "km/h"},
    named={"dB": ("ديسيبل",) * 3, "mAh": ("ملي أمبير ساعة",) * 3, "Mbit/s": ("ميغابت في الثانية",) * 3},
    fractions={
        "1/2": "نصف", "1/3": "ثلث", "2/3": "ثلثان", "1/4": "ربع", "3/4": "ثلاثة أرباع", "1/5": "خمس", "1/8": "ثمن",
        "3/8": "ثلاثة أثمان", "5/8": "خمسة أثمان", "7/8": "سبعة أثمان", "2/5": "خمسان", "3/5": "ثلاثة أخماس",
        "4/5": "أربعة أخماس", "1/6": "سدس", "5/6": "خمسة أسداس",
    },
    own=(
        (rf"{START}{CLOCK}{END}", _arabic_clock),
        (r"(?:عام|سنة) \d{3,4} ?(?P<only>م|هـ)(?!\w)", lambda m: "ميلادي" if m["only"] == "م" else "هجري"),
    ),
)  # fmt: skip


_POLISH_FEMININE = re.compile(
    r"kobiety|godziny|minuty|sekundy|osoby|strony|szklanki|książki|łyżki|tony|córki|siostry|matki|ręce|noce|rzeczy"
    r"|części|sztuki|połowy|kawy|herbaty|ulice|stacje|lekcje|wersje|opcje|panie|tablice|rodziny|grupy|drogi|torby|mile"
    r"|łyżeczki|butelki|paczki|filiżanki|dziewczyny|dziewczynki|firmy|szkoły|klasy|partie|gwiazdki|nogi|głowy|próby"
)


def _polish(number: Counted) -> str:
    noun = number.noun.lower()
    if number.digits == "1" and len(noun) > 2:
        is_woman = noun.endswith("a") and noun not in ("mężczyzna", "kolega", "poeta")
        return "jedna" if is_woman else "jedno" if noun[-1] in "oe" else number.words
    if number.digits[-1:] == "2" and number.digits[-2:-1] != "1" and _POLISH_FEMININE.fullmatch(noun):
        return number.words.removesuffix("dwa") + "dwie"
    return number.words


def _polish_genitive(digits: str) -> str:
    return " ".join(ending(word, ("y", "ego"), ("i", "iego")) for word in ordinal(digits, "pl").split(" "))


def _polish_part(key: str, part: str, unit: str, _: str) -> str:
    return f"{'pół' if key == '1/2' else part} {unit}"


def _polish_clock(match: re.Match[str]) -> str:
    """At eighteen is at the eighteenth: hours are ranks."""
    hour, minute = (str(int(match[name])) for name in ("hour", "minute"))
    last = "ej" if match["at"] else "a"
    words = "zerow" if hour == "0" else ordinal(hour, "pl")
    words = " ".join(ending(word, ("y", last), ("w", "w" + last), ("i", "i" + last)) for word in words.split(" "))
    words = words.replace("gia", "ga")
    minutes = "" if minute == "0" else f" {'zero ' * (len(minute) == 1)}{cardinal(minute, 'pl')}"
    at = (match["at"] or "").lower()
    noun = "" if not match["noun"] else {"o ": "godzinie ", "po ": "godzinie ", "": "godzina "}.get(at, "godziny ")
    return f"{noun}{words}{minutes}"


def _polish_year(match: re.Match[str]) -> str:
    words = _polish_genitive(match["digits"])
    words = words.replace("iego", "im").replace("ego", "ym") if match["in"] else words
    return f"{words} roku" + "." * (match["noun"] == "r." and match.end() == len(match.string))


def _polish_ruler(match: re.Match[str]) -> str:
    words = ordinal(roman(match["roman"]), "pl")
    return ending(words, ("gi", "ga"), ("y", "a"), ("i", "ia")) if match["name"].endswith("a") else words


def _polish_century(match: re.Match[str]) -> str:
    words = _polish_genitive(roman(match["roman"]))
    words = words.replace("iego", "im").replace("ego", "ym") if match["in"] else words
    return f"{words} wieku" + "." * (match.end() == len(match.string))


_POLISH = Style(
    to="do",
    agree=_polish,
    day_month=True,
    part_of=_polish_part,
    always="na",
    postal_code=r"\d{2}-\d{3}",
    mixed=lambda key, part, whole: ("półtorej" if whole.noun.endswith(("y", "i")) else "półtora")
    if (key, whole.digits) == ("1/2", "1")
    else f"{_polish(whole)} i {'pół' if key == '1/2' else part}",
    one="jedna",
    parts="czwarta/czwarte piąta/piątych szósta/szóstych siódma/siódmych ósma/ósmych dziewiąta/dziewiątych"
    " dziesiąta/dziesiątych",
    numbered="część|odcinek|pokój|rozdział|sezon|strona|tom|lekcja",
    per="za",
    scales={"M": ("milion", "miliony", "milionów", "miliona"), "B": ("miliard", "miliardy", "miliardów", "miliarda")},
    abbreviations={
        "dr": "doktor", "prof.": "profesor", "np.": "na przykład", "tzn.": "to znaczy", "m.in.": "między innymi",
        "ul.": "ulica", "tj.": "to jest", "tzw.": "tak zwany", "al.": "aleja", "św.": "święty",
        "inż.": "inżynier", "mgr": "magister", "tys.": "tysięcy", "mln": "milionów", "mld": "miliardów",
    },
    endings={"itd.": "i tak dalej", "itp.": "i tym podobne", "p.n.e.": "przed naszą erą", "n.e.": "naszej ery"},
    counted={"nr": "numer", "ok.": "około", "godz.": "godzina", "str.": "strona", "tel.": "telefon", "s.": "strona",
             "rozdz.": "rozdział"},
    signs={
        "&": "i", "@": "małpa", "%": "procent", "+": "plus", "=": "równa się", "×": "razy", "÷": "podzielić przez",
        "°": "stopni", "§": "paragraf", "/": "ukośnik", ".": "kropka", "_": "podkreślenie", "-": "myślnik",
    },
    fractions={"1/2": "jedna druga", "1/3": "jedna trzecia", "2/3": "dwie trzecie", "1/4": "jedna czwarta",
               "3/4": "trzy czwarte"},
    units={"godz.": "h", "min.": "min", "sek.": "s"},
    named={"dB": ("decybel", "decybele", "decybeli", "decybela"), "zł": ("złoty", "złote", "złotych", "złotego")},
    own=(
        (HALF, lambda match: f"pół {match['noun']}"),
        (
            rf"(?:\b(?i:(?P<at>o |od |do |po )))?(?P<only>(?P<noun>godz\. )?{START}{HOUR}:{MINUTE}){END}",
            _polish_clock,
        ),
        (rf"(?i:\b(?P<at>o |od |do |po ))(?P<only>(?P<noun>godz\. ){HOUR}\.{MINUTE}){END}", _polish_clock),
        (r"(?:\b(?P<in>[Ww]) )?(?P<only>\b(?P<digits>[12]\d{3}) (?P<noun>r\.|roku\b))", _polish_year),
        (rf"\b(?P<name>[A-ZŁŚŻ][a-ząćęłńóśźż]{{2,20}}) {ROMAN_NAME}", _polish_ruler),
        (rf"\b[Ww] {ROMAN})(?= wieku\b)",
         lambda match: _polish_genitive(roman(match["roman"])).replace("iego", "im").replace("ego", "ym")),
        (rf"\b{ROMAN})(?= wiek\b)", lambda match: ordinal(roman(match["roman"]), "pl")),
        (rf"\b{ROMAN})(?= wieku\b)", lambda match: _polish_genitive(roman(match["roman"]))),
        (rf"(?P<in>\b[Ww] )?\b{ROMAN} w\.)", _polish_century),
        (r"\b(?P<digits>\d{1,2})(?= MONTHS\b)", lambda match: _polish_genitive(match["digits"])),
        (r"(?<=\d{4} )r\.", lambda match: "roku" + "." * (match.end() == len(match.string))),
    ),
)  # fmt: skip

STYLES = {"fi": _FINNISH, "hi": _HINDI, "ar": _ARABIC, "pl": _POLISH}
