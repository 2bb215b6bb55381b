"""The process: open before the models are there, told apart from one that cannot speak, and ended well."""

from __future__ import annotations

import threading

import httpx2
import pytest
from http_server import Served

from voiceclone.errors import ModelUnavailable


def test_the_port_answers_while_the_models_are_loaded(http_settings, build_http):
    """204 keeps the platform waiting; requests are told to come again."""
    loaded = threading.Event()

    def build():
        loaded.wait()
        return build_http()

    with Served(http_settings, build) as served:
        assert httpx2.get(f"{served.url}/ping").status_code == 204
        early = httpx2.get(f"{served.url}/v1/models")
        assert early.status_code == 503
        assert early.headers["retry-after"]
        assert early.json()["error"]["code"] == "loading"
        assert httpx2.get(f"{served.url}/health").json()["workers"]["initializing"] == 1
        loaded.set()
        served.server.site.ready.wait()
        assert httpx2.get(f"{served.url}/ping").status_code == 200


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModelUnavailable("there is no volume at /runpod-volume"), "there is no volume"),
        (ValueError("S3_BUCKET is set, its keys are not"), "S3_BUCKET"),
        (ZeroDivisionError("oops"), "ZeroDivisionError"),
    ],
)
def test_a_process_that_cannot_speak_ends_and_says_why(http_settings, error, told):
    def build():
        raise error

    with Served(http_settings, build) as served:
        assert told in served.wait()


def test_on_the_platform_ping_tells_the_reason_before_the_process_ends(http_settings):
    """503 with the reason; a while later it ends."""
    settings = http_settings.model_copy(update={"on_platform": True, "host": "127.0.0.1"})

    def build():
        raise ModelUnavailable("there is no volume at /runpod-volume")

    with Served(settings, build) as served:
        served.server.site.failed.wait()
        answer = httpx2.get(f"{served.url}/ping")
        assert answer.status_code == 503
        assert answer.json()["reason"] == "there is no volume at /runpod-volume"
        assert httpx2.post(f"{served.url}/v1/audio/speech", json={"input": "Hi"}).status_code == 503


def test_what_runs_is_finished_when_the_process_is_to_end(http_settings, build_http):
    with Served(http_settings, build_http) as served:
        served.server.site.ready.wait()
        body = {
            "input": "One two three four five. " * 8,
            "voice": "example-en",
            "nfe_step": 1,
            "response_format": "pcm",
        }
        with httpx2.stream("POST", f"{served.url}/v1/audio/speech", json=body, timeout=60) as answer:
            parts = answer.iter_raw()
            first = next(parts)
            served.server.stop()
            assert len(first) + sum(map(len, parts)) > 100_000
    assert served.reason is None


def test_metrics_tell_what_was_asked_and_how_soon_it_was_heard(http, checkpoint):
    http.post("/v1/audio/speech", json={"input": "Hello.", "voice": "example-en", "nfe_step": 1})
    http.post("/v1/audio/speech", json={"input": "Hello.", "voice": "nobody"})
    http.get("/v1/audio/voices")
    http.post("/runsync", json={"input": {"action": ["x"]}})
    answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    page = answer.text
    assert 'voiceclone_requests_total{action="synthesize",outcome="completed"}' in page
    assert 'voiceclone_requests_total{action="synthesize",outcome="voice_not_found"}' in page
    assert 'voiceclone_requests_total{action="list_voices",outcome="completed"}' in page
    assert 'voiceclone_requests_total{action="unknown",outcome="invalid_input"}' in page
    assert "voiceclone_first_audio_seconds_count" in page
    assert "voiceclone_audio_seconds_total" in page
    assert "voiceclone_batch_frames_count" in page
    assert "voiceclone_requests_waiting" in page
    assert f'name="{checkpoint.name}"' in page
