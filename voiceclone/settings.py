"""Every setting of the worker, read from the environment once.

Knows no other room but `errors`. `s3_utils.store_from_env` reads the store's own variables (bucket, credentials).
`scripts/render_docs.py` renders docs/settings.md from this file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from voiceclone.errors import sentence_of

PLATFORM_JOB_S = 600
"""The platform ends a job after so long, and the worker with it, unless the endpoint has another execution timeout."""
TIME_TO_LEAVE_S = 30
"""A job ends by itself so long before."""
PLATFORM_REQUEST_S = 330
"""On a load-balancing endpoint the platform's gateway cuts a request after so long."""
GRACE_S = 20
"""Of this time, what is spoken may use so much to become a recording."""
LOOPBACK = "127.0.0.1"
SERVED_LOCALLY = {"--test_input", "--rp_serve_api"}
"""Arguments with which the SDK takes no jobs from the platform."""

LinkLife = Annotated[int, Field(ge=60, le=604_800)]
"""Life of a link in seconds; S3 signs none for longer than a week."""
Positive = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65_535)]
"""0: any that is free."""
Dtype = Literal["float32", "float16", "bfloat16", "int8"]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


def _switch(value: str | bool) -> bool:
    if isinstance(value, str) and value.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value is True or str(value).lower() == "true"


def _pairs(value: str | dict[str, str]) -> dict[str, str]:
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if not all(equals and name.strip() and meant.strip() for name, equals, meant in pairs):
        raise ValueError("must be names and what they mean, such as alloy=example-en,nova=anna")
    return {name.strip(): meant.strip() for name, _, meant in pairs}


