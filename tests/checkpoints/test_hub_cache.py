"""A cache as the hub's client lays it out: what is removed, and what never is."""

from __future__ import annotations

import pytest

from voiceclone.checkpoints import hub_cache

REPO_ID, COMMIT = "owner/name", "c" * 40


@pytest.fixture
def cache(tmp_path):
    """With one file, of a branch."""
    path = tmp_path / "hub"
    snapshot = hub_cache.snapshot(path, REPO_ID, COMMIT)
    snapshot.mkdir(parents=True)
    blobs = hub_cache.repository(path, REPO_ID) / "blobs"
    blobs.mkdir()
    (blobs / "abc").touch()
    (snapshot / "file").symlink_to("../../blobs/abc")
    hub_cache.keep_ref(path, REPO_ID, "main", COMMIT)
    return path


def files(cache):
    return {path.name for path in cache.rglob("*") if path.is_symlink() or path.is_file()}


def test_a_branch_stands_for_the_commit_that_was_noted(cache):
    assert hub_cache.snapshot(cache, REPO_ID, "main") == hub_cache.snapshot(cache, REPO_ID, COMMIT)
    assert hub_cache.commit_of(cache, REPO_ID, "other") == "other"


def test_only_the_name_in_a_repositorys_blobs_promises_a_hash(cache):
    """Not the name in the store that repositories share, which has as many digits and is a hash of another kind."""
    blobs, snapshot = hub_cache.repository(cache, REPO_ID) / "blobs", hub_cache.snapshot(cache, REPO_ID, COMMIT)
    shared = cache / "blobs" / "ab" / ("ab" * 32)
    shared.parent.mkdir(parents=True)
    shared.touch()
    (blobs / ("1" * 64)).symlink_to(f"../../blobs/ab/{shared.name}")
    (snapshot / "deep").mkdir()
    (snapshot / "deep" / "weights").symlink_to("../../../blobs/" + "1" * 64)
    assert hub_cache.promised_hash(snapshot / "deep" / "weights") == "1" * 64
    assert hub_cache.promised_hash(shared) is None
    (snapshot / "copied").write_bytes(b"a volume without links")
    (snapshot / "loop").symlink_to("loop")
    (snapshot / "stored").symlink_to(shared)
    for name in ("file", "copied", "loop", "stored", "missing"):  # "file" leads to a name that is no hash
        assert hub_cache.promised_hash(snapshot / name) is None


def test_a_link_takes_the_place_of_whatever_file_lay_there(cache):
    path, blob = hub_cache.snapshot(cache, REPO_ID, COMMIT) / "file", hub_cache.blob(cache, REPO_ID, "def")
    blob.write_bytes(b"new")
    for lay_there in (lambda: None, path.touch, lambda: path.symlink_to("nothing"), lambda: path.symlink_to("file")):
        path.unlink(missing_ok=True)
        lay_there()
        hub_cache.link(path, blob)
        assert path.read_bytes() == b"new"
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        hub_cache.link(path, blob)
    assert files(cache) == {"main", "abc", "def"}


def test_the_commits_of_a_repository_are_listed(cache):
    assert hub_cache.snapshots(cache, REPO_ID) == [hub_cache.snapshot(cache, REPO_ID, COMMIT)]
    assert hub_cache.snapshots(cache, "no/one") == []


def test_what_killed_downloads_leave_is_swept(cache):
    lock = cache / ".locks/models--owner--name/abc.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    (hub_cache.repository(cache, REPO_ID) / "blobs/def.incomplete").touch()
    hub_cache.sweep(cache, REPO_ID)
    assert files(cache) == {"main", "file", "abc"}
