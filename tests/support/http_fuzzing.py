"""What a server over HTTP may be sent that is wrong: whole requests as bytes, drawn from a `random.Random`.

Each is certainly wrong, so that its answer must be a 4xx; `Sent.may_be` names the others that a kind may get.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import fuzzing
from raw_http import request

ROUTES = [
    ("POST", "/v1/audio/speech"), ("POST", "/v1/audio/voices"), ("POST", "/run"), ("POST", "/runsync"),
    ("POST", "/cancel/nobody"), ("GET", "/status/nobody"), ("DELETE", "/v1/audio/voices/no-body"),
]  # fmt: skip
"""That change something, or look at something that is not there."""
WANTED_BY_GET = ["/", "/ping", "/metrics", "/v1/models", "/v1/audio/models", "/health", "/status/x"]
METHODS = ["PUT", "PATCH", "OPTIONS", "TRACE", "FOO", "post", "M-SEARCH", "x" * 200]
PATHS = [
    "//", "//v1/audio/speech", "/v1/audio/speech/", "/v1/models/", "/%00", "/..", "/../../etc/passwd", "/%2e%2e/x",
    "/.git/config", "/status", "/status/", "/status/%ff%fe", "/status/a%2fb", "/cancel", "/run/", "/RUN", "/pïng",
    "*", "nothing", "http://other.example/run", "/v1/audio/voices/%00", "/" + "a" * 8_000, "/?", "/;", "/%",
    "/v1/audio/speech/stream", "/v1/audio/speech%00", "/status/" + "%41" * 2_000, "/v1//models",
]  # fmt: skip
QUERIES = ["?wait=" + "9" * 5_000, "?wait=-1", "?wait=%d9%a3", "?wait=", "?" + "a=b&" * 2_000, "?%00", "?wait=1&wait=x"]
HEADERS = [
    ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-16"), ("Content-Type", "x" * 5_000),
    ("Content-Type", "multipart/form-data; boundary="), ("Content-Type", ";;;"), ("Accept", "nothing/at-all"),
    ("Expect", "100-continue"), ("Expect", "a-miracle"), ("Connection", "close"), ("Connection", "keep-alive, x"),
    ("Connection", "Upgrade"), ("Upgrade", "h2c"), ("TE", "trailers"), ("Cookie", "a=b; " * 1_000), ("Origin", "null"),
    ("X-Request-Id", "a b"), ("X-Request-Id", "x" * 4_000), ("X-Request-Id", "\xff"), ("Authorization", "Bearer \xfc"),
    ("Authorization", "Basic"), ("Content-Encoding", "gzip"), ("Range", "bytes=0-1"), ("X-Forwarded-For", "1.2.3.4"),
    ("Host", ""), ("Content-Length", "+5"), ("Content-Length", "-1"), ("Content-Length", "0x10"),
    ("Content-Length", "9" * 30), ("Content-Length", "1, 2"), ("Transfer-Encoding", "gzip"),
    ("Transfer-Encoding", "chunked, chunked"), ("Transfer-Encoding", "identity"),
    ("X-Odd", "a\x00b"), ("X-Odd", "a\rb"),
    ("X Odd", "b"), ("", "b"), ("X-Odd", "x" * 70_000),
]  # fmt: skip
"""Fine, odd and forbidden."""
GARBAGE = [
    b"\r\n\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n",
    b"GET /x HTTP/9.9\r\n\r\n", b"GET /x HTTP/2.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 70_000, b"SSH-2.0-x\r\n\r\n\r\n",
    b"GET / HTTP/1.1\nHost x\n\n", b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
]  # fmt: skip
BROKEN_JSON = [
    b"", b"{", b"}", b"[]", b"null", b"NaN", b'"text"', b"1e999", b'{"input": "Hi"', b"{'input': 'Hi'}", b"\xff\xfe{}",
    b"\xef\xbb\xbf{}", b'{"input": "\xff"}', b"[" * 50_000, b'{"a":' * 20_000, b'{"a":' + b"9" * 5_000 + b"}", b"\x00",
    b"input=Hi&voice=example-en", b'{"input": "Hi",}', b'{"a": 1}{"a": 1}', b"<xml/>",
]  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """What goes to the server."""

    data: bytes
    method: str
    answers: int = 1
    may_be: frozenset[int] = frozenset()
    """Statuses that are fine too."""
    ends: bool = False
    """Whether the client then closes its side: the request is not whole, and there may be no answer."""
    is_dialect: bool = True
    """Whether an error is told in OpenAI's form."""


