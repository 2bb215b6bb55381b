"""A real whisper hears words and when they are said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from benchmark.hearing import word_error_rate
from conftest import ROOT

from voiceclone.asr import Recogniser
from voiceclone.checkpoints import RECOGNISERS, resolve_recogniser
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory
from voiceclone.hub import Hub
from voiceclone.types import Waveform
from voiceclone.voices import BuiltIn

ENGLISH = BuiltIn().named("example-en")


def test_words_have_their_times(recogniser):
    transcript = recogniser.transcribe(ENGLISH.waveform)
    assert word_error_rate([(ENGLISH.text, transcript.text)]) == 0
    assert (transcript.language, transcript.language_probability > 0.9) == ("en", True)
    times = [time for word in transcript.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= ENGLISH.waveform.duration_s + 0.1


def test_the_same_speech_is_heard_alike_twice(recogniser):
    assert recogniser.transcribe(ENGLISH.waveform) == recogniser.transcribe(ENGLISH.waveform)


def test_a_language_that_whisper_does_not_know_is_only_a_hint(recogniser):
    assert recogniser.transcribe(ENGLISH.waveform, "xx").language == "en"


def test_in_silence_nothing_is_heard(recogniser):
    assert recogniser.transcribe(Waveform(np.zeros(48_000, np.float32), 24_000), "en").text == ""


def test_the_model_is_loaded_when_it_is_first_needed():
    """And once: importing and building a recogniser imports neither CTranslate2 nor PyAV."""
    script = "import sys; from voiceclone.asr import Recogniser; Recogniser('tiny', None, 'cpu');"
    script = f"{script} print({{'ctranslate2', 'av'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_a_model_may_be_a_directory(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"neither a directory nor one of tiny, .*large-v3-turbo"):
        resolve_recogniser("tinny", tmp_path)
    with pytest.raises(ModelUnavailable, match=r"no config\.json, model\.bin, tokenizer\.json"):
        resolve_recogniser(str(tmp_path), tmp_path)
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (tmp_path / name).write_text("not a model")
    assert resolve_recogniser(str(tmp_path), tmp_path) == tmp_path
    with pytest.raises(ModelUnavailable, match="holds no whisper model that can be loaded"):
        Recogniser("mine", lambda: tmp_path, "cpu").transcribe(ENGLISH.waveform)


def test_a_model_is_looked_for_on_the_volume_before_the_hub(tmp_path):
    """In the hub's own layout; where it is nowhere the error says what fetches it."""
    nobody = Hub(endpoint="http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match=r"python scripts/fetch_models\.py .* --model tiny"):
        resolve_recogniser("tiny", tmp_path, hub=nobody)
    repo = tmp_path / "models/hub" / ("models--" + RECOGNISERS["tiny"].repo_id.replace("/", "--"))
    (repo / "refs").mkdir(parents=True)
    (repo / "refs/main").write_text("0" * 40)
    snapshot = repo / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for file in RECOGNISERS["tiny"].files:
        (snapshot / file).write_text("there")
    assert resolve_recogniser("tiny", tmp_path, hub=nobody) == snapshot


def test_a_model_that_is_not_there_is_not_looked_for_in_every_job():
    """It may be asked of a hub that does not answer."""
    asked = []

    def find():
        asked.append(1)
        raise OSError("the mount is gone")

    recogniser = Recogniser("tiny", find, "cpu")
    for _ in range(3):
        with pytest.raises(ModelUnavailable, match="the mount is gone"):
            recogniser.transcribe(ENGLISH.waveform)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("message", "error"), [("CUDA failed with error", DeviceFailed), ("out of memory", OutOfMemory)]
)
def test_a_broken_gpu_asks_for_a_fresh_worker(recogniser, monkeypatch, message, error):
    """CTranslate2's own words; there is no GPU here."""

    def transcribe(*_, **__):
        raise RuntimeError(message)

    recogniser.transcribe(ENGLISH.waveform)
    monkeypatch.setattr(recogniser._loaded, "transcribe", transcribe)
    with pytest.raises(error) as caught:
        recogniser.transcribe(ENGLISH.waveform)
    assert caught.value.refresh_worker
