"""A checkpoint's tensors are read safely, and ahead of time."""

from __future__ import annotations

import pytest
import torch

from voiceclone.checkpoints.weights import read_ahead, read_weights
from voiceclone.errors import ModelUnavailable


def test_reading_ahead_leaves_a_missing_file_to_whoever_needs_it(tmp_path):
    (tmp_path / "mine").write_bytes(b"x")
    read_ahead(tmp_path / "mine", tmp_path / "missing")
    with pytest.raises(ModelUnavailable, match="missing cannot be read"):
        read_weights(tmp_path / "missing", "cpu")


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
