"""Jobs that are sent, followed, cancelled, and answered later, as the platform's queue has them.

They are kept in this process, and end with it; what is over is forgotten after a while. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

from voiceclone.calls import Call, working_for
from voiceclone.errors import JobCancelled
from voiceclone.server.dialect import Refusal
from voiceclone.types import Reply

Report = Callable[[Mapping[str, float]], None]
Handle = Callable[[Mapping[str, Any], Report], Reply]
"""A worker's `handle`: from a job to its reply, with a report of how far it is."""
QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"
AT_ONCE = 16
"""Jobs that run at the same time; others wait."""
KEPT_S = 1800
"""So long a result can be asked for, as on the platform."""
KEPT_BYTES = 200_000_000
"""Of results, in memory: the oldest are forgotten."""
KEPT_JOBS = 10_000
"""That are over."""


@dataclass
class Job:
    """One job, as far as it is known."""

    job_id: str
    status: str = QUEUED
    output: bytes = b""
    """How far it is, or its reply; as JSON, which takes a part of the memory."""
    error: str | None = None
    over_at: float = 0.0
    is_told: bool = False
    """Whether somebody has asked since it is over."""
    call: Call = field(default_factory=Call)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def news(self) -> dict[str, Any]:
        """As the platform tells it."""
        self.is_told = self.over.is_set()
        output = json.loads(self.output) if self.output else None
        told = {"id": self.job_id, "status": self.status, "output": output, "error": self.error}
        return {name: value for name, value in told.items() if value is not None}

    def tell(self, progress: Mapping[str, float]) -> None:
        """Note how far it is. Raises JobCancelled where nobody wants it any more."""
        if self.call.is_over:
            raise JobCancelled("the job was cancelled")
        self.output = json.dumps(progress).encode()

    def ends(self, status: str, reply: Reply, now: float) -> None:
        """Note its reply; as on the platform an error stands beside the output."""
        self.status, self.over_at = status, now
        output = dict(reply)
        self.error = output.pop("error", None)
        self.output = json.dumps(output).encode() if output else b""
        self.over.set()


class Jobs:
    """The jobs of one server. Its methods are called by the server's loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        """By id, the oldest first."""
        self._over: deque[Job] = deque()
        """Those of them that are over, in the order in which they ended."""
        self._over_bytes = 0
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = dict.fromkeys((COMPLETED, FAILED, CANCELLED), 0)

    def submit(self, data: Any, handle: Handle, place: AbstractContextManager[None]) -> Job:
        """Take a job.

        Args:
            handle: returns the job's reply, in a thread.
            place: is entered now, which may raise Refusal, and left when the job is over.
        """
        self._forget()
        job = Job(str(uuid.uuid4()))
        with ExitStack() as until_over:
            until_over.enter_context(place)
            task = asyncio.create_task(self._run(handle, job, data))
            left = until_over.pop_all()
            task.add_done_callback(lambda _: left.close())
        self._jobs[job.job_id] = job
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _run(self, handle: Handle, job: Job, data: Any) -> None:
        def work() -> Reply:
            with working_for(job.call):
                return handle({"id": job.job_id, "input": data}, job.tell)

        async with self._turns:
            if job.over.is_set():  # it was cancelled while it waited
                return
            job.status = RUNNING
            reply = await to_thread.run_sync(work)
        if "error_code" not in reply:
            self._ends(job, COMPLETED, reply)
        else:
            self._ends(job, CANCELLED if job.call.is_over else FAILED, reply)

    def find(self, job_id: str) -> Job:
        """Return a job. Raises Refusal, 404, where it is not known, or no longer."""
        self._forget()
        if (job := self._jobs.get(job_id)) is None:
            raise Refusal("there is no such job, or it is long over: send it again", 404, "not_found")
        return job

    def cancel(self, job_id: str) -> Job:
        """Let a job be, whether it waits or runs; nothing happens to one that is over."""
        job = self.find(job_id)
        job.call.hang_up()
        if job.status == QUEUED:
            self._ends(job, CANCELLED, {})
        return job

    @property
    def counts(self) -> dict[str, int]:
        """Jobs by their states, as the platform's /health names them."""
        states = [job.status for job in self._jobs.values() if not job.over.is_set()]
        return {
            "completed": self._ended[COMPLETED],
            "failed": self._ended[FAILED],
            "inProgress": states.count(RUNNING),
            "inQueue": states.count(QUEUED),
            "retried": 0,
        }

    def is_awaited(self, patience_s: float) -> bool:
        """Whether somebody may still come for a job that has been over for no longer than that."""
        since = self._clock() - patience_s
        return any(job.over_at >= since and not job.is_told and not job.call.is_over for job in self._over)

    def _ends(self, job: Job, status: str, reply: Reply) -> None:
        job.ends(status, reply, self._clock())
        self._ended[status] += 1
        self._over.append(job)
        self._over_bytes += len(job.output)

    def _forget(self) -> None:
        """Forget what has been over for long, and the oldest of too much."""
        since = self._clock() - KEPT_S
        while self._over and (
            self._over[0].over_at < since or self._over_bytes > KEPT_BYTES or len(self._over) > KEPT_JOBS
        ):
            job = self._over.popleft()
            self._over_bytes -= len(job.output)
            del self._jobs[job.job_id]
