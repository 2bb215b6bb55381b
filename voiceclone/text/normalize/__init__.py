"""Text becomes what is said: numbers, dates, amounts, abbreviations, signs, addresses, capitals. Pure functions.

Knows nothing of voices or vocabularies; how each language is read is in `english.py`, `chinese.py` and `languages.py`,
whose tables are in modules of the languages' names; what is written in more ways than one in `forms.py`.
Words come from num2words2 and Babel, which know every language of the registered models; where they go is decided by
rules here. wetext, made for Chinese and English, fails at "#5", "5€" or a picture beside a number, turns 2日 into 两日
and letters of "million" into miles, and is slow to load: `tests/text/readings.tsv` has what it says beside what we say.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from voiceclone.text import composed
from voiceclone.text.normalize import chinese, chinese_words, english, forms, languages
from voiceclone.text.normalize.lookup import Lexicon
from voiceclone.text.normalize.rules import WIDE as _WIDE
from voiceclone.text.normalize.rules import Edit, Rule, applied, edits, would_touch
from voiceclone.text.normalize.spelling import CODES, UNITS, is_spoken
from voiceclone.types import Reading

__all__ = ["Lexicon", "can_read", "normalize", "read"]

_SCRIPTS = {
    "\u0400-\u052f": "ru uk be bg mk sr kk ky tg mn ba tt ce kz",
    "\u0530-\u058f": "hy",
    "\u0590-\u05ff": "he yi",
    "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc": "ar fa ur ps sd",
    "\u0900-\u097f": "hi mr ne sa",
    "\u0980-\u09ff": "bn as",
    "\u0a00-\u0a7f": "pa",
    "\u0a80-\u0aff": "gu",
    "\u0b00-\u0b7f": "or",
    "\u0b80-\u0bff": "ta",
    "\u0c00-\u0c7f": "te",
    "\u0c80-\u0cff": "kn",
    "\u0d00-\u0d7f": "ml",
    "\u0d80-\u0dff": "si",
    "\u0e00-\u0e7f": "th",
    "\u0e80-\u0eff": "lo",
    "\u1000-\u109f": "my",
    "\u10a0-\u10ff": "ka",
    "\u1200-\u137f": "am ti",
    "\u1780-\u17ff": "km",
    "\u1100-\u11ff\uac00-\ud7a3": "ko",
    _WIDE: "zh ja",
}
"""Letters, and the languages that are written in them: the first where the text's own language is none of them."""

_NOT_LATIN = {language for names in _SCRIPTS.values() for language in names.split()}
_FOREIGN = re.compile(f"[{''.join(_SCRIPTS)}]")
_TOKEN = re.compile("|".join(f"([{letters}]+)" for letters in _SCRIPTS) + rf"|[^\s{''.join(_SCRIPTS)}]+")
_GOES_WITH_NUMBER = {*UNITS, *CODES, "RMB", "AM", "PM", "am", "pm", "a.m", "p.m", "k", "M", "bn"}
_ROUNDS = 4
_KANA = re.compile("[\u3040-\u30ff]")

_OPENING, _CLOSING = "「『（〔【《〈“‘", "」』）〕】》〉”’、。，！？；：…·.,!?;:)"
_PIECE = re.compile(
    # A character of a script without spaces, or a word of another, with the punctuation and the space around it.
    rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]++)[{_CLOSING}]*\s*|\s+"
)
_TAGS = "a|b|i|u|s|em|strong|br|p|div|span|h[1-6]|ul|ol|li|code|pre|small|sup|sub|blockquote|font|hr|img"
_SILENT = re.compile(
    # Pictures and what belongs to them, bullets, rulers, tags and marks of markup; a star between numbers, or one that
    # is a key, is a sign.
    "[\U0001f000-\U0001faff\u2022\u23e9-\u23ff\u25a0-\u25ff\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u20e3]+"
    rf"|</?(?i:{_TAGS})(?:[ /][^<>]{{0,300}})?>"
    r"|(?:(?!(?<=\d)\*(?=\d)|(?<=\d )\*(?= \d)|(?<=[Pp]ress )\*|(?<=[Dd]ial )\*)\*)+|[`|\\]+"
    r"|([=+#~_^-])\1{2,}|(?<!\S)(?<![Pp]ress )(?<![Tt]he )#{1,6}(?=\s)|(?<!\w)_+|_+(?!\w)"
)
_OTHER_FORMS = re.compile(r"[^\D0-9]|[₀-₉Ａ-Ｚａ-ｚ＃＄％＆＋－／＝＠٪٫٬\u00a0\u2007\u2009\u202f]")
_ARABIC_SIGNS = {"٪": "%", "٫": ".", "٬": ","}


