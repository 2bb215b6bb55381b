"""A recording is fetched from the public web and nowhere else, and no server holds the worker for long."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import threading

import pytest

from voiceclone.errors import DownloadFailed
from voiceclone.voices.web import fetch_web

BODY = bytes(range(256)) * 20
LIMIT_S = 0.3
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGES = {
    "/clip": [WHOLE],
    "/moved": [REDIRECT % b"/clip?signature=hidden"],
    "/round": [REDIRECT % b"/round"],
    "/inside": [REDIRECT % b"http://169.254.169.254/latest"],
    "/file": [REDIRECT % b"file:///etc/passwd"],
    "/missing": [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    "/busy": [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"],
    "/short": [WHOLE[:-1]],
    "/zipped": [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"],
    "/no-http": [b"SSH-2.0-OpenSSH\r\n"],
    "/huge-head": [b"HTTP/1.1 200 OK\r\n", b"X-Padding: " + b"x" * 1_000_000],
    # Without an end, as slowly as the server likes.
    "/drips-status": itertools.chain([b"HTTP/1.1 200 "], itertools.repeat(b"O")),
    "/drips-headers": itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-A: b\r\n")),
    "/drips-body": itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x")),
    "/drips-extension": itertools.chain([CHUNKED, b"5;"], itertools.repeat(b"x")),
    "/drips-trailers": itertools.chain([CHUNKED, b"1\r\na\r\n0\r\n"], itertools.repeat(b"X-A: b\r\n")),
    "/continues": itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "/silent": [],
}


class Server(socketserver.ThreadingTCPServer):
    """Sends what PAGES holds for a path, piece by piece, and hears whether anyone still listens."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)
        self.over = threading.Event()
        self.asked = []


class Page(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(path)
        pieces = PAGES[path.partition("?")[0]]
        endless = not isinstance(pieces, list) or not pieces
        with contextlib.suppress(OSError):
            for piece in pieces if not endless or pieces else ():
                self.wfile.write(piece)
                if endless and self.server.over.wait(0.01):
                    return
        if not pieces:
            self.server.over.wait()


@pytest.fixture
def web(monkeypatch, no_waits):
    """A server on loopback, which the SDK's switch makes as good as public."""
    monkeypatch.setenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/clip", "/moved"])
def test_a_body_is_fetched_also_behind_a_redirect(web, path):
    assert fetch_web(web.url + path, 1_000_000) == BODY


@pytest.mark.parametrize(
    ("path", "said", "tries"),
    [
        ("/missing?signature=hidden", "answered 404: check the link's life", 1),
        ("/busy?signature=hidden", "answered 503: try again later", 3),
        ("/short?signature=hidden", "could not be fetched", 3),
        ("/no-http?signature=hidden", "could not be fetched", 3),
        ("/huge-head?signature=hidden", "could not be fetched", 3),
        ("/zipped?signature=hidden", "comes compressed", 1),
        ("/file?signature=hidden", "redirects in vain", 1),
        ("/round?signature=hidden", "redirects in vain", 6),
        ("/clip?signature=hidden", "larger than 0 MB", 1),
    ],
)
def test_what_cannot_be_had_is_told_without_the_address(web, path, said, tries):
    """What may pass is asked for three times, all else once."""
    with pytest.raises(DownloadFailed, match=said) as caught:
        fetch_web(web.url + path, 5_000 if said.startswith("larger") else 1_000_000)
    assert "hidden" not in str(caught.value)
    assert len(web.asked) == tries


@pytest.mark.parametrize("path", [path for path, pieces in PAGES.items() if not isinstance(pieces, list) or not pieces])
def test_a_server_that_drips_or_is_silent_does_not_hold_the_worker(web, path):
    with pytest.raises(DownloadFailed, match="took longer than"):
        fetch_web(web.url + path, 1_000_000, LIMIT_S)


def test_many_addresses_that_lead_nowhere_share_one_deadline(web, monkeypatch):
    """A listener whose queue is full answers no further connection."""
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("0.0.0.0", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(8):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{i}", port)) for i in range(1, 61)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with pytest.raises(DownloadFailed, match="took longer"):
            fetch_web(f"http://many.example:{port}/clip", 1000, LIMIT_S)


def test_an_address_that_refuses_leaves_its_turn_to_the_next(web, monkeypatch):
    port = web.server_address[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.9", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert fetch_web(f"http://two.example:{port}/clip", 1_000_000) == BODY


def test_a_resolver_that_does_not_answer_shares_the_deadline(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait())
    with pytest.raises(DownloadFailed, match="took longer"):
        fetch_web("https://slow.example/clip", 1000, LIMIT_S)
    over.set()


def test_a_redirect_to_a_machines_own_secrets_is_refused(web):
    """Whatever the switch allows."""
    with pytest.raises(DownloadFailed, match="is not public"):
        fetch_web(f"{web.url}/inside", 1000)


@pytest.mark.parametrize("url", ["https://", "https://[::1", "https://a b/", "https://x:99999999/", "gopher://a/"])
def test_an_address_that_cannot_be_read_is_a_failed_download(url):
    with pytest.raises(DownloadFailed, match="ref_audio"):
        fetch_web(url, 1000)
