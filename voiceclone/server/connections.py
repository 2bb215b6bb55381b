"""Connections on which nothing moves are closed, and no more are kept than the process can bear.

uvicorn bounds what lies between two requests; not the time before the first, nor headers that drip, nor answers that
nobody reads. Knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from voiceclone.server.answers import refused
from voiceclone.server.dialect import Refusal
from voiceclone.server.limits import Limits

TOO_BIG = 1009
"""WebSocket's word for a message that nobody wants to keep."""
NO_TEXT = 1007


class Watch:
    """Aborts a connection that stands still."""

    def __init__(self, transport: asyncio.Transport, every_s: float, found: Callable[[], object]) -> None:
        """`found`: tells how far the connection is where it should move, and None where it need not."""
        self._transport = transport
        self._every_s = every_s
        self._found = found
        self._last: object = None
        self._look()

    def close(self) -> None:
        """Look no more."""
        self._next.cancel()

    def _look(self) -> None:
        found = self._found()
        if found is not None and found == self._last:
            self._transport.abort()
        self._last = found
        self._next = asyncio.get_running_loop().call_later(self._every_s, self._look)


class BoundedConnection(H11Protocol):
    """One connection of a client over HTTP."""

    def __init__(self, *uvicorns: Any, limits: Limits, **too: Any) -> None:
        super().__init__(*uvicorns, **too)
        self._limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._watch = Watch(transport, self._limits.patience_s, self._found)
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.close()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._watch.close()  # who takes the connection over has its own
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the dialect, where no answer is on its way already."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # whoever reads or answers this request is not needed any more
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = refused(Refusal(msg, code="no_http", headers={"connection": "close"}))
            head = h11.Response(status_code=answer.status_code, headers=answer.raw_headers)
            for part in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _found(self) -> object:
        unread = self.transport.get_write_buffer_size()
        return (self.cycle, unread) if unread or self._is_idle else None

    def _make_room(self) -> None:
        """Close the connection that has been idle for longest; this one, if all others are busy."""
        idle = [each for each in self.connections if isinstance(each, BoundedConnection) and each._is_idle]
        longest = min(idle, key=lambda each: each._idle_since)
        self.connections.discard(longest)
        longest.transport.abort()


class BoundedSession(WebSocketsSansIOProtocol):
    """One connection of a client over WebSocket."""

    def __init__(self, *uvicorns: Any, limits: Limits, **too: Any) -> None:
        super().__init__(*uvicorns, **too)
        self._limits = limits
        self._pong = b""
        """To the last ping that came while nothing could be written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch = Watch(transport, self._limits.patience_s, lambda: transport.get_write_buffer_size() or None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.close()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # who does not read is not written to: one pong is enough for many pings
            self._pong = (self._pong, *self.conn.data_to_send())[-1]

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong and not self.close_sent:
            self.transport.write(self._pong)
        self._pong = b""

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) < self._limits.fragments:
            super().handle_cont(event)
        else:
            self._refuse(TOO_BIG)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._refuse(NO_TEXT)
                return
        super().send_receive_event_to_app()

    def _refuse(self, code: int) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.send_close(code)
            self.handle_parser_exception()
