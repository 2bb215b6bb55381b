"""Voices by name, in a bucket or on the volume.

Knows nothing of jobs or of how a recording becomes a reference. Workers on several hosts share the voices. A voice is
one object, `voices/<name>.wav`, which is replaced and removed as a whole, so that it is always one writer's: a WAV that
any program plays, with a chunk before its sound that holds what is known of the voice.

Someone else's recording, `voices/<name>.wav` with its transcript in `<name>.txt` if there is one, is read as well, and
gives way to that one when the voice is added again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from voiceclone.errors import BadAudio, StorageFailed, WorkerError
from voiceclone.files import text_in
from voiceclone.text import is_speakable
from voiceclone.types import Entry, Finding, Shelf

log = logging.getLogger(__name__)

ROOM = "voices/"
VOICE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
"""What a job may call a voice."""
CHUNK = b"voic"
"""The name of the chunk, which is the first of its WAV."""
BEFORE_BYTES = 20
"""The heads of the WAV and of the chunk, before what is known."""
MAX_ABOUT_BYTES = 32_000
MAX_TEXT_BYTES = 100_000
TRIES = 10
"""How often a voice is looked up whose audio is another's by the time it is read."""


@dataclass(frozen=True)
class SavedVoice:
    """What is known of a voice, without its audio."""

    # Others write to the shelf as well: what they put there must not end up in a reply that cannot be sent.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    name: str
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
    sha256: str | None = None
    """Of what lies behind the chunk."""


_ABOUT = TypeAdapter(SavedVoice)


