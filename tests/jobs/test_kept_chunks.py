"""What was spoken is not spoken again, whatever became of the job: the engine's calls are counted."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
from clock import Clock
from conftest import make_delivery, make_kept, make_voices
from watched import Watched

from voiceclone.jobs.worker import Worker
from voiceclone.listening.verification import Comparison
from voiceclone.types import SEEDS

SENTENCES = [f"This is sentence number {i} of them." for i in range(100, 106)]
SAY = {"text": " ".join(SENTENCES), "voice": "example-en", "nfe_step": 1, "normalize_text": False}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watched(engine, clock):
    """An engine whose chunks take ten seconds by the clock, and hold one of the sentences each."""
    watched = Watched(engine, clock)
    watched.max_chunk_size = lambda voice, speed: len(SENTENCES[0])
    return watched


@pytest.fixture
def new_worker(settings, checkpoint, watched, recogniser, clock):
    """Makes workers that share a volume, as if each were a process of its own."""

    def make(engine=watched, **changed):
        own = settings.model_copy(update=changed)
        voices, delivery = make_voices(own, recogniser), make_delivery(own)
        worker = Worker(own, checkpoint, engine, recogniser, voices, delivery, make_kept(own, checkpoint))
        worker.clock = clock
        return worker

    return make


@pytest.fixture
def worker(new_worker):
    return new_worker()


def handled(worker, job_id="job", **fields):
    """A job's reply, when everything is written."""
    reply = worker.handle({"id": job_id, "input": {**SAY, **fields}})
    worker.kept.flush()
    return reply


def data(reply):
    return Path(reply["audio_path"]).read_bytes()


def texts(chunks):
    return [chunk.text for chunk in chunks]


def test_a_job_that_comes_again_speaks_nothing_and_gives_the_same_bytes(new_worker, watched):
    """Though its seed is drawn; on another worker, too. Another job draws another."""
    first = handled(new_worker())
    assert texts(watched.spoken) == SENTENCES
    assert not any("kept" in chunk for chunk in first["chunks"])
    expected = data(first)
    again = handled(new_worker())
    assert len(watched.spoken) == len(SENTENCES)
    assert all(chunk["kept"] for chunk in again["chunks"])
    assert data(again) == expected
    assert again["recipe"] == first["recipe"]
    assert handled(new_worker(), "other")["seed"] != first["seed"]
    assert handled(new_worker(), text="Another text.")["seed"] != first["seed"]


def test_a_job_that_its_time_has_ended_goes_on_where_it_was(new_worker, watched, clock):
    """It says with which seed. In the end each chunk was spoken once, and the bytes are those of a job without ends."""
    worker = new_worker(max_job_s=35)
    ended = handled(worker)
    assert ended["error_code"] == "out_of_time"
    seed = int(ended["error"].partition("the same input with seed ")[2].split(":")[0])
    done = len(watched.spoken)
    assert 0 < done < len(SENTENCES)
    expected = data(handled(worker, seed=seed))
    assert texts(watched.spoken) == SENTENCES
    shutil.rmtree(worker.settings.chunks_dir)
    assert data(handled(new_worker(), seed=seed)) == expected
    assert len(watched.spoken) == 2 * len(SENTENCES)


def test_a_dub_that_its_time_has_ended_goes_on_where_it_was(new_worker, watched):
    cues = "\n".join(
        f"{i}\n00:{i:02}:00,000 --> 00:{i:02}:30,000\n{said}\n" for i, said in enumerate(SENTENCES, start=1)
    )
    asked = {**SAY, "action": "dub", "subtitles": cues}
    del asked["text"]
    worker = new_worker(max_job_s=35)
    ended = worker.handle({"id": "job", "input": asked})
    assert ended["error_code"] == "out_of_time"
    seed = int(ended["error"].partition("the same input with seed ")[2].split(":")[0])
    done = len(watched.spoken)
    assert 0 < done < len(SENTENCES)
    reply = worker.handle({"id": "another", "input": {**asked, "seed": seed}})
    assert texts(watched.spoken) == SENTENCES
    assert sum("kept" in cue for cue in reply["cues"]) == done


def test_a_job_that_the_platform_runs_again_finds_what_it_has_spoken(new_worker, watched):
    assert handled(new_worker(max_job_s=35))["error_code"] == "out_of_time"
    assert handled(new_worker())["status"] == "completed"
    assert texts(watched.spoken) == SENTENCES


def test_a_recipe_with_one_sentence_changed_speaks_that_chunk_alone(worker, watched):
    first = handled(worker, seed=5)
    text = SAY["text"].replace("104", "999")
    edited = worker.handle({"id": "b", "input": {**first["recipe"], "text": text}})
    assert texts(watched.spoken[len(SENTENCES) :]) == ["This is sentence number 999 of them."]
    assert [chunk["seed"] for chunk in edited["chunks"] if "kept" in chunk] == [5, 6, 7, 8, 10]
    again = worker.handle({"id": "c", "input": edited["recipe"]})
    assert data(again) == data(edited)
    assert len(watched.spoken) == len(SENTENCES) + 1


