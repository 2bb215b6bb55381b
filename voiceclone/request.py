"""The job's input: the only schema of it.

Turns the raw JSON of a job into a request, or raises InvalidInput with every problem at once, each under its field's
path. Knows nothing of voices, audio or the model. The table in the README is rendered from these classes by
`scripts/render_docs.py`.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from voiceclone import text as text_rules
from voiceclone.audio import AudioFormat
from voiceclone.errors import FieldProblem, InvalidInput
from voiceclone.normalize import can_spell, spell_numbers
from voiceclone.settings import Settings

Delivery = Literal["auto", "s3", "base64", "local"]
Quality = Literal["fast", "balanced", "best"]
NFE_STEPS: dict[Quality, int] = {"fast": 7, "balanced": 16, "best": 32}

MB = 1_000_000
# An error must fit into a reply, whatever was sent.
MAX_PROBLEMS = 30
MAX_NAME_CHARS = 64
# 200 characters fit into a file's name with what a store adds to it.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*")
_VOICE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_JOB_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class WebSource:
    """A reference to fetch from the web."""

    url: str


@dataclass(frozen=True)
class BucketSource:
    """A reference in the configured bucket."""

    bucket: str
    key: str


@dataclass(frozen=True)
class InlineSource:
    """A reference that came with the job."""

    data: bytes


AudioSource = WebSource | BucketSource | InlineSource


def _speakable(value: str, info: ValidationInfo) -> str:
    limit = _context(info).settings.max_text_chars
    if len(value) > limit:
        raise ValueError(f"has {len(value)} characters, at most {limit} are allowed: split it into several jobs")
    if not text_rules.is_speakable(value):
        raise ValueError("has no letter or digit to say")
    return value


def _transcript(value: str) -> str:
    if not text_rules.is_speakable(value):
        raise ValueError("has no letter or digit: write down what is said in the reference")
    return text_rules.as_transcript(value)


def _source(value: Any, info: ValidationInfo) -> AudioSource:
    if not isinstance(value, str):
        raise ValueError("must be a string: an http(s):// URL, s3://bucket/key, a data: URI or base64")
    source = parse_source(value, _context(info).settings.max_audio_mb * MB)
    if isinstance(source, BucketSource) and source.bucket != _context(info).bucket:
        raise ValueError("must lie in the bucket that this worker is configured with")
    return source


def _short_enough(value: str) -> str:
    if len(value) > 512:
        raise ValueError("has more than 512 characters: shorten it")
    return value


def _like(pattern: re.Pattern[str], what: str) -> AfterValidator:
    """Refuse what the pattern does not match as a whole."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"may hold {what}")
        return value

    return AfterValidator(check)


_RECORDING = "an `http(s)://` URL, `s3://bucket/key` of the configured bucket, a `data:` URI or base64"
Text = Annotated[str, AfterValidator(_speakable)]
RefText = Annotated[str, AfterValidator(_transcript)]
Recording = Annotated[AudioSource, BeforeValidator(_source)]
VoiceName = Annotated[str, _like(_VOICE, "letters, digits, '-', '_' and '.', not starting with a dot, up to 64")]
Prefix = Annotated[str, _like(re.compile(r"[A-Za-z0-9._-]{0,64}"), "letters, digits, '-', '_' and '.', up to 64")]
JobId = Annotated[str, _like(_JOB_ID, "letters, digits, '-', '_' and '.', not starting with a dot, up to 128")]
Language = Annotated[str, _like(_LANGUAGE, "two or three small letters, as `en` (ISO 639)")]
Key = Annotated[
    str,
    AfterValidator(_short_enough),
    _like(_KEY, "names of letters, digits, '-', '_' and '.', up to 200 each, joined by '/', none starting with a dot"),
]


