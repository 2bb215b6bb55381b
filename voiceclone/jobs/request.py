"""The job's input: the only schema of it.

Turns the raw JSON of a job into a request, or raises InvalidInput with every problem at once, each under its field's
path. Knows nothing of voices, audio or the model. The table in the README is rendered from these classes by
`scripts/render_docs.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, cast, get_args

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
from voiceclone.audio import MARGIN_S, OPUS_RATES, AudioFormat
from voiceclone.errors import FieldProblem, InvalidInput
from voiceclone.jobs.legacy import modernise
from voiceclone.model import Sampling
from voiceclone.settings import Settings
from voiceclone.speech import MasterOptions, Passage, ScriptOptions, SynthesisOptions, Threshold
from voiceclone.subtitles import FORMATS as SUBTITLE_FORMATS
from voiceclone.subtitles import SubtitleFormat
from voiceclone.text import lexicon, markup
from voiceclone.types import MB, SEEDS, DeliveryWay
from voiceclone.voices import KEPT, VOICE_NAME, AudioSource, BucketSource, NewVoice, parse_source

Place = tuple[str | int, ...]
"""A path below `input`, by its steps."""
Quality = Literal["fast", "balanced", "best"]
NFE_STEPS: dict[Quality, int] = {"fast": 7, "balanced": 16, "best": 32}

# An error must fit into a reply, whatever was sent.
MAX_PROBLEMS = 30
MAX_NAME_CHARS = 64
MAX_TOLD_CHARS = 200
"""Of what a recipe names and a warning repeats."""
MAX_DEPTH = 3
"""Of what a field holds: `made_with.references[0]` is as deep as any."""
MAX_SEGMENTS = 10_000
MAX_DURATION_S = 10_800
"""Of audio whose length is asked for."""
SampleRate = Literal[8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
# 200 characters fit into a file's name with what a store adds to it.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_JOB_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def _speakable(value: str, info: ValidationInfo) -> str:
    limit = _context(info).settings.max_text_chars
    if len(value) > limit:
        raise ValueError(f"has {len(value)} characters, at most {limit} are allowed: split it into several jobs")
    if not any(text_rules.is_speakable(turn.text) for turn in markup.turns(value)):
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


def _free(value: str) -> str:
    if value.startswith("undelivered/"):
        raise ValueError("must not begin with undelivered/: what could not be delivered is kept there")
    return value


def _like(pattern: re.Pattern[str], what: str) -> AfterValidator:
    """Refuse what the pattern does not match as a whole."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"may hold {what}")
        return value

    return AfterValidator(check)


def _each_once(value: list[SubtitleFormat]) -> list[SubtitleFormat]:
    return list(dict.fromkeys(value))


def _switched_on(value: Any) -> Any:
    """`true` asks for the defaults."""
    return {} if value is True else None if value is False else value


_RECORDING = "an `http(s)://` URL, `s3://bucket/key` of the configured bucket, a `data:` URI or base64"
Text = Annotated[str, AfterValidator(_speakable)]
Lexicon = Annotated[dict[str, str], AfterValidator(lexicon.checked)]
Seed = Annotated[int, Field(ge=0, lt=SEEDS)]
RefText = Annotated[str, AfterValidator(_transcript)]
Recording = Annotated[AudioSource, BeforeValidator(_source)]


def _callable_name(value: str) -> str:
    if value.isdecimal() or value.lower() in (markup.MAIN, markup.PAUSE):
        raise ValueError(f"could not be called in a text, where [{value}] means something else: choose another")
    return value


