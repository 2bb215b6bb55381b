"""What every request over HTTP here has in common: a key, and what is worth another try.

Knows no request and no server.
"""

from __future__ import annotations

import requests
import stamina
from requests.auth import AuthBase

stamina.instrumentation.set_on_retry_hooks([])  # its own log line quotes errors, and with them signed addresses
retry_context = stamina.retry_context

BUSY = {429, 500, 502, 503, 504}
"""Statuses of a server that may answer otherwise a little later."""


class Bearer(AuthBase):
    """A key that goes with each request. As an AuthBase it is not replaced by a .netrc's, nor sent to another host."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
