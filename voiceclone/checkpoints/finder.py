"""The files of hub repositories on a volume: found where they already lie, else downloaded, whole or not at all.

Knows neither models nor their configs nor what files hold: a `Need` names a repository, a revision and files, `damage`
says what is wrong with one, `hub_cache` where it lies. A file is compared with its published hash when it is
downloaded; from then on its size and its header are enough. Nothing that was found is removed: what is damaged stays
until its whole replacement is there.

    <volume>/huggingface-cache/hub   the platform's cached models, read-only: looked at first
    <volume>/models/hub              the volume's own cache, in the hub's layout: looked at next, and downloaded to
"""

from __future__ import annotations

import errno
import logging
import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from voiceclone.checkpoints import hub_cache
from voiceclone.checkpoints.hub import Hub, errno_of, hosts_of, hub_errors, without_xet
from voiceclone.checkpoints.integrity import Fault, find_fault, has_hash
from voiceclone.checkpoints.lease import Lease
from voiceclone.errors import ModelUnavailable
from voiceclone.files import HEADROOM_BYTES

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

log = logging.getLogger(__name__)

T = TypeVar("T")

CONTAINER_DISK = Path("/")
"""Lies on the disk that goes away with the container."""


def on_container_disk(path: Path) -> bool:
    """Return whether a path that exists lies on the disk that goes away with the container."""
    return path.stat().st_dev == CONTAINER_DISK.stat().st_dev


@dataclass(frozen=True)
class Need:
    """Files of one repository; all come from one commit."""

    repo_id: str
    revision: str
    files: tuple[str, ...]
    asked_for: bool = False
    """The operator asked for this revision: the platform's cache may not answer with another."""
    formerly: tuple[str, ...] = ()
    """Names that the repository had: caches may hold it under them."""
    small: bool = False
    """So small that the container's own disk may hold it where no volume is attached."""


