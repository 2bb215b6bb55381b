"""Named voices: kept whole, found by every worker, in a bucket as on a volume; what others put there is used too."""

from __future__ import annotations

import base64
import collections
import itertools
import json
import threading

import conftest
import numpy as np
import pytest

from s3_utils import LocalStore, store_from_env
from voiceclone import audio
from voiceclone.errors import StorageFailed
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
        return Worker(
            settings, checkpoint, engine, recogniser, voices, delivery, conftest.make_kept(settings, checkpoint)
        )

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
    ask(action="delete_voice", voice="Anna")
    assert [entry.key for entry in shelf.entries("voices/")] == ["voices/Anna-2.wav"]
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


def test_what_is_odd_is_not_listed(ask, shelf, library):
    library.add(SavedVoice("Anna", SAID), WAV)
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


def test_many_voices_are_listed_whole(library, shelf, monkeypatch):
    """More than a page of S3's has."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")
    names = [f"voice-{i:04}" for i in range(20)]
    for name in names:
        shelf.write(f"voices/{name}.wav", b"x", "audio/wav")
    assert library.names() == names
    assert library.names("voice-000") == names[:10]


def test_two_who_add_one_name_at_once_leave_one_whole_voice(library):
    """Never the audio of the one with the transcript of the other."""
    together = threading.Barrier(2)
    wavs = {text: WAV[:44] + text.encode() * 1000 for text in ("first", "second")}

    def add(text):
        together.wait()
        library.add(SavedVoice("Anna", text), wavs[text])

    for _ in range(5):
        writers = [threading.Thread(target=add, args=[text]) for text in wavs]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        found, sound = library.load("Anna", 10**6)
        assert sound.endswith(wavs[found.text][12:])


def write_recording(shelf):
    """A voice as others put it there."""
    shelf.write("voices/Anna.wav", WAV, "audio/wav")
    shelf.write("voices/Anna.txt", SAID.encode(), "text/plain")


def keys(shelf):
    return [entry.key for entry in shelf.entries("voices/")]


def test_someone_elses_recording_speaks_until_the_voice_is_added_again(ask, shelf):
    """And then it is one object, as every other."""
    write_recording(shelf)
    (anna,) = ask(action="list_voices", prefix="An")["voices"]
    assert anna["ref_text"] == SAID
    assert ask(text="Hi.", voice="Anna", nfe_step=1, delivery="base64")["voice"]["ref_text"] == SAID
    again = {"action": "add_voice", "voice": "Anna", "ref_audio": inline(), "ref_text": "Some call me Nature."}
    assert ask(**again)["error_code"] == "invalid_input"
    assert ask(**again, overwrite=True)["status"] == "completed"
    assert keys(shelf) == ["voices/Anna.wav"]
    spoken = ask(text="Hi.", voice="Anna", nfe_step=1, delivery="base64")
    assert spoken["voice"]["ref_text"] == "Some call me Nature."


def test_someone_elses_recording_is_deleted_whole(ask, shelf):
    write_recording(shelf)
    assert ask(action="delete_voice", voice="Anna")["status"] == "completed"
    assert keys(shelf) == []


class Breaking:
    """A shelf that fails from its n-th change on."""

    def __init__(self, shelf, changes):
        self.shelf = shelf
        self.left = changes
        self.read, self.entries = shelf.read, shelf.entries

    def change(self):
        self.left -= 1
        if self.left < 0:
            raise StorageFailed("the network is gone")

    def write(self, *what):
        self.change()
        self.shelf.write(*what)

    def remove(self, key):
        self.change()
        self.shelf.remove(key)


@pytest.mark.parametrize("kind", ["whole", "recording", "half replaced"])
def test_a_delete_that_stops_anywhere_leaves_the_voice_or_none_and_can_be_ended(shelf, kind):
    """Never another voice of that name."""
    for changes in itertools.count():
        if kind != "whole":
            write_recording(shelf)
        if kind != "recording":
            Library(Breaking(shelf, 1)).add(SavedVoice("Anna", "mine"), WAV)
        library = Library(shelf)
        before = library.find("Anna")
        try:
            Library(Breaking(shelf, changes)).remove("Anna")
        except StorageFailed:
            assert library.all() in ([before], [])
            if library.all():
                assert library.load("Anna", 10**6)[0] == before
        else:
            break
        library.remove("Anna")
        assert keys(shelf) == []
    assert changes >= 1
    assert library.find("Anna") is None
    assert keys(shelf) == []


def test_an_addition_that_fails_leaves_the_voice_that_was_there(shelf):
    library = Library(shelf)
    library.add(SavedVoice("Anna", "before"), WAV)
    with pytest.raises(StorageFailed):
        Library(Breaking(shelf, 0)).add(SavedVoice("Anna", "after"), WAV)
    assert [voice.text for voice in library.all()] == ["before"]


def test_a_recording_that_is_replaced_while_it_is_listened_to_gets_no_transcript(shelf, library):
    shelf.write("voices/Kurt.wav", WAV, "audio/wav")
    kurt = library.find("Kurt")
    shelf.write("voices/Kurt.wav", WAV + bytes(2), "audio/wav")
    library.note_transcript(kurt, SAID)
    assert keys(shelf) == ["voices/Kurt.wav"]


def test_many_voices_are_listed_with_one_look_at_the_shelf_and_one_at_each(shelf):
    """Of whatever kind they are: a listing costs as much as there are voices."""
    asked = collections.Counter()

    class Counting:
        def entries(self, prefix):
            asked["listings"] += 1
            return shelf.entries(prefix)

        def read(self, key, max_bytes, *, part=False):
            asked[key] += 1
            return shelf.read(key, max_bytes, part=part)

    for i in range(10):
        shelf.write(f"voices/plain-{i}.wav", WAV, "audio/wav")
        Library(shelf).add(SavedVoice(f"whole-{i}", SAID), WAV)
    assert len(Library(Counting()).all()) == 20
    assert asked.pop("listings") == 1
    assert set(asked.values()) == {1}
    assert len(asked) == 20


def test_a_link_that_leads_to_itself_is_no_voice(ask, tmp_path):
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices/Loop.wav").symlink_to("Loop.wav")
    (tmp_path / "voices/Anna.wav").write_bytes(WAV)
    library = Library(LocalStore(tmp_path))
    assert [voice.name for voice in library.all()] == ["Anna"]
    assert library.find("Loop") is None
    library.add(SavedVoice("Loop", SAID), WAV)
    assert library.load("Loop", 10**6)[0].text == SAID


UNSPEAKABLE = json.dumps({"name": "Anna", "text": " "}).encode()


@pytest.mark.parametrize("told", [b"", b"null", b"{", b"[]", b'{"name": "Anna"}', UNSPEAKABLE])
def test_a_damaged_voice_is_an_error_and_can_be_replaced(ask, shelf, told):
    chunk = b"voic" + len(told).to_bytes(4, "little") + told + bytes(len(told) % 2)
    shelf.write("voices/Anna.wav", WAV[:12] + chunk + WAV[12:], "audio/wav")
    reply = ask(text="Hi.", voice="Anna")
    assert reply["error_code"] == "bad_audio"
    assert "add the voice again" in reply["error"]
    assert "Anna" not in [voice["name"] for voice in ask(action="list_voices")["voices"]]
    assert (
        ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID, overwrite=True)["status"]
        == "completed"
    )


def test_a_voice_whose_sound_was_changed_is_an_error(ask, shelf):
    ask(action="add_voice", voice="Anna", ref_audio=inline(), ref_text=SAID)
    stored = shelf.read("voices/Anna.wav", 10**6)
    shelf.write("voices/Anna.wav", stored[:-1] + bytes([stored[-1] ^ 1]), "audio/wav")
    reply = ask(text="Hi.", voice="Anna")
    assert (reply["error_code"], "the recording of voice Anna is damaged" in reply["error"]) == ("bad_audio", True)


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