def can_read(language: str) -> bool:
    """Whether there are rules for a language (ISO 639-1); text in another is left as it is written."""
    return is_spoken(language)


def normalize(text: str, language: str) -> str:
    """Clean text as it is said, as `read` says it."""
    return "".join(reading.spoken for reading in read(text, language))


def read(text: str, language: str, lexicon: Lexicon | None = None, *, told: bool = False) -> list[Reading]:
    """Clean text in pieces, each with how it is said.

    A piece is a word with its punctuation and the space behind it, a character in a script without spaces, or a stretch
    that changed as a whole. Read again, what is spoken stays as it is, apart from what a lexicon says.

    Args:
        text: as `text.clean` leaves it.
        language: ISO 639-1. A number is read in it unless the letters around are those of another.
        lexicon: words that are said as it tells.
        told: somebody has said that this is the language: then numbers beside other letters are read in it as well.

    Returns:
        Pieces whose `written` joins to `text`, and whose `spoken` to the normalised text, clean as well.
    """
    readings: list[Reading] = []
    position = 0
    for start, stop, spoken in lexicon.find(text) if lexicon else ():
        readings += [*_settled(text[position:start], language, told), Reading(text[start:stop], spoken)]
        position = stop
    readings += _settled(text[position:], language, told)
    readings = _spaced(_whole_words(readings) if position else readings, last=" ")
    for i in reversed(range(len(readings))):
        readings[i] = Reading(readings[i].written, readings[i].spoken.rstrip())
        if readings[i].spoken:
            break
    return readings


def _settled(text: str, language: str, told: bool) -> list[Reading]:
    """Return a text and how it is said, first in the usual form of writing it.

    It is read until nothing changes: what is said may be what another rule waits for.
    """
    readings = _once(text, language, told, _forms)
    text = "".join(reading.spoken for reading in readings)
    for _ in range(1 + _ROUNDS):
        readings = list(_composed(readings, _once(text, language, told, _rules)))
        spoken = "".join(reading.spoken for reading in readings)
        if spoken == text:
            break
        text = spoken
    return readings


def _once(text: str, language: str, told: bool, rules_of: Callable[[str], tuple[Rule, ...]]) -> list[Reading]:
    if not can_read(language):
        return list(_pieces(text, text, range(len(text)), []))
    kept, origin = _voiced(text)
    changes = [
        Edit(start + edit.start, start + edit.stop, edit.spoken)
        for start, stop, spoken_in in ([(0, len(kept), language)] if told else _spans(kept, language))
        for edit in edits(kept[start:stop], rules_of(spoken_in))
    ]
    return _spaced(_pieces(text, kept, origin, changes), last="")


def _composed(first: Sequence[Reading], second: Iterable[Reading]) -> Iterator[Reading]:
    """Yield what the first becomes if its spoken text is read as the second: pieces where both have an end."""
    rest = iter(second)
    written = spoken = ""
    ahead = 0
    for reading in first:
        written += reading.written
        ahead -= len(reading.spoken)
        while ahead < 0:
            other = next(rest)
            spoken += other.spoken
            ahead += len(other.written)
        if ahead == 0:
            yield Reading(written, spoken)
            written = spoken = ""


def _forms(language: str) -> tuple[Rule, ...]:
    return {"en": forms.ENGLISH, "zh": forms.CHINESE, "ja": forms.JAPANESE}.get(language, forms.OTHERS)


def _rules(language: str) -> tuple[Rule, ...]:
    if language == "en":
        return english.RULES
    return chinese.rules(language) if language in chinese_words.STYLES else languages.rules(language)


