"""What is wrong with a file is said, and a byte that is not the one that was written is noticed."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone import damage
from voiceclone.damage import SEAL, find_fault, holds_promised_bytes

CONTENT = st.binary(min_size=1, max_size=100)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_sha1(data):
    """As the hub names a small file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sealed(data, seal):
    """A safetensors file of plain bytes."""
    tensor = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    header = json.dumps({"__metadata__": {SEAL: seal}, "bytes": tensor}).encode()
    return len(header).to_bytes(8, "little") + header + data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where files are read in many blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damage, "BLOCK_BYTES", 7)
        yield tmp_path_factory.mktemp("damage")


@given(data=CONTENT, at=st.integers(0), named=st.sampled_from([sha256, git_sha1]))
def test_a_blob_is_what_was_fetched_if_it_has_the_hash_that_names_it(folder, data, at, named):
    blob, link = folder / named(data), folder / "file.bin"
    blob.write_bytes(data)
    link.unlink(missing_ok=True)
    link.symlink_to(blob)
    assert holds_promised_bytes(link)
    blob.write_bytes(flipped(data, at % len(data)))
    assert not holds_promised_bytes(link)


@given(data=CONTENT, at=st.integers(0))
def test_a_sealed_file_is_what_was_written_if_its_tensors_have_the_hash_in_its_header(folder, data, at):
    path = folder / "copy.safetensors"
    path.write_bytes(sealed(data, sha256(data)))
    assert find_fault(path) is None
    assert holds_promised_bytes(path)
    path.write_bytes(sealed(flipped(data, at % len(data)), sha256(data)))
    assert not holds_promised_bytes(path)


def flipped(data, at):
    """With another bit in one byte."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@given(data=st.binary(max_size=100))
def test_whatever_a_file_holds_that_promises_nothing_it_holds_it(folder, data):
    path = folder / "mine.safetensors"
    path.write_bytes(data)
    assert holds_promised_bytes(path)


def test_a_fault_says_whether_the_file_is_missing_damaged_or_not_shown(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("nothing")
    faults = {name: find_fault(tmp_path / name) for name in ("missing", "empty", "link", "a name too long " * 20)}
    assert [fault.kind for fault in faults.values()] == ["missing", "damaged", "damaged", "unreadable"]
    assert [str(faults[name]) for name in ("missing", "link")] == ["is missing", "is a link to nothing"]
    with pytest.raises(FileNotFoundError):
        holds_promised_bytes(tmp_path / "missing")
