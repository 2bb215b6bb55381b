"""A book as chapters, out of a text, Markdown or EPUB file.

Knows nothing of jobs and voices.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voiceclone.books.chapters import Book
from voiceclone.books.encodings import decoded
from voiceclone.books.epub import read_epub
from voiceclone.books.markdown import read_markdown
from voiceclone.books.parsing import MAX_FILE_BYTES
from voiceclone.books.plain_text import read_text
from voiceclone.client import BadInput

ENDINGS = (".epub", ".md", ".markdown", ".txt")


def read_book(path: Path) -> Book:
    """Read a file, by its ending. Raises BadInput with the cure."""
    match path.suffix.lower():
        case ".epub":
            book = read_epub(path)
        case ".md" | ".markdown":
            book = _in(path, read_markdown)
        case ".txt":
            book = _in(path, read_text)
        case ending:
            raise BadInput(f"{path}: {ending or 'a name without an ending'} is no book: {', '.join(ENDINGS)} are")
    if not book.chapters:
        raise BadInput(f"{path} has no text to read")
    return book


def _in(path: Path, read: Callable[[str, str], Book]) -> Book:
    """Read a file of text. Raises BadInput with its name."""
    try:
        return read(decoded(_bytes(path)), path.stem)
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror}") from e
    except BadInput as e:
        raise BadInput(f"{path} {e}") from e


def _bytes(path: Path) -> bytes:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise BadInput(f"has {size} bytes, more than {MAX_FILE_BYTES}: split the book")
    return path.read_bytes()