def _whole_words(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings with those put together that are of one word."""
    whole = [readings[0]] if readings else []
    for reading in readings[1:]:
        before = whole[-1]
        if re.fullmatch(rf"[^\s{_WIDE}]{{0,2}}", before.written[-1:] + reading.written[:1]):
            whole[-1] = Reading(before.written + reading.written, before.spoken + reading.spoken)
        else:
            whole.append(reading)
    return whole


def _voiced(text: str) -> tuple[str, Sequence[int]]:
    """Return the text without what nobody says, signs in their usual form, and where each character is from."""
    text = _OTHER_FORMS.sub(_usual_form, text)
    if not _SILENT.search(text):
        return text, range(len(text))
    characters = list(text)
    for match in _SILENT.finditer(text):
        start, stop = match.span()
        characters[start:stop] = [""] * (stop - start)
        if text[start - 1 : start].isalnum() and text[stop : stop + 1].isalnum():
            characters[start] = " "
    kept: list[int] = []
    for i, character in enumerate(characters):
        last = characters[kept[-1]] if kept else " "
        # Of the spaces around what is left out one stays, and none in front of punctuation.
        if not character or character == last == " ":
            continue
        if character in ",.;:!?" and last == " " and kept and not characters[i - 1]:
            kept.pop()
        kept.append(i)
    return "".join(characters[i] for i in kept), kept


def _usual_form(match: re.Match[str]) -> str:
    character = match[0]
    if character.isdigit():
        return str(unicodedata.digit(character))
    if character.isspace():
        return " "
    return _ARABIC_SIGNS.get(character) or chr(ord(character) - 0xFEE0)


def _spans(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of the text and the language that each is read in."""
    if language not in _NOT_LATIN and not _FOREIGN.search(text):
        yield 0, len(text), language
        return
    latin = "en" if language in _NOT_LATIN else language
    own = [language if language in names.split() else names.split()[0] for names in _SCRIPTS.values()]
    if language != "zh" and _KANA.search(text):
        own[-1] = "ja"
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return
    told: list[str | None] = [
        own[token.lastindex - 1] if token.lastindex else None if _is_neutral(tokens, i) else latin
        for i, token in enumerate(tokens)
    ]
    # A number goes with what is counted, behind it; else with what is before.
    for i in reversed(range(len(tokens) - 1)):
        if tokens[i][0][-1] not in _CLOSING:
            told[i] = told[i] or told[i + 1]
    for i in range(1, len(tokens)):
        told[i] = told[i] or told[i - 1]
    first = next(filter(None, told), language)
    starts = [i for i in range(1, len(tokens)) if (told[i] or first) != (told[i - 1] or first)]
    places = [0, *(tokens[i].start() for i in starts), len(text)]
    for i, (start, stop) in zip([0, *starts], pairwise(places), strict=True):
        yield start, stop, told[i] or first


def _is_neutral(tokens: Sequence[re.Match[str]], i: int) -> bool:
    """Whether it is a number, a sign, or a unit beside a number: what is around tells in which language."""

    def is_number(i: int) -> bool:
        return 0 <= i < len(tokens) and not tokens[i].lastindex and any(c.isnumeric() for c in tokens[i][0])

    word = tokens[i][0].strip(_CLOSING)
    if is_number(i) or not any(c.isalpha() for c in word) or re.fullmatch("[IVXL]+(?:[-–—][IVXL]+)?", word):
        return True
    # "5元/kg"
    is_beside = word[:1] == "/" or is_number(i - 1) or is_number(i + 1)
    return is_beside and word.removeprefix("/") in _GOES_WITH_NUMBER


def _pieces(text: str, kept: str, origin: Sequence[int], changes: Sequence[Edit]) -> Iterator[Reading]:
    """Yield the whole text, cut at words except within what changed."""
    within = bytearray(len(kept))
    for change in changes:
        within[change.start + 1 : change.stop] = b"\1" * (change.stop - change.start - 1)
    starts = [match.start() for match in _PIECE.finditer(kept) if not within[match.start()]]
    if not starts and text:
        yield Reading(text, "")
    places = [change.start for change in changes]
    for start, stop in pairwise([*starts, len(kept)]):
        own = changes[bisect_left(places, start) : bisect_left(places, stop)]
        written = text[origin[start] if start else 0 : origin[stop] if stop < len(kept) else len(text)]
        moved = (Edit(change.start - start, change.stop - start, change.spoken) for change in own)
        yield Reading(written, applied(kept[start:stop], moved))


def _spaced(readings: Iterable[Reading], last: str) -> list[Reading]:
    """Return the readings without double spaces, and with those that part words. `last`: what is said before."""
    spaced: list[Reading] = []
    for reading in readings:
        # What came to stand in front of an accent may be composed with it.
        spoken = re.sub(" {2,}", " ", composed(reading.spoken))
        spoken = spoken.lstrip() if last == " " else spoken
        if spoken and last and would_touch(last, spoken):
            spoken = f" {spoken}"
        last = spoken[-1:] or last
        spaced.append(Reading(reading.written, spoken))
    return spaced
