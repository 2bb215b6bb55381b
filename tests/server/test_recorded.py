"""What other clients send, and what each of them needs to get.

Those of Pipecat, LiveKit and wyoming_openai are recorded; `scripts/world` plays speech through the real Pipecat and
LiveKit every week. Those of the others are as their sources have them.
"""

from __future__ import annotations

import base64
import io
import json

import av
import pytest

TEXT = "Hello there."
BEARER = {"authorization": "Bearer any"}
JSON = {"content-type": "application/json"}


def openai_python(version, read_timeout, **more):
    """The headers of OpenAI's client in Python, which many are built on."""
    return {
        "accept": "application/octet-stream",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
        **BEARER,
        **JSON,
        "user-agent": f"AsyncOpenAI/Python {version}",
        "x-stainless-lang": "python",
        "x-stainless-package-version": version,
        "x-stainless-os": "Linux",
        "x-stainless-arch": "x64",
        "x-stainless-runtime": "CPython",
        "x-stainless-runtime-version": "3.11.7",
        "x-stainless-async": "async:asyncio",
        "x-stainless-raw-response": "stream",
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": str(read_timeout),
        **more,
    }


PIPECAT = openai_python("3.57.0", 600)
LIVEKIT = openai_python("3.57.0", 30)
WYOMING = openai_python("3.22.1", 600, **{"user-agent": "CustomAsyncOpenAI/Python 3.22.1"})
HTTPX = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "python-httpx2/2.16.2"}
AIOHTTP = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "Python/3.12 aiohttp/3.12.15"}
HOME_ASSISTANT = {**AIOHTTP, **BEARER, "user-agent": "HomeAssistant-OpenAI-TTS"}
NODE_FETCH = {"accept": "*/*", "accept-encoding": "gzip, deflate, br", "user-agent": "node-fetch"}

SPEECH = {
    "Pipecat 1.14.0": (
        PIPECAT,
        {"model": "gpt-4o-mini-tts", "input": TEXT, "voice": "alloy", "response_format": "pcm"},
        "audio/pcm",
    ),
    "LiveKit 1.8.9": (
        LIVEKIT,
        {
            "model": "gpt-4o-mini-tts", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1.0,
            "stream_format": "sse",
        },
        "text/event-stream",
    ),
    "LiveKit 1.8.9 with tts-1": (
        LIVEKIT,
        {
            "model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "mp3", "speed": 1.0,
            "stream_format": "audio",
        },
        "audio/mpeg",
    ),
    "wyoming_openai 0.8.0": (
        WYOMING,
        {"input": TEXT, "model": "tts-1", "voice": "example-en", "response_format": "wav"},
        "audio/wav",
    ),
    "openai_tts 3.10": (
        {**HOME_ASSISTANT, **JSON},
        {"model": "tts-1", "input": TEXT, "voice": "example-en", "response_format": "mp3"},
        "audio/mpeg",
    ),
    "Open WebUI": (
        {**AIOHTTP, **BEARER, **JSON},
        {"input": TEXT, "voice": "example-en", "model": "tts-1"},
        "audio/mpeg",
    ),
    "SillyTavern": (
        {**NODE_FETCH, **BEARER, **JSON},
        {"input": TEXT, "response_format": "mp3", "voice": "example-en", "speed": 1, "model": "tts-1"},
        "audio/mpeg",
    ),
}  # fmt: skip
LISTS = [
    ("LiveKit 1.8.9 opens a connection", "/v1/", openai_python("3.57.0", 5.0, accept="application/json")),
    ("Home Generative Agent", "/v1/models", BEARER),
    ("Open WebUI", "/v1/audio/models", AIOHTTP),
]
VOICES = {"wyoming_openai 0.8.0": HTTPX, "openai_tts 3.10": HOME_ASSISTANT, "Open WebUI": AIOHTTP}
"""By whom voices are asked for; the first and the last send no key with that."""


def is_pcm(sound):
    return len(sound) % 2 == 0 and not sound.startswith((b"RIFF", b"ID3"))


def is_mp3(sound):
    with av.open(io.BytesIO(sound), format="mp3") as file:
        return file.streams.audio[0].rate == 24_000 and sum(frame.samples for frame in file.decode(audio=0)) > 10_000


def is_wav_of_unknown_length(sound):
    """Both sizes say so: wyoming_openai reads as much as they tell."""
    unknown = b"\xff" * 4
    return sound[:4] == b"RIFF" and sound[4:8] == unknown and sound.partition(b"data")[2][:4] == unknown


def is_mp3_in_events(sound):
    """As LiveKit takes them apart."""
    events = [json.loads(line[6:]) for line in sound.decode().splitlines() if line.startswith("data: ")]
    told = [base64.b64decode(event["audio"]) for event in events if event["type"] == "speech.audio.delta"]
    return is_mp3(b"".join(told)) and events[-1]["usage"]["output_tokens"] > 0


PLAYS = {
    "audio/pcm": is_pcm,
    "audio/mpeg": is_mp3,
    "audio/wav": is_wav_of_unknown_length,
    "text/event-stream": is_mp3_in_events,
}


@pytest.mark.parametrize("client", SPEECH)
def test_each_client_gets_sound_that_it_can_play(http, client):
    headers, body, media_type = SPEECH[client]
    quick = {**body, "nfe_step": 1}  # all else is as they send it
    answer = http.post("/v1/audio/speech", headers=headers, content=json.dumps(quick))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    assert PLAYS[media_type](answer.content)


@pytest.mark.parametrize(("path", "headers"), [each[1:] for each in LISTS], ids=[each[0] for each in LISTS])
def test_each_client_finds_what_it_asks_for(http, path, headers):
    assert http.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("client", VOICES)
def test_each_client_finds_the_voices_with_names_to_show(http, client):
    answer = http.get("/v1/audio/voices", headers=VOICES[client])
    assert answer.headers["content-type"] == "application/json"
    names = {voice["id"]: voice["name"] for voice in answer.json()["voices"]}
    assert names["example-en"] == "example-en"
    assert "alloy" in names


def test_no_client_takes_it_for_another_server(http):
    """wyoming_openai knows LocalAI, Kokoro and Speaches by these."""
    assert [http.get(path, headers=HTTPX).status_code for path in ("/v1/readyz", "/v1/test")] == [404, 404]
    assert http.get("/health", headers=HTTPX).text != "OK"
