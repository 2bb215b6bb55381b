"""What is asked of whoever answers jobs, be it an endpoint or this process.

Knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from voiceclone.client.results import Result
from voiceclone.subtitles import FORMATS
from voiceclone.types import Reply

Input = dict[str, Any]
"""Of a job, as the README's table has it."""
Report = Callable[[str, Mapping[str, float]], None]
"""Is told the job's state, and the worker's `chunks_done`, `chunks`, `percent` and `seconds_left` if there are any."""
SPEAK = "synthesize"
"""What a job asks for that names no action."""
SOUND = (SPEAK, "edit", "dub")
"""Actions whose replies lead to sound."""


def action_of(data: Input) -> str:
    """Return what a job asks for."""
    return str(data.get("action", SPEAK))


def nobody(_state: str, _progress: Mapping[str, float]) -> None:
    """Where no one wants to know."""


def forget(_job_id: str) -> None:
    """Where no one takes the job up again."""


class Place(Protocol):
    """Answers jobs. Its methods may be called by several threads."""

    def ask(self, data: Input, report: Report = nobody, sent: Callable[[str], None] = forget) -> Reply:
        """Return a job's reply; `sent` is told its id as soon as there is one.

        Raises:
            JobFailed, NoWorker, BadInput, ResultGone.
            KeyboardInterrupt: someone wants to stop; the job is cancelled.
        """

    def take_up(self, job_id: str, report: Report = nobody) -> Reply:
        """Return the reply of a job that was sent before. Raises as `ask`; ResultGone where it is no longer known."""

    def result(self, reply: Reply, audio_format: str | None = None, kinds: Collection[str] = FORMATS) -> Result:
        """Return what the reply leads to: audio in this format, and subtitles of these kinds if there are any.

        Raises ResultGone, NoWorker, JobFailed.
        """
