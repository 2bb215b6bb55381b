"""How the hub's client lays out a cache: where files lie in it, and how they are removed from it.

Knows neither a hub nor what files hold. The layout is documented in the hub's guide on managing the cache.

    <cache>/models--<owner>--<name>/refs/<branch>                which commit a branch stands for
    <cache>/models--<owner>--<name>/snapshots/<commit>/<file>    a link to
    <cache>/models--<owner>--<name>/blobs/<hash>                 the content
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}")


def repository(cache: Path, repo_id: str) -> Path:
    """The directory of a repository."""
    return cache / f"models--{repo_id.replace('/', '--')}"


def commit_of(cache: Path, repo_id: str, revision: str) -> str:
    """The commit that the cache keeps for a branch or tag; `revision` itself where it keeps none."""
    if COMMIT.fullmatch(revision):
        return revision
    with suppress(OSError, UnicodeDecodeError):
        commit = (repository(cache, repo_id) / "refs" / revision).read_text().strip()
        if COMMIT.fullmatch(commit):  # anything else might lead out of the cache
            return commit
    return revision


def snapshot(cache: Path, repo_id: str, revision: str) -> Path:
    """The directory of a repository's files as they are at a commit, branch or tag."""
    return repository(cache, repo_id) / "snapshots" / commit_of(cache, repo_id, revision)


def discard(volume_file: Path) -> None:
    """Remove a damaged file from the volume's own cache, that the next start fetches it; what lies elsewhere stays."""
    repo = next((parent for parent in volume_file.parents if parent.name.startswith("models--")), None)
    if repo is not None:
        with suppress(OSError):  # the platform's cache is read-only
            remove(repo.parent, volume_file)


def remove(cache: Path, path: Path) -> None:
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
