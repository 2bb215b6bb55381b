"""How far a job is, drawn on standard error if that is a terminal; a book is told in lines elsewhere.

Knows nothing of who tells.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from voiceclone.client import QUEUED, Report, nobody


def warn(text: str) -> None:
    """Print on standard error, above a bar where there is one."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)
    else:
        print(text, file=sys.stderr)


@contextmanager
def job_bar() -> Iterator[Report]:
    """Of one job."""
    if not sys.stderr.isatty():
        yield nobody
        return
    from tqdm import tqdm

    with tqdm(total=100, leave=False, bar_format="{desc:24}{bar}| {percentage:3.0f} % {elapsed}{postfix}") as bar:

        def report(state: str, progress: Mapping[str, float]) -> None:
            bar.set_description_str("waiting for a worker" if state == QUEUED else "at work", refresh=False)
            bar.n = progress.get("percent", bar.n)
            if "seconds_left" in progress:
                bar.set_postfix_str(f"{progress['seconds_left']:.0f} s left", refresh=False)
            bar.refresh()

        yield report


@contextmanager
def book_bar(total: int, done: int) -> Iterator[Callable[[float], None]]:
    """Of many jobs, in characters: yields what to call with those that were done since. A line a percent in a pipe."""
    from tqdm import tqdm

    if not sys.stderr.isatty():
        yield _lines(total, done)
        return
    form = "{bar}| {percentage:3.0f} % {elapsed}, {remaining} left"
    with tqdm(total=total, initial=done, leave=False, bar_format=form) as bar:
        yield bar.update


def _lines(total: int, done: float) -> Callable[[float], None]:
    """Return what to call with the characters that were done since: it prints a line with each whole percent."""
    from tqdm import tqdm

    begun, now, told = time.monotonic(), done, -1

    def advance(characters: float) -> None:
        nonlocal now, told
        now += characters
        if (percent := int(100 * now / max(total, 1) + 1e-6)) <= told:
            return
        told, spent_s = percent, time.monotonic() - begun
        left_s = spent_s * max(0.0, total - now) / (now - done) if now > done else None
        left = "" if left_s is None else f", about {tqdm.format_interval(left_s)} left"
        print(f"{percent} % spoken, {tqdm.format_interval(spent_s)}{left}", file=sys.stderr, flush=True)

    if done < total:
        advance(0)
    return advance
