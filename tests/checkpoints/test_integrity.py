"""What is wrong with a file is said, and a byte that is not the published one is noticed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.checkpoints.integrity import find_fault, has_hash

CONTENT = st.binary(min_size=1, max_size=100)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_sha1(data):
    """As the hub names a small file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@given(data=CONTENT, at=st.integers(0), etag=st.sampled_from([sha256, git_sha1]))
def test_a_file_has_the_published_hash_or_it_has_another_byte(tmp_path_factory, data, at, etag):
    path = tmp_path_factory.getbasetemp() / "file.bin"
    path.write_bytes(data)
    assert has_hash(path, etag(data))
    at %= len(data)
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert not has_hash(path, etag(data))


def test_an_etag_that_is_no_hash_says_nothing_of_the_content(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"anything")
    assert has_hash(path, "a-mirrors-own-etag")


def test_a_fault_says_whether_the_file_is_missing_damaged_or_not_shown(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("nothing")
    faults = {name: find_fault(tmp_path / name) for name in ("missing", "empty", "link", "a name too long " * 20)}
    assert [fault.kind for fault in faults.values()] == ["missing", "damaged", "damaged", "unreadable"]
    assert [str(faults[name]) for name in ("missing", "link")] == ["is missing", "is a link to nothing"]
    with pytest.raises(FileNotFoundError):
        has_hash(tmp_path / "missing", "0" * 64)
