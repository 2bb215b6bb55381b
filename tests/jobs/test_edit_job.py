"""Words change in a recording: what is new is heard, and every other sample is the caller's own."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import make_delivery, make_kept, make_voices, with_bucket

from voiceclone.audio.codec import resample
from voiceclone.audio.encoding import encode
from voiceclone.checkpoints.resolving import resolve
from voiceclone.jobs.worker import Worker
from voiceclone.model.engine import Engine
from voiceclone.model.sampling import Sampling
from voiceclone.settings import Settings
from voiceclone.types import Chunk, Waveform
from voiceclone.voices.builtin import BuiltIn

SAID = "Several people were reading newspapers at the table."
WANTED = "Several people were reading letters at the table."


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return resolve("demo", None, tmp_path_factory.mktemp("volume"))


@pytest.fixture(scope="module")
def demo_engine(demo):
    return Engine.load(demo, "cpu", "float32")


@pytest.fixture(scope="module")
def speech(demo, demo_engine):
    """A sentence of the demo model's, at 24 kHz."""
    voice = BuiltIn(demo.voices).named("demo-middle")
    (samples,) = demo_engine.speak([Chunk(SAID, voice, 1)], Sampling(7))
    return Waveform(samples, 24_000)


@pytest.fixture
def worker(demo, demo_engine, recogniser, tmp_path):
    settings = Settings(volume=tmp_path, model="demo", output_dir=tmp_path / "output")
    voices = make_voices(settings, recogniser, built_in=BuiltIn(demo.voices))
    return Worker(settings, demo, demo_engine, recogniser, voices, make_delivery(settings), make_kept(settings, demo))


def file_of(waveform, rate=24_000, subtype="PCM_16", audio_format="WAV", channels=1):
    samples = resample(waveform, rate).samples
    sent = io.BytesIO()
    # Channels are never the same to the bit: one is louder.
    columns = np.column_stack([samples * (1 - 0.25 * channel) for channel in range(channels)])
    soundfile.write(sent, columns, rate, subtype, format=audio_format)
    return sent.getvalue()


def asked(data, **fields):
    sent = {"action": "edit", "ref_audio": base64.b64encode(data).decode(), "text": WANTED, "ref_text": SAID}
    how = {"seed": 1, "quality": "fast", "delivery": "local", "attempts": 1}
    return {"id": "job", "input": {**sent, **how, **fields}}


def integers(data):
    return soundfile.read(io.BytesIO(data), dtype="int32", always_2d=True)[0]


@pytest.mark.parametrize(
    ("rate", "subtype", "audio_format", "channels"),
    [
        (16_000, "PCM_16", "flac", 1),
        (44_100, "PCM_24", "wav", 2),
        (48_000, "PCM_24", "flac", 1),
    ],
)
def test_outside_of_its_faded_borders_every_sample_is_the_callers(
    worker, speech, rate, subtype, audio_format, channels
):
    """And the lengths are those that the reply tells, to the sample."""
    data = file_of(speech, rate, subtype, audio_format.upper(), channels)
    reply = worker.handle(asked(data, format=audio_format, durations=[0.511], nfe_step=3))
    (change,) = reply["changes"]
    assert (change["was"], change["now"]) == ("newspapers", "letters")
    before, after = integers(data), integers(Path(reply["audio_path"]).read_bytes())
    assert soundfile.info(reply["audio_path"]).subtype == subtype
    names = ("was_start", "was_end", "start", "end", "fade_before", "fade_after", "duration")
    was_start, was_end, start, end, rise, fall, length = (round(change[name] * rate) for name in names)
    assert length == end - start == round(0.511 * rate)
    assert len(after) == reply["samples"] == len(before) + length - (was_end - was_start)
    assert reply["duration"] == pytest.approx(len(after) / rate, abs=1e-6)
    assert np.array_equal(after[: start - rise], before[: was_start - rise])
    assert np.array_equal(after[end + fall :], before[was_end + fall :])
    assert rise == fall == round(0.012 * rate)
    # What is new is speech, as loud as what it replaces, in each channel.
    for channel in range(channels):
        new, old = after[start:end, channel] / 2**31, before[was_start:was_end, channel] / 2**31
        assert not np.array_equal(new[: len(old)], old[: len(new)])
        assert 0.3 < np.sqrt(np.mean(new**2) / np.mean(old**2)) < 3


def test_the_new_words_are_heard_in_several_places(worker, speech, recogniser):
    """Told with their times, and made again by the recipe."""
    wanted = "Several women were reading letters at the table."
    data = file_of(speech)
    reply = worker.handle(asked(data, text=wanted, attempts=2, timestamps=True))
    assert [(change["was"], change["now"]) for change in reply["changes"]] == [
        ("people", "women"),
        ("newspapers", "letters"),
    ]
    samples, _ = soundfile.read(reply["audio_path"], dtype="float32")
    heard = recogniser.transcribe(Waveform(samples, 24_000), "en").text
    assert "letters" in heard, heard
    assert [word["word"] for word in reply["words"]] == wanted.split()
    second = reply["changes"][1]
    letters = reply["words"][4]
    assert second["start"] - 0.001 <= letters["start"] < letters["end"] <= second["end"] + 0.001
    assert all(a["end"] <= b["start"] + 0.05 for a, b in zip(reply["words"], reply["words"][1:], strict=False))
    again = worker.handle(
        {"id": "again", "input": {**reply["recipe"], "ref_audio": base64.b64encode(data).decode(), "delivery": "local"}}
    )
    assert again["warnings"] == [each for each in reply["warnings"] if "heard" not in each]
    assert np.array_equal(soundfile.read(again["audio_path"])[0], samples.astype(np.float64))


