"""The demo model truly speaks: a recogniser hears the words, and the voice is the reference's.

Word error rates are of a sentence and a fixed seed, so that they catch an engine that slurs, not a model that could be
better; `scripts/bench.py speech` measures the model.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmark.hearing import median_pitch, word_error_rate
from conftest import NOTHING_KEPT, ROOT, make_delivery, make_voices, spoken

from voiceclone.checkpoints.registry import SHIPPED
from voiceclone.checkpoints.resolving import resolve
from voiceclone.jobs.worker import Worker
from voiceclone.model.engine import Engine
from voiceclone.model.mel import log_mel
from voiceclone.model.sampling import Sampling
from voiceclone.settings import Settings
from voiceclone.types import Chunk, Waveform
from voiceclone.voices.builtin import BuiltIn

LEARNT = ["demo-deep", "demo-high", "demo-middle"]
UNHEARD = "demo-unheard"
"""It is cloned half-way: the model has learnt voices below and above it."""
VOICES = [*LEARNT, UNHEARD]
FEW = Sampling(3, cfg_strength=1)
SENTENCE, SHORT = "My sister found an old map in the kitchen drawer.", "The old man slowly walked home."
MB = 1e6


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return resolve("demo", None, tmp_path_factory.mktemp("volume"))


@pytest.fixture(scope="module")
def engines(demo):
    return {dtype: Engine.load(demo, "cpu", dtype) for dtype in ("float32", "bfloat16", "float16", "int8")}


@pytest.fixture(scope="module")
def voices(demo):
    return BuiltIn(demo.voices)


@pytest.fixture(scope="module")
def said(engines, voices):
    """The sentence by each voice."""
    return {name: say(engines["float32"], voices.named(name)) for name in VOICES}


def say(engine, voice, text=SENTENCE, sampling=FEW, speed=1.0):
    return Waveform(spoken(engine, [Chunk(text, voice, 0, speed)], sampling), 24_000)


def errors_heard(recogniser, waveform, text=SENTENCE):
    """Of all words; and what was heard instead."""
    heard = hear(recogniser, waveform)
    return word_error_rate([(text, heard)]), heard


def hear(recogniser, waveform):
    return recogniser.transcribe(waveform, "en").text


def test_it_comes_with_its_voices_and_one_to_clone(voices):
    assert voices.model_names == VOICES


def test_it_is_small_and_says_what_it_is(demo):
    files = [path for path in SHIPPED["demo"].rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 20 * MB
    assert (demo.name, demo.license, demo.languages) == ("demo", "CC0-1.0", ("en",))
    card = (SHIPPED["demo"] / "README.md").read_text()
    assert all(word in card for word in ("Piper", "CC0", "spelled", *VOICES))


def test_the_image_is_built_without_it():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored.index("voiceclone/demo") > ignored.index("!voiceclone")


@pytest.mark.parametrize(("voice", "bar"), [(voice, 0.12) for voice in VOICES])
def test_the_recogniser_hears_the_words(said, recogniser, voice, bar):
    errors, heard = errors_heard(recogniser, said[voice])
    assert errors <= bar, heard


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8"])
def test_less_precision_does_not_slur(engines, voices, recogniser, dtype):
    """A CPU has no half precision to speak of: it is asked for little."""
    half = say(engines[dtype], voices.named("demo-middle"), SHORT, Sampling(2, cfg_strength=1))
    errors, heard = errors_heard(recogniser, half, SHORT)
    assert errors <= 0.17, heard


@pytest.mark.parametrize("steps", [16, 32])
def test_better_qualities_are_understood(engines, voices, recogniser, steps):
    better = say(engines["float32"], voices.named("demo-middle"), SHORT, Sampling(steps, cfg_strength=1))
    errors, heard = errors_heard(recogniser, better, SHORT)
    assert errors <= 0.17, heard


def test_the_voice_is_the_references(said, voices):
    """Its spectrum is nearest to its own reference's, and its pitch follows: as deep, and as far apart.

    A voice that was not learnt is spoken higher than the learnt one below it, and lower than the one above.
    """
    references = {name: log_mel(torch.from_numpy(voices.named(name).waveform.samples)).mean(0) for name in LEARNT}
    pitches = {}
    for name in VOICES:
        spectrum = log_mel(torch.from_numpy(said[name].samples)).mean(0)
        # Without the level, which is nobody's voice.
        apart = {other: float((spectrum - its).std()) for other, its in references.items()}
        assert name == UNHEARD or min(apart, key=apart.get) == name, apart
        pitches[name] = median_pitch(said[name])
        own = median_pitch(voices.named(name).waveform)
        assert pitches[name] == pytest.approx(own, rel=0.1), (name, pitches[name], own)
    assert pitches["demo-deep"] * 1.1 < pitches["demo-middle"] < pitches["demo-high"] / 1.1, pitches
    assert pitches["demo-middle"] * 1.03 < pitches[UNHEARD] < pitches["demo-high"] / 1.03, pitches


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_speed_changes_how_long_it_takes_and_not_what_is_said(engines, voices, said, recogniser, speed):
    """Slower and faster than its reference: each text is read where it is spoken."""
    other = say(engines["float32"], voices.named("demo-middle"), speed=speed)
    errors, heard = errors_heard(recogniser, other)
    assert errors <= 0.12, heard
    assert other.duration_s == pytest.approx(said["demo-middle"].duration_s / speed, rel=0.02)


@pytest.fixture(scope="module")
def worker(demo, engines, voices, recogniser, tmp_path_factory):
    volume = tmp_path_factory.mktemp("volume")
    settings = Settings(volume=volume, model="demo", output_dir=volume / "output")
    prepared = make_voices(settings, recogniser, built_in=voices)
    delivery = make_delivery(settings)
    return Worker(settings, demo, engines["float32"], recogniser, prepared, delivery, NOTHING_KEPT)


def test_numbers_are_spelled_out_before_the_model_reads_them(worker, recogniser):
    from voiceclone import audio

    text = "We have 12 books and 6 chairs."
    asked = {"text": text, "voice": "demo-middle", "seed": 1, "nfe_step": 3, "delivery": "local"}
    reply = worker.handle({"input": asked})
    assert reply["normalized_text"] == "We have twelve books and six chairs."
    assert reply["warnings"] == []
    waveform = audio.decode(Path(reply["audio_path"]).read_bytes(), 24_000, 30)
    assert word_error_rate([(reply["normalized_text"], hear(recogniser, waveform))]) <= 0.25


def test_what_its_vocabulary_lacks_is_warned_about(worker):
    asked = {"text": "Left at 50 degrees \u2603 on.", "voice": "demo-middle", "nfe_step": 1, "delivery": "local"}
    reply = worker.handle({"input": asked})
    assert reply["warnings"] == ["the model's vocabulary lacks \u2603: left out"]
    assert reply["normalized_text"] == "Left at fifty degrees on."


def test_a_strangers_voice_is_warned_about(worker):
    """It has learnt three voices and no others."""
    asked = {"text": "Hello.", "voice": "example-en", "nfe_step": 1, "delivery": "local"}
    (warning,) = [w for w in worker.handle({"input": asked})["warnings"] if "voices" in w]
    assert warning == f"this model knows only its own voices: {', '.join(VOICES)}"


def test_info_lists_its_voices_first(worker):
    assert worker.handle({"input": {"action": "info"}})["voices"][:4] == VOICES


# What a recogniser is for


TEXT = "The old man walked slowly along the river. [pause:0.5s] Nobody had seen him for more than 10 years."


def answer(worker, **fields):
    asked = {"voice": "demo-middle", "seed": 1, "nfe_step": 4, "delivery": "local", **fields}
    return worker.handle({"id": "job", "input": asked})


@pytest.fixture(scope="module")
def reply(worker):
    """With all that is told of words."""
    return answer(worker, text=TEXT, timestamps=True, subtitles=["json"])


def test_words_are_told_when_they_are_said(reply):
    """This model says every letter, spaces too, for one length of time: when a word should be said is known."""
    spoken_words = [chunk["text"].split() for chunk in reply["chunks"]]
    errors = []
    told = iter(reply["words"])
    for chunk, words in zip(reply["chunks"], spoken_words, strict=True):
        letters_s = (chunk["end"] - chunk["start"]) / sum(len(word) + 1 for word in words)
        position = 0
        for word in words:
            if position:  # before the first one there is nothing to be late against
                errors.append(abs(next(told)["start"] - (chunk["start"] + position * letters_s)))
            else:
                next(told)
            position += len(word) + 1
    assert len(errors) == 15
    assert float(np.median(errors)) <= 0.06, errors
    assert [word["word"] for word in reply["words"]][-2:] == ["10", "years."]


def test_subtitles_show_the_callers_words_while_they_are_said(reply):
    cues = json.loads(Path(reply["subtitles"]["json"]).read_text())["cues"]
    assert " ".join(cue["text"] for cue in cues).split() == TEXT.replace("[pause:0.5s] ", "").split()
    assert cues[-1]["end"] <= reply["duration"]
    assert cues[-1]["start"] >= reply["chunks"][1]["start"] - 0.05


def planted(engine, monkeypatch, first):
    """The engine says something else the first time."""
    speak, calls = engine.speak, []

    def once_wrong(chunks, *settings):
        calls.append(len(chunks))
        texts = first if len(calls) == 1 else [chunk.text for chunk in chunks]
        return speak([replace(chunk, text=text) for chunk, text in zip(chunks, texts, strict=True)], *settings)

    monkeypatch.setattr(engine, "speak", once_wrong)
    return calls


BAD, OTHER = "Several people were reading.", "We heard the rain all night."


def test_verify_finds_a_wrong_chunk_and_speaks_it_again(worker, monkeypatch):
    calls = planted(worker.engine, monkeypatch, [BAD, OTHER])
    reply = answer(worker, text=f"{SHORT} [pause:0.1s] {OTHER}", verify={"max_wer": 0.35, "attempts": 3})
    assert calls[:2] == [2, 1]
    assert reply["chunks"][0]["attempts"] > 1
    assert reply["chunks"][1]["attempts"] == 1
    assert all(chunk["wer"] <= 0.35 for chunk in reply["chunks"])
    assert reply["warnings"] == []
    assert reply["timings"]["verify"] > 0


def test_verify_finds_the_references_tail_and_passes_what_is_good(worker, monkeypatch):
    calls = planted(worker.engine, monkeypatch, [f"good eyesight from my mother. {SHORT}"])
    reply = answer(worker, text=SHORT, voice="demo-deep", verify={"max_wer": 1.0, "attempts": 2})
    assert calls == [1, 1]
    assert reply["chunks"][0]["attempts"] == 2
    assert reply["warnings"] == []
