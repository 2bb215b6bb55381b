"""A job's line in the log, and whatever went wrong with it by its name.

Knows nothing of how a job is done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from voiceclone.delivery import KeptChunks
from voiceclone.errors import OutOfTime, WorkerError
from voiceclone.failures import failures_named
from voiceclone.jobs.edit_request import EditRequest
from voiceclone.jobs.replies import summary
from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.logs import facts
from voiceclone.types import Reply

log = logging.getLogger(__name__)


class Account:
    """One line in the log for each job."""

    def __init__(self, action: str | None = None) -> None:
        self.action = action
        self._started = time.perf_counter()

    def close(self, reply: Reply) -> None:
        """Write the line."""
        told = summary(reply)
        level = logging.WARNING if "error_code" in reply else logging.INFO
        seconds = round(time.perf_counter() - self._started, 3)
        log.log(level, "%s", told["outcome"], extra=facts(action=self.action, seconds=seconds, **told))


@contextmanager
def errors_named() -> Iterator[None]:
    """Raise WorkerError for whatever goes wrong: the platform would post a traceback to the caller."""
    try:
        with failures_named():  # memory may run out anywhere
            yield
    except WorkerError:
        raise
    except Exception as e:  # the boundary
        log.exception("unexpected error")
        raise WorkerError("the worker failed unexpectedly; its log has the details for this job's id") from e


@contextmanager
def gone_on_later(kept: KeptChunks, request: SpeechRequest | EditRequest, seed: int) -> Iterator[None]:
    """Tell whoever has no time left that what was spoken is kept; `seed`: of the first chunk."""
    try:
        yield
    except OutOfTime as e:
        if not kept.is_on:
            raise
        same = "the same input" if request.seeds else f"the same input with seed {seed}"
        raise OutOfTime(f"{e}; or send {same}: it goes on where this job has ended") from e
