"""Who may ask, and how much they may send."""

from __future__ import annotations

import socket
from contextlib import nullcontext

import httpx2
import pytest
from http_server import Served
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from voiceclone.settings import Settings

KEY = "a-key-of-öne's-own"


@pytest.fixture(scope="module")
def locked(http_settings, build_http):
    """A server with a key, and a page that may call it."""
    settings = http_settings.model_copy(
        update={"api_key": SecretStr(KEY), "host": "127.0.0.1", "cors_origins": ("https://page.example",)}
    )
    with Served(settings, build_http) as served:
        served.server.site.ready.wait()
        yield served


@pytest.mark.parametrize("path", ["/v1/models", "/v1/audio/voices", "/health", "/metrics", "/status/x", "/nothing"])
@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", KEY, "Bearer ü"]
)
def test_without_the_key_nothing_is_told(locked, path, given):
    headers = {} if given is None else {"authorization": given.encode()}
    answer = httpx2.get(f"{locked.url}{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_with_the_key_all_is_open_and_whether_it_lives_is_no_secret(locked):
    assert httpx2.get(f"{locked.url}/v1/models", headers={"authorization": f"Bearer {KEY}".encode()}).status_code == 200
    assert httpx2.get(f"{locked.url}/ping").status_code == 200
    assert httpx2.get(f"{locked.url}/").status_code == 200


def test_a_page_of_an_allowed_origin_may_call_and_no_other(locked):
    for origin, allowed in (("https://page.example", "https://page.example"), ("https://other.example", None)):
        asked = {"origin": origin, "access-control-request-method": "POST"}
        answer = httpx2.options(f"{locked.url}/v1/audio/speech", headers=asked)
        assert answer.headers.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (None, True),
        ("http://{host}", True),
        ("https://page.example", True),
        ("https://other.example", False),
        ("http://127.0.0.1", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_without_a_key_pages_of_other_origins_may_not_ask(http_settings, build_http, origin, may):
    """A browser asks nobody before it sends a page's form, or opens its socket."""
    settings = http_settings.model_copy(update={"cors_origins": ("https://page.example",)})
    with Served(settings, build_http) as served:
        served.server.site.ready.wait()
        host = f"127.0.0.1:{served.server.port}"
        headers = {"origin": origin.format(host=host)} if origin else {}
        answer = httpx2.post(f"http://{host}/run", content=b"{}", headers={**headers, "content-type": "text/plain"})
        assert answer.json()["error"]["code"] == ("invalid_input" if may else "origin_not_allowed")
        refused = nullcontext() if may else pytest.raises(InvalidStatus, match="403")
        with refused, connect(f"ws://{host}/v1/audio/speech/stream", additional_headers=headers):
            pass


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({}, "127.0.0.1"),
        ({"API_KEY": "k"}, "0.0.0.0"),
        ({"ALLOW_ANONYMOUS": "true"}, "0.0.0.0"),
        ({"RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_POD_ID": "pod"}, "0.0.0.0"),
        ({"RUNPOD_ENDPOINT_ID": "ep"}, "127.0.0.1"),
        ({"API_KEY": "k", "HOST": "127.0.0.1"}, "127.0.0.1"),
    ],
)
def test_it_listens_beyond_this_machine_only_where_callers_are_known(environ, host):
    settings = Settings.from_env({"SERVE": "http", **environ})
    assert settings.addresses == [(host, 80 if settings.on_platform else 8000)]


def test_nobody_opens_it_to_all_by_mistake():
    with pytest.raises(ValueError, match="set API_KEY, or ALLOW_ANONYMOUS=true"):
        Settings.from_env({"SERVE": "http", "HOST": "0.0.0.0"}).addresses  # noqa: B018 - it raises


def test_a_body_over_the_bound_is_refused_before_it_is_read(served):
    address = served.server.port
    with socket.create_connection(("127.0.0.1", address)) as s:
        s.sendall(b"POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 30000001\r\n\r\n")
        assert s.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_pieces_is_refused_as_soon_as_it_is_too_large(served):
    piece = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.server.port)) as s:
        s.sendall(b"POST /run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(40):
                s.sendall(piece)
        except ConnectionError:
            pass
        answer = s.recv(1000)
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")
