"""Where audio is kept: a bucket behind the S3 API, or a directory.

Both stores keep the promise of `voiceclone.types.Store`. They know nothing of jobs, voices or audio: a key and bytes
go in, an `Artifact` comes out. Importing this file does not import boto3; the first put or get does.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from voiceclone.errors import DownloadFailed, StorageFailed, WorkerError
from voiceclone.files import drafts_of, write_whole
from voiceclone.keys import key_in
from voiceclone.types import Artifact, Entry

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

log = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_REGION = "us-east-1"
"""AWS's own default; MinIO, SeaweedFS and Ceph accept it, and Cloudflare R2 reads it as its `auto`."""

TRIES = 10
"""How often a file is written anew whose draft others have removed."""
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20

_URL = re.compile(r"https?://([A-Za-z0-9]+((\.|-+)[A-Za-z0-9]+)*|\[[0-9A-Fa-f:]+\])(:\d{1,5})?(/[^?#@]*)?")

_REGION = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)"
_SERVICE = re.compile(
    r"//(?:(?P<bucket>[^/:]+)\.)??(?P<host>"
    rf"(?P<aws>s3[.-]{_REGION}\.amazonaws\.com(?:\.cn)?|s3\.amazonaws\.com)"
    rf"|s3(?:-fips)?\.(?:dualstack\.)?{_REGION.replace('region', 'variety')}\.amazonaws\.com(?:\.cn)?"
    rf"|s3[.-]{_REGION.replace('region', 'other')}\.(?:backblazeb2|wasabisys)\.com"
    r"|[a-z0-9]+\.(?:digitaloceanspaces|linodeobjects|vultrobjects|your-objectstorage)\.com"
    r"|[a-z0-9]+(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com"
    r"|(?P<virtual>(?:s3\.)?oss-[a-z0-9-]+\.aliyuncs\.com|cos\.[a-z0-9-]+\.myqcloud\.com|tos-s3-[a-z0-9-]+\.volces\.com)"
    r"|s3\.[a-z]{2}-[a-z]{3}\.scw\.cloud|s3\.[a-z-]+\.io\.cloud\.ovh\.(?:net|us)|storage\.googleapis\.com"
    r")(?=[:/]|$)",
    re.IGNORECASE,
)
"""Services known by their hosts, with the bucket in front or not. `region`, `variety`, `other`: some show it, and
refuse a signature for another one. `virtual`: those that refuse a bucket as the path."""

_VOLUMES_OWN = re.compile(r"//([^/]+\.)?s3api-[a-z0-9-]+\.runpod\.io\b", re.IGNORECASE)
"""The platform's S3 API of a network volume."""

_REGION_NAME = re.compile("[a-z0-9-]{2,30}")
_STYLES = ("path", "virtual")

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9_]|[.-](?![.-]))*")
_REGION_CURE = "set AWS_REGION to the bucket's region{region}"
_CURES = {
    "NoSuchBucket": "check the bucket's name (S3_BUCKET), AWS_REGION and AWS_ENDPOINT_URL",
    "NoSuchKey": "there is no object with this key; check the key",
    "InvalidAccessKeyId": "check the credentials; the service does not know this AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check the credentials: AWS_SECRET_ACCESS_KEY may not belong to AWS_ACCESS_KEY_ID; and "
    + _REGION_CURE,
    "ExpiredToken": "renew the credentials; AWS_SESSION_TOKEN has expired",
    **dict.fromkeys(["AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"], _REGION_CURE),
    **dict.fromkeys(["IllegalLocationConstraintException", "301", "302", "307"], _REGION_CURE),
    "RequestTimeTooSkewed": "set this machine's clock",
    "403": "check that the credentials grant {permission} on it",
    "429": "the service is busy; try again",
    "4xx": "check S3_BUCKET, AWS_ENDPOINT_URL and the key",
    "5xx": "the service is busy or down; try again",
}
"""What to check, by the S3 error code, the HTTP status or its class."""


