"""What this machine brings: Python, packages, GPU.

Knows neither volume nor services. torch is imported only to look for the GPU, and only where it is installed.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from voiceclone.doctor.diagnosis import Diagnosis, expecting
from voiceclone.settings import Settings

PYTHONS = ((3, 11), (3, 13))
"""The first and the last that the lock serves."""
EXACTLY = {"f5-tts": "1.1.22", "runpod": "1.12.0"}
"""Packages whose inside matters."""
AT_LEAST = {"faster-whisper": "1.1", "torch": "2.10", "torchaudio": "2.10"}
"""As in pyproject.toml, like those above."""
INSTALL = "install the pins into a fresh environment: scripts/environment does, or pipx install --force '.[worker]'"
CAREFUL_BYTES = 4 * 10**9
"""Of a GPU: model and whisper-large-v3-turbo in half precision, and a batch."""
DRIVER = Path("/proc/driver/nvidia/version")


def speaks() -> bool:
    """Return whether the worker's packages are installed here, so that this machine can speak."""
    return find_spec("torch") is not None


def python(version: tuple[int, int] = sys.version_info[:2], *, as_worker: bool) -> Diagnosis:
    """Whether this Python has been tried."""
    first, last = PYTHONS
    told = f"{version[0]}.{version[1]}"
    if version < first or (as_worker and version > last):
        cure = f"take Python {first[0]}.{first[1]} to {last[0]}.{last[1]}"
        return Diagnosis("python", "problem", f"{told}, for which there are no pins", cure)
    return Diagnosis("python", "ok", told)


def installed() -> dict[str, str | None]:
    """Return the versions of the packages that matter; None for one that is not there."""
    found: dict[str, str | None] = {}
    for package in sorted({*EXACTLY, *AT_LEAST}):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def packages(versions: Mapping[str, str | None]) -> Diagnosis:
    """Whether the worker's packages are those that it was made for; `versions` as `installed` returns them."""
    if versions["torch"] is None:
        return Diagnosis("packages", "ok", "client only: this machine asks an endpoint, and does not speak itself")
    faults = [fault for package, version in versions.items() if (fault := _fault(package, version))]
    if faults:
        return Diagnosis("packages", "problem", "; ".join(faults), INSTALL)
    return Diagnosis("packages", "ok", ", ".join(f"{package} {version}" for package, version in versions.items()))


def _fault(package: str, version: str | None) -> str:
    """Return what is wrong with a version; empty where it is right."""
    if version is None:
        return f"{package} is not installed"
    wanted = EXACTLY.get(package)
    if wanted and version.partition("+")[0] != wanted:
        return f"{package} is {version}, made for {wanted}"
    least = AT_LEAST.get(package, "")
    return f"{package} is {version}, needs {least} or newer" if _numbers(version) < _numbers(least) else ""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:2]]


@dataclass(frozen=True)
class Gpu:
    """A GPU that has computed something."""

    name: str
    capability: tuple[int, int]
    """CUDA's word for what it can, as (8, 9)."""
    free_bytes: int
    total_bytes: int


def find_gpu() -> Gpu | None:
    """Return the GPU that torch takes, None where this machine has none. Raises OSError where it cannot be used."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its reason is told below
        if not torch.cuda.is_available() and not DRIVER.exists():
            return None
        try:
            torch.cuda.init()
            torch.ones(1, device="cuda").sum().item()  # is there a kernel for it?
        except (RuntimeError, AssertionError) as e:
            raise OSError(str(e).partition("\n")[0]) from e
    free, total = torch.cuda.mem_get_info()
    return Gpu(torch.cuda.get_device_name(), torch.cuda.get_device_capability(), free, total)


@expecting("gpu", "look at it with nvidia-smi; its driver must know CUDA 12.8 or newer")
def gpu(settings: Settings, find: Callable[[], Gpu | None] = find_gpu) -> Diagnosis:
    """Whether there is a GPU, and it serves."""
    if settings.device == "cpu":
        return Diagnosis("gpu", "ok", "not used, as F5_DEVICE is cpu")
    found = find()
    if found is None:
        must = settings.device == "cuda" or settings.on_platform
        cure = "take a machine with an NVIDIA GPU and a driver for CUDA 12.8 or newer"
        cure += ", or set F5_DEVICE=cpu" if must else "; without one it speaks on the CPU, slowly"
        return Diagnosis("gpu", "problem" if must else "warning", "there is none", cure)
    told = (
        f"{found.name}, compute capability {found.capability[0]}.{found.capability[1]},"
        f" {found.free_bytes / 1e9:.1f} of {found.total_bytes / 1e9:.1f} GB free"
    )
    if found.free_bytes < CAREFUL_BYTES:
        return Diagnosis("gpu", "warning", told, f"end what else uses it: {CAREFUL_BYTES / 1e9:.0f} GB should be free")
    return Diagnosis("gpu", "ok", told)


def device(settings: Settings) -> Literal["cuda", "cpu"]:
    """Return what a worker would compute on; without its packages here, it is one elsewhere, with a GPU."""
    if settings.device:
        return "cpu" if settings.device == "cpu" else "cuda"
    if settings.on_platform or not speaks():
        return "cuda"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
