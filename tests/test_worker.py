"""A job's input goes in, speech and an honest reply come out."""

from __future__ import annotations

import base64
import dataclasses
import json
import urllib.request
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import boto3
import numpy as np
import pytest
import soundfile
from benchmark import hearing
from conftest import make_voices
from moto.server import ThreadedMotoServer

from s3_utils import store_from_env
from voiceclone.audio import FORMATS, decode, rms
from voiceclone.errors import OutOfMemory
from voiceclone.worker import Worker

SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 2, "seed": 5}


def job(**fields):
    return {"id": "job-1", "input": {**SAY, **fields}}


def recording(worker):
    """The bytes of a clip that is long enough to be a reference."""
    return Path(worker.handle(job(text="A longer text for a clip."))["audio_path"]).read_bytes()


def test_the_reply_tells_all_there_is_to_know(worker):
    reply = worker.handle(job(text="Hello  there.\n"))
    assert reply["status"] == "completed"
    assert reply["job_id"] == "job-1"
    assert (reply["format"], reply["sample_rate"], reply["seed"]) == ("wav", 24_000, 5)
    assert (reply["text"], reply["normalized_text"]) == ("Hello  there.\n", "Hello there.")
    assert reply["voice"]["name"] == "example-en"
    assert reply["voice"]["ref_text"] == "Some call me nature, others call me mother nature."
    assert reply["chunks"] == [{"text": "Hello there.", "start": 0.0, "end": reply["duration"], "seed": 5}]
    assert reply["model"] == {"name": "random", "revision": worker.checkpoint.revision, "license": "CC0-1.0"}
    assert set(reply["timings"]) == {"voice", "synthesis", "encode", "store", "total"}
    assert reply["rtf"] == pytest.approx(reply["timings"]["synthesis"] / reply["duration"], rel=0.01)
    assert reply["warnings"] == []
    json.dumps(reply, allow_nan=False)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_every_format_arrives_as_sound(worker, audio_format):
    reply = worker.handle(job(format=audio_format))
    waveform = decode(Path(reply["audio_path"]).read_bytes(), 24_000, 60)
    assert waveform.duration_s == pytest.approx(reply["duration"], abs=0.1)
    assert rms(waveform.samples) > 1e-3


def test_a_seed_is_drawn_and_returned_and_gives_the_same_take(worker):
    first = worker.handle({"id": "a", "input": {k: v for k, v in SAY.items() if k != "seed"}})
    second = worker.handle({"id": "b", "input": {**SAY, "seed": first["seed"]}})
    samples = [soundfile.read(reply["audio_path"])[0] for reply in (first, second)]
    assert np.array_equal(*samples)


def test_long_text_becomes_chunks_with_a_seed_each(worker):
    text = "This is one sentence of several that are spoken here. " * 8
    reply = worker.handle(job(text=text))
    chunks = reply["chunks"]
    assert len(chunks) > 1
    assert [chunk["seed"] for chunk in chunks] == [5 + i for i in range(len(chunks))]
    assert " ".join(chunk["text"] for chunk in chunks) == text.strip()
    starts = [chunk["start"] for chunk in chunks]
    assert starts == sorted(starts)
    for before, after in pairwise(chunks):
        assert before["end"] - after["start"] == pytest.approx(0.15, abs=1e-3)
    assert chunks[-1]["end"] == pytest.approx(reply["duration"], abs=1e-3)


def test_a_recording_in_the_job_speaks(worker):
    clip = base64.b64encode(recording(worker))
    reply = worker.handle(
        {"id": "x", "input": {**SAY, "voice": None, "ref_audio": clip.decode(), "ref_text": "A longer text for a clip"}}
    )
    assert reply["voice"] == {"ref_text": "A longer text for a clip.", "duration": pytest.approx(2.6, abs=0.5)}


def test_what_the_vocabulary_lacks_is_said(worker):
    reply = worker.handle(job(text="Hello \U0001f600 there."))
    assert reply["warnings"] == ["the model's vocabulary lacks \U0001f600: each is read as a space"]


def test_punctuation_alone_is_not_spoken(worker, monkeypatch):
    monkeypatch.setattr(worker.engine, "max_chunk_size", lambda *_: 8)
    reply = worker.handle(job(text="Hello. !!!!!!! there."))
    assert [chunk["text"] for chunk in reply["chunks"]] == ["Hello.", "there."]
    assert reply["warnings"] == ["punctuation alone is not spoken: !!!!!!!"]