_ALTERED = {"BadDigest", "XAmzContentSHA256Mismatch"}
"""What S3 says of bytes that are not those that were announced."""


class S3Client(Protocol):
    """The calls of a boto3 S3 client that are used here."""

    def put_object(self, **request: object) -> Mapping[str, Any]: ...

    def get_object(self, **request: object) -> Mapping[str, Any]: ...

    def generate_presigned_url(self, operation: str, **request: object) -> str: ...

    def head_object(self, **request: object) -> Mapping[str, Any]: ...

    def delete_object(self, **request: object) -> Mapping[str, Any]: ...

    def head_bucket(self, **request: object) -> Mapping[str, Any]: ...

    def get_paginator(self, operation: str) -> Any: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class S3Account:
    """Who speaks to which S3 service. Its repr shows no credentials."""

    region: str
    endpoint: str | None
    """URL of the service; None for AWS itself."""
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    style: str = "path"
    """Where the bucket stands in an address: `path`, or `virtual`, which is in front of the host."""

    def connect(self, region: str | None = None) -> S3Client:
        """Build the boto3 client, for another region where one is told. Opens no connection yet."""
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",  # with an endpoint of its own boto3 would sign links with SigV2, which is refused
            request_checksum_calculation="when_required",  # R2, B2 and MinIO refuse uploads that carry more
            response_checksum_validation="when_required",
            # Four more tries, each after a random part of a wait that doubles. With these limits a service that is
            # down costs a job about two minutes, not its time limit.
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            s3={"addressing_style": self.style},
            ignore_configured_endpoint_urls=True,  # boto3 reads variables of its own; only `store_from_env` decides
        )
        # A session of its own: boto3's default one is shared, and building clients from it is not thread-safe.
        keys = self.access_key_id, self.secret_access_key, self.session_token
        session = boto3.session.Session(*keys, region or self.region)
        client = session.client("s3", endpoint_url=self.endpoint, config=config)
        client.meta.events.register_first("needs-retry.s3", _refuse_redirect)
        connected: S3Client = client
        return connected


