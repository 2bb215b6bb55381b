"""A stand-in for the platform's job API on loopback: hands out jobs, collects results and pings."""

from __future__ import annotations

import http.server
import json
import queue
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from forked import ROOT, Forked


class JobServer:
    """Serves the routes that the SDK calls; use as a context manager."""

    def __init__(self, jobs=()):
        self.jobs = queue.Queue()
        for job in jobs:
            self.jobs.put(job)
        self.results = queue.Queue()
        """(job id, what the worker posted)"""
        self.taken = queue.Queue()
        """(job id, the worker's RUNPOD_POD_ID)"""
        self.pings = queue.Queue()
        """Query of each ping."""
        self.refused = 0
        """So many results are answered with 500 before the next is taken."""
        self._closing = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environ(self, home: Path) -> dict[str, str]:
        """Variables that lead the SDK here."""
        base = f"http://127.0.0.1:{self._server.server_port}/v2/ep"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=x",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=x",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=x",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=x",
            "RUNPOD_PING_INTERVAL": "1000",
            "RUNPOD_AI_API_KEY": "key",
            "RUNPOD_POD_ID": "pod",
            "RUNPOD_ENDPOINT_ID": "ep",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
            "NO_PROXY": "127.0.0.1",
            "HOME": str(home),
        }

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = urlsplit(self.path)
                if "/ping/" in path.path:
                    server.pings.put(parse_qs(path.query))
                    self._answer(200, {})
                elif "/job-take/" in path.path:
                    self._answer(*self._next_job())
                else:  # job-stop: nothing to stop, asked again when this poll ends
                    server._closing.wait(5)
                    self._answer(204)

            def _next_job(self):
                while not server._closing.is_set():
                    try:
                        job = server.jobs.get(timeout=0.1)
                    except queue.Empty:
                        continue
                    server.taken.put((job["id"], urlsplit(self.path).path.rsplit("/", 1)[1]))
                    return 200, job
                return 204, None

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if "/job-done/" in self.path and server.refused:
                    server.refused -= 1
                    self._answer(500)
                    return
                if "/job-done/" in self.path:
                    server.results.put((urlsplit(self.path).path.rsplit("/", 1)[1], json.loads(body)))
                self._answer(200, {})

            def _answer(self, status, body=None):
                try:
                    self.send_response(status)
                    payload = b"" if body is None else json.dumps(body).encode()
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(payload)))
                    self.end_headers()
                    self.wfile.write(payload)
                except ConnectionError:
                    pass  # the worker has gone

            def log_message(self, *_):
                pass

        return Handler


def start_worker(places, server, *how, env=None):
    """A worker in a process of its own, which takes its jobs from the server. `how`: instead of its script."""
    command = how or [str(ROOT / "runpod-handler.py")]
    return Forked(places, *command, env={**server.environ(places[0] / "home"), **(env or {})})
