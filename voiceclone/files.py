"""A file that is there is whole: written to a draft first. What a killed writer leaves of it, the next writer removes.

Knows nothing of what is written.
"""

from __future__ import annotations

import codecs
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

DRAFT = ".writing-"
"""How the names of drafts begin."""
DEAD_DRAFT_S = 600
"""A draft that nobody has written to for so long has nobody who will finish it, in seconds."""
MAX_NAMED_BYTES = 80
TRIAL_BYTES = 10**6
_MARKS = (
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),  # before UTF-16's, with which one begins
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig")),
)
HEADROOM_BYTES = 256 * 10**6
"""Whoever writes large files leaves so much of a volume to others."""


def write_whole(path: Path, write: Callable[[IO[bytes]], object], drafts: Path | None = None) -> None:
    """Let `write` fill a draft and give it its name when all of it lies on the disk.

    A reader sees the old file or the new one, never a part. Raises OSError, after which nothing is left behind.

    Args:
        drafts: where the draft lies, on the same disk; None: beside the file. Dead ones that lie there are removed.
    """
    fd, name = tempfile.mkstemp(dir=drafts or path.parent, prefix=_prefix(path))
    draft = Path(name)
    try:
        with os.fdopen(fd, "wb") as file:
            # Before the bytes: they may need the room. By the disk's clock, not the host's.
            sweep(draft.parent, f"{DRAFT}*", DEAD_DRAFT_S, os.fstat(fd).st_mtime)
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


def drafts_of(path: Path, drafts: Path) -> Iterator[Path]:
    """Return the drafts of a file, of living writers too: one who finds his gone has to write again."""
    return (draft for draft in drafts.glob(f"{DRAFT}*") if draft.name.startswith(_prefix(path)))


def sweep(directory: Path, pattern: str, age_s: float, now: float) -> None:
    """Remove files that were not touched for `age_s` seconds before `now`, a time by the clock of their disk."""
    for path in directory.glob(pattern):
        with suppress(OSError):
            if now - path.stat().st_mtime > age_s:
                path.unlink()
                log.info("removed %s: not touched for %.0f s", path, age_s)


def _prefix(path: Path) -> str:
    return f"{DRAFT}{path.name.encode(errors='ignore')[:MAX_NAMED_BYTES].decode(errors='ignore')}-"


def marked_encoding(data: bytes) -> str | None:
    """Return the encoding that a text's mark tells, by which the mark is read as well; None where there is no mark."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def text_in(data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 or UTF-32 with the mark that editors put first.

    Raises ValueError, which says what to do, for any other: to guess would garble it.
    """
    try:
        text = data.decode(marked_encoding(data) or "utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # of UTF-16 without its mark
        raise ValueError("is no text in UTF-8: save it as UTF-8")
    return text


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
