"""The SDK's own API on this machine: what is told on Ctrl-C, and how it ends.

Knows no job. The SDK answers jobs in the thread of its server, which hears nothing until one is done.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

SERVES = "--rp_serve_api"
Handler = Callable[[dict[str, Any]], dict[str, Any]]


def told_of_ctrl_c(handler: Handler, arguments: Sequence[str]) -> Handler:
    """Return the handler; where this process serves the API, with a word to whoever ends it during a job."""
    if SERVES not in arguments:
        return handler
    logging.getLogger("uvicorn.error").addFilter(_is_no_traceback)  # of a server that is ended twice

    def told(job: dict[str, Any]) -> dict[str, Any]:
        with _finishing():
            return handler(job)

    return told


@contextmanager
def _finishing() -> Iterator[None]:
    """Let the first Ctrl-C wait for what is done meanwhile, and the second one end the process at once."""
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        sys.stderr.write("\nfinishing the job; press Ctrl-C again to leave at once\n")
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_no_traceback(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Traceback")
