"""Named voices: kept whole, found by every worker, in a bucket as on a volume; what others put there is used too."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from datetime import timedelta

import conftest
import numpy as np
import pytest

from s3_utils import LocalStore, store_from_env
from voiceclone import audio
from voiceclone.jobs.worker import Worker
from voiceclone.settings import Settings
from voiceclone.types import Waveform
from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.library import Library, SavedVoice

ENGLISH = BuiltIn().named("example-en")
WAV = audio.encode(ENGLISH.waveform, "wav")
SAID = "Some call me nature, others call me mother nature."
NUMBER = itertools.count()


@pytest.fixture(params=["bucket", "volume"])
def shelf(request, tmp_path):
    if request.param == "volume":
        return LocalStore(tmp_path)
    environ, _ = request.getfixturevalue("s3")
    return store_from_env(environ)


@pytest.fixture
def library(shelf):
    return Library(shelf)


@pytest.fixture
def ask(shelf, tmp_path, random_model, checkpoint, engine, recogniser):
    """A worker whose voices lie on the shelf."""
    settings = Settings(volume=tmp_path, model=str(random_model), output_dir=tmp_path / "output")

    def new_worker():
        bucket = None if isinstance(shelf, LocalStore) else shelf
        voices = conftest.make_voices(settings, recogniser, bucket)
        delivery = conftest.make_delivery(settings, bucket)
        return Worker(settings, checkpoint, engine, recogniser, voices, delivery)

    worker = new_worker()

    def ask(_worker=worker, **fields):
        return _worker.handle({"id": "job", "input": fields})

    ask.new_worker = new_worker
    return ask


def inline(wav=WAV):
    return base64.b64encode(wav).decode()


def test_an_added_voice_speaks_is_listed_and_deleted(ask):
    added = ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID, consent="She said yes.")
    assert added["status"] == "completed"
    assert added["voice"]["ref_text"] == SAID
    assert added["check_up"]["verdict"] in ("good", "fair")
    assert {finding["what"] for finding in added["check_up"]["findings"]} >= {"clipping", "transcript", "language"}
    spoken = ask(text="Hello.", voice="Anna", nfe_step=1, delivery="base64")
    assert spoken["voice"]["name"] == "Anna"
    assert spoken["voice"]["ref_text"] == SAID
    assert spoken["warnings"] == []
    names = [voice["name"] for voice in ask(action="list_voices")["voices"]]
    assert names == ["example-en", "example-zh", "Anna"]
    (anna,) = ask(action="list_voices", prefix="An")["voices"]
    assert (anna["consent"]["text"], anna["language"], anna["built_in"]) == ("She said yes.", "en", False)
    assert ask(action="delete_voice", voice="Anna") == {"status": "completed", "voice": "Anna"}
    assert ask(text="Hello.", voice="Anna")["error_code"] == "voice_not_found"
    assert ask(action="delete_voice", voice="Anna")["error_code"] == "voice_not_found"


def test_a_deleted_voice_leaves_nothing_behind(ask, shelf):
    ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID)
    ask(action="add_voice", voice="Anna-2", ref_audio=inline(), ref_text=SAID)
    assert len(list(shelf.entries("voices/"))) == 8
    ask(action="delete_voice", voice="Anna")
    assert {entry.key.partition("Anna-2")[1] for entry in shelf.entries("voices/")} == {"Anna-2"}
    ask(action="delete_voice", voice="Anna-2")
    assert list(shelf.entries("voices/")) == []


def test_another_worker_finds_the_voice_as_it_was_prepared(ask, recogniser, monkeypatch):
    ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=None)

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(recogniser, "transcribe", never)
    other = ask.new_worker()
    reply = ask(other, text="Hello.", voice="Anna", nfe_step=1, delivery="base64")
    assert reply["voice"]["ref_text"].lower().startswith("some call me nature")


def test_a_voice_is_replaced_only_when_asked(ask):
    ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID)
    assert ask(text="Hi.", voice="Anna", nfe_step=1, delivery="base64")["voice"]["ref_text"] == SAID
    again = {"action": "add_voice", "voice": "Anna", "ref_audio": inline(), "ref_text": "Some call me Nature."}
    refused = ask(**again)
    assert refused["details"] == [
        {"field": "voice", "message": "Anna is there already: send overwrite, or choose another name"}
    ]
    assert ask(**again, overwrite=True)["voice"]["ref_text"] == "Some call me Nature."
    assert ask(text="Hi.", voice="Anna", nfe_step=1, delivery="base64")["voice"]["ref_text"] == "Some call me Nature."


@pytest.mark.parametrize("action", ["add_voice", "delete_voice"])
def test_built_in_voices_cannot_be_touched(ask, action):
    extra = {"ref_audio": inline()} if action == "add_voice" else {}
    assert ask(action=action, voice="example-en", **extra)["details"][0]["field"] == "voice"


@pytest.mark.parametrize("name", ["../evil", ".data", "a/b", "", "x" * 65, "a\0b", "voice name"])
def test_no_name_leads_out_of_the_room(ask, shelf, name):
    for fields in ({"action": "add_voice", "ref_audio": inline()}, {"action": "delete_voice"}, {"text": "Hi."}):
        assert ask(voice=name, **fields)["error_code"] == "invalid_input"
    assert list(shelf.entries("")) == [] or all("evil" not in entry.key for entry in shelf.entries(""))


@pytest.mark.parametrize("transcript", [None, SAID, "  \n"])
def test_a_sound_file_of_someone_elses_is_a_voice(ask, shelf, transcript):
    """With or without a transcript, which is written beside it when it was first listened to."""
    shelf.write("voices/Kurt_12s.wav", WAV, "audio/wav")
    if transcript is not None:
        shelf.write("voices/Kurt_12s.txt", transcript.encode(), "text/plain")
    reply = ask(endpoint="tts", text="Hello.", local_voice="Kurt_12s.wav", nfe_step=1, delivery="base64")
    assert reply["voice"]["name"] == "Kurt_12s"
    assert reply["voice"]["ref_text"].lower().replace(".", ",").startswith("some call me nature,")
    assert shelf.read("voices/Kurt_12s.txt", 1000).decode().startswith("Some call me")
    assert shelf.read("voices/Kurt_12s.wav", 10**6) == WAV
    assert shelf.read("voices/Kurt_12s.json", 1000) is None


def test_a_second_job_in_a_voice_without_a_transcript_does_not_listen_again(ask, shelf, recogniser, monkeypatch):
    shelf.write("voices/Kurt.wav", WAV, "audio/wav")
    first = ask(text="Hello.", voice="Kurt", nfe_step=1, delivery="base64", seed=1)

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(recogniser, "transcribe", never)
    monkeypatch.setattr("voiceclone.voices.voices.audio.decode", never)
    second = ask(text="Hello.", voice="Kurt", nfe_step=1, delivery="base64", seed=1)
    assert second["audio_base64"] == first["audio_base64"]


def test_a_long_sound_file_keeps_no_transcript_of_a_part(ask, shelf):
    """And is a voice for the next worker too."""
    long = Waveform(np.tile(np.concatenate([ENGLISH.waveform.samples, np.zeros(12_000, np.float32)]), 4), 24_000)
    shelf.write("voices/Long.wav", audio.encode(long, "wav"), "audio/wav")
    first = ask(text="Hi.", voice="Long", nfe_step=1, delivery="base64", seed=1)
    assert first["warnings"][0].startswith("the recording was cut")
    assert shelf.read("voices/Long.txt", 1000) is None
    assert (
        ask(ask.new_worker(), text="Hi.", voice="Long", nfe_step=1, delivery="base64", seed=1)["voice"]
        == first["voice"]
    )


def test_a_transcript_of_another_recording_is_told_by_the_voices_name(ask, shelf):
    shelf.write("voices/Kurt.wav", WAV, "audio/wav")
    shelf.write("voices/Kurt.txt", b"Hi.", "text/plain")
    reply = ask(text="Hi.", voice="Kurt")
    assert (reply["error_code"], "voice Kurt and its transcript" in reply["error"]) == ("bad_audio", True)


def test_what_is_replaced_is_removed_and_what_is_odd_is_not_listed(ask, shelf, library, monkeypatch):
    monkeypatch.setattr("voiceclone.voices.library.REPLACED", timedelta(seconds=-60))
    library.add(SavedVoice("Anna", "", SAID), b"one")
    library.add(SavedVoice("Anna", "", SAID), b"two")
    assert [shelf.read(entry.key, 10) for entry in shelf.entries("voices/.data/Anna/")] == [b"two"]
    shelf.write("voices/._odd.wav", b"x", "audio/wav")
    shelf.write("voices/my voice.wav", b"x", "audio/wav")
    shelf.write("voices/example-en.wav", b"x", "audio/wav")
    listed = {voice["name"]: voice["built_in"] for voice in ask(action="list_voices")["voices"]}
    assert listed == {"example-en": True, "example-zh": True, "Anna": False}


@pytest.mark.parametrize("prefix", ["../../", "a/b", "x" * 65])
def test_a_prefix_leads_nowhere_else(ask, prefix):
    assert ask(action="list_voices", prefix=prefix)["error_code"] == "invalid_input"


def test_former_requests_are_answered_as_they_were(ask, shelf):
    shelf.write("voices/Kurt.wav", WAV, "audio/wav")
    listed = ask(endpoint="list_voices", job_id="mine")
    assert (listed["status"], listed["count"]) == ("success", 1)
    (kurt,) = listed["voices"]
    assert (kurt["name"], kurt["size"]) == ("Kurt.wav", len(WAV))
    assert "T" in kurt["last_modified"]


def test_many_voices_are_listed_whole(library, shelf):
    """More than a page of S3's has."""
    names = [f"voice-{i:04}" for i in range(1005 if not isinstance(shelf, LocalStore) else 20)]
    for name in names:
        shelf.write(f"voices/{name}.wav", b"x", "audio/wav")
    assert library.names() == names
    assert library.names("voice-000") == names[:10]


