"""Whatever is sent, the answer is an error in the dialect, and the next caller is served."""

from __future__ import annotations

import random
import socket

import http_fuzzing
import pytest
from raw_http import assert_in_dialect, raw

REQUESTS = 1_000


def answers(port, sent):
    """All answers, until there is none."""
    with raw(port) as client:
        client.send(sent.data)
        if sent.ends:
            client.socket.shutdown(socket.SHUT_WR)
        for _ in range(sent.answers):
            if (answer := client.answer(sent.method)) is None:
                return
            yield answer


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # of a form's part without an end, by Starlette
def test_a_thousand_malformed_requests_are_each_refused_in_the_dialect(served, http, caplog, times):
    """What is no HTTP, too. Nothing of them is logged as an error, let alone with a traceback."""
    for seed in range(REQUESTS * times):
        sent = http_fuzzing.malformed(random.Random(seed))
        got = list(answers(served.server.port, sent))
        about = seed, sent.data[:300], got, caplog.text[-2_000:]
        assert got or sent.ends, about
        for status, headers, body in got:
            assert 400 <= status < 500 or status in sent.may_be, about
            if sent.is_dialect and status >= 400 and sent.method != "HEAD":
                assert headers["content-type"] == "application/json", about
                assert_in_dialect(body)
        assert not [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"], about
        caplog.clear()
        if seed % 100 == 0:
            assert http.get("/v1/models").status_code == 200
    spoken = http.post("/v1/audio/speech", json={"input": "Hello.", "voice": "example-en", "nfe_step": 1})
    assert spoken.status_code == 200
