"""A checkpoint's tensors are read safely, ahead of time, and kept a second time in half the bytes."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from types import SimpleNamespace

import pytest
import torch

from voiceclone import engine as engine_room
from voiceclone.engine import load_dit
from voiceclone.errors import ModelUnavailable
from voiceclone.weights import ABANDONED_S, copy_path, keep_copy, read_ahead, read_weights


@pytest.fixture
def load_half(checkpoint, tmp_path):
    """Load the network in fp16 with a cache, and wait until its copy is written."""

    def load(source=checkpoint):
        dit = load_dit(source, "cpu", torch.float16, tmp_path / "cache")
        for thread in threading.enumerate():
            if thread.name == "keep-copy":
                thread.join()
        return dit

    return load


def copies(tmp_path):
    return sorted((tmp_path / "cache").glob("*"))


def test_the_second_start_reads_half_the_bytes(load_half, checkpoint, tmp_path, monkeypatch):
    """The copy holds the same tensors, and it is what the second start opens."""
    first = load_half()
    (copied,) = copies(tmp_path)
    assert copied.name == f"{checkpoint.weights.resolve().name}.float16.safetensors"
    assert copied.stat().st_size < 0.51 * checkpoint.weights.stat().st_size
    opened = []
    read = engine_room.weights.read_weights
    monkeypatch.setattr(
        engine_room.weights, "read_weights", lambda path, device: opened.append(path) or read(path, device)
    )
    second = load_half()
    assert opened == [copied]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert copies(tmp_path) == [copied]


def test_in_the_checkpoints_own_dtype_there_is_no_copy(checkpoint, tmp_path):
    load_dit(checkpoint, "cpu", torch.float32, tmp_path / "cache")
    assert copies(tmp_path) == []


@pytest.mark.parametrize("content", [b"half a file", b""])
def test_a_damaged_copy_is_made_anew(load_half, tmp_path, content, caplog):
    load_half()
    (copied,) = copies(tmp_path)
    whole = copied.read_bytes()
    copied.write_bytes(content)
    load_half()
    assert "made anew" in caplog.text
    assert copied.read_bytes() == whole


def test_a_copy_of_another_network_is_made_anew(load_half, tmp_path, caplog):
    load_half()
    (copied,) = copies(tmp_path)
    whole = copied.read_bytes()
    keep_copy({"something.else": torch.zeros(1)}, copied)
    load_half()
    assert "made anew" in caplog.text
    assert copied.read_bytes() == whole


def test_another_checkpoint_has_another_copy(load_half, checkpoint, tmp_path):
    """A file that is not named by its hash is told apart by path, size and time."""
    own = tmp_path / "own.safetensors"
    shutil.copy(checkpoint.weights, own)
    load_half()
    load_half(dataclasses.replace(checkpoint, weights=own))
    assert len(copies(tmp_path)) == 2
    before = copy_path(own, "float16", tmp_path)
    os.utime(own, (0, 0))
    assert copy_path(own, "float16", tmp_path) != before


def test_without_room_or_rights_there_is_no_copy(tmp_path, monkeypatch):
    state = {"w": torch.zeros(10)}
    (tmp_path / "file").write_text("in the way")
    assert not keep_copy(state, tmp_path / "file" / "copy.safetensors")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert not keep_copy(state, tmp_path / "cache" / "copy.safetensors")
    assert copies(tmp_path) == []


def test_workers_that_start_at_once_leave_one_whole_copy(tmp_path):
    path = tmp_path / "cache" / "copy.safetensors"
    state = {"w": torch.arange(100_000.0)}
    threads = [threading.Thread(target=keep_copy, args=(state, path)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert copies(tmp_path) == [path]
    assert torch.equal(read_weights(path, "cpu")["w"], state["w"])


def test_half_copies_of_dead_workers_are_swept(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    for name, age_s in (("dead", ABANDONED_S + 60), ("alive", 0)):
        part = cache / f".{name}.part"
        part.touch()
        os.utime(part, (part.stat().st_atime, part.stat().st_mtime - age_s))
    keep_copy({"w": torch.zeros(1)}, cache / "copy.safetensors")
    assert [path.name for path in copies(tmp_path)] == [".alive.part", "copy.safetensors"]


def test_reading_ahead_prefers_the_copy_and_fails_in_silence(checkpoint, tmp_path, monkeypatch):
    """It is a help, not a promise: a file that is gone is somebody else's error."""
    read = []
    opened = type(tmp_path).open
    monkeypatch.setattr(type(tmp_path), "open", lambda path, *a, **k: read.append(path) or opened(path, *a, **k))
    copied = copy_path(checkpoint.weights, "float16", tmp_path)
    copied.touch()
    missing = tmp_path / "missing.safetensors"
    missing.touch()
    gone = copy_path(missing, "float16", tmp_path)
    gone.symlink_to(tmp_path / "nowhere")
    read_ahead([checkpoint.weights, missing], tmp_path).join()
    assert read == [copied, missing]


def test_a_training_checkpoint_gives_its_averaged_weights(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"model_state_dict": {"w": torch.zeros(1)}, "ema_model_state_dict": {"w": torch.ones(1)}}, path)
    assert read_weights(path, "cpu")["w"] == 1
    torch.save({"model_state_dict": {"w": torch.zeros(1)}}, path)
    assert read_weights(path, "cpu")["w"] == 0


class Planted:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_checkpoint_never_runs_code(tmp_path):
    torch.save({"model_state_dict": Planted(tmp_path / "ran")}, tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="more than tensors"):
        read_weights(tmp_path / "model.pt", "cpu")
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_must_name_its_tensors(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "model.pt")
    with pytest.raises(ModelUnavailable, match="no named tensors"):
        read_weights(tmp_path / "model.pt", "cpu")


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt"])
def test_a_damaged_checkpoint_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"half a file")
    with pytest.raises(ModelUnavailable, match=name):
        read_weights(tmp_path / name, "cpu")
