"""One engine for many callers: their chunks share its batches.

Knows chunks as plans, callers by their age and by whether they are urgent. One thread runs the network; whatever else a
call needs is done in the caller's own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple, cast

from voiceclone.calls import current_call
from voiceclone.errors import EngineStopped, JobCancelled, WorkerError
from voiceclone.model.any_engine import AnyEngine
from voiceclone.model.engine import Engine, Outcome
from voiceclone.model.sampling import Plan, Sampling
from voiceclone.model.supply import Load, Result, first_batch
from voiceclone.types import Samples

log = logging.getLogger(__name__)

URGENT_IN_A_ROW = 3
"""Batches of urgent chunks, before the oldest caller has its turn."""


class Waiting(NamedTuple):
    """What waits for the engine."""

    callers: int
    chunks: int


@dataclass(frozen=True)
class BatchReport:
    """A batch that was spoken."""

    frames: int
    """Of its chunks, references included."""
    chunks: int
    seconds: float
    """That it took."""

    @classmethod
    def of(cls, outcome: Outcome) -> BatchReport:
        return cls(outcome.load.frames, len(outcome.results), outcome.seconds)


class SharedEngine(AnyEngine):
    """Speaks for any number of threads at once.

    Chunks with the same sampling share batches, whoever wants them. A batch has the next chunk of each urgent caller,
    of those first who have got the fewest, and nothing else, so that it is soon done. Without urgent callers, and
    always after URGENT_IN_A_ROW such batches, a batch has the oldest caller's chunks, then the next oldest's, urgent or
    not. So nobody waits for ever, whoever else comes: everybody is the oldest one day.
    """

    def __init__(self, engine: Engine, on_batch: Callable[[BatchReport], None] = lambda _: None) -> None:
        """Take the engine over: nobody else may let it speak from now on.

        `on_batch`: called after every batch, in the engine's thread, which waits for it. It must not raise.
        """
        super().__init__(engine.dit, engine.vocabulary, engine.tokenizer)
        self._engine = engine
        self._on_batch = on_batch
        self._queue = Queue()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> Waiting:
        """What waits, without what is being spoken."""
        return self._queue.waiting

    def check_device(self) -> None:
        self._queue.require_open()
        self._engine.check_device()

    def close(self) -> None:
        """Tell whoever waits, or comes later, that there is no more speech, and wait for the batch that runs."""
        self._queue.close(EngineStopped("the server is shutting down: send the request again in a minute"))
        self._thread.join()

    def _speak(self, plans: Sequence[Plan], sampling: Sampling, urgent: bool) -> Generator[Samples, None, None]:
        caller = Caller(plans, sampling, urgent)
        with current_call().waking(partial(self._queue.hang_up, caller)):
            self._queue.add(caller)
            try:
                for _ in plans:
                    yield caller.next_result()
            finally:
                self._queue.remove(caller)

    def _run(self) -> None:
        """Speak for all callers until the queue is closed, or the engine can no longer speak."""
        reason: Exception = EngineStopped("the engine has stopped: send the request again in a minute")
        try:
            while self._queue.wait():
                for report in map(BatchReport.of, self._engine.run(self._queue)):  # no speech is kept while none comes
                    self._on_batch(report)
        except Exception as e:  # the thread's end: all callers are told, or they would wait for ever
            log.exception("the engine can no longer speak")
            reason = e
        finally:
            self._queue.close(reason)


@dataclass(eq=False)
class Caller:
    """Somebody who wants plans spoken. What has begun, or is done, is always the first of them."""

    plans: Sequence[Plan]
    sampling: Sampling
    urgent: bool
    results: SimpleQueue[Result] = field(default_factory=SimpleQueue)
    done: int = 0
    begun: int = 0
    """How many are being spoken."""

    @property
    def waiting(self) -> Sequence[Plan]:
        return self.plans[self.done + self.begun :]

    def next_result(self) -> Samples:
        """Wait for the next plan's samples. Raise what it failed of, an error of this caller's own."""
        result = self.results.get()
        if isinstance(result, Exception):
            raise own(result) from result
        return result


@dataclass(frozen=True)
class Pick:
    """Plans of several callers for one batch."""

    load: Load
    callers: Sequence[Caller]
    """Whose each plan is."""
    urgent_run: int
    """How many batches in a row are of urgent chunks, with this one; 0: it is not."""
    is_full: bool
    """Whether something waits that might have come with it, were there room."""


class Queue:
    """The plans of all callers: a supply."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._callers: list[Caller] = []
        """The oldest first."""
        self._running: Pick | None = None
        self._ahead: Pick | None = None
        """What is being made ready, to be spoken after `_running`."""
        self._urgent_run = 0
        """How many of the last batches were of urgent chunks."""
        self._closed: Exception | None = None
        """Why nothing is spoken any more."""

    @property
    def waiting(self) -> Waiting:
        with self._changed:
            counts = [len(caller.waiting) for caller in self._callers]
        return Waiting(sum(map(bool, counts)), sum(counts))

    def add(self, caller: Caller) -> None:
        with self._changed:
            self.require_open()
            self._callers.append(caller)
            self._changed.notify_all()

    def remove(self, caller: Caller) -> None:
        """Forget what a caller waits for, if it still does."""
        with self._changed:
            if caller in self._callers:
                self._callers.remove(caller)

    def hang_up(self, caller: Caller) -> None:
        """Forget what a caller waits for, and let it wait no more."""
        with self._changed:
            self.remove(caller)
            caller.results.put(JobCancelled("the caller has hung up"))

    def wait(self) -> bool:
        """Wait until somebody wants something; return whether it is to be spoken."""
        with self._changed:
            self._changed.wait_for(lambda: self._callers or self._closed)
            return self._closed is None

    def close(self, reason: Exception) -> None:
        """Let all callers, and later ones, fail with this; nothing happens if that was done before."""
        with self._changed:
            if self._closed is None:
                self._closed = reason
                for caller in self._callers:
                    caller.results.put(reason)
                self._callers = []
                self._changed.notify_all()

    def require_open(self) -> None:
        """Raise why nothing is spoken any more, if so."""
        with self._changed:
            if self._closed is not None:
                raise own(self._closed) from self._closed

    def begin(self, max_frames: int) -> Load | None:
        with self._changed:
            ahead = None if self._running else self._ahead  # what had too little memory goes first, in smaller batches
            for caller in self._callers:
                caller.begun = 0
            if ahead is None or self._is_outdated(ahead):
                ahead = self._pick(max_frames, self._urgent_run)
            self._running, self._ahead = ahead, None
            if ahead is None:
                return None
            for caller in ahead.callers:
                caller.begun += 1
            return ahead.load

    def following(self, max_frames: int) -> Load | None:
        with self._changed:
            pick = self._pick(max_frames, self._running.urgent_run if self._running else self._urgent_run)
            # Whoever comes meanwhile can still join a batch that is not full.
            self._ahead = pick if pick and pick.is_full else None
            return self._ahead.load if self._ahead else None

    def end(self, results: Sequence[Result]) -> None:
        with self._changed:
            pick, self._running = cast(Pick, self._running), None  # only what was begun ends
            self._urgent_run = pick.urgent_run
            for caller, result in zip(pick.callers, results, strict=True):
                caller.results.put(result)
                caller.done += 1
                caller.begun = 0
                if isinstance(result, Exception):
                    self.remove(caller)
            self._callers = [caller for caller in self._callers if caller.waiting]

    def _urgent(self, run: int) -> list[Caller]:
        """Return the urgent callers, who has got least first, if it is their turn after so many such batches."""
        urgent = [caller for caller in self._callers if caller.urgent and caller.waiting]
        return sorted(urgent, key=lambda caller: caller.done + caller.begun) if run < URGENT_IN_A_ROW else []

    def _pick(self, max_frames: int, run: int) -> Pick | None:
        """Choose of what waits, after `run` batches of urgent chunks in a row."""
        urgent = self._urgent(run)
        waiting = [(caller, caller.waiting[0]) for caller in urgent]
        waiting = waiting or [(caller, plan) for caller in self._callers for plan in caller.waiting]
        if not waiting:
            return None
        sampling = waiting[0][0].sampling
        alike = [(caller, plan) for caller, plan in waiting if caller.sampling == sampling]
        plans = first_batch([plan for _, plan in alike], max_frames)
        callers = [caller for caller, _ in alike[: len(plans)]]
        return Pick(Load(plans, sampling), callers, run + 1 if urgent else 0, is_full=len(plans) < len(alike))

    def _is_outdated(self, pick: Pick) -> bool:
        """Tell whether a caller of it has gone, or an urgent one has come whose turn it is."""
        gone = any(caller not in self._callers for caller in pick.callers)
        return gone or (pick.urgent_run == 0 and bool(self._urgent(self._urgent_run)))


def own(error: Exception) -> Exception:
    """Return the error for one of several callers: each raises its own."""
    if isinstance(error, WorkerError):
        return type(error)(*error.args)
    return RuntimeError("the engine failed unexpectedly")
