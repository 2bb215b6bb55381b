"""Whatever breaks: a clear answer, the speech if there was any, and nothing left behind. Each fault is a row of
docs/operations.md.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import botocore.endpoint
import hostile
import psutil
import pytest
import torch
from clock import Clock
from conftest import ROOT, with_bucket
from fault_table import rows, seen
from faulty_proxy import (
    FaultyProxy,
    altered,
    cut_short,
    listing,
    never_answered,
    passed_on,
    refused,
    reset_in_the_answer,
    reset_in_the_request,
    swallowed,
)
from hostile import sounding
from sounds import noise, waveform

import s3_utils
from voiceclone import audio
from voiceclone.audio.decoding import Decoder
from voiceclone.background import in_background
from voiceclone.delivery import delivery
from voiceclone.types import MB
from voiceclone.voices.builtin import BuiltIn

SAY = {
    "text": "Hello there. And a second sentence of it.",
    "voice": "example-en",
    "nfe_step": 1,
    "seed": 5,
    "key": "take",
}
SECRETS = ("known-key-id", "known-secret-key", "AWS4-HMAC", "X-Amz-Signature", "Traceback")


@dataclass
class Scene:
    """A worker with a bucket behind a proxy, all in directories of its own."""

    worker: object
    proxy: FaultyProxy
    client: object
    bucket: str
    root: Path
    monkeypatch: pytest.MonkeyPatch
    before: frozenset = frozenset()
    decoder: Decoder | None = None
    """Where there is one for this test alone."""

    def ask(self, **fields):
        asked = {name: value for name, value in {**SAY, **fields}.items() if value is not None}
        return self.worker.handle({"id": "job", "input": asked})

    def limit(self, **changes):
        self.worker.settings = self.worker.delivery.settings = self.worker.settings.model_copy(update=changes)

    def found(self):
        """Files and objects, without the chunks that were spoken: those are kept."""
        self.worker.kept.flush()
        files = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}
        files = {file for file in files if not re.fullmatch(r"volume/cache/chunks/[^/]+/[0-9a-f]{64}", file)}
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return files | {f"bucket/{each['Key']}" for each in listed}

    def left(self, reply):
        """What is there that was not, in words, beside the result."""
        files = self.found() - self.before
        if "audio_url" in reply:
            files.remove(f"bucket/{reply['key']}")
        kinds = {
            "bucket/team/output/take.wav": "the result",
            "volume/output/undelivered/take.wav": "the speech under `output/undelivered`",
        }
        reference = "volume/cache/references/"
        told = {kinds.get(file, "the prepared reference" if file.startswith(reference) else file) for file in files}
        return ", ".join(sorted(told)) or "nothing"


@pytest.fixture
def scene(worker, s3, moto, tmp_path, monkeypatch, no_waits):
    """Set up, warm, and looked at before anything is broken."""
    environ, client = s3
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(s3_utils, "READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr(botocore.endpoint, "time", NoWaiting())
    monkeypatch.setenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
    with FaultyProxy(moto) as proxy:
        working = with_bucket(worker, {**environ, "AWS_ENDPOINT_URL": proxy.url})
        scene = Scene(working, proxy, client, environ["S3_BUCKET"], tmp_path, monkeypatch)
        prepared = {**dict.fromkeys(SAY), "action": "check", "text": SAY["text"], "voice": SAY["voice"]}
        assert "error" not in scene.ask(**prepared)
        scene.before = scene.found()
        proxy.requests.clear()
        yield scene
        if scene.decoder is not None:
            scene.decoder.close()
        working.delivery.bucket._client.close()


class NoWaiting:
    """botocore's clock: waits between tries are not waited for."""

    sleep = staticmethod(lambda _: None)

    def __getattr__(self, name):
        return getattr(ORIGINAL, name)


ORIGINAL = botocore.endpoint.time


def wire(*faults):
    """These instead of the next answers."""
    return lambda scene: scene.proxy.faults.extend(faults)


def block(*names):
    """A file stands where a directory should be."""

    def inject(scene):
        for name in names:
            (scene.root / name).parent.mkdir(parents=True, exist_ok=True)
            (scene.root / name).write_text("in the way")
        scene.before = scene.found()

    return inject


def raising(error):
    """The device answers with an error."""

    def inject(scene):
        def fail(*_):
            raise error

        scene.monkeypatch.setattr(scene.worker.engine.vocoder, "forward", fail)

    return inject


def speaking(value):
    """Such numbers come out of the network."""

    def inject(scene):
        vocoder = scene.worker.engine.vocoder
        forward = vocoder.forward
        scene.monkeypatch.setattr(vocoder, "forward", lambda *how: torch.full_like(forward(*how), value))

    return inject


def all_of(*injections):
    def inject(scene):
        for each in injections:
            each(scene)

    return inject


def of_the_bucket(**changes):
    """Another bucket, as a variable would name it."""

    def inject(scene):
        for name, value in changes.items():
            scene.monkeypatch.setattr(scene.worker.delivery.bucket, name, value)

    return inject


def limits(**changes):
    return lambda scene: scene.limit(**changes)


