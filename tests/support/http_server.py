"""The real HTTP server on loopback, in a thread of the tests' process."""

from __future__ import annotations

import threading

from voiceclone.server import Server
from voiceclone.server.limits import USUAL


class Served:
    """Serves a worker; use as a context manager."""

    def __init__(self, settings, build, limits=USUAL):
        """`build`: returns the worker; it may wait, or raise."""
        self.server = Server(settings, lambda _on_batch: build(), limits)
        self.reason = None
        """Why it had to end, once it has."""
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}"

    def _run(self):
        self.reason = self.server.run()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self._thread.join()

    def wait(self):
        """Until it has ended by itself; returns why."""
        self._thread.join()
        return self.reason


class Gate:
    """Stops an engine after its first batch until it is opened, and counts the chunks of all batches."""

    def __init__(self):
        self.chunks = 0
        self._opened = threading.Event()

    def __call__(self, batch):
        self.chunks += batch.chunks
        self._opened.wait()

    def open(self):
        self._opened.set()
