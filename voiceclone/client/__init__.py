"""An endpoint seen from outside, and a worker in this process behind the same face."""

from voiceclone.client.endpoint import QUEUED, Endpoint, Pace
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
from voiceclone.client.results import Result, download, write_whole
from voiceclone.client.workers import explained, why_none_comes

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
    "Pace",
    "Place",
    "Problem",
    "Report",
    "Result",
    "ResultGone",
    "download",
    "explained",
    "nobody",
    "recording",
    "text_of",
    "why_none_comes",
    "write_whole",
]
