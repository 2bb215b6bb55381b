"""Read a book aloud: a text, Markdown or EPUB file becomes an audiobook with chapter marks.

    voiceclone narrate book.epub --voice anna
    voiceclone narrate book.txt --ref-audio anna.m4a --out book.mp3 --subtitles srt --price 4090
    voiceclone narrate book.md --voice anna --chapters 2-14 --yes
    voiceclone narrate book.epub --list

The chapters are cut into jobs of some minutes, which the endpoint's workers share. What is made lies in OUT.parts:
after a crash, Ctrl-C or a failure the same command goes on where it stopped, and finds jobs that are still running. The
directory may be removed when the audiobook is there; while it stays, a new title or format costs nothing, and a
correction in the book no more than the sentences around it, as long as the endpoint keeps what it has spoken.

The endpoint is the one that RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY name. Parts come as FLAC, without loss, by
links out of the bucket or as local files; where the endpoint has no bucket as Opus, which fits into a reply.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from voiceclone import files
from voiceclone.books import (
    WORDS,
    Block,
    Book,
    Estimate,
    Manifest,
    Narration,
    Part,
    code_of,
    covers,
    detected,
    extrapolated,
    joining,
    opened,
    parts_of,
    price_of,
    read_book,
    room_bytes,
    titled,
    told,
)
from voiceclone.cli.options import NO_VOICE, chosen_place, place_options, stopped_by_signals, voice_input, voice_options
from voiceclone.cli.starting import bar_of, confirm, ended, job_options, require_somebody
from voiceclone.client import STATUSES, BadInput, Input, Place, Problem, write_whole
from voiceclone.hiding import plain
from voiceclone.subtitles import FORMATS as SUBTITLES
from voiceclone.subtitles import render

SAMPLE_CHARS = 300
"""Spoken first where the worker cannot tell how fast it is."""


def fill(top: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    top.description, top.epilog = __doc__, STATUSES
    top.add_argument("book", type=Path, help="a .txt, .md or .epub file")
    top.add_argument("--out", type=Path, metavar="FILE", help=".m4b or .mp3 (default: the book's name with .m4b)")
    top.add_argument("--list", action="store_true", help="print the chapters and stop")
    top.add_argument("--chapters", metavar="1,3-5", help="only these, by the numbers of --list")
    top.add_argument("--title", help="instead of the book's own")
    top.add_argument("--author", help="instead of the book's own")
    top.add_argument("--cover", type=Path, metavar="FILE", help="a JPEG, PNG, WebP or GIF, instead of the book's own")
    top.add_argument("--subtitles", action="append", default=[], choices=SUBTITLES, help="of the whole; repeatable")
    voice_options(top)
    place_options(top)
    job_options(top)


def run(options: argparse.Namespace) -> int:
    """Read the book aloud; returns the exit status."""
    return ended(options, narrate)


def narrate(options: argparse.Namespace) -> int:
    """From a file to an audiobook; returns the exit status. Raises Problem, OSError, KeyboardInterrupt."""
    book = chosen(read_book(options.book), options)
    if options.list:
        print(listed(book))
        return 0
    price = price_of(options.price) if options.price else None
    out: Path = options.out or options.book.with_suffix(".m4b")
    container = joining.CONTAINERS.get(out.suffix.lower())
    if container is None:
        raise BadInput(f"--out {out}: the ending must be one of {', '.join(joining.CONTAINERS)}")
    asked = voice_input(options)
    if not {"voice", "ref_audio"} & asked.keys():
        raise BadInput(f"there is no voice: {NO_VOICE}")
    parts_dir = out.with_name(f"{out.name}.parts")
    if not parts_dir.exists():  # nothing is made yet, so that there is something to ask
        require_somebody(options.yes)
    try_to_write(out, parts_dir, container, book, options.subtitles)
    book, language = spoken(book, asked)
    stop = threading.Event()
    with opened(parts_dir) as manifest, chosen_place(options, stop) as place:
        parts = jobs(book, {**asked, **language}, options, place)
        todo = [part for part in parts if not manifest.made(part.name)]
        if todo:
            require_somebody(options.yes)
        for warning in filter(None, (*book.warnings, joining.limits(container, len(book.chapters)))):
            print(f"warning: {plain(warning)}", file=sys.stderr)
        print(listed(book))
        print(f"{len(parts)} jobs, {len(parts) - len(todo)} of them done already")
        if todo:
            estimate = estimated(todo, place)
            print(told(estimate, price, options.in_flight))
            require_room(out.absolute().parent, estimate, parts)
            confirm(options.yes)
        with bar_of(parts, todo) as tell:
            titles = [chapter.title for chapter in book.chapters]
            narration = Narration(place, manifest, titles, options.attempts, tell, stop)
            with stopped_by_signals(stop):
                failures = narration.make(parts, options.in_flight)
        for warning in narration.warnings:
            print(f"warning: {plain(warning)}", file=sys.stderr)
        if failures:
            for failure in failures:
                print(f"error: {titles[failure.part.chapter]}: {failure.problem}", file=sys.stderr)
            print(f"{len(failures)} of {len(parts)} jobs failed; the same command tries them again", file=sys.stderr)
            return failures[0].problem.status
        join(book, parts, manifest, out, container, options.subtitles)
    return 0


def chosen(book: Book, options: argparse.Namespace) -> Book:
    """Return the chapters and particulars that the options ask for, the cover as players show it. Raises BadInput."""
    warnings, cover = book.warnings, book.cover
    try:
        if options.cover:
            cover = covers.shown(options.cover.read_bytes())
        elif cover is not None:
            cover = covers.shown(cover)
    except OSError as e:
        raise BadInput(f"--cover {options.cover} cannot be read: {e.strerror}") from e
    except BadInput as e:
        if options.cover:
            raise BadInput(f"--cover {options.cover} {e}") from e
        warnings, cover = (*warnings, f"the book's cover {e} with --cover; it is left out"), None
    chapters = book.chapters
    if options.chapters:
        chapters = tuple(chapters[i - 1] for i in numbers(options.chapters, len(chapters)))
    return replace(
        book,
        title=titled(options.title or "") or book.title,
        author=titled(options.author or "") or book.author,
        cover=cover,
        chapters=chapters,
        warnings=warnings,
    )


def spoken(book: Book, asked: Input) -> tuple[Book, Input]:
    """Return the field of the language, which person, book or text tells; the book warns where none does."""
    told_by = asked.get("language")
    language = code_of(told_by) if told_by else code_of(book.language)
    if language is None and told_by is None:
        language = detected(" ".join(block.text for block in islice(blocks_of(book), 2000)))
        named = f" ({book.language})" if book.language else ""
        read_as = f"it is read as {language}" if language else "numbers are read in the model's first language"
        warning = f"the book does not tell its language{named}: {read_as}; --language says another"
        book = replace(book, warnings=(*book.warnings, warning))
    return book, {"language": language} if language else {}


def blocks_of(book: Book) -> Iterator[Block]:
    """Yield all paragraphs and headings."""
    return (block for chapter in book.chapters for block in chapter.blocks)


def try_to_write(
    out: Path, parts_dir: Path, container: joining.Container, book: Book, subtitles: Sequence[str]
) -> None:
    """Make sure that the audiobook can be written, as far as can be known before. Raises BadInput."""
    directory = out.absolute().parent
    if not directory.is_dir():
        raise BadInput(f"--out {out}: there is no directory {out.parent}")
    for path in (out, *(out.with_suffix(f".{kind}") for kind in subtitles)):
        if path.is_dir():
            raise BadInput(f"--out {out}: {path} is a directory, name another file")
    if parts_dir.exists() and not parts_dir.is_dir():
        raise BadInput(f"--out {out}: {parts_dir} is no directory, move it away")
    try:
        joining.try_out(directory, container, book)
    except OSError as e:
        raise BadInput(f"--out {out}: {directory} takes no file ({e.strerror}), name another place") from e


def require_room(directory: Path, estimate: Estimate, parts: Sequence[Part]) -> None:
    """Raise BadInput where the disk is too full for what will be made."""
    whole_s = estimate.speech_s * sum(part.characters for part in parts) / estimate.characters
    needed = room_bytes(estimate.speech_s, whole_s, parts[0].data["format"])
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise BadInput(f"{directory} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed: make room")


def numbers(asked: str, last: int) -> list[int]:
    """`1,3-5` as [1, 3, 4, 5]. Raises BadInput."""
    found: set[int] = set()
    for piece in asked.split(","):
        first, _, end = piece.partition("-")
        if not first.strip().isdecimal() or not (end or first).strip().isdecimal():
            raise BadInput(f"--chapters {asked}: write it as 1,3-5")
        found |= set(range(int(first), int(end or first) + 1))
    if not found or not found <= set(range(1, last + 1)):
        raise BadInput(f"--chapters {asked}: there are chapters 1 to {last}; --list shows them")
    return sorted(found)


def listed(book: Book) -> str:
    """Title and chapters with their characters."""
    head = f"{book.title}{f', {book.author}' if book.author else ''}"
    return "\n".join([head, *(f"{i:4} {c.characters:8,}  {c.title}" for i, c in enumerate(book.chapters, 1))])


def jobs(book: Book, asked: Input, options: argparse.Namespace, place: Place) -> list[Part]:
    """Return what is asked of the workers, in the form in which it comes back best. Raises Problem."""
    about = place.ask({"action": "info"})
    by_link = about["delivery"] == "s3" and not options.local
    asked = {"format": "flac" if by_link or options.local else "opus", **asked}
    if options.subtitles:
        asked["subtitles"] = [WORDS]
    parts = parts_of(book.chapters, asked, about["limits"]["max_text_chars"])
    # By its key a result is found in the bucket even if the id of its job is lost.
    if not by_link:
        return parts
    return [replace(part, data={"delivery": "s3", **part.data, "key": f"narrate/{part.name}"}) for part in parts]


def estimated(todo: Sequence[Part], place: Place) -> Estimate:
    """Return how long it will be and take. What the worker warns of is told. Raises Problem where it refuses."""
    longest = max(todo, key=lambda part: part.characters)
    text = longest.data["text"]
    wanted = {name: value for name, value in longest.data.items() if name != "key"}
    checked = place.ask({**wanted, "action": "check"})
    for warning in checked.get("warnings", ()):
        print(f"warning: {plain(warning)}", file=sys.stderr)
    predicted = checked["predicted"]
    rtf = predicted["synthesis"] / predicted["duration"] if predicted["synthesis"] is not None else None
    if rtf is None:
        # A worker that has not spoken yet cannot tell. Fetched as well, so that all of the way is known to be open.
        sample = place.ask({**wanted, "text": text[:SAMPLE_CHARS].rpartition(" ")[0] or text})
        place.result(sample)
        rtf = sample.get("rtf")
        if rtf is None:
            raise Problem("the reply does not tell how fast the worker speaks: check RUNPOD_ENDPOINT_ID")
    characters = sum(part.characters for part in todo)
    return extrapolated(characters, longest.characters, predicted["duration"], rtf)


def join(
    book: Book, parts: Sequence[Part], manifest: Manifest, out: Path, container: joining.Container, kinds: list[str]
) -> None:
    """Write the audiobook and its subtitles. Raises Problem, OSError."""
    made = [(part, manifest.made(part.name)) for part in parts]
    pieces = [
        joining.Piece(part.chapter, path, manifest.words(part.name) if kinds else None) for part, path in made if path
    ]
    spots = joining.laid_out(pieces)
    marks = joining.marks_of(spots, [chapter.title for chapter in book.chapters])
    duration_s = marks[-1].end / joining.RATE
    if kinds:
        words = joining.words_of(spots)
        for kind in SUBTITLES:
            if kind in kinds:
                write_whole(out.with_suffix(f".{kind}"), render(words, kind, duration_s).encode())
    files.write_whole(out, lambda file: joining.write_book(file, container, book, marks, joining.sound_of(spots)))
    print(f"{out}: {duration_s / 60:.1f} min in {len(marks)} chapters")
