"""An endpoint, over the platform's API: jobs are sent, followed, cancelled, their results fetched.

Knows nothing of what a job says. The same API is spoken by `runpod-handler.py --rp_serve_api`, less `cancel` and
`health`: there a job runs while its status is asked for, and without an endpoint's name in the address.
https://docs.runpod.io/serverless/endpoints/operation-reference
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from voiceclone.addresses import inside_allowed, may_lead_to
from voiceclone.client import results
from voiceclone.client.bodies import body_of, session_with, within
from voiceclone.client.errors import BadInput, JobFailed, NoWorker, Problem, Refused, ResultGone
from voiceclone.client.place import SOUND, SPEAK, Input, Report, action_of, forget, nobody
from voiceclone.client.workers import why_none_comes
from voiceclone.http import BUSY, Bearer
from voiceclone.keys import key_in
from voiceclone.subtitles import FORMATS
from voiceclone.types import Reply

BASE_URL = "https://api.runpod.ai/v2"
MAX_JOB_BYTES = 10_000_000
"""The platform takes no larger /run."""
MAX_ANSWER_BYTES = 25_000_000
"""Of a reply and its envelope: the platform keeps 20 MB at most."""
ANSWER_S, JOB_S = 600, 86_400
"""So long may an answer be on its way, further tries included; and one during which a job runs."""
LOADING_S = 1_200
"""So long a server is waited for that loads its models: it may have to fetch them."""
QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED, TIMED_OUT = (
    *("IN_QUEUE", "IN_PROGRESS", "COMPLETED"),
    *("FAILED", "CANCELLED", "TIMED_OUT"),
)
OVER = (COMPLETED, FAILED, CANCELLED, TIMED_OUT)
MUST_HAPPEN_ONCE = ("add_voice", "delete_voice")
"""Actions that would fail the second time, though the first was what was wanted."""


@dataclass(frozen=True)
class Pace:
    """How often is asked how far a job is, and how long a silent endpoint is believed in."""

    first_s: float = 0.5
    most_s: float = 5.0
    growth: float = 1.4
    retries: int = 6
    backoff_s: float = 0.5
    """Doubled with each retry, up to 10 s."""
    patience_s: float = 60.0
    """So long a job may be in the queue before it is looked why, and so long lies between two looks."""
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Status:
    """Where a job is."""

    job_id: str
    state: str
    output: Any = field(default=None, repr=False)
    """While it runs the worker's progress, then its reply."""
    error: Any = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def progress(self) -> Mapping[str, float]:
        """`chunks_done`, `chunks`, `percent` and `seconds_left`; empty where nothing is known."""
        from voiceclone.client.replies import progress_of

        return progress_of(self.output) if self.state == RUNNING else {}

    def reply(self, action: str) -> Reply:
        """Of a job that is over and asked for this. Raises JobFailed with the worker's reason or the platform's."""
        if self.state == TIMED_OUT:
            raise JobFailed(
                f"the platform has ended job {self.job_id}, which took too long: send less text, or raise the"
                " endpoint's execution timeout"
            )
        if self.state == CANCELLED:
            raise JobFailed(f"job {self.job_id} was cancelled")
        if self.state == FAILED and not self.error and not self.output:
            raise JobFailed(f"job {self.job_id} failed without a reason: look into the worker's log")
        from voiceclone.client.replies import reply_of

        return reply_of(action, self.output, self.error)


def _print(text: str) -> None:
    print(text, file=sys.stderr)


