"""Text before the model: clean it, split it, turn it into tokens. Pure functions.

Knows nothing of voices, durations or the vocabulary's ids. Sizes of text are counted in UTF-8 bytes, as F5-TTS does
when it estimates how long a text takes to say.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise

from voiceclone.types import Tokenizer

# Latin ends may stand within a number or a name: they need a space behind them. The others end wherever they stand.
_LATIN_END, _OTHER_END = ".!?…", "。！？｡।॥؟۔"
SENTENCE_ENDS = _LATIN_END + _OTHER_END
_SENTENCE_END = re.compile(rf"(?<=[{_LATIN_END}])[\"'”’)\]]*\s+|(?<=[{_OTHER_END}])[”’」』）]*\s*")
_CLAUSE_END = re.compile(r"(?<=[,;:،؛])\s+|(?<=[，；：、])|\s+(?=[–—-]\s)")
_WORD_END = re.compile(r"\s+")
_CHARACTER_END = re.compile(r"(?<=\S)\s*")
WIDE_LANGUAGES = ("zh", "ja")
"""Written without spaces."""
# Behind these a dot seldom ends a sentence; and never behind an initial, as in "J. S. Bach".
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "mr mrs ms dr prof st rev hon gen col capt lt sgt sen rep gov pres mt ft no nos vol vols fig figs ch pp eq"
        " ed eds vs v cf approx ca dept est e.g i.e u.s u.k"
        " hr fr bzw z.b d.h u.a evtl ggf nr str inkl usw mme mlle m mm me n.b p.ex sr sra srta dra ud uds ee.uu"
        " sig sigg dott avv pag г ул им т.е т.к напр стр др проф"
        " bd abb frl sog z d chap av pág núm avda dña sig.ra пл пер рис табл гл т п н",
    )
)
# A number with a dot is a rank where its sentence goes on: behind these, and in front of a small letter.
_RANKED = re.compile(
    r"(?i:\b(?:d(?:er|ie|as|em|en|es)|(?<!i )am|bis|im|und|vom|zum|zur|beim|[mds]?ein(?:e[rmns]?)?"
    r"|(?:kein|unser|ihr)(?:e[rmns]?)?|(?:jed|dies)e[rmns]?) )\d{1,3}\.\Z"
)
# f5-tts replaces these before it looks characters up.
_REPLACED = str.maketrans({";": ",", "“": '"', "”": '"', "‘": "'", "’": "'"})
# Signs and letters that have no plain form of their own in Unicode.
_PLAIN = {
    **dict.fromkeys("“”„‟«»「」『』", '"'),
    **dict.fromkeys("‘’‚‛‹›`´ʻʼ′", "'"),
    **dict.fromkeys("–—―‒‑‐−~", "-"),
    **dict.fromkeys("；;：:、，،؛()[]{}（）【】/|", ","),
    **dict.fromkeys("。｡।॥۔…", "."),
    "！": "!",
    "？": "?",
    "؟": "?",
    "¡": "!",
    "¿": "?",
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ð": "th",
    "Ð": "Th",
    "þ": "th",
    "Þ": "Th",
    "ł": "l",
    "Ł": "L",
    "ı": "i",
}


def size(text: str) -> int:
    """Length in UTF-8 bytes."""
    return len(text.encode())


MAX_MARKS = 30
"""Accents on one letter: with more, Unicode's composition takes time that grows with their square (UAX 15, D4)."""


def clean(text: str) -> str:
    """Compose characters, drop those that are nothing to read, make every run of white space one space."""
    text = composed(text)
    return " ".join("".join(c if _is_readable(c) else " " if c.isspace() else "" for c in text).split())


def composed(text: str) -> str:
    """Return the text in Unicode's form C, without the accents beyond MAX_MARKS on one letter."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def dropped(text: str) -> list[str]:
    """Return what `clean` drops and a reader may miss: characters of no known meaning, each once."""
    return list(dict.fromkeys(c for c in text if not _is_readable(c) and unicodedata.category(c) in ("Co", "Cn")))


def _is_readable(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit to say, in any script."""
    return any(unicodedata.category(c)[0] in "LN" for c in text)


