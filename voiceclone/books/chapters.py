"""What a book is, wherever it comes from.

Knows no kind of file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from voiceclone.books.pages import Block
from voiceclone.text import is_speakable


@dataclass(frozen=True)
class Chapter:
    """What stands under one mark of the audiobook."""

    title: str
    blocks: tuple[Block, ...]
    """Its heading too, where it has one: it is read."""

    @property
    def characters(self) -> int:
        return sum(len(block.text) for block in self.blocks)


@dataclass(frozen=True)
class Book:
    """What is to be read, and what is known of it."""

    title: str
    author: str | None
    language: str | None
    """As the book has it: `en`, `en-GB`, `eng`, `und`."""
    cover: bytes | None
    """A picture, as the book has it."""
    chapters: tuple[Chapter, ...]
    warnings: tuple[str, ...] = ()
    """What is wrong with the book, and left out."""


def level_of_chapters(blocks: Sequence[Block]) -> int:
    """Return the highest level of which there are several headings; 0 where there are no headings."""
    levels = Counter(block.level for block in blocks if block.level)
    return min((level for level, n in levels.items() if n > 1), default=min(levels, default=0))


def cut(blocks: Sequence[Block], marks: Sequence[tuple[int, str]], before: str) -> tuple[Chapter, ...]:
    """Chapters that begin at the marks, each a block's index and a title, in order; without those that say nothing.

    Args:
        before: title of what stands before the first mark.
    """
    starts = dict([(0, before), *marks])  # of two marks at one place the last: it names the innermost part
    ends = [*list(starts)[1:], len(blocks)]
    found = [Chapter(title, tuple(blocks[i:j])) for (i, title), j in zip(starts.items(), ends, strict=True)]
    return tuple(chapter for chapter in found if any(is_speakable(block.text) for block in chapter.blocks))
