"""Processes that serve, on this machine's loopback, and callers who ask them."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmark.process import SCRIPTS, Program, environment, read_answer

LOCUST = "locust==2.47.0"
"""In an environment of its own, which uv keeps: 38 packages that nothing else here needs."""
ENTRY = str(SCRIPTS.parent / "runpod-handler.py")
HOST = "127.0.0.1"
LOOK_S = 0.1
"""Who looks more often slows down what it looks at."""
MOST_S = 1800
"""Callers are sent away after so long."""


@dataclass(frozen=True)
class Started:
    """A server that takes requests."""

    url: str
    port_s: float
    """From the start of the process until its port was open."""
    ready_s: float
    """Until it could speak."""


@contextmanager
def http_server(environ: Mapping[str, str], *program: str) -> Iterator[Started]:
    """Start a worker over HTTP, and end it afterwards. `program`: what Python runs instead of the worker's entry."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *(program or [ENTRY])],
        env={**environment(Path(sys.executable)), **environ, "SERVE": "http", "PORT": str(port)},
        cwd=SCRIPTS,
    ) as process:
        try:
            port_s = until(process, start, lambda: can_connect(port))
            ready_s = until(process, start, lambda: status(url) == 200)
            yield Started(url, port_s, ready_s)
        finally:
            process.terminate()


def status(url: str) -> int | None:
    """Return what /ping says; None: nobody listens."""
    try:
        return requests.get(f"{url}/ping", timeout=60).status_code
    except requests.ConnectionError:
        return None


def queue_start(environ: Mapping[str, str]) -> float:
    """Return the seconds from the start of a worker of the platform's queue until it asks for a job."""
    asked = threading.Event()

    class Platform(http.server.BaseHTTPRequestHandler):
        """Has no job for anybody."""

        def do_GET(self) -> None:
            if "/job-take/" in self.path:
                asked.set()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((HOST, 0), Platform) as server, tempfile.TemporaryDirectory() as home:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://{HOST}:{server.server_port}"
        there = {
            "HOME": home,
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID",
            "RUNPOD_POD_ID": "pod",
            "RUNPOD_ENDPOINT_ID": "endpoint",
            "RUNPOD_AI_API_KEY": "key",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }
        start = time.monotonic()
        with subprocess.Popen(
            [sys.executable, ENTRY],
            env={**environment(Path(sys.executable)), **environ, **there},
            cwd=SCRIPTS,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                return until(process, start, asked.is_set)
            finally:
                os.killpg(process.pid, signal.SIGKILL)  # the SDK's own process that pings, too
                server.shutdown()


@contextmanager
def socket_server(program: Program) -> Iterator[tuple[str, dict[str, Any]]]:
    """Start f5-tts's socket server; gives its address and what it says of itself. Ended afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, program.start("socket", port=port, directory=directory) as process:
        try:
            about = read_answer(process)
            until(process, 0, lambda: can_connect(port))  # it is told ready just before
            yield f"tcp://{HOST}:{port}", about
        finally:
            process.kill()


def load(kind: str, url: str, callers: int, jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Let so many callers share the jobs; returns of each answer what its caller heard, or `error`.

    `kind`: how they ask, a class of locustfile.py.
    """
    with tempfile.TemporaryDirectory() as directory:
        heard = Path(directory) / "heard.json"
        people = [kind, "--headless", "--users", str(callers), "--spawn-rate", str(callers), "--host", url]
        quiet = ["--only-summary", "--loglevel", "WARNING", "--exit-code-on-error", "0", "--run-time", f"{MOST_S}s"]
        file = str(SCRIPTS / "benchmark/locustfile.py")
        done = subprocess.run(
            [uv(), "tool", "run", "--quiet", "--system-certs", "--from", LOCUST, "locust", "-f", file, *people, *quiet],
            env={
                **os.environ,
                "PYTHONPATH": str(SCRIPTS),
                "NO_PROXY": HOST,
                "BENCH_LOAD": json.dumps({"jobs": jobs, "to": str(heard)}),
            },
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if not heard.exists():
            raise RuntimeError(f"locust ended with {done.returncode}: {done.stderr[-2000:]}")
        answers: list[dict[str, Any]] = json.loads(heard.read_text())
    if len(answers) < len(jobs):
        raise RuntimeError(f"{len(answers)} of {len(jobs)} jobs were done within {MOST_S} s")
    return answers


def uv() -> str:
    """Return where uv is: beside this Python, or on the path. Raises FileNotFoundError."""
    beside = Path(sys.executable).with_name("uv")
    if found := str(beside) if beside.exists() else shutil.which("uv"):
        return found
    raise FileNotFoundError("uv is not there: it is one of requirements-dev.txt")


def batches(url: str) -> tuple[float, float]:
    """Return how many chunks a worker over HTTP has spoken, and in how many batches."""
    lines = [line.split() for line in requests.get(f"{url}/metrics", timeout=60).text.splitlines()]
    told = {line[0]: float(line[1]) for line in lines if line[0] != "#" and len(line) == 2}
    return told["voiceclone_batch_chunks_sum"], told["voiceclone_batch_chunks_count"]


def until(process: subprocess.Popen[Any], start: float, holds: Callable[[], bool]) -> float:
    """Wait until something holds; returns the seconds since `start`. Raises RuntimeError where the process ends."""
    while not holds():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        time.sleep(LOOK_S)
    return time.monotonic() - start


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def can_connect(port: int) -> bool:
    with closing(socket.socket()) as caller:
        return caller.connect_ex((HOST, port)) == 0
