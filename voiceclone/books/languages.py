"""The language of a book: what its file calls it as a code of ISO 639-1, or what its words tell.

Knows nothing of files. Words are counted, for a book has thousands of them: no model is asked.
"""

from __future__ import annotations

import re
from collections import Counter

_NAMES = {
    code: names.split()
    for code, names in {
        "ar": "ara arb arabic العربية",
        "bg": "bul bulgarian български",
        "ca": "cat catalan català",
        "cs": "ces cze czech čeština",
        "da": "dan danish dansk",
        "de": "deu ger german deutsch",
        "el": "ell gre greek",
        "en": "eng english",
        "es": "spa spanish español castellano",
        "et": "est estonian",
        "eu": "eus baq basque",
        "fa": "fas per persian",
        "fi": "fin finnish suomi",
        "fr": "fra fre french français",
        "he": "heb iw hebrew",
        "hi": "hin hindi हिन्दी",
        "hr": "hrv croatian",
        "hu": "hun hungarian magyar",
        "id": "ind in indonesian",
        "is": "isl ice icelandic",
        "it": "ita italian italiano",
        "ja": "jpn japanese 日本語",
        "ko": "kor korean 한국어",
        "la": "lat latin",
        "lt": "lit lithuanian",
        "lv": "lav lvs latvian latviešu",
        "nl": "nld dut dutch nederlands",
        "no": "nor nob nno norwegian norsk",
        "pl": "pol polish polski",
        "pt": "por portuguese português",
        "ro": "ron rum romanian română",
        "ru": "rus russian русский",
        "sk": "slk slo slovak",
        "sl": "slv slovenian slovene",
        "sr": "srp serbian",
        "sv": "swe swedish svenska",
        "th": "tha thai",
        "tr": "tur turkish türkçe",
        "uk": "ukr ukrainian українська",
        "vi": "vie vietnamese",
        "zh": "zho chi cmn yue chinese mandarin 中文",
    }.items()
}
_CODES = {name: code for code, names in _NAMES.items() for name in names}
_NO_LANGUAGES = ("und", "mul", "mis", "zxx", "art")
"""ISO 639-2 for: not known, several, one without a code, none, an invented one."""
_MOST = 200_000
"""Characters that are looked at."""
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("", re.compile("[A-Za-z\u00c0-\u024f]")),
)
_COMMON = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to in that it was is he his with as for had not you be on at by this from but have they she"
        " her which or all said were there when",
        "de": "der die und das in ich nicht zu den er es sie ist mit ein dem sich auf eine auch als an so wie war aber"
        " von noch des aus nach wenn nur bei",
        "fr": "le la les de et un une des que qui il elle est dans en pas pour ce je vous ne au se par sur avec du son"
        " plus était mais nous",
        "es": "el la los las de y que en un una por con no se es su para lo al del como más pero le ha me si sin sus"
        " había era",
        "it": "il la le di e che un una non per in è si con del della i gli lo da al come più ma sono nel alla era mi"
        " anche dei",
        "fi": "ja on ei se että hän oli mutta kuin niin en hänen ole joka kun myös mitä minä sen ovat vain sitä olen"
        " tai jo nyt",
        "lv": "un ir no uz ka ar es viņš par bija kas to tas bet kā viņa nav pie vai tā arī lai jau pēc tik ko vēl gan",
        "pt": "o a os as de e que em um uma não para com se por do da no na ele ela mais como mas foi ao"
        " dos das eu era",
        "nl": "de het een en van in is dat niet op te zijn ik hij met die voor er was aan maar ook als zij om hem dan",
        "sv": "och att det i en som jag han på är av för inte med den till var hon om ett hade så men de sig",
        "pl": "i w nie się na z to że do jest jak co ale tak po od za był już ja czy mi przez dla",
        "ru": "и в не на что он с как я это а то но его она к из по за у было так же бы от",
        "hi": "है और के में की का को से यह वह ने पर नहीं कि था थी थे हैं एक भी जो तो ही इस उस उसने हो कर गया",
        "ar": "في من على أن إلى عن التي الذي هذا هذه كان لا ما مع قد كل لم هو هي ثم",
    }.items()
}
_COMMON_CHINESE = frozenset("的一是不了在人有我他这個个上们来到大说說這你就那和地出也為为子中她")
_KANA = frozenset(map(chr, range(0x3041, 0x3097)))
_WORD = re.compile(r"[^\W\d_]+")


def three_letters(code: str | None) -> str | None:
    """Return a language's code of ISO 639-2, as `spa`, by that of ISO 639-1; None where it is not known."""
    return _NAMES[code][0] if code in _NAMES else None


def code_of(told: str | None) -> str | None:
    """Return a language as a file names it (`en-US`, `eng`, `English`) as a code; None where that is no language."""
    parts = re.findall(r"[^\W\d_]+", (told or "").lower())
    name = parts[0] if parts else ""
    if name in _CODES:
        return _CODES[name]
    is_private = re.fullmatch("q[a-t][a-z]", name)
    return name if name.isascii() and len(name) in (2, 3) and name not in _NO_LANGUAGES and not is_private else None


def detected(text: str) -> str | None:
    """Return the language that a text is in; None where its beginning does not tell."""
    text = text[:_MOST]
    letters = {language: len(script.findall(text)) for language, script in _SCRIPTS}
    if letters["ja"] * 10 > letters["zh"]:  # kana stand between characters
        letters["ja"] += letters["zh"]
    script = max(letters, key=lambda language: letters[language])
    if letters[script] * 2 <= sum(letters.values()) - (letters["zh"] if script == "ja" else 0):
        return None
    match script:
        case "ru":
            return _cyrillic(text)
        case "ar":
            return "fa" if len(re.findall("[پچژگ]", text)) * 50 > letters["ar"] else "ar"
        case "":
            return _latin(text)
    return script


def share_of_common(text: str, language: str) -> float:
    """Return how many of the words, or of the characters, are common ones of the language, 0..1; 0 where few are."""
    text = text[:_MOST]
    if language in ("zh", "ja"):
        every = [c for c in text if c > "\u2e80"]
        common = _COMMON_CHINESE if language == "zh" else _KANA
    else:
        # Vowels of Hindi are marks, at which a pattern would end a word.
        every, common = text.split() if language == "hi" else _WORD.findall(text), _COMMON.get(language, frozenset())
        every = [word if word.isupper() else word[0].lower() + word[1:] for word in every]
    share = sum(each in common for each in every) / max(len(every), 1)
    return share if share * 12 > 1 and len(every) > 5 else 0


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _cyrillic(text: str) -> str | None:
    lowered = text.lower()
    if re.search("[іїєґ]", lowered):
        return "uk"
    return "ru" if re.search("[ыэё]", lowered) or len(text) < 300 else None


def _latin(text: str) -> str | None:
    counts: Counter[str] = Counter()
    for word, n in Counter(_words(text)).items():
        counts.update({language: n for language, common in _COMMON.items() if word in common})
    ranked = counts.most_common(2)
    if not ranked or ranked[0][1] < 3:
        return None
    others = ranked[1][1] if len(ranked) > 1 else 0
    return ranked[0][0] if ranked[0][1] * 4 >= others * 5 else None
