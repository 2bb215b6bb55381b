"""A stand-in for the platform's endpoint API on loopback: queues jobs, tells where they are, cancels and forgets them.

Who works is the test's to say: a function, threads of which take the jobs, or real workers behind a `JobServer`.
"""

from __future__ import annotations

import http.server
import json
import queue
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from urllib.parse import unquote

KEY = "rpa_a-key-that-nobody-may-see"
OVER = ("COMPLETED", "FAILED", "CANCELLED")


class EndpointServer:
    """Serves /v2/ep; use as a context manager."""

    def __init__(self, answer=None, workers=1):
        """`answer(data, tell)` makes a job's output, `tell(progress)` on the way; None: nobody works by itself."""
        self.jobs = {}
        """By id: `id`, `input`, `status`, `output`, `error`, and who has it as `worker`."""
        self.submitted = []
        """The inputs, in order."""
        self.requests = Counter()
        """By the first step of the path."""
        self.faults = deque()
        """What becomes of the next requests, each (where, what): a status, what is answered instead, `reset`, `lost`
        where only the answer is, or a function of the request's handler that answers; `where` is the first step of
        the path."""
        self.files = {}
        """By name: what /files/NAME serves."""
        self.workers = dict.fromkeys(("initializing", "running", "throttled", "unhealthy"), 0) | {"idle": 1, "ready": 1}
        """What `health` tells."""
        self.promise = 0
        """Files claim to be so many bytes longer than they are."""
        self.tokens = set()
        """What came as Authorization, by the first step of the path."""
        self.answer = answer
        self._queue = queue.Queue()
        self._lock = threading.RLock()
        self._dead = set()
        self._closing = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._threads = [threading.Thread(target=self._server.serve_forever, args=(0.02,))]
        self._threads += [threading.Thread(target=self._work) for _ in range(workers if answer else 0)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def base(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environ(self):
        """Variables that lead a client here."""
        return {"RUNPOD_ENDPOINT_BASE_URL": f"{self.base}/v2", "RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_API_KEY": KEY}

    def serve_file(self, name, data):
        """Returns the file's address."""
        self.files[name] = data
        return f"{self.base}/files/{name}?X-Amz-Signature=a-signature-that-nobody-may-see"

    def between(self, server):
        """Hand jobs to the workers of a JobServer, and take their news; call once."""
        self._queue = server.jobs
        self._threads += [threading.Thread(target=run, args=(server,)) for run in (self._watch_taken, self._watch_news)]
        for thread in self._threads[-2:]:
            thread.start()

    def worker_died(self, worker):
        """What it was at goes to another; returns the ids."""
        with self._lock:
            self._dead.add(worker)
            lost = [job for job in self.jobs.values() if job["worker"] == worker and job["status"] not in OVER]
            for job in lost:
                job.update(status="IN_QUEUE", worker=None, output=None)
                self._queue.put({"id": job["id"], "input": job["input"]})
        return [job["id"] for job in lost]

    def forget(self):
        """As after half an hour."""
        with self._lock:
            self.jobs = {name: job for name, job in self.jobs.items() if job["status"] not in OVER}

    def news(self, job_id, **fields):
        """Change what is known of a job that is not over."""
        with self._lock:
            job = self.jobs.get(job_id)
            if job and job["status"] not in OVER:
                job.update(fields)

    def finish(self, job_id, output):
        """As the SDK posts a handler's reply."""
        output = dict(output)
        if error := output.pop("error", None):
            self.news(job_id, status="FAILED", error=error, output=output)
        else:
            self.news(job_id, status="COMPLETED", output=output)

    def _watch_taken(self, server):
        for job_id, worker in _each(server.taken, self._closing):
            self.news(job_id, status="IN_PROGRESS", worker=worker)
            if worker in self._dead:  # it was asking for a job when it died
                self.worker_died(worker)

    def _watch_news(self, server):
        for job_id, posted in _each(server.results, self._closing):
            if posted.get("status") == "IN_PROGRESS":
                self.news(job_id, output=posted["output"])
            else:
                self.finish(job_id, {**posted.get("output", {}), "error": posted.get("error")})

    def _work(self):
        for job in _each(self._queue, self._closing):
            self.news(job["id"], status="IN_PROGRESS")
            self.finish(
                job["id"], self.answer(job["input"], lambda progress, i=job["id"]: self.news(i, output=progress))
            )

    def _run(self, body):
        with self._lock:
            job_id = f"job-{len(self.submitted) + 1}-u1"
            self.submitted.append(body["input"])
            job = {"id": job_id, "input": body["input"]}
            self.jobs[job_id] = {**job, "status": "IN_QUEUE", "output": None, "error": None, "worker": None}
        self._queue.put(job)
        return 200, {"id": job_id, "status": "IN_QUEUE"}

    def _route(self, step, name, body):
        if step == "run":
            return self._run(body)
        if step == "health":
            jobs = dict.fromkeys(("completed", "failed", "inProgress", "retried"), 0)
            return 200, {"jobs": {**jobs, "inQueue": self._queue.qsize()}, "workers": self.workers}
        with self._lock:
            job = self.jobs.get(name)
            if job is None:
                return 404, {"title": "job not found"}
            if step == "cancel" and job["status"] not in OVER:
                job["status"] = "CANCELLED"
                with suppress(ValueError), self._queue.mutex:
                    self._queue.queue.remove({"id": name, "input": job["input"]})
            return 200, {k: v for k, v in job.items() if k not in ("input", "worker") and v is not None}

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer goes out as one packet, and nobody waits for the second

            def do_GET(self):
                self._serve(None)

            def do_POST(self):
                length = int(self.headers["Content-Length"] or 0)
                self._serve(json.loads(self.rfile.read(length) or "null"))

            def _serve(self, body):
                path = self.path.partition("?")[0].removeprefix("/v2/ep")
                _, step, *name = unquote(path).split("/", 2)
                server.requests[step] += 1
                server.tokens.add((step, self.headers["Authorization"]))
                fault = None
                if server.faults and server.faults[0][0] == step:
                    fault = server.faults.popleft()[1]
                if isinstance(fault, int):
                    self._send(fault, b"{}")
                elif isinstance(fault, bytes):
                    self._send(200, fault)
                elif callable(fault):
                    self.close_connection = True
                    with suppress(ConnectionError):
                        fault(self)
                elif fault == "reset":
                    self.close_connection = True
                elif step == "files":
                    data = server.files.get(name[0])
                    self._send(404 if data is None else 200, data or b"", server.promise)
                elif self.headers["Authorization"] != f"Bearer {KEY}":
                    self._send(401, b"{}")
                else:
                    status, answer = server._route(step, *(name or [""]), body)
                    if fault == "lost":
                        self.close_connection = True
                    else:
                        self._send(status, json.dumps(answer).encode())

            def _send(self, status, payload, promise=0):
                with suppress(ConnectionError):  # the client has gone
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(payload) + promise))
                    self.end_headers()
                    self.wfile.write(payload)
                    if promise:
                        self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler


def _each(source, closing):
    """What comes, until the server closes."""
    while not closing.is_set():
        with suppress(queue.Empty):
            yield source.get(timeout=0.05)


def until(condition, seconds=60):
    """Wait for what other processes do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        threading.Event().wait(0.02)