def test_a_dub_with_cues_changed_and_come_speaks_those_alone(worker, watched):
    """Though they lie elsewhere now, and the seeds of the others would count on otherwise."""

    def subtitles(said):
        lines = enumerate(said, start=1)
        return "\n".join(f"{i}\n00:{i:02}:00,000 --> 00:{i:02}:30,000\n{each}\n" for i, each in lines)

    asked = {"action": "dub", "subtitles": subtitles(SENTENCES), "voice": "example-en", "nfe_step": 1}
    recipe = worker.handle({"id": "a", "input": {**asked, "normalize_text": False}})["recipe"]
    worker.kept.flush()
    new = ["And one comes.", *SENTENCES[:4], "One is another.", *SENTENCES[5:]]
    reply = worker.handle({"id": "b", "input": {**recipe, "subtitles": subtitles(new)}})
    assert texts(watched.spoken[len(SENTENCES) :]) == ["And one comes.", "One is another."]
    assert sum("kept" in cue for cue in reply["cues"]) == len(SENTENCES) - 1


def test_a_recipe_with_one_seed_changed_speaks_that_chunk_alone(worker, watched):
    recipe = handled(worker, seed=5)["recipe"]
    recipe["takes"][3]["seed"] = 99
    reply = worker.handle({"id": "b", "input": recipe})
    assert [(chunk.text, chunk.seed) for chunk in watched.spoken[len(SENTENCES) :]] == [(SENTENCES[3], 99)]
    assert [chunk["seed"] for chunk in reply["chunks"]] == [5, 6, 7, 99, 9, 10]


@pytest.mark.parametrize(
    "change",
    [{"seed": 6}, {"nfe_step": 2}, {"cfg_strength": 1.0}, {"target_rms": 0.4}, {"speed": 0.9}, {"voice": "example-zh"}],
    ids=str,
)
def test_what_sounds_otherwise_is_spoken_anew(worker, watched, change):
    asked = {"text": SENTENCES[0], "seed": 5}
    handled(worker, **asked)
    handled(worker, **{**asked, **change})
    assert len(watched.spoken) == 2
    handled(worker, **asked, format="flac", sample_rate=16_000, loudness=-20, remove_silence=True)
    assert len(watched.spoken) == 2


def test_attempts_are_kept_too_and_only_listened_to_again(worker, watched, monkeypatch):
    """What is heard badly was spoken with several seeds, each of which is found."""
    monkeypatch.setattr("voiceclone.speech.synthesis.compare", lambda *_: Comparison(0.9, False))
    asked = {"text": SENTENCES[0], "seed": 5, "verify": {"attempts": 2}}
    first = handled(worker, **asked)
    assert len({chunk.seed for chunk in watched.spoken}) == 2
    again = handled(worker, **asked)
    assert len(watched.spoken) == 2
    assert (again["chunks"][0]["attempts"], data(again)) == (2, data(first))


def test_a_voice_that_is_deleted_or_replaced_leaves_no_speech(worker, watched):
    clip = base64.b64encode(data(handled(worker, text=SENTENCES[0]))).decode()
    recorded = {"ref_audio": clip, "ref_text": SENTENCES[0]}
    add = {"action": "add_voice", "voice": "anna", "overwrite": True, **recorded}
    speech = worker.settings.chunks_dir / "anna"
    for leave in (add, {"action": "delete_voice", "voice": "anna"}):
        assert worker.handle({"id": "v", "input": add})["status"] == "completed"
        assert handled(worker, text=SENTENCES[0], voice="anna")["status"] == "completed"
        assert list(speech.iterdir())
        assert worker.handle({"id": "v", "input": leave})["status"] == "completed"
        assert not speech.exists()
    assert list((worker.settings.chunks_dir / "example-en").iterdir())


def test_where_nothing_is_kept_everything_is_spoken_and_nothing_promised(new_worker, watched):
    worker = new_worker(kept_chunks_mb=0, max_job_s=35)
    for _ in range(2):
        assert "same input" not in handled(worker)["error"]
    assert len(watched.spoken) > len(SENTENCES)
    assert not worker.settings.chunks_dir.exists()


def test_what_is_found_tells_nothing_of_how_long_speaking_takes(worker):
    handled(worker)
    before = worker.handle({"id": "c", "input": {**SAY, "action": "check"}})["predicted"]
    handled(worker)
    assert worker.handle({"id": "c", "input": {**SAY, "action": "check"}})["predicted"] == before


def test_a_drawn_seed_is_one_that_can_be_asked_for(worker):
    seeds = {handled(worker, str(i), text="Yes.")["seed"] for i in range(5)}
    assert len(seeds) == 5
    assert all(0 <= seed < SEEDS for seed in seeds)