def _words(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


class Settings(BaseModel):
    """The worker's configuration. A field's `validation_alias` is its environment variable."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True, allow_inf_nan=False)

    volume: Path = Field(
        Path("/runpod-volume"),
        validation_alias="RUNPOD_VOLUME",
        description="the mounted volume; `models/`, `cache/`, `voices/` and `output/` lie under it",
    )
    allow_container_disk: Annotated[bool, BeforeValidator(_switch)] = Field(
        False,
        validation_alias="ALLOW_CONTAINER_DISK",
        description="`true`: without a mounted volume `RUNPOD_VOLUME` is made on the container's own disk, and every"
        " new worker downloads its models anew; for trials",
    )
    model: str = Field(
        "F5TTS_v1_Base",
        validation_alias="F5_MODEL",
        description="a registered model, or a directory with `config.yaml`, `vocab.txt` and one `*.safetensors`",
    )
    revision: str | None = Field(
        None, validation_alias="F5_REVISION", description="commit of the model's repository, instead of the pinned one"
    )
    licenses: Literal["any", "commercial"] = Field(
        "any",
        validation_alias="LICENSES",
        description="`commercial`: models whose licence is unknown or forbids commercial use are refused; `any`: none"
        " is",
    )
    device: Literal["cuda", "cpu"] | None = Field(
        None,
        validation_alias="F5_DEVICE",
        description="`cuda` or `cpu`; by default the GPU, and the CPU only off the platform",
    )
    dtype: Dtype | None = Field(
        None,
        validation_alias="F5_DTYPE",
        description="`float32`, `float16` or `bfloat16`; by default float16 on a GPU, on a CPU bfloat16 if it has it in"
        " hardware, else float32; `int8`, on a CPU without bfloat16, is faster than float32 and less exact",
    )
    asr_model: str | None = Field(
        None,
        validation_alias="ASR_MODEL",
        description="whisper model that hears what is said in a reference, a faster-whisper name or a directory; by"
        " default `large-v3-turbo` on a GPU, `tiny` on a CPU",
    )
    output_dir: Path | None = Field(
        None,
        validation_alias="OUTPUT_DIR",
        description="where `local` delivery writes; by default `./output`, on the platform `<volume>/output`",
    )
    url_expiry_s: LinkLife = Field(
        86_400, validation_alias="URL_EXPIRY_S", description="life of a link in seconds, 60..604800"
    )
    max_text_chars: Positive = Field(
        100_000, validation_alias="MAX_TEXT_CHARS", description="longest text of a job in characters"
    )
    max_speech_min: Positive = Field(
        180, validation_alias="MAX_SPEECH_MIN", description="longest audio of a job in minutes, as predicted"
    )
    max_frames: Positive = Field(
        4_000_000,
        validation_alias="MAX_FRAMES",
        description="largest work of a job in mel frames, 93.75 for a second, the reference counted with every chunk",
    )
    max_job_s: Positive | None = Field(
        None,
        validation_alias="MAX_JOB_S",
        description=f"longest time for a job in seconds; by default {PLATFORM_JOB_S - TIME_TO_LEAVE_S} on the platform,"
        f" whose own limit is {PLATFORM_JOB_S} unless the endpoint has another execution timeout; with `SERVE=http`"
        f" {PLATFORM_REQUEST_S - TIME_TO_LEAVE_S} there, of {PLATFORM_REQUEST_S} that its gateway allows",
    )
    max_audio_mb: Positive = Field(25, validation_alias="MAX_AUDIO_MB", description="largest reference file in MB")
    # Reference and speech share the 30 s that the models know.
    max_reference_s: Annotated[int, Field(ge=1, le=15)] = Field(
        12,
        validation_alias="MAX_REFERENCE_S",
        description="longest reference in seconds, 1..15; a longer recording is cut",
    )
    reference_pad_s: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, validation_alias="REFERENCE_PAD_S", description="silence behind a reference in seconds, 0..1"
    )
    max_inline_mb: Positive = Field(
        6, validation_alias="MAX_INLINE_MB", description="largest audio file sent inside a reply in MB"
    )
    max_kept_mb: Positive = Field(
        1000,
        validation_alias="MAX_KEPT_MB",
        description="speech that could not be delivered is kept on the volume under `output/undelivered`, so many MB"
        " of it",
    )
    kept_chunks_mb: Annotated[int, Field(ge=0)] = Field(
        2000,
        validation_alias="KEPT_CHUNKS_MB",
        description="what was spoken is kept on the volume under `cache/chunks`, so many MB of it, 6 for a minute; `0`:"
        " none",
    )
    log_level: LogLevel = Field(
        "INFO", validation_alias="LOG_LEVEL", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )
    serve: Literal["queue", "http"] = Field(
        "queue",
        validation_alias="SERVE",
        description="`queue`: jobs come from the platform's queue; `http`: an HTTP server, as load-balancing endpoints"
        " want it",
    )
    host: str | None = Field(
        None,
        validation_alias="HOST",
        description="address that `http` listens at; by default every one (0.0.0.0) where callers are known, by"
        " `API_KEY` or on the platform, or need not be (`ALLOW_ANONYMOUS`), else 127.0.0.1",
    )
    port: Port | None = Field(
        None, validation_alias="PORT", description="port of `http`; by default 80 on the platform, else 8000"
    )
    port_health: Port | None = Field(
        None, validation_alias="PORT_HEALTH", description="port where `/ping` is asked too; by default `PORT`"
    )
    api_key: SecretStr | None = Field(
        None,
        validation_alias="API_KEY",
        description="what callers of `http` send as `Authorization: Bearer ...`; on the platform its gateway looks at"
        " keys, and this one is not needed",
    )
    allow_anonymous: Annotated[bool, BeforeValidator(_switch)] = Field(
        False,
        validation_alias="ALLOW_ANONYMOUS",
        description="`true`: `http` listens beyond this machine without `API_KEY`",
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        (),
        validation_alias="CORS_ORIGINS",
        description="origins of pages that may call `http`, separated by commas; `*` is any",
    )
    max_waiting: Positive = Field(
        64,
        validation_alias="MAX_WAITING",
        description="requests for speech that `http` takes at once; more are answered with 429",
    )
    voice_names: Annotated[dict[str, str], BeforeValidator(_pairs)] = Field(
        {},
        validation_alias="VOICE_NAMES",
        description="voices under names that clients insist on, such as `alloy=example-en,nova=anna`",
    )
    on_platform: bool = False
    """Whether the platform runs this process."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], arguments: Iterable[str] = ()) -> Settings:
        """Read every variable; an empty one counts as absent.

        Args:
            arguments: of the command line; see `on_platform`.

        Raises:
            ValueError: names every variable that cannot be read, its value and the cure.
        """
        try:
            return cls.model_validate({**cls._given(environ), "on_platform": on_platform(environ, arguments)})
        except ValidationError as e:
            wrong = (f"{name}={environ[name].strip()!r}: {said}" for name, said in _faults(e).items())
            raise ValueError("; ".join(wrong)) from None

    @classmethod
    def faults(cls, environ: Mapping[str, str]) -> dict[str, str]:
        """Return what each variable that cannot be read must be instead, by its name."""
        try:
            cls.model_validate(cls._given(environ))
        except ValidationError as e:
            return _faults(e)
        return {}

    @classmethod
    def _given(cls, environ: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name in cls.documented() if (text := environ.get(name, "").strip())}

    @classmethod
    def documented(cls) -> dict[str, FieldInfo]:
        """Return the fields that a variable sets, by its name, in the order of the table."""
        fields = cls.model_fields.values()
        return {field.validation_alias: field for field in fields if isinstance(field.validation_alias, str)}

    @property
    def knows_callers(self) -> bool:
        """Whether `http` may listen beyond this machine: callers have a key, or the operator wants none."""
        return self.on_platform or self.allow_anonymous or self.api_key is not None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every place where `http` listens, the first for callers.

        Raises:
            ValueError: that is beyond this machine, and nobody asks for a key.
        """
        host = self.host or ("0.0.0.0" if self.knows_callers else LOOPBACK)  # noqa: S104 - with a key
        if not self.knows_callers and host not in (LOOPBACK, "localhost", "::1"):
            raise ValueError(
                f"HOST={host!r} is beyond this machine: set API_KEY, or ALLOW_ANONYMOUS=true if anybody may speak"
            )
        port = (80 if self.on_platform else 8000) if self.port is None else self.port
        ports = (port, port if self.port_health is None else self.port_health)
        return [(host, each) for each in dict.fromkeys(ports)]

    @property
    def models_dir(self) -> Path:
        """HF_HOME of the worker."""
        return self.volume / "models"

    @property
    def cache_dir(self) -> Path:
        """What can be made again."""
        return self.volume / "cache"

    @property
    def lexicon_file(self) -> Path:
        """How words are said, for all jobs."""
        return self.volume / "lexicon.json"

    @property
    def references_dir(self) -> Path:
        """References as they were prepared."""
        return self.cache_dir / "references"

    @property
    def chunks_dir(self) -> Path:
        """Chunks as they were spoken."""
        return self.cache_dir / "chunks"

    @property
    def undelivered_dir(self) -> Path:
        """Results that did not reach their caller."""
        return self.volume / "output" / "undelivered"

    @property
    def max_kept_bytes(self) -> int:
        return self.max_kept_mb * 1_000_000

    @property
    def job_limit_s(self) -> float:
        """How long a job may take; infinite where nobody waits for it with a watch."""
        platform_s = PLATFORM_REQUEST_S if self.serve == "http" else PLATFORM_JOB_S
        return self.max_job_s or (platform_s - TIME_TO_LEAVE_S if self.on_platform else math.inf)

    @property
    def local_output_dir(self) -> Path:
        if self.output_dir is not None:
            return self.output_dir
        return self.volume / "output" if self.on_platform else Path("output")


def _faults(error: ValidationError) -> dict[str, str]:
    return {str(each["loc"][0]): sentence_of(each["msg"]) for each in error.errors()}


def on_platform(environ: Mapping[str, str], arguments: Iterable[str]) -> bool:
    """Whether the platform gives this process its jobs.

    As the SDK decides it: it asks for jobs where the environment names the queue, unless its arguments bring a job or
    have it serve the API itself. A load-balancing endpoint has no queue: its workers are pods of an endpoint.
    RUNPOD_ENDPOINT_ID alone does not count: those who call an endpoint export it.
    """
    local = {argument.partition("=")[0] for argument in arguments} & SERVED_LOCALLY
    balanced = environ.get("SERVE", "").strip() == "http" and all(
        environ.get(name) for name in ("RUNPOD_ENDPOINT_ID", "RUNPOD_POD_ID")
    )
    return (bool(environ.get("RUNPOD_WEBHOOK_GET_JOB")) or balanced) and not local
