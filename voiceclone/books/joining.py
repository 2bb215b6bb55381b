"""The parts of a book as one audiobook: chapter marks, title, author, cover, and the subtitles of the whole.

Knows nothing of where the parts come from. One of them is in memory at a time.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from voiceclone import audio
from voiceclone.books.chapters import Book
from voiceclone.books.parts import CHAPTER_PAUSE_S, PARAGRAPH_PAUSE_S
from voiceclone.client import BadInput, Problem
from voiceclone.errors import BadAudio
from voiceclone.types import Samples, Word

if TYPE_CHECKING:
    import av
    import av.container

RATE = audio.SAMPLE_RATE
BIT_RATE = 64_000
"""Of speech in one channel at 24 kHz: nothing is heard missing."""
BLOCK = RATE
MOST_LISTED = 255
"""Chapters that a list of them in an MP4 or an ID3 tag counts: with one byte."""
MAX_MARK_BYTES = 255
"""Of a chapter's title in UTF-8."""


@dataclass(frozen=True)
class Container:
    """How an audiobook is written, in FFmpeg's names."""

    format: str
    codec: str
    options: dict[str, str]


CONTAINERS = {
    ".m4b": Container("mp4", "aac", {"brand": "M4B "}),
    ".mp3": Container("mp3", "libmp3lame", {"id3v2_version": "3"}),
}
"""By the ending."""


@dataclass(frozen=True)
class Piece:
    """A part that was made."""

    chapter: int
    file: Path
    words: Path | None


@dataclass(frozen=True)
class Spot:
    """Where a piece lies in the whole, in samples."""

    piece: Piece
    start: int
    length: int


@dataclass(frozen=True)
class Mark:
    """Where a chapter begins and ends, in samples."""

    title: str
    start: int
    end: int


def laid_out(pieces: Sequence[Piece]) -> list[Spot]:
    """Pieces in order with the pauses between them. Raises Problem for a file that is no sound."""
    import soundfile

    spots: list[Spot] = []
    for piece in pieces:
        try:
            sound = soundfile.info(piece.file)
        except soundfile.LibsndfileError as e:
            raise Problem(_damaged(piece.file)) from e
        start = 0
        if spots:
            last = spots[-1]
            pause_s = PARAGRAPH_PAUSE_S if last.piece.chapter == piece.chapter else CHAPTER_PAUSE_S
            start = last.start + last.length + round(pause_s * RATE)
        spots.append(Spot(piece, start, round(sound.frames * RATE / sound.samplerate)))
    return spots


def marks_of(spots: Sequence[Spot], titles: Sequence[str]) -> list[Mark]:
    """Return one for each chapter; the pause before one belongs to the chapter before it."""
    starts: dict[int, int] = {}
    for spot in spots:
        starts.setdefault(spot.piece.chapter, spot.start)
    ends = [*list(starts.values())[1:], spots[-1].start + spots[-1].length]
    return [Mark(titles[chapter], start, end) for (chapter, start), end in zip(starts.items(), ends, strict=True)]


def limits(container: Container, chapters: int) -> str | None:
    """Return what a person should know of so many chapters in such a file; None: nothing."""
    if chapters <= MOST_LISTED:
        return None
    if container.format == "mp4":
        return (
            f"{chapters} chapters, more than {MOST_LISTED}: players see all that read the track of chapters, as most do"
        )
    return f"{chapters} chapters, more than {MOST_LISTED}: many players show fewer in an mp3, name --out with .m4b"


