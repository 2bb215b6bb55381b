"""What the routes of the server share: the worker as soon as there is one, the settings, the places, the threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection

from voiceclone.server.admission import Admission
from voiceclone.server.dialect import THEIRS, Refusal
from voiceclone.server.jobs import Handle, Jobs, Report
from voiceclone.server.limits import Limits
from voiceclone.server.metrics import Metrics
from voiceclone.settings import Settings
from voiceclone.types import Reply

if TYPE_CHECKING:  # it imports torch
    from voiceclone.jobs import Worker

NO_OTHERS: Mapping[str, str] = {}
SIDE_THREADS = 8
"""For what is no speech, so that it need not wait for that."""
SESSIONS = 4
"""For each request for speech so many sessions may be open: most of them say nothing."""
LOADING_S = 5
"""After so long it is worth while to ask again."""


class Site:
    """The server's state. Read by the loop and by threads, changed by who loads the worker and by a GPU that fails."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self.settings = settings
        self.limits = limits
        self.admission = Admission(settings.max_waiting)
        self.sessions = Admission(SESSIONS * settings.max_waiting)
        self.threads = CapacityLimiter(settings.max_waiting)
        self._side_threads = CapacityLimiter(SIDE_THREADS)
        self.metrics = Metrics(lambda: self.admission.taken)
        self.jobs = Jobs()
        self._worker: Worker | None = None
        self.unfit: str | None = None
        """Why this process cannot speak, and never will."""
        self.failed = threading.Event()
        self.ready = threading.Event()
        self.is_closing = False
        """Whether the process is to end: what runs is finished, and no more is taken."""

    def opens(self, worker: Worker) -> None:
        """Take requests from now on."""
        self.metrics.about(worker.info())
        self._worker = worker
        self.ready.set()

    @property
    def is_loading(self) -> bool:
        return self._worker is None and self.unfit is None

    @property
    def is_ready(self) -> bool:
        return self._worker is not None and self.unfit is None

    @property
    def worker(self) -> Worker:
        """Whoever speaks. Raises Refusal, 503, before there is one, when it has failed, and when the process ends."""
        if self.unfit is not None:
            raise Refusal(self.unfit, 503, "model_unavailable")
        if self.is_closing:
            raise Refusal(
                "the server is shutting down: send the request again in a minute",
                503,
                "shutting_down",
                headers={"retry-after": str(LOADING_S)},
            )
        if self._worker is None:
            raise Refusal(
                "the models are being loaded: try again in a moment",
                503,
                "loading",
                headers={"retry-after": str(LOADING_S)},
            )
        return self._worker

    @property
    def handle(self) -> Handle:
        """Answers jobs, in threads. Raises as `worker`."""
        worker = self.worker

        def handle(job: Mapping[str, Any], report: Report) -> Reply:
            reply = worker.handle(job, report)
            self._look_at(reply)
            self.metrics.requests.labels(_action(job["input"]), reply.get("error_code", "completed")).inc()
            return reply

        return handle

    async def answer(self, job_id: str, data: Mapping[str, Any], names: Mapping[str, str] = NO_OTHERS) -> Reply:
        """Return the reply to a job that does not speak. Raises Refusal for what went wrong, as `Refusal.of`."""
        job = {"id": job_id, "input": data}
        reply = await to_thread.run_sync(self.handle, job, lambda _: None, limiter=self._side_threads)
        if "error_code" in reply:
            raise Refusal.of(reply, names)
        return reply

    def refusal(self, reply: Reply) -> Refusal:
        """Return what a caller is told of speech that failed."""
        self._look_at(reply)
        return Refusal.of(reply, THEIRS)

    def _look_at(self, reply: Reply) -> None:
        """After a GPU that broke down take no more requests."""
        if reply.get("error_code") == "synthesis_failed" and reply.get("refresh_worker"):
            self.fails("the GPU failed: another worker takes its place")

    def closes(self) -> None:
        """Let go of the worker: the process ends."""
        if self._worker is not None:
            self._worker.close()

    def fails(self, why: str) -> None:
        """Take no requests any more, and end soon: what runs is finished."""
        self.unfit = self.unfit or why
        self.failed.set()


def _action(data: Any) -> str:
    """Return what a job asks for, of few names."""
    from voiceclone.jobs import SCHEMAS

    asked = (data.get("action") or "synthesize") if isinstance(data, Mapping) else None
    return asked if isinstance(asked, str) and asked in SCHEMAS else "unknown"


def site_of(connection: HTTPConnection) -> Site:
    """Return the server's state."""
    site: Site = connection.app.state.site
    return site
