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
MAX_HEADER_CHARS = 200
"""Of what stands before the comma of a data: URI."""
MAX_PATH_CHARS = 256
BROKEN = 1.15
"""So much longer base64 is with line breaks and escapes."""
NO_SOURCE = "is no http(s):// or s3:// address, and not base64 either"
_ESCAPES = {"%2B": "+", "%2b": "+", "%2F": "/", "%2f": "/", "%3D": "=", "%3d": "=", "\\r": "", "\\n": "\n"}
"""As a URL and JSON within JSON have them."""
_USUAL_ALPHABET = str.maketrans("-_", "+/")
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
    return InlineSource(_decoded(_without_header(value), max_bytes))


def _without_header(value: str) -> str:
    """Return what stands behind the beginning of a data: URI, whole or without `data:`."""
    comma = value.find(",", 0, MAX_HEADER_CHARS)
    if comma >= 0 and value[:comma].rstrip().lower().endswith("base64"):
        return value[comma + 1 :]
    if value[:5].lower() == "data:":
        raise ValueError("is a data: URI without ';base64,'")
    return value


def _decoded(encoded: str, max_bytes: int) -> bytes:
    """Return the bytes of base64, also in the URL's alphabet, broken into lines, and without its padding."""
    if encoded[:2] in ("b'", 'b"'):  # how Python shows bytes
        encoded = encoded[1:]
    encoded = encoded.strip("\"' \t\r\n\ufeff")
    if len(encoded) * 3 // 4 > max_bytes * BROKEN + 2:
        raise ValueError(f"is larger than {max_bytes // MB} MB: send a shorter clip, or a link")
    if encoded[:1] == "/" and encoded[:2] != "//" and len(encoded) < MAX_PATH_CHARS:
        raise ValueError("is a path of one machine: send the file's bytes as base64, or a link")
    for escape, meant in _ESCAPES.items():
        encoded = encoded.replace(escape, meant)
    encoded = "".join(encoded.splitlines()).replace("\t", "")
    usual = encoded.translate(_USUAL_ALPHABET)
    bare = _without_spaces(usual, usual == encoded).rstrip("=")
    if not bare:
        raise ValueError("is empty")
    if len(bare) % 4 == 1:
        raise ValueError(f"{NO_SOURCE}: it has {len(bare)} characters, as no base64 has; a part of it may be missing")
    try:
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError) as e:
        raise ValueError(NO_SOURCE) from e
    if len(decoded) > max_bytes:
        raise ValueError(f"is larger than {max_bytes // MB} MB: send a shorter clip, or a link")
    return decoded


def _without_spaces(encoded: str, own_alphabet: bool) -> str:
    """Return base64 without spaces: a form turns `+` into them, and some tools line breaks.

    With `+` still in it, or in the URL's alphabet, they were none; nor where they part lines of one length. Of the
    two, base64 of a whole number of groups is the right one.
    """
    lines = encoded.split(" ")
    if len(lines) == 1:
        return encoded
    joined, plus = "".join(lines), "+".join(lines)
    even = all(len(line) == len(lines[0]) for line in lines[:-1]) and 0 < len(lines[-1]) <= len(lines[0])
    were_breaks = "+" in encoded or not own_alphabet or len(joined) % 4 == 0 != len(plus) % 4
    return joined if were_breaks or (even and len(plus) % 4) or (even and not len(joined) % 4) else plus


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
