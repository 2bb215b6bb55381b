"""What was spoken comes back bit for bit or not at all, whoever else writes there and whatever becomes of the files."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from voiceclone.delivery import KeptChunks
from voiceclone.files import DEAD_DRAFT_S, HEADROOM_BYTES

MODEL = "model"
SIZE = 4 * 1000 + 32
"""Of a kept chunk's file in bytes."""


def chunk(number):
    """Samples as a network puts them out: any float32."""
    return np.random.default_rng(number).normal(size=1000).astype(np.float32)


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "volume").mkdir()
    return tmp_path / "volume/cache/chunks"


@pytest.fixture
def kept(directory):
    return KeptChunks(directory, 10**6, MODEL)


def files(directory):
    return [path for path in directory.rglob("*") if path.is_file()]


def test_what_is_kept_is_found_bit_for_bit_by_this_worker_and_another(kept, directory):
    odd = np.array([0.0, -0.0, 1e-45, 1 / 3, 7.5], np.float32)
    kept.keep("anna", "one", odd)
    assert kept.find("anna", "one").tobytes() == odd.tobytes(), "before it is written"
    kept.flush()
    for worker in (kept, KeptChunks(directory, 10**6, MODEL)):
        found = worker.find("anna", "one")
        assert found.tobytes() == odd.tobytes()
        found += 1  # it is the caller's own
        assert worker.find("anna", "one").tobytes() == odd.tobytes()


def test_only_what_was_made_of_the_same_is_found(kept, directory):
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    assert kept.find("anna", "two") is None
    assert kept.find("bob", "one") is None
    assert KeptChunks(directory, 10**6, "another model").find("anna", "one") is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda path, data: path.write_bytes(data[:-4]),
        lambda path, data: path.write_bytes(data[:40]),
        lambda path, data: path.write_bytes(b""),
        lambda path, data: path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:]),
        lambda path, data: path.write_bytes(data + bytes(25 * 10**6)),
        lambda path, data: (path.unlink(), path.mkdir()),
        lambda path, data: (path.unlink(), os.mkfifo(path)),
        lambda path, data: (path.unlink(), path.symlink_to(path.name)),
        lambda path, data: path.unlink(),
    ],
    ids=["cut", "nearly empty", "empty", "a bit", "huge", "a directory", "a pipe", "a link to itself", "gone"],
)
def test_a_damaged_file_is_passed_over_and_replaced(kept, directory, harm):
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    (path,) = files(directory)
    harm(path, path.read_bytes())
    assert kept.find("anna", "one") is None
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    if not path.is_dir():  # which nobody replaces
        assert kept.find("anna", "one").tobytes() == chunk(1).tobytes()


def test_a_file_under_anothers_name_is_not_taken_for_it(kept, directory):
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    (path,) = files(directory)
    kept.keep("anna", "two", chunk(2))
    kept.flush()
    (other,) = set(files(directory)) - {path}
    path.replace(other)
    assert kept.find("anna", "two") is None


def used_at(directory, seconds):
    """Let all files be last used then."""
    for path in files(directory):
        os.utime(path, (seconds, seconds))


def test_what_was_not_used_for_longest_goes_and_no_more_is_kept_than_may(directory):
    """What is found counts as used; a voice of which nothing is left leaves no directory."""
    limit = 20 * SIZE
    kept = KeptChunks(directory, limit, MODEL)
    for number in range(10):
        kept.keep("old" if number else "older", str(number), chunk(number))
    kept.flush()
    used_at(directory, 1000)
    used_at(directory / "older", 900)
    assert kept.find("old", "5") is not None
    for number in range(10, 24):
        kept.keep("new", str(number), chunk(number))
        kept.flush()
        assert sum(path.stat().st_size for path in files(directory)) <= limit
    assert kept.find("old", "5").tobytes() == chunk(5).tobytes()
    assert all(kept.find("new", str(number)) is not None for number in range(10, 24))
    assert kept.find("older", "0") is None
    assert sorted(path.name for path in directory.iterdir()) == ["new", "old"]