def language_of(text: str, told: str | None, spoken: Sequence[str]) -> str | None:
    """Return the language of a text, ISO 639-1: what is told, else the first of those spoken that has its script."""
    if told is not None or not spoken:
        return told
    wide = sum(map(is_wide, text)) > len(text) / 4
    return next((language for language in spoken if (language in WIDE_LANGUAGES) == wide), spoken[0])


def as_transcript(text: str) -> str:
    """Return a transcript as F5-TTS expects it: it ends a sentence, with a space where the script has spaces.

    Without the ending the model tends to run the reference into the speech.
    """
    text = clean(text)
    if text[-1] not in SENTENCE_ENDS:
        text += "。" if is_wide(text[-1]) else "."
    return text if is_wide(text[-1]) else text + " "


def is_wide(character: str) -> bool:
    """Whether the character is one of the scripts that write without spaces."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def split(text: str, max_size: int) -> list[str]:
    """Cut clean text into pieces of at most `max_size` bytes: as few and as equal as whole sentences allow.

    A sentence that is too long is cut at clauses, a clause at spaces, a word between characters. Nothing but white
    space at the cuts is lost. A single character over the size stays whole.
    """
    atoms = list(_atoms(text, max_size, (_SENTENCE_END, _CLAUSE_END, _WORD_END, _CHARACTER_END)))
    stops = _stops(atoms, max_size) if atoms else []
    return ["".join(atoms[i:j]).strip() for i, j in pairwise([0, *stops])]


def beginning(text: str, wanted: int, max_size: int) -> str:
    """Return the first piece of clean text: at most `wanted` bytes and, where that can be, at least half as many.

    It is cut at the last sentence's end within, else at a clause's, which may be a third as long, else between words. A
    longer word stays whole up to `max_size` bytes. Half of `wanted` is left behind, too: no word is left alone.
    """
    text = text[: wanted + max_size + 9]  # what a cut depends on: the work does not grow with the text
    if size(text) <= wanted:
        return text.strip()
    least = wanted // 2
    most = min(wanted, size(text) - least)
    words, characters = _ends(text, _WORD_END, most), _ends(text, _CHARACTER_END, most)
    wide = {
        end: length for end, length in characters.items() if is_wide(text[end - 1]) and text[end : end + 1].isalnum()
    }
    sentences, clauses = _ends(text, _SENTENCE_END, most), _ends(text, _CLAUSE_END, most)
    for ends, shortest, longest in (
        (sentences, least, most),
        (clauses, least, most),
        (sentences, wanted // 3, most),  # short, and sounds better than a clause that breaks off
        (clauses, wanted // 3, most),
        (words, least, most),
        (wide, least, most),
        (words, 1, most),
        (words, 1, max_size),
        (characters, 1, most),
    ):
        if found := [end for end, length in ends.items() if shortest <= length <= longest]:
            return text[: found[-1]]
    return text[:1]


def _ends(text: str, separator: re.Pattern[str], most: int) -> dict[int, int]:
    """Return where the parts of a text end, and how many bytes it has until there: up to the first beyond `most`."""
    ends: dict[int, int] = {}
    stop = 0
    for part in _divide(text, separator):
        end = stop + len(part.rstrip())
        stop += len(part)
        ends[end] = size(text[:end])
        if ends[end] > most:
            break
    return ends


def _atoms(text: str, max_size: int, separators: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """Sentences, with those over the size cut by the next finer separators."""
    for part in _divide(text, separators[0]):
        if len(separators) > 1 and size(part.rstrip()) > max_size:
            yield from _atoms(part, max_size, separators[1:])
        else:
            yield part


def _divide(text: str, separator: re.Pattern[str]) -> Iterator[str]:
    """Split behind each match, closing quotes and white space staying with the part before."""
    start = 0
    for match in separator.finditer(text):
        if separator is _SENTENCE_END and is_abbreviated(text, match.start()):
            continue
        if text[start : match.end()].strip():
            yield text[start : match.end()]
            start = match.end()
    if text[start:].strip():
        yield text[start:]


def sentences_end(text: str) -> int:
    """Return where the last whole sentence ends of a text that is still being written; 0 where there is none."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if not is_abbreviated(text, match.start())]
    return ends[-1] if ends else 0


