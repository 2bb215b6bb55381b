"""Connections that stay without asking anything are closed, and no more are kept than the process can bear.

uvicorn bounds what lies between two requests; not the time before the first, nor headers that drip.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 1024
"""More connections are closed at once."""
PATIENCE_S = 20.0
"""A connection is closed that has asked nothing at two looks, so far apart."""


class BoundedConnection(H11Protocol):
    """One connection of a client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._last: Any = self
        self._next_look: asyncio.TimerHandle | None = None
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._last is self.cycle:
            self.transport.abort()
            return
        self._last = self.cycle
        self._next_look = self.loop.call_later(PATIENCE_S, self._look)
