"""The tensors of a checkpoint file: read ahead, and read.

Knows nothing of the network. A worker's cold start is mostly reading: `read_ahead` does it while torch is imported.
"""

from __future__ import annotations

import math
import mmap
import pickle
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone.background import in_background
from voiceclone.errors import ModelUnavailable

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_BYTES = 64 * 2**20
"""Between two blocks the interpreter's lock is waited for, which an import holds long."""


def read_ahead(*paths: Path) -> None:
    """Read files into the page cache, in the background. What cannot be read is the error of whoever needs it."""
    for path in paths:
        in_background(f"read {path.name}", partial(_read, path))


def _read(path: Path) -> None:
    # Memory that costs nothing until something is read into it: a small file needs little of it.
    with mmap.mmap(-1, BLOCK_BYTES) as block, path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def read_weights(path: Path, device: str) -> Mapping[str, Tensor]:
    """Return the tensors of a checkpoint file: safetensors, or a pickle of nothing but tensors.

    Of a training checkpoint, the averaged weights are taken where there are any. Raises ModelUnavailable.
    """
    import torch

    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path, device=device)
        except OSError as e:
            raise unreadable(path, e) from e
        except SafetensorError as e:
            raise ModelUnavailable(f"{path} is damaged ({e}): delete it and fetch it again") from e
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError as e:
        raise unreadable(path, e) from e
    except (pickle.UnpicklingError, RuntimeError, EOFError) as e:
        raise ModelUnavailable(
            f"{path} is damaged, holds more than tensors, or was saved by a torch before 1.6: fetch or save it again"
        ) from e
    for name in ("ema_model_state_dict", "model_state_dict"):
        state = state.get(name, state) if isinstance(state, dict) else None
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise ModelUnavailable(f"{path} holds no named tensors: it is no checkpoint, fetch or save it again")
    return {name: tensor.to(device) for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}


def require_learnt(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raise ModelUnavailable where tensors of a file are not what training leaves.

    That is a number which is none, or a matrix of zeros alone: what a disk gives back that never got the content.
    Infinity is left to pass in half precision, which may have made it of a large number.
    """
    import torch

    floating = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel()}
    if not floating:
        return
    # Both ends of a tensor's values in one pass, which is faster than any sum; and one transfer from the device.
    ends = torch.stack([torch.stack(torch.aminmax(tensor)).float() for tensor in floating.values()]).cpu()
    for (name, tensor), (low, high) in zip(floating.items(), ends.tolist(), strict=True):
        is_matrix = sum(size > 1 for size in tensor.shape) > 1
        if math.isnan(low) or (tensor.itemsize > 2 and math.isinf(high - low)):
            problem = "numbers that are none"
        elif is_matrix and low == high == 0:
            problem = "zeros alone"
        else:
            continue
        raise ModelUnavailable(f"{path} is damaged ({name} holds {problem}): delete it and fetch it again")


def unreadable(path: Path, error: OSError) -> ModelUnavailable:
    """Return the error for a file that the volume does not give."""
    reason = error.strerror or type(error).__name__
    return ModelUnavailable(f"{path} cannot be read ({reason}): look after the volume, and the rights to the file")
