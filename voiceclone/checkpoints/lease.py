"""One worker at a time does a thing, on a volume that several hosts share.

Knows nothing of what is leased. The lease is a file that its holder keeps changing; whoever sees it unchanged for
`stale_s` seconds of its own clock takes it over, so clocks need not agree and a holder that died on another host
blocks nobody. It needs exclusive creation and rename from the mount, nothing else: on network mounts flock may
succeed for everyone, and filelock's SoftFileLease takes nothing over where the mount cannot swap two names in one
step (RENAME_EXCHANGE), which network mounts mostly cannot.

A lease saves double work; it cannot stop a holder that was only asleep. What it guards must survive two at once.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

log = logging.getLogger(__name__)


class Lease:
    """A lease on `path`, whose directory must exist: `with Lease(path): ...` waits for it. For one use.

    Every method may raise OSError when the directory cannot be written. All contenders need about the same
    intervals: `stale_s` has to leave room for several beats that a slow mount delays.
    """

    def __init__(
        self,
        path: Path,
        *,
        beat_s: float = 5.0,
        stale_s: float = 30.0,
        poll_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._claim = path.with_name(f"{path.name}.claim")
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._beat_s, self._stale_s, self._poll_s = beat_s, stale_s, poll_s
        self._clock = clock
        self._seen: str | None = None
        self._seen_at = clock()
        self._beats = 0
        self._fd = -1
        self._released = threading.Event()
        self._heart = threading.Thread(target=self._keep_beating, name=f"lease {path.name}", daemon=True)

    def __enter__(self) -> Lease:
        waits_for = None
        while not self.try_acquire():
            holder = (self._seen or "").partition(" ")[0]
            if holder and holder != waits_for:
                log.info("waiting for %s, which holds %s", holder, self._path)
                waits_for = holder
            time.sleep(self._poll_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def try_acquire(self) -> bool:
        """Take the lease if it is free, or if its record has stood unchanged for `stale_s` under this object's eyes."""
        if self._create(self._path):
            self._heart.start()
            return True
        record = self._read()
        if record is None or record != self._seen:
            self._seen, self._seen_at = record, self._clock()
            return False
        unchanged_s = self._clock() - self._seen_at
        if unchanged_s < self._stale_s or not self._succeed(record, unchanged_s):
            return False
        holder = record.partition(" ")[0] or "unknown"
        log.warning("took over %s: its holder, %s, gave no sign for %.0f s", self._path, holder, unchanged_s)
        self._heart.start()
        return True

    def beat(self) -> None:
        """Change the record, so that nobody takes the holder for dead."""
        self._beats += 1
        # Written through the descriptor: should the lease have been lost, this reaches the old file, not the new one.
        os.pwrite(self._fd, f"{self._owner} {self._beats:012d}\n".encode(), 0)
        os.fsync(self._fd)

    def release(self) -> None:
        """Give the lease back, unless someone took it over meanwhile."""
        self._released.set()
        self._heart.join()
        os.close(self._fd)
        record = self._read()
        if record is not None and record.startswith(f"{self._owner} "):
            self._path.unlink(missing_ok=True)

    def _create(self, path: Path) -> bool:
        """Create `path` with this owner's record; False if it exists."""
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        except FileExistsError:
            return False
        try:
            self.beat()
        except OSError:  # a full volume: leave no lease behind that nobody keeps
            os.close(self._fd)
            path.unlink(missing_ok=True)
            raise
        return True

    def _read(self) -> str | None:
        """Return the record as it stands; None when there is none, or the mount has just lost sight of it."""
        try:
            return self._path.read_text(errors="replace")
        except (IsADirectoryError, PermissionError):  # will not pass: nobody shall wait for it
            raise
        except OSError:
            return None

    def _succeed(self, dead: str, unchanged_s: float) -> bool:
        """Put a record in the place of `dead`: only whoever creates the claim may, and only while `dead` still stands.

        The claim is renamed over the lease, so the lease's name never stands empty.
        """
        if not self._create(self._claim):
            if unchanged_s >= 2 * self._stale_s:  # whoever claimed it died on the way
                self._claim.unlink(missing_ok=True)
                self._seen_at = self._clock()
            return False
        if self._read() == dead:
            self._claim.replace(self._path)
            return True
        os.close(self._fd)
        self._claim.unlink(missing_ok=True)
        self._seen = None
        return False

    def _keep_beating(self) -> None:
        while not self._released.wait(self._beat_s):
            try:
                self.beat()
            except OSError as e:  # a network mount hiccups; the next beat may get through
                log.warning("could not refresh %s: %s", self._path, e)
