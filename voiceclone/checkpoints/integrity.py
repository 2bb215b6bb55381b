"""What is wrong with a model file, as its header and its size tell, and whether its content has a hash.

Knows neither models nor a hub.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voiceclone.checkpoints.hub_cache import HASH

MAX_HEADER_BYTES = 100 * 10**6
"""Of a safetensors file: the format's own limit; more is garbage, and is not read."""
MAX_VOCABULARY_BYTES = 10**7
"""This model's have some kilobytes, whisper's half a million; more is something else, and is not read."""


@dataclass(frozen=True)
class Fault:
    """What keeps a file from being used; as a string, what is to be said of it."""

    kind: Literal["missing", "unreadable", "damaged"]
    """unreadable: the volume does not show it, it may be whole."""
    text: str

    def __str__(self) -> str:
        return self.text


def find_fault(path: Path) -> Fault | None:
    """Return what is wrong with a file, as far as a look at its ends can tell; or None."""
    try:
        if path.is_dir():
            return Fault("damaged", "is a directory, not a file")
        if path.is_file():
            text = _content_fault(path, path.stat().st_size)
            return Fault("damaged", text) if text else None
        if path.is_symlink():
            return Fault("damaged", "is a link to nothing")
        return Fault("missing", "is missing")
    except OSError as e:  # no right to it, or a network mount's hiccup
        return Fault("unreadable", f"cannot be read: {e.strerror or e}")


def has_hash(path: Path, etag: str) -> bool:
    """Return whether a file's content has an ETag of the hub. Reads all of it; raises OSError.

    The ETag of a large file is its SHA-256, that of a small one git's SHA-1; True for any other, which is no hash.
    """
    if not HASH.fullmatch(etag):
        return True
    size = path.stat().st_size
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: digest).hexdigest() == etag


def _content_fault(path: Path, size: int) -> str | None:
    if not size:
        return "is empty"
    if path.suffix == ".safetensors":
        return _safetensors_fault(path, size)
    with path.open("rb") as f:
        archive = f.read(4) == b"PK\x03\x04"
    # torch.save writes a zip archive, whose directory lies at the end: a cut one has none.
    if archive and not zipfile.is_zipfile(path):
        return "is damaged: the end of the archive is missing"
    return _text_fault(path, size) if path.suffix == ".txt" else None


def _text_fault(path: Path, size: int) -> str | None:
    if size > MAX_VOCABULARY_BYTES:
        return f"is no vocabulary: it has {size} bytes, more than {MAX_VOCABULARY_BYTES}"
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "is damaged: it is no text in UTF-8"
    return None


def _safetensors_fault(path: Path, size: int) -> str | None:
    """Compare a file's size with what its header promises."""
    try:
        header, start = _read_header(path)
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        promised = start + int(max(ends, default=0))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return "is damaged: its safetensors header cannot be read"
    return None if promised == size else f"is damaged: it has {size} bytes where its header promises {promised}"


def _read_header(path: Path) -> tuple[Any, int]:
    """Return a safetensors file's header, and where it ends: 8 bytes of length, JSON, then the tensors' data.

    Raises ValueError or RecursionError for what is none, and OSError.
    """
    with path.open("rb") as f:
        length = int.from_bytes(f.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError("too long for a header")
        return json.loads(f.read(length)), 8 + length
