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

from anyio import CapacityLimiter
from starlette.types import Receive

from voiceclone.background import in_background
from voiceclone.calls import Call, working_for

S = TypeVar("S")
T = TypeVar("T")


class Steps(Generic[T]):
    """A generator whose steps run in threads, one after the other, in one context, for one call."""

    def __init__(self, generator: Generator[T, None, None], threads: CapacityLimiter) -> None:
        """`threads`: how many may work at the same time; a step counts until it is done, wanted or not."""
        self._generator = generator
        self._context = copy_context()
        self._threads = threads
        self._running = threading.Lock()
        self._call = Call()
        self._is_over = False

    async def next(self) -> T | None:
        """Return what the next step yields, None behind the last. Whoever is cancelled does not wait for the step."""
        loop = asyncio.get_running_loop()
        await self._threads.acquire_on_behalf_of(step := object())

        def leave(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed, nobody counts any more
                loop.call_soon_threadsafe(self._threads.release_on_behalf_of, step)

        try:
            done = in_background("step", self._step)
        except RuntimeError:  # there can be no more threads now
            self._threads.release_on_behalf_of(step)
            raise
        done.add_done_callback(leave)
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """End the generator where it stands; a step that waits for the engine ends at once. Nobody waits for that."""
        self._call.hang_up()
        if not self._is_over:
            threading.Thread(target=self._close, name="hang-up", daemon=True).start()

    def _step(self) -> T | None:
        with self._running:
            found = None
            try:
                found = self._context.run(self._working, lambda: next(self._generator, None))
            finally:
                self._is_over = found is None
            return found

    def _close(self) -> None:
        with self._running:
            self._context.run(self._working, self._generator.close)

    def _working(self, call: Callable[[], S]) -> S:
        with working_for(self._call):
            return call()


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
