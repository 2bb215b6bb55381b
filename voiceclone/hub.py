"""The files of hub repositories on a volume: found where they already lie, else downloaded, whole or not at all.

Knows neither models nor their configs: a `Need` names a repository, a revision and files. The environment is not
read here either.

    <volume>/huggingface-cache/hub   the platform's cached models, read-only: looked at first
    <volume>/models/hub              the volume's own cache, in the hub's layout: looked at next, and downloaded to
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from voiceclone.errors import ModelUnavailable
from voiceclone.lease import Lease

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

log = logging.getLogger(__name__)

T = TypeVar("T")

CONTAINER_DISK = Path("/")
"""Lies on the disk that goes away with the container."""
HEADROOM_BYTES = 256 * 10**6
MAX_HEADER_BYTES = 100 * 10**6
"""The format's own limit; more is garbage, and is not read."""
SMALL_BYTES = 10**5
"""A file of no more is read as a whole when it is looked at."""
MAX_VOCABULARY_BYTES = 10**7
"""This model's have some kilobytes, whisper's half a million; more is something else, and is not read."""
UNREADABLE = "cannot be read"
COMMIT = re.compile(r"[0-9a-f]{40}")


class HubUnreachable(ModelUnavailable):
    """A file is missing and the hub could not be asked for it."""


@dataclass(frozen=True)
class Hub:
    """How the hub and the other workers on the volume are dealt with."""

    endpoint: str | None = None
    """None: HF_ENDPOINT, or the public hub."""
    answer_s: float = 8.0
    """How long the hub may take for a question, name look-up and every address it has included."""
    beat_s: float = 5.0
    """How often the worker that downloads gives a sign of life."""
    stale_s: float = 30.0
    """Without a sign for so long, another worker takes the download over."""


@dataclass(frozen=True)
class Need:
    """Files of one repository; all come from one commit."""

    repo_id: str
    revision: str
    files: tuple[str, ...]
    asked_for: bool = False
    """The operator asked for this revision: the platform's cache may not answer with another."""


