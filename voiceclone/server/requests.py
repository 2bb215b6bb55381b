"""Each request has an id, one line in the log, and an answer whatever happens."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceclone.logs import about_job, facts
from voiceclone.server.answers import refused
from voiceclone.server.dialect import Refusal

log = logging.getLogger(__name__)

ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
HUNG_UP = 499
"""In the log, as nginx has it: the caller has gone before there was an answer."""
QUIET = ("/ping", "/metrics", "/")
"""Asked all the time: logged only where they fail."""


class Requests:
    """Goes around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if ID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["id"] = request_id
        since = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            match message["type"]:
                case "http.response.start":
                    status = message["status"]
                    MutableHeaders(scope=message)["x-request-id"] = request_id
                case "websocket.accept":
                    status = 101
                case "websocket.close" if not status:  # as uvicorn answers then
                    status = 403
            await send(message)

        with about_job(request_id):
            try:
                await self._app(scope, receive, noted)
            except ClientDisconnect:
                pass  # nobody is there to be told
            except Exception:  # the boundary: a client is told nothing of our code
                log.exception("unexpected error")
                if not status:
                    error = Refusal(
                        "the worker failed unexpectedly; its log has the details for this request's id", 500,
                        "internal", headers={"x-should-retry": "false"},
                    )  # fmt: skip
                    await refused(error)(scope, receive, noted)
            if not status and scope["type"] == "http":
                status = HUNG_UP
            if scope["path"] not in QUIET or status >= 400:
                method, path = scope.get("method", "WS")[:20], scope["path"][:100]
                seconds = round(time.perf_counter() - since, 3)
                log.info("%s %s", method, path, extra=facts(status=status, seconds=seconds))
