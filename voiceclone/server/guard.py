"""Who may ask, and how much is read of what they send.

Knows nothing of what is asked.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceclone.server.answers import refused
from voiceclone.server.dialect import Refusal
from voiceclone.server.limits import Limits

OPEN = ("/", "/ping")
"""Addresses that need no key: whether somebody is there is no secret, nor is the page."""
OPEN_BELOW = "/page/"


class Keys:
    """Lets through who has the key; everybody where there is none."""

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] not in ("http", "websocket")
            or _is_open(scope["path"])
            or self._is_known(Headers(scope=scope))
        ):
            await self._app(scope, receive, send)
            return
        error = Refusal(
            "the key is missing or wrong: send Authorization: Bearer with the server's API_KEY",
            401,
            "invalid_api_key",
            headers={"www-authenticate": "Bearer"},
        )
        await _turn_away(error, scope, receive, send)

    def _is_known(self, headers: Headers) -> bool:
        if self._key is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # In constant time: how long it takes tells nothing of how much of a key is right. Headers are bytes in latin-1.
        return hmac.compare_digest(given.strip().encode("latin-1"), self._key) and scheme.lower() == "bearer"


class Origins:
    """Refuses pages of origins that nobody named: browsers let any page send forms, and open sockets."""

    def __init__(self, app: ASGIApp, named: Sequence[str]) -> None:
        self._app = app
        self._named = frozenset(named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin, own = headers.get("origin", ""), headers.get("host")
            if origin and self._named.isdisjoint(("*", origin)) and origin.partition("://")[2] != own:
                error = Refusal("pages of this origin may not ask: name it in CORS_ORIGINS", 403, "origin_not_allowed")
                await _turn_away(error, scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _turn_away(error: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await refused(error)(scope, receive, send)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


class Bodies:
    """Lets no body through that is too large, or too long on its way: whoever reads it raises Refusal."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._held = 0
        """Bytes of all bodies that have come, of requests that are not answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limits = self._limits
        told = Headers(scope=scope).get("content-length", "")
        deadline = anyio.current_time() + limits.body_s
        is_whole, size = False, 0

        async def bounded() -> Message:
            nonlocal size, is_whole
            if is_whole:
                return await receive()
            if (told.isdecimal() and int(told) > limits.body_bytes) or size > limits.body_bytes:
                raise _too_large(limits.body_bytes)
            if size and self._held > limits.bodies_bytes:
                raise _too_many()
            try:
                with anyio.fail_after(deadline - anyio.current_time()):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(limits.body_s) from None
            is_whole = not message.get("more_body", False)
            size += len(message.get("body", b""))
            self._held += len(message.get("body", b""))
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._held -= size


async def json_of(request: Request) -> Mapping[str, Any]:
    """Read a request's body as an object. Raises Refusal where it is none."""
    body = await request.body()
    limits: Limits = request.app.state.site.limits
    if sum(map(body.count, (b",", b"[", b"{"))) > limits.body_values:
        raise Refusal("the body is made of too many parts: send the text in several requests", 413, "too_large")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise Refusal("the body is no JSON: send an object, with Content-Type: application/json") from None
    if not isinstance(found, dict):
        raise Refusal("the body must be a JSON object")
    return found


def _too_slow(limit_s: float) -> Refusal:
    return Refusal(
        f"the body was not there within {limit_s:g} s: send it at once",
        408,
        "too_slow",
        headers={"connection": "close", "x-should-retry": "false"},
    )


def _too_large(limit: int) -> Refusal:
    # The connection is kept, and what still comes read and dropped: a client that sends hears nothing until it is done.
    return Refusal(
        f"the body has more than {limit / 1e6:g} MB: of a reference 12 s are enough, send it as MP3 or by a link",
        413,
        "too_large",
    )


def _too_many() -> Refusal:
    return Refusal(
        "other large requests are being read: try again in a moment",
        429,
        "rate_limit_exceeded",
        headers={"retry-after": "1"},
    )