@dataclass(frozen=True)
class Finder:
    """Finds files in the two caches of a volume, or has them downloaded."""

    model: str
    revision: str | None
    volume: Path
    container_disk_ok: bool
    hub: Hub
    made_by: str | None
    """The script that makes the files on a volume, for what no hub has."""

    @property
    def platform_cache(self) -> Path:
        return self.volume / "huggingface-cache" / "hub"

    @property
    def cache(self) -> Path:
        return self.volume / "models" / "hub"

    def find(self, *needs: Need) -> list[Path]:
        """For each need a snapshot directory that holds its files. Raises ModelUnavailable."""
        try:
            found = {need: self._look(need, warn=True) for need in needs}
            missing = [need for need, snapshot in found.items() if snapshot is None]
            if missing:
                self._check_download_allowed(missing)
                self._download(missing)
            return [found[need] or self._look(need) or self._give_up(need) for need in needs]
        except ModelUnavailable as e:
            raise type(e)(f"{self.model}: {e}.{self._whereabouts(needs)}") from e

    def _look(self, need: Need, *, warn: bool = False) -> Path | None:
        revisions = [need.revision] if need.asked_for else [need.revision, "main"]
        places = [_snapshot(self.platform_cache, need.repo_id, revision) for revision in revisions]
        for snapshot in dict.fromkeys([*places, self._own_snapshot(need)]):
            faults = _faults(snapshot, need)
            if not faults:
                return snapshot
            for file, problem in faults.items():
                if warn and problem != "is missing":
                    log.warning("passed over: %s %s", snapshot / file, problem)
        return None

    def _own_snapshot(self, need: Need) -> Path:
        return _snapshot(self.cache, need.repo_id, need.revision)

    def _give_up(self, need: Need) -> Path:
        """Fetched with the right hash and still no good: what was published is."""
        problems = "; ".join(f"{file} {problem}" for file, problem in _faults(self._own_snapshot(need), need).items())
        raise ModelUnavailable(f"what {need.repo_id} publishes cannot be used: {problems}")

    def _whereabouts(self, needs: tuple[Need, ...]) -> str:
        """For a person: what is lacking, where it was looked for, and what fetches it."""
        lacking = []
        for need in needs:
            if self._look(need) is None:
                faults = _faults(self._own_snapshot(need), need)
                files = [f if problem == "is missing" else f"{f} ({problem})" for f, problem in faults.items()]
                lacking.append(f"{', '.join(files)} of {need.repo_id} at {need.revision}")
        if not lacking:
            return ""
        looked = f" Missing: {'; '.join(lacking)}. Looked in {self.platform_cache} and {self.cache}."
        if self.made_by:
            return looked
        options = ["--volume", str(self.volume), "--model", self.model]
        options += ["--revision", self.revision] if self.revision else []
        return f"{looked} To fetch: python scripts/fetch_models.py {shlex.join(options)}"

    def _check_download_allowed(self, needs: list[Need]) -> None:
        if self.made_by:
            script = shlex.join(["python", self.made_by, str(self.volume)])
            damaged = [snapshot for need in needs if (snapshot := self._own_snapshot(need)).is_dir()]
            first = f"remove {damaged[0]}, then " if damaged else ""
            raise ModelUnavailable(f"it is made on the volume, not downloaded: {first}run `{script}`")
        self._require_volume()
        for need in needs:
            for file, problem in _faults(self._own_snapshot(need), need).items():
                if problem.startswith(UNREADABLE):  # it may be whole: not for this worker to replace
                    raise ModelUnavailable(f"{file} {problem}: let the worker read it, or remove it")
        home = self.cache
        while not home.exists():
            home = home.parent
        if not self.container_disk_ok and home.stat().st_dev == CONTAINER_DISK.stat().st_dev:
            raise ModelUnavailable(
                f"{home} lies on the container's own disk, where models do not belong: attach a network volume"
            )
        if not os.access(home, os.W_OK):
            raise ModelUnavailable(f"{home} cannot be written: fetch the files where it can be")

    def _require_volume(self) -> None:
        """It is never made up: it would lie on the container's disk."""
        if not self.volume.is_dir():
            raise ModelUnavailable(
                f"the volume {self.volume} is not there: attach one, or set RUNPOD_VOLUME to a directory that exists"
            )

    def _download(self, needs: list[Need]) -> None:
        # Asked before the lease is waited for: without a network this fails within seconds.
        published = {need: self._describe(need) for need in needs}
        with self._disk_errors():
            self.cache.mkdir(parents=True, exist_ok=True)
            lease = self.cache.parent / ".download.lease"
            with Lease(lease, beat_s=self.hub.beat_s, stale_s=self.hub.stale_s):
                waiting = [need for need in needs if self._look(need) is None]  # another worker may have fetched it
                self._check_space([file for need in waiting for file in published[need].values()])
                for need in waiting:
                    self._fetch(need, published[need])

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            if e.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise ModelUnavailable(f"the volume {self.volume} is full: free space or enlarge it") from e
            at = f" ({e.filename})" if e.filename else ""
            raise ModelUnavailable(
                f"the volume {self.volume} cannot be written: {e.strerror or e}{at}: let the worker write there, or put"
                " the files there beforehand"
            ) from e

    def _check_space(self, files: list[HfFileMetadata]) -> None:
        size = sum(file.size or 0 for file in files)
        needed = int(size * 1.05) + HEADROOM_BYTES
        free = shutil.disk_usage(self.cache).free
        if files and free < needed:
            raise ModelUnavailable(
                f"the volume {self.volume} has {free / 1e9:.2f} GB free, but {needed / 1e9:.2f} GB are needed "
                f"({size / 1e9:.2f} GB of files and some headroom): free space or enlarge it"
            )

    def _describe(self, need: Need) -> dict[str, HfFileMetadata]:
        """The hub's word on each file that the volume's own cache lacks, all of one commit."""
        from huggingface_hub import errors

        kept = _commit(self.cache, need.repo_id, need.revision)
        try:
            return self._describe_at(kept, need)
        except ModelUnavailable as e:
            # The commit that was noted for a branch may be gone from the hub, as the note may be wrong.
            if kept == need.revision or not isinstance(e.__cause__, errors.RevisionNotFoundError):
                raise
            return self._describe_at(need.revision, need)

    def _describe_at(self, revision: str, need: Need) -> dict[str, HfFileMetadata]:
        published = {}
        for file in _faults(self._own_snapshot(need), need):
            published[file] = self._ask(need.repo_id, revision, file)
            revision = published[file].commit_hash or revision  # a branch may move between two questions
        return published

    def _ask(self, repo_id: str, revision: str, file: str) -> HfFileMetadata:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        endpoint, answer_s = self.hub.endpoint, self.hub.answer_s
        url = hf_hub_url(repo_id, file, revision=revision, endpoint=endpoint)
        with _hub_errors(repo_id, revision, file):
            published = _within(answer_s, lambda: get_hf_file_metadata(url, timeout=answer_s, endpoint=endpoint))
        if not published.commit_hash or not published.etag:
            raise HubUnreachable(f"what answers for {repo_id} is no hub: look for a proxy or a log-in page in between")
        return published

    def _fetch(self, need: Need, published: Mapping[str, HfFileMetadata]) -> None:
        _sweep(self.cache, need.repo_id)
        try:
            for file, wanted in published.items():
                self._fetch_file(need.repo_id, file, wanted)
                _keep_ref(_repo(self.cache, need.repo_id), need.revision, str(wanted.commit_hash))
        finally:
            _sweep(self.cache, need.repo_id)

    def _fetch_file(self, repo_id: str, file: str, wanted: HfFileMetadata) -> None:
        path = _repo(self.cache, repo_id) / "snapshots" / str(wanted.commit_hash) / file
        for _ in range(2):
            self._require_volume()
            if fault(path):
                _remove(self.cache, path)
            with _hub_errors(repo_id, str(wanted.commit_hash), file):
                problem = self._try_to_fetch(repo_id, file, str(wanted.commit_hash))
            if problem is None and _is_as_published(path, wanted):
                return
            problem = problem or "arrived with bytes other than the published ones"
            log.warning("%s of %s %s", file, repo_id, problem)
            _remove(self.cache, path)
        raise ModelUnavailable(f"{file} of {repo_id} {problem}, twice: look for a proxy that alters downloads")

    def _try_to_fetch(self, repo_id: str, file: str, commit: str) -> str | None:
        """Download to the cache, or say what went wrong on the way; what the hub refuses is raised."""
        from huggingface_hub import errors, hf_hub_download

        bar = None if sys.stderr.isatty() else cast(Any, partial(_LoggedProgress, file))
        cache, endpoint = self.cache, self.hub.endpoint
        try:
            hf_hub_download(repo_id, file, revision=commit, cache_dir=cache, endpoint=endpoint, tqdm_class=bar)
        except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, ConnectionError, TimeoutError):
            raise
        except (OSError, RuntimeError) as e:
            # The volume's fault; but a half that is gone was swept by a worker that took this one for dead.
            if isinstance(e, OSError) and e.errno not in {None, errno.ENOENT}:
                raise
            return f"did not arrive whole ({type(e).__name__})"
        return None


