"""Chunks as they were spoken, on the volume: no worker speaks what another has spoken.

    <volume>/cache/chunks/<voice>/<name>   a chunk: the SHA-256 of what follows and of its name, then float32 samples
    <volume>/cache/chunks/.writing-*       one that is being written, or whose writer was killed

Knows nothing of text or models: a chunk is named by everything that it was made of, which is its owner's affair. What
cannot be read is not there, what cannot be written costs time alone. Several workers may share the directory: a file is
whole, two of one name hold the same, and any may be gone when it is looked at.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from voiceclone.files import HEADROOM_BYTES, write_whole
from voiceclone.types import MB, Samples

log = logging.getLogger(__name__)

HASH_BYTES = 32
MAX_BYTES = 20 * MB
"""Of a chunk: a network speaks half a minute at once, 3 MB. What is larger is none."""
SHARES = 16
"""A worker counts what lies there when it has written this part of what may: two of them never exceed that."""
FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a disk says that has no room left."""


class KeptChunks:
    """The chunks of one volume, those that were used last. Its methods may be called by several threads."""

    def __init__(self, directory: Path, max_bytes: int, made_by: str) -> None:
        """
        Args:
            directory: the parent of its parent must exist: a volume that is not mounted is not made up.
            max_bytes: of all files together; 0: nothing is kept.
            made_by: tells the model from any other: chunks of another are not found.
        """
        self._directory = directory
        self._max_bytes = max_bytes
        self._made_by = made_by
        # Not a daemon: what is spoken when the process is told to end is written, too.
        self._writer = ThreadPoolExecutor(1, "chunks")
        self._coming: dict[Path, bytes] = {}
        """What waits to be written."""
        self._uncounted = max_bytes
        """Bytes that may have come since the files were counted."""
        self._refused = False
        """Whether the last write failed."""

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._max_bytes > 0

    def find(self, voice: str, made_of: str) -> Samples | None:
        """Return a chunk that was kept; None where there is none.

        Args:
            voice: whose it is, as a directory's name.
            made_of: all that determines its samples, beside the model.
        """
        if not self.is_on:
            return None
        path = self._path(voice, made_of)
        data = self._coming.get(path) or _read(path)
        return None if data is None else np.frombuffer(data, np.float32).copy()

    def found_or_made(
        self, wanted: Sequence[tuple[str, str]], make: Callable[[list[int]], Generator[Samples, None, None]]
    ) -> Generator[tuple[Samples, bool], None, None]:
        """Yield each chunk, and whether it was kept; those that were not are made, and then they are.

        Args:
            wanted: whose each is, and what it is made of, as `find` takes them.
            make: yields the chunks of these places, in order.
        """
        found = [self.find(*each) for each in wanted]
        with closing(make([i for i, samples in enumerate(found) if samples is None])) as made:
            for each, samples in zip(wanted, found, strict=True):
                if samples is None:
                    new = next(made)
                    self.keep(*each, new)
                    yield new, False
                else:
                    yield samples, True

    def keep(self, voice: str, made_of: str, samples: Samples) -> None:
        """Keep a chunk, in the background; what the disk refuses is logged."""
        if not self.is_on:
            return
        path, data = self._path(voice, made_of), samples.astype(np.float32, copy=False).tobytes()
        self._coming[path] = data
        self._writer.submit(self._write, path, data)

    def drop(self, voice: str) -> None:
        """Remove all chunks of a voice; what another worker is just speaking in it comes later, and goes in its time.

        What the disk refuses is logged.
        """
        self._writer.submit(self._remove, self._directory / voice).result()

    def flush(self) -> None:
        """Wait until everything is written."""
        self._writer.submit(lambda: None).result()

    def _path(self, voice: str, made_of: str) -> Path:
        return self._directory / voice / hashlib.sha256(f"{self._made_by}\0{made_of}".encode()).hexdigest()

    def _write(self, path: Path, data: bytes) -> None:
        """Write a chunk. Runs in the one thread that writes, as all below."""
        try:
            try:
                self._put(path, data)
            except OSError as e:
                if e.errno not in FULL:
                    raise
                self._make_room(self._max_bytes // SHARES)  # what is old makes way, also where others fill the disk
                self._put(path, data)
            self._uncounted += len(data)
            if self._uncounted >= self._max_bytes // SHARES:
                self._make_room()
            self._refused = False
        except OSError as e:
            if not self._refused:  # once, and not for each chunk of a job
                log.warning("%s not kept: %s", path, e)
            self._refused = True
        finally:
            self._coming.pop(path, None)

    def _put(self, path: Path, data: bytes) -> None:
        """Write a chunk where the disk has room. Raises OSError."""
        for directory in (self._directory.parent, self._directory, path.parent):
            directory.mkdir(exist_ok=True)
        if shutil.disk_usage(self._directory).free <= HEADROOM_BYTES:
            raise OSError(errno.ENOSPC, "the disk is nearly full")
        write_whole(path, lambda file: file.write(_seal(path, data) + data), drafts=self._directory)

    def _make_room(self, least: int = 0) -> None:
        """Remove what was not used for longest, so that this worker and another may write a share each.

        `least`: bytes to remove in any case.
        """
        self._uncounted = 0
        files = sorted(self._files(), key=lambda file: file[1])
        too_much = max(least, sum(size for _, _, size in files) - self._max_bytes * (SHARES - 2) // SHARES)
        for path, _, size in files:
            if too_much <= 0:
                return
            with suppress(OSError):  # another worker was sooner
                path.unlink()
            with suppress(OSError):  # it holds more
                path.parent.rmdir()
            too_much -= size

    def _files(self) -> Iterator[tuple[Path, float, int]]:
        """Yield every chunk, when it was used, and its size."""
        with os.scandir(self._directory) as found:
            directories = [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
        for directory in directories:
            with suppress(FileNotFoundError), os.scandir(directory) as entries:  # gone meanwhile
                for entry in entries:
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        yield Path(entry.path), status.st_mtime, status.st_size

    def _remove(self, directory: Path) -> None:
        try:
            shutil.rmtree(directory)
        except FileNotFoundError:
            pass
        except OSError as e:
            log.warning("what was spoken in a deleted voice cannot be removed: %s", e)


def _seal(path: Path, data: bytes) -> bytes:
    """Return what tells that a file is whole, and is what it is called."""
    return hashlib.sha256(path.name.encode() + data).digest()


def _read(path: Path) -> bytes | None:
    """Return the samples of a file; None where there is none of use. It is marked as used."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:  # a pipe would be waited for
            return None
        data = path.read_bytes()
    except OSError:
        return None
    seal, data = data[:HASH_BYTES], data[HASH_BYTES:]
    if not data or len(data) % 4 or seal != _seal(path, data):
        log.warning("passed over: %s is damaged", path)
        return None
    with suppress(OSError):  # a read-only mount
        os.utime(path)
    return data