@dataclass(frozen=True)
class Finder:
    """Finds files in the two caches of a volume, or has them downloaded."""

    model: str
    revision: str | None
    volume: Path
    container_disk_ok: bool
    hub: Hub

    @property
    def platform_cache(self) -> Path:
        return self.volume / "huggingface-cache" / "hub"

    @property
    def cache(self) -> Path:
        return self.volume / "models" / "hub"

    def find(self, *needs: Need) -> list[Path]:
        """Return for each need a snapshot directory that holds its files. Raises ModelUnavailable."""
        try:
            found = {need: self._look(need, warn=True) for need in needs}
            missing = [need for need, snapshot in found.items() if snapshot is None]
            if missing:
                self._check_download_allowed(missing)
                self._download(missing)
            return [found[need] or self._look(need) or self._give_up(need) for need in needs]
        except ModelUnavailable as e:
            raise type(e)(f"{self.model}: {e}.{self._whereabouts(needs)}") from e

    def lying_there(self, needs: Iterable[Need]) -> Iterator[Path]:
        """Yield the snapshots of those needs that are met without a download."""
        yield from (found for need in needs if (found := self._look(need)))

    def _look(self, need: Need, *, warn: bool = False) -> Path | None:
        for snapshot in dict.fromkeys(self._places(need)):
            faults = _faults(snapshot, need)
            if not faults:
                return snapshot
            for file, fault in faults.items():
                if warn and fault.kind != "missing":
                    log.warning("passed over: %s %s", snapshot / file, fault)
        return None

    def _places(self, need: Need) -> Iterator[Path]:
        """Yield where the files may lie, best first. The platform caches a repository at a commit of its own choice."""
        names = (need.repo_id, *need.formerly)
        for name in names:
            yield hub_cache.snapshot(self.platform_cache, name, need.revision)
        for name in names:
            yield hub_cache.snapshot(self.cache, name, need.revision)
        if not need.asked_for:
            for name in names:
                yield hub_cache.snapshot(self.platform_cache, name, "main")
                yield from hub_cache.snapshots(self.platform_cache, name)

    def _own_snapshot(self, need: Need) -> Path:
        return hub_cache.snapshot(self.cache, need.repo_id, need.revision)

    def _give_up(self, need: Need) -> Path:
        """Raise ModelUnavailable: a file has the published hash and is damaged, so what was published is."""
        problems = "; ".join(f"{file} {fault}" for file, fault in _faults(self._own_snapshot(need), need).items())
        raise ModelUnavailable(f"what {need.repo_id} publishes cannot be used: {problems}")

    def _whereabouts(self, needs: tuple[Need, ...]) -> str:
        """Tell a person what is lacking, where it was looked for, and what fetches it."""
        lacking = []
        for need in needs:
            if self._look(need) is None:
                faults = _faults(self._own_snapshot(need), need)
                files = [f if fault.kind == "missing" else f"{f} ({fault})" for f, fault in faults.items()]
                lacking.append(f"{', '.join(files)} of {need.repo_id} at {need.revision}")
        if not lacking:
            return ""
        looked = f" Missing: {'; '.join(lacking)}. Looked in {self.platform_cache} and {self.cache}."
        options = ["--volume", str(self.volume), "--model", self.model]
        options += ["--revision", self.revision] if self.revision else []
        return f"{looked} To fetch: voiceclone fetch {shlex.join(options)}"

    def _check_download_allowed(self, needs: list[Need]) -> None:
        self._require_volume()
        for need in needs:
            for file, fault in _faults(self._own_snapshot(need), need).items():
                if fault.kind == "unreadable":  # it may be whole: not for this worker to replace
                    raise ModelUnavailable(f"{file} {fault}: let the worker read it, or remove it")
        home = self.cache
        while not home.exists():
            home = home.parent
        if not self.container_disk_ok and on_container_disk(home) and not all(need.small for need in needs):
            raise ModelUnavailable(
                f"{home} lies on the container's own disk, where models do not belong: attach a network volume"
            )
        if not os.access(home, os.W_OK):
            raise ModelUnavailable(f"{home} cannot be written: fetch the files where it can be")

    def _require_volume(self) -> None:
        """Raise ModelUnavailable without a volume. It is never created: it would lie on the container's disk."""
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
            if e.errno in {errno.EISDIR, errno.ENOTDIR}:
                raise ModelUnavailable(f"{e.filename2 or e.filename} is in a file's way: remove it") from e
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
        """Return the hub's word on each file that the volume's own cache lacks, all of one commit."""
        from huggingface_hub import errors

        kept = hub_cache.commit_of(self.cache, need.repo_id, need.revision)
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
            published[file] = self.hub.ask(need.repo_id, revision, file)
            revision = published[file].commit_hash or revision  # a branch may move between two questions
        return published

    def _fetch(self, need: Need, published: Mapping[str, HfFileMetadata]) -> None:
        hub_cache.sweep(self.cache, need.repo_id)
        try:
            for file, wanted in published.items():
                self._fetch_file(need.repo_id, file, wanted)
                hub_cache.keep_ref(self.cache, need.repo_id, need.revision, str(wanted.commit_hash))
        finally:
            hub_cache.sweep(self.cache, need.repo_id)

    def _fetch_file(self, repo_id: str, file: str, wanted: HfFileMetadata) -> None:
        commit = str(wanted.commit_hash)
        blob = hub_cache.blob(self.cache, repo_id, str(wanted.etag))
        for _ in range(2):
            self._require_volume()
            if not _is_as_published(blob, wanted):
                with hub_errors(repo_id, commit, file):
                    self.hub.patiently(partial(self._download_file, repo_id, file, commit, again=blob.exists()))
            if _is_as_published(blob, wanted):
                hub_cache.link(hub_cache.snapshot(self.cache, repo_id, commit) / file, blob)
                return
            log.warning("%s of %s arrived with bytes other than the published ones", file, repo_id)
            hub_cache.remove(blob)
        raise ModelUnavailable(
            f"{file} of {repo_id} arrived with bytes other than the published ones, twice: look for a proxy that"
            " alters downloads"
        )

    def _download_file(self, repo_id: str, file: str, commit: str, *, again: bool) -> None:
        """Download a file to the cache; where Xet's store fails, by plain HTTP from the hub."""
        from huggingface_hub import errors, hf_hub_download

        bar = None if sys.stderr.isatty() else cast(Any, partial(_LoggedProgress, file))
        fetch = partial(
            hf_hub_download,
            repo_id,
            file,
            revision=commit,
            cache_dir=self.cache,
            endpoint=self.hub.endpoint,
            force_download=again,
            tqdm_class=bar,
        )
        try:
            fetch()
        except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, ConnectionError, TimeoutError):
            raise
        except (OSError, RuntimeError) as e:
            # A half that is gone was swept by a worker that took this one for dead.
            if (number := errno_of(e)) not in {None, errno.ENOENT}:
                raise OSError(number, os.strerror(number), getattr(e, "filename", None)) from e
            log.warning(
                "%s did not arrive from %s (%s), it is fetched by plain HTTP", file, hosts_of(e), type(e).__name__
            )
            with without_xet():
                fetch()
        except ValueError as e:  # the client could not ask before it fetches anew
            raise e.__cause__ or e from None


def _faults(snapshot: Path, need: Need) -> dict[str, Fault]:
    """Return what keeps a snapshot from meeting a need, by file."""
    return {file: fault for file in need.files if (fault := find_fault(snapshot / file))}


def _is_as_published(path: Path, published: HfFileMetadata) -> bool:
    """Return whether a file has the size and the hash that the hub tells."""
    if not path.is_file():
        return False
    return published.size in {None, path.stat().st_size} and has_hash(path, str(published.etag))


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