def test_the_transcript_is_looked_at_as_well(worker):
    clip = base64.b64encode(recording(worker))
    recorded = {"voice": None, "ref_audio": clip.decode(), "ref_text": "A longer \u2603 text"}
    warnings = worker.handle(job(**recorded))["warnings"]
    assert "the model's vocabulary lacks \u2603: each is read as a space" in warnings


def test_info_names_model_device_and_limits_without_secrets(worker, s3):
    info = with_bucket(worker, s3[0]).handle({"id": "i", "input": {"action": "info"}})
    assert "secret-key" not in json.dumps(info)
    assert str(worker.settings.volume) not in json.dumps(info)
    assert info["model"]["name"] == "random"
    assert info["device"] == "cpu"
    assert info["dtype"] == "float32"
    assert info["voices"] == ["example-en", "example-zh"]
    assert info["versions"]["f5-tts"] == "1.1.22"
    assert info["limits"]["max_text_chars"] == 100_000
    json.dumps(info)


# Where the audio goes


@pytest.fixture(scope="module")
def s3():
    """A bucket on moto's HTTP server, and the environment that leads to it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "S3_BUCKET": "speech",
        "S3_PREFIX": "team",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret-key",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    client = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id="id",
        aws_secret_access_key="secret-key",
        region_name="eu-central-1",
    )
    client.create_bucket(Bucket="speech", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield environ, client
    client.close()
    server.stop()


def with_bucket(worker, environ):
    bucket = store_from_env(environ)
    voices = make_voices(worker.settings, hearing.recogniser(), bucket)
    return Worker(worker.settings, worker.checkpoint, worker.engine, voices, bucket, worker.directory)


def test_with_a_bucket_the_reply_is_a_link(worker, s3):
    environ, _ = s3
    reply = with_bucket(worker, environ).handle(job(format="flac", expires_in=600))
    assert reply["key"].startswith("team/output/job-1-")
    with urllib.request.urlopen(reply["audio_url"]) as response:
        assert response.headers["Content-Type"] == "audio/flac"
        assert decode(response.read(), 24_000, 60).duration_s == pytest.approx(reply["duration"], abs=0.01)
    left = datetime.fromisoformat(reply["expires_at"]) - datetime.now(UTC)
    assert 500 < left.total_seconds() <= 600
    assert "audio_path" not in reply


def test_a_reference_may_lie_in_the_bucket(worker, s3):
    environ, client = s3
    clip = recording(worker)
    client.put_object(Bucket="speech", Key="voices/me.wav", Body=clip)
    reply = with_bucket(worker, environ).handle(
        {
            "id": "x",
            "input": {**SAY, "voice": None, "ref_audio": "s3://speech/voices/me.wav", "ref_text": "A longer text"},
        }
    )
    assert reply["status"] == "completed"


def test_the_same_job_run_twice_writes_one_object(worker, s3):
    """The platform may run a job again: the second result takes the place of the first."""
    environ, client = s3
    keys = {with_bucket(worker, environ).handle({**job(), "id": "twice"})["key"] for _ in range(2)}
    listed = client.list_objects_v2(Bucket="speech", Prefix="team/output/twice")["Contents"]
    assert [item["Key"] for item in listed] == list(keys)
    assert with_bucket(worker, environ).handle({**job(text="Other."), "id": "twice"})["key"] not in keys


def test_speech_is_not_lost_when_the_bucket_fails(worker, s3):
    environ, _ = s3
    reply = with_bucket(worker, {**environ, "S3_BUCKET": "missing"}).handle(job())
    assert reply["status"] == "completed"
    assert reply["degraded"]["delivery"] == "s3"
    assert "bucket" in reply["degraded"]["reason"]
    assert soundfile.info(reply["audio_path"]).duration == pytest.approx(reply["duration"], abs=0.01)
    assert "secret-key" not in json.dumps(reply)


@pytest.mark.parametrize(("on_platform", "where"), [(True, "audio_base64"), (False, "audio_path")])
def test_without_a_bucket_the_platform_gets_base64_and_a_laptop_a_file(worker, on_platform, where):
    worker.settings = dataclasses.replace(worker.settings, on_platform=on_platform)
    assert where in worker.handle(job())


def test_base64_is_the_file(worker):
    reply = worker.handle(job(delivery="base64"))
    waveform = decode(base64.b64decode(reply["audio_base64"]), 24_000, 60)
    assert waveform.duration_s == pytest.approx(reply["duration"], abs=1e-3)


def test_what_is_too_large_for_a_reply_is_kept(worker):
    """The platform drops a reply over its limit in silence."""
    worker.settings = dataclasses.replace(worker.settings, max_inline_mb=0)
    reply = worker.handle(job(delivery="base64"))
    assert "audio_base64" not in reply
    assert "ask for opus" in reply["degraded"]["reason"]
    assert soundfile.info(reply["audio_path"]).samplerate == 24_000


def test_s3_without_a_bucket_is_refused_before_anything_is_spoken(worker, monkeypatch):
    monkeypatch.setattr(worker.engine, "speak", None)
    reply = worker.handle(job(delivery="s3"))
    assert reply["error_code"] == "invalid_input"
    assert reply["details"][0]["field"] == "delivery"


@pytest.mark.parametrize(
    ("key", "file"), [("a/b", "a/b.wav"), ("a.wav", "a.wav"), ("v1.2", "v1.2.wav"), ("a.mp3", "a.mp3.wav")]
)
def test_a_key_gets_the_formats_ending(worker, key, file):
    reply = worker.handle(job(key=key))
    assert reply["key"] == file
    assert (worker.settings.local_output_dir / file).is_file()


def test_the_callers_own_id_replaces_the_platforms(worker):
    reply = worker.handle(job(job_id="mine"))
    assert reply["job_id"] == "mine"
    assert reply["key"].startswith("mine-")


def test_a_hostile_job_id_stays_in_the_output_directory(worker):
    reply = worker.handle({"id": "../../etc/x\u00e9", "input": SAY})
    assert reply["key"].startswith("-..-etc-x--")


# What goes wrong


def test_an_unknown_voice_is_its_own_error(worker):
    reply = worker.handle(job(voice="nobody"))
    assert reply["error_code"] == "voice_not_found"
    assert reply["error"] == "voice_not_found: there is no voice 'nobody'; known: example-en, example-zh"


def test_an_error_that_spoils_the_process_asks_for_a_new_one(worker, monkeypatch):
    def speak(*_):
        raise OutOfMemory("the GPU has too little memory")

    monkeypatch.setattr(worker.engine, "speak", speak)
    reply = worker.handle(job())
    assert (reply["error_code"], reply["refresh_worker"]) == ("out_of_memory", True)


def test_a_bug_shows_the_caller_no_traceback(worker, monkeypatch, caplog):
    def speak(*_):
        raise KeyError("/secret/path")

    monkeypatch.setattr(worker.engine, "speak", speak)
    reply = worker.handle(job())
    assert reply["error_code"] == "internal"
    assert "secret" not in reply["error"]
    assert "/secret/path" in caplog.text


def test_speech_that_no_directory_takes_comes_inside_the_reply(worker, s3, tmp_path):
    """Neither the bucket nor the directory can be written: small audio is sent, and both reasons are told."""
    (tmp_path / "output").write_text("in the way")
    reply = with_bucket(worker, {**s3[0], "S3_BUCKET": "missing"}).handle(job())
    assert decode(base64.b64decode(reply["audio_base64"]), 24_000, 60).duration_s > 0.5
    assert "NoSuchBucket" in reply["degraded"]["reason"]
    assert "could not be written" in reply["degraded"]["reason"]


def test_where_no_way_is_left_delivery_fails_with_every_reason(worker, tmp_path):
    """A file stands where the directory should be, and the reply has no room."""
    (tmp_path / "output").write_text("in the way")
    worker.settings = dataclasses.replace(worker.settings, max_inline_mb=0)
    reply = worker.handle(job())
    assert reply["error_code"] == "storage_failed"
    assert "could not be written" in reply["error"]
    assert "ask for opus" in reply["error"]
    assert str(tmp_path) not in reply["error"]
    assert [path.name for path in tmp_path.rglob("*")] == ["output"]


@pytest.mark.parametrize("broken", [{}, {"id": "x"}, {"input": None}, {"id": None, "input": []}])
def test_a_job_without_input_is_refused(worker, broken):
    assert worker.handle(broken)["error_code"] == "invalid_input"
