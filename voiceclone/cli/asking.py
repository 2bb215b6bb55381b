"""A job is asked of whoever answers, and its reply shown: what `say`, `check`, `voices`, `info` and `result` share."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from pathlib import Path

from voiceclone.cli import cards
from voiceclone.cli.bar import job_bar
from voiceclone.cli.options import chosen_place, place_options, stopped_by_signals
from voiceclone.client import STATUSES, STOPPED, BadInput, Input, Place, Problem, Result, write_whole
from voiceclone.hiding import plain, printable
from voiceclone.subtitles import FORMATS as SUBTITLES
from voiceclone.types import AUDIO_FORMATS, Reply


def reply_options(parser: argparse.ArgumentParser) -> None:
    """Who answers, and how the reply is shown."""
    place_options(parser)
    parser.add_argument("--json", action="store_true", help="print the worker's reply, without the audio")
    parser.epilog = STATUSES


def out_option(parser: argparse.ArgumentParser) -> None:
    """Where the audio goes."""
    parser.add_argument(
        "--out",
        default="speech.wav",
        metavar="FILE",
        help=f"its ending is the format: {', '.join(AUDIO_FORMATS)}; `-` for standard output, as wav"
        " (default: %(default)s, which is written anew)",
    )


def with_status(run: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], int]:
    """Let a command tell a person what went wrong, and return the exit status."""

    @wraps(run)
    def wrapped(options: argparse.Namespace) -> int:
        try:
            run(options)
        except Problem as e:
            print(f"error: {e}", file=sys.stderr)
            return e.status
        except KeyboardInterrupt:
            return STOPPED
        return 0

    return wrapped


@contextmanager
def asked_place(options: argparse.Namespace) -> Iterator[Place]:
    """Whoever is to answer one job. Raises BadInput, NoWorker."""
    stop = threading.Event()
    # The worker in this process may be interrupted anywhere, a job elsewhere is to be cancelled.
    with nullcontext() if options.local else stopped_by_signals(stop), chosen_place(options, stop) as place:
        yield place


def ask(place: Place, data: Input) -> Reply:
    """Return the reply, and show meanwhile how far the job is. Raises Problem."""
    with job_bar() as report:
        return place.ask(data, report)


def show(reply: Reply, options: argparse.Namespace, card: Callable[[Reply], str | None]) -> None:
    """Print what a reply warns of, and then its card or all of it. No text in it moves or hides what stands around."""
    told = plain(reply)
    if notes := cards.notes(told):
        print(notes, file=sys.stderr)
    if options.json:
        shown = {name: value for name, value in reply.items() if name != "audio_base64"}
        lines = json.dumps(shown, indent=2, ensure_ascii=False).split("\n")
        print("\n".join(map(printable, lines)))
    elif (shown_card := card(told)) is not None:
        print(shown_card)


def audio_format(options: argparse.Namespace) -> str:
    """Return the format that the name of the output asks for. Raises BadInput."""
    out = options.out
    if out == "-":
        if options.json:
            raise BadInput("--json and --out - both want standard output: give --out a file")
        return "wav"
    found = Path(out).suffix.lower().removeprefix(".")
    if found not in AUDIO_FORMATS:
        raise BadInput(f"--out {out}: the ending must be one of {', '.join(AUDIO_FORMATS)}")
    if not Path(out).absolute().parent.is_dir():
        raise BadInput(f"--out {out}: there is no directory {Path(out).parent}")
    return found


def subtitles_option(parser: argparse.ArgumentParser) -> None:
    """Which subtitles are written."""
    parser.add_argument(
        "--subtitles", action="append", default=[], choices=SUBTITLES, help="beside the audio; repeatable"
    )


def keep(reply: Reply, result: Result, options: argparse.Namespace) -> None:
    """Write the audio, and the subtitles beside it, and tell of it. Raises Problem."""
    if options.out == "-":
        sys.stdout.buffer.write(result.audio)
        sys.stdout.buffer.flush()
    else:
        path = Path(options.out)
        files = {path.with_suffix(f".{kind}"): text.encode() for kind, text in result.subtitles.items()}
        try:
            for name, data in {**files, path: result.audio}.items():
                write_whole(name, data)
        except OSError as e:
            raise BadInput(f"{e.filename or path} cannot be written: {e.strerror}") from e
    show(reply, options, lambda reply: None if options.out == "-" else options.out)
    if not options.json and "timings" in reply:
        print(cards.spoken(reply), file=sys.stderr)
