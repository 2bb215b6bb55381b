"""POST /v1/audio/speech: sound that leaves while it is made."""

from __future__ import annotations

import base64
import io
import json
import threading

import httpx2
import numpy as np
import pytest
import soundfile
from http_server import Served

LONG = "One two three four five six seven. Eight nine ten, eleven twelve. " * 3
FEW = {"voice": "example-en", "nfe_step": 1, "seed": 7}


def events(answer):
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def error(answer):
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "media_type"),
    [
        (None, "audio/mpeg"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/opus"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
    ],
)
def test_every_format_of_the_dialect_is_sent(http, asked, media_type):
    form = {"response_format": asked} if asked else {}
    answer = http.post("/v1/audio/speech", json={"input": "Hello there.", **FEW, **form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-request-id"]
    assert answer.headers["x-seed"] == "7"
    assert len(answer.content) > 1000


def test_the_stream_is_the_whole_recording_sample_for_sample(http):
    """What is sent piece by piece is what the same takes make as one file."""
    sent = http.post("/v1/audio/speech", json={"input": LONG, "response_format": "pcm", **FEW}).content
    told = http.post("/v1/audio/speech", json={"input": LONG, "stream_format": "sse", **FEW})
    recipe = {**events(told)[-1]["speech"]["recipe"], "format": "pcm"}
    again = http.post("/runsync", json={"input": recipe}).json()["output"]
    assert sent == base64.b64decode(again["audio_base64"])


def test_events_carry_the_sound_its_words_and_what_is_told_of_it(http):
    wanted = {"input": LONG, "stream_format": "sse", "response_format": "wav", "timestamps": True, **FEW}
    answer = http.post("/v1/audio/speech", json=wanted)
    assert answer.headers["content-type"] == "text/event-stream"
    found = events(answer)
    kinds = [each["type"] for each in found]
    assert kinds[-1] == "speech.audio.done"
    sound = b"".join(base64.b64decode(each["audio"]) for each in found if each["type"] == "speech.audio.delta")
    speech = found[-1]["speech"]
    samples, _ = soundfile.read(io.BytesIO(sound))
    assert len(samples) == pytest.approx(speech["duration"] * 24_000, abs=2)
    words = [word for each in found if each["type"] == "speech.audio.words" for word in each["words"]]
    assert [word["word"] for word in words] == [word["word"] for word in speech["words"]] == LONG.split()
    usage = found[-1]["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]
    assert kinds.index("speech.audio.words") < len(kinds) - 3  # on the way


def test_the_first_sound_leaves_before_the_second_chunk_is_spoken(http_settings, make_http_worker):
    """Nobody waits for more than a clause."""
    heard = threading.Event()

    def build():
        return make_http_worker(lambda _batch: heard.wait())  # the engine does nothing more until then

    with Served(http_settings, build) as served:
        served.server.site.ready.wait()
        body = {"input": LONG, "response_format": "pcm", **FEW}
        with httpx2.stream("POST", f"{served.url}/v1/audio/speech", json=body, timeout=60) as answer:
            sound = answer.iter_raw()
            first = next(sound)
            heard.set()
            assert len(first) < sum(map(len, sound))


@pytest.mark.parametrize(
    ("body", "param", "told"),
    [
        ({"input": ""}, "input", "is missing"),
        ({"input": "Hi", "voice": "nobody"}, "voice", "example-en"),
        ({"input": "Hi", "speed": 9}, "speed", "must be less than or equal to 3"),
        ({"input": "Hi", "speed": "fast"}, "speed", "must be"),
        ({"input": "Hi", "response_format": "mp4"}, "response_format", "did you mean mp3"),
        ({"input": "Hi", "stream_format": "chunks"}, "stream_format", "audio, sse"),
        ({"input": "Hi", "model": "whisper-1"}, "model", "tts-1"),
        ({"input": "Hi", "loudness": -16}, "loudness", "needs the whole recording"),
        ({"input": "Hi", "loudness": 1}, "loudness", "needs the whole recording"),
        ({"input": "Hi", "subtitles": ["srt"]}, "subtitles", "/runsync"),
        ({"input": "Hi", "delivery": "s3"}, "delivery", "leave it out"),
        ({"input": "Hi", "timestamps": True}, "timestamps", "sse"),
        ({"input": "Hi", "text": "Hi"}, "text", "comes with input"),
        ({"input": "Hi", "voice": {"name": "x"}}, "voice", '{"id": name}'),
        ({"input": "Hi", "temprature": 1}, "temprature", "is not known"),
        ({"input": "Hi", "voice": None}, "voice", "is missing"),
    ],
)
def test_what_is_wrong_is_told_in_the_dialect_before_the_first_byte(http, body, param, told):
    answer = http.post("/v1/audio/speech", json={"voice": "example-en", **body})
    assert answer.status_code == 400
    assert error(answer)["param"] == param
    assert error(answer)["type"] == "invalid_request_error"
    assert told in error(answer)["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_told_so(http, body):
    answer = http.post("/v1/audio/speech", content=body)
    assert answer.status_code == 400
    assert "JSON" in error(answer)["message"]


def test_a_name_that_clients_insist_on_means_a_voice(http):
    for voice in ("alloy", {"id": "alloy"}):
        answer = http.post("/v1/audio/speech", json={**FEW, "input": "Hello.", "voice": voice})
        assert answer.status_code == 200
    refused = http.post("/v1/audio/speech", json={**FEW, "input": "Hello.", "voice": "nova"})
    assert refused.status_code == 400
    assert "example-en" in error(refused)["message"]


def test_a_voice_may_come_with_the_request(http):
    data = io.BytesIO()
    soundfile.write(data, np.random.default_rng(0).normal(0, 0.1, 48_000), 24_000, format="WAV")
    ref = "data:audio/wav;base64," + base64.b64encode(data.getvalue()).decode()
    body = {"input": "Hello.", "ref_audio": ref, "ref_text": "One two three.", "nfe_step": 1}
    assert http.post("/v1/audio/speech", json=body).status_code == 200


def test_what_has_no_effect_is_told(http):
    body = {**FEW, "input": "Hello.", "instructions": "whisper", "stream_format": "sse"}
    speech = events(http.post("/v1/audio/speech", json=body))[-1]["speech"]
    assert any("instructions" in warning for warning in speech["warnings"])