class S3Store:
    """A bucket. Results are written below `prefix` and reached by links; any object of the bucket can be read."""

    def __init__(
        self,
        connect: Callable[[], S3Client],
        bucket: str,
        prefix: str = "",
        region: str = "",
        connect_in: Callable[[str], S3Client] | None = None,
    ) -> None:
        """Open no connection yet.

        Args:
            connect: builds the client; it is called once, by the first put or get.
            region: that this client signs for.
            connect_in: builds one for another region, where the service says that the bucket lies there.
        """
        self.bucket = bucket
        self.region = region
        """Of the bucket: as it is configured, or as the service has told since."""
        self._connect_in = connect_in
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._connect = connect

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()

    def _ask(self, call: Callable[[S3Client], T]) -> T:
        """Return what a call returns. In another region than the configured one it is made anew, and so are all later.

        Without that boto3 would find its way, but sign links that are dead.
        """
        from botocore.exceptions import ClientError

        try:
            return call(self._client)
        except ClientError as e:
            if self._connect_in is None or not _is_elsewhere(e):
                raise
            region = _region_in(e) or self._looked_up_region()
            if region in ("", self.region):
                raise
            log.warning(
                "bucket %s lies in %s: set AWS_REGION to it, and spare the worker the search", self.bucket, region
            )
            self._client.close()
            self.region, self._client = region, self._connect_in(region)
            return call(self._client)

    def _looked_up_region(self) -> str:
        """Return what the service says of the bucket's region; empty where it says nothing."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.head_bucket(Bucket=self.bucket)
        except ClientError as e:
            return _region_in(e)
        except BotoCoreError:
            return ""
        return _region_of(answer)

    def put(self, key: str, data: bytes, content_type: str, expires_in_s: int) -> Artifact:
        """Store `data` under `<prefix><key>`; the artifact's key is that full key.

        The link lives `expires_in_s` seconds (S3 allows 604800), or until a session token that signed it expires.
        Raises StorageFailed.
        """
        self.write(key, data, content_type)
        return self.link(key, expires_in_s)

    def link(self, key: str, expires_in_s: int) -> Artifact:
        """Return a link to `<prefix><key>`, whether or not there is such an object. Raises StorageFailed."""
        full_key = self.prefix + key
        with _translated(StorageFailed, f"{full_key} could not be linked in bucket {self.bucket}", "s3:GetObject"):
            place = {"Bucket": self.bucket, "Key": full_key}
            # Taken before the signing and in whole seconds, as in the link: it never outlives the link.
            expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in_s)
            url = self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=expires_in_s)
        return Artifact(key=full_key, url=url, expires_at=expires_at)

    def exists(self, key: str) -> bool:
        """Whether there is an object `<prefix><key>`. Raises StorageFailed."""
        try:
            with _translated(StorageFailed, f"{key} could not be looked up", "s3:GetObject"):
                self._ask(lambda client: client.head_object(Bucket=self.bucket, Key=self.prefix + key))
        except StorageFailed as e:
            if _is_missing(e.__cause__):
                return False
            raise
        return True

    def read(self, key: str, max_bytes: int, *, part: bool = False) -> bytes | None:
        """Return the bytes of `<prefix><key>`, or the first ones; None if there is no object. Raises StorageFailed."""
        try:
            return self._fetch(self.prefix + key, max_bytes, part=part)
        except DownloadFailed as e:
            if _is_missing(e.__cause__):
                return None
            if part and _code(e.__cause__) == "InvalidRange":  # it is empty
                return b""
            raise StorageFailed(str(e)) from e

    def write(self, key: str, data: bytes, content_type: str) -> None:
        """Store `data` under `<prefix><key>`: readers see all of it or what was there before. Raises StorageFailed.

        The service checks the bytes against their MD5 as they arrive, and its answer is checked as well.
        """
        full_key = self.prefix + key
        what = f"{full_key} could not be stored in bucket {self.bucket}"
        for _ in range(2):
            with _translated(StorageFailed, what, "s3:PutObject"):
                fault = self._put_checked(full_key, data, content_type)
            if fault is None:
                return
            log.warning("%s %s", full_key, fault)
        raise StorageFailed(f"{what}: it {fault}, twice; check what lies between the worker and AWS_ENDPOINT_URL")

    def _put_checked(self, full_key: str, data: bytes, content_type: str) -> str | None:
        """Store an object; returns what is wrong with what arrived, None if nothing is."""
        from botocore.exceptions import ClientError

        md5 = hashlib.md5(data, usedforsecurity=False)
        place = {"Bucket": self.bucket, "Key": full_key}
        try:
            body = {"Body": data, "ContentMD5": base64.b64encode(md5.digest()).decode()}
            answer = self._ask(lambda client: client.put_object(**place, **body, ContentType=content_type))
        except ClientError as e:
            if e.response["Error"].get("Code") in _ALTERED:
                return "arrived with other bytes"
            raise
        etag = str(answer.get("ETag", "")).strip('"')
        if etag == md5.hexdigest():
            return None
        # The ETag of an encrypted object is no MD5, and some services have their own kind.
        looks_like_md5 = re.fullmatch("[0-9a-f]{32}", etag) and not answer.get("ServerSideEncryption")
        try:
            if looks_like_md5:
                same = self.get(full_key, len(data)) == data
            else:
                same = self._client.head_object(**place)["ContentLength"] == len(data)
        except (ClientError, DownloadFailed) as e:
            cause = e if isinstance(e, ClientError) else e.__cause__
            if _is_missing(cause):
                return "did not arrive, though the service said so"
            if _is_forbidden(cause):  # who may only write has the service's word
                return None
            raise
        if same:
            return None
        with suppress(ClientError):
            self._client.delete_object(**place)
        return "arrived with other bytes"

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `<prefix><this prefix>`, however many there are; keys without the store's prefix."""
        with _translated(StorageFailed, f"bucket {self.bucket} could not be listed", "s3:ListBucket"):
            for page in self._ask(lambda client: _pages(client, self.bucket, self.prefix + prefix)):
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self.prefix)
                    yield Entry(key, int(found["Size"]), found["LastModified"].astimezone(UTC))

    def remove(self, key: str) -> None:
        """Remove `<prefix><key>`, if it is there. Raises StorageFailed."""
        with _translated(StorageFailed, f"{key} could not be removed", "s3:DeleteObject"):
            self._ask(lambda client: client.delete_object(Bucket=self.bucket, Key=self.prefix + key))

    def get(self, key: str, max_bytes: int) -> bytes:
        """Return the object's bytes. `key` is a full key, as in `s3://bucket/key`: the prefix is not put before it.

        Raises DownloadFailed.
        """
        return self._fetch(key, max_bytes)

    def _fetch(self, key: str, max_bytes: int, *, part: bool = False) -> bytes:
        """As `get`; `part`: the first bytes of one that may be larger."""
        what = f"s3://{self.bucket}/{key}"
        beginning = {"Range": f"bytes=0-{max_bytes - 1}"} if part else {}
        with _translated(DownloadFailed, f"{what} could not be read", "s3:GetObject"):
            response = self._ask(lambda client: client.get_object(Bucket=self.bucket, Key=key, **beginning))
            announced = response.get("ContentLength", 0)
            if part:  # a service may not know of ranges
                announced = min(announced, max_bytes)
            with closing(response["Body"]) as body:
                _refuse_oversize(what, announced, max_bytes)
                data: bytes = body.read(max_bytes if part else max_bytes + 1)
        _refuse_oversize(what, len(data), max_bytes)
        if len(data) < announced:  # one read does not notice a connection that closes early
            raise DownloadFailed(f"{what} broke off after {len(data)} of {announced} bytes: try again")
        return data


