"""Chapters as jobs: so long that a link or a reply holds the sound of each, cut between paragraphs.

Knows nothing of who speaks them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceclone.books.chapters import Chapter
from voiceclone.books.pages import Block
from voiceclone.client import Input
from voiceclone.text import is_speakable, markup, size, split

PART_BYTES = 6_000
"""Of its text in UTF-8, by which the worker too tells how long a text is. About 7 minutes of speech: 2 MB of Opus, for
which a reply has room, and little to say again when a worker dies. A worker takes longer texts, but the others would
have nothing to do meanwhile."""
WORDS = "json"
"""Subtitles in this format have each word and its times."""
PARAGRAPH_PAUSE_S, HEADING_PAUSE_S, CHAPTER_PAUSE_S = 0.5, 1.0, 2.0


@dataclass(frozen=True)
class Part:
    """One job."""

    chapter: int
    """Of the chapters that are read, from 0."""
    data: Input
    """What is asked of a worker."""

    @property
    def has_words(self) -> bool:
        """Whether its words come with their times."""
        return WORDS in self.data.get("subtitles", ())

    @property
    def written(self) -> str:
        """What is said."""
        return str(self.data["text"])

    @property
    def characters(self) -> int:
        return len(self.written)

    @property
    def name(self) -> str:
        """The same for the same text in the same voice, and for nothing else."""
        asked = {name: value for name, value in self.data.items() if name != "key"}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def parts_of(chapters: Sequence[Chapter], asked: Input, max_chars: int) -> list[Part]:
    """Return all jobs in order.

    Args:
        asked: what each of them says beside its text.
        max_chars: of a job's text, as the worker allows.
    """
    limit = min(PART_BYTES, max_chars)  # no character has less than a byte
    return [Part(i, {**asked, "text": text}) for i, chapter in enumerate(chapters) for text in texts(chapter, limit)]


def texts(chapter: Chapter, limit: int) -> Iterator[str]:
    """Yield a chapter's text with its pauses, in pieces of at most `limit` bytes."""
    written = ""
    pause_s = 0.0
    for block in _fitting(chapter.blocks, limit):
        said = escaped(block.text)
        longer = f"{written} [pause:{pause_s:g}s] {said}" if written else said
        if written and size(longer) > limit:
            yield written
            longer = said
        written = longer
        pause_s = HEADING_PAUSE_S if block.level else PARAGRAPH_PAUSE_S
    if written:
        yield written


def escaped(text: str) -> str:
    r"""Return a book's text so that nothing in it is a mark: `\[` is a bracket to be read."""
    return markup.literal(text)


def _fitting(blocks: Sequence[Block], limit: int) -> Iterator[Block]:
    """Yield what can be said, a long paragraph cut between sentences."""
    for block in blocks:
        if not is_speakable(block.text):
            continue
        if size(escaped(block.text)) <= limit:
            yield block
            continue
        for piece in split(block.text, limit // 2):  # the escapes may double it
            if is_speakable(piece):
                yield Block(piece, block.level)
