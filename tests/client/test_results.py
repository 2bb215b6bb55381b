"""A link of a reply leads to no address where no result may lie, whoever names, resolves or redirects it."""

from __future__ import annotations

import errno
import socket

import pytest
import urllib3
from endpoint_server import EndpointServer

from voiceclone.client import results
from voiceclone.client.endpoint import Endpoint
from voiceclone.client.errors import JobFailed

SWITCH = {"RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS": "true"}
INSIDE = ["127.0.0.1", "10.0.0.1", "100.64.0.1", "::1", "fd00::1", "64:ff9b::7f00:1"]
NOBODYS = ["169.254.169.254", "::ffff:169.254.169.254", "168.63.129.16", "fe80::1%1", "0.0.0.0", "64:ff9b::a9fe:a9fe"]


@pytest.fixture
def server():
    with EndpointServer() as served:
        served.link = served.serve_file("a.wav", b"RIFF")
        yield served


@pytest.fixture
def connects(monkeypatch):
    """The addresses to which a connection was tried: beside 127.0.0.1 none leads anywhere."""
    tried = []
    real = urllib3.util.connection.create_connection

    def create(address, *more, **named):
        tried.append(address[0])
        if address[0] != "127.0.0.1":
            raise OSError(errno.EHOSTUNREACH, "no route")
        return real(address, *more, **named)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create)
    return tried


@pytest.fixture
def names(monkeypatch):
    """What the names under .example resolve to, one after the other and the last for good; call it with lists."""
    real = socket.getaddrinfo
    answers = []

    def resolve(host, port, *more, **named):
        if not host.endswith(".example"):
            return real(host, port, *more, **named)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return lambda *lists: answers.extend(lists)


@pytest.mark.parametrize("address", [*INSIDE, *NOBODYS])
def test_a_name_of_which_one_address_may_not_be_is_not_connected_to(connects, names, address):
    """The cure is told where there is one."""
    names(["1.1.1.1", address])
    with pytest.raises(JobFailed, match="is not public: look at who answers") as caught:
        results.download("http://store.example/a.wav", inside=address in NOBODYS)
    assert (next(iter(SWITCH)) in str(caught.value)) == (address in INSIDE)
    assert not connects


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "169.254.43518", "0251.0376.43518", "[::ffff:a9fe:a9fe]"])
@pytest.mark.parametrize("redirected", [False, True])
def test_no_way_to_write_an_address_leads_there_nor_does_a_redirect(server, connects, host, redirected):
    link = f"http://{host}/latest/meta-data"

    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", link)
        handler.end_headers()

    server.faults.append(("files", redirect))
    with pytest.raises(JobFailed, match="is not public"):
        results.download(server.link if redirected else link, inside=True)
    assert connects == ["127.0.0.1"] * redirected


def test_a_name_that_changes_behind_the_look_at_it_leads_nowhere_else(server, connects, names):
    """And an address that does not answer leaves its turn to the next."""
    names(["1.1.1.1", "127.0.0.1"], ["169.254.169.254"])
    assert results.download(server.link.replace("127.0.0.1", "store.example"), inside=True) == b"RIFF"
    assert connects == ["1.1.1.1", "127.0.0.1"]


@pytest.mark.parametrize(
    ("met", "store", "environ", "comes"),
    [
        (["127.0.0.1"], "127.0.0.1", {}, True),
        (["127.0.0.1"], "169.254.169.254", {}, False),
        (["1.1.1.1", "127.0.0.1"], "127.0.0.1", {}, False),
        (["1.1.1.1", "127.0.0.1"], "127.0.0.1", SWITCH, True),
        (["1.1.1.1", "127.0.0.1"], "169.254.169.254", SWITCH, False),
    ],
)
def test_only_an_endpoint_of_this_network_leads_into_it(server, connects, names, met, store, environ, comes):
    """An endpoint that was ever met at a public address is of the internet, whatever its name says later."""
    names(met, ["127.0.0.1"])
    base = f"{server.base}/v2".replace("127.0.0.1", "endpoint.example")
    endpoint = Endpoint.from_env({**server.environ, "RUNPOD_ENDPOINT_BASE_URL": base, **environ})
    endpoint.health()
    reply = {"audio_url": server.link.replace("127.0.0.1", store)}
    if comes:
        assert endpoint.result(reply).audio == b"RIFF"
    else:
        with pytest.raises(JobFailed, match="not public"):
            endpoint.result(reply)
    assert {*connects} <= {*met}
