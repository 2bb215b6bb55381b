"""Who sends slowly, reads nothing or says nothing holds neither the server nor anybody else's place."""

from __future__ import annotations

import http.client
import json
import struct

import httpx2
import pytest
from endpoint_server import until
from http_server import Served
from raw_http import assert_in_dialect, raw, request
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from voiceclone.server.limits import Limits

MOST = 20
HASTY = Limits(body_s=0.3, patience_s=0.3, connections=MOST, silence_s=0.3, body_bytes=100_000, bodies_bytes=250_000)
SESSION = "/v1/audio/speech/stream"
CONFIG = {"type": "session.config", "voice": "example-en", "nfe_step": 1, "response_format": "pcm"}
QUIET = {"input": "Hello. " + "[pause:60s] Hello. " * 4, "voice": "example-en", "nfe_step": 1, "response_format": "pcm"}
"""Megabytes that cost nothing: most of them are silence."""


@pytest.fixture(scope="module")
def hasty(http_settings, build_http):
    """A server without patience."""
    with Served(http_settings, build_http, HASTY) as served:
        served.server.site.ready.wait()
        yield served


def until_free(served):
    """Until no request has a place."""
    until(lambda: not served.server.site.admission.taken)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: 1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["nothing", "half a line", "half a head", "nothing more"],
)
def test_a_connection_that_asks_nothing_is_closed(hasty, sent):
    with raw(hasty.server.port) as client:
        client.send(sent)
        if sent.endswith(b"\r\n\r\n"):
            assert client.answer()[0] == 200
        assert client.ended() == b""


def test_headers_that_drip_are_not_waited_for(hasty):
    with raw(hasty.server.port) as client:
        client.send(b"GET / HTTP/1.1\r\n")
        client.socket.settimeout(0.05)
        while not client.is_ended():
            client.send(b"X-Drip: 1\r\n")


@pytest.mark.parametrize("head", [[("Content-Length", "90000")], [("Transfer-Encoding", "chunked")]])
def test_a_body_that_drips_is_refused_in_time(hasty, head, fault_table):
    with raw(hasty.server.port) as client:
        client.send(request("POST", "/run", b"5\r\n{", head))
        status, headers, body = client.answer()
        assert status == 408
        assert headers["connection"] == "close"
    told = assert_in_dialect(body)["message"].replace("0.3 s", "60 s")
    fault_table.row("Request is slow", "a body that is not there within 60 s", f"408 `{told}`")


