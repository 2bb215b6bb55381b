"""What a server answers, read whole: no larger and no longer than it may be, wherever it lies, fails or leads on.

Knows nothing of what is asked.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Self, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import Retry

from voiceclone.background import in_background
from voiceclone.client.errors import NoWorker

T = TypeVar("T")
PIECE_BYTES = 1 << 16


def within(most_s: float, ask: Callable[[], T]) -> T:
    """Return what is asked for. Raises NoWorker if that takes longer, headers and further tries included.

    A socket's own limit is for each of its pieces, of which a server may send as many as it likes.
    """
    try:
        return in_background("ask", ask).result(most_s)
    except TimeoutError as e:
        raise NoWorker(f"the answer takes longer than {most_s:g} s: look at who answers, or at the network") from e


def body_of(answer: requests.Response, max_bytes: int) -> bytes:
    """Return the body of an answer that was asked for with `stream`; urllib3 compares with the promised length.

    Raises NoWorker where it is larger than `max_bytes`, and what requests raises.
    """
    found = bytearray()
    with answer:
        for piece in answer.iter_content(PIECE_BYTES):
            found += piece
            if len(found) > max_bytes:
                raise NoWorker(f"the answer is larger than {max_bytes / 1e6:g} MB: look at who answers")
    return bytes(found)


def session_with(retries: int, judge: Callable[[str], None], **how: Any) -> requests.Session:
    """Return a session that tries again and follows no redirect.

    Args:
        judge: raises where an IP address must not be connected to. Behind a proxy of the environment it is not asked:
            there the proxy connects, and decides.
        how: urllib3's Retry.
    """
    session = _Direct()
    patient = _Patient(retries, **how, redirect=0, retry_after_max=30, raise_on_status=False)
    for scheme in ("http://", "https://"):
        adapter = HTTPAdapter(pool_maxsize=64, max_retries=patient)
        adapter.poolmanager.pool_classes_by_scheme = _pools(judge)
        session.mount(scheme, adapter)
    return session


def _pools(judge: Callable[[str], None]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            _connect(self, super().connect, judge)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            self.server_hostname = self.server_hostname or self.host  # the certificate's, whatever the address
            _connect(self, super().connect, judge)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connect(connection: HTTPConnection, connect: Callable[[], None], judge: Callable[[str], None]) -> None:
    """Resolve the host once, and connect to one of the very addresses that were judged."""
    name = connection.host
    try:
        found = socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM)
    except socket.gaierror as e:
        raise NameResolutionError(name, connection, e) from e
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        judge(address)
    for address in addresses:
        connection.host = address
        try:
            return connect()
        except (NewConnectionError, ConnectTimeoutError):
            if address == addresses[-1]:
                raise
        finally:
            connection.host = name


class _Direct(requests.Session):
    """A session that would follow a redirect reads all of its body first, and without bounds."""

    def get_redirect_target(self, _resp: requests.Response) -> None:
        """None anywhere."""
        return None


class _Patient(Retry):
    """What is answered before another try is left unread, for it may never end."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *more: Any,
        **named: Any,
    ) -> Self:
        """Raises as urllib3's."""
        left = super().increment(method, url, response, *more, **named)
        if response is not None:
            response.close()
        return left
