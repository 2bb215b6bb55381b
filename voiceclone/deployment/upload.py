"""Files onto a network volume through its S3 API: whole or not at all, and not twice.

Knows nothing of models: a file and a key go in. The bucket is the volume's id, a key is a path below the mount. The
API takes objects of up to 500 MB in one piece and larger ones in parts; it signs no links, and knows no checksums but
ETags. See the platform's documentation of its S3-compatible API.

An object appears when its last part has arrived, so a half one is never seen. Parts of an upload that broke off stay
on the volume, and the next run sends only those that are missing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceclone.keys import key_in

PART_BYTES = 32 * 2**20
"""Sent at once; what a broken connection costs. S3 knows 10,000 parts at most: enough for 335 GB."""
BLOCK_BYTES = 2**20

_CURES = {
    400: "check --volume-id and --datacenter",
    403: "check RUNPOD_S3_ACCESS_KEY and RUNPOD_S3_SECRET_KEY: they are an S3 API key of the console's settings",
    404: "check --volume-id and --datacenter",
    507: "free space on the volume or enlarge it",
}


class UploadFailed(Exception):
    """A file is not on the volume, and trying again alone does not help."""


class VolumeUnreachable(UploadFailed):
    """The volume's S3 API did not answer, or was busy: what has arrived is kept for the next run."""


@dataclass(frozen=True)
class Digest:
    """What a file's ETag may be: S3 gives an object's MD5, or the MD5 of its parts' MD5s and their number."""

    size: int
    whole: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, part_bytes: int) -> Digest:
        whole, parts = hashlib.md5(usedforsecurity=False), []
        with path.open("rb") as file:
            while data := file.read(part_bytes):
                whole.update(data)
                parts.append(hashlib.md5(data, usedforsecurity=False).hexdigest())
        return cls(path.stat().st_size, whole.hexdigest(), tuple(parts))

    @property
    def etags(self) -> set[str]:
        joined = hashlib.md5(b"".join(map(bytes.fromhex, self.parts)), usedforsecurity=False)
        return {self.whole, f"{joined.hexdigest()}-{len(self.parts)}"}


