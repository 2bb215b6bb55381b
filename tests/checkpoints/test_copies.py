"""A copy of a checkpoint's tensors is found whole or not at all, and writing one does no harm."""

from __future__ import annotations

import errno
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file
from torch import Tensor

from voiceclone.checkpoints import copies as copies_module
from voiceclone.checkpoints.copies import UNUSED_S, Copies, is_whole
from voiceclone.checkpoints.lease import Lease
from voiceclone.files import DEAD_DRAFT_S

KIND = "float16-1"
TENSORS = {"w": torch.arange(6, dtype=torch.float16).reshape(2, 3), "b": torch.ones(3)}
BIG = {"w": torch.ones(2**20)}
LIMIT = 2**20
"""Files may grow to a quarter of BIG's size where writing is to fail in the middle."""


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """On a volume that has no copy yet, among workers that soon take a silent one for dead."""
    return Copies(tmp_path / "cache", beat_s=0.02, stale_s=0.1)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"what it holds is never looked at")
    return path


@pytest.fixture
def small_files_only() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def give(tensors: Mapping[str, Tensor]) -> Callable[[], Mapping[str, Tensor]]:
    return lambda: tensors


def never() -> Mapping[str, Tensor]:
    raise AssertionError("made in vain")


def find(copies: Copies, source: Path, kind: str) -> Path | None:
    """The whole copy of a file."""
    path = copies.path(source, kind)
    return path if is_whole(path) else None


def assert_only(copies: Copies, *paths: Path | None) -> None:
    """Neither drafts nor leases are left."""
    assert set(copies.directory.iterdir()) == set(paths)


# Found


def test_what_was_written_is_found_with_every_bit(copies: Copies, source: Path):
    tensors = {
        "half": torch.tensor([1.5, -0.0, float("inf"), float("nan")], dtype=torch.float16),
        "odd number of bytes": torch.tensor([True, False, True]),
        "brain": torch.randn(3, 5).to(torch.bfloat16),
        "single": torch.randn(2, 2, 2),
        "scalar": torch.tensor(7, dtype=torch.int64),
        "empty": torch.zeros(0, 4),
        "transposed": torch.randn(3, 4).T,
        "part": torch.arange(10, dtype=torch.int32)[3:6],
        "every other": torch.arange(10, dtype=torch.int32)[::2],
        "learnt": torch.nn.Parameter(torch.randn(3)),
    }
    assert find(copies, source, KIND) is None
    copies.write(copies.path(source, KIND), give(tensors))
    path = find(copies, source, KIND)
    assert path is not None
    read = load_file(path)
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert (read[name].dtype, read[name].shape) == (tensor.dtype, tensor.shape)
        assert read[name].data_ptr() % tensor.element_size() == 0  # may be used as it lies in the file
        assert torch.equal(
            read[name].reshape(-1).view(torch.uint8), tensor.detach().flatten().contiguous().view(torch.uint8)
        )
    assert_only(copies, path)


def test_a_copy_is_for_one_kind_and_readable_to_whom_its_source_is(copies: Copies, source: Path):
    source.chmod(0o644)
    copies.write(copies.path(source, KIND), give(TENSORS))
    path = find(copies, source, KIND)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o644
    assert find(copies, source, "bfloat16-1") is None


def test_a_blob_of_the_hubs_cache_is_known_by_its_name_wherever_it_lies(copies: Copies, tmp_path: Path):
    links = []
    for cache in ("models", "huggingface-cache"):
        blob = tmp_path / cache / "models--owner--name" / "blobs" / ("0123456789abcdef" * 4)
        blob.parent.mkdir(parents=True)
        blob.write_bytes(cache.encode())
        links.append(blob.parent.parent / "model.safetensors")
        links[-1].symlink_to(os.path.relpath(blob, blob.parent.parent))
    copies.write(copies.path(links[0], KIND), give(TENSORS))
    assert find(copies, links[1], KIND) == copies.directory / f"0123456789abcdef-{KIND}.safetensors"


