"""The worker in this process: the same jobs, the same replies, no platform.

Knows nothing of how speech is made: it runs `runpod-handler.py`'s own start.
"""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone.client import results
from voiceclone.client.endpoint import RUNNING
from voiceclone.client.errors import NoWorker, ResultGone
from voiceclone.client.place import Input, Report, checked, forget, nobody
from voiceclone.errors import ModelUnavailable
from voiceclone.types import Reply

if TYPE_CHECKING:
    from voiceclone.jobs import Worker

HANDLER = Path(__file__).resolve().parents[2] / "runpod-handler.py"
QUEUE = "RUNPOD_WEBHOOK_GET_JOB"
"""Where this is set the worker takes itself for one on the platform."""


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


@contextmanager
def local_worker(environ: Mapping[str, str], stop: threading.Event | None = None) -> Iterator[Local]:
    """Load the models, and leave nothing behind.

    The volume is RUNPOD_VOLUME, or ./runpod-volume where `scripts/demo` has put a model. Raises NoWorker.
    """
    spec = importlib.util.spec_from_file_location("runpod_handler", HANDLER)
    if spec is None or spec.loader is None:
        raise NoWorker(f"{HANDLER} cannot be loaded")
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    logging.getLogger("voiceclone.jobs.worker").setLevel(
        logging.ERROR
    )  # what fails is in the reply, and told from there
    with tempfile.TemporaryDirectory(prefix="say-") as directory:
        settings = {"RUNPOD_VOLUME": "runpod-volume", **environ, "OUTPUT_DIR": directory}
        try:
            worker = handler.initialize_models({k: v for k, v in settings.items() if k != QUEUE})
        except (ModelUnavailable, ValueError) as e:
            raise NoWorker(str(e)) from e
        yield Local(worker, stop)
