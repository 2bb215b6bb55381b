"""HTML and XML as events, in time and memory that grow with their length only.

Knows nothing of what is in them. A tree of lxml's own is never built: there an element goes through all its attributes
to append one. Nothing is fetched, and no entity that a document declares is replaced by its text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Protocol
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from lxml import etree

from voiceclone.client import BadInput

MAX_FILE_BYTES = 10_000_000
"""Of a document; the parser takes no longer text."""
MAX_DEPTH = 500
"""Elements in one another; an end tag is looked for among all that are open."""
_FED = 65_536
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")


class TooMuch(BadInput):
    """A file is larger or deeper than any book's."""


class Target(Protocol):
    """What is told of a document. HTML's elements are all closed, those too whose end tag is missing."""

    def start(self, tag: str, attrs: dict[str, str], /) -> object:
        """Take the begin of an element."""

    def end(self, tag: str, /) -> object:
        """Take its end."""

    def data(self, data: str, /) -> object:
        """Take a piece of text."""


def read_html(text: str, target: Target) -> None:
    """Read HTML or XHTML, broken or not, as far as it goes. Raises BadInput if it is deeper than MAX_DEPTH."""
    # What is fed is text already: a `meta` element does not say in which encoding.
    if text.strip("\ufeff \t\r\n"):  # the parser is at a loss about nothing
        _read(text, etree.HTMLParser(target=_Bounded(target), no_network=True, huge_tree=False))


def read_xml(text: str) -> ElementTree.Element:
    """Return the root of an XML document.

    Names of HTML's characters are known (`&nbsp;`), declared or not; other entities are left as they are written.

    Raises:
        BadInput: it is no XML, or deeper than MAX_DEPTH.
    """
    text = _ENTITY.sub(lambda m: escape(html.unescape(m[0])), text)
    tree = ElementTree.TreeBuilder()
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        _read(text, etree.XMLParser(target=_Bounded(tree), **options))
    except etree.XMLSyntaxError as e:
        raise BadInput(f"is no XML that can be read (line {e.lineno}): convert the book to EPUB anew") from e
    return tree.close()


def _read(text: str, parser: Any) -> None:
    text = text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace").decode()  # half a surrogate pair is no character
    # What a target raises ends the parser when it has gone through all that it was fed.
    for i in range(0, len(text), _FED):
        parser.feed(text[i : i + _FED])
    parser.close()


class _Bounded:
    """A target that is told of no more than MAX_DEPTH elements in one another."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._depth = 0
        self.data = target.data

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooMuch(
                f"has more than {MAX_DEPTH} elements in one another: close them, or convert the book to EPUB anew"
            )
        self._target.start(tag, dict(attrs))

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._target.end(tag)

    def close(self) -> None:
        """Say nothing: a parser closes its target after an error too."""
