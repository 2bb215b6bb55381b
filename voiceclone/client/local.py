"""The worker in this process: the same jobs, the same replies, no platform.

Knows nothing of how speech is made, or of how the worker was built.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from voiceclone.client import results
from voiceclone.client.endpoint import RUNNING
from voiceclone.client.errors import ResultGone
from voiceclone.client.place import Input, Report, checked, forget, nobody
from voiceclone.types import Reply


class Worker(Protocol):
    """Whoever answers a job as the platform sends it; `tell` hears of its progress."""

    def handle(self, job: Mapping[str, Any], tell: Callable[[dict[str, float]], None]) -> Reply: ...


class Local:
    """Answers jobs one by one, in the thread that asks."""

    def __init__(self, worker: Worker, stop: threading.Event | None = None) -> None:
        """`stop`: when it is set, a job that tells its progress raises KeyboardInterrupt."""
        self._worker = worker
        self._stop = stop or threading.Event()
        self._turn = threading.Lock()
        self._ids = count(1)

    def ask(self, data: Input, report: Report = nobody, sent: Callable[[str], None] = forget) -> Reply:
        """See Place. No id is told: a job ends with its process."""

        def tell(progress: Mapping[str, float]) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            report(RUNNING, progress)

        speaks = data.get("action", "synthesize") == "synthesize"
        with self._turn:
            tell({})
            job = {"id": f"local-{next(self._ids)}", "input": {"delivery": "local", **data} if speaks else data}
            return checked(self._worker.handle(job, tell))

    def take_up(self, job_id: str, report: Report = nobody) -> Reply:
        """Raises ResultGone: a job ends with its process."""
        raise ResultGone(f"job {job_id} ran elsewhere")

    def result(self, reply: Reply) -> results.Result:
        """See Place. The worker's files are taken away."""
        found = results.read(reply)
        for path in (reply.get("audio_path"), *reply.get("subtitles", {}).values()):
            if path and "audio_path" in reply:
                Path(path).unlink(missing_ok=True)
        return found
