"""How results reach the caller: by a link into the bucket, inside the reply, or as files in a directory.

Knows nothing of how they are made. What cannot go the asked way goes another, and the reply says so: speech is not
lost.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import cast

from voiceclone.delivery.undelivered import SOUNDS, Undelivered
from voiceclone.errors import InvalidInput, StorageFailed
from voiceclone.settings import Settings
from voiceclone.types import MB, Artifact, Bucket, DeliveryWay, Reply, Result, Store

log = logging.getLogger(__name__)

OUTPUT = "output/"
MAX_REPLY_BYTES = 9_500_000
"""The platform takes 10 MB in answer to /run, envelope included, and drops what is larger without a word."""
MAX_ADDED_BYTES = 20_000
"""Of what a reply gets after its audio: times, reasons, addresses."""
NO_RESULT = "is no result in the bucket: send the key of an earlier reply"


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

    def way(self, asked: DeliveryWay) -> DeliveryWay:
        """Return how results are delivered where the request leaves it open."""
        if asked != "auto":
            return asked
        if self.bucket is not None:
            return "s3"
        # Who asks over HTTP may be anywhere: a path on this disk is of no use there.
        return "base64" if self.settings.on_platform or self.settings.serve == "http" else "local"

    def deliver(
        self, result: Result, way: DeliveryWay, expires_in_s: int | None, beside: Reply, *, in_time: bool = True
    ) -> Reply:
        """Hand everything over in one way; what cannot go the asked way is kept, sent inside the reply, or both.

        Args:
            expires_in_s: life of a link; None: as the settings say.
            beside: what the reply holds beside this.
            in_time: whether a bucket that is down may be waited for; else the result is kept before it is sent.

        Raises:
            StorageFailed: with every reason, where no way is left.
        """
        room = MAX_REPLY_BYTES - json_bytes(beside) - MAX_ADDED_BYTES
        early = way == "s3" and not in_time
        if early:
            with suppress(StorageFailed):
                self._undelivered.keep(result)
        try:
            reply = self._hand_over(result, way, expires_in_s, room)
        except StorageFailed as e:
            log.warning("delivery by %s failed: %s", way, e)
            return self._rescued(result, way, room, str(e))
        except Exception:  # whatever it is, the speech is made
            with suppress(StorageFailed):
                self._undelivered.keep(result)
            raise
        if early:
            with suppress(StorageFailed):
                self._undelivered.remove(result)
        return reply

    def link(self, key: str | None, job_id: str | None, expires_in_s: int | None) -> Reply:
        """Return a fresh link to an earlier result, which is sent now if it could not be then.

        Args:
            key: of the result; None: it is the latest of `job_id`.
            expires_in_s: life of the link; None: as the settings say.

        Raises InvalidInput where there is none, StorageFailed.
        """
        bucket = cast(Bucket, self.bucket)  # without one the request is refused
        key = self._key_of(job_id) if job_id else str(key).removeprefix(bucket.prefix)
        if not key.startswith(OUTPUT) or {"", ".", ".."} & {*key.split("/")} or not key.isprintable():
            raise InvalidInput.at("key", NO_RESULT)
        kept = self._undelivered.find(key.removeprefix(OUTPUT))
        if kept is not None:
            reply = self._hand_over(kept, "s3", expires_in_s, 0)
            self._undelivered.remove(kept)
        elif bucket.exists(key):
            reply = _located(bucket.link(key, expires_in_s or self.settings.url_expiry_s))
        else:
            raise InvalidInput.at("key", NO_RESULT)
        return {"status": "completed", **reply}

    def _key_of(self, job_id: str) -> str:
        """Return the latest result of a job, below the bucket's prefix."""
        start = f"{OUTPUT}{job_id}-"
        named = re.compile(rf"{re.escape(start)}[0-9a-f]{{12}}\.({'|'.join(SOUNDS)})")
        kept = [replace(e, key=OUTPUT + e.key) for e in self._undelivered.entries(start.removeprefix(OUTPUT))]
        found = [*kept, *cast(Bucket, self.bucket).entries(start)]
        results = [entry for entry in found if named.fullmatch(entry.key)]
        if not results:
            raise InvalidInput.at("job_id", "has no result in the bucket: check it, or send the result's key")
        return max(results, key=lambda entry: entry.modified).key

    def _rescued(self, result: Result, way: DeliveryWay, room: int, reason: str) -> Reply:
        """Return the result on the volume, in the reply, or both. Raises StorageFailed where neither takes it."""
        reply: Reply = {}
        reasons = {reason: None}
        try:
            reply = _told(result, self._undelivered.keep(result))
            if self.bucket is not None:
                reply["key"] = self.bucket.prefix + OUTPUT + reply["key"]
                reasons["it is kept on the volume: the action link sends it under this key, once it can be sent"] = None
        except StorageFailed as e:
            log.warning("it could not be kept either: %s", e)
            reasons[str(e)] = None
        try:
            reply |= self._inside(result, room)
        except StorageFailed as e:
            reasons[str(e)] = None
        if not reply:
            raise StorageFailed("; ".join(reasons))
        return {**reply, "degraded": {"delivery": way, "reason": "; ".join(reasons)}}

    def _hand_over(self, result: Result, way: DeliveryWay, expires_in_s: int | None, room: int) -> Reply:
        if way == "base64":
            return self._inside(result, room)
        life_s = expires_in_s or self.settings.url_expiry_s
        store, prefix = (self.bucket, OUTPUT) if way == "s3" and self.bucket is not None else (self._directory, "")
        parts = result.parts.items()
        return _told(result, {key: store.put(prefix + key, f.data, f.media_type, life_s) for key, f in parts})

    def _inside(self, result: Result, room: int) -> Reply:
        limit = min(self.settings.max_inline_mb * MB, room * 3 // 4)  # base64 is a third longer
        size = sum(len(file.data) for file in result.parts.values())
        if size <= limit:
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
    """Return the bytes of a reply as JSON. Raises ValueError for what JSON cannot hold."""
    return len(json.dumps(reply, ensure_ascii=False, allow_nan=False).encode())


def require_sendable(reply: Reply) -> None:
    """Raise StorageFailed for a reply that the platform would drop without a word."""
    if (size := json_bytes(reply)) <= MAX_REPLY_BYTES:
        return
    cure = "ask for less: a prefix of voices, a shorter text"
    if "key" in reply:
        cure = f"the speech is stored as {reply['key']}: leave timestamps out, or send the text in parts"
    raise StorageFailed(f"the reply has {size / MB:.1f} MB, the platform takes {MAX_REPLY_BYTES / MB:.1f}: {cure}")


def _told(result: Result, stored: Mapping[str, Artifact]) -> Reply:
    """Return where the parts of a result are."""
    reply = _located(stored[f"{result.stem}.{result.audio.ending}"])
    if result.subtitles:
        parts = ((file.ending, stored[f"{result.stem}.{file.ending}"]) for file in result.subtitles)
        reply["subtitles"] = {ending: str(part.url or part.path) for ending, part in parts}
    return reply


def _located(artifact: Artifact) -> Reply:
    reply: Reply = {"key": artifact.key}
    if artifact.url is not None:
        reply["audio_url"] = artifact.url
    if artifact.expires_at is not None:
        reply["expires_at"] = artifact.expires_at.isoformat()
    if artifact.path is not None:
        reply["audio_path"] = artifact.path
    return reply
