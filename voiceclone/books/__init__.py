"""A book becomes chapters, jobs and one file."""

from voiceclone.books.chapters import Book
from voiceclone.books.estimate import PRICES, extrapolated, price_of, told
from voiceclone.books.manifest import Manifest, opened
from voiceclone.books.narration import WORDS, Narration
from voiceclone.books.parts import Part, parts_of
from voiceclone.books.reading import read_book

__all__ = [
    "PRICES",
    "WORDS",
    "Book",
    "Manifest",
    "Narration",
    "Part",
    "extrapolated",
    "opened",
    "parts_of",
    "price_of",
    "read_book",
    "told",
]
