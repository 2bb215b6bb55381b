"""A film and its subtitles become jobs, and their tracks one more film."""

from voiceclone.films.film import RATE, Film, opened_film
from voiceclone.films.groups import Group, cast, groups_of
from voiceclone.films.muxing import Dubbing, require_container, write_film
from voiceclone.films.track import Piece, mixed, track

__all__ = [
    "RATE",
    "Dubbing",
    "Film",
    "Group",
    "Piece",
    "cast",
    "groups_of",
    "mixed",
    "opened_film",
    "require_container",
    "track",
    "write_film",
]
