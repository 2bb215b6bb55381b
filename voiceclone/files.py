"""A file that is there is whole: written to a draft beside it first, which a killed writer may leave behind.

Knows nothing of what is written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

DRAFT = ".writing-"
"""How the names of drafts begin."""
TRIAL_BYTES = 10**6
HEADROOM_BYTES = 256 * 10**6
"""Whoever writes large files leaves so much of a volume to others."""


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a draft and give it its name when all of it lies on the disk.

    A reader sees the old file or the new one, never a part. Raises OSError, after which nothing is left behind.
    """
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=DRAFT)
    draft = Path(name)
    try:
        with os.fdopen(fd, "wb") as file:
            write(file)
            file.flush()
            os.fsync(fd)
        with suppress(OSError):  # mounts without modes
            draft.chmod(0o644)  # mkstemp's is readable to this user alone
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)  # there only if something failed
    with suppress(OSError):  # not every mount can; at worst a crash of its server costs the name
        _sync(path.parent)


def try_to_write(directory: Path) -> None:
    """Write a megabyte to a file without a name, which leaves nothing behind.

    Raises OSError where the directory takes none: what a mount says of its free space does not tell a quota.
    """
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(TRIAL_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