@dataclass(frozen=True)
class NetworkVolume:
    """A network volume behind its S3 API."""

    client: Any
    """A boto3 S3 client."""
    volume_id: str
    part_bytes: int = PART_BYTES

    def send(self, path: Path, key: str, progress: Callable[[int], object]) -> bool:
        """Have a file on the volume; False if it was there. `progress` is told each count of bytes that is there.

        Raises UploadFailed, or VolumeUnreachable where another try may help.
        """
        digest = Digest.of(path, self.part_bytes)
        with self._errors(key):
            if self._holds(key, digest):
                progress(digest.size)
                return False
            if len(digest.parts) > 1:
                self._send_parts(path, key, digest, progress)
            else:
                self.client.put_object(Bucket=self.volume_id, Key=key, Body=path.read_bytes())
                progress(digest.size)
            if not self._holds(key, digest):
                self.client.delete_object(Bucket=self.volume_id, Key=key)
                raise UploadFailed(
                    f"{key} arrived with other bytes than were sent, and was removed: run this again, and look for a"
                    " proxy that alters uploads if it happens twice"
                )
        return True

    def _holds(self, key: str, digest: Digest) -> bool:
        """Whether the object has these bytes. Where its ETag is of another make, it is read back."""
        from botocore.exceptions import ClientError

        try:
            head = self.client.head_object(Bucket=self.volume_id, Key=key)
        except ClientError as e:
            if e.response["Error"].get("Code") in {"404", "NoSuchKey"}:
                return False
            raise
        if head["ContentLength"] != digest.size:
            return False
        if head["ETag"].strip('"') in digest.etags:
            return True
        stored = hashlib.md5(usedforsecurity=False)
        body = self.client.get_object(Bucket=self.volume_id, Key=key)["Body"]
        for block in body.iter_chunks(BLOCK_BYTES):
            stored.update(block)
        return stored.hexdigest() == digest.whole

    def _send_parts(self, path: Path, key: str, digest: Digest, progress: Callable[[int], object]) -> None:
        from botocore.exceptions import ClientError

        upload, there = self._begun(key)
        parts = []
        with path.open("rb") as file:
            for number, md5 in enumerate(digest.parts, 1):
                data = file.read(self.part_bytes)
                etag = there.get(number)
                if etag is None or etag.strip('"') != md5:
                    etag = self.client.upload_part(**upload, PartNumber=number, Body=data)["ETag"]
                parts.append({"PartNumber": number, "ETag": etag})
                progress(len(data))
        try:
            self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except ClientError as e:
            # The first try may have been taken and its answer lost. Whether it was, the object tells.
            if e.response["Error"].get("Code") != "NoSuchUpload":
                raise

    def _begun(self, key: str) -> tuple[dict[str, str], Mapping[int, str]]:
        """Return the upload that is to go on, or a new one, and the ETags of the parts that are there."""
        place = {"Bucket": self.volume_id, "Key": key}
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.volume_id, Prefix=key)
        begun = [upload for page in pages for upload in page.get("Uploads", ()) if upload["Key"] == key]
        if not begun:
            return {**place, "UploadId": self.client.create_multipart_upload(**place)["UploadId"]}, {}
        upload = {**place, "UploadId": max(begun, key=lambda upload: upload["Initiated"])["UploadId"]}
        pages = self.client.get_paginator("list_parts").paginate(**upload)
        return upload, {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", ())}

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        """Say what S3's refusals mean here, without boto3's own words: they can quote addresses and keys."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        what = f"{key} could not be sent to volume {self.volume_id}"
        try:
            yield
        except ClientError as e:
            status = e.response["ResponseMetadata"]["HTTPStatusCode"]
            code = e.response["Error"].get("Code") or status
            if cure := _CURES.get(status):
                raise UploadFailed(f"{what}: {code}; {cure}") from e
            raise VolumeUnreachable(f"{what}: {code}; run this again, it goes on where it stopped") from e
        except ParamValidationError as e:
            raise UploadFailed(f"{what}: {_CURES[404]}") from e
        except BotoCoreError as e:
            cure = "check --datacenter and the network, then run this again: it goes on where it stopped"
            raise VolumeUnreachable(f"{what}: {type(e).__name__}; {cure}") from e


def connect(environ: Mapping[str, str], datacenter: str) -> Any:
    """Return a client of the S3 API of a data centre, as `EU-RO-1`. Opens no connection yet.

    The keys are RUNPOD_S3_ACCESS_KEY and RUNPOD_S3_SECRET_KEY, else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;
    RUNPOD_S3_ENDPOINT stands in for the data centre's own address. Raises ValueError for what is missing or no data
    centre.
    """
    import boto3
    from botocore.config import Config

    if not re.fullmatch(r"[A-Z]{2,3}-[A-Z]{2,3}-\d+", datacenter):
        raise ValueError(f"{datacenter!r} is no data centre: write it as EU-RO-1")
    pairs = [("RUNPOD_S3_ACCESS_KEY", "RUNPOD_S3_SECRET_KEY"), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    names = next((pair for pair in pairs if all(environ.get(name) for name in pair)), None)
    if names is None:
        raise ValueError(
            "RUNPOD_S3_ACCESS_KEY and RUNPOD_S3_SECRET_KEY are not set: create an S3 API key in the console's settings"
        )
    config = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # The platform's own advice for its 502s, and for large files, which take long to be put together.
        retries={"mode": "standard", "max_attempts": 9},
        read_timeout=600,
        s3={"addressing_style": "path"},
        ignore_configured_endpoint_urls=True,
    )
    session = boto3.session.Session(*(key_in(environ, name) for name in names), region_name=datacenter)
    endpoint = environ.get("RUNPOD_S3_ENDPOINT") or f"https://s3api-{datacenter.lower()}.runpod.io/"
    return session.client("s3", endpoint_url=endpoint, config=config)
