"""What a server answers, read whole: no larger and no longer than it may be.

Knows nothing of what is in it.
"""

from __future__ import annotations

import time

import requests

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
