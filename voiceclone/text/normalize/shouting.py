"""Capital letters: what is shouted becomes small, acronyms stay. Pure functions.

Knows no rule of any one language, only a list of acronyms and which consonants a mouth can say. To the model a word in
capitals is one to spell.
"""

from __future__ import annotations

import re

from voiceclone.text.normalize.rules import Rule


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACRONYMS = _words(
    """
    ABBA ACLU AEDT AEST AFAIK AI AIDS AKA ALS AM API ASAP ASCII ATM AWACS AWS BASIC BBC BIOS BMW CAPTCHA CD CEO CERN
    CEST CET CFO CIA COBOL COO COVID CPR CPU CSI CTO CV DIY DNA DOS DVD EBITDA ECB EDT EEG EET EKG EPA ER ESA ESPN
    EST ETA EU EULA FAA FAQ FBI FDA FEMA FIFA FIFO FYI GATT GDP GIF GIMP GMO GPS GPU HIV HR HTML HTTP HTTPS IATA IBM
    ICAO ICU ID IEEE IKEA IMAX IMDB IMF IMHO IMO INTERPOL IOS IP IPO IQ IRA IRS ISBN ISO ISP ISS JAVA JPEG JSON KGB
    LASER LCD LED LGBTQ LIDAR LLC LOL MIDI MIT MOOC MP3 MRI NAACP NAFTA NASA NASCAR NASDAQ NATO NBA NBC NCAA NFL NGO
    NHL NIMBY NIST NSA NSFW NVIDIA NYC OCR OECD OK OLED OPEC OSHA OTAN OVNI PC PDF PHD PIN POW PM PNG POTUS PTSD QR
    RADAR RAF RAID RAM REST RNA ROFL ROI RSVP SCOTUS SCUBA SIM SMS SONAR SOS SPCA SQL SSD SUV SWAT TCP TED TESOL
    TIFF TLC TNT TV UAE UEFA UFO UK UN UNESCO UNICEF URL US USA USB USSR UTC UV VHS VIP VPN WHO WIFI WTO XML YAML
    YMCA YOLO ZIP АЭС ВВС ВОЗ ГИБДД ЕС МВД МГУ МИД МЧС НАТО НДС ООН ОПЕК РФ СМИ СНГ СССР США ФСБ ЦСКА ЮНЕСКО EEUU
    ONU OMS SNCF TGV RATP BCE
    """
)
_ALSO_WORDS = _words("AIDS ALS AM BASIC IRA IT JAVA LASER LED PIN POW RADAR RAID RAM REST SIM TED US WHO ZIP")
"""Acronyms that are shouted words beside other shouted words."""
_STRESSED = _words(
    """
    ALL ALSO ALWAYS AND ANY ARE BAD BE BEST BIG BUT CAN DID DO DOES DONE DONT EVEN EVER FAR FOR FREE FROM FULL GET GO
    GOOD HAD HAS HAVE HE HER HERE HIM HIS HOT HOW IF IS ITS JUST KEEP LESS LIVE LOVE MANY MAY MORE MOST MUCH MUST MY NEW
    NO NONE NOT NOW OFF OLD ON ONE ONLY OR OUR OUT OWN REAL SAID SALE SAY SHE SO SOME STOP SUCH THAN THAT THE THEM THEN
    THEY THIS TO TOO TRY TWO UP VERY WANT WAS WAY WE WELL WERE WHAT WHEN WHY WILL WITH YES YET YOU YOUR
    """
)
"""Short words that people stress with capitals."""
_CAPITALS = "[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁ]"
_LETTER = r"[^\W\d_]"
_WORD = rf"(?<!{_LETTER})(?:{_CAPITALS}++(?:['’]{_CAPITALS}++)?)(?!{_LETTER})"
_BETWEEN = r"[\s,;:!?.\"“”…–—]{0,4}"
_BEFORE = re.compile(rf"({_WORD}){_BETWEEN}\Z")
_BEHIND = re.compile(rf"{_BETWEEN}({_WORD})")
_FARTHEST = 30
"""Letters of the word before that are looked at."""
_VOWEL = "[AEIOUYÀ-ÆÈ-ÏÒ-ÖØ-ÝĀĒĪŌŪŒАЕЁИОУЫЭЮЯ]"
_OTHERS = f"[^{_VOWEL[1:-1]}LMNRW]"
_SAYABLE = re.compile(
    # In front of a vowel L, M, N, R and W stand behind the other consonants, behind a vowel they stand before them.
    rf"M?{_OTHERS}*+[LMNRW]?[RJ]?(?>{_VOWEL}++W?R?L?[MN]{{0,2}}{_OTHERS}*+(?:[LMNRW][RJ]?(?={_VOWEL}))?)++(?:MS?|[LNR]S)?"
)


def is_acronym(word: str) -> bool:
    """Whether a word in capitals is said by its letters, or is a name that is written so.

    One that is not known is said by its letters where no mouth could say it: NHS, UNHCR.
    """
    word = re.sub("['’]S$", "", word)
    if re.fullmatch("[IVX]{2,}", word):
        return True
    if word in ACRONYMS or "'" in word or "’" in word:
        return word in ACRONYMS
    bare = re.sub(rf"H|G(?=N)|({_OTHERS}|[LMNRW])(?=\1)", "", word)
    return _SAYABLE.fullmatch(bare) is None


def _quiet(match: re.Match[str]) -> str | None:
    """Find what is shouted: a word of five letters, a stressed short one, any beside another; acronyms apart."""
    word = match[0]
    if len(word) < 2 or not word.replace("'", "").replace("’", "").isupper():
        return None
    is_name = match.string[max(0, match.start() - 4) : match.start()].lower() == "the "
    if is_acronym(word) and (word not in _ALSO_WORDS or is_name):
        return None
    before = _BEFORE.search(match.string[max(0, match.start() - _FARTHEST) : match.start()])
    behind = _BEHIND.match(match.string, match.end())
    beside = any(neighbour and _is_shouted(neighbour) for neighbour in (before, behind))
    if beside or (word not in _ALSO_WORDS and (len(word) >= 5 or word.replace("’", "'") in _STRESSED)):
        return word.lower() if word[:2] not in ("I'", "I’") else f"I{word[1:].lower()}"
    return None


def _is_shouted(neighbour: re.Match[str]) -> bool:
    word = neighbour[1]
    if len(word) == 1:
        # "I HATE it", but not "in IT. I am".
        return word in "IAO" and len(neighbour[0]) == len("I ")
    return word in _ALSO_WORDS or not is_acronym(word)


QUIET = Rule(re.compile(_WORD), _quiet)
"""Words in capitals that are no acronyms become small."""