def malformed(draw):
    """One request, or two in a row."""
    kinds = [
        speech,
        speech,
        job,
        broken_json,
        headers,
        headers,
        form,
        form,
        addressed,
        addressed,
        cut,
        garbage,
        twice,
        upgrade,
    ]
    return draw.choice(kinds)(draw)


def _json(data):
    return json.dumps(data).encode()


def speech(draw):
    """Fields of all kinds, one of which is surely wrong."""
    fields = fuzzing.spoiled(draw, fuzzing.valid(draw, "synthesize"))
    if draw.random() < 0.8 and "text" in fields:
        fields["input"] = fields.pop("text")
    for name in ("delivery", "loudness", "subtitles", "timestamps", "stream", "action"):  # else they hide the others
        if draw.random() < 0.9:
            fields.pop(name, None)
    for name in ("model", "stream_format", "response_format", "instructions"):
        if draw.random() < 0.1:
            fields[name] = fuzzing.odd(draw)
    if draw.random() < 0.9:
        fields["format"] = draw.choice(("wav", "mp3", "opus", "aac", "flac", "pcm"))
        fields.pop("response_format", None)
    fields["nfe_step"] = draw.choice((0, -1, 1e9, "x", [], {}, float("nan"), True, 10**400))
    return Sent(request("POST", "/v1/audio/speech", _json(fields)), "POST")


def job(draw):
    """A job that the worker refuses is an answer: its reply is an error, as on the platform."""
    body = draw.choice((fuzzing.odd(draw), {"input": {**fuzzing.job(draw), "nfe_step": 0}}, {"inputs": {}}))
    path = draw.choice(("/run", "/runsync", "/runsync" + draw.choice(QUERIES)))
    return Sent(request("POST", path, _json(body)), "POST", may_be=frozenset([200]))


def broken_json(draw):
    path = draw.choice(("/v1/audio/speech", "/run", "/runsync"))
    body = draw.choice((draw.choice(BROKEN_JSON), draw.randbytes(draw.randrange(2_000))))
    if draw.random() < 0.3:
        chunks = b"".join(b"%x\r\n%b\r\n" % (1, body[i : i + 1]) for i in range(min(len(body), 50)))
        return Sent(request("POST", path, chunks + b"0\r\n\r\n", [("Transfer-Encoding", "chunked")]), "POST")
    return Sent(request("POST", path, body, version=draw.choice(("1.1", "1.1", "1.0"))), "POST")


def headers(draw):
    """A request without a body's sense, under headers of all kinds."""
    method, path = draw.choice(ROUTES)
    chosen = [draw.choice(HEADERS) for _ in range(draw.choice((1, 1, 2, 3)))]
    if draw.random() < 0.1:
        chosen += [("X-Many", "x")] * 3_000
    body = b"" if any(name in ("Content-Length", "Transfer-Encoding") for name, _ in chosen) else b'{"a": 1}'
    return Sent(request(method, path, body, chosen), method)


