"""An endpoint seen from outside, and a worker in this process behind the same face."""

from voiceclone.client.endpoint import QUEUED, Endpoint
from voiceclone.client.errors import (
    FAILED,
    PIPE_CLOSED,
    STATUSES,
    STOPPED,
    BadInput,
    JobFailed,
    NoWorker,
    Problem,
    ResultGone,
)
from voiceclone.client.inputs import recording, text_of
from voiceclone.client.local import Local
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
    "Local",
    "NoWorker",
    "Place",
    "Problem",
    "Report",
    "Result",
    "ResultGone",
    "explained",
    "nobody",
    "recording",
    "text_of",
    "write_whole",
]
