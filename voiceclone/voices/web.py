"""A recording behind a public URL.

Knows nothing of what it holds. A host is resolved once, each of its addresses must be public, and the connection goes
to that very address: a name that changes between the two, and redirects, lead nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from functools import partial
from http import HTTPStatus

import httpx2

from voiceclone.addresses import inside_allowed, may_lead_to
from voiceclone.background import in_background
from voiceclone.errors import DownloadFailed
from voiceclone.http import BUSY, retry_context
from voiceclone.types import MB

log = logging.getLogger(__name__)

FETCH_DEADLINE_S = 60.0
STALL_S, CONNECT_S = 20.0, 5.0
"""Longest wait for the next bytes, and for a connection to one address."""
TRIES = 3
MAX_REDIRECTS = 5
REFUSED = "ref_audio: its host cannot be found, is not public, or redirects in vain"
REDIRECTS = {301, 302, 303, 307, 308}


class _MayPass(Exception):
    """A failure that may be over the next time."""


def fetch_web(url: str, max_bytes: int, limit_s: float = FETCH_DEADLINE_S) -> bytes:
    """Return the body behind a public URL.

    A server that is busy or breaks off is asked again, after a wait that doubles. Whatever a server or a resolver does,
    all of it is over after `limit_s` seconds.

    Raises:
        DownloadFailed: with the reason and the cure, never with more of the URL than its host: the rest may be signed.
    """
    # In a thread of its own: the SDK calls the handler out of a running event loop.
    return in_background("fetch", lambda: asyncio.run(_fetch(url, max_bytes, limit_s))).result()


async def _fetch(url: str, max_bytes: int, limit_s: float) -> bytes:
    try:
        async with asyncio.timeout(limit_s):
            async for attempt in retry_context(_may_pass, attempts=TRIES, timeout=None, wait_initial=0.5):
                with attempt:
                    return await _follow(url, max_bytes)
    except TimeoutError:
        raise DownloadFailed(f"ref_audio took longer than {limit_s:g} s: link to a faster server") from None
    except _MayPass as e:
        raise DownloadFailed(str(e)) from e.__cause__
    raise AssertionError("the last attempt returns or raises")


def _may_pass(error: Exception) -> bool:
    if passes := isinstance(error, _MayPass):
        log.info("a reference was not fetched: %s", error)
    return passes


async def _follow(url: str, max_bytes: int) -> bytes:
    """Return the body to which the URL leads, by way of its redirects."""
    try:
        place = httpx2.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            body = await _visit(place, max_bytes)
            if isinstance(body, bytes):
                return body
            place = place.join(body)
    except (httpx2.InvalidURL, UnicodeError, ValueError) as e:
        raise DownloadFailed(f"ref_audio is an address that cannot be read ({type(e).__name__}): check the link") from e
    except (httpx2.HTTPError, OSError) as e:
        raise _MayPass(f"ref_audio could not be fetched ({type(e).__name__}): check the link, or send base64") from e
    raise DownloadFailed(REFUSED)


async def _visit(place: httpx2.URL, max_bytes: int) -> bytes | str:
    """Return the body, or where the server sends us."""
    addresses = await _addresses(place)
    # The answer must not be compressed: what it grows to is not known before.
    headers = {"Host": place.netloc.decode(), "Accept-Encoding": "identity", "User-Agent": "voiceclone"}
    timeout = httpx2.Timeout(STALL_S, connect=CONNECT_S)
    async with httpx2.AsyncClient(trust_env=False, timeout=timeout, headers=headers) as client:
        for address in addresses:
            request = client.build_request(
                "GET", place.copy_with(host=address), extensions={"sni_hostname": place.raw_host.decode()}
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
                continue
            return await _read(response, max_bytes)
    raise DownloadFailed(REFUSED)


async def _read(response: httpx2.Response, max_bytes: int) -> bytes | str:
    status, headers = response.status_code, response.headers
    if status in REDIRECTS and "Location" in headers:
        return headers["Location"]
    if status in BUSY:
        raise _MayPass(f"the server of ref_audio answered {status}: try again later")
    if status != HTTPStatus.OK:
        raise DownloadFailed(f"the server of ref_audio answered {status}: check the link's life")
    if (coding := headers.get("Content-Encoding", "identity").strip().lower()) not in {"", "identity"}:
        raise DownloadFailed(f"ref_audio comes compressed ({coding[:20]!r}): have its server send the file as it is")
    body = bytearray()
    async for block in response.aiter_raw():
        body += block
        if len(body) > max_bytes:
            raise DownloadFailed(f"ref_audio is larger than {max_bytes // MB} MB: link to a shorter clip")
    return bytes(body)


async def _addresses(place: httpx2.URL) -> list[str]:
    """Return the IP addresses of a URL's host. Raises DownloadFailed unless each is public."""
    if place.scheme not in {"http", "https"} or not place.host:
        raise DownloadFailed(REFUSED)
    port = place.port or (443 if place.scheme == "https" else 80)
    look_up = partial(socket.getaddrinfo, place.raw_host.decode(), port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.wrap_future(in_background("resolve", look_up))
    except (socket.gaierror, UnicodeError) as e:
        raise DownloadFailed(REFUSED) from e
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not all(may_lead_to(address, inside_allowed(os.environ)) for address in addresses):
        log.info("refused to fetch a reference: %s is not public", place.host)
        raise DownloadFailed(REFUSED)
    return addresses
