"""Words of a lexicon, found in a text. Pure functions.

Knows nothing of how the rest of the text is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from voiceclone.text.normalize.rules import is_letter


class Lexicon:
    """Whole words, or parts of a text in a script without spaces, and what is said for them.

    An entry in small letters also stands for the same in capitals. Of two that fit, the longer one is taken; of two of
    one length, the one that is written as in the text.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._said = {written: said for written, said in entries.items() if written}
        lengths: dict[str, set[int]] = defaultdict(set)
        for written in self._said:
            for first in {written[0], written[0].upper()} if written == written.lower() else written[0]:
                lengths[first].add(len(written))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        """Of the entries that begin with a character, the longest first: a text is searched in one pass."""
        self._first = re.compile(f"[{re.escape(''.join(self._lengths))}]") if lengths else None

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Return where entries are met, from the left and without overlaps: start, stop, and what is said."""
        position = 0
        while self._first and (met := self._first.search(text, position)):
            start = met.start()
            found = self._at(text, start)
            if found is not None:
                yield (start, *found)
            position = found[0] if found else start + 1

    def _at(self, text: str, start: int) -> tuple[int, str] | None:
        inside = start > 0 and is_letter(text[start]) and is_letter(text[start - 1])
        if inside:
            return None
        for length in self._lengths[text[start]]:
            written, stop = text[start : start + length], start + length
            said = self._said.get(written, self._said.get(written.lower()))
            if said is not None and not (is_letter(written[-1]) and is_letter(text[stop : stop + 1])):
                return stop, said
        return None
