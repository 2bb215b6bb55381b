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

SKIPPED = frozenset(
    {
        *("head", "script", "style", "nav", "svg", "math", "rt", "rp", "audio", "video", "template"),
        *("pagenum", "noteref", "annoref", "note", "annotation", "linenum"),  # of DTBook
    }
)
SKIPPED_ROLES = frozenset(
    {
        "noteref",
        "footnote",
        "footnotes",
        "endnote",
        "endnotes",
        "rearnote",
        "rearnotes",
        "annoref",
        "backlink",
        "pagebreak",
    }
    | {"page-list", "pagelist", "landmarks", "toc", "cover"}
)
"""Of `epub:type`, and with `doc-` of `role`: https://www.w3.org/TR/epub-ssv-11/."""
_SKIPPED_CLASSES = re.compile(
    r"(?:foot|end|rear)-?_?notes?(?:-?_?(?:refs?|references?|marks?|markers?|links?|anchors?|calls?|numbers?|text|list"
    r"|backs?|back-?links?|back-?refs?))?|note-?_?(?:refs?|references?|marks?|markers?|anchors?|calls?|backs?)|fn-?_?(?:refs?|anchors?)"
    r"|page-?_?(?:num|nums|no|nos|number|numbers)|pg-(?:boilerplate|header|footer)|pg(?:header|footer)"
)
"""What books call their notes and the numbers of their pages; Project Gutenberg, what stands around a book."""
_BREAK_CLASSES = re.compile(r"page-?_?breaks?|pb|page|pg")
"""Of pages too, where a number stands in them: else of styles that begin a page."""
_NOTE_MARK = re.compile(
    r"[\[({]?(?:note |fn\.? ?)?(?:\d{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§¶#]{1,6}|[¹²³⁰⁴-⁹]{1,4})[\])}]?", re.IGNORECASE
)
_NOTE_SIGN = re.compile(r"\[(?:note |fn\.? ?)?(?:\d{1,4}|[a-z*†‡])\]|[*†‡§¶]{1,6}|[¹²³⁰⁴-⁹]{1,4}", re.IGNORECASE)
"""A mark that is one wherever it leads."""
_NOTE_PLACE = re.compile(r"_?(?:ft|fn|foot|end|rear|note|anm|nota|cite|ref|n\d)", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"[\[({|–-]?\s?(?:(?:pg|page|p|seite|s)\.?\s?)?(?:\d{1,4}|[ivxlc]{1,8})\s?[\])}|–-]?", re.IGNORECASE
)
_NO_MARK = re.compile("")
_PAGE_ID = re.compile(r"(?:page|pg|p)[-_. ]?(?:\d{1,4}|[ivxlc]{1,8})|pagebreak.{0,20}", re.IGNORECASE)
_BETWEEN_MARKS = re.compile(r"[\s,;.&\[\](){}–-]*")
_EMPTIED = re.compile(r"[\[({]\s?[,;–-]?\s?[\])}]")
_MARKS = ("a", "sup", "span")
_MOST_MARK = 20
"""Characters of a mark, or of a page's number."""
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.IGNORECASE)
_PICTURE_FILE = re.compile(r".*\.[a-z]{3,4}|(?:cover|image|img|picture|illustration|untitled|\*)?", re.IGNORECASE)
INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i"),
        *("img", "ins", "kbd", "label", "mark", "q", "ruby", "rb", "rtc", "s", "samp", "small", "span", "strike"),
        *("sent", "w", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "rt", "rp", "svg", "math"),
    }
)
"""All else begins a paragraph."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CONTROLS = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]+")
_WRAPPED = re.compile(
    r"(?<=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])"
)
"""A line's end in a script that is written without spaces."""


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
        text = plain(_WRAPPED.sub("", written))
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


def titled(text: str) -> str:
    """Return a title or an author on one line, and no longer than MAX_TITLE."""
    return plain(text)[:MAX_TITLE]


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


@dataclass
class _Open:
    """An element whose text may turn out to be a mark."""

    tag: str
    start: int
    """Where its text begins, in characters of the page."""
    looks: re.Pattern[str]
    """How its text looks if it is one."""
    raised: tuple[int, int] = (-1, -1)
    """Where a `sup` in it begins and ends."""
    had_mark: bool = False
    """Whether there was one in it."""


