"""A call in a thread of its own, whose outcome is waited for later or not at all.

Knows nothing of what is called. The thread keeps no process from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(name: str, call: Callable[[], T]) -> Future[T]:
    """Start `call` in a thread called `name`; what it returns or raises is the future's."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from now on nobody can cancel it, and its outcome is always set

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as e:  # noqa: BLE001 - handed to whoever waits as it is
            future.set_exception(e)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
