"""A book as chapters, out of a text, Markdown or EPUB file.

Knows nothing of jobs and voices.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from voiceclone.books.chapters import Book, cut
from voiceclone.books.epub import read_epub
from voiceclone.books.pages import MAX_TITLE, Blocks, plain, read_page
from voiceclone.books.parsing import MAX_FILE_BYTES
from voiceclone.client import BadInput, text_of

ENDINGS = (".epub", ".md", ".markdown", ".txt")
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|the (?:first|second|third|fourth|fifth|last)"
)
_NUMBER = rf"(?:\d{{1,3}}|[ivxlcdm]{{1,8}}|(?:{_TENS})(?:[- ](?:{_ONES}))?|{_ONES})"
# "Chapter 12", "CHAPTER I. The Beginning", "Part Two: ..."; a line of its own.
_NAMED = re.compile(
    rf"(?:chapter|part|book|kapitel|teil|buch|chapitre|partie|cap[ií]tulo|parte|capitolo)\s+{_NUMBER}\b(?:[.:\s—–-].{{0,80}})?",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(?:prologue|epilogue|preface|introduction|foreword|afterword)\.?", re.IGNORECASE)
_ROMAN = re.compile(r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\.?|\d{1,3}\.")
_FRONT_MATTER = re.compile(r"\A---\n(.{,10000}?)\n(?:---|\.\.\.)\n", re.DOTALL)


def read_book(path: Path) -> Book:
    """Read a file, by its ending. Raises BadInput with the cure."""
    match path.suffix.lower():
        case ".epub":
            book = read_epub(path)
        case ".md" | ".markdown":
            book = _in(path, _markdown)
        case ".txt":
            book = _in(path, _plain_text)
        case ending:
            raise BadInput(f"{path}: {ending or 'a name without an ending'} is no book: {', '.join(ENDINGS)} are")
    if not book.chapters:
        raise BadInput(f"{path} has no text to read")
    return book


def _in(path: Path, read: Callable[[str, str], Book]) -> Book:
    """Read a file of text. Raises BadInput with its name."""
    try:
        size = path.stat().st_size
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror}") from e
    if size > MAX_FILE_BYTES:
        raise BadInput(f"{path} has {size} bytes, more than {MAX_FILE_BYTES}: split the book")
    text = text_of(path)
    try:
        return read(text, path.stem)
    except BadInput as e:
        raise BadInput(f"{path} {e}") from e


def _markdown(text: str, name: str) -> Book:
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError as e:
        raise BadInput("to read Markdown, install it: pip install markdown-it-py") from e
    about: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        about = _front_matter(front[1])
        text = text[front.end() :]
    markdown = MarkdownIt()
    for mark in ("link_open", "link_close", "image"):  # a short reference would bring a long address each time
        markdown.add_render_rule(mark, lambda *_: "")
    blocks = Blocks()
    read_page(markdown.render(text), blocks)
    levels = [block.level for block in blocks if block.level]
    # Chapters are the highest headings of which there are several; one alone above them is the book's title.
    chapters = min((level for level, n in Counter(levels).items() if n > 1), default=min(levels, default=0))
    above = [block.text for block in blocks if 0 < block.level < chapters]
    title = about.get("title") or (above[0] if above else name)
    marks = [(i, block.text) for i, block in enumerate(blocks) if 0 < block.level <= chapters]
    return Book(title, about.get("author"), about.get("lang"), None, cut(blocks, marks, title))


def _front_matter(text: str) -> dict[str, str]:
    """What YAML says in words: nothing that it may build is built."""
    import yaml

    try:
        known = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text, lists and mappings are all that it makes
    except (yaml.YAMLError, RecursionError):
        known = None
    about = known.items() if isinstance(known, dict) else ()
    return {key: said for key, value in about if isinstance(value, str) and (said := plain(value)[:MAX_TITLE])}


def _plain_text(text: str, name: str) -> Book:
    blocks = Blocks()
    for paragraph in re.split(r"\n\s*\n", text):
        blocks.add(paragraph, 1 if _is_heading(plain(paragraph)) else 0)
    # A heading without text behind it stands in a table of contents.
    pairs = itertools.pairwise([*blocks, None])
    kept = [block for block, after in pairs if not block.level or (after and not after.level)]
    marks = [(i, block.text) for i, block in enumerate(kept) if block.level]
    return Book(name, None, None, None, cut(kept, marks, name))


def _is_heading(paragraph: str) -> bool:
    return any(pattern.fullmatch(paragraph) for pattern in (_NAMED, _ALONE, _ROMAN))