@pytest.mark.parametrize("change", ["size", "time", "place"])
def test_a_file_of_ones_own_that_changed_has_no_copy_yet(change: str, copies: Copies, source: Path):
    status = source.stat()
    copies.write(copies.path(source, KIND), give(TENSORS))
    first = find(copies, source, KIND)
    if change == "size":
        source.write_bytes(b"other")
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "time":
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    else:
        source = source.rename(source.with_name("other.safetensors"))
    assert find(copies, source, KIND) is None
    copies.write(copies.path(source, KIND), give(BIG))
    second = find(copies, source, KIND)
    assert second not in {None, first}
    assert_only(copies, first, second)


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda whole: whole[:20], lambda _: b""])
def test_a_damaged_copy_is_not_found_and_is_replaced(
    damage: Callable[[bytes], bytes], copies: Copies, source: Path, caplog: pytest.LogCaptureFixture
):
    copies.write(copies.path(source, KIND), give(TENSORS))
    path = find(copies, source, KIND)
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert find(copies, source, KIND) is None
    assert f"passed over: {path}" in caplog.text
    copies.write(copies.path(source, KIND), give(TENSORS))
    assert find(copies, source, KIND) == path
    assert path.read_bytes() == whole
    assert_only(copies, path)


def test_nothing_is_made_where_a_copy_is(copies: Copies, source: Path):
    copies.write(copies.path(source, KIND), give(TENSORS))
    copies.write(copies.path(source, KIND), never)
    assert_only(copies, find(copies, source, KIND))


def test_looking_for_a_copy_raises_nothing(copies: Copies, source: Path, caplog: pytest.LogCaptureFixture):
    assert find(copies, source, KIND) is None
    copies.directory.touch()
    assert find(copies, source, KIND) is None
    assert not caplog.records


def test_what_the_volume_refuses_to_show_is_no_copy(
    copies: Copies, source: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """As a network mount may at any time, and no disk of this machine does."""
    copies.write(copies.path(source, KIND), give(TENSORS))

    def refuse(path: Path, *_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Path, "open", refuse)
    assert find(copies, source, KIND) is None
    assert "Stale file handle" in caplog.text


def test_looking_for_a_copy_imports_nothing_heavy():
    code = "import sys, voiceclone.checkpoints; sys.exit(bool({'torch', 'safetensors'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# Refused


@pytest.mark.usefixtures("small_files_only")
def test_a_write_that_fails_in_the_middle_leaves_nothing(
    copies: Copies, source: Path, caplog: pytest.LogCaptureFixture
):
    copies.write(copies.path(source, KIND), give(BIG))
    assert "File too large" in caplog.text
    assert_only(copies)


def test_a_write_that_fails_in_the_middle_leaves_the_older_copy_alone(
    copies: Copies, source: Path, request: pytest.FixtureRequest
):
    copies.write(copies.path(source, KIND), give(TENSORS))
    path = find(copies, source, KIND)
    assert path is not None
    path.write_bytes(b"damaged")
    request.getfixturevalue("small_files_only")
    copies.write(copies.path(source, KIND), give(BIG))
    assert path.read_bytes() == b"damaged"
    assert_only(copies, path)


def test_a_volume_that_is_full_is_spared_with_a_word(
    copies: Copies, source: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "voiceclone")
    monkeypatch.setattr(copies_module, "HEADROOM_BYTES", 10**18)
    copies.write(copies.path(source, KIND), never)
    assert "GB free, 1000000000.00 GB are needed" in caplog.text
    assert_only(copies)


def test_a_copy_that_would_leave_too_little_is_not_written(
    copies: Copies, source: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "voiceclone")
    copies.write(copies.path(source, KIND), give({"w": torch.zeros(1).expand(10**17)}))  # 400 PB of one number
    assert "GB free, 400000000.26 GB are needed" in caplog.text
    assert_only(copies)


def test_a_directory_that_cannot_be_written_is_a_warning(
    tmp_path: Path, source: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").touch()
    sealed = tmp_path / "sealed"
    sealed.mkdir(mode=0o555)
    # Modes do not bind root; nobody makes files in /proc.
    read_only = Path("/proc") if os.geteuid() == 0 else sealed
    for directory in (tmp_path / "file", tmp_path / "no volume" / "cache", read_only, read_only / "cache"):
        caplog.clear()
        Copies(directory).write(Copies(directory).path(source, KIND), never)
        (record,) = caplog.records
        assert (record.levelname, str(directory) in record.getMessage()) == ("WARNING", True)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "sealed", source.name}


def test_what_goes_wrong_with_making_it_is_the_callers_and_leaves_nothing(copies: Copies, source: Path):
    with pytest.raises(AssertionError, match="made in vain"):
        copies.write(copies.path(source, KIND), never)
    with pytest.raises(KeyError, match="complex"):
        copies.write(copies.path(source, KIND), give({"w": torch.zeros(1, dtype=torch.complex64)}))
    assert_only(copies)


# Others on the volume


def test_a_writer_killed_in_the_middle_leaves_nothing_that_counts_and_the_next_one_clears_up(
    copies: Copies, source: Path
):
    worker = os.fork()
    if not worker:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # where a file grows too large the kernel kills
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
            copies.write(copies.path(source, KIND), give(BIG))
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(worker, 0)[1]) == signal.SIGXFSZ
    (draft,) = copies.directory.glob(".writing-*")
    assert draft.stat().st_size == LIMIT
    assert_only(copies, draft, copies.lease)
    assert find(copies, source, KIND) is None
    copies.write(copies.path(source, KIND), give(TENSORS))
    path = find(copies, source, KIND)
    assert_only(copies, path, draft)  # so young that its writer may only be slow
    age(draft, DEAD_DRAFT_S + 60)
    copies.write(copies.path(source, KIND), never)
    assert_only(copies, path)


