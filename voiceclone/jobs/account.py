"""A job's line in the log, and whatever went wrong with it by its name.

Knows nothing of what the job asked for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from voiceclone.errors import WorkerError
from voiceclone.failures import failures_named
from voiceclone.jobs.replies import summary
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
