"""What an endpoint may answer, field by field: whatever is read further on has been looked at here.

Knows nothing of HTTP. Imported with the first answer, for pydantic is not needed before. What is not named here is
passed on as it came, and only ever printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from voiceclone.client.errors import JobFailed, NoWorker
from voiceclone.subtitles import SubtitleFormat
from voiceclone.types import SEEDS, AudioFormat, Reply, Verdict

_CODE = re.compile(r"([a-z_]+): ")
_LINK = r"(?i:https?)://[!-~]{1,10000}"
MAX_TOLD_CHARS = 200
"""Of the path to a field that is wrong: its names are the endpoint's."""


def _telling_text_chars(limits: dict[str, float | None]) -> dict[str, float | None]:
    if not isinstance(limits.get("max_text_chars"), int):
        raise ValueError("must have max_text_chars, an integer")
    return limits


def _like(pattern: str, words: str) -> AfterValidator:
    """Return what holds a text to a pattern, and tells a person of it in words."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {words}")
        return text

    return AfterValidator(check)


Name = Annotated[str, Field(max_length=200)]
Line = Annotated[str, Field(max_length=10_000)]
Text = Annotated[str, Field(max_length=1_000_000)]
Link = Annotated[str, _like(_LINK, "an http(s) link")]
JobId = Annotated[str, _like(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}", "a job's id")]
Seconds = Annotated[float, Field(ge=0, le=1e7)]
Length = Annotated[float, Field(gt=0, le=1e7)]
"""Of audio, in seconds."""
Limit = Annotated[int, Field(ge=1, le=10**15)] | Annotated[float, Field(gt=0, le=1e15)]
Counts = Annotated[
    dict[Annotated[str, _like("[A-Za-z_]{1,50}", "a state's name")], Annotated[int, Field(ge=0, le=10**9)]],
    Field(max_length=50),
]
"""Of workers and jobs, by their states."""


class Answer(BaseModel):
    """What any answer is."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Sent(Answer):
    """A job was taken."""

    id: JobId


class News(Answer):
    """Where a job is."""

    status: Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]
    output: JsonValue = None
    error: JsonValue = None
    """As `output`: the worker's, and looked at with it."""


class Health(Answer):
    """What an endpoint counts."""

    workers: Counts = {}
    jobs: Counts = {}


class Progress(Answer):
    """How far a job is."""

    percent: Annotated[float, Field(ge=0, le=100)] = 0
    seconds_left: Seconds = 0
    chunks_done: Annotated[int, Field(ge=0, le=10**9)] = 0
    chunks: Annotated[int, Field(ge=0, le=10**9)] = 0


class _Detail(Answer):
    field: Line
    message: Line


class Failure(Answer):
    """Why there is no result."""

    error: Text
    error_code: Annotated[str, _like("[a-z_]{1,50}", "an error's code")] | None = None
    details: Annotated[list[_Detail], Field(max_length=1000)] = []


class _Degraded(Answer):
    delivery: Name
    reason: Line


class Done(Answer):
    """What every reply may hold."""

    warnings: Annotated[list[Line], Field(max_length=10_000)] = []
    degraded: _Degraded | None = None


class _Timings(Answer):
    total: Seconds


class _Take(Answer):
    text: Line
    seed: Annotated[int, Field(ge=0, lt=SEEDS)]


class _Recipe(Answer):
    takes: Annotated[list[_Take], Field(max_length=10_000)] = []


class Speech(Done):
    """A recording, or the way to it: the reply to `synthesize` and `link`."""

    audio_url: Link | None = None
    audio_base64: str | None = None
    audio_path: Line | None = None
    key: Line | None = None
    subtitles: dict[SubtitleFormat, str] = {}
    format: AudioFormat | None = None
    sample_rate: Annotated[int, Field(ge=1, le=10**6)] | None = None
    duration: Length | None = None
    seed: Annotated[int, Field(ge=0, lt=SEEDS)] | None = None
    rtf: Annotated[float, Field(ge=0, le=1e6)] | None = None
    recipe: _Recipe | None = None
    timings: _Timings | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Speech:
        if "timings" in self.model_fields_set:
            told = ("format", "sample_rate", "duration", "seed", "timings")
            if missing := [name for name in told if getattr(self, name) is None]:
                raise ValueError(f"must have {', '.join(missing)}, as there are timings")
        if self.audio_url is not None and not all(re.fullmatch(_LINK, each) for each in self.subtitles.values()):
            raise ValueError("must have http(s) links to its subtitles, as it has one to the audio")
        return self


class _Cue(Answer):
    index: Annotated[int, Field(ge=1, le=10**9)]
    start: Seconds
    end: Seconds
    text: Text
    spoken_end: Seconds
    rate: Annotated[float, Field(ge=0, le=1e6)]
    fits: bool
    speaker: Name | None = None
    over_by: Seconds = 0
    overlaps: Annotated[list[Annotated[int, Field(ge=1, le=10**9)]], Field(max_length=1000)] = []


