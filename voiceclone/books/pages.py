"""HTML as paragraphs and headings to be read aloud.

Knows nothing of books. What the eye skips is skipped: scripts, notes, page numbers, readings above characters.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from voiceclone.books.parsing import read_html
from voiceclone.client import BadInput

MAX_BLOCKS = 500_000
MAX_CHARACTERS = 20_000_000
"""Of a book: some 400 hours of speech."""
MAX_TITLE = 500
"""Characters of a title or an author; the rest is left out."""

SKIPPED = frozenset({"head", "script", "style", "nav", "svg", "math", "rt", "rp", "audio", "video", "template"})
SKIPPED_ROLES = frozenset(
    {"noteref", "footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "pagebreak", "toc", "cover"}
)
"""Of `epub:type`, and with `doc-` of `role`: https://www.w3.org/TR/epub-ssv-11/."""
INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i"),
        *("img", "ins", "kbd", "label", "mark", "q", "ruby", "rb", "rtc", "s", "samp", "small", "span", "strike"),
        *("strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "rt", "rp", "svg", "math"),
    }
)
"""All else begins a paragraph."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CONTROLS = re.compile(r"[\0-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading; white space is one space."""

    text: str
    level: int = 0
    """1 to 6 for a heading, 0 for a paragraph."""


class Blocks(list[Block]):
    """Paragraphs and headings in order, no more of them than a book has."""

    def __init__(self) -> None:
        super().__init__()
        self._characters = 0

    def add(self, written: str, level: int = 0) -> None:
        """Append what says something. Raises BadInput past MAX_BLOCKS and MAX_CHARACTERS."""
        text = plain(written)
        if not text:
            return
        self._characters += len(text)
        if len(self) == MAX_BLOCKS or self._characters > MAX_CHARACTERS:
            raise BadInput(
                f"goes past {MAX_BLOCKS} paragraphs or {MAX_CHARACTERS} characters, which is more than a book has: "
                "split the book"
            )
        self.append(Block(text, level))


def plain(text: str) -> str:
    """Return the text on one line, white space as one space; a terminal obeys none of its characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def read_page(html: str, blocks: Blocks) -> dict[str, int]:
    """Add an HTML document's paragraphs and headings, in order.

    Broken HTML is read as far as it goes.

    Returns:
        By id: the index of the block that it is in, or before.

    Raises:
        BadInput: it is deeper than MAX_DEPTH, or there are more blocks than in a book.
    """
    reader = _Reader(blocks)
    read_html(html, reader)
    reader.close()
    return reader.anchors


class _Reader:
    def __init__(self, blocks: Blocks) -> None:
        self.anchors: dict[str, int] = {}
        self._blocks = blocks
        self._said = io.StringIO()  # a list of many short pieces takes ten times the memory
        self._level = 0
        self._skipping = 0
        """Open elements from the one that is skipped."""

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        if self._skipping or _is_skipped(tag, attrs):
            if not self._skipping and tag not in INLINE:
                self.close()
            self._skipping += 1
            return
        if tag == "br":
            self._said.write(" ")
        elif tag not in INLINE:
            self.close()
        for name in ("id", "name"):
            if attrs.get(name):
                self.anchors.setdefault(attrs[name], len(self._blocks))
        if tag in _HEADINGS:
            self._level = int(tag[1])

    def end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
        elif tag not in INLINE and tag != "br":
            self.close()
            if tag in _HEADINGS:
                self._level = 0

    def data(self, data: str) -> None:
        if not self._skipping:
            self._said.write(data)

    def close(self) -> None:
        """End a block."""
        said, self._said = self._said, io.StringIO()
        self._blocks.add(said.getvalue(), self._level)


def _is_skipped(tag: str, attributes: dict[str, str]) -> bool:
    roles = f"{attributes.get('epub:type', '')} {attributes.get('role', '').replace('doc-', '')}".split()
    return tag in SKIPPED or "hidden" in attributes or not SKIPPED_ROLES.isdisjoint(roles)
