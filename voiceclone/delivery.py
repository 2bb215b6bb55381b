"""How results reach the caller: by a link into the bucket, inside the reply, or as files in a directory.

Knows nothing of what is delivered. What cannot go the asked way goes another, and the reply says so: speech is not
lost.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from voiceclone import audio, subtitles
from voiceclone.errors import InvalidInput, StorageFailed
from voiceclone.request import Delivery as Way
from voiceclone.request import LinkRequest
from voiceclone.settings import Settings
from voiceclone.sources import MB
from voiceclone.types import Artifact, Bucket, Reply, Store
from voiceclone.undelivered import Undelivered

log = logging.getLogger(__name__)

OUTPUT = "output/"
MAX_REPLY_BYTES = 9_500_000
"""The platform takes 10 MB in answer to /run, envelope included, and drops what is larger without a word."""


@dataclass(frozen=True)
class File:
    """A part of a result."""

    ending: str
    """As `wav`."""
    data: bytes
    media_type: str


@dataclass(frozen=True)
class Result:
    """What a job has made."""

    stem: str
    """Its key without the ending."""
    audio: File
    subtitles: Sequence[File]


class Delivery:
    """Hands results over."""

    def __init__(self, settings: Settings, bucket: Bucket | None, directory: Store, undelivered: Undelivered) -> None:
        """
        Args:
            bucket: where `s3` delivery puts results; None where none is configured.
            directory: where `local` delivery puts them.
            undelivered: what could not go the asked way.
        """
        self.settings = settings
        self.bucket = bucket
        self._directory = directory
        self._undelivered = undelivered

    def way(self, asked: Way) -> Way:
        """How results are delivered where the request leaves it open."""
        if asked != "auto":
            return asked
        if self.bucket is not None:
            return "s3"
        return "base64" if self.settings.on_platform else "local"

    def deliver(self, result: Result, way: Way, expires_in_s: int | None, beside: Reply) -> Reply:
        """Hand everything over in one way; what cannot go the asked way is kept, sent inside the reply, or both.

        Args:
            expires_in_s: life of a link; None: as the settings say.
            beside: what the reply holds beside this.

        Raises:
            StorageFailed: with every reason, where no way is left.
        """
        expires_in_s = expires_in_s or self.settings.url_expiry_s
        room = MAX_REPLY_BYTES - json_bytes(beside)
        try:
            return self._hand_over(result, way, expires_in_s or self.settings.url_expiry_s, room)
        except StorageFailed as e:
            log.warning("delivery by %s failed: %s", way, e)
            reasons = [str(e)]
        reply: Reply = {}
        try:
            reply = self._keep(result)
            if self.bucket is not None:
                reply["key"] = self.bucket.prefix + OUTPUT + reply["key"]
                reasons.append("it is kept on the volume: the action link sends it under this key, once it can be sent")
        except StorageFailed as e:
            log.warning("it could not be kept either: %s", e)
            reasons.append(str(e))
        try:
            reply |= self._inside(result, room)
        except StorageFailed as e:
            reasons.append(str(e))
        if not reply:
            raise StorageFailed("; ".join(dict.fromkeys(reasons)))
        return {**reply, "degraded": {"delivery": way, "reason": "; ".join(dict.fromkeys(reasons))}}

    def link(self, request: LinkRequest) -> Reply:
        """A fresh link to an earlier result, which is sent now if it could not be then.

        Raises InvalidInput where there is none, StorageFailed.
        """
        bucket = cast(Bucket, self.bucket)  # without one the request is refused
        key = self._key_of(request.job_id) if request.job_id else str(request.key).removeprefix(bucket.prefix)
        name = key.removeprefix(OUTPUT)
        kept = self._undelivered.parts(name)
        if name in kept:
            for each in kept:
                if (data := self._undelivered.read(each)) is not None:
                    bucket.write(OUTPUT + each, data, _media_type(each))
            self._undelivered.remove(kept)
        elif not key.startswith(OUTPUT) or not bucket.exists(key):
            raise InvalidInput.at("key", "is no result in the bucket: send the key of an earlier reply")
        artifact = bucket.link(OUTPUT + name, request.expires_in or self.settings.url_expiry_s)
        return {"status": "completed", **_located(artifact)}

    def _key_of(self, job_id: str) -> str:
        """The latest result of a job, below the bucket's prefix."""
        start = f"{OUTPUT}{job_id}-"
        named = re.compile(rf"{re.escape(start)}[0-9a-f]{{12}}\.({'|'.join(audio.FORMATS)})")
        kept = [replace(e, key=OUTPUT + e.key) for e in self._undelivered.find(start.removeprefix(OUTPUT))]
        found = [*kept, *cast(Bucket, self.bucket).entries(start)]
        results = [entry for entry in found if named.fullmatch(entry.key)]
        if not results:
            raise InvalidInput.at("job_id", "has no result in the bucket: check it, or send the result's key")
        return max(results, key=lambda entry: entry.modified).key

    def _hand_over(self, result: Result, way: Way, expires_in_s: int, room: int) -> Reply:
        if way == "base64":
            return self._inside(result, room)
        if way == "s3" and self.bucket is not None:
            bucket = self.bucket
            return _stored(result, lambda key, f: bucket.put(OUTPUT + key, f.data, f.media_type, expires_in_s))
        return _stored(result, lambda key, f: self._directory.put(key, f.data, f.media_type, expires_in_s))

    def _keep(self, result: Result) -> Reply:
        return _stored(result, lambda key, f: self._undelivered.keep(key, f.data, f.media_type))

    def _inside(self, result: Result, room: int) -> Reply:
        files = (result.audio, *result.subtitles)
        limit = min(self.settings.max_inline_mb * MB, room * 3 // 4)  # base64 is a third longer
        if (size := sum(len(file.data) for file in files)) <= limit:
            reply: Reply = {"audio_base64": base64.b64encode(result.audio.data).decode()}
            if result.subtitles:
                reply["subtitles"] = {file.ending: file.data.decode() for file in result.subtitles}
            if json_bytes(reply) <= room:
                return reply
        cure = "ask for opus or mp3" if self.bucket else "ask for opus or mp3, or configure a bucket"
        raise StorageFailed(
            f"the result has {size / MB:.1f} MB, the reply has room for {max(limit, 0) / MB:.1f} MB: {cure}"
        )


def json_bytes(reply: Reply) -> int:
    """What a reply weighs on its way. Raises ValueError for what JSON cannot hold."""
    return len(json.dumps(reply, ensure_ascii=False, allow_nan=False).encode())


def require_sendable(reply: Reply) -> None:
    """Raise StorageFailed for a reply that the platform would drop without a word."""
    if (size := json_bytes(reply)) <= MAX_REPLY_BYTES:
        return
    cure = "ask for less: a prefix of voices, a shorter text"
    if "key" in reply:
        cure = f"the speech is stored as {reply['key']}: leave timestamps out, or send the text in parts"
    raise StorageFailed(f"the reply has {size / MB:.1f} MB, the platform takes {MAX_REPLY_BYTES / MB:.1f}: {cure}")


def _stored(result: Result, put: Callable[[str, File], Artifact]) -> Reply:
    # The audio last: what is there has its subtitles.
    parts = {file.ending: put(f"{result.stem}.{file.ending}", file) for file in (*result.subtitles, result.audio)}
    reply = _located(parts.pop(result.audio.ending))
    if parts:
        reply["subtitles"] = {ending: str(part.url or part.path) for ending, part in parts.items()}
    return reply


def _media_type(key: str) -> str:
    """Of a part of a result, by its ending."""
    ending = key.rpartition(".")[2]
    sounds: dict[str, str] = {each: audio.content_type(each) for each in audio.FORMATS}
    texts: dict[str, str] = {each: subtitles.content_type(each) for each in subtitles.FORMATS}
    return (sounds | texts)[ending]


def _located(artifact: Artifact) -> Reply:
    reply: Reply = {"key": artifact.key}
    if artifact.url is not None:
        reply["audio_url"] = artifact.url
    if artifact.expires_at is not None:
        reply["expires_at"] = artifact.expires_at.isoformat()
    if artifact.path is not None:
        reply["audio_path"] = artifact.path
    return reply
