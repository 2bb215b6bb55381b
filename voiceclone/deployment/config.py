"""The one small TOML that describes a worker: image, GPUs, volume, scaling and environment.

Knows no platform: what the fields become there is `plan`'s affair. Unknown names are refused with the nearest known
one, and secrets are never written here, only where they are to be had.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from s3_utils import store_from_env
from voiceclone.deployment.variables import variables
from voiceclone.errors import sentence_of
from voiceclone.files import text_in
from voiceclone.keys import key_in
from voiceclone.settings import PLATFORM_JOB_S, TIME_TO_LEAVE_S, Settings

LEAST_CUDA = (12, 8)
"""What the image's torch is built for; hosts with older drivers refuse it."""

INIT_TIMEOUT_S = 1800
"""The platform's own 7 minutes are too few for a first download over a slow link."""
LONGEST_REQUEST_S = 330
"""A load-balancing endpoint cuts its requests off after so long."""
SERVER = {"SERVE": "http", "ALLOW_ANONYMOUS": "true", "PORT": "8000"}
"""The worker behind load balancing: the platform's gateway checks who calls, and any user may take the port."""
PORTS = ("PORT", "PORT_HEALTH")
_NOT_HERE = {
    "SERVE": 'follows from type: write type = "queue" or "load_balancing" in its place',
    **dict.fromkeys(("API_KEY", "ALLOW_ANONYMOUS"), "the platform itself asks for its own key: leave it out"),
    "HEALTH_CHECK_PATH": "the worker answers /ping, where it is asked by default: leave it out",
}
"""Variables that a worker may have elsewhere."""
_PLACEHOLDER = re.compile(
    r"(?<![a-z0-9])(?:your(?:[-_ /:]|name|$)|you/|user[-_]?name|docker[-_]?(?:hub[-_]?)?(?:user|name|id))|[<>$\[\]]",
    re.IGNORECASE,
)
"""What examples leave to be filled in: `YOUR-NAME`, `username`, `<name>`, `$NAME`."""
_IMAGE = re.compile(
    r"(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(?::\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
"""An image as registries name it: its path in small letters."""

_REFERENCE = re.compile(r"\{\{\s*RUNPOD_SECRET_\w+\s*\}\}")
"""How the platform is asked for a secret that it keeps."""
_REFERENCE_STANDS_FOR = "kept-by-the-platform"


class ConfigError(ValueError):
    """The file cannot be used; names every bad field at once."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Value:
    """A variable's value, or where it is read when the worker is deployed."""

    text: str | None
    from_env: str | None = None


def _value(given: Any) -> Value:
    if isinstance(given, bool):
        return Value(str(given).lower())
    if isinstance(given, str | int | float):
        return Value(str(given))
    if isinstance(given, dict) and set(given) == {"from_env"} and isinstance(given["from_env"], str):
        return Value(None, given["from_env"])
    raise ValueError('must be a string, a number, true, false or { from_env = "NAME" }')


def _cuda(version: Any) -> str:
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+", version):
        raise ValueError('must be written as "12.8"')
    if tuple(map(int, version.split("."))) < LEAST_CUDA:
        raise ValueError("the image needs CUDA 12.8 or above")
    return version


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Gpu(_Strict):
    """Where a worker may run; each takes one GPU."""

    types: list[str] = Field(min_length=1)
    """Names of GPU types or of the platform's pools; workers start on whichever is free."""
    min_cuda: Annotated[str, PlainValidator(_cuda)] = ".".join(map(str, LEAST_CUDA))


class Scaling(_Strict):
    """How many workers there are, and for how long."""

    workers_min: int = Field(default=0, ge=0)
    """Always running, and always paid for."""
    workers_max: int = Field(default=3, ge=1)
    idle_timeout_s: int = Field(default=5, ge=1, le=3600)
    """Not for a queue with REQUEST_COUNT: the platform refuses it there."""
    execution_timeout_s: int = Field(default=PLATFORM_JOB_S, ge=2 * TIME_TO_LEAVE_S)
    """A worker leaves a job TIME_TO_LEAVE_S before that, and needs time to speak. See `Deployment.limit_s`."""
    scaler: Literal["QUEUE_DELAY", "REQUEST_COUNT"] = "QUEUE_DELAY"
    """See `Deployment.scaler`."""
    scaler_value: int = Field(default=4, ge=1)
    """Seconds that a job may wait before another worker starts; with REQUEST_COUNT, requests for each worker."""
    flashboot: bool = True


class Deployment(_Strict):
    """A worker as it is to be on the platform. Its endpoint bears its name."""

    name: str = Field(min_length=1, max_length=191)
    type: Literal["queue", "load_balancing"] = "queue"
    image: str = Field(min_length=1)
    container_disk_gb: int = Field(default=20, ge=1)
    registry_auth: str | None = None
    """Id or name of the registry's credentials on the platform, for a private image."""
    volume: str | None = None
    """Id or name of the network volume."""
    gpu: Gpu
    scaling: Scaling = Scaling()
    env: dict[str, Annotated[Value, PlainValidator(_value)]] = {}

    @property
    def is_balanced(self) -> bool:
        """Whether requests go straight to a worker, past any queue."""
        return self.type == "load_balancing"

    @property
    def has_idle_timeout(self) -> bool:
        """Whether the platform takes one for this type and scaler."""
        return self.is_balanced or self.scaler == "QUEUE_DELAY"

    @property
    def scaler(self) -> str:
        """What workers are added by: load balancing knows the number of requests alone."""
        return "REQUEST_COUNT" if self.is_balanced else self.scaling.scaler

    @property
    def limit_s(self) -> int:
        """When the platform ends a job or a request, in seconds."""
        limit_s = self.scaling.execution_timeout_s
        return min(limit_s, LONGEST_REQUEST_S) if self.is_balanced else limit_s

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the worker's variables: those in place that come from here, and what suits the platform.

        Raises ConfigError.
        """
        missing = [
            f"env.{name}: {value.from_env} is not set here: export it"
            for name, value in self.env.items()
            if value.from_env and not environ.get(value.from_env)
        ]
        if missing:
            raise ConfigError(missing)
        filled = {name: environ[v.from_env].strip() if v.from_env else v.text or "" for name, v in self.env.items()}
        bucket = {name: _stand_in(text) for name, text in filled.items()}
        try:
            for name in self.secrets():
                key_in(bucket, name)
            store_from_env(bucket)
        except ValueError as e:
            raise ConfigError([f"env: {e}"]) from None
        if self.is_balanced:
            filled = {**SERVER, **filled}
            filled.setdefault("PORT_HEALTH", filled["PORT"])  # the platform's documents disagree on its default
            if wrong := [name for name in PORTS if not _is_port(filled[name])]:
                raise ConfigError(f"env.{name}: must be the number of a port, as 8000" for name in wrong)
        limits = {"MAX_JOB_S": str(self.limit_s - TIME_TO_LEAVE_S), "RUNPOD_INIT_TIMEOUT": str(INIT_TIMEOUT_S)}
        filled = {**limits, **filled}
        known = {name: text for name, text in filled.items() if not _REFERENCE.fullmatch(text)}
        if unreadable := list(_unreadable(known)):
            raise ConfigError(unreadable)
        settings = Settings.from_env(known)
        if settings.job_limit_s >= self.limit_s:
            raise ConfigError([f"env.MAX_JOB_S: must be below {self.limit_s}, when the platform ends the job"])
        return filled

    def warnings(self) -> list[str]:
        """Return what can be used and is likely to be regretted."""
        _, _, tag = self.image.rpartition("/")[2].partition(":")
        if "@" in self.image or tag not in {"", "latest"}:
            return []
        return [
            f"image: {self.image}: workers keep an image by its tag, and go on with the old one after a push: give each"
            " its own, as :1.0, or its digest"
        ]

    def secrets(self) -> frozenset[str]:
        """Names of the variables that are not shown."""
        known = variables()
        return frozenset(
            name for name, value in self.env.items() if value.from_env or (name in known and known[name].secret)
        )


def read(path: Path) -> Deployment:
    """Return the file's content, checked as far as that goes without the platform. Raises ConfigError."""
    try:
        text = text_in(path.read_bytes())
    except OSError as e:
        raise ConfigError([f"{path} cannot be read: {e.strerror}"]) from e
    except ValueError as e:
        raise ConfigError([f"{path} {e}"]) from e
    try:
        deployment = Deployment.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as e:
        raise ConfigError([f"{path} is not TOML: {e}"]) from e
    except ValidationError as e:
        raise ConfigError(map(_problem, e.errors())) from None  # pydantic's own text quotes what was given
    if problems := [*_environment_problems(deployment), *_problems(deployment)]:
        raise ConfigError(problems)
    return deployment


def _unreadable(filled: Mapping[str, str]) -> Iterable[str]:
    for name, text in filled.items():
        try:
            Settings.from_env({name: text})
        except ValueError:  # quotes the value, which may be a secret in the wrong place
            yield f"env.{name}: its value cannot be read; the README tells what it may be"


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9]\d{0,4}", text)) and int(text) < 2**16


