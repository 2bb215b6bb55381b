"""Speech that did not reach its caller, kept until it can be sent.

Knows nothing of jobs. The oldest makes room for the newest: what nobody came for in all that time is not missed.
"""

from __future__ import annotations

import logging
from collections.abc import KeysView
from contextlib import suppress

from voiceclone import audio, subtitles
from voiceclone.errors import StorageFailed
from voiceclone.types import AUDIO_FORMATS, MB, Artifact, Directory, Entry, File, Result

log = logging.getLogger(__name__)

SOUNDS = {str(each): audio.content_type(each) for each in AUDIO_FORMATS}
TEXTS = {str(each): subtitles.content_type(each) for each in subtitles.FORMATS}


class Undelivered:
    """The results in one directory: the newest, and of the others as many as fit below a limit."""

    def __init__(self, directory: Directory, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def keep(self, result: Result) -> dict[str, Artifact]:
        """Keep a result; returns its parts by their keys. Raises StorageFailed, and then costs no other result."""
        kept = {key: self._directory.put(key, file.data, file.media_type, 0) for key, file in result.parts.items()}
        with suppress(StorageFailed):  # it is kept, room or not
            self._make_room(kept.keys())
        return kept

    def entries(self, prefix: str) -> list[Entry]:
        """Return what is kept under keys that begin so, the oldest first. Raises StorageFailed."""
        return sorted(self._directory.entries(prefix), key=lambda entry: entry.modified)

    def find(self, key: str) -> Result | None:
        """Return the result whose audio has this key; None where none is kept. Raises StorageFailed."""
        stem, _, ending = key.rpartition(".")
        sound = self._part(stem, ending, SOUNDS) if ending in SOUNDS else None
        if sound is None:
            return None
        texts = (self._part(stem, each, TEXTS) for each in TEXTS)
        return Result(stem, sound, [text for text in texts if text is not None])

    def remove(self, result: Result) -> None:
        """Remove what has been sent. Raises StorageFailed."""
        for key in reversed(result.parts):
            self._directory.remove(key)

    def _part(self, stem: str, ending: str, media_types: dict[str, str]) -> File | None:
        data = self._directory.read(f"{stem}.{ending}", self._max_bytes)
        return None if data is None else File(ending, data, media_types[ending])

    def _make_room(self, newest: KeysView[str]) -> None:
        kept = self.entries("")
        too_much = sum(entry.size for entry in kept) - self._max_bytes
        for entry in kept:
            if too_much <= 0:
                return
            if entry.key not in newest:
                self._directory.remove(entry.key)
                too_much -= entry.size
                log.warning("removed %s, never delivered: there is room for %d MB", entry.key, self._max_bytes // MB)
