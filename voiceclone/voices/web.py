"""A recording behind a public URL.

Knows nothing of what it holds. Addresses inside the network are refused by the SDK, redirects included.
"""

from __future__ import annotations

import logging
import random
import time

from voiceclone.errors import DownloadFailed
from voiceclone.http import BUSY
from voiceclone.types import MB

log = logging.getLogger(__name__)

FETCH_TIMEOUT_S = 20
FETCH_DEADLINE_S = 60
FETCH_BLOCK = 65_536
FIRST_WAIT_S = 1.0
TRIES = 3
"""Of what may go better the next time."""


class _MayPass(Exception):
    """A failure that may be over the next time; its cause is the error that is told else."""


def fetch_web(url: str, max_bytes: int) -> bytes:
    """The body behind a public URL; addresses inside the network are refused by the SDK, redirects included.

    A server that is busy or breaks off is asked again, after a random part of a wait that doubles.

    Raises DownloadFailed with the reason and the cure, never with the URL's query (it may be signed).
    """
    deadline = time.monotonic() + FETCH_DEADLINE_S
    failure = None
    for attempt in range(TRIES):
        if attempt:
            time.sleep(random.uniform(0, FIRST_WAIT_S * 2 ** (attempt - 1)))
        if time.monotonic() > deadline:
            break
        try:
            return _try_to_fetch(url, max_bytes, deadline)
        except _MayPass as e:
            log.info("a reference was not fetched: %s", e)
            failure = e
    raise DownloadFailed(str(failure)) from failure


def _try_to_fetch(url: str, max_bytes: int, deadline: float) -> bytes:
    import requests
    import urllib3
    from runpod.serverless.utils import rp_ssrf

    try:
        with rp_ssrf.safe_get(url, timeout=FETCH_TIMEOUT_S) as response:
            if response.status_code in BUSY:
                raise _MayPass(f"the server of ref_audio answered {response.status_code}: try again later")
            if not response.ok:
                raise DownloadFailed(f"the server of ref_audio answered {response.status_code}: check the link's life")
            body = bytearray()
            # As it arrives: waiting for whole blocks would wait for a server that sends a byte a second.
            while block := response.raw.read1(FETCH_BLOCK, decode_content=True):
                body += block
                if len(body) > max_bytes:
                    raise DownloadFailed(f"ref_audio is larger than {max_bytes // MB} MB: link to a shorter clip")
                if time.monotonic() > deadline:
                    raise DownloadFailed(f"ref_audio took longer than {FETCH_DEADLINE_S} s: link to a faster server")
            return bytes(body)
    except rp_ssrf.SSRFError as e:
        log.info("refused to fetch a reference: %s", e)
        raise DownloadFailed("ref_audio: its host cannot be found, is not public, or redirects in vain") from e
    except ValueError as e:
        raise DownloadFailed(f"ref_audio is an address that cannot be read ({type(e).__name__}): check the link") from e
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
        raise _MayPass(f"ref_audio could not be fetched ({type(e).__name__}): check the link, or send base64") from e
