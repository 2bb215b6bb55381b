"""A book becomes chapters, jobs and one file."""

from voiceclone.books.chapters import Book
from voiceclone.books.estimate import PRICES, Estimate, extrapolated, price_of, room_bytes, told
from voiceclone.books.languages import code_of, detected, three_letters
from voiceclone.books.manifest import Manifest, opened
from voiceclone.books.narration import Narration
from voiceclone.books.pages import Block, titled
from voiceclone.books.parts import WORDS, Part, parts_of
from voiceclone.books.reading import read_book

__all__ = [
    "PRICES",
    "WORDS",
    "Block",
    "Book",
    "Estimate",
    "Manifest",
    "Narration",
    "Part",
    "code_of",
    "detected",
    "extrapolated",
    "opened",
    "parts_of",
    "price_of",
    "read_book",
    "room_bytes",
    "three_letters",
    "titled",
    "told",
]
