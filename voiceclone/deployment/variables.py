"""Every variable that a person may set for a worker: its settings, its bucket, and what the libraries read.

Knows no form, file or platform: the Hub's form and `voiceclone deploy` read this table. Settings come from
`voiceclone.settings`; a test compares the bucket's variables with what `s3_utils.store_from_env` asks for.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from s3_utils import DEFAULT_REGION
from voiceclone.settings import Settings

Kind = Literal["string", "number", "boolean"]


@dataclass(frozen=True)
class Variable:
    """One variable of the worker's environment."""

    name: str
    about: str
    default: str | float | bool | None = None
    """None: absent, which an empty value is as well."""
    kind: Kind = "string"
    secret: bool = False
    """Never shown, and never written into a file."""


BUCKET = (
    Variable("S3_BUCKET", "bucket for results and voices; without one they stay on the volume or in the reply"),
    Variable("AWS_ACCESS_KEY_ID", "who writes to the bucket", secret=True),
    Variable("AWS_SECRET_ACCESS_KEY", "the secret that belongs to AWS_ACCESS_KEY_ID", secret=True),
    Variable(
        "AWS_REGION",
        f"region of the bucket; by default what its endpoint shows, else {DEFAULT_REGION}; another that the"
        " service tells is taken, with a warning",
    ),
    Variable("AWS_ENDPOINT_URL", "address of the S3 service, for anything but AWS; the bucket's own will do"),
    Variable(
        "S3_ADDRESSING_STYLE",
        "path or virtual: where the bucket stands in an address; by default as the service wants it, path for others",
    ),
    Variable("S3_PREFIX", "put before the key of every result and voice"),
    Variable("AWS_SESSION_TOKEN", "for keys that are only lent", secret=True),
)
PLATFORM_BUCKET = (
    Variable("BUCKET_NAME", "as S3_BUCKET"),
    Variable("BUCKET_ACCESS_KEY_ID", "as AWS_ACCESS_KEY_ID", secret=True),
    Variable("BUCKET_SECRET_ACCESS_KEY", "as AWS_SECRET_ACCESS_KEY", secret=True),
    Variable("BUCKET_ENDPOINT_URL", "as AWS_ENDPOINT_URL, or the bucket's own address"),
    Variable("AWS_DEFAULT_REGION", "as AWS_REGION"),
)
"""The platform's own names for the same things."""
HF_TOKEN = Variable("HF_TOKEN", "opens gated and private models of the hub", secret=True)
LIBRARIES = (
    HF_TOKEN,
    Variable("HF_ENDPOINT", "address of a mirror of the hub"),
    Variable("RUNPOD_INIT_TIMEOUT", "seconds that the platform waits for a worker to become ready"),
)
"""What huggingface_hub and the platform read. An empty value is not the same as none here, but for HF_TOKEN."""


def settings() -> tuple[Variable, ...]:
    """Return the worker's settings in the order of its table."""
    found = []
    for name, setting in Settings.documented().items():
        default = setting.default if isinstance(setting.default, bool | int | float | None) else str(setting.default)
        about = (setting.description or "").replace("`", "")
        # What is read from pairs or words has a text that means the same.
        plain = default if not isinstance(setting.default, dict | tuple) else None
        found.append(Variable(name, about, plain, _kind(setting.annotation), _is_secret(setting.annotation)))
    return tuple(found)


def _is_secret(hint: object) -> bool:
    return SecretStr in (typing.get_args(hint) or [hint])


def _kind(hint: object) -> Kind:
    types = set(typing.get_args(hint) or [hint])
    if bool in types:
        return "boolean"
    return "number" if types & {int, float} else "string"


def variables() -> dict[str, Variable]:
    """Return all of them, by name."""
    return {variable.name: variable for variable in (*settings(), *BUCKET, *PLATFORM_BUCKET, *LIBRARIES)}