def try_out(directory: Path, container: Container, book: Book) -> None:
    """Write an audiobook of a second there, which leaves nothing: title, author, cover and chapters can be written.

    Raises BadInput with what cannot, OSError where the directory takes no file.
    """
    import av

    n = len(book.chapters)
    marks = [Mark(each.title, i * RATE // n, (i + 1) * RATE // n) for i, each in enumerate(book.chapters)]
    with tempfile.TemporaryFile(dir=directory) as file:
        try:
            write_book(file, container, book, marks, [np.zeros(RATE, np.float32)])
        except (av.FFmpegError, ValueError, IndexError, StopIteration) as e:
            raise BadInput(f"no audiobook can be made of it ({e}): give another --title, --author or --cover") from e


def write_book(
    file: IO[bytes], container: Container, book: Book, marks: Sequence[Mark], sound: Iterable[Samples]
) -> None:
    """Write the audiobook to a file that can be read as well. Raises what the sound raises, OSError, av.FFmpegError."""
    import av

    options = dict(container.options)
    if len(marks) > MOST_LISTED and container.format == "mp4":
        options["movflags"] = "disable_chpl"  # players that find the list do not look for the track, which has all
    elif len(marks) > MOST_LISTED:
        options["metadata_header_padding"] = str(len(_listed(len(marks))))
    with av.open(file, "w", format=container.format, options=options) as out:
        about = {"title": book.title, "album": book.title, "genre": "Audiobook", "artist": book.author}
        if container.format == "mp4":
            about["media_type"] = "2"  # players list it among audiobooks
        out.metadata.update({name: value for name, value in about.items() if value})
        out.set_chapters([_chapter(i, mark) for i, mark in enumerate(marks)])
        stream = cast("av.AudioStream", out.add_stream(container.codec, rate=RATE, layout="mono", bit_rate=BIT_RATE))
        if book.cover is not None:
            _add_cover(out, book.cover)
        written = 0
        for block in sound:
            frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), written
            written += len(block)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    if len(marks) > MOST_LISTED and container.format == "mp3":
        _list_all(file, len(marks))


def _list_all(file: IO[bytes], chapters: int) -> None:
    """Replace an ID3 tag's list of chapters, whose count has gone over, by lists in a list. Uses up the padding."""
    file.flush()
    header = os.pread(file.fileno(), 10, 0)
    size = sum(byte << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
    tag = os.pread(file.fileno(), size, 10)
    start, end = 0, 0
    while tag[start : start + 4] != b"CTOC" or not end:
        start, end = end, end + 10 + int.from_bytes(tag[end + 4 : end + 8], "big")
    os.pwrite(file.fileno(), (tag[:start] + _listed(chapters) + tag[end:])[:size], 10)


def _listed(chapters: int) -> bytes:
    """Return the frames that list chapters by FFmpeg's names for them: https://id3.org/id3v2-chapters-1.0."""
    names = [f"ch{i}" for i in range(chapters)]
    frames = b""
    while len(names) > MOST_LISTED:
        groups = [names[i : i + MOST_LISTED] for i in range(0, len(names), MOST_LISTED)]
        names = [f"toc-{group[0]}-{group[-1]}" for group in groups]
        frames = b"".join(_list_frame(*each) for each in zip(names, b"\1" * len(names), groups, strict=True)) + frames
    return _list_frame("toc", 3, names) + frames


def _list_frame(name: str, flags: int, children: Sequence[str]) -> bytes:
    """`flags`: 1 for one in order, 2 for the topmost."""
    body = name.encode() + bytes([0, flags, len(children)]) + b"".join(each.encode() + b"\0" for each in children)
    return b"CTOC" + len(body).to_bytes(4, "big") + b"\0\0" + body


def words_of(spots: Sequence[Spot]) -> list[Word]:
    """Return each word of the book, in seconds of the whole. Raises Problem where a piece's are not there."""
    words = []
    for spot in spots:
        start_s = spot.start / RATE
        if spot.piece.words is None:
            continue
        try:
            cues = json.loads(spot.piece.words.read_text("utf-8"))["cues"]
            found = [word for cue in cues for word in cue["words"]]
            words += [
                Word(w["word"], start_s + w["start"], start_s + w["end"], w["confidence"]) for w in _spaced(found)
            ]
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise Problem(_damaged(spot.piece.words)) from e
    return words


def _spaced(words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Between two pieces there is a space."""
    if words and not words[-1]["word"][-1:].isspace():
        words[-1] = {**words[-1], "word": f"{words[-1]['word']} "}
    return words


def sound_of(spots: Sequence[Spot]) -> Iterator[Samples]:
    """Yield the sound of the whole, a second at a time. Raises Problem for a piece that cannot be read."""
    end = 0
    for spot in spots:
        if pause := spot.start - end:
            yield np.zeros(pause, np.float32)
        try:
            waveform = audio.decode(spot.piece.file.read_bytes(), RATE, spot.length / RATE + 1)
        except (BadAudio, OSError) as e:
            raise Problem(_damaged(spot.piece.file)) from e
        samples = audio.of_length(waveform, spot.length).samples
        yield from (samples[i : i + BLOCK] for i in range(0, len(samples), BLOCK))
        end = spot.start + spot.length


def _chapter(number: int, mark: Mark) -> Any:
    return {
        "id": number,
        "start": mark.start,
        "end": mark.end,
        "time_base": Fraction(1, RATE),
        "metadata": {"title": mark.title.encode()[:MAX_MARK_BYTES].decode(errors="ignore")},
    }


def _add_cover(out: av.container.OutputContainer, cover: bytes) -> None:
    """A picture that belongs to the whole of it."""
    import av
    from av.stream import Disposition

    with av.open(io.BytesIO(cover), "r") as picture:
        source = picture.streams.video[0]
        packet = next(packet for packet in picture.demux(source) if packet.size)
        stream = out.add_stream_from_template(source)
    stream.disposition = Disposition.attached_pic
    packet.stream, packet.pts, packet.dts = stream, 0, 0
    out.mux(packet)


def _damaged(path: Path) -> str:
    return f"{path} is damaged: remove it, and start again"
