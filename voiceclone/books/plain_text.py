"""A plain text as chapters, by lines that are headings.

Lines may be wrapped, with blank lines or indentation between paragraphs, or be a paragraph each. What is no part of the
book is left out: a table of contents, what Project Gutenberg writes before and behind it. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voiceclone.books.chapters import Book, cut
from voiceclone.books.headings import MAX_LINE, Heading, heading_of
from voiceclone.books.pages import Blocks, plain, titled
from voiceclone.text import SENTENCE_ENDS, is_wide

_UNWRAPPED = 160
"""Characters of a line that nobody has wrapped."""
_GUTENBERG = re.compile(r"\*\*\* ?(START|END) OF (?:THE|THIS) PROJECT GUTENBERG[^*]{0,500}\*\*\*", re.IGNORECASE)
_GUTENBERG_END = re.compile(r"\n *End of (?:the )?Project Gutenberg[^\n]{0,200}\s*\Z", re.IGNORECASE)
_ABOUT = re.compile(r"^(Title|Author|Language): *(\S[^\n]{0,500}(?:\n {2,}\S[^\n]{0,500}){0,3})", re.MULTILINE)


def _words(text: str, between: str = " ") -> frozenset[str]:
    return frozenset(text.split(between))


_CONTENTS = _words(
    "contents|table of contents|inhalt|inhaltsverzeichnis|table des matières|table|sommaire|índice|indice|sommario"
    "|sisällys|sisällysluettelo|saturs|satura rādītājs|содержание|оглавление|विषय सूची|विषयसूची|المحتويات|فهرس|الفهرس"
    "|目录|目錄|目次",
    "|",
)
_QUOTES = "'\"”’»)]}」』）_*"
_HYPHENS = "-‐\u00ad"
_BROKEN = re.compile(rf"\b[^\W\d_]++[{_HYPHENS}][ \t]*\n[ \t]*[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HEAD, _TAIL = re.compile(r"[^\W\d_]+\Z"), re.compile(r"[^\W\d_]+")
_HYPHENATED = _words("self well half ex non all cross twenty thirty forty fifty sixty seventy eighty ninety")
_SUSPENDED = _words("and or to und oder bis sowie et ou y e o u ja tai un и или")
_FIRST = _words(
    "one first the first eins erstes erster un premier première uno primero primo primera prima yksi ensimmäinen viens"
    " pirmais pirmā один первая первый первое एक पहला واحد الأول 一"
)
_JOINERS = _words("and et y und و last letzt dernier dernière ultimo ultima último última")


@dataclass(frozen=True)
class _Said:
    """A paragraph, or a heading."""

    text: str
    heading: Heading | None = None


def read_text(text: str, name: str) -> Book:
    """Read a plain text. `name`: its title where it does not tell one."""
    text, about = _without_gutenberg(text)
    said = _without_contents(_counted(list(_said(text))))
    blocks = Blocks()
    marks: list[tuple[int, str]] = []
    for each in said:
        before = len(blocks)
        blocks.add(each.text, 1 if each.heading else 0)
        if each.heading and len(blocks) > before:
            marks.append((before, titled(blocks[before].text)))
    title = about.get("title", name)
    return Book(title, about.get("author"), about.get("language"), None, cut(blocks, marks, title))


def _without_gutenberg(text: str) -> tuple[str, dict[str, str]]:
    """Return the book itself, and what is told of it before."""
    marks = {match[1].upper(): match for match in _GUTENBERG.finditer(text)}
    if not marks:
        return text, {}
    start = marks["START"].end() if "START" in marks else 0
    end = marks["END"].start() if "END" in marks and marks["END"].start() > start else len(text)
    found = _ABOUT.findall(text[: min(start, 20_000)])
    about = {key.lower(): titled(value) for key, value in reversed(found)}
    return _GUTENBERG_END.sub("\n", text[start:end]), about


def _said(text: str) -> Iterator[_Said]:
    broken = bool(_BROKEN.search(text))
    words = frozenset(word.casefold() for word in _WORD.findall(_BROKEN.sub(" ", text))) if broken else frozenset()
    for lines in _paragraphs(text.split("\n")):
        yield from _split(lines, words)


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines of each paragraph, stripped."""
    filled = sum(bool(line.strip()) for line in lines)
    is_wrapped = sum(len(line) > _UNWRAPPED for line in lines) * 10 <= filled
    paragraph: list[str] = []
    was_indented = False
    for line in lines:
        stripped = line.strip()
        is_indented = line.startswith(("\u3000", "  ", "\t"))
        begins = line[:1] == "\u3000" or (is_indented and not was_indented and paragraph and _ends(paragraph[-1]))
        if paragraph and (not stripped or not is_wrapped or begins):
            yield paragraph
            paragraph = []
        if stripped:
            paragraph.append(stripped)
        was_indented = is_indented
    if paragraph:
        yield paragraph