def slow_speech(seconds):
    """Each pass of the vocoder takes so much of the worker's time."""

    def inject(scene):
        clock, vocoder = Clock(), scene.worker.engine.vocoder
        vocode = vocoder.forward

        def slowly(*mels):
            clock.now += seconds
            return vocode(*mels)

        scene.monkeypatch.setattr(scene.worker, "clock", clock)
        scene.monkeypatch.setattr(vocoder, "forward", slowly)

    return inject


def bug(scene):
    scene.monkeypatch.setattr(scene.worker.engine, "speak", {}.pop)


def small_replies(scene):
    scene.monkeypatch.setattr(delivery, "MAX_REPLY_BYTES", 700)


REFERENCE = {"voice": None, "ref_text": "Some call me nature, others call me mother nature."}


def fetched(*faults, silent=False):
    """A recording by URL, from behind the proxy."""

    def inject(scene):
        spoken = BuiltIn().named("example-en").waveform
        clip = dataclasses.replace(spoken, samples=0 * spoken.samples) if silent else spoken
        scene.client.put_object(Bucket=scene.bucket, Key="clip.wav", Body=audio.encode(clip, "wav"))
        scene.before = scene.found()
        scene.proxy.faults.extend(faults)
        return {**REFERENCE, "ref_audio": f"{scene.proxy.url}/{scene.bucket}/clip.wav?X-Amz-Signature=known-secret-key"}

    return inject


def base64_of(samples):
    return base64.b64encode(audio.encode(waveform(samples), "wav")).decode()


def sent(make, **limits):
    """A recording inside the job; `limits`: of the decoder, as for a recording that is as many times larger."""

    def inject(scene):
        scene.decoder = Decoder(**limits)
        scene.monkeypatch.setattr(audio, "decode", scene.decoder.decode)
        return {**REFERENCE, "ref_audio": base64.b64encode(make()).decode()}

    return inject


def killed(scene):
    """As soon as the decoder is at work."""
    fields = sent(hostile.in_frames_of_a_sample)(scene)
    scene.decoder.decode(audio.encode(waveform(noise(1)), "wav"), 24_000, 60.0)
    process = psutil.Process(scene.decoder.pid)
    before_s = process.cpu_times().user

    def kill():
        while process.cpu_times().user < before_s + 0.1:
            pass
        process.kill()

    in_background("kill", kill)
    return fields


def given(**fields):
    return lambda scene: fields