class _Request(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class InfoRequest(_Request):
    """What this worker is and can do."""

    action: Literal["info"]


class ListVoicesRequest(_Request):
    """The voices that jobs may ask for by name."""

    action: Literal["list_voices"]
    prefix: Prefix = Field("", description="only voices whose names begin so")


class DeleteVoiceRequest(_Request):
    """Remove a voice that was added."""

    action: Literal["delete_voice"]
    voice: VoiceName = Field(description="its name")


class AddVoiceRequest(_Request):
    """Keep a recording as a voice."""

    action: Literal["add_voice"]
    voice: VoiceName = Field(description="a name for it: letters, digits, `-`, `_`, `.`")
    ref_audio: Recording = Field(description=f"{_RECORDING}")
    ref_text: RefText | None = Field(None, description="exactly what is said in it; absent: it is listened to")
    language: Language | None = Field(None, description="of the recording, as `en`; absent: what is heard")
    overwrite: bool = Field(False, description="replace a voice of this name")
    consent: str | None = Field(
        None, max_length=2_000, description="who agreed to what; kept with the date, and returned by `list_voices`"
    )


class SynthesisRequest(_Request):
    """Text to speak in a voice."""

    action: Literal["synthesize"] = Field("synthesize", description="what to do; the other actions are below")
    text: Text = Field(description="what to say")
    voice: VoiceName | None = Field(
        None, description="a voice by name: one that was added, `example-en` or `example-zh`"
    )
    ref_audio: Recording | None = Field(None, description=f"instead of `voice`, a recording: {_RECORDING}")
    ref_text: RefText | None = Field(None, description="exactly what is said in `ref_audio`; absent: it is listened to")
    language: Language | None = Field(
        None, description="of the text and the reference, as `en`; absent: what the model speaks, and what is heard"
    )
    speed: float = Field(1.0, ge=0.3, le=3, description="speech rate relative to the reference")
    seed: int | None = Field(
        None,
        ge=0,
        le=2**32 - 1,
        description="absent: drawn, and always returned; the same request and seed give the same audio",
    )
    quality: Quality = Field("best", description=f"steps: {', '.join(f'`{q}` {n}' for q, n in NFE_STEPS.items())}")
    nfe_step: int | None = Field(None, ge=1, le=64, description="steps from noise to speech; overrides `quality`")
    cfg_strength: float = Field(
        2.0, ge=0, le=10, description="how closely text and voice are followed; 0 halves the work"
    )
    sway_sampling_coef: float = Field(
        -1.0, ge=-1, le=1, description="below 0 more steps go to the outline of the speech, above 0 to its detail"
    )
    cross_fade_duration: float = Field(0.15, ge=0, le=1, description="overlap of neighbouring chunks in seconds")
    target_rms: float = Field(
        0.1, ge=0.01, le=0.5, description="level that a quieter reference is raised to for the model"
    )
    normalize_text: bool = Field(True, description="say numbers as words; `false` leaves them to the model")
    format: AudioFormat = Field("wav", description="`wav`, `flac`, `mp3`, `ogg`, `opus`")
    delivery: Delivery = Field(
        "auto",
        description="`s3`, `base64`, `local`; `auto`: `s3` where a bucket is configured, else `base64` on the "
        "platform, else `local`",
    )
    key: Key | None = Field(
        None, description="name of the result below the output prefix; absent: made from the job's id"
    )
    expires_in: int | None = Field(
        None, ge=60, le=604_800, description="life of the link in seconds; absent: `URL_EXPIRY_S`"
    )
    job_id: JobId | None = Field(None, description="your own id for the reply and the key; absent: the platform's")

    def normalized_text(self, spoken: Sequence[str]) -> str:
        """The text as it is said by a model that speaks these languages, the first of them best."""
        text = text_rules.clean(self.text)
        language = self.language or next(iter(spoken), None)
        if not self.normalize_text or language is None or not can_spell(language):
            return text
        return spell_numbers(text, language)

    @property
    def recording(self) -> tuple[AudioSource, str | None]:
        """The reference and its transcript, where no voice is named."""
        return cast("AudioSource", self.ref_audio), self.ref_text

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        return self.nfe_step or NFE_STEPS[self.quality]

    @field_validator("delivery")
    @classmethod
    def _delivery(cls, value: Delivery, info: ValidationInfo) -> Delivery:
        if value == "s3" and _context(info).bucket is None:
            raise ValueError("s3 needs a bucket: set S3_BUCKET and its keys, or ask for base64")
        return value


Request = SynthesisRequest | AddVoiceRequest | ListVoicesRequest | DeleteVoiceRequest | InfoRequest
SCHEMAS: dict[str, type[Request]] = {
    "synthesize": SynthesisRequest,
    "add_voice": AddVoiceRequest,
    "list_voices": ListVoicesRequest,
    "delete_voice": DeleteVoiceRequest,
    "info": InfoRequest,
}
"""By action."""


@dataclass(frozen=True)
class _Context:
    """What a request is checked against."""

    settings: Settings
    bucket: str | None


def parse(data: object, settings: Settings, bucket: str | None = None) -> tuple[Request, list[str]]:
    """Check a job's input.

    Args:
        bucket: name of the configured bucket; None where there is none.

    Returns:
        The request, and warnings about what was changed on the caller's behalf.

    Raises:
        InvalidInput: names every bad field, by the name that the caller used.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput.at("input", 'must be an object such as {"text": "...", "voice": "example-en"}')
    fields, former, problems, warnings = _modernise({_encodable(str(key)): value for key, value in data.items()})
    problems += [
        FieldProblem(name, "holds half of a surrogate pair: send valid Unicode")
        for name, value in fields.items()
        if isinstance(value, str) and value != _encodable(value)
    ]
    action = fields.setdefault("action", "synthesize")
    schema = SCHEMAS.get(action) if isinstance(action, str) else None
    if schema is None:
        problems.append(FieldProblem("action", f"must be one of: {', '.join(SCHEMAS)}"))
    else:
        try:
            request = schema.model_validate(fields, context=_Context(settings, bucket))
        except ValidationError as e:
            problems += [_problem(error, schema) for error in e.errors(include_url=False)[:MAX_PROBLEMS]]
        if schema is SynthesisRequest:
            problems += _who_speaks(fields)
    if problems:
        raise InvalidInput([FieldProblem(former.get(p.field, p.field), p.message) for p in problems])
    if isinstance(request, SynthesisRequest) and (lost := text_rules.dropped(request.text)):
        warnings.append(f"characters without a meaning are left out: {' '.join(f'U+{ord(c):04X}' for c in lost)}")
    return request, warnings


def is_voice_name(name: str) -> bool:
    """Whether a job may ask for a voice by this name."""
    return bool(_VOICE.fullmatch(name))


def is_legacy(data: object) -> bool:
    """Whether a job's input is one of the worker that this one replaces, and wants to be answered as by that."""
    return isinstance(data, Mapping) and "endpoint" in data


def parse_source(value: str, max_bytes: int) -> AudioSource:
    """Tell a URL, an object of a bucket and inline audio apart. Raises ValueError with the cure."""
    value = value.strip()
    scheme = value[: value.find("://")].lower() if "://" in value[:16] else ""
    if scheme in ("http", "https"):
        return WebSource(_checked_url(value))
    if scheme == "s3":
        # Not a URL: '?' and '#' are part of a key.
        bucket, _, key = value[len("s3://") :].partition("/")
        if not bucket or not key:
            raise ValueError("must name an object: s3://bucket/key")
        return BucketSource(bucket, key)
    if scheme:
        raise ValueError(f"{scheme}:// is not fetched: use http(s):// or s3://")
    encoded = value
    if value[:5].lower() == "data:":
        header, comma, encoded = value.partition(",")
        if not comma or not header.lower().endswith(";base64"):
            raise ValueError("is a data: URI without ';base64,'")
    if len(encoded) * 3 // 4 > max_bytes + 2:
        raise ValueError(f"is larger than {max_bytes // MB} MB: send a shorter clip, or a link")
    try:
        decoded = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as e:
        raise ValueError("is no http(s):// or s3:// address, and not base64 either") from e
    if not decoded:
        raise ValueError("is empty")
    return InlineSource(decoded)


def _checked_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna")
        usable = bool(host) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is not a URL that can be fetched: check its host and port")
    return value


_LEGACY_ACTIONS = {"tts": "synthesize", "upload": "add_voice", "list_voices": "list_voices", "download": "link"}


def _modernise(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[FieldProblem], list[str]]:
    """Requests of the worker that this one replaces, under today's names.

    Returns:
        The fields, the former name of each field that had one, problems and warnings.
    """
    former: dict[str, str] = {}
    problems: list[FieldProblem] = []
    warnings: list[str] = []

    def rename(old: str, new: str, value: Any) -> None:
        if fields.get(new) is not None:
            problems.append(FieldProblem(old, f"is the former name of {new}: send one of them"))
        else:
            fields[new] = value
            former[new] = old

    endpoint = fields.pop("endpoint", None)
    if endpoint in ("upload", "list_voices"):
        fields.pop("job_id", None)
    if endpoint is not None:
        rename("endpoint", "action", _LEGACY_ACTIONS.get(endpoint, endpoint) if isinstance(endpoint, str) else endpoint)
    for old in ("local_voice", "voice_name"):
        voice = fields.pop(old, None)
        if isinstance(voice, str) and "://" in voice:
            rename(old, "ref_audio", voice)
        elif voice is not None:
            rename(old, "voice", voice.removesuffix(".wav") if isinstance(voice, str) else voice)
    url = fields.pop("voice_file_url", None)
    if url is not None:
        rename("voice_file_url", "ref_audio", url)
    timing_format = fields.pop("timing_format", None)
    if fields.pop("return_word_timings", False):
        problems.append(FieldProblem("return_word_timings", "word times are not available here: leave the field out"))
    elif timing_format is not None:
        warnings.append("timing_format has no effect without return_word_timings")
    return fields, former, problems, warnings


def _who_speaks(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """Exactly one voice."""
    has_voice, has_audio = fields.get("voice") is not None, fields.get("ref_audio") is not None
    if has_voice and has_audio:
        return [FieldProblem("ref_audio", "comes with voice: send one of them")]
    if not has_voice and not has_audio:
        return [FieldProblem("voice", "is missing: send voice (a name, such as example-en) or ref_audio")]
    if has_voice and fields.get("ref_text") is not None:
        return [FieldProblem("ref_text", "goes with ref_audio: a voice has its own transcript")]
    return []


def _problem(error: Mapping[str, Any], schema: type[BaseModel]) -> FieldProblem:
    """One of pydantic's errors in the caller's terms."""
    path = str(error["loc"][0])[:MAX_NAME_CHARS] if error["loc"] else "input"
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(path, schema.model_fields, n=1)
        return FieldProblem(path, f"is not known: did you mean {close[0]}?" if close else "is not known: leave it out")
    if error["type"] == "missing":
        return FieldProblem(path, "is missing")
    message = str(error["msg"]).removeprefix("Value error, ")
    return FieldProblem(path, message.replace("Input should be", "must be").replace("Input should", "must"))


def _encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced: a reply that echoes it would never be sent."""
    return text.encode("utf-8", "replace").decode()


def _context(info: ValidationInfo) -> _Context:
    return cast(_Context, info.context)
