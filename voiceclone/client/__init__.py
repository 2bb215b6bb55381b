"""An endpoint seen from outside, and a worker in this process behind the same face."""

from voiceclone.client.endpoint import QUEUED, Endpoint
from voiceclone.client.errors import FAILED, PIPE_CLOSED, STATUSES, STOPPED, BadInput, JobFailed, Problem, ResultGone
from voiceclone.client.local import local_worker
from voiceclone.client.place import Input, Place, Report, nobody
from voiceclone.client.results import Result, write_whole
from voiceclone.client.workers import explained

__all__ = [
    "FAILED",
    "PIPE_CLOSED",
    "QUEUED",
    "STATUSES",
    "STOPPED",
    "BadInput",
    "Endpoint",
    "Input",
    "JobFailed",
    "Place",
    "Problem",
    "Report",
    "Result",
    "ResultGone",
    "explained",
    "local_worker",
    "nobody",
    "write_whole",
]