def _stand_in(text: str) -> str:
    return _REFERENCE_STANDS_FOR if _REFERENCE.fullmatch(text) else text


def _problem(error: Any) -> str:
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        rooms: dict[str, type[BaseModel]] = {"gpu": Gpu, "scaling": Scaling}
        owner = Deployment if len(error["loc"]) == 1 else rooms[error["loc"][0]]
        return f"{path}: there is no such field{_nearest(str(error['loc'][-1]), owner.model_fields)}"
    return f"{path}: {sentence_of(error['msg'])}"


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    by_case = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), by_case, n=1)
    return f"; did you mean {by_case[close[0]]}?" if close else f"; there are {', '.join(known)}"


def _environment_problems(deployment: Deployment) -> Iterable[str]:
    known = variables()
    for name, value in deployment.env.items():
        if name in _NOT_HERE:
            yield f"env.{name}: {_NOT_HERE[name]}"
        elif name in PORTS and not deployment.is_balanced:
            yield f'env.{name}: a queue\'s worker listens nowhere: leave it out, or write type = "load_balancing"'
        elif name not in known:
            yield f"env.{name}: the worker knows no such variable{_nearest(name, known)}"
        elif value.text is None or _REFERENCE.fullmatch(value.text):
            continue
        elif known[name].secret:
            yield (
                f'env.{name}: a secret is not written here: use {{ from_env = "{name}" }}, or'
                f' "{{{{ RUNPOD_SECRET_name }}}}" for one that the platform keeps'
            )
        else:
            try:
                Settings.from_env({name: value.text})
            except ValueError as e:
                yield f"env.{e}"


