"""What computes: the device that is there, and how a CPU is used well. Knows nothing of models."""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from voiceclone.errors import ModelUnavailable

KEPT_PRIMITIVES = 64
"""Enough for one length of chunks: some 25 kernels are made for it."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""glibc's names and numbers, from malloc.h."""


def find_device(asked: str | None, *, gpu_required: bool) -> str:
    """Return `cuda` or `cpu`: the asked one, else the GPU, else the CPU unless a GPU is required.

    Raises ModelUnavailable with the driver's own reason where the GPU cannot be used.
    """
    if asked == "cpu" or (asked is None and not gpu_required and not torch.cuda.is_available()):
        return "cpu"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as e:
        raise ModelUnavailable(
            f"the GPU cannot be used ({e}): allow only hosts with CUDA 12.8 or newer, or set F5_DEVICE=cpu"
        ) from e
    return "cuda"


def use_the_cpu_well(device: str) -> None:
    """Take threads by the container's share of the CPUs, and memory for large tensors that is already there."""
    # oneDNN and torch's layer above it keep the kernels of the last 1024 shapes, a megabyte for each length of a
    # chunk: a long text would fill the memory with them. Read once, when the threads are set.
    for variable in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(variable, str(KEPT_PRIMITIVES))
    torch.set_num_threads(min(torch.get_num_threads(), _cpu_quota()))
    libc = glibc()
    if device == "cpu" and libc:
        # Otherwise each tensor over 32 MB is fetched from the kernel and given back, page by page.
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def upload(tensor: Tensor, device: torch.device | str, dtype: torch.dtype | None = None) -> Tensor:
    """Copy a tensor from the CPU, in this dtype, without waiting for what the device still has to do."""
    tensor = tensor.to(dtype=dtype)
    # Only from pinned memory does a copy queue up behind the work before it.
    if torch.device(device).type == "cuda" and torch.cuda.is_initialized():
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def glibc() -> ctypes.CDLL | None:
    """Return the C library, if it is the one that has malloc_trim."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _cpu_quota() -> int:
    """Count the CPUs that the container may use at once, at least 1; torch counts the host's."""
    with suppress(OSError, ValueError):
        quota, period = map(int, Path("/sys/fs/cgroup/cpu.max").read_text().split())
        return max(1, quota // period)
    return os.cpu_count() or 1
