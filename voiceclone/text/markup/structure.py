r"""Where a text's lines and paragraphs end: blank lines, headings, lists, verses, tables, quotations. Pure functions.

Knows nothing of marks inside a line. Markdown's marks at the beginning of lines are taken off, and two characters that
no text holds are put in: PARAGRAPH and LINE. Lines that were wrapped to a width run on into each other. A line was
wrapped where it is about as long as the longest, so that the next word had no room; verses, addresses and lists are
short, begin with capitals or end with punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from voiceclone.text.splitting import SENTENCE_ENDS, is_wide

PARAGRAPH, LINE = "\x1e", "\x1f"
_CONTROLS = str.maketrans(dict.fromkeys("\x1c\x1d\x1e\x1f", " "))
NARROW, BROAD = 40, 120
"""Columns. Nobody wraps prose to less than the first; who writes lines above the second lets the window wrap them."""
FULL = 0.85
"""Of the longest line. Wrapped lines are ragged, and by what program is not known."""
FEW_WORDS = 3
"""In each line of a list without bullets."""

_LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
_QUOTE = re.compile(r"[ \t]{0,3}>(?:[ \t]?>)*+[ \t]?")
_RULE = re.compile(r"[ \t]{0,3}([-*_=])(?:[ \t]*+\1){2,}+[ \t]*")
_FENCE = re.compile(r"[ \t]{0,3}(?:`{3,}|~{3,})[^`~]{0,60}")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_BULLET = re.compile(r"[ \t]*+(?:[-*+•‣◦▪●○∙·–][ \t]++|[・●■□◆◇○※•][ \t\u3000]*+)(?=\S)")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_NUMBER = re.compile(
    r"[ \t]*+(?:\(?(?P<number>\d{1,3})[.)][ \t]|\(?[A-Za-z]\)[ \t]|[a-h]\.[ \t]"
    r"|(?P<wide>\d{1,3}|[一二三四五六七八九十]{1,3})、"
    r"|（[一二三四五六七八九十\d]{1,3}）|[①-⑳])"
)
_DASH = re.compile(r"[ \t]*+[—―]")
_DEFINITION = re.compile(r"[ \t]{0,3}\[([^\]^\[]{1,80})\]:[ \t]+<?(?:[a-z]{2,10}://|mailto:|www\.|[/#.])\S*+.*", re.I)
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[\^[^\]\s]{1,40}\]:[ \t]*")
_DELIMITERS = re.compile(r"[ \t]*+\|?[ \t]*+:?-+:?[ \t]*+(?:\|[ \t]*+:?-+:?[ \t]*+)*+\|?[ \t]*+")
_CELL_END = re.compile(r"(?<!\\)\|")
_LEADING_MARK = re.compile(r"(?:\s*+(?:\[[^\]\n]{0,64}\]|<[^<>\n]{0,200}>|[*_~=`]{1,3})){1,5}+")
_OPENING = " \t\u3000\"'“‘«»„(（「『《—–¿¡*_"
_CLOSING = " \t\"'”’»)）」』》]*_~"
_PUNCTUATION = f"{SENTENCE_ENDS},;:،؛，；：、–—"


@dataclass
class _Line:
    """A line without its marks."""

    body: str
    end: str
    """The white space behind it: nothing is lost."""
    kind: Literal["blank", "text", "item", "row", "heading", "rule"] = "text"
    indent: int = 0
    """Columns."""
    depth: int = 0
    """Of quotation."""
    is_hard: bool = False
    """Whether its writer wants it to end where it does."""


def structured(text: str, is_document: bool) -> tuple[str, frozenset[str]]:
    """Return the text with PARAGRAPH and LINE where they end, and the names of the links that it defines.

    `is_document`: the text is HTML or SSML, where the end of a line is white space like any other.
    """
    links: set[str] = set()
    lines = _lines(text.translate(_CONTROLS), links)
    out: list[str] = []
    start = 0
    while start < len(lines):
        stop = start + 1
        while stop < len(lines) and lines[start].kind in ("text", "item") and _goes_on(lines[stop - 1], lines[stop]):
            stop += 1
        group = lines[start:stop]
        runs_on = [True] * len(group) if is_document else _runs_on([line.body for line in group])
        for line, following, joined in zip(group, group[1:], runs_on, strict=False):
            ends = line.is_hard or not joined
            body = line.body.removesuffix("\\") if line.is_hard else line.body
            out += [body, line.end + LINE if ends else _joint(line, following.body)]
        out += [group[-1].body, group[-1].end]
        if stop < len(lines):
            out.append(_between(group[-1], lines[stop], is_document))
        start = stop
    return "".join(out), frozenset(links)


def _between(before: _Line, after: _Line, is_document: bool) -> str:
    """Return the mark between two lines of which the second begins something."""
    if before.kind in ("blank", "heading", "rule") or after.kind in ("blank", "heading", "rule"):
        return PARAGRAPH
    if before.kind == after.kind == "text" and before.depth == after.depth and not is_document:
        return PARAGRAPH  # it is indented
    return LINE


def _lines(text: str, links: set[str]) -> list[_Line]:
    raw = text.splitlines(keepends=True)
    bodies = [line.rstrip(_LINE_ENDS) for line in raw]
    quotes = [_QUOTE.match(body) for body in bodies]
    lines: list[_Line] = []
    for i, (body, written) in enumerate(zip(bodies, raw, strict=True)):
        quote, depth = quotes[i], 0
        if quote and (
            not body[quote.end() : quote.end() + 1].isdigit() or any([*quotes[i - 1 : i], *quotes[i + 1 : i + 2]])
        ):
            depth = quote[0].count(">")
        line = _line(body[quote.end() :] if quote and depth else body, lines[-1] if lines else None, links)
        line.end, line.depth = written[len(bodies[i]) :], depth
        lines.append(line)
    _lay_tables(lines)
    return lines


def _line(body: str, before: _Line | None, links: set[str]) -> _Line:
    """Return what a line is, without its marks."""
    if definition := _DEFINITION.fullmatch(body):
        links.add(definition[1].casefold())
        return _Line("", "", "blank")
    if _RULE.fullmatch(body) or _FENCE.fullmatch(body):
        return _Line("", "", "rule")
    if heading := _HEADING.match(body):
        title = body[heading.end() :].rstrip()
        bare = title.rstrip("#")
        return _Line(bare.rstrip() if bare.endswith((" ", "\t")) else title, "", "heading")
    return _written(body, before) if body.strip() else _Line(body, "", "blank")


def _written(body: str, before: _Line | None) -> _Line:
    """Return a line of text or an item, without its marks."""
    indent = _columns(body[: len(body) - len(body.lstrip())])
    is_hard = body.endswith("  ") or (body.endswith("\\") and not body.endswith("\\\\"))
    footnote, bullet, number = _FOOTNOTE.match(body), _BULLET.match(body), _NUMBER.match(body)
    # "- 5" alone is a number.
    is_sign = bullet and bullet[0].strip() in "-+–" and body[bullet.end()].isdigit()
    is_item = bool(bullet and not (is_sign and (before is None or before.kind != "item")))
    if footnote:
        body = body[footnote.end() :]
    elif is_item and bullet:
        task = _TASK.match(body, bullet.end())
        body = body[(task or bullet).end() :]
    is_item = is_item or bool(footnote or _DASH.match(body))  # behind a dash somebody speaks
    # In prose a year may come to stand at the beginning of a line.
    is_prose = before is not None and before.kind == "text" and before.indent < 2
    is_numbered = number and (number["number"] in (None, "1") or not is_prose)
    return _Line(body, "", "item" if is_item or is_numbered else "text", indent, is_hard=is_hard)


def _lay_tables(lines: Sequence[_Line]) -> None:
    """Make rows of lines with cells, which are read with commas between them."""
    is_table = False
    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else None
        cells = line.body.count("|")
        begins = following is not None and "|" in following.body and bool(_DELIMITERS.fullmatch(following.body))
        is_table = line.kind != "blank" and cells > 0 and (is_table or begins)
        framed = line.body.strip()
        if is_table or (cells > 1 and framed.startswith("|") and framed.endswith("|")):
            if _DELIMITERS.fullmatch(line.body):
                line.body, line.kind = "", "row"
            else:
                parts = (part.strip() for part in _CELL_END.split(line.body))
                line.body, line.kind = ", ".join(part for part in parts if part), "row"


def _goes_on(before: _Line, after: _Line) -> bool:
    """Whether a line belongs to the same paragraph or item as the one before it."""
    if after.kind != "text" or before.kind not in ("text", "item") or before.depth != after.depth:
        return False
    if before.kind == "item" or after.body[0] != "\u3000":
        begins = before.kind == "text" and after.indent >= 2 > before.indent and _ends_sentence(before.body)
        return not begins
    return False


def _runs_on(lines: Sequence[str]) -> list[bool]:
    """Whether each line but the last was wrapped, so that it goes on in the next."""
    if len(lines) < 2:
        return []
    columns = [_columns(line.strip()) for line in lines]
    words = [len(line.split(maxsplit=FEW_WORDS)) for line in lines]
    widest = max([width for width, count in zip(columns, words, strict=True) if count > 1] or columns)
    if widest < NARROW and max(words) <= FEW_WORDS and len(lines) > 2:
        return [False] * (len(lines) - 1)
    pairs = list(pairwise(lines))
    full = [
        width + _columns(_first_word(after)) + 1 > FULL * widest
        for width, (_, after) in zip(columns, pairs, strict=False)
    ]
    goes_on = [_first(b).islower() and not _ends_sentence(a, ":：") for a, b in pairs]
    is_prose = NARROW <= widest <= BROAD or any(goes_on)
    if _is_verse(lines, widest, full):
        return [False] * (len(lines) - 1)
    return [goes or (is_prose and filled) for goes, filled in zip(goes_on, full, strict=True)]


def _is_verse(lines: Sequence[str], widest: int, full: Sequence[bool]) -> bool:
    """Whether lines end where their writer wanted; `full`: for each but the last, whether it is as long as may be."""
    stops = [line.rstrip(_CLOSING)[-1:] in _PUNCTUATION for line in lines]
    if all(stops) and (len(lines) > 2 or widest < NARROW):
        return True
    if all(_first(line).isupper() for line in lines):
        return 2 * sum(stops[:-1]) >= len(lines) - 1 or len(lines) > 4
    return widest < NARROW and len(lines) > 2 and not all(full)


def _joint(line: _Line, after: str) -> str:
    """Return what stands between a wrapped line and the next: nothing in scripts without spaces, and within a word."""
    before, first = line.body.rstrip()[-1:], after.lstrip()[:1]
    if _is_unspaced(before) and _is_unspaced(first):
        return ""
    is_word = before == "-" and line.body.rstrip()[-2:-1].isalpha() and first.islower()
    return "" if is_word else line.end


def _is_unspaced(character: str) -> bool:
    return bool(character) and is_wide(character) and "HANGUL" not in unicodedata.name(character, "")


def _first(line: str) -> str:
    """Return the first character that tells whether something begins here."""
    mark = _LEADING_MARK.match(line)
    return line[mark.end() if mark else 0 :].lstrip(_OPENING)[:1]


def _first_word(line: str) -> str:
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return word[:2] if word and is_wide(word[0]) else word


def _ends_sentence(line: str, more: str = "") -> bool:
    return (line.rstrip(_CLOSING)[-1:] or " ") in SENTENCE_ENDS + more


def _columns(text: str) -> int:
    return sum(4 if c == "\t" else 1 + is_wide(c) for c in text)
