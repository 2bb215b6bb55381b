"""Lines of a plain text that are headings: "CHAPTER XII. The End", "Erstes Kapitel", "Глава 1", "第一章", "Prologue".

Knows all languages of the registered models at once: a text does not tell its own, and a noun with a number behind it
is rare enough. A sentence that begins with both is none: "Part two was harder."
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voiceclone.text import is_abbreviated

MAX_LINE = 160
"""Characters of a heading with its title; a longer line is none."""
MAX_TITLE_BEHIND = 90

# What only headings are called, and what sentences speak of as well: there less is believed to be a title.
_CHAPTERS = (
    "chapter stave canto kapitel chapitre capítulo capitulo capitolo luku nodaļa глава अध्याय परिच्छेद सर्ग الفصل فصل"
    " الباب チャプター"
)
_PARTS = (
    "part book volume vol section act scene letter episode teil buch band akt abschnitt gesang partie livre tome acte"
    " chant section parte libro tomo acto atto osa kirja nide jakso näytös daļa grāmata sējums cēliens часть книга том"
    " раздел действие भाग खंड खण्ड पाठ अंक الجزء جزء القسم قسم الكتاب المجلد パート"
)
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred first second third fourth fifth"
    " sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth"
    " eighteenth nineteenth twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth"
    " ninetieth hundredth last and"
    # German: endings follow
    " ein eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf sech sieb zwanzig dreißig dreissig vierzig"
    " fünfzig sechzig siebzig achtzig neunzig hundert und erst zweit dritt viert fünft sechst siebt siebent acht neunt"
    " zehnt elft zwölft letzt"
    # French
    " un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante"
    " cinquante soixante septante huitante nonante cent et vingts"
    " premier première second seconde unième deuxième troisième"
    " quatrième cinquième sixième septième huitième neuvième dixième onzième douzième treizième quatorzième quinzième"
    " seizième vingtième trentième quarantième cinquantième soixantième centième dernier dernière"
    # Spanish, Italian
    " uno una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
    " dieciocho diecinueve veinte veinti treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento y uno"
    " séis dós trés primer último última due tre quattro cinque sei sette otto nove dieci undici dodici tredici"
    " quattordici quindici sedici diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta settanta"
    " ottanta novanta vent trent quarant cinquant sessant settant ottant novant cento centotto tré ultimo ultima"
    # Finnish, Latvian
    " yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän kymmenen toista kymmentä sata ensimmäinen toinen"
    " kolmas neljäs viides kuudes seitsemäs kahdeksas yhdeksäs kymmenes yhdes kahdes sadas viimeinen viens viena divi"
    " divas trīs četri četras pieci piecas seši sešas septiņi astoņi deviņi desmit vien div piec seš septiņ astoņ deviņ"
    " četr padsmit simts simtu"
    # Russian: "первая" and its like end in their own way
    " один одна два две три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
    " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать тридцать сорок пятьдесят шестьдесят"
    " семьдесят восемьдесят девяносто сто третий третья третье"
    # Hindi, whose numbers to 100 are words of their own
    " एक दो तीन चार पाँच पांच छः छह छे सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह पन्द्रह सोलह सत्रह अट्ठारह अठारह उन्नीस बीस"
    " इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस अठाईस उनतीस तीस इकत्तीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस"
    " उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरेपन चौवन"
    " पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर"
    " चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सतासी अट्ठासी नवासी नब्बे"
    " इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे सौ पहला पहली प्रथम दूसरा दूसरी द्वितीय तीसरा तीसरी"
    " तृतीय चौथा चौथी चतुर्थ छठा छठी वाँ वीं वां अंतिम"
    # Arabic
    " واحد واحدة اثنان اثنا اثنتان ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثمان ثماني تسعة تسع عشرة عشر"
    " عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون مائة مئة أحد إحدى و الأول الأولى الثاني الثانية الثالث الثالثة"
    " الرابع الرابعة الخامس الخامسة السادس السادسة السابع السابعة الثامن الثامنة التاسع التاسعة العاشر العاشرة الحادي"
    " العشرون الثلاثون الأربعون الخمسون الستون السبعون الثمانون التسعون"
    " المائة المئة بعد الأخير الأخيرة"
    " والعشرون والثلاثون والأربعون والخمسون والستون والسبعون"
    " والثمانون والتسعون وعشرون وثلاثون وأربعون وخمسون وستون وسبعون وثمانون وتسعون وواحد"
)
_STEMS = (
    "(?:zwanzig|dreißig|dreissig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig|hundert)st"
    "|(?:pirm|otr|treš|ceturt|piekt|sest|septīt|astot|devīt|desmit|padsmit|simt|vien|pēdēj)(?:ais|ā)"
    "|prim(?:er)?[oa]|segund[oa]|tercer[oa]?|cuart[oa]|quint[oa]|sext[oa]|s[ée]ptim[oa]|octav[oa]|noven[oa]"
    "|(?:und|duod)[ée]cim[oa]|(?:decim|vigesim)octavo|d[ée]cim[oa]"
    "|(?:vig|trig|cuadrag|quincuag|sexag|septuag|octog|nonag|cent)[ée]sim[oa]"
    "|second[oa]|terz[oa]|quart[oa]|sest[oa]|settim[oa]|ottav[oa]"
    "|non[oa]"
    "|(?:astoņi|deviņi|divi|trīs?|četri|pieci|seši|septiņi)ais"
    "|(?:перв|втор|четв[её]рт|пят|шест|седьм|восьм|девят|десят|одиннадцат|двенадцат|тринадцат|четырнадцат|пятнадцат"
    "|шестнадцат|семнадцат|восемнадцат|девятнадцат|двадцат|тридцат|сороков|пятидесят|шестидесят|семидесят|восьмидесят"
    "|девяност|сот|последн)(?:ая|ый|ой|ое|яя|ий|ее)"
)
_ALONE = (
    "prologue epilogue preface introduction foreword afterword interlude postscript prolog epilog vorwort nachwort"
    " einleitung einführung zwischenspiel préface avant-propos postface épilogue interlude prólogo epílogo prefacio"
    " introducción posfacio interludio prefazione prologo epilogo introduzione postfazione premessa esipuhe prologi"
    " epilogi johdanto loppusanat jälkisanat priekšvārds prologs epilogs ievads pēcvārds пролог эпилог предисловие"
    " введение вступление послесловие प्रस्तावना भूमिका उपसंहार आमुख مقدمة المقدمة تمهيد خاتمة الخاتمة تصدير"
    " 序 序章 序言 序幕 序曲 前言 楔子 引子 引言 尾声 尾聲 后记 後記 跋 终章 終章 番外 番外篇"
    " はじめに おわりに まえがき あとがき プロローグ エピローグ"
)
_ROMAN = r"(?=[ivxlc])(?:c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_CJK = "[0-9０-９一二三四五六七八九十百千〇零两兩壱弐参]{1,7}"


def _any(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words.split()), key=len, reverse=True))


_WORD = rf"(?:{_STEMS}|{_any(_NUMBERS)})"
# Never gone back into: many a word begins with a shorter one.
_WORDS = rf"(?>{_WORD}(?:[ \-‐]?{_WORD}){{0,7}})(?:e[rsn]?|वाँ|वीं|वां)?"
_DIGITS = r"\d{1,4}(?:st|nd|rd|th|er|re|ère|e|ème|[ºª°a-d]|-?(?:я|й|ая|ый|ий))?"
_NUMBER = rf"(?:{_DIGITS}|{_WORDS}|[a-zé]{{3,22}}[ée]sim[oa]|{_ROMAN})(?!\w)"
_NOUNS = rf"(?P<chapter>{_any(_CHAPTERS)})|(?:{_any(_PARTS)})\.?"
_ARTICLE = r"(?:the |das |der |die |la |le |el |il |l['’])?"
_MARKED = r"(?:the |la |le |il |(?:no?|nr|#|№|n[º°])\.? ?(?=\d))?"
_NAMED = re.compile(
    rf"(?:{_NOUNS})(?:[ \u00a0]+{_MARKED}{_NUMBER}|\d{{1,4}}(?!\w))"
    rf"|{_ARTICLE}{_NUMBER}[.:]?[ \u00a0-]+(?:{_NOUNS.replace('chapter>', 'chapter_>')})(?!\w)",
    re.IGNORECASE,
)
_WIDE = re.compile(
    rf"第[ 　]?{_CJK}[ 　]?(?:(?P<chapter>[章话話巻卷篇編幕回])|[節节部集季册夜場场])"
    rf"|[卷巻]{_CJK}|その{_CJK}|其[の之]{_CJK}|[上中下][卷巻編篇部]"
)
_FRONT = re.compile(rf"(?P<chapter>{_any(_ALONE)})(?!\w)", re.IGNORECASE)
_BARE = re.compile(r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\.?|\d{1,3}\.")
_COUNTED = re.compile(rf"[-–—~*\[(]?\s*(?:(?P<digits>\d{{1,3}})|{_WORDS}|{_CJK})\s*[-–—~*\])]?", re.IGNORECASE)
_SHOUTED = re.compile(r"(?:[IVXLC]{1,8}|\d{1,3})(?:[.:)]| ?[–—-]) ?[^a-z]*[A-Z]{3}[^a-z]*")
_SEPARATOR = re.compile(r"[ \u00a0\u3000]*[.:)\]\-–—|/~·•：．、]+[ \u00a0\u3000]*")
_SENTENCE = ".!?…。！？।؟۔"
_INNER_END = re.compile(r"[.!?…]['\"”’)]*\s+\S")
_PARTICLES = "はがをにのでともへや"
_NOUN_WORDS = frozenset(f"{_CHAPTERS} {_PARTS} {_ALONE}".split())
_AROUND = "0123456789.,:;()[]*_#=~-–—'’\"“”!?"
_LONGEST_COUNT = 40
_DECORATION = "_*#=~ \t\u3000\u00a0"
_LEADER = re.compile(r"(?:\s*\.){3,}\s*\d{0,4}$|\s{3,}\d{1,4}$|\t\d{1,4}$")


@dataclass(frozen=True)
class Heading:
    """What a line says as a heading."""

    text: str
    key: str
    """Of its noun and number, without its title: the same in a table of contents and above the chapter."""
    is_named: bool = False
    """By a noun: as a chapter, a part, a preface."""
    is_bare: bool = False
    """Only a number: without others of its kind it is none."""


def heading_of(line: str) -> Heading | None:
    """Return what a line, or lines that were joined, says as a heading; None where it is none."""
    if len(line) > MAX_LINE:
        return None
    text = _LEADER.sub("", line).strip(_DECORATION)
    if not text:
        return None
    words = {word.strip(_AROUND) for word in text.lower().split()}
    match = None if _NOUN_WORDS.isdisjoint(words) else _NAMED.match(text) or _FRONT.match(text)
    match = match or _WIDE.match(text)
    if match is not None:
        groups = match.groupdict()
        is_chapter = bool(groups.get("chapter") or groups.get("chapter_"))
        behind = text[match.end() :]
        if _is_title(behind, is_chapter, match):
            return Heading(text, _key(match[0]), is_named=True)
    if _BARE.fullmatch(text) or _SHOUTED.fullmatch(text):
        return Heading(text, _key(text))
    if len(text) <= _LONGEST_COUNT and not text.islower() and _COUNTED.fullmatch(text):
        return Heading(text, _key(text), is_bare=True)
    return None


def _key(text: str) -> str:
    return " ".join(text.casefold().strip(" .:-–—[]()~*").split())


def _is_title(behind: str, is_chapter: bool, head: re.Match[str]) -> bool:
    """Whether what stands behind noun and number is nothing or a title, and does not go on as a sentence."""
    separator = _SEPARATOR.match(behind)
    rest = (behind[separator.end() :] if separator else behind).strip()
    if not rest:
        return True
    is_apart = bool(separator) or behind[0].isspace()
    if len(rest) > MAX_TITLE_BEHIND or (head.re is _FRONT and not separator):
        return False
    if head.re is _WIDE:
        return _is_wide_title(rest, is_apart, is_chapter)
    if rest.isupper() or rest[0] + rest[-1] in ("()", "[]") or not (is_apart or behind[0] in "([,"):
        return is_apart or behind[0] in "([,"
    first = next((c for c in rest if c.isalnum()), "")
    ends = rest.rstrip("'\"”’)").endswith(tuple(_SENTENCE))
    if separator and is_chapter:
        return not ends or not (first.islower() or _has_two_sentences(rest))
    return not first.islower() and (not ends or _is_titled(rest))


def _is_wide_title(rest: str, is_apart: bool, is_chapter: bool) -> bool:
    if is_apart:
        return rest[-1] not in "。、，,"
    return is_chapter and len(rest) <= 25 and rest[0] not in _PARTICLES and not re.search("[。、，！？；]", rest)


def _has_two_sentences(text: str) -> bool:
    return any(not is_abbreviated(text, match.start() + 1) for match in _INNER_END.finditer(text))


def _is_titled(text: str) -> bool:
    """Whether the words begin with capitals, apart from short ones."""
    words = re.findall(r"\w+", text)
    return any(word[0].isupper() for word in words) and not any(word[0].islower() for word in words if len(word) > 3)
