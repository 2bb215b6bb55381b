"""Whatever is sent, the answer is an error in the dialect, and the next caller is served."""

from __future__ import annotations

import http.client
import json
import random
import socket

import http_fuzzing
import pytest

REQUESTS = 2_000


def answers(port, sent):
    """Statuses and bodies of all answers, till there is none."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(60)
        try:
            s.sendall(sent.data)
            if sent.ends:
                s.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # it has been refused already
        for _ in range(sent.answers):
            answer = http.client.HTTPResponse(s, method=sent.method)
            try:
                answer.begin()
                body = answer.read()
            except (http.client.BadStatusLine, ConnectionError):
                return
            yield answer.status, answer.headers, body


def assert_in_dialect(body):
    error = json.loads(body)["error"]
    assert {*error} - {"details"} == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert "Traceback" not in error["message"]


def test_thousands_of_malformed_requests_are_each_refused_in_the_dialect(served, http, caplog, times):
    for seed in range(REQUESTS * times):
        sent = http_fuzzing.malformed(random.Random(seed))
        got = list(answers(served.server.port, sent))
        assert got or sent.ends, (seed, sent)
        for status, headers, body in got:
            assert 400 <= status < 500 or status in sent.may_be, (seed, sent.data[:300], status, body[:300], caplog.text[-2000:])
            if sent.is_dialect and status >= 400 and sent.method != "HEAD":
                assert headers["content-type"] == "application/json", (seed, sent.data[:300], body)
                assert_in_dialect(body)
        assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"], (seed, sent.data[:300], caplog.text[-3000:])
        if seed % 100 == 0:
            assert http.get("/v1/models").status_code == 200
    spoken = http.post("/v1/audio/speech", json={"input": "Hello.", "voice": "example-en", "nfe_step": 1})
    assert spoken.status_code == 200
