"""A voice is found by name or made of a recording; what cannot be a reference is refused with the cure."""

from __future__ import annotations

import contextlib
import http.server
import threading
from dataclasses import replace

import numpy as np
import pytest

from voiceclone.audio import encode
from voiceclone.errors import BadAudio, DownloadFailed, InvalidInput, VoiceNotFound
from voiceclone.request import BucketSource, HttpsSource, InlineSource
from voiceclone.settings import Settings
from voiceclone.types import Waveform
from voiceclone.voices import Voices, fetch_https

RNG = np.random.default_rng(0)
CLIP = encode(Waveform(RNG.normal(0, 0.1, 72_000).astype(np.float32), 24_000), "wav")
TRANSCRIPT = "Three seconds of something. "


class OneObject:
    """A bucket with a single object."""

    bucket = "mine"

    def put(self, key, data, content_type, expires_in_s):
        raise NotImplementedError

    def get(self, key, max_bytes):
        if key != "voices/me.wav":
            raise DownloadFailed("no such object")
        return CLIP


@pytest.fixture
def voices():
    return Voices(Settings(), OneObject())


@pytest.mark.parametrize(
    ("name", "duration_s", "starts"), [("example-en", 5.3, "Some call me"), ("example-zh", 6.8, "对")]
)
def test_the_examples_of_f5_tts_are_built_in(voices, name, duration_s, starts):
    voice = voices.named(name)
    assert voice.waveform.sample_rate == 24_000
    assert voice.waveform.duration_s == pytest.approx(duration_s, abs=0.3)
    assert voice.text.startswith(starts)
    assert voice.name == name


def test_an_unknown_voice_lists_the_known_ones(voices):
    with pytest.raises(VoiceNotFound, match="example-en, example-zh"):
        voices.named("nobody")


def test_a_recording_in_the_job_or_in_the_bucket_becomes_a_voice(voices):
    inline = voices.recorded(InlineSource(CLIP), TRANSCRIPT)
    assert inline.waveform.duration_s == pytest.approx(3)
    assert (inline.text, inline.name) == (TRANSCRIPT, None)
    stored = voices.recorded(BucketSource("mine", "voices/me.wav"), TRANSCRIPT)
    assert np.array_equal(stored.waveform.samples, inline.waveform.samples)


def test_another_bucket_is_never_read(voices):
    for other in (voices, Voices(Settings(), None)):
        with pytest.raises(DownloadFailed, match="no way to the bucket theirs"):
            other.recorded(BucketSource("theirs", "voices/me.wav"), TRANSCRIPT)
    with pytest.raises(DownloadFailed, match="no such object"):
        voices.recorded(BucketSource("mine", "other.wav"), TRANSCRIPT)


def sound(duration_s, level=0.1):
    return encode(Waveform(RNG.normal(0, level, int(duration_s * 24_000)).astype(np.float32), 24_000), "wav")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "not a sound file"),
        (sound(0.5), "0.50 s long"),
        (sound(13), "longer than 12 s"),
        (sound(3, level=0), "silent"),
    ],
)
def test_a_recording_that_cannot_serve_is_refused(voices, data, message):
    with pytest.raises(BadAudio, match=message):
        voices.recorded(InlineSource(data), TRANSCRIPT)


def test_a_transcript_that_cannot_belong_to_the_recording_is_refused(voices):
    with pytest.raises(InvalidInput, match="ref_text: cannot be what is said"):
        voices.recorded(InlineSource(sound(10)), "a. ")
    with pytest.raises(InvalidInput, match="ref_text: cannot be what is said"):
        voices.recorded(InlineSource(CLIP), "far too many words for this " * 20)


@pytest.fixture
def web():
    """A web server on loopback: a clip, a missing page and a redirect."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/drip":
                return self.drip()
            status = {"/clip.wav": 200, "/moved": 302}.get(self.path, 404)
            self.send_response(status)
            self.send_header("Location", "/clip.wav")
            self.send_header("Content-Length", str(len(CLIP) if status == 200 else 0))
            self.end_headers()
            if status == 200:
                self.wfile.write(CLIP)

        def drip(self):
            """A byte at a time, for as long as anyone listens."""
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                while not gone.wait(0.01):
                    self.wfile.write(b"x")

        def log_message(self, *_):
            pass

    gone = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        gone.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "[::1]", "[fd00::1]", "0.0.0.0"]
)
def test_addresses_inside_the_network_are_never_fetched(voices, host):
    with pytest.raises(DownloadFailed, match="is not public"):
        voices.recorded(HttpsSource(f"https://{host}/secret?token=1"), TRANSCRIPT)


def test_a_public_clip_is_fetched_and_limits_hold(web, monkeypatch):
    """Loopback stands in for the public web, through the SDK's own switch."""
    monkeypatch.setenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
    assert fetch_https(f"{web}/clip.wav", 1_000_000) == CLIP
    assert fetch_https(f"{web}/moved", 1_000_000) == CLIP
    with pytest.raises(DownloadFailed, match="larger than"):
        fetch_https(f"{web}/clip.wav", 1000)
    with pytest.raises(DownloadFailed, match="answered 404") as caught:
        fetch_https(f"{web}/missing?signature=secret", 1000)
    assert "secret" not in str(caught.value)


def test_a_server_that_drips_does_not_hold_the_worker(web, monkeypatch):
    monkeypatch.setenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
    monkeypatch.setattr("voiceclone.voices.FETCH_DEADLINE_S", 0.2)
    with pytest.raises(DownloadFailed, match="took longer"):
        fetch_https(f"{web}/drip", 1_000_000)


def test_a_host_that_cannot_be_found_is_a_failed_download():
    with pytest.raises(DownloadFailed, match="cannot be found"):
        fetch_https("https://no-such-host.invalid/clip.wav", 1000)


def test_a_server_that_is_not_there_is_a_failed_download(monkeypatch):
    monkeypatch.setenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
    with pytest.raises(DownloadFailed, match="could not be fetched") as caught:
        fetch_https("https://127.0.0.1:9/clip.wav?signature=secret", 1000)
    assert "secret" not in str(caught.value)


def test_the_longest_reference_is_a_setting():
    voices = Voices(replace(Settings(), max_reference_s=2), None)
    with pytest.raises(BadAudio, match="longer than 2 s"):
        voices.recorded(InlineSource(CLIP), TRANSCRIPT)
