"""A job that is too large is refused before it costs anything; one that takes too long leaves by itself."""

from __future__ import annotations

import dataclasses
import re

import pytest

from voiceclone.errors import OutOfTime
from voiceclone.limits import CERTAINLY, Deadline

SAY = {"voice": "example-en", "nfe_step": 1, "seed": 1}
SENTENCES = "A sentence that is long enough to be spoken all by itself, and then some more of it. " * 3


@pytest.fixture
def ask(worker):
    """Ask a worker with such limits."""

    def ask(limits=None, **fields):
        worker.settings = dataclasses.replace(worker.settings, **(limits or {}))
        return worker.handle({"id": "job", "input": {**SAY, **fields}})

    return ask


@pytest.fixture
def silent(worker, monkeypatch):
    """The engine must not be asked to speak."""
    monkeypatch.setattr(worker.engine, "speak", None)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("action", ["synthesize", "check"])
def test_more_audio_than_a_job_may_have_is_refused_before_it_is_spoken(ask, action):
    reply = ask({"max_speech_min": 2}, action=action, text="Ah. " + "[pause:60s]" * 3)
    assert reply["details"][0]["field"] == "text"
    assert re.match(
        r"would be 3\.\d minutes of audio .* at most 2 .* raise MAX_SPEECH_MIN", reply["details"][0]["message"]
    )


@pytest.mark.usefixtures("silent")
def test_more_work_than_a_job_may_have_is_refused_though_the_speech_is_short(ask):
    """Each of many short parts costs the whole reference."""
    reply = ask({"max_frames": 30_000}, segments=[{"text": "Ah."}] * 100)
    assert reply["details"][0]["field"] == "segments"
    assert re.match(r"would be \d{5} frames in 100 chunks, .* or raise MAX_FRAMES", reply["details"][0]["message"])


def test_a_job_within_its_limits_is_spoken(ask):
    assert ask({"max_speech_min": 1, "max_frames": 10_000, "max_job_s": 600}, text="Ah.")["status"] == "completed"


def test_a_job_leaves_when_its_time_is_over(ask, worker, monkeypatch):
    """Between two chunks, with what to change; nothing is stored, and the next job is answered."""
    spoken = []
    speak = worker.engine.speak

    def slowly(chunks, *how):
        for samples in speak(chunks, *how):
            spoken.append(samples)
            clock.now += 100
            yield samples

    clock = Clock()
    monkeypatch.setattr("voiceclone.worker.Deadline", lambda limit_s: Deadline(limit_s, clock))
    monkeypatch.setattr(worker.engine, "speak", slowly)
    reply = ask({"max_job_s": 150}, text=SENTENCES)
    assert reply["error_code"] == "out_of_time"
    assert re.search(r": 2 of \d chunks were spoken when the 150 s of a job were over: .* MAX_JOB_S", reply["error"])
    assert len(spoken) == 2
    assert not worker.settings.local_output_dir.exists()
    assert ask(text="Ah.")["status"] == "completed"


def test_what_will_certainly_take_too_long_is_not_begun(ask, worker, monkeypatch):
    assert ask(text="Ah.")["status"] == "completed"
    monkeypatch.setattr(worker, "_pace", 1000.0)
    monkeypatch.setattr(worker.engine, "speak", None)
    reply = ask({"max_job_s": 60}, text="Ah.")
    assert reply["error_code"] == "out_of_time"
    assert re.search(r"this would take about \d+ s, a job may take 60: send the text in several jobs", reply["error"])


class Clock:
    """Goes on when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_deadline_is_over_after_its_time_and_not_before():
    clock = Clock()
    deadline = Deadline(10, clock)
    deadline.refuse(10 * CERTAINLY)
    with pytest.raises(OutOfTime):
        deadline.refuse(10 * CERTAINLY + 1)
    clock.now = 10
    deadline.check("words were being timed")
    clock.now = 10.1
    with pytest.raises(OutOfTime, match="words were being timed when the 10 s of a job were over"):
        deadline.check("words were being timed")