def test_an_edit_that_comes_again_speaks_nothing_and_gives_the_same_bytes(worker, speech):
    """Though its seed is drawn. Another job draws another, and another recording finds nothing."""
    job = asked(file_of(speech), seed=None)
    first, again, other = (worker.handle({**job, "id": name}) for name in ("job", "job", "other"))
    data = Path(first["audio_path"]).read_bytes()
    assert [reply["changes"][0].get("kept") for reply in (first, again, other)] == [None, True, None]
    assert Path(again["audio_path"]).read_bytes() == data
    assert (again["seed"], again["recipe"]) == (first["seed"], first["recipe"])
    assert other["seed"] != first["seed"]
    louder = file_of(Waveform(1.1 * speech.samples, 24_000))
    assert "kept" not in worker.handle(asked(louder, seed=first["seed"]))["changes"][0]


def test_words_are_said_as_a_lexicon_tells(worker, speech):
    """The volume's and the request's, which the recipe repeats."""
    worker.settings.lexicon_file.write_text('{"table": "desk", "letters": "males"}')
    reply = worker.handle(asked(file_of(speech), text=WANTED.replace("table", "Table"), lexicon={"letters": "mails"}))
    assert [(change["was"], change["now"]) for change in reply["changes"]] == [("newspapers", "mails")]
    assert reply["recipe"]["lexicon"] == {"table": "desk", "letters": "mails"}
    assert reply["ref_text"].endswith("desk.")


def test_what_flac_would_clip_is_warned_of(worker, speech):
    loud = file_of(Waveform(2 * speech.samples, 24_000), subtype="FLOAT")
    flac, wav = (worker.handle(asked(loud, check=True, format=name))["warnings"] for name in ("flac", "wav"))
    assert [each for each in flac if "flac clips it" in each]
    assert not [each for each in wav if "flac clips it" in each]


def test_what_would_change_is_told_without_a_word_spoken(worker, speech):
    reply = worker.handle(asked(file_of(speech), check=True, ref_text=None))
    (change,) = reply["changes"]
    assert (change["was"], change["now"]) == ("newspapers", "letters")
    assert 1.3 < change["was_start"] < change["was_end"] < 3
    assert "audio_path" not in reply


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"text": SAID.upper()}, "text", "has the words that the recording has"),
        ({"text": "Nobody here has ever seen so many letters."}, "text", "at most 60% are allowed"),
        ({"ref_text": "This is quite another sentence than that one."}, "ref_text", "is not what is heard"),
        ({"durations": [0.5, 0.5]}, "durations", "has 2 entries, and 1 places change"),
        ({"ref_audio": "team/output/job-1.wav"}, "ref_audio", "this worker has no bucket"),
        ({"ref_audio": "kept:" + "0" * 64}, "ref_audio", "send the recording itself"),
        ({"text": WANTED.replace("letters", "letters [pause:1s]")}, "text", "marks of voices or pauses"),
        ({"text": "..."}, "text", "has no letter or digit"),
        ({"format": "mp3"}, "format", "wav"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(worker, speech, fields, field, message):
    reply = worker.handle(asked(file_of(speech), **fields))
    assert reply["error_code"] == "invalid_input"
    assert [(each["field"], message in each["message"]) for each in reply["details"]] == [(field, True)], reply


def test_an_edit_that_is_more_work_than_a_job_may_be_is_refused(worker, speech):
    small = worker.settings.model_copy(update={"max_frames": 100})
    parts = worker.checkpoint, worker.engine, worker.recogniser, worker.voices, worker.delivery, worker.kept
    worker = Worker(small, *parts)
    reply = worker.handle(asked(file_of(speech), check=True))
    assert "at most 100 are allowed" in reply["error"]


def test_what_the_vocabulary_lacks_is_warned_of(worker, speech):
    reply = worker.handle(asked(file_of(speech), check=True, text=WANTED.replace("letters", "письма")))
    assert reply["warnings"] == ["the model's vocabulary lacks п и с ь м а: each is read as a space"]


@pytest.mark.parametrize("sound", ["tone", "hiss", "surround"])
def test_what_holds_no_speech_is_refused(worker, speech, sound):
    time_s = np.arange(3 * 24_000) / 24_000
    if sound == "surround":
        data = file_of(speech, channels=3)
    else:
        samples = (
            np.sin(2 * np.pi * 440 * time_s) if sound == "tone" else np.random.default_rng(0).normal(0, 1, len(time_s))
        )
        data = encode(Waveform((0.1 * samples).astype(np.float32), 24_000), "wav")
    assert worker.handle(asked(data))["error_code"] == "bad_audio"


def test_noise_behind_the_speech_is_warned_of(worker, speech):
    noise = np.random.default_rng(0).normal(0, 0.05, len(speech.samples)).astype(np.float32)
    reply = worker.handle(asked(file_of(Waveform(speech.samples + noise, 24_000)), check=True))
    assert any("signal to noise is poor" in warning for warning in reply["warnings"]), reply


def test_an_earlier_result_is_named_by_its_key(worker, speech, s3):
    environ, client = s3
    worker = with_bucket(worker, environ)
    client.put_object(
        Bucket=environ["S3_BUCKET"], Key="team/output/talk.flac", Body=file_of(speech, audio_format="FLAC")
    )
    reply = worker.handle(asked(b"", ref_audio="team/output/talk.flac", check=True))
    assert [change["now"] for change in reply["changes"]] == ["letters"]
