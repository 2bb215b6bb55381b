"""Whether speech says what it should: what was heard against the text. Pure functions.

Knows nothing of audio or of how words are recognised. Both sides are compared without case and punctuation, and with
numbers as words; in words, or in characters where the script has no spaces.
"""

from __future__ import annotations

from dataclasses import dataclass

from voiceclone.text import clean, is_wide
from voiceclone.text.normalize import normalize
from voiceclone.types import Transcript

LEAK_WORDS = 6
"""So many of the reference's last words are looked for, and any fewer."""
LEAKED = 0.6
"""Of the letters of a leak, what must be heard right: it is mumbled."""


@dataclass(frozen=True)
class Comparison:
    """How speech was heard."""

    wer: float
    """Words wrong, missing or too many, by the words of the text."""
    leaked: bool
    """Whether it begins with the last words of the reference, which are not the text's."""

    def is_good(self, max_wer: float) -> bool:
        return not self.leaked and self.wer <= max_wer


def compare(text: str, heard: Transcript, reference_text: str, language: str | None = None) -> Comparison:
    """Return what was heard of a text that a reference's voice should have said.

    `language` (ISO 639-1) is the text's, and what its numbers are read in; None: the one that was heard.
    """
    language = language or heard.language
    said, spoken, reference = (_words(each, language) for each in (text, heard.text, reference_text))
    return Comparison(_error_rate(said, spoken), _leaks(said, spoken, reference))


def word_error_rate(said: str, heard: str, language: str | None = None) -> float:
    """Words wrong, missing or too many, by the words that are said; characters where the script has no spaces."""
    return _error_rate(_words(said, language), _words(heard, language))


def _error_rate(said: list[str], heard: list[str]) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.distance(said, heard)) / max(1, len(said))


def _words(text: str, language: str | None) -> list[str]:
    if language:
        text = normalize(clean(text), language)
    if any(is_wide(c) for c in text):
        return [c for c in text.casefold() if c.isalnum()]
    kept = "".join(c for c in text.casefold().replace("-", " ") if c.isalnum() or c.isspace())
    return kept.split()


def _leaks(said: list[str], heard: list[str], reference: list[str]) -> bool:
    """Whether what is heard is nearer to an end of the reference and the text behind it than to the text alone.

    Nearer by most of that end, in letters: so it is found although it is misheard, and not where the text itself begins
    with the same words. On both sides the text may lack its beginning, which the leak may have swallowed.
    """
    letters = "".join(heard)
    alone = _apart("", said, letters)
    ends = ["".join(reference[-count:]) for count in range(1, min(LEAK_WORDS, len(reference)) + 1)]
    return any(alone - _apart(end, said, letters) >= LEAKED * len(end) for end in ends)


def _apart(before: str, said: list[str], heard: str) -> int:
    """By how many letters what is heard differs from some letters and the text, whole or without its beginning."""
    from rapidfuzz.distance import Levenshtein

    return min(Levenshtein.distance(before + "".join(said[i:]), heard) for i in range(len(said) + 1))