class Endpoint:
    """Speaks the platform's API. Its methods may be called by several threads.

    What is only asked is asked again, with growing and uneven pauses, when the endpoint is busy (429), fails (5xx) or
    cannot be reached. A job that is sent may have been taken even if the answer is lost. Most are sent again: a second
    run costs its time, and changes nothing. Those in MUST_HAPPEN_ONCE are not, unless they certainly were not taken.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        stop: threading.Event | None = None,
        pace: Pace = Pace(),
        warn: Callable[[str], None] = _print,
        inside: bool = False,
    ) -> None:
        """
        Args:
            url: the endpoint's, as https://api.runpod.ai/v2/ID.
            key: for it; the local API wants none.
            stop: when it is set, whatever waits for a job cancels it and raises KeyboardInterrupt.
            warn: is told what a person who waits should know, by any thread.
            inside: whether links to results may lead into this network though the endpoint does not lie there.
        """
        self._url = url.rstrip("/")
        self._auth = Bearer(key) if key else None
        self._stop = stop or threading.Event()
        self._pace = pace
        self._warn = warn
        self._looking = threading.Lock()
        self._next_look = 0.0
        self._reason = ""
        self._status_method = "GET"
        self._inside = inside
        self._met: set[bool] = set()  # whether addresses at which it answers are public
        self._patient = self._session(status_forcelist=BUSY)
        # A read that fails comes after the job has been sent.
        self._once = self._session(status_forcelist=(429, 503), read=0, other=0)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        stop: threading.Event | None = None,
        warn: Callable[[str], None] = _print,
        pace: Pace = Pace(),
    ) -> Endpoint:
        """Return the endpoint that RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY name, or RUNPOD_ENDPOINT_BASE_URL leads to.

        Raises BadInput where one is missing.
        """
        base, endpoint_id = (
            environ.get(name, "").strip() for name in ("RUNPOD_ENDPOINT_BASE_URL", "RUNPOD_ENDPOINT_ID")
        )
        try:
            key = key_in(environ, "RUNPOD_API_KEY")
        except ValueError as e:
            raise BadInput(str(e)) from e
        if not base and not (endpoint_id and key):
            missing = "RUNPOD_API_KEY" if endpoint_id else "RUNPOD_ENDPOINT_ID"
            raise BadInput(f"{missing} is not set: set RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY, or use --local")
        base = base or BASE_URL
        if not base.startswith(("http://", "https://")):
            raise BadInput("RUNPOD_ENDPOINT_BASE_URL must begin with http:// or https://")
        return cls(f"{base.rstrip('/')}/{endpoint_id}", key or None, stop, pace, warn, inside_allowed(environ))

    def submit(self, data: Input) -> str:
        """Send a job; returns its id.

        Raises:
            BadInput: it is larger than the platform takes.
            NoWorker: the endpoint cannot be reached, or refuses.
        """
        body = json.dumps({"input": data}, ensure_ascii=False).encode()
        if len(body) > MAX_JOB_BYTES:
            raise BadInput(
                f"the job has {len(body) / 1e6:.1f} MB, the platform takes {MAX_JOB_BYTES / 1e6:g}: of ref_audio 12 s"
                " are enough, cut it or send a link; a longer text goes in several jobs"
            )
        careful = data.get("action") in MUST_HAPPEN_ONCE
        try:
            answer = self._call("POST", "run", body, session=self._once if careful else self._patient)
        except NoWorker as e:
            if careful and isinstance(e.__cause__, requests.RequestException):
                raise NoWorker(f"{e}. It may have been done all the same: look with `voiceclone voices`") from e
            raise
        return str(answer["id"])

    def status(self, job_id: str) -> Status:
        """Return where a job is. Raises ResultGone where the platform does not know it, NoWorker."""
        try:
            if self._status_method == "GET":
                answer = self._call("GET", f"status/{quote(job_id, safe='')}")
            else:  # the job itself runs meanwhile
                answer = self._call("POST", f"status/{quote(job_id, safe='')}", session=self._once, read_s=None)
        except _NotAllowed:
            self._status_method = "POST"
            return self.status(job_id)
        except _NotFound as e:
            raise ResultGone(
                f"the platform no longer knows job {job_id}: results are kept for 30 minutes. A result in a bucket"
                f" outlives that: voiceclone result {job_id}"
            ) from e
        if answer.get("error") == "Job ID not found":  # the local API's word for it
            raise ResultGone(f"there is no job {job_id}")
        return Status(job_id, answer["status"], answer.get("output"), answer.get("error"))

    def follow(self, job_id: str) -> Iterator[Status]:
        """Yield each news of a job, the last of which is that it is over. Raises as `status`, and KeyboardInterrupt."""
        news = None
        queued_s = None
        wait_s = self._pace.first_s
        while True:
            status = self.status(job_id)
            if status != news:
                yield status
                news, wait_s = status, self._pace.first_s
            if status.is_over:
                return
            if status.state != QUEUED:
                queued_s = None
            elif queued_s is None:
                queued_s = self._pace.clock()
            elif self._pace.clock() - queued_s >= self._pace.patience_s:
                self._tell_why_it_waits()
            if self._stop.wait(wait_s * random.uniform(0.75, 1.25)):
                raise KeyboardInterrupt
            wait_s = min(wait_s * self._pace.growth, self._pace.most_s)

    def cancel(self, job_id: str) -> None:
        """Let a job be, whether it waits or runs. Raises NoWorker."""
        with suppress(_NotFound, _NotAllowed):  # it is over and forgotten; the local API knows no cancel
            self._call("POST", f"cancel/{quote(job_id, safe='')}")

    def health(self) -> dict[str, Any] | None:
        """Return the endpoint's own count of `jobs` and `workers`; None from the local API. Raises NoWorker."""
        try:
            return self._call("GET", "health")
        except (_NotFound, _NotAllowed):
            return None

    def _tell_why_it_waits(self) -> None:
        """Warn of what keeps the workers: once for all jobs that wait, and again when it has changed."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            if self._pace.clock() < self._next_look:
                return
            self._next_look = self._pace.clock() + self._pace.patience_s
            counts = (self.health() or {}).get("workers")
            reason = "" if counts is None else why_none_comes(counts)
            if reason and reason != self._reason:
                self._warn(f"still in the queue: {reason}")
            self._reason = reason
        except Problem:
            pass  # whether the endpoint can be reached is for `status` to tell
        finally:
            self._looking.release()

    def ask(self, data: Input, report: Report = nobody, sent: Callable[[str], None] = forget) -> Reply:
        """See Place. A local API, which has no key, is asked for speech inside its reply: its disk is not read."""
        action = action_of(data)
        job_id = self.submit({"delivery": "base64", **data} if action in SOUND and self._auth is None else data)
        sent(job_id)
        return self.take_up(job_id, report, action)

    def take_up(self, job_id: str, report: Report = nobody, action: str = SPEAK) -> Reply:
        """See Place. `action`: what the job was sent for."""
        try:
            for status in self.follow(job_id):
                report(status.state, status.progress)
            return status.reply(action)
        except KeyboardInterrupt:
            try:
                self.cancel(job_id)
            except Problem as e:
                self._warn(f"job {job_id} could not be cancelled, and goes on: {e}")
            raise
        except Refused:
            raise
        except NoWorker as e:
            raise NoWorker(f"{e}. The job goes on: voiceclone result {job_id}") from e

    def result(self, reply: Reply, audio_format: str | None = None, kinds: Collection[str] = FORMATS) -> results.Result:
        """See Place. Into this network links lead only where the endpoint itself was always met there."""
        return results.read(reply, audio_format, kinds, self._inside or self._met == {False})

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        session: requests.Session | None = None,
        read_s: float | None = results.TIMEOUTS_S[1],
    ) -> dict[str, Any]:
        from voiceclone.client.replies import answered

        def ask() -> tuple[requests.Response, bytes]:
            answer = (session or self._patient).request(
                method,
                f"{self._url}/{path}",
                data=body,
                auth=self._auth,
                headers={"Content-Type": "application/json"},
                timeout=(results.TIMEOUTS_S[0], read_s),
                allow_redirects=False,
                stream=True,
            )
            return answer, body_of(answer, MAX_ANSWER_BYTES)

        try:
            answer, found = within(ANSWER_S if read_s else JOB_S, ask)
            until = self._pace.clock() + LOADING_S
            while _is_loading(answer, found) and self._pace.clock() < until:
                if self._stop.wait(self._pace.first_s):
                    raise KeyboardInterrupt
                answer, found = within(ANSWER_S, ask)
        except requests.RequestException as e:
            raise NoWorker(f"the endpoint cannot be reached ({_named(e)}): check the network") from e
        _refuse(answer, found[:200].decode(errors="replace"))
        return answered(path.partition("/")[0], found)

    def _session(self, **how: Any) -> requests.Session:
        return session_with(
            self._pace.retries,
            lambda address: self._met.add(may_lead_to(address)),
            **how,
            allowed_methods=None,
            backoff_factor=self._pace.backoff_s,
            backoff_jitter=self._pace.backoff_s,
            backoff_max=10,
        )


class _NotFound(Refused):
    """404, of which each route knows the meaning."""


class _NotAllowed(Refused):
    """405: a route that the local API has otherwise, or not."""


def _is_loading(answer: requests.Response, told: bytes) -> bool:
    """Whether a worker's own server says that it will soon speak."""
    return answer.status_code == 503 and b'"code":"loading"' in told


def _refuse(answer: requests.Response, told: str) -> None:
    match answer.status_code:
        case 401:
            raise Refused("the endpoint does not accept the key (401): check RUNPOD_API_KEY")
        case 403:
            raise Refused(
                "the key may not use this endpoint (403): check what RUNPOD_API_KEY is allowed, and RUNPOD_ENDPOINT_ID"
            )
        case 404:
            raise _NotFound("there is no such endpoint (404): check RUNPOD_ENDPOINT_ID")
        case 405:
            raise _NotAllowed("the endpoint does not know this (405): check RUNPOD_ENDPOINT_BASE_URL")
        case 413:
            raise BadInput("the job is larger than the endpoint takes (413): send a link instead of the recording")
        case 400 | 422:
            raise BadInput(f"the endpoint does not understand the job ({answer.status_code}): {told}")
        case 429:
            raise NoWorker("the endpoint is busy (429): try again later")
        case status if not answer.ok or answer.is_redirect:
            raise NoWorker(f"the endpoint answered {status}: try again later")


def _named(error: requests.RequestException) -> str:
    """Return what happened, without addresses."""
    reason = error.args[0] if error.args else error
    return type(getattr(reason, "reason", None) or error).__name__
