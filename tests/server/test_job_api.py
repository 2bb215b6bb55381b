"""The platform's job API, as the platform has it."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import soundfile

from voiceclone.audio.encoding import encode
from voiceclone.voices.builtin import BuiltIn

JOB = {"text": "Hello there.", "voice": "example-en", "nfe_step": 1}
LONG = {**JOB, "text": "One two three four five six seven. " * 40}


def test_a_job_is_taken_followed_and_answered(http):
    sent = http.post("/run", json={"input": JOB}).json()
    assert sent["status"] in ("IN_QUEUE", "IN_PROGRESS")
    while (news := http.get(f"/status/{sent['id']}").json())["status"] not in ("COMPLETED", "FAILED"):
        pass
    assert news["status"] == "COMPLETED"
    assert base64.b64decode(news["output"]["audio_base64"]).startswith(b"RIFF")
    assert http.get("/health").json()["jobs"]["completed"] >= 1


def test_runsync_answers_with_the_result(http):
    reply = http.post("/runsync", json={"input": JOB}).json()
    assert reply["status"] == "COMPLETED"
    assert reply["output"]["job_id"] == reply["id"]


def test_a_recording_is_edited_over_http(http):
    """By an engine that others share; the beginning is the caller's to the sample."""
    said = "Some call me nature, others call me mother nature."
    voice = BuiltIn().named("example-en")
    sent = encode(voice.waveform, "wav")
    asked = {"action": "edit", "ref_audio": base64.b64encode(sent).decode(), "ref_text": said, "attempts": 1}
    job = {**asked, "text": said.replace("mother nature", "a realist"), "nfe_step": 1, "format": "flac"}
    reply = http.post("/runsync?wait=300000", json={"input": job}).json()["output"]
    (change,) = reply["changes"]
    assert (change["was"], change["now"]) == ("mother nature.", "a realist.")
    before, after = (
        soundfile.read(io.BytesIO(data), dtype="int16")[0] for data in (sent, base64.b64decode(reply["audio_base64"]))
    )
    kept = round((change["start"] - change["fade_before"]) * 24_000)
    assert kept > 24_000
    assert np.array_equal(after[:kept], before[:kept])
    assert len(after) == reply["samples"]


def test_an_error_stands_beside_the_output_as_on_the_platform(http):
    reply = http.post("/runsync", json={"input": {**JOB, "speed": 9}}).json()
    assert reply["status"] == "FAILED"
    assert reply["error"].startswith("invalid_input: speed")
    assert reply["output"]["error_code"] == "invalid_input"


def test_runsync_waits_no_longer_than_asked(http):
    reply = http.post("/runsync?wait=1", json={"input": LONG}).json()
    assert reply["status"] in ("IN_QUEUE", "IN_PROGRESS")
    http.post(f"/cancel/{reply['id']}")


def test_a_job_that_nobody_wants_ends(http):
    job = http.post("/run", json={"input": {**LONG, "nfe_step": 16}}).json()
    http.post(f"/cancel/{job['id']}")
    while (news := http.get(f"/status/{job['id']}").json())["status"] not in ("CANCELLED", "COMPLETED"):
        pass
    assert news["status"] == "CANCELLED"


def test_a_job_that_nobody_knows_is_not_found(http):
    assert http.get("/status/nothing").status_code == 404
    assert http.post("/cancel/nothing").status_code == 404


@pytest.mark.parametrize("body", [{}, [], {"text": "Hello."}])
def test_a_job_without_input_is_refused(http, body):
    answer = http.post("/run", json=body)
    assert answer.status_code == 400
    assert "input" in answer.json()["error"]["message"] or "object" in answer.json()["error"]["message"]