class _Reader:
    def __init__(self, blocks: Blocks) -> None:
        self.anchors: dict[str, int] = {}
        self._blocks = blocks
        self._said = io.StringIO()  # a list of many short pieces takes ten times the memory
        self._before = 0
        """Characters of the blocks that are ended."""
        self._level = 0
        self._picture = ""
        """How the picture of a heading is read, where the heading has no text."""
        self._open: list[_Open] = []
        self._had_mark = False
        """Whether there was a mark in the block."""
        self._skipping = 0
        """Open elements from the one that is skipped."""

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        if self._level and tag in ("img", "svg"):
            self._picture = self._picture or _seen(attrs)
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
            self._level, self._picture = int(tag[1]), ""
        elif tag == "img" and len(initial := attrs.get("alt", "")) == 1 and initial.isalpha() and not self._said.tell():
            self._said.write(initial)  # it is painted
        if tag in _MARKS:
            is_raised = any(each.tag == "sup" for each in self._open[-3:])
            self._open.append(_Open(tag, self._before + self._said.tell(), _looks(tag, attrs, is_raised)))

    def end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
        elif tag in _MARKS:
            self._take_back(self._open.pop())
        elif tag not in INLINE and tag != "br":
            self.close()
            if tag in _HEADINGS:
                self._level = 0

    def data(self, data: str) -> None:
        if not self._skipping:
            self._said.write(data)

    def close(self) -> None:
        """End a block."""
        said, self._said = self._said.getvalue(), io.StringIO()
        self._before += len(said)
        if self._had_mark:
            said, self._had_mark = _EMPTIED.sub("", said), False
        if self._level and not said.strip():
            said, self._picture = self._picture, ""
        self._blocks.add(said, self._level)

    def _take_back(self, element: _Open) -> None:
        """Forget the text of an element that is a mark."""
        start, end = element.start - self._before, self._said.tell()
        if start < 0 or end - start > _MOST_MARK:
            return
        self._said.seek(start)
        said = self._said.read().strip()
        looks = _NOTE_MARK if element.tag == "a" and element.raised == (start, end) else element.looks
        is_mark = bool(looks.fullmatch(said) or (element.had_mark and _BETWEEN_MARKS.fullmatch(said)))
        if is_mark:
            self._said.seek(start)
            self._said.truncate()
        self._had_mark |= is_mark
        if self._open:
            outer = self._open[-1]
            outer.had_mark |= is_mark or element.had_mark
            outer.raised = (start, end) if element.tag == "sup" else outer.raised


def _looks(tag: str, attrs: dict[str, str], is_raised: bool) -> re.Pattern[str]:
    """Return how the text of an element looks if it is a mark, and not to be read."""
    names = attrs.get("class", "").lower().split()
    if any(map(_BREAK_CLASSES.fullmatch, names)) or _PAGE_ID.fullmatch(attrs.get("id") or attrs.get("name", "")):
        return _PAGE_NUMBER
    href = attrs.get("href", "")
    if tag == "span" or (tag == "a" and not href):
        return _NO_MARK
    is_note = is_raised or _NOTE_PLACE.match(href.rpartition("#")[2] if "#" in href else "")
    return _NOTE_MARK if tag == "a" and is_note else _NOTE_SIGN


def _seen(attrs: dict[str, str]) -> str:
    """Return how a picture is read."""
    said = plain(attrs.get("alt") or attrs.get("aria-label") or attrs.get("title") or "")
    return "" if _PICTURE_FILE.fullmatch(said) else said


def _is_skipped(tag: str, attrs: dict[str, str]) -> bool:
    if tag in SKIPPED or "hidden" in attrs or attrs.get("aria-hidden") == "true":
        return True
    roles = f"{attrs.get('epub:type', '')} {attrs.get('role', '').replace('doc-', '')}".lower().split()
    if any(role.rpartition(":")[2] in SKIPPED_ROLES for role in roles):
        return True
    names = attrs.get("class", "").lower().split()
    return any(map(_SKIPPED_CLASSES.fullmatch, names)) or bool(_HIDDEN.search(attrs.get("style", "")))
