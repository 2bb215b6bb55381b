"""What can go wrong between a person and a worker, and the exit status of each.

Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceclone.hiding import plain

FAILED, UNUSABLE, NO_WORKER, STOPPED, PIPE_CLOSED = 1, 2, 3, 130, 141
STATUSES = f"""exit status:
  0    done
  {FAILED}    the job failed, or its result cannot be had
  {UNUSABLE}    the command line, a file or the job's input cannot be used
  {NO_WORKER}    the endpoint cannot be reached or refuses, or the local worker does not start
  {STOPPED}  stopped by Ctrl-C or SIGTERM; what was running on the endpoint is cancelled
  {PIPE_CLOSED}  whoever read the output has gone"""
_UNUSABLE_CODES = ("invalid_input", "voice_not_found", "bad_audio")


class Problem(Exception):
    """What a person is told instead of a traceback."""

    status = FAILED
    is_final = False
    """Whether the same would go wrong again."""

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        """`details`: a line of its own for each. Whoever wrote what is quoted there, each stays one line."""
        super().__init__("\n".join([plain(message), *(f"  {plain(detail)}" for detail in details)]))


class BadInput(Problem):
    """An option, a file or a setting cannot be used."""

    status = UNUSABLE
    is_final = True


class NoWorker(Problem):
    """The endpoint cannot be reached or refuses, or the local worker does not start."""

    status = NO_WORKER


class Refused(NoWorker):
    """The endpoint answers, and will not work for this key or at this address."""

    is_final = True


class ResultGone(Problem):
    """The platform no longer knows the job, or the link has expired."""


class JobFailed(Problem):
    """The worker's own words on why there is no result."""

    def __init__(self, message: str, code: str | None = None, details: Sequence[str] = ()) -> None:
        """`code`: one of the README's error codes; None where the platform ended the job."""
        super().__init__(message, details)
        self.code = code
        if code in _UNUSABLE_CODES:
            self.status, self.is_final = UNUSABLE, True