def _problems(deployment: Deployment) -> Iterable[str]:
    for field in ("name", "image", "volume", "registry_auth"):
        if _PLACEHOLDER.search(given := getattr(deployment, field) or ""):
            yield f"{field}: {given} is the example's: put your own there"
        elif field == "image" and not _IMAGE.fullmatch(given):
            yield f"image: {given!r} names no image: write it as it was pushed, in small letters, anna/voiceclone:1.0"
    scaling, on_disk = deployment.scaling, deployment.env.get("ALLOW_CONTAINER_DISK")
    given = scaling.model_fields_set
    if "scaler" in given and scaling.scaler != deployment.scaler:
        yield f'scaling.scaler: load balancing has no queue: write "{deployment.scaler}", or leave it out'
    if "execution_timeout_s" in given and scaling.execution_timeout_s != deployment.limit_s:
        yield f"scaling.execution_timeout_s: load balancing ends a request after {LONGEST_REQUEST_S} s: write no more"
    if not deployment.has_idle_timeout and "idle_timeout_s" in given:
        yield "scaling.idle_timeout_s: the platform takes none for a queue with REQUEST_COUNT: leave it out"
    if scaling.workers_min > scaling.workers_max:
        yield "scaling.workers_min: must not be above workers_max"
    if not deployment.volume and not (on_disk and on_disk.text == "true"):
        yield (
            "volume: is missing: name a network volume, or set env.ALLOW_CONTAINER_DISK = true, and every new worker"
            " downloads its models anew"
        )
