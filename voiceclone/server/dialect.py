"""OpenAI's dialect: its requests as this worker's jobs, this worker's errors as its errors. Pure functions.

Knows nothing of HTTP's transport or of how a job is done.
https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from voiceclone.types import AudioFormat, Reply

Known = TypeVar("Known", bound=str)
OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names that clients send unasked: they mean the model that is there."""
MEANT = {"input": "text", "response_format": "format"}
"""OpenAI's names of fields, and those of `synthesize`."""
THEIRS = {ours: theirs for theirs, ours in MEANT.items()}
FORMATS: dict[AudioFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""Of sound that is sent while it is made, and their media types."""
STREAM_FORMATS = ("audio", "sse")
NOT_STREAMED = {
    "loudness": "needs the whole recording before its first sample can be sent",
    "subtitles": "are made of the whole recording",
    "delivery": "is by this answer itself",
    "key": "names a result that is kept, and this one is not",
    "expires_in": "is the life of a link, and there is none",
    "action": "is told by the address: /v1/audio/speech speaks",
}
"""Fields of `synthesize` that an answer which leaves as it is made cannot have, and why."""
AS_A_JOB = "send it as a job to /runsync"
STATUSES = {
    "model_unavailable": 503,
    "out_of_memory": 503,
    "storage_failed": 503,
    "synthesis_failed": 500,
    "out_of_time": 503,
    "internal": 500,
}
"""HTTP's of an error's code; 400 for all others: the caller can mend them."""
PARAMS = {"voice_not_found": "voice", "bad_audio": "ref_audio", "download_failed": "ref_audio"}
"""The field that an error is about which names none."""


@dataclass(eq=False)
class Refusal(Exception):
    """An answer that says why there is none."""

    message: str
    status: int = 400
    code: str = "invalid_input"
    param: str | None = None
    """The field that is wrong, by the caller's name."""
    details: tuple[Mapping[str, str], ...] = ()
    """Each wrong field with what is wrong."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, param: str, what: str) -> Refusal:
        """Return the refusal of one field."""
        return cls(f"{param}: {what}", param=param, details=({"field": param, "message": what},))

    @classmethod
    def of(cls, reply: Reply, names: Mapping[str, str]) -> Refusal:
        """Return what a caller over HTTP is told of a job's reply that is an error.

        `names`: of the job's fields, where the caller has others.
        """
        code = reply["error_code"]
        details = tuple(
            {"field": names.get(each["field"], each["field"]), "message": each["message"]}
            for each in reply.get("details", ())
        )
        if details:
            told = "; ".join(f"{each['field']}: {each['message']}" for each in details)
            return cls(told, 400, code, details[0]["field"], details)
        status = STATUSES.get(code, 400)
        # Clients send again what fails with 500 and more, twice, at once: only another worker may do better.
        headers = {} if status < 500 or reply.get("refresh_worker") else {"x-should-retry": "false"}
        param = PARAMS.get(code)
        told = reply["error"].removeprefix(f"{code}: ")
        return cls(told, status, code, param and names.get(param, param), headers=headers)

    @property
    def body(self) -> dict[str, Any]:
        """As OpenAI's clients read it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error: dict[str, Any] = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": {**error, "details": list(self.details)} if self.details else error}


@dataclass(frozen=True)
class Wish:
    """What a request for speech asks for."""

    job: Mapping[str, Any]
    """The input of a job."""
    audio_format: AudioFormat
    as_events: bool
    """Whether the sound is sent within server-sent events."""
    notes: tuple[str, ...] = ()
    """For the caller: what has no effect."""


def wish(body: Mapping[str, Any], own_model: str, voice_names: Mapping[str, str]) -> Wish:
    """Read the body of a request for speech.

    Fields that OpenAI does not know are those of `synthesize`; whoever does the job looks at their values.

    Args:
        own_model: name of the model that speaks.
        voice_names: voices by names that clients insist on.

    Raises:
        Refusal: names the field and the cure.
    """
    fields = {name: value for name, value in body.items() if value is not None}
    for theirs, ours in MEANT.items():
        if theirs in fields and ours in fields:
            raise Refusal.at(ours, f"comes with {theirs}, which means the same: send one of them")
    model = fields.pop("model", own_model)
    if model not in (own_model, *OPENAI_MODELS):
        raise Refusal.at("model", f"must be {own_model}, which speaks here, or one of: {', '.join(OPENAI_MODELS)}")
    as_events = _one_of("stream_format", fields.pop("stream_format", "audio"), STREAM_FORMATS) == "sse"
    notes: tuple[str, ...] = ()
    if fields.pop("instructions", None):
        notes = ("instructions: have no effect, this model takes its manner from the reference",)
    fields.pop("stream", None)  # as some clients say it: sound leaves while it is made
    job = {MEANT.get(name, name): value for name, value in fields.items()}
    for name in job.keys() & NOT_STREAMED.keys():
        if job[name] not in ([], "") and (name, job[name]) != ("action", "synthesize"):
            raise Refusal.at(name, f"{NOT_STREAMED[name]}: leave it out, or {AS_A_JOB}")
        del job[name]
    audio_format = job["format"] = _one_of("response_format", job.get("format", "mp3"), tuple(FORMATS))
    if job.get("timestamps") and not as_events:
        raise Refusal.at("timestamps", f"need stream_format sse, in whose events they come; or {AS_A_JOB}")
    voice = job.get("voice")
    if isinstance(voice, Mapping):  # as the openai client sends a voice of one's own
        voice = voice.get("id")
        if not isinstance(voice, str):
            raise Refusal.at("voice", 'must be a name, or {"id": name}')
    if isinstance(voice, str):
        job["voice"] = voice_names.get(voice, voice)
    return Wish(job, audio_format, as_events, notes)


def _one_of(name: str, value: object, known: tuple[Known, ...]) -> Known:
    for each in known:
        if value == each:
            return each
    close = difflib.get_close_matches(str(value)[:20], known, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    raise Refusal.at(name, f"must be one of: {', '.join(known)}{meant}")
