"""Which parts of a book are sent and made, on the disk beside them: after a crash nothing is made twice.

Knows nothing of how a part is made. One JSON file, written anew and whole with each change; a result is made when its
file is there.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from voiceclone.client import BadInput, write_whole

NAME = "manifest.json"


@dataclass(frozen=True)
class Take:
    """A chunk of a part, as it was spoken."""

    text: str
    seed: int


@dataclass(frozen=True)
class Entry:
    """What is known of a part."""

    state: str
    """`sending`: a worker may have it, nobody knows by which id; `sent`; `made`; `failed`; `stopped`."""
    chapter: str = ""
    """Its title, for who reads the file."""
    job: str | None = None
    file: str | None = None
    seed: int | None = None
    """That it is asked for with; None: another is to be tried."""


class Manifest:
    """The entries by the parts' names. Its methods may be called by several threads."""

    def __init__(self, directory: Path) -> None:
        """Read what is there. Raises BadInput where that is no manifest."""
        self.directory = directory
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        path = directory / NAME
        with suppress(FileNotFoundError):
            try:
                self._entries = {name: Entry(**entry) for name, entry in json.loads(path.read_text("utf-8")).items()}
            except (ValueError, TypeError, AttributeError) as e:
                raise BadInput(f"{path} is no manifest: remove {directory} to begin anew") from e

    def entry(self, name: str) -> Entry | None:
        with self._lock:
            return self._entries.get(name)

    def note(self, name: str, entry: Entry) -> None:
        """Replace what is known of a part. Raises OSError."""
        with self._lock:
            self._entries[name] = entry
            known = {each: asdict(entry) for each, entry in self._entries.items()}
            write_whole(self.directory / NAME, json.dumps(known, indent=1, ensure_ascii=False).encode())

    def made(self, name: str) -> Path | None:
        """Return the part's sound, if it is there."""
        entry = self.entry(name)
        path = self.directory / entry.file if entry and entry.file and entry.state == "made" else None
        return path if path and path.is_file() else None

    def keep(self, name: str, file: str, audio: bytes, beside: Mapping[Path, str]) -> None:
        """Write what was made and the texts that belong to it, the sound last. Raises OSError."""
        for path, written in beside.items():
            write_whole(path, written.encode())
        write_whole(self.directory / file, audio)
        entry = self.entry(name) or Entry("made")
        self.note(name, replace(entry, state="made", file=file))

    def words(self, name: str) -> Path:
        """Return where the part's words and their times are kept."""
        return self.directory / f"{name}.json"

    def takes(self, name: str) -> Path:
        """Return where the part's chunks and their seeds are kept."""
        return self.directory / f"{name}.takes.json"

    def former_takes(self, parts: Collection[str]) -> list[list[Take]]:
        """Return the chunks of every part that was made and is none of these."""
        found = []
        with self._lock:
            former = [name for name in self._entries if name not in parts]
        for name in former:
            with suppress(OSError, ValueError, TypeError):  # it was not made, or somebody else has written there
                found.append([Take(**take) for take in json.loads(self.takes(name).read_bytes())])
        return found


@contextmanager
def opened(directory: Path) -> Iterator[Manifest]:
    """A directory's manifest, for one process at a time. Raises BadInput where another has it, OSError."""
    directory.mkdir(exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise BadInput(f"another voiceclone is at work in {directory}: wait for it, or stop it") from e
        try:
            yield Manifest(directory)
        finally:
            if not (directory / NAME).exists():  # nothing was begun
                (directory / ".lock").unlink()
                with suppress(OSError):
                    directory.rmdir()
