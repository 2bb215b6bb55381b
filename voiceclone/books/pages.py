"""HTML as paragraphs and headings to be read aloud.

Knows nothing of books. What the eye skips is skipped: scripts, notes, page numbers, readings above characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

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
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
)


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading; white space is one space."""

    text: str
    level: int = 0
    """1 to 6 for a heading, 0 for a paragraph."""


@dataclass
class Page:
    """An HTML document."""

    blocks: list[Block] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    """By id: the index of the block that it is in, or before."""


def read_page(html: str) -> Page:
    """Paragraphs and headings in order. Broken HTML is read as far as it goes."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_block()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._said: list[str] = []
        self._level = 0
        self._skipping: list[str] = []
        """Open elements of the one that is skipped."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skipping and tag not in INLINE and tag != "br":
            self.end_block()
        if self._skipping or _is_skipped(tag, dict(attrs)):
            if tag not in _VOID:
                self._skipping.append(tag)
            return
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.page.anchors.setdefault(value, len(self.page.blocks))
        if tag in _HEADINGS:
            self._level = int(tag[1])
        elif tag == "br":
            self._said.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            # An end tag that was forgotten inside must not hide the rest of the book.
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
        elif tag not in INLINE:
            self.end_block()
            if tag in _HEADINGS:
                self._level = 0

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._said.append(data)

    def end_block(self) -> None:
        text = " ".join("".join(self._said).split())
        self._said.clear()
        if text:
            self.page.blocks.append(Block(text, self._level))


def _is_skipped(tag: str, attributes: dict[str, str | None]) -> bool:
    roles = f"{attributes.get('epub:type') or ''} {(attributes.get('role') or '').replace('doc-', '')}".split()
    return tag in SKIPPED or "hidden" in attributes or not SKIPPED_ROLES.isdisjoint(roles)