@dataclass(frozen=True)
class LocalStore:
    """A directory. Results are reached by path; `expires_in_s` and `content_type` mean nothing here."""

    root: Path
    volume: Path | None = None
    """Must be there for anything to be written: a mount that has gone is not made up anew on another disk."""

    def put(self, key: str, data: bytes, content_type: str, expires_in_s: int) -> Artifact:
        """Write `data` to `<root>/<key>`; directories are made as needed. Raises StorageFailed."""
        self.write(key, data, content_type)
        return Artifact(key=key, path=str(self._path(key)))

    def write(self, key: str, data: bytes, content_type: str) -> None:
        """As `put`, without an answer."""
        path = self._path(key)
        if self.volume is not None and not self.volume.is_dir():
            raise StorageFailed(f"{key} could not be written: the volume is gone; check its mount")
        with _named(f"{key} could not be written"):
            for tries_left in reversed(range(TRIES)):
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    # All drafts lie at the root: whoever writes next, wherever it is, finds the dead ones.
                    write_whole(path, lambda file: file.write(data), self._root)
                    break
                except (FileNotFoundError, FileExistsError):  # another worker has just removed the directory or draft
                    if not tries_left:
                        raise

    def read(self, key: str, max_bytes: int, *, part: bool = False) -> bytes | None:
        """Return the file's bytes, or its first; None where there is none. Raises StorageFailed."""
        path = self._path(key)
        with _named(f"{key} could not be read"):
            try:
                if not path.is_file():  # a pipe would be waited for
                    return None
                with path.open("rb") as file:
                    data = file.read(max_bytes if part else max_bytes + 1)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None
        if len(data) > max_bytes:
            raise StorageFailed(f"{key} is larger than the {max_bytes} bytes allowed")
        return data

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all files below the root whose keys begin so, drafts among them. Raises StorageFailed."""
        directory, slash, start = prefix.rpartition("/")
        with _named(f"{prefix} could not be listed"):
            for key, found in _files(self._path(directory) if directory else self._root, directory + slash, start):
                try:
                    status = found.stat()
                except OSError as e:
                    if e.errno in (errno.ENOENT, errno.ELOOP):  # removed meanwhile, or a link that leads to itself
                        continue
                    raise
                if stat.S_ISREG(status.st_mode):
                    yield Entry(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def remove(self, key: str) -> None:
        """Remove a file, what writers have drafted of it, and the directory that it leaves empty.

        Raises StorageFailed.
        """
        path = self._path(key)
        with _named(f"{key} could not be removed"):
            for each in (path, *drafts_of(path, self._root)):
                each.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()

    @property
    def _root(self) -> Path:
        return Path(os.path.realpath(self.root))

    def _path(self, key: str) -> Path:
        root = self._root
        # Not `resolve`: it raises for a link that leads to itself.
        if "\0" not in key and root in (path := Path(os.path.realpath(root / key))).parents:
            return path
        raise StorageFailed(f"{key!r} leads out of the store: use a relative key without '..'")


def _files(directory: Path | str, before: str, start: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies below a directory, `before` in front of names. Only what begins with `start` is visited."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
            if entry.name.startswith(start):
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(entry.path, f"{before}{entry.name}/")
                else:
                    yield before + entry.name, entry


def store_from_env(environ: Mapping[str, str]) -> S3Store | None:
    """Return the bucket that the environment describes; None where it describes none.

    An empty variable counts as absent. `S3_BUCKET`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    `AWS_ENDPOINT_URL` each fall back to the platform's `BUCKET_NAME`, `BUCKET_ACCESS_KEY_ID`,
    `BUCKET_SECRET_ACCESS_KEY` and `BUCKET_ENDPOINT_URL`; the address may be the bucket's own, with the bucket in front
    of the host or as the path. The region is the one that the host of AWS, Backblaze or Wasabi shows, else
    `AWS_REGION`, else `AWS_DEFAULT_REGION`, else DEFAULT_REGION. `S3_ADDRESSING_STYLE`, `AWS_SESSION_TOKEN` and
    `S3_PREFIX` are optional.

    Raises ValueError naming the variables that are missing or cannot be read.
    """
    bucket = _first(environ, "S3_BUCKET", "BUCKET_NAME")
    endpoint = _first(environ, "AWS_ENDPOINT_URL")
    platforms = not endpoint
    endpoint = endpoint or _first(environ, "BUCKET_ENDPOINT_URL")
    if not (bucket or endpoint):
        return None
    if endpoint:
        if not _URL.fullmatch(endpoint):  # not shown: it may hold a password
            raise ValueError("AWS_ENDPOINT_URL or BUCKET_ENDPOINT_URL cannot be read: write http(s)://host[:port]")
        endpoint, bucket = _part_bucket(endpoint, bucket, any_host=platforms)
        if not bucket and platforms:
            raise ValueError("BUCKET_ENDPOINT_URL is set but names no bucket: set S3_BUCKET or BUCKET_NAME too")
    if not bucket:
        return None
    _check_bucket(bucket, endpoint)
    if _VOLUMES_OWN.search(endpoint):
        raise ValueError(
            "AWS_ENDPOINT_URL or BUCKET_ENDPOINT_URL is a network volume's own S3 API, which knows no links to results:"
            " name a bucket of another service, or unset the bucket, and the audio comes inside the reply"
        )
    keys = {name: _key(environ, f"AWS_{name}", f"BUCKET_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    if missing := [f"AWS_{name} (or BUCKET_{name})" for name, value in keys.items() if not value]:
        raise ValueError(f"a bucket is configured, but not {' and '.join(missing)}: set them, or unset the bucket")
    service = _SERVICE.search(endpoint)
    shown = next((service[name] for name in ("region", "variety", "other") if service[name]), "") if service else ""
    region = shown or _first(environ, "AWS_REGION", "AWS_DEFAULT_REGION") or DEFAULT_REGION
    if not re.fullmatch(r"[\w.-]+", region):
        raise ValueError(f"AWS_REGION cannot be {region!r}: write a region's name, as eu-central-1")
    account = S3Account(
        region=region,
        # AWS's own address by region is boto3's to write: a bucket elsewhere is followed there.
        endpoint=None if not endpoint or (service and service["aws"]) else endpoint,
        access_key_id=keys["ACCESS_KEY_ID"],
        secret_access_key=keys["SECRET_ACCESS_KEY"],
        # A token belongs to the key that it was issued with, never to the platform's.
        session_token=(_first(environ, "AWS_ACCESS_KEY_ID") and _key(environ, "AWS_SESSION_TOKEN")) or None,
        style=_style(environ, endpoint, bucket),
    )
    return S3Store(account.connect, bucket, _first(environ, "S3_PREFIX"), account.region, account.connect)


def _first(environ: Mapping[str, str], *names: str) -> str:
    """Return the first of these variables that holds something, or an empty string."""
    return next((value for name in names if (value := environ.get(name, "").strip())), "")


def _key(environ: Mapping[str, str], *names: str) -> str:
    """As `_first`, for what is secret. Raises ValueError for one that was not copied as it is, without showing it."""
    return next((key for name in names if (key := key_in(environ, name))), "")


def _check_bucket(bucket: str, endpoint: str) -> None:
    """Raise ValueError, with what to write instead, for a name that no bucket can have."""
    bare = re.sub(r"^[a-z0-9]+://", "", bucket.strip("\"'`"), flags=re.IGNORECASE).strip("/ ")
    name, _, folder = bare.partition("/")
    if bucket.startswith("arn:"):  # of an access point
        return
    if bucket[0] in "\"'`" or bucket[-1] in "\"'`":
        raise ValueError(f"S3_BUCKET or BUCKET_NAME holds quotes: write {name} without them")
    if re.match("https?://", bucket, re.IGNORECASE):
        raise ValueError(
            "S3_BUCKET or BUCKET_NAME is an address: write the bucket's name, and the address into AWS_ENDPOINT_URL"
        )
    if "/" in bucket:
        prefix = f", and its folder into S3_PREFIX: {folder}" if folder else ""
        raise ValueError(f"S3_BUCKET or BUCKET_NAME is {bucket!r}: write the bucket's name alone, {name}{prefix}")
    usual = _BUCKET.fullmatch(bucket) and bucket[-1].isalnum() and len(bucket) <= 63
    if not usual or ("_" in bucket and (not endpoint or "amazonaws" in endpoint)):
        raise ValueError(
            f"S3_BUCKET or BUCKET_NAME cannot be {bucket[:80]!r}: a bucket's name has small letters, digits, '-'"
            " and '.', up to 63, and begins and ends with a letter or digit; copy it from the service's console"
        )


def _part_bucket(address: str, bucket: str, *, any_host: bool) -> tuple[str, str]:
    """Return the service's URL and the bucket (empty if nothing names it), from what may be the bucket's own address.

    `any_host`: the bucket may stand in front of a host that is not known.
    """
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    path = path.strip("/")
    service = _SERVICE.search(address)
    bucket = bucket or (service and service["bucket"]) or ("" if "/" in path else path)
    if any_host or (service and service["bucket"]):
        host = host.removeprefix(f"{bucket}.")
    above, _, last = path.rpartition("/")
    path = above if last == bucket else path
    return f"{scheme}://{host}/{path}".rstrip("/"), bucket


def _style(environ: Mapping[str, str], endpoint: str, bucket: str) -> str:
    """Return where the bucket stands in an address: as is set, else in front of the host where the service wants that.

    A name with dots fits no certificate of such a host. Others know the path: MinIO no other, R2, Backblaze and
    DigitalOcean as well.
    """
    if asked := _first(environ, "S3_ADDRESSING_STYLE").lower():
        if asked not in _STYLES:
            raise ValueError(f"S3_ADDRESSING_STYLE must be one of {', '.join(_STYLES)}")
        return asked
    service = _SERVICE.search(endpoint)
    wants = not endpoint or (service and (service["aws"] or service["variety"] or service["virtual"]))
    return "virtual" if wants and "." not in bucket else "path"


def _pages(client: S3Client, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    """Return the pages of a listing, of which the first has come."""
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    return chain([next(pages)], pages)


@contextmanager
def _translated(failure: type[WorkerError], what: str, permission: str) -> Iterator[None]:
    """Raise `failure` for what boto3 raises, without boto3's own words: they can quote addresses and keys."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        code = e.response["Error"].get("Code") or str(status)  # what stands between us and S3 may reply with a page
        cure = _CURES.get(code) or _CURES.get(str(status)) or _CURES["5xx" if status >= 500 else "4xx"]
        raise failure(f"{what}: {code}; {cure.format(permission=permission, region=_told_region(e))}") from e
    except (BotoCoreError, ResponseParserError) as e:
        cure = "check S3_BUCKET, AWS_REGION, AWS_ENDPOINT_URL and the network, or try again"
        raise failure(f"{what}: {type(e).__name__}; {cure}") from e
    except (LookupError, TypeError, ValueError) as e:  # boto3 does not look at what an answer lacks
        cure = "check what lies between the worker and AWS_ENDPOINT_URL"
        raise failure(f"{what}: the service's answer cannot be read; {cure}") from e