def test_nothing_outside_is_removed_to_make_room(directory, tmp_path):
    """Whoever has put a link among the voices has not given away what lies there."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_bytes(bytes(SIZE))
    directory.mkdir(parents=True)
    (directory / "anna").symlink_to(mine)
    kept = KeptChunks(directory, SIZE, MODEL)
    for number in range(5):
        kept.keep("bob", str(number), chunk(number))
    kept.drop("anna")
    kept.flush()
    assert (mine / "file").exists()


def test_what_a_killed_writer_has_left_is_removed_by_the_next(kept, directory):
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    draft = directory / ".writing-x"
    draft.write_bytes(b"half")
    os.utime(draft, (1000, draft.stat().st_mtime - DEAD_DRAFT_S - 60))
    kept.keep("anna", "two", chunk(2))
    kept.flush()
    assert len(files(directory)) == 2


def test_a_voices_speech_goes_with_it(kept, directory):
    """What still waits to be written, too; the others' stays."""
    for number in range(3):
        kept.keep("anna", str(number), chunk(number))
    kept.keep("bob", "0", chunk(0))
    kept.drop("anna")
    kept.drop("nobody")
    assert [path.parent.name for path in files(directory)] == ["bob"]
    assert kept.find("anna", "0") is None


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_volume_that_takes_nothing_is_told_once_and_costs_no_more(kept, directory, caplog, monkeypatch, error):
    """What waited to be written is forgotten: it would fill the memory."""

    def refuse(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("voiceclone.files.os.fsync", refuse)
    for number in range(5):
        kept.keep("anna", str(number), chunk(number))
    kept.flush()
    assert kept.find("anna", "0") is None
    assert [record.message for record in caplog.records if "not kept" in record.message][1:] == []
    assert files(directory) == []
    monkeypatch.undo()
    kept.keep("anna", "5", chunk(5))
    kept.flush()
    assert len(files(directory)) == 1


def test_on_a_volume_that_others_fill_what_is_old_makes_way(directory, monkeypatch, caplog):
    """Else nothing new would ever be kept there. With no room at all that is told."""
    kept = KeptChunks(directory, 160 * SIZE, MODEL)
    for number in range(20):
        kept.keep("old", str(number), chunk(number))
    kept.flush()
    used_at(directory, 1000)
    usage, room = namedtuple("usage", "free"), [20 * SIZE]
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: usage(HEADROOM_BYTES + room[0] - sum(p.stat().st_size for p in files(directory)))
    )
    for number in range(20, 25):
        kept.keep("new", str(number), chunk(number))
    kept.flush()
    assert all(kept.find("new", str(number)) is not None for number in range(20, 25))
    assert len(files(directory)) == 15
    assert "not kept" not in caplog.text
    room[0] = -(10**9)
    kept.keep("new", "25", chunk(25))
    kept.flush()
    assert "nearly full" in caplog.text


def test_a_volume_that_is_gone_is_not_made_up(kept, directory, caplog):
    directory.parent.parent.rmdir()
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    assert "not kept" in caplog.text
    assert not directory.parent.parent.exists()


def test_with_0_nothing_is_kept(directory):
    kept = KeptChunks(directory, 0, MODEL)
    kept.keep("anna", "one", chunk(1))
    kept.flush()
    assert kept.find("anna", "one") is None
    assert not kept.is_on
    assert not directory.exists()


def test_several_workers_at_once_find_what_is_right_or_nothing_and_keep_to_the_bound(directory):
    """They write and remove the same files, read what others write, and delete voices."""
    limit = 32 * SIZE
    workers = [KeptChunks(directory, limit, MODEL) for _ in range(2)]

    def work(worker):
        found = 0
        for number in np.random.default_rng(id(worker) % 1000).integers(0, 60, 300):
            name = str(number % 3)
            samples = worker.find(name, str(number))
            if samples is None:
                worker.keep(name, str(number), chunk(number))
            else:
                assert samples.tobytes() == chunk(number).tobytes()
                found += 1
            if number == 59:
                worker.drop("2")
        worker.flush()
        return found

    with ThreadPoolExecutor(2) as pool:
        assert all(list(pool.map(work, workers)))
    assert sum(path.stat().st_size for path in files(directory)) <= limit
    assert not list(directory.glob(".writing-*"))