class Library:
    """The named voices of one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def find(self, name: str) -> SavedVoice | None:
        """None where there is no such voice. Raises BadAudio for one that is damaged, StorageFailed."""
        return self._known(name, None)

    def load(self, name: str, max_bytes: int) -> tuple[SavedVoice, bytes] | None:
        """Return a voice with its sound file, both of one writer; None where there is no such voice.

        Raises BadAudio for one that is damaged, StorageFailed.
        """
        for _ in range(TRIES):
            voice = self.find(name)
            if voice is None:
                return None
            data = self._shelf.read(_wav(name), max_bytes)
            opened = _opened(data)
            if data is None or (opened is None and voice.sha256):  # removed or replaced meanwhile
                continue
            if opened is not None:
                about, sound = opened
                voice = _parsed(name, about)
                if voice.sha256 != hashlib.sha256(sound).hexdigest():
                    raise BadAudio(f"the recording of voice {name} is damaged: add the voice again with overwrite")
            return voice, data
        raise BadAudio(f"the recording of voice {name} is gone: add the voice again")

    def all(self, prefix: str = "") -> list[SavedVoice]:
        """Return every voice whose name begins so, in order; the damaged ones are left out. Raises StorageFailed."""
        there = {entry.key: entry for entry in self._shelf.entries(ROOM + prefix)}
        voices = []
        for name in _names(there):
            try:
                voice = self._known(name, there)
            except (BadAudio, StorageFailed) as e:
                log.warning("%s", e)
                continue
            if voice is not None:
                voices.append(voice)
        return voices

    def names(self, prefix: str = "") -> list[str]:
        """In order, and damaged ones among them. Raises StorageFailed."""
        return _names(entry.key for entry in self._shelf.entries(ROOM + prefix))

    def add(self, voice: SavedVoice, wav: bytes) -> SavedVoice:
        """Store a voice in the place of one of its name. Raises StorageFailed where it is not seen to be stored."""
        key, transcript = _wav(voice.name), _txt(voice.name)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        sha256 = hashlib.sha256(wav[12:]).hexdigest()
        voice = replace(voice, prepared=True, created=created, size=len(wav), sha256=sha256)
        data = _sealed(json.dumps(asdict(voice), ensure_ascii=False).encode(), wav)
        try:
            self._shelf.write(key, data, "audio/wav")
        except StorageFailed:
            if not self._holds(key, data):  # an answer may be lost on its way
                raise
        try:
            if self._shelf.read(transcript, 1, part=True) is not None:
                self._shelf.remove(transcript)
        except StorageFailed as e:  # which nobody looks at any more
            log.warning("what was there before of voice %s: %s", voice.name, e)
        return voice

    def note_transcript(self, voice: SavedVoice, text: str) -> None:
        """Spare the next worker from listening to a voice that came without a transcript; a failure is logged."""
        try:
            if self.find(voice.name) == voice:  # still, after it was listened to
                self._shelf.write(_txt(voice.name), text.encode(), "text/plain; charset=utf-8")
        except WorkerError as e:
            log.warning("the transcript of voice %s was not kept: %s", voice.name, e)

    def remove(self, name: str) -> bool:
        """Whether there was such a voice. Raises StorageFailed, and then no other has taken its place."""
        was_there = self._shelf.read(_wav(name), 1, part=True) is not None
        for key in (_wav(name), _txt(name)):  # a transcript alone is no voice
            self._shelf.remove(key)
        return was_there

    def _holds(self, key: str, data: bytes) -> bool:
        try:
            return self._shelf.read(key, len(data)) == data
        except StorageFailed:
            return False

    def _known(self, name: str, there: Mapping[str, Entry] | None) -> SavedVoice | None:
        """Return the voice of that name; `there`: what a listing has of it, None: it is asked for."""
        wav, transcript = _wav(name), _txt(name)
        beginning = self._shelf.read(wav, BEFORE_BYTES + MAX_ABOUT_BYTES, part=True)
        if opened := _opened(beginning):
            return _parsed(name, opened[0])
        if beginning is None:
            return None
        if there is None:
            there = {entry.key: entry for entry in self._shelf.entries(f"{ROOM}{name}.")}
        if wav not in there:  # it has just been removed
            return None
        text = self._shelf.read(transcript, MAX_TEXT_BYTES) if transcript in there else None
        try:
            spoken = None if text is None else text_in(text).strip() or None
        except ValueError as e:
            raise BadAudio(f"{transcript} {e}") from e
        return SavedVoice(name, spoken, created=there[wav].modified.isoformat(), size=there[wav].size)


def _wav(name: str) -> str:
    return f"{ROOM}{name}.wav"


def _txt(name: str) -> str:
    return f"{ROOM}{name}.txt"


def _names(keys: Iterable[str]) -> list[str]:
    """Return the voices that such keys belong to, and that a job may ask for."""
    own = (key.removeprefix(ROOM).rpartition(".") for key in keys)
    return sorted({name for name, _, ending in own if ending == "wav" and VOICE_NAME.fullmatch(name)})


def _sealed(about: bytes, wav: bytes) -> bytes:
    """Return a WAV with what is known of it in front of its other chunks."""
    chunk = CHUNK + len(about).to_bytes(4, "little") + about + bytes(len(about) % 2)
    return wav[:4] + (len(wav) - 8 + len(chunk)).to_bytes(4, "little") + wav[8:12] + chunk + wav[12:]


def _opened(data: bytes | None) -> tuple[bytes, bytes] | None:
    """Return what is known of such a WAV, and its other chunks; None for any other, and for none."""
    if data is None or data[:4] != b"RIFF" or data[8:16] != b"WAVE" + CHUNK:
        return None
    end = BEFORE_BYTES + int.from_bytes(data[16:BEFORE_BYTES], "little")
    return data[BEFORE_BYTES:end], data[end + end % 2 :]


def _parsed(name: str, about: bytes) -> SavedVoice:
    """Return a voice by what is known of it. Raises BadAudio."""
    with suppress(ValidationError):
        voice = _ABOUT.validate_json(about)
        if is_speakable(voice.text or ""):
            return replace(voice, name=name)
    raise BadAudio(f"what is known of voice {name} is damaged: add the voice again with overwrite")