FAULTS = {
    # The bucket
    "Storage throttles": ("503 SlowDown, once", wire(refused(503, "SlowDown"))),
    "Storage is down": ("503 SlowDown to every try", wire(*[refused(503, "SlowDown")] * 5)),
    "Storage errs": ("500 InternalError, twice", wire(*[refused(500, "InternalError")] * 2)),
    "Upload breaks off": ("connection reset within the upload, once", wire(reset_in_the_request)),
    "Uploads break off": ("connection reset within every upload", wire(*[reset_in_the_request] * 5)),
    "Storage's answer is lost": ("connection reset within the answer, once", wire(reset_in_the_answer)),
    "Storage is slow": ("no answer within the time-out, once", wire(never_answered)),
    "Bytes change on their way": ("one bit of the upload, once", wire(altered)),
    "Bytes change on every way": (
        "one bit of every upload",
        wire(altered, passed_on, passed_on, altered, passed_on, passed_on),
    ),
    "Storage lies": (
        "200 for every upload, and nothing is kept",
        wire(swallowed, passed_on, swallowed, passed_on),
    ),
    "Clock is wrong": ("403 RequestTimeTooSkewed", wire(refused(403, "RequestTimeTooSkewed"))),
    "Credentials have expired": ("400 ExpiredToken", wire(refused(400, "ExpiredToken"))),
    "Credentials are unknown": ("403 InvalidAccessKeyId", wire(refused(403, "InvalidAccessKeyId"))),
    "Writing is not allowed": ("403 AccessDenied", wire(refused(403, "AccessDenied"))),
    "Storage redirects": ("301 PermanentRedirect to every request", wire(*[refused(301, "PermanentRedirect")] * 200)),
    "Bucket is missing": ("a bucket's name that does not exist", of_the_bucket(bucket="no-such-bucket")),
    "Storage and volume fail": (
        "503 to every try, and the volume cannot be written",
        all_of(block("volume/output"), wire(*[refused(503, "SlowDown")] * 5)),
    ),
    "Storage, volume and reply fail": (
        "the same, and the audio is larger than a reply may be",
        all_of(block("volume/output"), limits(max_inline_mb=0), wire(*[refused(503, "SlowDown")] * 5)),
    ),
    "Reply is too large": ("a reply over the platform's limit", small_replies),
    # References
    "Reference's server is busy": ("503 to the download, once", fetched(refused(503, "SlowDown"))),
    "Reference's server is down": ("503 to every download", fetched(*[refused(503, "SlowDown")] * 3)),
    "Reference's link has expired": ("403 to the download", fetched(refused(403, "AccessDenied"))),
    "Reference's download breaks off": ("connection reset, once", fetched(reset_in_the_request)),
    "Reference's downloads break off": ("connection reset each time", fetched(*[reset_in_the_request] * 3)),
    "Reference's download is cut": ("half of the announced bytes, once", fetched(cut_short)),
    "Reference lies inside the network": (
        "`ref_audio` names the cloud's own metadata service",
        lambda scene: scene.monkeypatch.delenv("RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS"),
    ),
    "Reference is no sound": ("`ref_audio` is base64 of a text", given(**REFERENCE, ref_audio="bm90IGEgc291bmQ=" * 40)),
    "Reference is silent": ("a second of silence", fetched(silent=True)),
    "Reference has eight channels": ("AAC of 7.1 in M4A", sent(lambda: sounding("ipod", "aac", "7.1", seconds=2))),
    "Reference has sixteen channels": ("AAC in Matroska", sent(lambda: sounding("matroska", "aac", "hexadecagonal"))),
    "Reference claims an absurd rate": ("PCM in Matroska at 1 Hz", sent(hostile.at_one_hertz)),
    "Reference claims an absurd length": (
        "62 bytes of RIFF, whose comment has 2 GB",
        sent(hostile.with_a_long_comment),
    ),
    "Reference brings huge pictures": ("eight covers of 48 MB when decoded", sent(hostile.with_covers)),
    "Reference starts late": ("sound behind 6 MB of picture, in FLV", sent(hostile.late_in_flv)),
    "Reference is a damaged SDS file": ("libsndfile has 2,400 lines to say of it", sent(hostile.damaged_sds)),
    "Reference takes too long": ("a million frames of one sample", sent(hostile.in_frames_of_a_sample, cpu_s=-5.5)),
    "Reference takes too much memory": ("minutes in a single frame", sent(hostile.in_one_frame, memory=90 * MB)),
    "Decoder dies": ("SIGKILL within a reference", killed),
    "Nobody speaks in the reference": ("three seconds of hiss", given(voice=None, ref_audio=base64_of(noise(3)))),
    "Voice is not stored": (
        "503 to every try to store a voice",
        wire(passed_on, *[refused(503, "SlowDown")] * 5),
    ),
    "Storage's listing is broken": (
        "an object of which nothing but its key is told",
        wire(listing("<Key>team/voices/anna.wav</Key>")),
    ),
    "Voice is unknown": ("`voice` names none", given(voice="nobody")),
    # The device
    "Memory runs out": (
        "the GPU allocator's error",
        raising(torch.OutOfMemoryError("CUDA out of memory")),
    ),
    "GPU breaks down": (
        "a CUDA error",
        raising(torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)),
    ),
    "Network puts out NaN": ("NaN in the audio", speaking(float("nan"))),
    "Network puts out silence": ("zeros in the audio", speaking(0.0)),
    "Process has a bug": ("a `KeyError` where nobody expects one", bug),
    # Limits
    "Job takes too long": ("the time is over after the first chunk", all_of(limits(max_job_s=50), slow_speech(60))),
    "Job is too long": ("185 minutes of pauses", given(text="Ah. " + "[pause:60s]" * 185)),
    "Job is too much work": ("a hundred segments, each with its reference", limits(max_frames=9_999)),
    "Text is too long": ("one character more than `MAX_TEXT_CHARS`", given(text="a" * 100_001)),
    "Job is no job": ("fields that do not exist, a number out of range", given(txt="Hi.", speed=99)),
}
ASKED = {
    "Reference lies inside the network": {**REFERENCE, "ref_audio": "http://169.254.169.254/latest/meta-data/"},
    "Storage's listing is broken": {**dict.fromkeys(SAY), "action": "list_voices"},
    "Voice is not stored": {
        **dict.fromkeys(SAY),
        "action": "add_voice",
        "voice": "anna",
        "ref_audio": base64_of(BuiltIn().named("example-en").waveform.samples),
        "ref_text": REFERENCE["ref_text"],
    },
    "Job takes too long": {"text": None, "segments": [{"text": "Ah."}] * 2},
    "Job is too much work": {"text": None, "segments": [{"text": "Ah."}] * 100},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_answered_and_leaves_nothing_behind(scene, fault, fault_table):
    """And the next job is spoken as if nothing had been."""
    injected, inject = FAULTS[fault]
    fields = {**(inject(scene) or {}), **ASKED.get(fault, {})}
    reply = scene.ask(**fields)
    told = json.dumps([reply.get("error"), reply.get("details"), reply.get("degraded"), reply.get("warnings")])
    assert not [secret for secret in (*SECRETS, str(scene.root), str(ROOT)) if secret in told]
    names = {"BUCKET": scene.bucket}
    fault_table.row(fault, injected, seen(reply, **names), scene.left(reply))
    scene.monkeypatch.undo()
    scene.proxy.faults.clear()
    assert scene.ask(key="next", seed=7)["status"] == "completed"


def test_every_row_has_its_test():
    """A row whose test is gone promises what nobody looks at."""
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r'row\(\s*f?"([^"]+)"', sources)
    patterns = [re.sub(r"\\\{.*?\\\}", ".*", re.escape(name)) for name in (*named, *FAULTS)]
    assert rows()
    assert not [fault for fault in rows() if not re.fullmatch("|".join(patterns), fault)]