VoiceName = Annotated[str, _like(VOICE_NAME, "letters, digits, '-', '_' and '.', not starting with a dot, up to 64")]
Prefix = Annotated[str, _like(re.compile(r"[A-Za-z0-9._-]{0,64}"), "letters, digits, '-', '_' and '.', up to 64")]
JobId = Annotated[str, _like(_JOB_ID, "letters, digits, '-', '_' and '.', not starting with a dot, up to 128")]
Language = Annotated[str, _like(_LANGUAGE, "two or three small letters, as `en` (ISO 639)")]
Key = Annotated[
    str,
    AfterValidator(_short_enough),
    AfterValidator(_free),
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
    voice: Annotated[VoiceName, AfterValidator(_callable_name)] = Field(
        description="a name for it: letters, digits, `-`, `_`, `.`"
    )
    ref_audio: Recording = Field(description=f"{_RECORDING}")
    ref_text: RefText | None = Field(None, description="exactly what is said in it; absent: it is listened to")
    language: Language | None = Field(None, description="of the recording, as `en`; absent: what is heard")
    overwrite: bool = Field(False, description="replace a voice of this name")
    consent: str | None = Field(
        None, max_length=2_000, description="who agreed to what; kept with the date, and returned by `list_voices`"
    )

    @property
    def new_voice(self) -> NewVoice:
        return NewVoice(self.voice, self.ref_audio, self.ref_text, self.language, self.consent, self.overwrite)


class LinkRequest(_Request):
    """A fresh link to an earlier result."""

    action: Literal["link"]
    key: Annotated[str, AfterValidator(_short_enough)] | None = Field(None, description="of the result, from its reply")
    job_id: JobId | None = Field(
        None, description="instead of `key`: the latest result of this job, if it was given no key of its own"
    )
    expires_in: int | None = Field(
        None, ge=60, le=604_800, description="life of the link in seconds; absent: `URL_EXPIRY_S`"
    )


class Segment(_Request):
    """A part of the text with its own voice and pace."""

    text: Text
    voice: VoiceName | None = None
    speed: float | None = Field(None, ge=0.3, le=3)
    seed: Seed | None = None
    pause_after: float = Field(0.0, ge=0, le=markup.MAX_PAUSE_S)


class Verify(_Request):
    """When speech is good enough, and how often it is tried."""

    max_wer: float = Field(0.15, ge=0, le=1)
    attempts: int = Field(3, ge=1, le=10)


class MadeWith(_Request):
    """What an earlier take was made with."""

    model: str = Field(max_length=MAX_TOLD_CHARS)
    revision: str = Field(max_length=MAX_TOLD_CHARS)
    references: list[str]


class SynthesisRequest(_Request):
    """Text to speak in a voice."""

    action: Literal["synthesize"] = Field("synthesize", description="what to do; the other actions are below")
    text: Text | None = Field(
        None, description="what to say; may hold pauses, `[pause:0.5s]`, and turns of voices, `[anna] Hello.`"
    )
    segments: list[Segment] | None = Field(
        None,
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="instead of `text`, a list of `{text, voice?, speed?, seed?, pause_after?}`",
    )
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
        le=SEEDS - 1,
        description="absent: drawn, and always returned; the same request and seed give the same audio",
    )
    seeds: list[Seed] | None = Field(None, description="a seed for each chunk, as a reply's `recipe` has them")
    made_with: MadeWith | None = Field(
        None, description="from a reply's `recipe`: a warning tells where this worker's model is another"
    )
    duration: float | None = Field(
        None, ge=0.1, le=MAX_DURATION_S, description="wanted length of the audio in seconds, pauses included"
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
    normalize_text: bool = Field(
        True, description="read out numbers, dates, money, units, abbreviations and addresses, and do not shout"
    )
    lexicon: Lexicon = Field(
        default_factory=dict,
        description='how words are said: `{"GIF": "jiff"}`; added to `lexicon.json` on the volume',
    )
    remove_silence: bool = Field(
        False, description="shorten long pauses of the voice and cut silence around chunks; pauses that you wrote stay"
    )
    format: AudioFormat = Field("wav", description="`wav`, `flac`, `mp3`, `ogg`, `opus`, `pcm` (16 bit, no header)")
    sample_rate: SampleRate = Field(
        24_000, description="8000, 16000, 22050, 24000, 32000, 44100 or 48000 Hz; the model speaks at 24000"
    )
    loudness: float | None = Field(
        None, ge=-40, le=-9, description="in LUFS, as -16 for podcasts; absent: as loud as the reference"
    )
    timestamps: bool = Field(False, description="when each word of the text is said")
    subtitles: Annotated[list[SubtitleFormat], AfterValidator(_each_once)] = Field(
        default_factory=list, description=f"any of {', '.join(f'`{each}`' for each in SUBTITLE_FORMATS)}"
    )
    verify: Annotated[Verify | None, BeforeValidator(_switched_on)] = Field(
        None,
        description="`true` or `{max_wer: 0.15, attempts: 3}`: listen to every chunk, and speak those anew that miss",
    )
    delivery: DeliveryWay = Field(
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

    @property
    def fade_s(self) -> float:
        """Overlap of neighbouring chunks. Without silence around them more would lay word over word."""
        return min(self.cross_fade_duration, MARGIN_S) if self.remove_silence else self.cross_fade_duration

    @property
    def written(self) -> str:
        """The text as it was sent."""
        return self.text if self.text is not None else " ".join(segment.text for segment in self.segments or ())

    @property
    def text_field(self) -> str:
        """The field that the text came in."""
        return "text" if self.segments is None else "segments"

    @cached_property
    def passages(self) -> list[Passage]:
        """The text by voice and pause, in order."""
        if self.segments is None:
            return _passages("text", self.text or "", None, self.speed, None)
        found = []
        for i, segment in enumerate(self.segments):
            speed = self.speed if segment.speed is None else segment.speed
            parts = _passages(f"segments[{i}].text", segment.text, segment.voice, speed, segment.seed)
            parts[-1] = replace(parts[-1], pause_after_s=parts[-1].pause_after_s + segment.pause_after)
            found += parts
        return found

    def script_options(self, seed: int) -> ScriptOptions:
        """Return what the planner is to know; `seed`: of the first chunk."""
        return ScriptOptions(seed, self.seeds, self.duration, self.fade_s, self.text_field)

    @property
    def synthesis_options(self) -> SynthesisOptions:
        """How it is to be spoken."""
        return SynthesisOptions(
            Sampling(self.steps, self.cfg_strength, self.sway_sampling_coef),
            self.target_rms,
            MasterOptions(self.sample_rate, self.duration, self.loudness, self.remove_silence),
            self.language,
            None if self.verify is None else Threshold(self.verify.max_wer, self.verify.attempts),
            self.timestamps or bool(self.subtitles),
        )

    @property
    def is_listened_to(self) -> bool:
        """Whether a recogniser is needed."""
        return bool(self.verify or self.timestamps or self.subtitles)

    @property
    def recording(self) -> tuple[AudioSource, str | None]:
        """The reference and its transcript, where no voice is named."""
        return cast("AudioSource", self.ref_audio), self.ref_text

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        return self.nfe_step or NFE_STEPS[self.quality]

    @property
    def evaluations(self) -> int:
        """Of the network: with guidance each step takes two."""
        return self.steps * (2 if self.cfg_strength else 1)

    @field_validator("delivery")
    @classmethod
    def _delivery(cls, value: DeliveryWay, info: ValidationInfo) -> DeliveryWay:
        if value == "s3" and _context(info).bucket is None:
            raise ValueError("s3 needs a bucket: set S3_BUCKET and its keys, or ask for base64")
        return value


class CheckRequest(SynthesisRequest):
    """What would be said, in which chunks and how long, without speaking"""

    action: Literal["check"]  # type: ignore[assignment]


def _passages(field: str, text: str, voice: str | None, speed: float, seed: int | None) -> list[Passage]:
    own = f"{field.removesuffix('text')}voice"
    return [
        Passage(
            field,
            text_rules.clean(turn.text),
            turn.voice,
            own if turn.voice == voice else field,
            speed,
            seed,
            turn.pause_after_s,
        )
        for turn in markup.turns(text, voice)
    ]


Request = (
    SynthesisRequest
    | CheckRequest
    | AddVoiceRequest
    | ListVoicesRequest
    | DeleteVoiceRequest
    | LinkRequest
    | InfoRequest
)
SCHEMAS: dict[str, type[Request]] = {
    "synthesize": SynthesisRequest,
    "check": CheckRequest,
    "add_voice": AddVoiceRequest,
    "list_voices": ListVoicesRequest,
    "delete_voice": DeleteVoiceRequest,
    "link": LinkRequest,
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
    broken: list[Place] = []
    sent = {(name := _encodable(str(key))): _repaired(value, (name,), broken) for key, value in data.items()}
    fields, former, problems, warnings = modernise(sent)
    problems += [FieldProblem(_path(path), "holds half of a surrogate pair: send valid Unicode") for path in broken]
    action = fields.setdefault("action", "synthesize")
    schema = SCHEMAS.get(action) if isinstance(action, str) else None
    if schema is None:
        problems.append(FieldProblem("action", f"must be one of: {', '.join(SCHEMAS)}"))
    else:
        try:
            request = schema.model_validate(fields, context=_Context(settings, bucket))
        except ValidationError as e:
            problems += [_problem(error, schema) for error in e.errors(include_url=False)[:MAX_PROBLEMS]]
        if issubclass(schema, SynthesisRequest):
            problems += [*_together(fields), *_who_speaks(fields)]
            problems += _too_long(fields, settings)
        if schema is LinkRequest:
            problems += _which_result(fields, bucket)
    if problems:
        raise InvalidInput([FieldProblem(_formerly(p.field, former), p.message) for p in problems])
    if isinstance(request, SynthesisRequest) and (lost := text_rules.dropped(request.written)):
        warnings.append(f"characters without a meaning are left out: {' '.join(f'U+{ord(c):04X}' for c in lost)}")
    return request, warnings


def _formerly(path: str, former: Mapping[str, str]) -> str:
    """The field's name as the caller wrote it."""
    return former.get(re.split(r"[.\[]", path, maxsplit=1)[0], path)


def _together(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """Fields that need or exclude each other."""
    there = {name for name, value in fields.items() if value is not None}
    problems = []
    if {"text", "segments"} <= there:
        problems.append(FieldProblem("segments", "comes with text: send one of them"))
    if not {"text", "segments"} & there:
        problems.append(FieldProblem("text", "is missing: send text or segments"))
    if {"voice", "ref_audio"} <= there:
        problems.append(FieldProblem("ref_audio", "comes with voice: send one of them"))
    if "ref_text" in there and "ref_audio" not in there:
        problems.append(FieldProblem("ref_text", "goes with ref_audio: a voice has its own transcript"))
    if isinstance(kept := fields.get("ref_audio"), str) and kept.startswith(KEPT) and "ref_text" in there:
        problems.append(FieldProblem("ref_text", "is kept with the reference of an earlier take: leave it out"))
    seeded = [segment for _, segment in _segments(fields) if segment.get("seed") is not None]
    if "seeds" in there and ("seed" in there or seeded):
        problems.append(FieldProblem("seeds", "comes with seed: send one of them"))
    if fields.get("duration") is not None and fields.get("remove_silence"):
        problems.append(FieldProblem("remove_silence", "would change the duration that is asked for: send one of them"))
    rate = fields.get("sample_rate", 24_000)
    if fields.get("format") == "opus" and isinstance(rate, int) and rate not in OPUS_RATES:
        rates = ", ".join(str(each) for each in OPUS_RATES if each in get_args(SampleRate))
        problems.append(FieldProblem("sample_rate", f"must be one that Opus knows: {rates}"))
    return problems


def _segments(fields: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Those that are objects, and which they are."""
    segments = fields.get("segments")
    return [(i, s) for i, s in enumerate(segments if isinstance(segments, list) else ()) if isinstance(s, Mapping)]


def _who_speaks(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """A voice for every passage."""
    if fields.get("voice") is not None or fields.get("ref_audio") is not None:
        return []
    if fields.get("segments") is None:
        if _has_voices(fields.get("text")):
            return []
        return [FieldProblem("voice", "is missing: send voice (a name, such as example-en) or ref_audio")]
    for i, segment in _segments(fields):
        if segment.get("voice") is None and not _has_voices(segment.get("text")):
            return [FieldProblem(f"segments[{i}].voice", "is missing: send it, or voice or ref_audio for all")]
    return []


def _has_voices(text: Any) -> bool:
    """Whether every turn names who says it."""
    try:
        return isinstance(text, str) and bool(text) and all(turn.voice or not turn.text for turn in markup.turns(text))
    except ValueError:  # a mark that is a problem of its own
        return True


def _too_long(fields: Mapping[str, Any], settings: Settings) -> list[FieldProblem]:
    """All segments together are one text."""
    texts = [segment.get("text") for _, segment in _segments(fields)]
    size = sum(len(text) for text in texts if isinstance(text, str))
    if size <= settings.max_text_chars:
        return []
    return [FieldProblem("segments", f"have {size} characters, at most {settings.max_text_chars} are allowed")]


def _which_result(fields: Mapping[str, Any], bucket: str | None) -> list[FieldProblem]:
    there = [name for name in ("key", "job_id") if fields.get(name) is not None]
    if len(there) != 1:
        return [FieldProblem("key", "or job_id tells which result: send one of them")]
    if bucket is None:
        return [FieldProblem(there[0], "cannot be linked: this worker has no bucket; set S3_BUCKET and its keys")]
    return []


def _problem(error: Mapping[str, Any], schema: type[BaseModel]) -> FieldProblem:
    """One of pydantic's errors in the caller's terms."""
    path = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        near = _PARTS.get(str(error["loc"][0]), schema)
        close = difflib.get_close_matches(str(error["loc"][-1])[:MAX_NAME_CHARS], near.model_fields, n=1)
        return FieldProblem(path, f"is not known: did you mean {close[0]}?" if close else "is not known: leave it out")
    if error["type"] == "missing":
        return FieldProblem(path, "is missing")
    if error["type"] in ("dict_type", "model_type"):
        return FieldProblem(path, "must be an object")
    message = str(error["msg"]).removeprefix("Value error, ")
    return FieldProblem(path, message.replace("Input should be", "must be").replace("Input should", "must"))


_PARTS: dict[str, type[BaseModel]] = {"segments": Segment, "verify": Verify, "made_with": MadeWith}


def _repaired(value: Any, place: Place, broken: list[Place]) -> Any:
    """The value as UTF-8 can hold it: a reply or a log that repeats anything else is never sent.

    Args:
        place: where the value stands.
        broken: is told where half of a surrogate pair stood.
    """
    if isinstance(value, str):
        if value != (whole := _encodable(value)):
            broken.append(place)
        return whole
    if not isinstance(value, Mapping | list):
        return value
    if len(place) > MAX_DEPTH:
        return None  # such a field is refused, and whoever walks through all of it runs out of stack
    if isinstance(value, list):
        return [_repaired(part, (*place, i), broken) for i, part in enumerate(value)]
    repaired = {}
    for key, part in value.items():
        inside = (*place, _encodable(str(key)))
        repaired[_repaired(key, inside, broken)] = _repaired(part, inside, broken)
    return repaired


def _path(steps: Sequence[str | int]) -> str:
    """As a caller would write it: `segments[2].text`."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:MAX_NAME_CHARS]}" for step in steps)
    return path.removeprefix(".") or "input"


def _encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced: a reply that echoes it would never be sent."""
    return text.encode("utf-8", "replace").decode()


def _context(info: ValidationInfo) -> _Context:
    return cast(_Context, info.context)
