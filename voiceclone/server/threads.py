"""Work that blocks, done in threads beside the server's loop, and ended when its caller has hung up.

Knows nothing of what is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextvars import copy_context
from typing import Generic, TypeVar

import anyio
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

    async def next(self) -> T | None:
        """Return what the next step yields, None behind the last. Whoever cancels this waits for the step."""
        return await to_thread.run_sync(self._context.run, self._step, limiter=self._threads)

    async def close(self) -> None:
        """End the generator where it stands."""
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._context.run, self._generator.close)

    def _step(self) -> T | None:
        return next(self._generator, None)


async def unless_gone(receive: Receive, call: Callable[[], Awaitable[T]]) -> T | None:
    """Return what `call` returns; it is cancelled, and None returned, when the client closes its connection.

    `receive`: of a request whose body has been read.
    """
    result = None
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        result = await call()
        group.cancel_scope.cancel()
    return result
