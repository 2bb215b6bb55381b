"""A stand-in for the hub: a real HTTP server on loopback that answers as the hub does, and misbehaves on request.

Speaks what huggingface_hub asks for when it downloads a file: HEAD and GET of /<repo>/resolve/<revision>/<file>, with
large files redirected to a signed address on another host. Large files of a repository on Xet get Xet's headers too, so
that the client fetches them as it does from the public hub; the store behind them is Xet's own, in a directory.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Fault = Literal["cut", "wrong", "hold"]
"""Half of the body and then nothing; as many bytes, but not the right ones; half of the body until `release`."""

LARGE = (".safetensors", ".pt", ".bin")


@dataclass
class Repo:
    commit: str
    """What "main" stands for."""
    files: dict[str, bytes] = field(default_factory=dict)
    moves_to: list[str] = field(default_factory=list)
    """What "main" stands for after each question about it; older commits stay."""
    xet: dict[str, str] = field(default_factory=dict)
    """Xet's hashes of the large files that are kept in its store."""

    def resolve(self, revision: str) -> str | None:
        if revision != "main":
            return revision if revision in {self.commit, *self._past} else None
        commit = self.commit
        if self.moves_to:
            self._past.add(commit)
            self.commit = self.moves_to.pop(0)
        return commit

    def __post_init__(self) -> None:
        self._past: set[str] = set()


class FakeHub:
    """`with FakeHub() as hub:` serves until the block ends."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.refusals: dict[str, tuple[int, str | None]] = {}
        """Status and error code for every question about a repository."""
        self.token: str | None = None
        """Any other one is refused, whatever is asked for."""
        self.busy: deque[int] = deque()
        """Statuses for the questions to come, with the word to ask again at once."""
        self._directory = tempfile.TemporaryDirectory()
        self.xet_store = f"local://{self._directory.name}"
        """Where the client is sent for what is kept in Xet's store."""
        self.cdn: str | None = None
        """Where it is sent for large files; None: here."""
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        """By file name, for the GETs to come."""
        self.requests: list[tuple[str, str]] = []
        """Method and file name, or path, of every request."""
        self.revisions: set[str] = set()
        """Every revision that was asked for."""
        self.release = threading.Event()
        self._changed = threading.Condition()
        hub = self

        class Handler(_Handler):
            fake = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> FakeHub:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._directory.cleanup()

    def keep_on_xet(self) -> None:
        """Keep every large file in Xet's store, as the public hub does."""
        from hf_xet import XetSession

        path = Path(self._directory.name) / "upload"
        for repo in self.repos.values():
            for name in [name for name in repo.files if name.endswith(LARGE)]:
                path.write_bytes(repo.files[name])
                with XetSession().new_upload_commit(endpoint=f"local://{self._directory.name}") as commit:
                    upload = commit.start_upload_file(str(path))
                repo.xet[name] = upload.result().xet_info.hash

    def count(self, method: str, name: str) -> int:
        return self.requests.count((method, name))

    def note(self, method: str, name: str) -> None:
        with self._changed:
            self.requests.append((method, name))
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until the requests so far meet a condition."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout=30), self.requests


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeHub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        if path.startswith("cdn/"):
            self._send_body(path.removeprefix("cdn/"))
            return
        if path == "xet-read-token":
            self.fake.note(self.command, path)
            store = self.fake.xet_store
            expires = {"X-Xet-Access-Token": "secret-token", "X-Xet-Token-Expiration": str(int(time.time()) + 3600)}
            self._send(200, {"X-Xet-Cas-Url": store, **expires}, b"")
            return
        repo_id, _, rest = path.partition("/resolve/")
        revision, _, file = rest.partition("/")
        self.fake.note(self.command, file or path)
        self.fake.revisions.add(revision)
        repo = self.fake.repos.get(repo_id)
        status, code = self.fake.refusals.get(repo_id, (200, None))
        if self.fake.busy:
            self._send(self.fake.busy.popleft(), {"Retry-After": "0"}, b"")
        elif self.fake.token and self.headers.get("Authorization") not in {None, f"Bearer {self.fake.token}"}:
            self._send(401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b"")
        elif status != 200:
            self._refuse(status, code)
        elif repo is None:
            self._refuse(401, "RepoNotFound")
        elif (commit := repo.resolve(revision)) is None:
            self._refuse(404, "RevisionNotFound")
        elif file not in repo.files:
            self._refuse(404, "EntryNotFound")
        else:
            self._serve(repo_id, commit, file)

    def _serve(self, repo_id: str, commit: str, file: str) -> None:
        data = self.fake.repos[repo_id].files[file]
        if not file.endswith(LARGE):
            etag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            self._send(200, {"X-Repo-Commit": commit, "ETag": f'"{etag}"'}, data)
            return
        etag = hashlib.sha256(data).hexdigest()
        headers = {
            "X-Repo-Commit": commit,
            "X-Linked-Etag": f'"{etag}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"{self.fake.cdn or f'http://localhost:{self.fake.port}'}/cdn/{repo_id}/{file}?Signature=secret",
        }
        if xet_hash := self.fake.repos[repo_id].xet.get(file):
            headers["X-Xet-Hash"] = xet_hash
            headers["Link"] = f'<{self.fake.url}/xet-read-token>; rel="xet-auth"'
        self._send(302, headers, b"")

    def _send_body(self, path: str) -> None:
        repo_id = "/".join(path.split("/")[:2])
        file = path.removeprefix(f"{repo_id}/")
        self.fake.note(self.command, file)
        data = self.fake.repos[repo_id].files[file]
        faults = self.fake.faults[file]
        fault = faults.popleft() if faults else None
        if fault == "wrong":
            data = bytes(byte ^ 255 for byte in data)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._send(206 if start else 200, headers, data[start:], fault)

    def _refuse(self, status: int, code: str | None) -> None:
        self._send(status, {"X-Error-Code": code} if code else {}, b"")

    def _send(self, status: int, headers: dict[str, str], body: bytes, fault: Fault | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        half = len(body) // 2
        try:
            self.wfile.write(body[:half])
            if fault == "cut":
                self.close_connection = True
                return
            if fault == "hold":
                self.fake.note("HELD", "")
                self.fake.release.wait()
            self.wfile.write(body[half:])
        except ConnectionError:  # the other side was killed
            self.close_connection = True

    def log_message(self, *_message: object) -> None: ...
