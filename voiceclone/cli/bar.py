"""How far a job is, drawn on standard error if that is a terminal.

Knows nothing of who tells.
"""

from __future__ import annotations

import sys
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
    """Of many jobs, in characters: yields what to call with those that were done since."""
    if not sys.stderr.isatty():
        yield lambda _characters: None
        return
    from tqdm import tqdm

    form = "{bar}| {percentage:3.0f} % {elapsed}, {remaining} left"
    with tqdm(total=total, initial=done, leave=False, bar_format=form) as bar:
        yield bar.update
