"""Voices by name, in a bucket or on the volume.

Knows nothing of jobs or of how a recording becomes a reference. Workers on several hosts share the voices:

    voices/.data/<name>/<hash>.wav   the audio of a voice, named by its content and written first
    voices/<name>.json               what is known of the voice, its audio's name among it: two who add one name at
                                     once leave one whole voice
    voices/<name>.wav, <name>.txt    the same for people, and for other programs

A `<name>.wav` without a `.json`, with or without a `.txt`, is a voice too: someone else put it there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from voiceclone.errors import BadAudio, StorageFailed, WorkerError
from voiceclone.text import is_speakable
from voiceclone.types import Finding, Shelf

log = logging.getLogger(__name__)

ROOM = "voices/"
VOICE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
"""What a job may call a voice."""
MAX_ABOUT_BYTES = 100_000
MAX_TEXT_BYTES = 100_000
REPLACED = timedelta(minutes=10)
"""Audio that is older and that no voice names is of one that was replaced."""


@dataclass(frozen=True)
class SavedVoice:
    """What is known of a voice, without its audio."""

    # Others write to the shelf as well: what they put there must not end up in a reply that cannot be sent.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    name: str
    audio_key: str
    text: str | None
    """What is said in it; None: nobody has listened to it yet."""
    prepared: bool = False
    """Whether the audio is a reference as it is."""
    language: str | None = None
    duration_s: float | None = None
    created: str | None = None
    """ISO 8601."""
    consent: dict[str, str] | None = None
    """`text`, and the `date` on which it was stored."""
    findings: tuple[Finding, ...] = ()
    size: int | None = None
    """Of the audio in bytes."""


_ABOUT = TypeAdapter(SavedVoice)


class Library:
    """The named voices of one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def find(self, name: str) -> SavedVoice | None:
        """None where there is no such voice. Raises BadAudio for one that is damaged, StorageFailed."""
        about = self._shelf.read(f"{ROOM}{name}.json", MAX_ABOUT_BYTES)
        if about is not None:
            return _parsed(name, about)
        return self._plain(name)

    def audio(self, voice: SavedVoice, max_bytes: int) -> bytes:
        """The sound file. Raises BadAudio where it is gone, StorageFailed."""
        data = self._shelf.read(voice.audio_key, max_bytes)
        if data is None:
            raise BadAudio(f"the recording of voice {voice.name} is gone: add the voice again")
        return data

    def add(self, voice: SavedVoice, wav: bytes) -> SavedVoice:
        """Store a voice whole, in the place of one of its name. Raises StorageFailed."""
        digest = hashlib.sha256(wav).hexdigest()
        voice = replace(
            voice,
            audio_key=f"{ROOM}.data/{voice.name}/{digest[:16]}.wav",
            prepared=True,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            size=len(wav),
        )
        about = json.dumps(asdict(voice), ensure_ascii=False, indent=1)
        self._shelf.write(voice.audio_key, wav, "audio/wav")
        try:
            self._shelf.write(f"{ROOM}{voice.name}.json", about.encode(), "application/json")
        except StorageFailed:
            with suppress(StorageFailed):  # nobody names it, unless the voice that is there has the same
                if voice.audio_key.encode() not in (
                    self._shelf.read(f"{ROOM}{voice.name}.json", MAX_ABOUT_BYTES) or b""
                ):
                    self._shelf.remove(voice.audio_key)
            raise
        self._shelf.write(f"{ROOM}{voice.name}.wav", wav, "audio/wav")
        self._shelf.write(f"{ROOM}{voice.name}.txt", (voice.text or "").encode(), "text/plain; charset=utf-8")
        # The audio that it replaces; not what another adds right now.
        before = datetime.now(UTC) - REPLACED
        for entry in list(self._shelf.entries(f"{ROOM}.data/{voice.name}/")):
            if entry.key != voice.audio_key and entry.modified < before:
                self._shelf.remove(entry.key)
        return voice

    def note_transcript(self, name: str, text: str) -> None:
        """Spare the next worker from listening to a voice that came without a transcript; a failure is logged."""
        try:
            self._shelf.write(f"{ROOM}{name}.txt", text.encode(), "text/plain; charset=utf-8")
        except WorkerError as e:
            log.warning("the transcript of voice %s was not kept: %s", name, e)

    def remove(self, name: str) -> bool:
        """Whether there was such a voice. Raises StorageFailed."""
        own = (f"{ROOM}{name}.json", f"{ROOM}{name}.wav", f"{ROOM}{name}.txt")
        there = [entry.key for entry in self._shelf.entries(f"{ROOM}{name}.") if entry.key in own]
        there += [entry.key for entry in self._shelf.entries(f"{ROOM}.data/{name}/")]
        for key in sorted(there, key=lambda key: key not in own):  # first what makes it a voice
            self._shelf.remove(key)
        return any(key in own[:2] for key in there)

    def names(self, prefix: str = "") -> list[str]:
        """In order. Raises StorageFailed."""
        keys = (entry.key.removeprefix(ROOM) for entry in self._shelf.entries(ROOM + prefix))
        stems = {key.rpartition(".")[0] for key in keys if "/" not in key and key.endswith((".wav", ".json"))}
        return sorted(stems)

    def _plain(self, name: str) -> SavedVoice | None:
        """The voice that is a sound file alone."""
        key = f"{ROOM}{name}.wav"
        entry = next((entry for entry in self._shelf.entries(key) if entry.key == key), None)
        if entry is None:
            return None
        created = entry.modified.isoformat(timespec="seconds")
        return SavedVoice(name, key, self._transcript(name), created=created, size=entry.size)

    def _transcript(self, name: str) -> str | None:
        data = self._shelf.read(f"{ROOM}{name}.txt", MAX_TEXT_BYTES)
        return None if data is None else data.decode("utf-8-sig", "replace").strip() or None


def _parsed(name: str, about: bytes) -> SavedVoice:
    try:
        voice = replace(_ABOUT.validate_json(about), name=name)
    except ValidationError:
        voice = None
    if voice is None or not is_speakable(voice.text or "") or not voice.audio_key.startswith(f"{ROOM}.data/{name}/"):
        raise BadAudio(f"what is known of voice {name} is damaged: add the voice again with overwrite")
    return voice
