"""Good, bad and hung-up requests, mixed, for as long as one likes: the server stays what it was.

With `--times 60 --log-cli-level INFO` it takes a minute or two, and tells what memory it had.
"""

from __future__ import annotations

import collections
import ctypes
import gc
import logging
import random
from concurrent.futures import ThreadPoolExecutor

import http_fuzzing
import httpx2
import psutil
import pytest
from endpoint_server import until
from http_callers import SAY, WAYS, Caller
from test_malformed import answers

log = logging.getLogger(__name__)

CALLERS = 8
WARM_UP, REQUESTS = 60, 60
GROWTH_MB = 40
JOB = {"voice": "example-en", "nfe_step": 1, "delivery": "local"}


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # of a form's part without an end, by Starlette
def test_after_a_mixed_load_the_server_is_as_before(served, caplog, times):
    """The same threads and descriptors, hardly more memory, and not one answer of 500."""
    caplog.set_level("ERROR")  # it keeps all that is logged
    caplog.set_level("INFO", __name__)
    process = psutil.Process()
    outcomes: collections.Counter[object] = collections.Counter()

    def ask(number):
        draw = random.Random(number)
        kind = draw.random()
        if kind < 0.6:
            statuses = [status for status, _, _ in answers(served.server.port, http_fuzzing.malformed(draw))]
        elif kind < 0.7:
            caller = Caller(served, draw.choice(WAYS))
            if draw.random() < 0.5:
                caller.hear()
            caller.hang_up()
            statuses = ["hung up"]
        else:
            text = f"Number {number % 50}."
            if draw.random() < 0.5:
                form = draw.choice(("mp3", "pcm", "wav", "opus"))
                path, body = "/v1/audio/speech", {**SAY, "input": text, "response_format": form}
            else:
                # Results that are kept count for nothing here: they are small.
                path, body = "/runsync", {"input": {**JOB, "text": text}}
            statuses = [httpx2.post(f"{served.url}{path}", json=body, timeout=100).status_code]
        outcomes.update(statuses)

    def load(numbers):
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(ask, numbers))
        until(lambda: not served.server.site.admission.taken)

    def memory():
        """In bytes, without what is free and only kept."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return process.memory_info().rss

    def held():
        return process.num_fds(), process.num_threads()

    warm_up = WARM_UP * min(times, 5)  # of the first requests more stays than of the later ones
    load(range(warm_up))
    held_before, memory_before = held(), memory()
    for part in range(times):
        load(range(warm_up + part * REQUESTS, warm_up + (part + 1) * REQUESTS))
        log.info("%d requests: %.0f MB, %s", (part + 1) * REQUESTS, memory() / 1e6, held())
    # Some of those that came last may still be let go.
    until(lambda: all(now <= before + CALLERS for now, before in zip(held(), held_before, strict=True)))
    assert memory() - memory_before < GROWTH_MB * 1e6
    assert outcomes[200] > outcomes.total() / 20
    assert not [status for status in outcomes if isinstance(status, int) and status >= 500]
