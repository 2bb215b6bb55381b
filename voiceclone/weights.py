"""The tensors of a checkpoint file: read ahead, and read.

Knows nothing of the network. A worker's cold start is mostly reading: `read_ahead` does it while torch is imported.
"""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone.errors import ModelUnavailable

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

BLOCK = 16 * 2**20


def read_ahead(paths: Iterable[Path]) -> threading.Thread:
    """Read files into the page cache, in the background. What goes wrong is left to whoever reads them for good."""

    def read() -> None:
        buffer = bytearray(BLOCK)
        for path in paths:
            try:
                with path.open("rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass
            except OSError as e:
                log.debug("could not read %s ahead: %s", path, e)

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    return thread


def read_weights(path: Path, device: str) -> Mapping[str, Tensor]:
    """The tensors of a checkpoint file: safetensors, or a pickle of nothing but tensors.

    Of a training checkpoint, the averaged weights are taken where there are any. Raises ModelUnavailable.
    """
    import torch

    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path, device=device)
        except SafetensorError as e:
            raise ModelUnavailable(f"{path} is damaged ({e}): delete it and fetch it again") from e
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as e:
        raise ModelUnavailable(
            f"{path} is damaged, holds more than tensors, or was saved by a torch before 1.6: fetch or save it again"
        ) from e
    if not isinstance(state, dict):
        raise ModelUnavailable(f"{path} holds no named tensors")
    for name in ("ema_model_state_dict", "model_state_dict"):
        state = state.get(name, state)
    return {name: tensor.to(device) for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
