"""What a server answers, read whole: no larger and no longer than it may be, however it fails or leads on.

Knows nothing of what is asked.
"""

from __future__ import annotations

import time
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.util import Retry

from voiceclone.client.errors import NoWorker

PIECE_BYTES = 1 << 16


def body_of(answer: requests.Response, max_bytes: int, most_s: float) -> bytes:
    """Return the body of an answer that was asked for with `stream`; urllib3 compares with the promised length.

    Raises NoWorker where it is larger than `max_bytes` or takes longer than `most_s` seconds; and what requests raises.
    """
    end_s = time.monotonic() + most_s
    found = bytearray()
    with answer:
        for piece in answer.iter_content(PIECE_BYTES):
            found += piece
            if len(found) > max_bytes:
                raise NoWorker(f"the answer is larger than {max_bytes / 1e6:g} MB: look at who answers")
            if time.monotonic() > end_s:
                raise NoWorker(f"the answer takes longer than {most_s:g} s: look at who answers, or at the network")
    return bytes(found)


def session_with(retries: int, **how: Any) -> requests.Session:
    """Return a session that tries again and follows no redirect: `how` is urllib3's Retry."""
    session = _Direct()
    patient = _Patient(retries, **how, redirect=0, retry_after_max=30, raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=64, max_retries=patient))
    return session


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
