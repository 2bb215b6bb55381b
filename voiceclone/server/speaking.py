"""POST /v1/audio/speech: sound that leaves while it is made.

The head of the answer leaves with the first sound: what fails before is an error with a status of its own. What fails
later cuts the connection, or is an event where there are events.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from voiceclone.server.answers import AsBytes, AsEvents, Form, refused
from voiceclone.server.dialect import FORMATS, Refusal, Wish, wish
from voiceclone.server.guard import json_of
from voiceclone.server.site import Site, site_of
from voiceclone.server.threads import Steps, unless_gone

if TYPE_CHECKING:
    from voiceclone.jobs import Worker

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""No cache and no proxy keeps sound back."""


async def speech(request: Request) -> Response:
    """Speak a text."""
    site = site_of(request)
    worker = site.worker
    wished = wish(await json_of(request), worker.checkpoint.name, site.settings.voice_names)
    return Speech(site, worker, wished, request.state.id)


class Speech(Response):
    """The answer to one request."""

    def __init__(self, site: Site, worker: Worker, wished: Wish, request_id: str) -> None:
        self._site = site
        self._sounding = Sounding(site, worker, wished, request_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak, and send; when the caller hangs up, at most one more chunk is spoken."""
        try:
            with self._site.admission.place():
                steps = Steps(self._sounding.pieces(), self._site.threads)
                try:
                    await unless_gone(receive, lambda: self._send(steps, send))
                finally:
                    steps.close()
        except Refusal as e:
            await refused(e)(scope, receive, send)

    async def _send(self, steps: Steps[bytes], send: Send) -> None:
        started = False
        while (piece := await steps.next()) is not None:
            if not started:
                head = [(name.encode(), value.encode("latin-1")) for name, value in self._sounding.headers.items()]
                await send({"type": "http.response.start", "status": 200, "headers": head})
                started = True
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not self._sounding.broke_off:  # else the connection is cut: half of a speech is not to be taken for all
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Sounding:
    """The sound of one request, made step by step in threads."""

    def __init__(self, site: Site, worker: Worker, wished: Wish, request_id: str) -> None:
        self._site = site
        self._worker = worker
        self._wish = wished
        self._id = request_id
        self._seed = 0
        self.sample_rate = 0
        """In Hertz, as soon as there is sound."""
        self._since = time.perf_counter()
        self.broke_off = False
        """Whether no more sound comes though there should."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer, as soon as there is sound."""
        media_type = "text/event-stream" if self._wish.as_events else FORMATS[self._wish.audio_format]
        return {"content-type": media_type, **HEADERS, "x-request-id": self._id, "x-seed": str(self._seed)}

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield what is sent, piece by piece. Raises Refusal before the first."""
        from voiceclone.errors import WorkerError
        from voiceclone.jobs import error_reply

        form = AsEvents() if self._wish.as_events else AsBytes()
        begun = False
        outcome = "cancelled"
        try:
            for piece in self._rendered(form):
                begun = True
                yield piece
            outcome = "completed"
        except WorkerError as e:
            refusal = self._site.refusal(error_reply(e))
            outcome = refusal.code
            if not begun:
                raise refusal from e
            self.broke_off = not self._wish.as_events
            yield from form.broken(refusal)
        finally:
            self._site.metrics.requests.labels("synthesize", outcome).inc()

    def _rendered(self, form: Form) -> Generator[bytes, None, None]:
        from voiceclone import audio

        metrics = self._site.metrics
        encoder: audio.Encoder | None = None
        with closing(self._worker.stream({"id": self._id, "input": self._wish.job})) as speaking:
            while True:
                try:
                    part = next(speaking)
                except StopIteration as end:
                    reply = end.value
                    break
                if encoder is None:
                    self._seed, self.sample_rate = part.seed, part.sample_rate
                    metrics.first_audio.observe(time.perf_counter() - self._since)
                    encoder = audio.Encoder(self._wish.audio_format, part.sample_rate)
                yield from form.part(encoder.add(part.samples), part.words)
        reply["warnings"] = [*reply["warnings"], *self._wish.notes]
        yield from form.end(encoder.finish() if encoder else b"", reply)
        metrics.audio.inc(reply["duration"])
        metrics.rtf.observe(reply["rtf"])
