"""A key as it goes with each request to the platform.

Knows no request and no platform.
"""

from __future__ import annotations

import requests
from requests.auth import AuthBase


class Bearer(AuthBase):
    """As an AuthBase it is not replaced by a .netrc's, and not sent on to another host."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
