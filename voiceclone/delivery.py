"""How results reach the caller: by a link into the bucket, inside the reply, or as files in a directory.

Knows nothing of what is delivered. What cannot go the asked way goes another, and the reply says so: speech is not
lost.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from voiceclone.audio import FORMATS as AUDIO
from voiceclone.errors import InvalidInput, StorageFailed
from voiceclone.request import Delivery as Way
from voiceclone.request import LinkRequest
from voiceclone.settings import Settings
from voiceclone.sources import MB
from voiceclone.types import Artifact, Bucket, Reply, Store

log = logging.getLogger(__name__)

OUTPUT = "output/"


@dataclass(frozen=True)
class File:
    """A result, or a part of one."""

    ending: str
    """As `wav`."""
    data: bytes
    media_type: str


class Delivery:
    """Hands results over."""

    def __init__(self, settings: Settings, bucket: Bucket | None, directory: Store) -> None:
        """
        Args:
            bucket: where `s3` delivery puts results; None where none is configured.
            directory: where `local` delivery puts them, and what could not be delivered otherwise.
        """
        self.settings = settings
        self.bucket = bucket
        self._directory = directory

    def way(self, asked: Way) -> Way:
        """How results are delivered where the request leaves it open."""
        if asked != "auto":
            return asked
        if self.bucket is not None:
            return "s3"
        return "base64" if self.settings.on_platform else "local"

    def deliver(self, audio: File, subtitles: Sequence[File], stem: str, way: Way, expires_in_s: int | None) -> Reply:
        """Hand everything over in one way; what cannot go the asked way is kept in the directory, or sent inside the
        reply.

        Args:
            stem: the key without its ending.
            expires_in_s: life of a link; None: as the settings say.

        Raises:
            StorageFailed: with every reason, where no way is left.
        """
        reasons: list[str] = []
        for attempt in dict.fromkeys((way, "local", "base64")):
            try:
                reply = self._hand_over(audio, subtitles, stem, attempt, expires_in_s or self.settings.url_expiry_s)
            except StorageFailed as e:
                log.warning("delivery by %s failed: %s", attempt, e)
                reasons.append(str(e))
                continue
            if reasons:
                reply["degraded"] = {"delivery": way, "reason": "; ".join(reasons)}
            return reply
        raise StorageFailed("; ".join(reasons))

    def link(self, request: LinkRequest) -> Reply:
        """A fresh link to an earlier result. Raises InvalidInput where there is none, StorageFailed."""
        bucket = cast(Bucket, self.bucket)  # without one the request is refused
        if request.job_id is not None:
            named = re.compile(rf"{re.escape(OUTPUT + request.job_id)}-[0-9a-f]{{12}}\.({'|'.join(AUDIO)})")
            results = [e for e in bucket.entries(f"{OUTPUT}{request.job_id}-") if named.fullmatch(e.key)]
            if not results:
                raise InvalidInput.at("job_id", "has no result in the bucket: check it, or send the result's key")
            key = max(results, key=lambda entry: entry.modified).key
        else:
            key = str(request.key).removeprefix(bucket.prefix)
            if not key.startswith(OUTPUT) or not bucket.exists(key):
                raise InvalidInput.at("key", "is no result in the bucket: send the key of an earlier reply")
        return {"status": "completed", **_located(bucket.link(key, request.expires_in or self.settings.url_expiry_s))}

    def _hand_over(self, audio: File, subtitles: Sequence[File], stem: str, way: str, expires_in_s: int) -> Reply:
        if way == "base64":
            self._refuse_oversize(sum(len(file.data) for file in (audio, *subtitles)))
            reply: Reply = {"audio_base64": base64.b64encode(audio.data).decode()}
            told = {file.ending: file.data.decode() for file in subtitles}
        else:
            # The audio last: what is there has its subtitles.
            stored = {file.ending: self._store(file, stem, way, expires_in_s) for file in subtitles}
            reply = _located(self._store(audio, stem, way, expires_in_s))
            told = {ending: str(artifact.url or artifact.path) for ending, artifact in stored.items()}
        return {**reply, "subtitles": told} if told else reply

    def _store(self, file: File, stem: str, way: str, expires_in_s: int) -> Artifact:
        key = f"{stem}.{file.ending}"
        if way == "s3" and self.bucket is not None:
            return self.bucket.put(OUTPUT + key, file.data, file.media_type, expires_in_s)
        return self._directory.put(key, file.data, file.media_type, expires_in_s)

    def _refuse_oversize(self, size: int) -> None:
        if size > self.settings.max_inline_mb * MB:
            raise StorageFailed(
                f"the result has {size / MB:.1f} MB, a reply holds {self.settings.max_inline_mb} MB:"
                " ask for opus or mp3, or configure a bucket"
            )


def _located(artifact: Artifact) -> Reply:
    reply: Reply = {"key": artifact.key}
    if artifact.url is not None:
        reply["audio_url"] = artifact.url
    if artifact.expires_at is not None:
        reply["expires_at"] = artifact.expires_at.isoformat()
    if artifact.path is not None:
        reply["audio_path"] = artifact.path
    return reply
