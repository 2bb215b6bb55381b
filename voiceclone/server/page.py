"""The page that people hear it on: plain files beside this module, sent as they are.

Knows nothing of what they do. They hold nothing secret, so they need no key; what the page asks for does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).with_suffix("")
SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "content-security-policy": "; ".join(f"{kind} {source}" for kind, source in SOURCES.items()),
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",  # asked anew each time, and answered 304: a page fits its server
}


class Files(StaticFiles):
    """The page's style and modules, with what a browser may do with them."""

    def __init__(self) -> None:
        super().__init__(directory=FILES)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response


async def page(_request: Request) -> Response:
    """Send the page. Clients that warm up their connection ask for it too."""
    return FileResponse(FILES / "index.html", headers=HEADERS)
