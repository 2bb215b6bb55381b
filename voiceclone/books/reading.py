"""A book as chapters, out of a text, Markdown or EPUB file.

Knows nothing of jobs and voices.
"""

from __future__ import annotations

import re
from pathlib import Path

from voiceclone.books.chapters import Book, Chapter, cut
from voiceclone.books.epub import read_epub
from voiceclone.books.pages import Block, read_page
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
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\n", re.DOTALL)


def read_book(path: Path) -> Book:
    """Read a file, by its ending. Raises BadInput with the cure."""
    match path.suffix.lower():
        case ".epub":
            book = read_epub(path)
        case ".md" | ".markdown":
            book = _markdown(text_of(path), path.stem)
        case ".txt":
            book = Book(path.stem, None, None, None, _chapters_of_text(text_of(path), path.stem))
        case ending:
            raise BadInput(f"{path}: {ending or 'a name without an ending'} is no book: {', '.join(ENDINGS)} are")
    if not book.chapters:
        raise BadInput(f"{path} has no text to read")
    return book


def _markdown(text: str, name: str) -> Book:
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError as e:
        raise BadInput("to read Markdown, install it: pip install markdown-it-py") from e
    about: dict[str, object] = {}
    if front := _FRONT_MATTER.match(text):
        import yaml

        try:
            known = yaml.safe_load(front[1])
        except yaml.YAMLError:
            known = None
        about = known if isinstance(known, dict) else {}
        text = text[front.end() :]
    blocks = read_page(MarkdownIt().render(text)).blocks
    levels = [block.level for block in blocks if block.level]
    # Chapters are the highest headings of which there are several; one alone above them is the book's title.
    chapters = min((level for level in levels if levels.count(level) > 1), default=min(levels, default=0))
    above = [block.text for block in blocks if 0 < block.level < chapters]
    title = str(about.get("title") or (above[0] if above else name))
    marks = [(i, block.text) for i, block in enumerate(blocks) if 0 < block.level <= chapters]
    author, language = (str(about[key]) if about.get(key) else None for key in ("author", "lang"))
    return Book(title, author, language, None, cut(blocks, marks, title))


def _chapters_of_text(text: str, name: str) -> tuple[Chapter, ...]:
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    blocks = [Block(p, 1 if _is_heading(p) else 0) for p in paragraphs if p]
    marks = [
        (i, block.text)
        for i, block in enumerate(blocks)
        # A heading without text behind it stands in a table of contents.
        if block.level and i + 1 < len(blocks) and not blocks[i + 1].level
    ]
    kept = [block for i, block in enumerate(blocks) if not block.level or (i, block.text) in marks]
    places = [i for i, block in enumerate(kept) if block.level]
    return cut(kept, [(i, kept[i].text) for i in places], name)


def _is_heading(paragraph: str) -> bool:
    return any(pattern.fullmatch(paragraph) for pattern in (_NAMED, _ALONE, _ROMAN))
