"""Callers who ask a server for speech: `locust -f locustfile.py Http` (or `Socket`), started by servers.py.

All take their jobs from one list until it is empty, so that the same work is done however many they are. Runs in
locust's environment. BENCH_LOAD holds the jobs, and the file for what was heard.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from locust import HttpUser, User, events, task  # type: ignore[import-not-found]
from locust.exception import StopUser  # type: ignore[import-not-found]

from benchmark.playback import listen

SAMPLE_RATE = 24_000
END = b"END"
LOAD = json.loads(os.environ["BENCH_LOAD"])
left = deque(LOAD["jobs"])
told: list[dict[str, Any]] = []
numbers = itertools.count()


class Caller(User):  # type: ignore[misc]
    """Asks, listens to the end, and asks for the next job."""

    abstract = True
    bytes_per_s: float

    def on_start(self) -> None:
        self.number = next(numbers)

    def pieces(self, job: dict[str, Any]) -> Iterator[bytes]:
        """Yield the sound of one answer as it comes. Raises OSError."""
        raise NotImplementedError

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        if not left:
            raise StopUser
        job, asked = left.popleft(), time.monotonic()
        answer: dict[str, Any] = {"caller": self.number, "asked": asked}
        try:
            answer |= asdict(listen(self.pieces(job), self.bytes_per_s, asked))
        except OSError as e:  # requests' errors are such
            answer["error"] = str(e)
        told.append(answer)
        if len(told) == len(LOAD["jobs"]):
            self.environment.runner.quit()


class Http(HttpUser, Caller):  # type: ignore[misc]
    """Over HTTP, as 16-bit samples."""

    bytes_per_s = 2 * SAMPLE_RATE

    def pieces(self, job: dict[str, Any]) -> Iterator[bytes]:
        with self.client.post("/v1/audio/speech", json=job, stream=True, catch_response=True) as response:
            response.raise_for_status()
            yield from response.iter_content(None)


class Socket(Caller):
    """As f5-tts's socket server has it: a text there, 32-bit samples back, END."""

    bytes_per_s = 4 * SAMPLE_RATE

    def pieces(self, job: dict[str, Any]) -> Iterator[bytes]:
        host, _, port = self.host.removeprefix("tcp://").partition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(job["input"].encode())
            size, held = 0, b""
            # Samples have four bytes: three more are the end, even if a sample's bytes look like it.
            while not (held == END and size % 4 == len(END)):
                data = connection.recv(65_536)
                if not data:
                    raise ConnectionError("the server broke off")
                size += len(data)
                held += data
                if sound := held[: -len(END)]:
                    yield sound
                held = held[-len(END) :]


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def keep(**_: object) -> None:
    """Write what was heard."""
    Path(LOAD["to"]).write_text(json.dumps(told))