def is_abbreviated(text: str, end: int) -> bool:
    """Whether a dot before `end` belongs to the word, and ends no sentence."""
    if text[end - 1] != ".":
        return False
    # No abbreviation is longer: a text without spaces is not searched to its beginning.
    word = re.split(r"[\s(\[\"'“‘«]", text[max(0, end - 12) : end - 1])[-1]
    if word.isdecimal() and len(word) <= 3:
        behind = text[end : end + 2].strip()
        return behind.islower() or (bool(behind) and _RANKED.search(text[max(0, end - 16) : end]) is not None)
    return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I")


def _stops(atoms: Sequence[str], max_size: int) -> list[int]:
    """Join neighbours that together fit: where each piece stops, its last atom's index + 1.

    As few pieces as there can be, the largest as small as it can be with that many, the others as equal as a walk from
    left to right makes them.
    """
    # Where each atom begins and ends in the whole, in bytes, without the white space at its sides.
    behind = list(accumulate(map(size, atoms)))
    ends = [stop - size(atom) + size(atom.rstrip()) for stop, atom in zip(behind, atoms, strict=True)]
    begins = [stop - size(atom.lstrip()) for stop, atom in zip(behind, atoms, strict=True)]

    def farthest(start: int, limit: int) -> int:
        return max(start + 1, bisect_right(ends, begins[start] + limit))

    def count(limit: int) -> int:
        pieces = start = 0
        while start < len(atoms):
            pieces, start = pieces + 1, farthest(start, limit)
        return pieces

    fewest = count(max_size)
    limit = bisect_left(range(max_size), True, key=lambda limit: count(limit) <= fewest)
    # Filled from the right each piece stops as early as it may: what is left then still fits into the pieces left.
    earliest = [len(atoms)]
    while len(earliest) < fewest:
        stop = earliest[-1]
        earliest.append(min(stop - 1, bisect_left(begins, ends[stop - 1] - limit)))
    # Filled up to the limit from the left, what remains for the last piece could be a single word.
    stops: list[int] = []
    start = 0
    for left, least in zip(range(fewest, 0, -1), reversed(earliest), strict=True):
        even = bisect_right(ends, begins[start] + (ends[-1] - begins[start]) / left)
        start = min(max(even, least, start + 1), farthest(start, limit))
        stops.append(start)
    return stops


def respelled(character: str, is_known: Callable[[str], bool]) -> str | None:
    """Return a character that a vocabulary lacks in characters that it has, read alike; None where there are none.

    The unaccented letter, the small or the capital one, the plain form of a sign or a typographic variant.
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    forms = [unicodedata.normalize("NFKC", character), _PLAIN.get(character, ""), bare]
    forms += [cased for form in forms for cased in (form.lower(), form.upper())]
    return next((form for form in forms if form and form != character and all(map(is_known, form))), None)


def tokenize(text: str, tokenizer: Tokenizer) -> list[str]:
    """Text to the tokens that the vocabulary is asked for.

    `char` takes each character as it is. `pinyin` is f5-tts's `convert_char_to_pinyin`: Chinese characters become a
    space and their pinyin with the tone's digit, and words behind punctuation get a space.
    """
    if tokenizer == "char":
        return list(text)
    import rjieba

    tokens: list[str] = []
    for segment in rjieba.cut(text.translate(_REPLACED)):
        if segment.isascii():
            if tokens and len(segment) > 1 and tokens[-1] not in " :'\"":
                tokens.append(" ")
            tokens.extend(segment)
        elif size(segment) == 3 * len(segment):
            # The word decides between the readings of its characters.
            for character, reading in zip(segment, _pinyin(segment), strict=True):
                tokens += [" ", reading] if _is_chinese(character) else [reading]
        else:
            for character in segment:
                tokens += [" ", *_pinyin(character)] if _is_chinese(character) else [character]
    return tokens


def _is_chinese(character: str) -> bool:
    return "\u3100" <= character <= "\u9fff"


def _pinyin(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(word, style=Style.TONE3, tone_sandhi=True)
