"""Every knob of the worker, read from the environment once.

Knows no other room. The store's own variables (bucket, credentials) are read by `s3_utils.store_from_env`.
The table in the README is rendered from this file by `scripts/render_docs.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

PLATFORM_JOB_S = 600
"""The platform ends a job after so long, and the worker with it, unless the endpoint has another execution timeout."""
TIME_TO_LEAVE_S = 30
"""A job ends by itself so long before."""
SERVED_LOCALLY = {"--test_input", "--rp_serve_api"}
"""Arguments with which the SDK takes no jobs from the platform."""


def _setting(default: T, env: str, about: str, parse: Callable[[str], T]) -> T:
    """A dataclass field that knows its environment variable, its meaning and how it is read."""
    value: T = field(default=default, metadata={"env": env, "about": about, "parse": parse})
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _positive(text: str) -> int:
    value = _whole(text)
    if value <= 0:
        raise ValueError("must be above zero")
    return value


def _reference_length(text: str) -> int:
    value = _whole(text)
    if not 1 <= value <= 15:
        raise ValueError("must lie within 1..15 seconds: reference and speech share the 30 s that the models know")
    return value


def _link_life(text: str) -> int:
    value = _whole(text)
    if not 60 <= value <= 604_800:
        raise ValueError("must lie within 60..604800 seconds")
    return value


def _device(text: str) -> str:
    if text not in {"cuda", "cpu"}:
        raise ValueError("must be cuda or cpu")
    return text


def _licenses(text: str) -> str:
    if text not in {"any", "commercial"}:
        raise ValueError("must be any or commercial")
    return text


def _dtype(text: str) -> str:
    if text not in {"float32", "float16", "bfloat16"}:
        raise ValueError("must be float32, float16 or bfloat16")
    return text


def _pad(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 1:
        raise ValueError("must be a number of seconds from 0 to 1")
    return seconds


def _switch(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _log_level(text: str) -> str:
    level = text.upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return level


@dataclass(frozen=True)
class Settings:
    """The worker's configuration. Raises ValueError naming the variable when one cannot be read."""

    volume: Path = _setting(
        Path("/runpod-volume"),
        "RUNPOD_VOLUME",
        "the mounted volume; `models/`, `cache/`, `voices/` and `output/` lie under it",
        Path,
    )
    allow_container_disk: bool = _setting(
        False,
        "ALLOW_CONTAINER_DISK",
        "`true`: without a mounted volume `RUNPOD_VOLUME` is made on the container's own disk, and every new worker"
        " downloads its models anew; for trials",
        _switch,
    )
    model: str = _setting(
        "F5TTS_v1_Base",
        "F5_MODEL",
        "a registered model, or a directory with `config.yaml`, `vocab.txt` and one `*.safetensors`",
        str,
    )
    revision: str | None = _setting(
        None, "F5_REVISION", "commit of the model's repository, instead of the pinned one", str
    )
    licenses: str = _setting(
        "any",
        "LICENSES",
        "`commercial`: models whose licence is unknown or forbids commercial use are refused; `any`: none is",
        _licenses,
    )
    device: str | None = _setting(
        None, "F5_DEVICE", "`cuda` or `cpu`; by default the GPU, and the CPU only off the platform", _device
    )
    dtype: str | None = _setting(
        None,
        "F5_DTYPE",
        "`float32`, `float16` or `bfloat16`; by default float16 on a GPU, on a CPU bfloat16 if it has it in hardware,"
        " else float32",
        _dtype,
    )
    asr_model: str | None = _setting(
        None,
        "ASR_MODEL",
        "whisper model that hears what is said in a reference, a faster-whisper name or a directory; by default"
        " `large-v3-turbo` on a GPU, `tiny` on a CPU",
        str,
    )
    output_dir: Path | None = _setting(
        None,
        "OUTPUT_DIR",
        "where `local` delivery writes; by default `./output`, on the platform `<volume>/output`",
        Path,
    )
    url_expiry_s: int = _setting(86_400, "URL_EXPIRY_S", "life of a link in seconds, 60..604800", _link_life)
    max_text_chars: int = _setting(100_000, "MAX_TEXT_CHARS", "longest text of a job in characters", _positive)
    max_speech_min: int = _setting(180, "MAX_SPEECH_MIN", "longest audio of a job in minutes, as predicted", _positive)
    max_frames: int = _setting(
        4_000_000,
        "MAX_FRAMES",
        "largest work of a job in mel frames, 93.75 for a second, the reference counted with every chunk",
        _positive,
    )
    max_job_s: int | None = _setting(
        None,
        "MAX_JOB_S",
        "longest time for a job in seconds; by default 570 on the platform, whose own limit is 600 unless the endpoint"
        " has another execution timeout",
        _positive,
    )
    max_audio_mb: int = _setting(25, "MAX_AUDIO_MB", "largest reference file in MB", _positive)
    max_reference_s: int = _setting(
        12, "MAX_REFERENCE_S", "longest reference in seconds, 1..15; a longer recording is cut", _reference_length
    )
    reference_pad_s: float = _setting(0.1, "REFERENCE_PAD_S", "silence behind a reference in seconds, 0..1", _pad)
    max_inline_mb: int = _setting(6, "MAX_INLINE_MB", "largest audio file sent inside a reply in MB", _positive)
    max_kept_mb: int = _setting(
        1000,
        "MAX_KEPT_MB",
        "speech that could not be delivered is kept on the volume under `output/undelivered`, so many MB of it",
        _positive,
    )
    log_level: str = _setting("INFO", "LOG_LEVEL", "`DEBUG`, `INFO`, `WARNING` or `ERROR`", _log_level)
    on_platform: bool = False
    """Whether the platform runs this process."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], arguments: Iterable[str] = ()) -> Settings:
        """Read every variable; an empty one counts as absent. `arguments`: of the command line."""
        values, faults = cls._read(environ)
        if faults:
            name, fault = next(iter(faults.items()))
            raise ValueError(f"{name}={environ[name].strip()!r}: {fault}")
        return cls(**values, on_platform=on_platform(environ, arguments))

    @classmethod
    def faults(cls, environ: Mapping[str, str]) -> dict[str, str]:
        """What each variable that cannot be read must be instead, by its name."""
        return cls._read(environ)[1]

    @classmethod
    def _read(cls, environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        """The values by their fields' names, and the faults by their variables'."""
        values, faults = {}, {}
        for setting in cls.documented():
            name = setting.metadata["env"]
            if text := environ.get(name, "").strip():
                try:
                    values[setting.name] = setting.metadata["parse"](text)
                except ValueError as e:
                    faults[name] = str(e)
        return values, faults

    @classmethod
    def documented(cls) -> list[Field[Any]]:
        """The fields that a variable sets, in the order of the table."""
        return [f for f in fields(cls) if "env" in f.metadata]

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
    def undelivered_dir(self) -> Path:
        """Results that did not reach their caller."""
        return self.volume / "output" / "undelivered"

    @property
    def max_kept_bytes(self) -> int:
        return self.max_kept_mb * 1_000_000

    @property
    def job_limit_s(self) -> float:
        """How long a job may take; infinite where nobody waits for it with a watch."""
        return self.max_job_s or (PLATFORM_JOB_S - TIME_TO_LEAVE_S if self.on_platform else math.inf)

    @property
    def local_output_dir(self) -> Path:
        if self.output_dir is not None:
            return self.output_dir
        return self.volume / "output" if self.on_platform else Path("output")


def on_platform(environ: Mapping[str, str], arguments: Iterable[str]) -> bool:
    """Whether the platform gives this process its jobs.

    As the SDK decides it: it asks for jobs where the environment names the queue, unless its arguments bring a job or
    have it serve the API itself. RUNPOD_ENDPOINT_ID does not count: those who call an endpoint export it.
    """
    local = {argument.partition("=")[0] for argument in arguments} & SERVED_LOCALLY
    return bool(environ.get("RUNPOD_WEBHOOK_GET_JOB")) and not local
