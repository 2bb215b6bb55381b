"""What the commands share that make a file of many jobs: whether to start, how far it is, and how it ended."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from voiceclone.books import Part
from voiceclone.cli.bar import book_bar
from voiceclone.cli.options import agreed
from voiceclone.client import FAILED, STOPPED, BadInput, Problem


def job_options(parser: argparse.ArgumentParser) -> None:
    """How many jobs at a time, how often, and at what price."""
    parser.add_argument(
        "--in-flight", type=int, default=4, metavar="N", help="jobs at a time (default: %(default)s; with --local 1)"
    )
    parser.add_argument("--attempts", type=int, default=3, metavar="N", help="for a job (default: %(default)s)")
    parser.add_argument(
        "--price", metavar="DOLLARS|GPU", help="of a second of a worker, or its GPU, as 4090: tells what it will cost"
    )
    parser.add_argument("--yes", action="store_true", help="start without asking")


def ended(options: argparse.Namespace, make: Callable[[argparse.Namespace], int]) -> int:
    """Make it, and return the exit status; a person is told what went wrong."""
    if min(options.in_flight, options.attempts) < 1:
        options.parser.error("--in-flight and --attempts must be at least 1")
    if options.local:
        options.in_flight = 1
    try:
        return make(options)
    except Problem as e:
        print(f"error: {e}", file=sys.stderr)
        return e.status
    except BrokenPipeError:  # whoever reads has gone, and no file is to blame
        raise
    except OSError as e:
        print(f"error: {e.filename or options.out} cannot be written: {e.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return STOPPED


def require_somebody(yes: bool) -> None:
    """Raise BadInput where nobody can be asked whether to start."""
    if not yes and not sys.stdin.isatty():
        raise BadInput("nobody is there to be asked: give --yes")


def confirm(yes: bool) -> None:
    """Ask whether to start. Raises KeyboardInterrupt for a no."""
    if not (yes or agreed("start?")):
        raise KeyboardInterrupt


@contextmanager
def bar_of(parts: Sequence[Part], todo: Sequence[Part]) -> Iterator[Callable[[Part, float], None]]:
    """Counts characters."""
    total = sum(part.characters for part in parts)
    with book_bar(total, total - sum(part.characters for part in todo)) as advance:
        lock, done = threading.Lock(), dict.fromkeys((part.name for part in todo), 0.0)

        def tell(part: Part, share: float) -> None:
            with lock:
                advance((share - done[part.name]) * part.characters)
                done[part.name] = share

        yield tell
