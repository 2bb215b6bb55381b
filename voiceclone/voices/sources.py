"""Where a recording comes from: told apart, and checked before anything is fetched. Pure functions.

Knows nothing of how it is fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from voiceclone.types import MB

MAX_URL_CHARS = 8_000
MAX_BUCKET_CHARS, MAX_KEY_BYTES = 63, 1024


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


@dataclass(frozen=True)
class KeptSource:
    """A reference that was prepared for an earlier job, by the name that its recipe has for it."""

    key: str


AudioSource = WebSource | BucketSource | InlineSource | KeptSource
KEPT = "kept:"
_KEPT_KEY = re.compile(r"[0-9a-f]{64}")


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
        if len(bucket) > MAX_BUCKET_CHARS or len(key.encode()) > MAX_KEY_BYTES:
            raise ValueError(f"names no object: a bucket has {MAX_BUCKET_CHARS} characters at most, a key 1024 bytes")
        return BucketSource(bucket, key)
    if value.startswith(KEPT):
        if not _KEPT_KEY.fullmatch(value.removeprefix(KEPT)):
            raise ValueError("is not the name of a reference in a recipe")
        return KeptSource(value.removeprefix(KEPT))
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
    if len(value) > MAX_URL_CHARS:  # looking up a host of a million characters takes hours
        raise ValueError(f"is a URL of {len(value)} characters, at most {MAX_URL_CHARS} are allowed")
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna")
        usable = bool(host) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is not a URL that can be fetched: check its host and port")
    return value
