"""Whether anybody still waits for what is being done. Knows nothing of who calls or of what is done.

A call is hung up by any thread; whoever works for it looks, or is woken where it waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Call:
    """What somebody waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakes: list[Callable[[], None]] = []
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_over

    def hang_up(self) -> None:
        """Wake whoever works for this call."""
        with self._lock:
            self._is_over = True
            wakes = list(self._wakes)
        for wake in wakes:
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Within the block `wake` is called when the call is hung up; at once, if it was before."""
        with self._lock:
            self._wakes.append(wake)
            is_over = self._is_over
        try:
            if is_over:
                wake()
            yield
        finally:
            with self._lock:
                self._wakes.remove(wake)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call:
    """Return the call that this context works for; one that nobody hangs up, where there is none."""
    return _current.get() or Call()


@contextmanager
def working_for(call: Call) -> Iterator[None]:
    """Within the block this context works for a call."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)