def _refuse_redirect(response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: object) -> None:
    """Raise ClientError where the service leads to another region.

    boto3 would follow, but sign links for the configured region all the same: they would be dead.
    """
    from botocore.exceptions import ClientError

    if response is None:  # nothing was answered
        return
    error = ClientError(response[1], operation.name)
    if response[0].status_code >= 300 and _is_elsewhere(error):
        raise error


def _is_elsewhere(error: ClientError) -> bool:
    """Whether a refusal says that the bucket lies in another region. To a HEAD, AWS says it by a header alone."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    told = {str(status), error.response.get("Error", {}).get("Code")}
    return any(_CURES.get(str(each)) == _REGION_CURE for each in told) or (status == 400 and bool(_region_in(error)))


def _region_in(error: ClientError) -> str:
    """Return the region that a refusal names; empty where it names none."""
    named = error.response.get("Error", {}).get("Region") or _region_of(error.response)
    return named if _REGION_NAME.fullmatch(named) else ""


def _region_of(answer: Mapping[str, Any]) -> str:
    """Return the region that an answer's headers name."""
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", ""))


def _told_region(error: ClientError) -> str:
    """Return the region that a refusal names, to be put behind a cure."""
    return f", {region}" if (region := _region_in(error)) else ""


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Raise StorageFailed for what the disk says."""
    try:
        yield
    except OSError as e:
        raise StorageFailed(f"{what} ({e.strerror}): check the volume's mount, rights and free space") from e


def _is_missing(cause: BaseException | None) -> bool:
    """Whether S3 said that there is no such object."""
    return _code(cause) in ("NoSuchKey", "404")


def _code(cause: BaseException | None) -> str | None:
    """S3's word for what is wrong; None where it did not say any."""
    from botocore.exceptions import ClientError

    return cause.response["Error"].get("Code") if isinstance(cause, ClientError) else None


def _is_forbidden(cause: BaseException | None) -> bool:
    from botocore.exceptions import ClientError

    return isinstance(cause, ClientError) and cause.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def _refuse_oversize(what: str, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DownloadFailed(f"{what} is larger than the {max_bytes} bytes allowed: use a smaller file")
