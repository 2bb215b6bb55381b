"""What is wrong with a model file, and whether it still holds the bytes that were written.

Knows neither models nor a hub: a file's name, its header and its size tell what it should be.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MAX_HEADER_BYTES = 100 * 10**6
"""Of a safetensors file: the format's own limit; more is garbage, and is not read."""
SMALL_BYTES = 10**5
"""A file of no more is read as a whole when it is looked at."""
MAX_VOCABULARY_BYTES = 10**7
"""This model's have some kilobytes, whisper's half a million; more is something else, and is not read."""
BLOCK_BYTES = 64 * 2**20
"""Of a file that is read as a whole: between two the interpreter's lock is waited for, which an import holds long."""
HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SEAL = "voiceclone.sha256"
"""Under this name a safetensors file's metadata may tell the SHA-256 of what follows its header."""


@dataclass(frozen=True)
class Fault:
    """What keeps a file from being used; as a string, what is to be said of it."""

    kind: Literal["missing", "unreadable", "damaged"]
    """unreadable: the volume does not show it, it may be whole."""
    text: str

    def __str__(self) -> str:
        return self.text


def find_fault(path: Path) -> Fault | None:
    """What is wrong with a file, as far as a look at its ends, or at a small one as a whole, can tell; or None."""
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


def holds_promised_bytes(path: Path) -> bool:
    """Whether a file is still what was written: the hub's cache names a blob by its hash, a copy has a seal.

    True for a file that promises nothing. Reads all of it, so that it lies in the page cache; raises OSError.
    """
    blob = path.resolve()
    if HASH.fullmatch(blob.name):
        return has_hash(blob, blob.name)
    seal, start = "", 0
    if path.suffix == ".safetensors":
        with suppress(ValueError, TypeError, KeyError, RecursionError):  # no header: `find_fault` says so
            header, start = _read_header(blob)
            seal = str(header["__metadata__"][SEAL])
    return has_hash(blob, seal, start)


def has_hash(path: Path, etag: str, start: int = 0) -> bool:
    """Compare what follows `start` with an ETag of the hub. Reads all of it; raises OSError.

    That of a large file is its SHA-256, that of a small one git's SHA-1; True for another.
    """
    digest = None
    if HASH.fullmatch(etag):
        size = path.stat().st_size
        digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    block = memoryview(bytearray(min(BLOCK_BYTES, path.stat().st_size)))
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while count := file.readinto(block):
            if digest:
                digest.update(block[:count])
    return digest is None or digest.hexdigest() == etag


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
    if size <= SMALL_BYTES and not holds_promised_bytes(path):
        return "is damaged: its bytes are not those that were fetched"
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
    """A safetensors file's header, and where it ends: 8 bytes of length, JSON, then the tensors' data.

    Raises ValueError or RecursionError for what is none, and OSError.
    """
    with path.open("rb") as f:
        length = int.from_bytes(f.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError("too long for a header")
        return json.loads(f.read(length)), 8 + length
