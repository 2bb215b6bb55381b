"""Copies of checkpoints' tensors as they are used, on the volume: a later cold start reads less and converts nothing.

Knows neither models nor devices: what was done to the tensors is the caller's word, `kind`. A copy is a help, not a
promise: where none can be read or written the checkpoint itself still can. Workers on several hosts share the volume
and may be killed at any time, so a copy gets its name only once it lies on the volume whole.

    <volume>/cache/<source>-<kind>.safetensors   a copy
    <volume>/cache/.writing-*                    one that is being written, or whose writer was killed
    <volume>/cache/.lease                        one worker at a time writes
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from voiceclone.checkpoints.hub_cache import identity_of
from voiceclone.checkpoints.integrity import find_fault
from voiceclone.checkpoints.lease import Lease
from voiceclone.files import DEAD_DRAFT_S, DRAFT, HEADROOM_BYTES, sweep, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

log = logging.getLogger(__name__)

LAYOUT = 2
"""To be raised whenever other tensors are kept, or others are made of them: older copies are then passed over."""

COPY = "[0-9a-f]" * 16 + "-*.safetensors"
"""Nothing else in the directory is ever removed for its age."""
UNUSED_S = 30 * 86400
"""No worker has started from the copy for so long: the model or the kind has changed, in seconds."""
DTYPES = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
}
"""How the format calls torch's types."""


@dataclass(frozen=True)
class Copies:
    """The copies in a directory, whose parent must exist: a volume that is not mounted is not made up."""

    directory: Path
    beat_s: float = 5.0
    """How often the worker that writes gives a sign of life, and one that waits looks for it."""
    stale_s: float = 30.0
    """Without a sign for so long, another worker takes the writing over."""

    @property
    def lease(self) -> Path:
        return self.directory / ".lease"

    @property
    def patience_s(self) -> float:
        """Time to take over from a dead writer, even where one who was about to do so died too.

        Waiting on for a live one is of no use: it leaves a copy, or a later start makes one.
        """
        return 4 * self.stale_s

    def path(self, source: Path, kind: str) -> Path:
        """Return where the copy of a checkpoint file as it is now lies. To be asked before the file is read.

        Raises OSError where there is no such file.
        """
        return self.directory / f"{identity_of(source)[:16]}-{kind}.safetensors"

    def file_to_read(self, source: Path, arch: Mapping[str, Any], dtype: str | None) -> Path:
        """Return what a start will read of a checkpoint file: a copy of it where there is one, else the file itself.

        dtype: None where nobody says; then the device will choose between the usual ones. Raises OSError as `path`.
        """
        dtypes = [dtype] if dtype else ["float16", "bfloat16"]
        return next(filter(is_whole, (self.path(source, kind(name, arch)) for name in dtypes)), source)

    def write(self, path: Path, make: Callable[[], Mapping[str, Tensor]], *, replace: bool = False) -> None:
        """Write the tensors that `make` gives as the copy at `path`; without `replace` only if no whole one is there.

        Meant for a thread in the background: it may wait for another worker that writes. `make` is called once it
        is this one's turn. What the disk refuses is logged, never raised; what else `make` raises is.
        """
        try:
            self.directory.mkdir(exist_ok=True)
            with self._turn() as mine:
                if not mine:
                    log.info("%s not written: another worker holds %s", path, self.lease)
                    return
                there = is_whole(path) and not replace  # first, so that it counts as used
                self._sweep()
                # A full volume is noticed before `make` has any work.
                if there or not self._has_room(path, 0):
                    return
                tensors = make()
                if self._has_room(path, sum(tensor.nbytes for tensor in tensors.values())):
                    self._put(path, tensors)
        except OSError as e:
            log.warning("%s not written: %s", path, e)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Hold the lease, or give up: False. It only saves work: writers do not meet, each has a draft of its own."""
        lease = Lease(self.lease, beat_s=self.beat_s, stale_s=self.stale_s)
        until = time.monotonic() + self.patience_s
        # A dead holder's lease goes only to who has watched it, so one look would leave it there for ever.
        while not lease.try_acquire():
            # A process that ends waits for its threads: it shall not wait for another worker.
            if time.monotonic() >= until or not threading.main_thread().is_alive():
                yield False
                return
            time.sleep(self.beat_s)
        try:
            yield True
        finally:
            lease.release()

    def _sweep(self) -> None:
        """Clear what killed writers left, and copies that nobody uses."""
        now = self.lease.stat().st_mtime  # just written by this worker: the volume's clock, not the host's
        for pattern, age_s in ((f"{DRAFT}*", DEAD_DRAFT_S), (COPY, UNUSED_S)):
            sweep(self.directory, pattern, age_s, now)

    def _has_room(self, path: Path, size: int) -> bool:
        free, needed = shutil.disk_usage(self.directory).free, size + HEADROOM_BYTES
        if free < needed:
            log.info("%s not written: %.2f GB free, %.2f GB are needed", path, free / 1e9, needed / 1e9)
        return free >= needed

    def _put(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        start = time.monotonic()
        write_whole(path, partial(_save, tensors))
        log.info("wrote %s, %.3f GB in %.1f s", path, path.stat().st_size / 1e9, time.monotonic() - start)


def kind(dtype: str, arch: Mapping[str, Any]) -> str:
    """Return what copies in a dtype, by torch's name for it, are called that were made by a config's `arch`."""
    made_by = hashlib.sha256(json.dumps([LAYOUT, dict(arch)], sort_keys=True).encode()).hexdigest()
    return f"{dtype}-{made_by[:8]}"


def is_whole(path: Path) -> bool:
    """Return whether there is a copy of the right size; if so it is marked as used. It may be gone when it is read."""
    fault = find_fault(path)
    if fault is None:
        with suppress(OSError):  # a read-only mount; at worst the copy is made again one day
            os.utime(path)
    elif fault.kind != "missing":
        log.warning("passed over: %s %s", path, fault)
    return fault is None


def _save(tensors: Mapping[str, Tensor], file: IO[bytes]) -> None:
    """Write tensors in the safetensors format: 8 bytes of length, JSON, the tensors' data.

    Not by safetensors' own functions: `save_file` renames its file before closing it, never syncs it and ignores what
    `close` answers, which is where a network mount says that the quota is used up; `save` holds all tensors in the
    host's memory twice.
    """
    import torch

    header: dict[str, Any] = {}
    end = 0
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))  # keeps every tensor aligned
    for name in order:
        tensor = tensors[name]
        start, end = end, end + tensor.nbytes
        dtype = DTYPES[str(tensor.dtype)]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    length = -(-len(text) // 8) * 8
    file.write(length.to_bytes(8, "little") + text.ljust(length))
    for name in order:
        file.write(tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
