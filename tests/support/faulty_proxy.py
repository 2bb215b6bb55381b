"""A proxy between a worker and a real server on the loopback, which breaks what passes through as it is told.

Reached as the server itself (`url`), or as the proxy of HTTP and HTTPS addresses that lead nowhere else
(`environ`): then it shows which addresses are asked for, and answers for every host with a certificate that
`environ` makes known.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import trustme


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    url: str
    """As the client sees it: scheme, host and path, without the query."""
    headers: dict[str, str]
    body: bytes


class FaultyProxy:
    """Passes requests on to `upstream`; the faults are used up one a request. Use as a context manager."""

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream)
        self.faults = deque()
        """Functions that are given the handler, the request and `forward`; they answer in the server's place."""
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.01])
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.closing = threading.Event()
        self._authority = trustme.CA()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environ(self, directory):
        """Variables that send a client's requests here, whatever their host."""
        bundle = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(bundle))
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), self.url)
        return {**proxies, "NO_PROXY": "", "no_proxy": "", "AWS_CA_BUNDLE": str(bundle)}

    def forward(self, asked):
        """The server's answer to a request: status, headers and body."""
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=30)
        with contextlib.closing(connection):
            path = self.upstream.path + asked.headers[":path"]
            connection.putrequest(asked.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                if name.lower() not in {":path", "expect", "connection", "content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(asked.body)))
            connection.endheaders(asked.body)
            answer = connection.getresponse()
            headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in {"transfer-encoding", "connection"}]
            body = answer.read()
            if not any(name.lower() == "content-length" for name, _ in headers):
                headers.append(("Content-Length", str(len(body))))
            return answer.status, headers, body

    def _handler(proxy):  # noqa: N805 - the handler's own self is another
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            tunnel = ""

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                where = urlsplit(self.path)
                host = self.headers["Host"]
                scheme = "https" if self.tunnel else "http"
                path = where.path + (f"?{where.query}" if where.query else "")
                asked = Asked(
                    self.command, f"{scheme}://{host}{where.path}", {**dict(self.headers.items()), ":path": path}, body
                )
                proxy.requests.append(asked)
                fault = proxy.faults.popleft() if proxy.faults else passed_on
                with contextlib.suppress(ConnectionError):  # the client has gone
                    fault(proxy, self, asked)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = serve  # noqa: N815 - the server's names

            def do_CONNECT(self):
                self.send_response(200)
                self.end_headers()
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                proxy._authority.issue_cert(self.path.rpartition(":")[0]).configure_cert(context)
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.tunnel = self.path
                self.close_connection = False

            def finish(self):
                super().finish()
                self.connection.close()  # a tunnel's end is a socket of its own

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def reset(self):
                """Close without a word, as a machine that has just died."""
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def log_message(self, *_):
                pass

        return Handler


def passed_on(proxy, handler, asked):
    handler.answer(*proxy.forward(asked))


def refused(status, code):
    """S3's own kind of answer, with words that must not be passed on."""

    def fault(_, handler, asked):
        body = f"<Error><Code>{code}</Code><Message>{asked.headers.get('Authorization')}</Message></Error>".encode()
        handler.answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)

    return fault


def reset_in_the_request(_, handler, __):
    """The connection dies, and nothing of the request reaches the server."""
    handler.reset()


def reset_in_the_answer(proxy, handler, asked):
    """The server has done what it was asked; the connection dies in the middle of its answer."""
    status, headers, _ = proxy.forward(asked)
    handler.send_response(status)
    for name, value in headers[:1]:
        handler.send_header(name, value)
    handler.flush_headers()
    handler.reset()


def cut_short(proxy, handler, asked):
    """The answer's body ends before its announced length."""
    status, headers, body = proxy.forward(asked)
    handler.answer(status, headers, body[: len(body) // 2])
    handler.close_connection = True


def altered(proxy, handler, asked):
    """One bit of what is sent arrives as another."""
    body = bytes([asked.body[0] ^ 1]) + asked.body[1:] if asked.body else b""
    handler.answer(*proxy.forward(Asked(asked.method, asked.url, asked.headers, body)))


def swallowed(_, handler, __):
    """The server says that all is well, and keeps nothing."""
    handler.answer(200, [("Content-Length", "0")], b"")


def listing(contents):
    """A listing of one object, of which no more is told than this XML."""

    def fault(_, handler, __):
        body = f"<ListBucketResult><Contents>{contents}</Contents></ListBucketResult>".encode()
        handler.answer(200, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)

    return fault


def never_answered(proxy, handler, _):
    """Held until the client gives up or the proxy ends."""
    proxy.closing.wait(30)
    handler.close_connection = True


def of_another_region(status, code, *headers, region=""):
    """S3's answer to a request that was signed for the wrong region."""

    def fault(_, handler, asked):
        body = f"<Error><Code>{code}</Code>{region}</Error>".encode() if code else b""
        length = ("Content-Length", str(len(body)))
        handler.answer(status, [("Content-Type", "application/xml"), length, *headers], body)

    fault.told = bool(headers or region)
    return fault
