"""How the hub's client lays out a cache: where files lie in it, what their names promise, and how one gets there.

Knows neither a hub nor what files hold. The layout is documented in the hub's guide on managing the cache.

    <cache>/models--<owner>--<name>/refs/<branch>                which commit a branch stands for
    <cache>/models--<owner>--<name>/snapshots/<commit>/<file>    a link to
    <cache>/models--<owner>--<name>/blobs/<hash of the content>  the content, or a link to
    <cache>/blobs/<xx>/<hash of Xet's own>                       the content, shared by all repositories
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}")
HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MAX_LINKS = 10
"""A file is at most three links away; a link to itself has no end."""


def repository(cache: Path, repo_id: str) -> Path:
    """Return the directory of a repository."""
    return cache / f"models--{repo_id.replace('/', '--')}"


def commit_of(cache: Path, repo_id: str, revision: str) -> str:
    """Return the commit that the cache keeps for a branch or tag; `revision` itself where it keeps none."""
    if COMMIT.fullmatch(revision):
        return revision
    with suppress(OSError, UnicodeDecodeError):
        commit = (repository(cache, repo_id) / "refs" / revision).read_text().strip()
        if COMMIT.fullmatch(commit):  # anything else might lead out of the cache
            return commit
    return revision


def snapshot(cache: Path, repo_id: str, revision: str) -> Path:
    """Return the directory of a repository's files as they are at a commit, branch or tag."""
    return repository(cache, repo_id) / "snapshots" / commit_of(cache, repo_id, revision)


def snapshots(cache: Path, repo_id: str) -> list[Path]:
    """Return the directories of all commits of a repository, the one that was changed last first."""
    found = (repository(cache, repo_id) / "snapshots").glob("*")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def files(cache: Path) -> list[Path]:
    """Return every file of every snapshot, as its link or, on a volume without links, as itself."""
    return sorted(path for path in cache.glob("models--*/snapshots/*/**/*") if path.is_symlink() or path.is_file())


def blob(cache: Path, repo_id: str, etag: str) -> Path:
    """Return where the content with this ETag of the hub lies."""
    return repository(cache, repo_id) / "blobs" / etag


def promised_hash(path: Path) -> str | None:
    """Return the hash that a cached file's name promises: SHA-256 or git's SHA-1; None where it promises none.

    Links are followed one at a time: only a name in a repository's `blobs` is a hash of the content. The store that
    repositories share names its files by hashes of Xet's own, of which nothing can be said here.
    """
    for _ in range(MAX_LINKS):
        if path.parent.name == "blobs" and path.parent.parent.name.startswith("models--"):
            return path.name if HASH.fullmatch(path.name) else None
        if not path.is_symlink():
            return None
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return None


def identity_of(path: Path) -> str:
    """Return what tells a file's content as it is now from any other.

    Its promised hash; else its place, size and time of change: to hash a large file takes long. Raises OSError.
    """
    real = path.resolve(strict=True)
    if (promised := promised_hash(path)) is not None:
        return promised
    status = real.stat()
    return hashlib.sha256(f"{real}\0{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()


def link(path: Path, blob: Path) -> None:
    """Let a snapshot's file be this content, whatever lay there before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.path.relpath(blob, path.parent))
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a blob, and what it links to in the store that repositories share."""
    if path.is_symlink():
        (path.parent / path.readlink()).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def sweep(cache: Path, repo_id: str) -> None:
    """Clear what killed downloads leave. Nothing takes it up again, but it fills the volume and may block."""
    repo = repository(cache, repo_id)
    # Where a mount has no flock the hub's locks are mere files, and one from a dead host would be waited for for ever.
    shutil.rmtree(cache / ".locks" / repo.name, ignore_errors=True)
    for half in (repo / "blobs").glob("*.incomplete"):
        half.unlink(missing_ok=True)


def keep_ref(cache: Path, repo_id: str, revision: str, commit: str) -> None:
    """Note which commit a branch or tag stood for, so that it is not asked for again."""
    ref = repository(cache, repo_id) / "refs" / revision
    if revision != commit:
        ref.parent.mkdir(parents=True, exist_ok=True)
        draft = ref.with_name(f"{ref.name}.{os.getpid()}.tmp")
        draft.write_text(commit)
        draft.replace(ref)
