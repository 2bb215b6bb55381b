"""What is asked of whoever answers jobs, be it an endpoint or this process.

Knows nothing of either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from voiceclone.client.errors import JobFailed
from voiceclone.client.results import Result
from voiceclone.types import Reply

Input = dict[str, Any]
"""Of a job, as the README's table has it."""
Report = Callable[[str, Mapping[str, float]], None]
"""Is told the job's state, and the worker's `chunks_done`, `chunks`, `percent` and `seconds_left` if there are any."""

_CODE = re.compile(r"([a-z_]+): ")


def nobody(_state: str, _progress: Mapping[str, float]) -> None:
    """Where no one wants to know."""


def forget(_job_id: str) -> None:
    """Where no one takes the job up again."""


class Place(Protocol):
    """Answers jobs. Its methods may be called by several threads."""

    def ask(self, data: Input, report: Report = nobody, sent: Callable[[str], None] = forget) -> Reply:
        """A job's reply; `sent` is told its id as soon as there is one.

        Raises:
            JobFailed, NoWorker, BadInput, ResultGone.
            KeyboardInterrupt: someone wants to stop; the job is cancelled.
        """

    def take_up(self, job_id: str, report: Report = nobody) -> Reply:
        """The reply of a job that was sent before. Raises as `ask`; ResultGone where it is no longer known."""

    def result(self, reply: Reply) -> Result:
        """What the reply leads to. Raises ResultGone, NoWorker, JobFailed."""


def checked(output: Any, error: Any = None) -> Reply:
    """A worker's output, or what it says went wrong raised as JobFailed.

    Args:
        error: what the platform has put beside the output.
    """
    reply: Reply = output if isinstance(output, dict) else {}
    if error := error or reply.get("error"):
        prefix = _CODE.match(str(error))  # the local API leaves everything else out
        details = [f"{each['field']}: {each['message']}" for each in reply.get("details", ())]
        # One problem is the message itself.
        raise JobFailed(
            str(error), reply.get("error_code") or (prefix and prefix[1]), details if len(details) > 1 else ()
        )
    if not reply:
        raise JobFailed("the job has ended without a reply: look into the worker's log")
    return reply