def fault(path: Path) -> str | None:
    """What is wrong with a file, as far as a look at its ends, or at a small one as a whole, can tell; or None."""
    try:
        if path.is_dir():
            return "is a directory, not a file"
        if not path.is_file():
            return "is a link to nothing" if path.is_symlink() else "is missing"
        return _content_fault(path, path.stat().st_size)
    except OSError as e:  # no right to it, or a network mount's hiccup
        return f"{UNREADABLE}: {e.strerror or e}"


def _content_fault(path: Path, size: int) -> str | None:
    if not size:
        return "is empty"
    if path.suffix == ".safetensors":
        return _safetensors_fault(path, size)
    with path.open("rb") as f:
        archive = f.read(4) == b"PK\x03\x04"
    # torch.save writes a zip archive, whose directory lies at the end: a cut one has none.
    if archive and not zipfile.is_zipfile(path):
        return "is damaged: the end of the archive is missing"
    if size <= SMALL_BYTES and not holds_named_bytes(path):
        return "is damaged: its bytes are not those that were fetched"
    return _text_fault(path, size) if path.suffix == ".txt" else None


def _text_fault(path: Path, size: int) -> str | None:
    if size > MAX_VOCABULARY_BYTES:
        return f"is no vocabulary: it has {size} bytes, more than {MAX_VOCABULARY_BYTES}"
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "is damaged: it is no text in UTF-8"
    return None


