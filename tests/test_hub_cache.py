"""A cache as the hub's client lays it out: what is removed, and what never is."""

from __future__ import annotations

import pytest

from voiceclone import hub_cache

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


def test_what_is_discarded_is_gone_with_its_content(cache):
    hub_cache.discard(hub_cache.snapshot(cache, REPO_ID, "main") / "file")
    assert files(cache) == {"main"}


def test_what_lies_elsewhere_is_not_discarded(cache, tmp_path):
    """Neither a file outside of any cache, nor one that a cache only leads to."""
    mine = tmp_path / "mine"
    mine.touch()
    link = hub_cache.snapshot(cache, REPO_ID, "main") / "link"
    link.symlink_to(mine)
    hub_cache.discard(mine)
    hub_cache.discard(link)
    assert mine.exists()
    assert files(cache) == {"main", "file", "abc"}


def test_what_killed_downloads_leave_is_swept(cache):
    lock = cache / ".locks/models--owner--name/abc.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    (hub_cache.repository(cache, REPO_ID) / "blobs/def.incomplete").touch()
    hub_cache.sweep(cache, REPO_ID)
    assert files(cache) == {"main", "file", "abc"}