def form(draw):
    """Uploads that are none."""
    edge = draw.choice((b"edge", b"edge", b"-" * 70, b""))
    part = b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n%b\r\n%b\r\n'
    names = (b"audio_sample", b"name", b"colour", b"", b"\xff", b"../a", b"a\x00b", b"n" * 9_000)
    extras = (b"", b'; filename="a.wav"', b'; filename=""', b'; filename="../../etc/passwd"', b"; filename*=utf-8''%ff")
    odd = (b"", b"Content-Type: audio/wav\r\n", b"X: " + b"x" * 9_000 + b"\r\n", b"X: x\r\n" * 500, b"no colon\r\n")
    parts = [
        part % (edge, draw.choice(names), draw.choice(extras), draw.choice(odd), draw.randbytes(draw.randrange(500)))
        for _ in range(draw.choice((0, 1, 2, 3, 40)))
    ]
    body = b"".join(parts) + draw.choice((b"--%b--\r\n" % edge, b"", b"--%b" % edge))
    told = f"multipart/form-data; boundary={edge.decode()}"
    kind = draw.choice(
        (
            told,
            told,
            told,
            "multipart/form-data",
            "multipart/mixed; boundary=edge",
            "multipart/form-data; boundary=" + "b" * 300,
            "application/x-www-form-urlencoded",
            "audio/wav",
        )
    )
    if kind.startswith("application"):
        body = draw.choice((b"name=a&ref_text=b", b"&" * 5_000, b"a=b&" * 5_000))
    return Sent(request("POST", "/v1/audio/voices", body, [("Content-Type", kind)]), "POST")


def addressed(draw):
    """Methods that an address does not have, and addresses that nobody has."""
    if draw.random() < 0.5:
        path = draw.choice([*WANTED_BY_GET, *(path for _, path in ROUTES)])
        method = draw.choice([*METHODS, *(("POST", "DELETE") if path in WANTED_BY_GET else ())])
    else:
        method, path = draw.choice(("GET", "POST", "HEAD", "CONNECT", "DELETE")), draw.choice(PATHS)
    alive = frozenset([200]) if path in ("/?",) and method in ("GET", "HEAD") else frozenset()
    return Sent(request(method, path + (draw.choice(QUERIES) if draw.random() < 0.2 else "")), method, may_be=alive)


def cut(draw):
    """A request that breaks off anywhere."""
    method, path = draw.choice(ROUTES)
    kind = [("Content-Type", "multipart/form-data; boundary=edge")] if path.endswith("voices") else []
    body = b'--edge\r\nContent-Disposition: form-data; name="audio_sample"; filename="a"\r\n\r\n' + b"x" * 3_000
    if draw.random() < 0.5:
        data = request(method, path, body, [*kind, ("Content-Length", "5000")])
    else:
        data = request(method, path, b"bb8\r\n" + body, [*kind, ("Transfer-Encoding", "chunked")])
    data = data[: draw.randrange(1, len(data))] + draw.choice((b"", b"", b"garbage\r\n" * 9))
    return Sent(data, method, ends=True)


def garbage(draw):
    """What is no HTTP at all."""
    if draw.random() < 0.7:
        return Sent(draw.choice(GARBAGE), "GET", ends=True)
    return Sent(draw.randbytes(draw.randrange(1, 3_000)) + b"\r\n\r\n", "GET", ends=True)


def twice(draw):
    """Two in a row, the second sent before the first is answered."""
    first, second = broken_json(draw), draw.choice((broken_json, speech))(draw)
    return Sent(first.data.replace(b"HTTP/1.0", b"HTTP/1.1") + second.data, "POST", answers=2)


def upgrade(draw):
    """WebSocket's handshake, wrong; those who read such an answer look at the status alone."""
    path = draw.choice(("/v1/audio/speech/stream", "/v1/audio/speech", "/", "/nothing", "/run"))
    chosen = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    good = path == "/v1/audio/speech/stream"
    if draw.random() < 0.5 or good:
        chosen += [
            ("Sec-WebSocket-Version", draw.choice(("13", "12", "x"))),
            ("Sec-WebSocket-Key", draw.choice(("x", "AAAA", ""))),
        ]
    else:
        chosen += [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    method = draw.choice(("GET", "GET", "POST"))
    return Sent(request(method, path, b"", chosen), method, is_dialect=False)