def _split(lines: list[str], words: frozenset[str]) -> Iterator[_Said]:
    """Yield the headings and the text of a paragraph, in order."""
    text: list[str] = []
    i = 0
    while i < len(lines):
        heading, n = _heading_at(lines, i, bool(text), words)
        if heading:
            if text:
                yield _Said(joined(text, words))
                text = []
            yield _Said(joined(lines[i : i + n], words), heading)
        else:
            text.append(lines[i])
        i += n
    if text:
        yield _Said(joined(text, words))


def _heading_at(lines: list[str], i: int, is_behind: bool, words: frozenset[str]) -> tuple[Heading | None, int]:
    """Return the heading that a line begins, and how many lines it has."""
    line, left = lines[i], len(lines) - i
    if len(line) > MAX_LINE or (is_behind and not _ends(lines[i - 1])):
        return None, 1
    heading = heading_of(line)
    if heading and is_behind and not heading.is_named:
        heading = None
    if left == 1:
        return heading, 1
    after = lines[i + 1]
    goes_on = left <= 3 and heading_of(after) is None
    whole = heading_of(joined(lines[i:], words)) if goes_on and not is_behind else None
    is_title = whole is not None and (heading is None or heading.is_named) and (after.isupper() or not _ends(lines[-1]))
    if is_title:
        return whole, left
    if heading is None or (heading.is_bare and not heading.text.isdecimal()) or _begins_small(after):
        return None, 1
    return heading, 1


def _begins_small(line: str) -> bool:
    return next((c for c in line if c.isalnum()), "").islower()


def _ends(line: str) -> bool:
    """Whether a sentence ends with the line."""
    return line.rstrip(_QUOTES).endswith((*SENTENCE_ENDS, ":", "—"))


def joined(lines: Sequence[str], words: frozenset[str] = frozenset()) -> str:
    """Wrapped lines as one: words that were broken at an end are whole, scripts without spaces get none.

    Args:
        words: of the whole text, which tell "well-known" from "ri-ver".
    """
    pieces = [lines[0]]
    for line in lines[1:]:
        last = pieces[-1]
        tail, head = _TAIL.match(line), _HEAD.search(last[-40:-1]) if last[-1:] in _HYPHENS else None
        if tail and head and tail[0].casefold() not in _SUSPENDED:
            if last[-1] == "\u00ad" or not _keeps_hyphen(head[0], tail[0], words):
                pieces[-1] = last[:-1]
        elif not (last and line and is_wide(last[-1]) and is_wide(line[0])):
            pieces.append(" ")
        pieces.append(line)
    return "".join(pieces)


def _keeps_hyphen(head: str, tail: str, words: frozenset[str]) -> bool:
    """Whether it stands within the word where no line ends as well."""
    if tail[0].isupper() and not (head.isupper() and tail.isupper() and len(head) > 1):
        return True
    head, tail = head.casefold(), tail.casefold()
    if f"{head}{tail}" in words:
        return False
    return f"{head}-{tail}" in words or head in _HYPHENATED or {head, tail} <= words


def _counted(said: Sequence[_Said]) -> list[_Said]:
    """Bare numbers are headings where one goes on from another; between halves of a sentence they are of pages."""
    bare = {i: each.heading for i, each in enumerate(said) if each.heading and each.heading.is_bare}
    kept: list[int] = []
    expected, has_first, has_pages = 1, False, False
    for i, heading in bare.items():
        if heading.key.isdecimal():
            around = said[max(i - 1, 0)], said[min(i + 1, len(said) - 1)]
            has_pages |= not _ends(around[0].text) and _begins_small(around[1].text)
            if int(heading.key) in (1, expected):
                expected = int(heading.key) + 1
                kept.append(i)
        elif heading.key not in _JOINERS and (has_first or heading.key in _FIRST):
            has_first = True
            kept.append(i)
    headings = {i for i in kept if not (has_pages and bare[i].key.isdecimal())}
    if len({bare[i].key for i in headings}) < 2:
        headings = set()
    return [_Said(each.text) if i in bare and i not in headings else each for i, each in enumerate(said)]


def _without_contents(said: Sequence[_Said]) -> list[_Said]:
    """Without headings that stand together, and again where their chapters begin: a table of contents."""
    last = {each.heading.key: i for i, each in enumerate(said) if each.heading}
    kept: list[_Said] = []
    for run in _runs(said):
        again = [(heading := said[i].heading) is not None and last[heading.key] > i for i in run]
        if len(run) > 1 and any(again[:-1]):
            if kept and plain(kept[-1].text).casefold().strip(" .:_*") in _CONTENTS:
                kept.pop()
            if len(run) < 3 or not all(again[:-1]):
                again[-1] = False
            kept += [said[i] for i, is_again in zip(run, again, strict=True) if not is_again]
        else:
            kept += [said[i] for i in run]
    return kept


def _runs(said: Iterable[_Said]) -> Iterator[list[int]]:
    """Indices: of headings that follow one another together, of each other paragraph alone."""
    run: list[int] = []
    for i, each in enumerate(said):
        if run and not each.heading:
            yield run
            run = []
        if each.heading:
            run.append(i)
        else:
            yield [i]
    if run:
        yield run
