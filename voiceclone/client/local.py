"""The worker in this process: the same jobs, the same replies, no platform.

Knows nothing of how speech is made, or of how the worker was built.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from voiceclone.client import results
from voiceclone.client.endpoint import RUNNING
from voiceclone.client.errors import ResultGone
from voiceclone.client.place import SOUND, Input, Report, action_of, forget, nobody
from voiceclone.subtitles import FORMATS
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

    def ask(self, data: Input, report: Report = nobody, sent: Callable[[str], None] = forget) -> Reply:
        """See Place. No id is told: a job ends with its process."""

        def tell(progress: Mapping[str, float]) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            report(RUNNING, progress)

        from voiceclone.client.replies import reply_of

        action = action_of(data)
        with self._turn:
            tell({})
            job = {
                "id": f"local-{token_hex(4)}",
                "input": {"delivery": "local", **data} if action in SOUND else data,
            }
            return reply_of(action, self._worker.handle(job, tell))

    def take_up(self, job_id: str, report: Report = nobody) -> Reply:
        """Raises ResultGone: a job ends with its process."""
        raise ResultGone(f"job {job_id} ran elsewhere")

    def result(self, reply: Reply, audio_format: str | None = None, kinds: Collection[str] = FORMATS) -> results.Result:
        """See Place. The worker's files are taken away."""
        if "audio_path" not in reply or "audio_base64" in reply:
            return results.read(reply, audio_format, kinds, inside=True)
        audio = Path(reply["audio_path"])
        texts = {kind: Path(path) for kind, path in reply.get("subtitles", {}).items()}
        try:
            wanted = {kind: path.read_text("utf-8") for kind, path in texts.items() if kind in kinds}
            return results.Result(audio.read_bytes(), wanted).require(audio_format)
        except OSError as e:
            raise ResultGone(f"the speech is not where the worker has put it: {e.strerror}") from e
        finally:
            for path in (audio, *texts.values()):
                path.unlink(missing_ok=True)
