"""Speech that did not reach its caller, kept until it can be sent.

Knows nothing of jobs. The oldest makes room for the newest: what nobody came for in all that time is not missed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import PurePosixPath

from voiceclone.sources import MB
from voiceclone.types import Artifact, Directory, Entry

log = logging.getLogger(__name__)


class Undelivered:
    """The results in one directory, at most so many bytes of them."""

    def __init__(self, directory: Directory, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def keep(self, key: str, data: bytes, content_type: str) -> Artifact:
        """Keep a result. Raises StorageFailed, with what was there before still there."""
        artifact = self._directory.put(key, data, content_type, 0)
        self._make_room(artifact.key)
        return artifact

    def find(self, prefix: str) -> list[Entry]:
        """What is kept under keys that begin so, the oldest first. Raises StorageFailed."""
        return sorted(self._directory.entries(prefix), key=lambda entry: entry.modified)

    def parts(self, key: str) -> list[str]:
        """The keys of a result and of the subtitles beside it, the sound itself last. Raises StorageFailed."""
        stem = f"{PurePosixPath(key).with_suffix('')}."
        keys = [entry.key for entry in self.find(stem) if not {"/", "."} & {*entry.key.removeprefix(stem)}]
        return sorted(keys, key=lambda each: each == key)

    def read(self, key: str) -> bytes | None:
        """None for what is not kept. Raises StorageFailed."""
        return self._directory.read(key, self._max_bytes)

    def remove(self, keys: Iterable[str]) -> None:
        """What has been sent. Raises StorageFailed."""
        for key in keys:
            self._directory.remove(key)

    def _make_room(self, newest: str) -> None:
        kept = self.find("")
        too_much = sum(entry.size for entry in kept) - self._max_bytes
        for entry in kept:
            if too_much <= 0 or entry.key == newest:
                return
            self._directory.remove(entry.key)
            too_much -= entry.size
            log.warning("removed %s, which was never delivered: more than %d MB are", entry.key, self._max_bytes // MB)
