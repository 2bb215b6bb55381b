"""Models and voices, as clients ask for them."""

from __future__ import annotations

import pytest

from voiceclone import audio
from voiceclone.voices.builtin import BuiltIn


def recording():
    """A sound file and what is said in it."""
    voice = BuiltIn().named("example-en")
    return audio.encode(voice.waveform, "wav"), voice.transcript


def test_models_are_listed_with_the_names_that_clients_send(http, checkpoint):
    found = http.get("/v1/models").json()
    assert found["object"] == "list"
    names = [each["id"] for each in found["data"]]
    assert names == [checkpoint.name, "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert {each["object"] for each in found["data"]} == {"model"}
    assert http.get("/v1/audio/models").json() == {"models": [{"id": checkpoint.name}]}


def test_a_voice_is_uploaded_spoken_with_listed_and_deleted(http):
    data, text = recording()
    told = {"name": "anna", "consent": "Anna said yes", "ref_text": text}
    added = http.post("/v1/audio/voices", data=told, files={"audio_sample": ("a.wav", data, "audio/wav")})
    assert added.status_code == 200, added.text
    assert added.json()["id"] == "anna"
    assert added.json()["consent"]["text"] == "Anna said yes"
    assert added.json()["check_up"]["findings"]
    names = {each["id"] for each in http.get("/v1/audio/voices").json()["voices"]}
    assert {"anna", "example-en", "alloy"} <= names
    spoken = http.post("/v1/audio/speech", json={"input": "Hello.", "voice": "anna", "nfe_step": 1})
    assert spoken.status_code == 200
    again = http.post("/v1/audio/voices", data=told, files={"audio_sample": ("a.wav", data, "audio/wav")})
    assert again.status_code == 400
    assert "there already" in again.json()["error"]["message"]
    assert http.delete("/v1/audio/voices/anna").json() == {"id": "anna", "object": "voice", "deleted": True}
    assert http.delete("/v1/audio/voices/anna").status_code == 400


@pytest.mark.parametrize(
    ("data", "files", "param", "told"),
    [
        ({"name": "bob"}, {"ref_text": ""}, "audio_sample", "is missing"),
        ({}, {"audio_sample": b"x"}, "name", "is missing"),
        ({"name": "bob", "colour": "red"}, {"audio_sample": b"x"}, "colour", "is not known"),
        ({"name": "bob"}, {"other": b""}, "other", "is not known"),
        ({"name": "bob", "audio_sample": "bob.wav"}, {"language": ""}, "audio_sample", "must be a file"),
        ({}, {"name": b"bob"}, "name", "must be a text"),
        ({"name": "../bob"}, {"audio_sample": b"x"}, "name", "may hold letters"),
        ({"name": "bob"}, {"audio_sample": b"not a sound"}, "audio_sample", "not a sound file"),
    ],
)
def test_an_upload_that_cannot_be_a_voice_is_told_why(http, data, files, param, told):
    files = {name: (None, data) if data == "" else data for name, data in files.items()}
    answer = http.post("/v1/audio/voices", data=data, files=files)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert told in answer.json()["error"]["message"]