def test_of_two_workers_that_write_at_once_one_makes_the_copy(copies: Copies, source: Path):
    made, gate = [], threading.Barrier(2)

    def make() -> Mapping[str, Tensor]:
        made.append(1)
        return BIG

    def work() -> None:
        gate.wait()
        copies.write(copies.path(source, KIND), make)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(made) == 1
    path = find(copies, source, KIND)
    assert path is not None
    assert torch.equal(load_file(path)["w"], BIG["w"])
    assert_only(copies, path)


def test_a_writer_that_lost_its_turn_while_it_slept_does_no_harm(copies: Copies, source: Path):
    def make() -> Mapping[str, Tensor]:
        copies.lease.unlink()
        copies.write(copies.path(source, KIND), give(BIG))
        assert find(copies, source, KIND)
        return TENSORS

    copies.write(copies.path(source, KIND), make)
    path = find(copies, source, KIND)
    assert path is not None
    assert load_file(path).keys() == TENSORS.keys()
    assert_only(copies, path)


def test_who_never_gets_a_turn_gives_up(copies: Copies, source: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "voiceclone")
    copies.directory.mkdir()
    with Lease(copies.lease, beat_s=0.01):
        copies.write(copies.path(source, KIND), never)
    assert f"another worker holds {copies.lease}" in caplog.text
    assert_only(copies)


def test_nobody_waits_for_a_directory_in_the_leases_place(
    copies: Copies, source: Path, caplog: pytest.LogCaptureFixture
):
    copies.lease.mkdir(parents=True)
    copies.write(copies.path(source, KIND), never)
    assert "not written: [Errno 21] Is a directory" in caplog.text
    assert_only(copies, copies.lease)


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_copies_that_nobody_uses_are_removed_and_nothing_else(copies: Copies, source: Path):
    for kind in ("unused", "used", "in use"):
        copies.write(copies.path(source, kind), give(TENSORS))
    unused, used, in_use = (find(copies, source, kind) for kind in ("unused", "used", "in use"))
    foreign = copies.directory / "somebody's.safetensors"
    foreign.touch()
    for path in (unused, used, in_use, foreign):
        assert path is not None
        age(path, UNUSED_S + 60)
    find(copies, source, "used")
    copies.write(copies.path(source, "in use"), never)
    assert_only(copies, used, in_use, foreign)
