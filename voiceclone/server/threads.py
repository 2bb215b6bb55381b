"""Work that blocks, done in threads beside the server's loop, and left when its caller has hung up.

Knows nothing of what is done.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from contextvars import copy_context
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.types import Receive

T = TypeVar("T")


class Steps(Generic[T]):
    """A generator whose steps run in threads, one after the other, in one context."""

    def __init__(self, generator: Generator[T, None, None], threads: CapacityLimiter) -> None:
        """`threads`: how many may work at the same time."""
        self._generator = generator
        self._context = copy_context()
        self._threads = threads
        self._running = threading.Lock()

    async def next(self) -> T | None:
        """Return what the next step yields, None behind the last. Whoever is cancelled does not wait for the step."""
        return await to_thread.run_sync(self._step, limiter=self._threads, abandon_on_cancel=True)

    def close(self) -> None:
        """End the generator where it stands, when the step that runs is done; nobody waits for that."""
        threading.Thread(target=self._close, name="hang-up", daemon=True).start()

    def _step(self) -> T | None:
        with self._running:
            return self._context.run(next, self._generator, None)

    def _close(self) -> None:
        with self._running:
            self._context.run(self._generator.close)


async def unless_gone(receive: Receive, call: Callable[[], Awaitable[T]]) -> T | None:
    """Return what `call` returns; it is cancelled, and None returned, when the client closes its connection.

    `receive`: of a request whose body has been read.
    """

    async def hang_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    work, gone = asyncio.ensure_future(call()), asyncio.ensure_future(hang_up())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        for task in (work, gone):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):  # the outcome is known
                await task
