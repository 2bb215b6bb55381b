"""A server with the small model, as one process has it; one for all tests of a file."""

from __future__ import annotations

import httpx2
import pytest
from conftest import make_delivery, make_voices
from http_server import Served

from voiceclone.jobs import Worker
from voiceclone.model import SharedEngine
from voiceclone.settings import Settings


@pytest.fixture(scope="module")
def http_settings(tmp_path_factory, random_model):
    """Of a server that anybody on this machine may ask, at any free port."""
    root = tmp_path_factory.mktemp("http")
    (root / "volume").mkdir()
    return Settings(
        volume=root / "volume",
        model=str(random_model),
        output_dir=root / "output",
        serve="http",
        port=0,
        voice_names={"alloy": "example-en"},
    )


@pytest.fixture(scope="module")
def http_worker(http_settings, checkpoint, engine, recogniser):
    shared = SharedEngine(engine)
    voices = make_voices(http_settings, recogniser)
    return Worker(http_settings, checkpoint, shared, recogniser, voices, make_delivery(http_settings))


@pytest.fixture(scope="module")
def served(http_settings, http_worker):
    with Served(http_settings, lambda: http_worker) as served:
        served.server.site.ready.wait()
        yield served


@pytest.fixture
def http(served):
    """A client that waits as long as it takes."""
    with httpx2.Client(base_url=served.url, timeout=60) as client:
        yield client
