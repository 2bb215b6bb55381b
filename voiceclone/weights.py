"""The tensors of a checkpoint file: read ahead, read, and kept a second time in the dtype that is computed in.

Knows nothing of the network. A worker's cold start is mostly reading: `read_ahead` does it while torch is imported,
and the copy in half precision halves it from the second start on.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import re
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from voiceclone.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger(__name__)

BLOCK = 16 * 2**20
FREE_AFTER = 2**30
"""Bytes that a copy leaves free on the volume."""
ABANDONED_S = 600
"""A half copy that nobody has written to for so long was left by a worker that is gone, in seconds."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_ahead(sources: Iterable[Path], cache: Path) -> threading.Thread:
    """Read checkpoints, or their copies in `cache`, into the page cache in the background.

    What goes wrong is left to whoever reads them for good.
    """

    def read() -> None:
        buffer = bytearray(BLOCK)
        for source in sources:
            copied = copy_path(source, "float16", cache)
            try:
                with (copied if copied.is_file() else source).open("rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass
            except OSError as e:
                log.debug("could not read %s ahead: %s", source, e)

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    return thread


def copy_path(source: Path, dtype: str, cache: Path) -> Path:
    """Where the copy of a checkpoint in another dtype lies, by the source's hash.

    A file of the hub's cache is named by its SHA-256; of another file, path, size and time of change stand for it.
    """
    blob = source.resolve()
    if _SHA256.fullmatch(blob.name):
        key = blob.name
    else:
        stat = blob.stat()
        key = hashlib.sha256(f"{blob} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
    return cache / f"{key}.{dtype}.safetensors"


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


def keep_copy(state: Mapping[str, torch.Tensor], path: Path) -> bool:
    """Write tensors to `path`, whole or not at all; returns whether they are there.

    Workers that do it at once each write a file of their own, and the last one's stays. Without rights or space there
    is no copy, and the next start reads the source again.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        if shutil.disk_usage(path.parent).free < size + FREE_AFTER:
            log.info("no room for a copy of the weights in %s", path.parent)
            return False
        with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
            part = Path(file.name)
        try:
            save_file({name: tensor.cpu().contiguous() for name, tensor in state.items()}, part)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, SafetensorError) as e:
        log.info("no copy of the weights in %s: %s", path.parent, e)
        return False
    log.info("kept the weights a second time, %.2f GB: %s", size / 1e9, path)
    return True


def _sweep(cache: Path) -> None:
    for part in cache.glob(".*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > ABANDONED_S:
                part.unlink()