class Dubbed(Speech):
    """A track of dubbed cues, or the way to it."""

    cues: Annotated[list[_Cue], Field(max_length=100_000)]


class _Change(Answer):
    was: Text
    now: Text
    was_start: Seconds
    was_end: Seconds
    duration: Seconds


class Edited(Speech):
    """A recording with other words, or what would change in it."""

    changes: Annotated[list[_Change], Field(max_length=1000)]


class FreshLink(Speech):
    """A link to an earlier recording."""

    audio_url: Link


class _Chunk(Answer):
    text: Text
    duration: Seconds
    voice: Name | None = None


class _Predicted(Answer):
    duration: Length
    synthesis: Seconds | None


class Plan(Done):
    """What would be said."""

    chunks: Annotated[list[_Chunk], Field(max_length=100_000)]
    predicted: _Predicted
    unknown_characters: Annotated[list[Name], Field(max_length=10_000)]


class DubPlan(Done):
    """Which cues would fit."""

    cues: Annotated[list[_Cue], Field(max_length=100_000)]
    predicted: _Predicted


class _Voice(Answer):
    name: Name
    language: Name = ""
    duration: Seconds = 0
    verdict: Verdict = "good"
    built_in: bool = False
    created: Name = ""


class Voices(Done):
    """Every voice that a job may name."""

    voices: Annotated[list[_Voice], Field(max_length=100_000)]


class _Spoken(_Voice):
    ref_text: Text
    duration: Seconds


class _Finding(Answer):
    what: Name
    value: Annotated[float, Field(ge=-1e9, le=1e9)] | Name
    unit: Name
    verdict: Verdict
    advice: Line = ""


class _CheckUp(Answer):
    verdict: Verdict
    findings: Annotated[list[_Finding], Field(max_length=100)]


class Added(Done):
    """A voice that was added."""

    voice: _Spoken
    check_up: _CheckUp


class _Model(Answer):
    name: Name
    revision: Name | None
    license: Name


class About(Done):
    """What a worker is and can do."""

    model: _Model
    languages: Annotated[list[Name], Field(max_length=1000)]
    voices: Annotated[list[Name], Field(max_length=10_000)]
    formats: Annotated[list[Name], Field(max_length=100)]
    device: Name
    dtype: Name
    recogniser: Name | None
    delivery: Literal["s3", "base64", "local"]
    limits: Annotated[dict[Name, Limit | None], Field(max_length=100), AfterValidator(_telling_text_chars)]


REPLIES: dict[str, type[Done]] = {
    "synthesize": Speech,
    "edit": Edited,
    "link": FreshLink,
    "check": Plan,
    "dub": Dubbed,
    "check_dub": DubPlan,
    "list_voices": Voices,
    "add_voice": Added,
    "info": About,
}
"""By the action that was asked for."""


ANSWERS: dict[str, type[Answer]] = {"run": Sent, "status": News, "health": Health, "cancel": Answer}
"""By the first step of the path."""


def answered(step: str, body: bytes) -> dict[str, Any]:
    """Return what an endpoint's API has answered at a path. Raises NoWorker where no endpoint would answer so."""
    try:
        found: dict[str, Any] = json.loads(body)
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # no NaN, infinity or half surrogate pair
        ANSWERS[step].model_validate(found)
    except ValidationError as e:
        raise NoWorker(f"what answers is no endpoint: look for a proxy or a log-in page in between ({_told(e)})") from e
    except (ValueError, RecursionError) as e:
        raise NoWorker("what answers is no endpoint: look for a proxy or a log-in page in between") from e
    return found


def progress_of(output: Any) -> Mapping[str, float]:
    """Return what is told of a job that runs; empty where that is no progress."""
    try:
        found = Progress.model_validate(output)
    except ValidationError:
        return {}
    return found.model_dump(include=set(Progress.model_fields), exclude_unset=True)


def reply_of(action: str, output: Any, error: Any = None) -> Reply:
    """Return a worker's output as the reply to an action.

    Args:
        error: what the platform has put beside the output.

    Raises JobFailed with what the worker says went wrong, or where the reply cannot be used.
    """
    reply: Reply = output if isinstance(output, dict) else {}
    try:
        if error := error or reply.get("error"):
            failure = Failure.model_validate({**reply, "error": error})
            prefix = _CODE.match(failure.error)  # the local API leaves everything else out
            details = [f"{each.field}: {each.message}" for each in failure.details]
            # One problem is the message itself.
            raise JobFailed(
                failure.error, failure.error_code or (prefix and prefix[1]), details if len(details) > 1 else ()
            )
        if not reply:
            raise JobFailed("the job has ended without a reply: look into the worker's log")
        REPLIES.get(action, Done).model_validate(reply)
    except ValidationError as e:
        raise JobFailed(
            f"the reply cannot be used ({_told(e)}): another worker than this program's answers, or an older one;"
            " check RUNPOD_ENDPOINT_ID"
        ) from e
    return reply


def _told(error: ValidationError) -> str:
    """Return the first thing that is wrong: where, and what is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))[:MAX_TOLD_CHARS]
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
