"""Tags of HTML and SSML: which they are, and what would be no mark-up but an attack. Pure functions.

Knows nothing of what they do. `<` begins a tag if what follows is written as one, and the name is known, closed, or has
attributes: in `a<b and c>d` nothing is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_ATTRIBUTES, MAX_TAG_CHARS, MAX_DEPTH = 50, 10_000, 100


def _names(written: str) -> frozenset[str]:
    return frozenset(written.split())


PARAGRAPHS = _names(
    "p div h1 h2 h3 h4 h5 h6 hr article section header footer main nav aside blockquote figure figcaption "
    "table ul ol dl pre form fieldset details address paragraph body"
)
LINES = _names("br li dt dd tr caption summary option legend")
CELLS = _names("td th")
UNSAID = _names("script style head template metadata rt rp svg math noscript iframe object")
"""Left out with what is in them."""
VOID = _names("br hr img input meta link wbr source track area base col embed param break mark lexicon")
_INLINE = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb ruby s samp "
    "small span strike strong sub sup time tt u var center button html thead tbody tfoot colgroup picture "
    "video canvas dialog menu select textarea output progress meter map hgroup search nobr title speak "
    "sentence w token"
)
_SPEECH = _names("say-as prosody phoneme voice lang emphasis audio desc lookup")
_KNOWN = PARAGRAPHS | LINES | CELLS | UNSAID | VOID | _INLINE | _SPEECH
UNHEARD = (PARAGRAPHS | LINES | CELLS | _INLINE | UNSAID | VOID) - {"lexicon"}
"""Whoever listens misses nothing of them."""
# HTML lets these end where the next begins.
_UNCLOSED = VOID | _names("p li dt dd tr td th thead tbody tfoot option html body div h1 h2 h3 h4 h5 h6")
STYLES = _names("b i u s em strong span small big tt code strike del ins")
"""How a text looks: one that is left open is a mark as well."""
_HOLDING = _names("ul ol dl table blockquote speak")
"""No word that anybody puts between signs."""
_FLAGS = _names(
    "allowfullscreen async autofocus autoplay checked compact contenteditable controls default defer "
    "disabled download hidden inert inverted ismap itemscope loop multiple muted noshade novalidate "
    "nowrap open readonly required reversed selected translate"
)
_NAME = "[A-Za-z][A-Za-z0-9_:.-]{0,63}"
# No part of it crosses a `<`: a text of nothing else is read once.
_TAG = re.compile(
    rf"<(?P<close>/)?(?P<name>{_NAME})(?![A-Za-z0-9_:.-])"
    r"(?P<attributes>(?:[\s/]++(?:[^\s<>/=\"']++(?:\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'|[^\s\"'<>=`]++))?+)?+)*+)\s*+>"
)
_ATTRIBUTE = re.compile(r"([^\s<>/=\"']++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>=`]++)))?+")
_NAMES = re.compile(rf"<(/?)({_NAME})")
_DOCUMENT = re.compile(r"<(?:speak|p|div|html|body|ul|ol|table|h[1-6])(?=[\s>/])[^<>]*+>", re.IGNORECASE)
_HOSTILE = re.compile(r"<!\s*+(?P<what>DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)\b|<(?P<include>xi:include)\b", re.I)
_HTML = re.compile(r"<!doctype\s++html\s*+>", re.IGNORECASE)


class Tag(NamedTuple):
    """A tag as it is written."""

    name: str
    """In small letters."""
    attributes: Mapping[str, str]
    """By names in small letters, their entities resolved; one without a value has an empty one."""
    is_closing: bool
    is_empty: bool
    """Whether nothing belongs to it: it closes itself."""
    end: int


def is_known(name: str) -> bool:
    """Whether HTML or SSML has an element of this name."""
    return name.lower() in _KNOWN


def is_document(text: str) -> bool:
    """Whether the text is HTML or SSML, where the ends of lines mean nothing."""
    return _DOCUMENT.search(text) is not None


class Counted:
    """How often each name of a text is opened and closed, and where it is closed for the last time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._opened: set[str] = set()
        for match in _NAMES.finditer(text):
            name = match[2].lower()
            if match[1]:
                self._last[name] = match.start()
            else:
                self._opened.add(name)
            self._open[name] = self._open.get(name, 0) + (-1 if match[1] else 1)

    def is_opened(self, name: str) -> bool:
        """Whether there is an opening tag of the name."""
        return name in self._opened

    def is_closed(self, name: str, start: int) -> bool:
        """Whether a closing tag of the name follows."""
        return self._last.get(name, -1) > start

    def leaves_open(self, name: str) -> bool:
        """Whether more elements of the name are opened than closed, by a name for which HTML allows that."""
        return name in _UNCLOSED and self._open.get(name, 0) > 0

    def closing_behind(self, tag: Tag) -> int | None:
        """Return where an element ends that holds nothing but text; None where it is not closed."""
        if tag.is_empty or not self.is_closed(tag.name, tag.end):
            return None
        closing = re.compile(rf"</{re.escape(tag.name)}(?![A-Za-z0-9_:.-])[^<>]*+>?", re.IGNORECASE)
        match = closing.search(self._text, tag.end)
        return None if match is None else match.end()


def declaration_at(text: str, start: int) -> int | None:
    """Return where HTML's own declaration ends, None if none is here. Raise ValueError for what XML declares."""
    if harmless := _HTML.match(text, start):
        return harmless.end()
    if hostile := _HOSTILE.match(text, start):
        what = hostile["include"] or hostile["what"].upper()
        raise ValueError(f"has {what} in its mark-up, which is refused: take it out, what it stands for can be written")
    return None


def tag_at(text: str, start: int, counted: Counted) -> Tag | None:
    """Return the tag that begins here, None if it is text. Raise ValueError for one that is too large.

    `counted`: the tags of the text.
    """
    match = _TAG.match(text, start)
    if match is None:
        return None
    name, written = match["name"].lower(), match["attributes"]
    if len(written) > MAX_TAG_CHARS:
        raise ValueError(
            f"has a tag <{name}> of {len(written)} characters, at most {MAX_TAG_CHARS} are allowed: take its"
            " attributes out"
        )
    attributes: dict[str, str] = {}
    for count, each in enumerate(_ATTRIBUTE.finditer(written), 1):
        if count > MAX_ATTRIBUTES:
            raise ValueError(f"has a tag <{name}> with more than {MAX_ATTRIBUTES} attributes: take them out")
        value = next((group for group in each.groups()[1:] if group is not None), None)
        key = each[1].lower()
        if value is None and key not in _FLAGS and not key.startswith("data-"):
            return None
        attributes[key] = html.unescape(value or "")
    is_empty = written.rstrip().endswith("/") or (
        name in VOID and not (name == "mark" and counted.is_closed(name, start))
    )
    if match["close"]:
        is_tag = not attributes and (name in _KNOWN or ":" in name or counted.is_opened(name))
        return Tag(name, {}, True, False, match.end()) if is_tag else None
    has_value = any(attributes.values())
    is_closed = is_empty or counted.is_closed(name, start)
    # "Note: <b>never" is a tag that was forgotten; in "a <b> c" and "a<b>c" two signs compare.
    before, behind = text[start - 1 : start] if start else "", text[match.end() : match.end() + 1]
    is_closed = is_closed or name in _HOLDING or (name in STYLES and not before.isalnum() and bool(behind.strip()))
    if not (is_closed or has_value or name in _UNCLOSED or ":" in name):
        return None
    return Tag(name, attributes, False, is_empty, match.end())