def _safetensors_fault(path: Path, size: int) -> str | None:
    """Compare a file's size with what its header promises: 8 bytes of length, JSON, then the tensors' data."""
    with path.open("rb") as f:
        length = int.from_bytes(f.read(8), "little")
        header = f.read(length) if length <= min(size, MAX_HEADER_BYTES) else b""
    try:
        ends = [tensor["data_offsets"][1] for name, tensor in json.loads(header).items() if name != "__metadata__"]
        promised = 8 + length + int(max(ends, default=0))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        return "is damaged: its safetensors header cannot be read"
    return None if promised == size else f"is damaged: it has {size} bytes where its header promises {promised}"


def _repo(cache: Path, repo_id: str) -> Path:
    """Where the hub's cache keeps a repository; the layout is documented in its guide on managing the cache."""
    return cache / f"models--{repo_id.replace('/', '--')}"


def _commit(cache: Path, repo_id: str, revision: str) -> str:
    """The commit that the cache keeps for a branch or tag; `revision` itself where it keeps none."""
    if COMMIT.fullmatch(revision):
        return revision
    with suppress(OSError, UnicodeDecodeError):
        commit = (_repo(cache, repo_id) / "refs" / revision).read_text().strip()
        if COMMIT.fullmatch(commit):  # anything else might lead out of the cache
            return commit
    return revision


def _snapshot(cache: Path, repo_id: str, revision: str) -> Path:
    return _repo(cache, repo_id) / "snapshots" / _commit(cache, repo_id, revision)


@contextmanager
def _hub_errors(repo_id: str, revision: str, file: str) -> Iterator[None]:
    """Say what the hub's refusals mean here. Its own texts are left out: they may hold signed URLs."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled as e:
        raise HubUnreachable("HF_HUB_OFFLINE is set, so the hub may not be asked: unset it to download") from e
    except errors.GatedRepoError as e:
        raise ModelUnavailable(
            f"{repo_id} is gated: accept its terms on its page and set HF_TOKEN to a token of the same account"
        ) from e
    except errors.RevisionNotFoundError as e:
        raise ModelUnavailable(f"{repo_id} has no revision {revision}: give F5_REVISION another, or unset it") from e
    except errors.RemoteEntryNotFoundError as e:
        raise ModelUnavailable(f"{repo_id} has no {file} at {revision}: give another revision") from e
    except errors.RepositoryNotFoundError as e:
        raise ModelUnavailable(f"the hub shows no repository {repo_id}: if it is private, set HF_TOKEN") from e
    except errors.HfHubHTTPError as e:
        status = e.response.status_code
        if status in {401, 403}:
            raise ModelUnavailable(f"the hub refused {repo_id} ({status}): check HF_TOKEN") from e
        raise HubUnreachable(f"the hub answered {status} for {repo_id}: try again later") from e
    except (httpx2.HTTPError, errors.LocalEntryNotFoundError, ConnectionError, TimeoutError) as e:
        raise HubUnreachable(f"the hub cannot be reached ({e.__cause__ or e})") from e


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result, or TimeoutError: a slow resolver and a host of many addresses know no common deadline."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as e:  # noqa: BLE001 - handed to the caller's thread as it is
            future.set_exception(e)

    threading.Thread(target=run, name="hub", daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except FutureTimeout:
        raise TimeoutError(f"no answer within {seconds:g} s") from None


def _faults(snapshot: Path, need: Need) -> dict[str, str]:
    """What keeps a snapshot from meeting a need."""
    return {file: problem for file in need.files if (problem := fault(snapshot / file))}


def _is_as_published(path: Path, published: HfFileMetadata) -> bool:
    """Whether a file has the size and the hash that the hub tells."""
    if not path.is_file():
        return False
    return published.size in {None, path.stat().st_size} and _has_hash(path, str(published.etag))


def holds_named_bytes(path: Path) -> bool:
    """Whether a file of the hub's cache, whose blobs are named by their hash, is still what was fetched.

    True for a file that is named otherwise. Reads all of it; raises OSError.
    """
    blob = path.resolve()
    return _has_hash(blob, blob.name)


def _has_hash(path: Path, etag: str) -> bool:
    """Compare with an ETag of the hub: of a large file its SHA-256, of a small one git's SHA-1; True for another."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", etag):
        return True
    size = path.stat().st_size
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as f:
        return hashlib.file_digest(f, lambda: digest).hexdigest() == etag


