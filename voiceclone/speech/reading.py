"""How a text is said: numbers and the like in words, the rest as it is written or as somebody tells.

Knows nothing of voices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceclone import text
from voiceclone.text import markup, normalize, saying
from voiceclone.types import Reading


@dataclass(frozen=True)
class TextReader:
    """How text is read."""

    language: str
    """What numbers and the like are read in; ISO 639-1, or empty for no reading at all."""
    lexicon: normalize.Lexicon
    told: bool = False
    """Whether the caller has told the language; otherwise the letters beside a number decide."""

    def read(self, written: str, said: Sequence[markup.Said] = ()) -> list[Reading]:
        """Return a text as it is said; `said`: parts of it of which that is told."""
        if not said:
            return normalize.read(written, self.language, self.lexicon, told=self.told)
        language = self.language
        if language and not self.told:
            language = text.language_of(written, None, (language, "zh")) or language
        found = [
            (each.start, each.stop, saying.spoken(written[each.start : each.stop], each.how, each.detail, language))
            for each in said
        ]
        return normalize.read(written, self.language, _Told(found, self.lexicon), told=self.told)


class _Told(normalize.Lexicon):
    """A lexicon that also knows places of the text."""

    def __init__(self, places: Sequence[tuple[int, int, str]], words: normalize.Lexicon) -> None:
        self._places = places
        self._words = words

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Return the places, and where words are met beside them."""
        position = 0
        for start, stop, spoken in (*self._places, (len(text), len(text), "")):
            for begin, end, said in self._words.find(text[position:start]):
                yield position + begin, position + end, said
            if stop > start:
                yield start, stop, spoken
            position = stop
