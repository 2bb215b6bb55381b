"""A client that sends bytes as they are, and reads what comes as HTTP."""

from __future__ import annotations

import http.client
import io
import json
import socket
from contextlib import contextmanager, suppress


class Raw:
    """One connection."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self._file = Unclosed(socket.SocketIO(self.socket, "r"))

    def makefile(self, *_):
        """As http.client asks for it: what is read ahead is kept for the next answer."""
        return self._file

    def send(self, data):
        """Send what the server takes: it may have refused before the end."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def answer(self, method="GET"):
        """Return the next answer's status, headers and body; None where there is none."""
        answer = http.client.HTTPResponse(self, method=method)
        try:
            answer.begin()
            return answer.status, answer.headers, answer.read()
        except (http.client.BadStatusLine, ConnectionError):
            return None

    def ended(self):
        """Wait until the server closes the connection; return what still came."""
        try:
            return self._file.read()
        except ConnectionError:
            return b""

    def is_ended(self):
        """Wait for the socket's time, and tell whether the server has closed the connection meanwhile."""
        try:
            return not self.socket.recv(1)
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()
        self._file.really_close()


class Unclosed(io.BufferedReader):
    def close(self):
        pass

    def really_close(self):
        super().close()


@contextmanager
def raw(port, **how):
    client = Raw(port, **how)
    try:
        yield client
    finally:
        client.close()


def assert_in_dialect(body):
    """An error of the caller's, as OpenAI's clients read it."""
    error = json.loads(body)["error"]
    assert {*error} - {"details"} == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["code"]
    return error


def request(method, path, body=b"", headers=(), version="1.1"):
    """Return a request; a length is told where `headers` tell none."""
    named = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/{version}"]
    lines += [] if "host" in named else ["Host: x"]
    lines += [] if named & {"content-length", "transfer-encoding"} else [f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1" if path.isascii() else "utf-8") + b"\r\n\r\n" + body
