"""WS /v1/audio/speech/stream: text that is still being written is spoken sentence by sentence."""

from __future__ import annotations

import io
import itertools
import json

import pytest
import soundfile
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CONFIG = {"type": "session.config", "voice": "example-en", "nfe_step": 1, "seed": 3}


@pytest.fixture
def session(served):
    with connect(f"{served.url.replace('http', 'ws', 1)}/v1/audio/speech/stream") as websocket:
        yield websocket


def send(session, kind, **fields):
    session.send(json.dumps({"type": kind, **fields}))


def told(session):
    """Return the next message, and the sound before it."""
    sound = b""
    while isinstance(message := session.recv(), bytes):
        sound += message
    return json.loads(message), sound


def test_sentences_are_spoken_while_the_text_is_still_written(session):
    session.send(json.dumps(CONFIG))
    send(session, "input.text", text="Good mor")
    send(session, "input.text", text="ning, Dr. Smith. How are ")
    start, _ = told(session)
    assert start == {
        "type": "audio.start",
        "sentence_index": 0,
        "sentence_text": "Good morning, Dr. Smith.",
        "format": "wav",
        "sample_rate": 24_000,
    }
    done, sound = told(session)
    assert (done["type"], done["sentence_index"], done["total_bytes"]) == ("audio.done", 0, len(sound))
    assert len(soundfile.read(io.BytesIO(sound))[0]) > 10_000
    send(session, "input.text", text="you?")
    send(session, "input.done")
    start, _ = told(session)
    assert start["sentence_text"] == "How are you?"
    assert told(session)[0]["type"] == "audio.done"
    assert told(session)[0] == {"type": "session.done", "total_sentences": 2}


def test_a_text_without_an_end_is_spoken_in_parts(session):
    """However much of it comes at once."""
    session.send(json.dumps({**CONFIG, "speed": 3}))
    words = [
        "".join(letters) for letters in itertools.islice(itertools.product("aeiou", "lmn", "aeiou", "dst"), 220)
    ] * 2
    send(session, "input.text", text=" ".join(words))
    send(session, "input.done")
    said = []
    while (message := told(session)[0])["type"] != "session.done":
        said += [message["sentence_text"]] if message["type"] == "audio.start" else []
    assert " ".join(said).split() == words
    assert len(said) > 1
    assert max(map(len, said)) <= 2_000


def test_sentences_without_a_word_are_passed_over(session):
    """Those who write for eyes put lines of stars and smiles between their sentences."""
    session.send(json.dumps(CONFIG))
    for text in ("* * *\n", "\U0001f600. ", "Hello. "):
        send(session, "input.text", text=text)
    assert told(session)[0]["sentence_text"] == "Hello."
    assert told(session)[0]["type"] == "audio.done"
    send(session, "input.text", text="!?")
    send(session, "input.done")
    assert told(session)[0] == {"type": "session.done", "total_sentences": 1}


def test_who_interrupts_is_not_spoken_to_any_more(session):
    session.send(json.dumps(CONFIG))
    send(session, "input.text", text="One two three four five. " * 40)
    told(session)
    send(session, "session.close")
    assert sum(isinstance(message, bytes) for message in session) < 10
    assert session.close_code == 1000


@pytest.mark.parametrize(
    ("messages", "what"),
    [
        (["not json"], "no JSON"),
        ([b"\x00\x01"], "no JSON"),
        (["[]"], "must be an object with a type"),
        ([json.dumps({"type": "input.text", "text": "Hi."})], "must be session.config"),
        ([json.dumps({**CONFIG, "voice": "nobody"}), json.dumps({"type": "input.text", "text": "Hi. "})], "example-en"),
        ([json.dumps({**CONFIG, "response_format": "mp4"})], "did you mean mp3"),
        (
            [json.dumps({**CONFIG, "stream_format": "sse"}), json.dumps({"type": "input.text", "text": "Hi. "})],
            "binary",
        ),
        ([json.dumps(CONFIG), json.dumps({"type": "input.text", "text": 7})], "input.text with text"),
        ([json.dumps(CONFIG), json.dumps({"type": "input.audio"})], "session.close"),
    ],
)
def test_what_is_no_use_is_told_and_ends_the_session(session, messages, what):
    for message in messages:
        session.send(message)
    error, _ = told(session)
    assert error["type"] == "error"
    assert what in error["message"]
    with pytest.raises(ConnectionClosed) as closed:
        session.recv()
    assert closed.value.rcvd.code == 1008