def test_two_who_add_one_name_at_once_leave_one_whole_voice(library):
    """Never the audio of the one with the transcript of the other."""
    together = threading.Barrier(2)

    def add(text, wav):
        together.wait()
        library.add(SavedVoice("Anna", "", text), wav)

    for _ in range(5):
        writers = [threading.Thread(target=add, args=(text, text.encode() * 1000)) for text in ("first", "second")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        found = library.find("Anna")
        assert library.audio(found, 10**6) == found.text.encode() * 1000


ANOTHERS = json.dumps({"audio_key": "voices/.data/Eve/1.wav", "text": "x", "findings": []}).encode()


@pytest.mark.parametrize(
    "about",
    [b"", b"{", b"[]", b"null", b'{"name": "Anna"}', ANOTHERS],
)
def test_a_damaged_voice_is_an_error_and_can_be_replaced(ask, shelf, about):
    shelf.write("voices/Anna.json", about, "application/json")
    reply = ask(text="Hi.", voice="Anna")
    assert reply["error_code"] == "bad_audio"
    assert "add the voice again" in reply["error"]
    assert "Anna" not in [voice["name"] for voice in ask(action="list_voices")["voices"]]
    assert (
        ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID, overwrite=True)["status"]
        == "completed"
    )


def test_a_voice_whose_recording_is_gone_is_an_error(ask, shelf):
    ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID)
    for entry in list(shelf.entries("voices/.data/")):
        shelf.remove(entry.key)
    reply = ask(ask.new_worker(), text="Hi.", voice="Anna")
    assert reply["error_code"] == "bad_audio"
    assert "is gone" in reply["error"]


def test_an_unknown_voice_lists_those_that_were_added(ask, shelf):
    for i in range(60):
        shelf.write(f"voices/voice-{i:02}.wav", b"x", "audio/wav")
    error = ask(text="Hi.", voice="nobody")["error"]
    assert "known: example-en, example-zh, voice-00" in error
    assert error.endswith("and 12 more")


def test_a_bad_clip_is_added_with_a_warning(ask):
    noisy = ENGLISH.waveform.samples + np.random.default_rng(0).normal(0, 0.05, len(ENGLISH.waveform.samples))
    wav = audio.encode(Waveform(noisy.astype(np.float32), 24_000), "wav")
    added = ask(action="add_voice", voice="Noisy", ref_audio=inline(wav), ref_text=SAID)
    assert added["check_up"]["verdict"] == "poor"
    (warning,) = [w for w in added["warnings"] if "signal to noise" in w]
    assert "record in a quieter room" in warning
    spoken = ask(text="Hi.", voice="Noisy", nfe_step=1, delivery="base64")
    assert warning in spoken["warnings"]