def discard(volume_file: Path) -> None:
    """Remove a damaged file from the volume's own cache, that the next start fetches it; what lies elsewhere stays."""
    repo = next((parent for parent in volume_file.parents if parent.name.startswith("models--")), None)
    if repo is not None:
        with suppress(OSError):  # the platform's cache is read-only
            _remove(repo.parent, volume_file)


def _remove(cache: Path, path: Path) -> None:
    """Remove a cached file with all that stands behind its name: links, and the blob that they lead to.

    A link out of the cache leads to somebody's own file, which stays.
    """
    while path.is_symlink():
        target = path.parent / path.readlink()
        path.unlink()
        path = target
    if not path.resolve().is_relative_to(cache.resolve()):
        return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sweep(cache: Path, repo_id: str) -> None:
    """Clear what killed downloads leave. Nothing takes it up again, but it fills the volume and may block."""
    repo = _repo(cache, repo_id)
    # Where a mount has no flock the hub's locks are mere files, and one from a dead host would be waited for for ever.
    shutil.rmtree(cache / ".locks" / repo.name, ignore_errors=True)
    for half in (repo / "blobs").glob("*.incomplete"):
        half.unlink(missing_ok=True)


def _keep_ref(repo: Path, revision: str, commit: str) -> None:
    """Note which commit a branch or tag stood for, so that it is not asked for again."""
    ref = repo / "refs" / revision
    if revision != commit:
        ref.parent.mkdir(parents=True, exist_ok=True)
        draft = ref.with_name(f"{ref.name}.{os.getpid()}.tmp")
        draft.write_text(commit)
        draft.replace(ref)


class _LoggedProgress:
    """What the hub asks of a progress bar, as a line in the log for every tenth or every 10 s."""

    def __init__(self, file: str, *, total: int | None = None, initial: int = 0, **_looks: object) -> None:
        self.file, self.total, self.n = file, total, initial
        self._logged_n, self._logged_at = initial, time.monotonic()

    def __enter__(self) -> _LoggedProgress:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def update(self, n: int = 1) -> None:
        self.n += n
        tenth = (self.total or 0) / 10
        if (tenth and self.n - self._logged_n >= tenth) or time.monotonic() - self._logged_at >= 10:
            self._logged_n, self._logged_at = self.n, time.monotonic()
            log.info("%s: %.0f of %.0f MB", self.file, self.n / 1e6, (self.total or 0) / 1e6)

    def set_postfix_str(self, *_postfix: object, **_looks: object) -> None: ...

    def refresh(self) -> None: ...

    def close(self) -> None: ...
