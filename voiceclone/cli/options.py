"""The options that several commands share, and the request that they make.

Knows nothing of who answers. Ranges and names are the worker's to check: it names every bad field at once.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from voiceclone.cli.bar import warn
from voiceclone.cli.local import local_worker
from voiceclone.client import BadInput, Endpoint, Input, Place, recording, text_of

NO_VOICE = "give --voice NAME or --ref-audio FILE; `voiceclone voices` lists the names"

FIELD = "any other field of the request; repeatable"


def place_options(parser: argparse.ArgumentParser) -> None:
    """Who answers."""
    parser.add_argument(
        "--local",
        action="store_true",
        help="let the worker run here, with the model on $RUNPOD_VOLUME or ./runpod-volume, instead of on the endpoint"
        " that RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY name",
    )


def voice_options(parser: argparse.ArgumentParser, speed: bool = True) -> None:
    """Who speaks, and how; `speed`: whether the rate may be told."""
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--voice", metavar="NAME", help="a voice by its name; `voiceclone voices` lists them")
    who.add_argument("--ref-audio", metavar="FILE|URL", help="instead a recording of someone speaking, up to 12 s")
    parser.add_argument("--ref-text", metavar="TEXT", help="what is said in it; without, it is listened to")
    parser.add_argument("--language", metavar="CODE", help="of the text, as en")
    if speed:
        parser.add_argument("--speed", type=float, help="speech rate relative to the reference's, 0.3 to 3")
    parser.add_argument("--seed", type=int, help="the same seed gives the same audio")
    parser.add_argument("--quality", choices=["fast", "balanced", "best"], help="best by default")
    parser.add_argument(
        "--set",
        action="append",
        type=json_field,
        default=[],
        metavar="FIELD=JSON",
        help=f'{FIELD}, as --set verify=true or --set \'lexicon={{"GIF": "jiff"}}\'',
    )


def json_field(text: str) -> tuple[str, Any]:
    """Return a field of a request and its value. Raises ArgumentTypeError."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not FIELD=JSON")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # format=mp3 is as good as format="mp3"


def voice_input(options: argparse.Namespace) -> Input:
    """Return the fields that `voice_options` give. Raises BadInput for a recording that cannot be read."""
    data: Input = {
        name: value
        for name in ("voice", "ref_text", "language", "speed", "seed", "quality")
        if (value := getattr(options, name, None)) is not None
    }
    if options.ref_audio is not None:
        data["ref_audio"] = recording(options.ref_audio)
    return {**data, **dict(options.set)}


def text_options(parser: argparse.ArgumentParser, what: str = "what to say") -> None:
    """What is said."""
    parser.add_argument("text", nargs="?", help=f"{what}; `-` or nothing for standard input")
    parser.add_argument("--file", type=Path, help="read the text from a file")


def given_text(options: argparse.Namespace) -> str:
    """Return the text that the options of `text_options` give. Raises BadInput."""
    if options.file is not None and options.text is not None:
        raise BadInput("there is a text and a --file: give one of them")
    if options.file is not None:
        return text_of(options.file)
    if options.text not in (None, "-"):
        return str(options.text)
    if sys.stdin.isatty() and options.text is None:
        raise BadInput("there is nothing to say: give a text, --file, or a pipe; --help tells more")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as e:
        raise BadInput("standard input is not in UTF-8") from e


def spoken_input(options: argparse.Namespace) -> Input:
    """Return the fields that the options of `text_options` and `voice_options` give. Raises BadInput."""
    text = given_text(options)
    data = {"text": text, **voice_input(options)}
    # In a text of turns, "[anna] Hello.", each may have its own.
    if not {"voice", "ref_audio", "segments"} & data.keys() and "[" not in text:
        raise BadInput(f"there is no voice: {NO_VOICE}")
    return data


@contextmanager
def chosen_place(options: argparse.Namespace, stop: threading.Event) -> Iterator[Place]:
    """Whoever is to answer. Raises BadInput, NoWorker."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # what is asked again is nobody's concern
    if options.local:
        with local_worker(os.environ, stop) as place:
            yield place
    else:
        yield Endpoint.from_env(os.environ, stop, warn)


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the event, meanwhile; the second one ends the process at once."""
    # Whoever waits for the event holds its lock when the signal comes, in the same thread: another one sets it. Of what
    # passes it on, this queue alone may be interrupted by itself.
    received: SimpleQueue[signal.Signals | None] = SimpleQueue()

    def note(number: int, _frame: object) -> None:
        received.put(signal.Signals(number))
        signal.signal(number, signal.SIG_DFL)

    def stop_when_told() -> None:
        while number := received.get():
            stop.set()
            if number == signal.SIGINT:
                print("\nstopping; press Ctrl-C again to leave at once", file=sys.stderr)

    watcher = threading.Thread(target=stop_when_told, daemon=True)
    watcher.start()
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        received.put(None)
        watcher.join()


def agreed(question: str) -> bool:
    """Ask somebody at the terminal; no answer is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