@pytest.mark.parametrize(
    "headers", [[], [("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "chunked"), ("Content-Length", "5")]]
)
def test_a_body_that_is_too_large_is_refused_and_all_the_same_read(hasty, headers, fault_table):
    """Though a length is told that is no truth; what a client sends meanwhile is dropped, so that it hears of it."""
    body = b"x" * 2_000_000
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if headers else body
    with raw(hasty.server.port) as client:
        client.send(request("POST", "/run", body, headers))
        status, _, told = client.answer()
    assert status == 413
    message = assert_in_dialect(told)["message"].replace("0.1 MB", "30 MB")
    fault_table.row("Request is too large", "a body of more than 30 MB", f"413 `{message}`")


def test_large_bodies_are_not_all_taken_at_once(hasty):
    """Each may be as large as it is, but not all together."""
    clients = [raw(hasty.server.port) for _ in range(4)]
    opened = [client.__enter__() for client in clients]
    try:
        for client in opened:
            client.send(request("POST", "/run", b" " * 90_000, [("Content-Length", "95000")]))
        statuses = [client.answer()[0] for client in opened]
    finally:
        for client in clients:
            client.__exit__(None, None, None)
    assert 429 in statuses
    assert set(statuses) <= {408, 429}


def test_json_of_countless_parts_is_not_read(served):
    body = b'{"input": [' + b"[]," * 200_000 + b"[]]}"
    answer = httpx2.post(f"{served.url}/run", content=body)
    assert answer.status_code == 413
    assert_in_dialect(answer.content)


def test_of_too_many_connections_the_one_that_was_idle_longest_gives_way(served_few):
    """So that a new caller is served, however many say nothing."""
    opened = [raw(served_few.server.port) for _ in range(3 * MOST)]
    clients = [each.__enter__() for each in opened]
    try:
        last = clients[-1]
        last.send(request("GET", "/ping"))
        assert last.answer()[0] == 200
        assert clients[0].ended() == b""
        assert httpx2.get(f"{served_few.url}/ping").status_code == 200
    finally:
        for each in opened:
            each.__exit__(None, None, None)


@pytest.fixture(scope="module")
def served_few(http_settings, build_http):
    """A server with patience, for few connections."""
    with Served(http_settings, build_http, Limits(connections=MOST)) as served:
        served.server.site.ready.wait()
        yield served


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_who_does_not_read_loses_its_place(hasty, stream_format):
    body = json.dumps({**QUIET, "stream_format": stream_format}).encode()
    with raw(hasty.server.port, receive_buffer=4_096) as client:
        client.send(request("POST", "/v1/audio/speech", body))
        assert client.socket.recv(1)
        until_free(hasty)
    assert httpx2.get(f"{hasty.url}/health").json()["workers"]["idle"] == 1


def test_who_reads_slowly_gets_all(hasty):
    """As long as it goes on reading."""
    with raw(hasty.server.port, receive_buffer=65_536) as client:
        client.send(request("POST", "/v1/audio/speech", json.dumps(QUIET).encode(), [("Connection", "close")]))
        answer = http.client.HTTPResponse(client)
        answer.begin()
        size = 0
        while part := answer.read(50_000):
            size += len(part)
    assert size > 48_000 * 240


def test_who_does_not_read_a_session_loses_its_place(hasty):
    url = f"ws://127.0.0.1:{hasty.server.port}{SESSION}"
    with connect(url, max_queue=1, ping_interval=None) as session:
        session.send(json.dumps(CONFIG))
        session.send(json.dumps({"type": "input.text", "text": QUIET["input"] + " "}))
        session.send(json.dumps({"type": "input.done"}))
        session.recv()
        until_free(hasty)


def test_a_session_that_goes_on_is_not_taken_for_an_idle_connection(http_settings, build_http):
    limits = Limits(patience_s=0.1)
    with (
        Served(http_settings, build_http, limits) as served,
        connect(f"ws://127.0.0.1:{served.server.port}{SESSION}") as session,
    ):
        for _ in range(8):
            assert session.ping().wait(0.1) is not None
            served_pings = httpx2.get(f"{served.url}/ping").status_code
            assert served_pings in (200, 204)
        served.server.site.ready.wait()
        session.send(json.dumps(CONFIG))
        session.send(json.dumps({"type": "input.done"}))
        assert json.loads(session.recv())["type"] == "session.done"


def test_a_session_that_says_nothing_is_told_and_closed(hasty):
    with connect(f"ws://127.0.0.1:{hasty.server.port}{SESSION}") as session:
        assert json.loads(session.recv())["error"]["code"] == "too_slow"


def frame(opcode, data, fin=True):
    """One of a client's."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    return bytes([0x80 * fin | opcode]) + length + b"\0\0\0\0" + data


@pytest.fixture
def bare(served):
    """A session that nobody guards against sending nonsense."""
    with raw(served.server.port) as client:
        key = [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
        client.send(request("GET", SESSION, b"", [("Connection", "Upgrade"), ("Upgrade", "websocket"), *key]))
        assert client.answer()[0] == 101
        yield client


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(1, b"\xff\xfe")], 1007),
        ([frame(3, b"x")], 1002),
        ([frame(0, b"x")], 1002),
        ([frame(1, b"{", fin=False), frame(1, b"}")], 1002),
        ([frame(1, b"{", fin=False)] + [frame(0, b"", fin=False)] * 10_001, 1009),
        ([b"\x81\xff" + struct.pack("!Q", 2**40)], 1009),
        ([b"\xf1\x81\0\0\0\0x"], 1002),
        ([frame(9, b"x" * 125)] * 10 + [frame(8, b"")], 1000),
        ([frame(8, b"\x03")], 1002),
        ([b"\x01\x02no mask"], 1002),
        ([frame(2, b"\0" * 100)], 1008),
        ([frame(1, b'{"type": "session.config"}'), frame(1, b"[" * 60_000)], 1008),
        ([frame(1, json.dumps(CONFIG).encode()), frame(1, b'{"type":"input.text","text":"\\ud800 x. "}')], 1008),
    ],
)
def test_frames_that_make_no_sense_end_the_session(served, bare, caplog, frames, code):
    """With WebSocket's own code, and without a traceback."""
    bare.send(b"".join(frames))
    told = b""
    while struct.pack("!H", code) not in told and (part := bare.socket.recv(10_000)):
        told += part
    assert b"\x88" in told
    assert code == 1000 or struct.pack("!H", code) in told
    assert not [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"], caplog.text
    assert httpx2.get(f"{served.url}/ping").status_code == 200


def test_pings_of_somebody_who_does_not_read_are_answered_together(served):
    """Answers to each would pile up; without any he would think that the server is gone."""
    with raw(served.server.port, receive_buffer=4_096) as client:
        key = [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
        client.send(request("GET", SESSION, b"", [("Connection", "Upgrade"), ("Upgrade", "websocket"), *key]))
        client.socket.recv(10)
        pings = frame(9, b"x" * 125) * 40_000
        client.send(pings + frame(9, b"the last"))
        answers = b""
        while not answers.endswith(b"the last"):
            part = client.socket.recv(100_000)
            assert part, answers[-200:]
            answers += part
        assert len(answers) < len(pings) / 2


def test_text_that_comes_faster_than_it_is_spoken_is_refused(served):
    with connect(f"ws://127.0.0.1:{served.server.port}{SESSION}") as session:
        session.send(json.dumps({**CONFIG}))
        text = "word " * 12_000
        session.send(json.dumps({"type": "input.text", "text": text}))
        session.send(json.dumps({"type": "input.text", "text": text}))
        told = ""
        while "faster" not in told:
            message = session.recv()
            told = message if isinstance(message, str) else told
        with pytest.raises(ConnectionClosed):
            session.recv()
        assert session.close_code == 1008
