"""A job that is too large is refused before it costs anything; one that takes too long leaves by itself."""

from __future__ import annotations

import re

import pytest
from clock import Clock

SAY = {"voice": "example-en", "nfe_step": 1, "seed": 1}
SENTENCES = "A sentence that is long enough to be spoken all by itself, and then some more of it. " * 3


@pytest.fixture
def ask(worker):
    """Ask a worker with such limits."""

    def ask(limits=None, **fields):
        worker.settings = worker.settings.model_copy(update=limits)
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
    worker.clock = clock
    monkeypatch.setattr(worker.engine, "speak", slowly)
    reply = ask({"max_job_s": 150}, text=SENTENCES)
    assert reply["error_code"] == "out_of_time"
    assert re.search(r": 2 of \d chunks were spoken when the 150 s of a job were over: .* MAX_JOB_S", reply["error"])
    assert len(spoken) == 2
    assert not worker.settings.local_output_dir.exists()
    assert ask(text="Ah.")["status"] == "completed"


def test_what_will_be_in_vain_is_left_as_soon_as_that_is_seen(ask, worker, monkeypatch):
    """By the job's own pace, which its first chunks tell."""
    clock = Clock()
    speak = worker.engine.speak

    def slowly(chunks, *how):
        for samples in speak(chunks, *how):
            clock.now += 10
            yield samples

    worker.clock = clock
    monkeypatch.setattr(worker.engine, "speak", slowly)
    reply = ask({"max_job_s": 60}, segments=[{"text": "Ah."}] * 30)
    assert reply["error_code"] == "out_of_time"
    assert re.search(r": 1 of 30 chunks were spoken in 10 of the 60 s of a job, all will not be: send", reply["error"])


def test_words_that_there_is_no_time_for_are_told_to_be_missing(ask, worker, monkeypatch):
    """The speech is there, and is delivered."""
    clock = Clock()
    worker.clock = clock

    def align(*_):
        clock.now += 70
        return ()

    monkeypatch.setattr(worker.recogniser, "align", align)
    reply = ask({"max_job_s": 60}, segments=[{"text": "Ah."}] * 3, timestamps=True, subtitles=["srt"])
    assert (reply["status"], "words" in reply, "subtitles" in reply) == ("completed", False, False)
    assert "there are no word times and subtitles: words were being timed when" in reply["warnings"][-1]


def test_takes_that_there_is_no_time_to_speak_anew_are_the_ones(ask, worker, monkeypatch):
    """Each was spoken once and is heard badly; the time is over in the second round."""
    clock = Clock()
    worker.clock = clock
    transcribe = worker.recogniser.transcribe

    def slowly(*how):
        clock.now += 25
        return transcribe(*how)

    monkeypatch.setattr(worker.recogniser, "transcribe", slowly)
    reply = ask({"max_job_s": 60}, segments=[{"text": "Ah."}] * 2, verify={"max_wer": 0, "attempts": 3})
    assert [chunk["attempts"] for chunk in reply["chunks"]] == [1, 1]
    monkeypatch.setattr(clock, "now", 0.0)
    assert ask({"max_job_s": 40}, segments=[{"text": "Ah."}] * 2, verify=True)["error_code"] == "out_of_time"
