"""What can go wrong with a job, in the caller's words.

Knows nothing of the platform, the model or the store: an error carries a stable code, a sentence that says
what is wrong and what to do, and evidence. `worker.Worker.handle` is the only place that turns one into a reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class WorkerError(Exception):
    """A failure that the caller or the operator can act on.

    `code` is part of the job contract and never changes meaning. The message is shown to the caller: it must
    hold no path of the container, no credential and no signed URL.
    """

    code = "internal"
    refresh_worker = False
    """Whether the process is no longer fit for the next job and the platform should replace it."""


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one field of the job's input."""

    field: str
    """Path below `input`, as the caller would write it: `speed`, `segments[2].text`."""
    message: str


class InvalidInput(WorkerError):
    """The job's input cannot be used; names every bad field at once.

    Mend the fields that `details` names; nothing was spoken.
    """

    code = "invalid_input"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))

    @classmethod
    def at(cls, field: str, message: str) -> InvalidInput:
        """Return the error for a single field."""
        return cls([FieldProblem(field, message)])


def sentence_of(message: str) -> str:
    """Return what pydantic says of a value as it follows the field's name: `must be greater than 0`."""
    message = message.removeprefix("Value error, ").partition(", unable to parse")[0]
    return message.replace("Input should be", "must be").replace("Input should", "must")


class VoiceNotFound(WorkerError):
    """No voice has the requested name.

    Ask `list_voices` for the names, or send `ref_audio`.
    """

    code = "voice_not_found"


class BadAudio(WorkerError):
    """The reference cannot be decoded, or is not usable as a reference.

    Send 3 to 10 s of clear speech by one person; the message says what is wrong with this one.
    """

    code = "bad_audio"


class DownloadFailed(WorkerError):
    """The reference could not be fetched.

    Check the link's life and that it is public, or send the recording as base64.
    """

    code = "download_failed"


class ModelUnavailable(WorkerError):
    """A model file is missing, damaged or does not fit its architecture.

    For the operator: the worker's log names the file, where it was looked for, and what fetches it.
    """

    code = "model_unavailable"


class OutOfMemory(WorkerError):
    """The device has too little memory for the job.

    Send the job again, a fresh worker takes it; if it fails again, a shorter reference or a larger GPU.
    """

    code = "out_of_memory"
    refresh_worker = True


class OutOfTime(WorkerError):
    """The job takes longer than a job may.

    Send the same input with the seed that the message tells: it goes on where this job has ended. Or send the text in
    several jobs, or raise the endpoint's execution timeout and `MAX_JOB_S`.
    """

    code = "out_of_time"


class JobCancelled(WorkerError):
    """The caller no longer wants the job.

    Send it again if that was a mistake; nothing was delivered.
    """

    code = "cancelled"


class SynthesisFailed(WorkerError):
    """The model produced no usable speech.

    Try another seed or a better reference; where the GPU broke down, the next job gets another worker.
    """

    code = "synthesis_failed"


class DeviceFailed(SynthesisFailed):
    """The GPU broke down: whatever runs on it next fails too."""

    refresh_worker = True


class EngineStopped(SynthesisFailed):
    """This process speaks no more: it is being shut down."""


class StorageFailed(WorkerError):
    """The result could not be stored or linked.

    Check what the message names: bucket, credentials, region, volume. Speech that was kept is sent by `link`.
    """

    code = "storage_failed"
