"""A real whisper hears words and when they are said."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from benchmark import hearing
from conftest import ROOT
from faster_whisper import transcribe
from recordings import RATE, joined, recording

from voiceclone.checkpoints.hub import Hub
from voiceclone.checkpoints.registry import RECOGNISERS
from voiceclone.checkpoints.resolving import resolve_recogniser
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory
from voiceclone.listening.whisper import Recogniser
from voiceclone.types import Waveform
from voiceclone.voices.builtin import BuiltIn

ENGLISH = BuiltIn().named("example-en")
RNG = np.random.default_rng(0)
NATURE, SPOONS, RAINBOW = (recording(name) for name in ("basic_ref_en", "main", "town"))


@pytest.fixture(scope="module")
def recogniser():
    """One that listens every time."""
    return hearing.recogniser()


@pytest.fixture(scope="module")
def transcript(recogniser):
    return recogniser.transcribe(ENGLISH.waveform)


def test_words_have_their_times(transcript):
    assert hearing.word_error_rate([(ENGLISH.text, transcript.text)]) == 0
    assert (transcript.language, transcript.language_probability > 0.9) == ("en", True)
    times = [time for word in transcript.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= ENGLISH.waveform.duration_s + 0.1


def test_the_same_speech_is_heard_alike_twice(recogniser, transcript, monkeypatch):
    """And a sound whose words are found and then their times is encoded once: that is most of the work."""
    encoded, encode = [], transcribe.WhisperModel.encode
    monkeypatch.setattr(transcribe.WhisperModel, "encode", lambda *of: encoded.append(of) or encode(*of))
    recogniser.align(SPOONS.waveform, "Spoons.")  # another sound between
    assert recogniser.transcribe(ENGLISH.waveform) == transcript
    assert len(recogniser.align(ENGLISH.waveform, ENGLISH.text)) == len(ENGLISH.text.split())
    assert len(encoded) == 2


def test_a_language_that_whisper_does_not_know_is_only_a_hint(recogniser):
    assert recogniser.transcribe(ENGLISH.waveform, "xx").language == "en"


def test_where_nobody_speaks_nothing_is_heard():
    """Whisper, which hears "you", ". . ." or a phrase on and on there, is not asked: no processor hears anything."""
    nobody = Recogniser("tiny", lambda: pytest.fail("whisper is asked"), "cpu")
    for samples in (np.zeros(48_000), RNG.normal(0, 0.05, 72_000), np.sin(np.arange(72_000) * 2 * np.pi * 50 / RATE)):
        heard = nobody.transcribe(Waveform(samples.astype(np.float32), RATE), "en")
        assert (heard.text, heard.language, heard.language_probability) == ("", None, 0.0)


SAID = {"text": " Thank you.", "no_speech_prob": 0.5, "avg_logprob": -1.2, "compression_ratio": 0.9}


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ({}, "Thank you."),
        ({"no_speech_prob": 0.95, "avg_logprob": -0.6}, "Thank you."),
        ({"no_speech_prob": 0.95, "avg_logprob": -0.9}, ""),
        ({"no_speech_prob": 0.95, "avg_logprob": -0.2, "compression_ratio": 10.9}, ""),
        ({"avg_logprob": -0.2, "compression_ratio": 10.9}, "Thank you."),
        ({"text": " . . .", "avg_logprob": -0.5}, ""),
    ],
)
def test_of_what_whisper_hears_in_a_noise_only_words_count_that_it_believes(recogniser, monkeypatch, heard, text):
    """What it told of noises on two processors. A phrase that is said on and on is believed where someone speaks."""
    told = {**SAID, **heard}
    word = transcribe.Word(0.0, 1.0, told["text"], 0.9)
    segment = transcribe.Segment(id=1, seek=0, start=0.0, end=1.0, tokens=[], words=[word], temperature=0.0, **told)
    recogniser.load()
    about = SimpleNamespace(language="en", language_probability=1.0)
    monkeypatch.setattr(transcribe.WhisperModel, "transcribe", lambda *_, **__: ([segment], about))
    assert recogniser.transcribe(ENGLISH.waveform).text == text


SPOKEN = {
    "a sentence": SPOONS,
    "a long sentence": RAINBOW,
    "with a long pause": NATURE,
    "phrases, and pauses of 0 to 0.3 s": joined(
        0.05, SPOONS.part(6, 11), 0.3, RAINBOW.part(3, 5), SPOONS.part(0, 5), 0.1, NATURE.part(4, 8), 0.05
    ),
    "words out of context": joined(
        0.1,
        SPOONS.part(3, 3),
        0.1,
        SPOONS.part(19, 19),
        0.2,
        RAINBOW.part(4, 4),
        NATURE.part(8, 8),
        0.3,
        SPOONS.part(1, 1),
    ),
}


def test_words_of_a_known_text_are_found_where_they_are_said(recogniser):
    """Half of all starts and ends to 60 ms, nine of ten to 150 ms; and in every recording half of them to 100 ms."""
    off_s = {}
    for name, truth in SPOKEN.items():
        words = recogniser.align(truth.waveform, truth.text, "en")
        assert are_in_order(words, truth.waveform)
        assert np.mean([word.probability for word in words]) > 0.2
        pairs = zip(words, truth.words, strict=True)
        off_s[name] = np.abs([(a.start_s - b.start_s, a.end_s - b.end_s) for a, b in pairs])
    together = np.concatenate(list(off_s.values()))
    assert np.median(together) <= 0.06
    assert np.percentile(together, 90) <= 0.15
    assert all(np.median(off) <= 0.1 for off in off_s.values()), off_s


def are_in_order(words, waveform):
    times = [time for word in words for time in (word.start_s, word.end_s)]
    return times == sorted(times) and all(0 <= time <= waveform.duration_s for time in times)


def test_what_is_not_said_does_not_move_what_is(recogniser):
    """Of one wrong word too many the others do not suffer, and it is improbable."""
    text = SPOONS.text.replace("five thick", "five enormous thick")
    words = list(recogniser.align(SPOONS.waveform, text, "en"))
    (wrong,) = [word for word in words if word.text == "enormous "]
    assert wrong.probability < 0.05
    words.remove(wrong)
    off = [a.start_s - b.start_s for a, b in zip(words, SPOONS.words, strict=True)]
    assert np.median(np.abs(off)) <= 0.06
    assert are_in_order(words, SPOONS.waveform)


def test_speech_that_says_something_else_gives_improbable_words(recogniser):
    words = recogniser.align(RAINBOW.waveform, SPOONS.text, "en")
    assert "".join(word.text for word in words) == SPOONS.text
    assert are_in_order(words, RAINBOW.waveform)
    assert np.mean([word.probability for word in words]) < 0.2


def test_a_single_word_has_all_of_the_sound(recogniser):
    spoken = joined(0.2, RAINBOW.part(4, 4), 0.4)
    (word,) = recogniser.align(spoken.waveform, "Rainbow!", "en")
    assert (word.start_s, word.end_s) == pytest.approx((0.2, 0.2 + RAINBOW.part(4, 4).waveform.duration_s), abs=0.06)


def test_chinese_has_a_word_for_each_character(recogniser):
    """The suite's whisper knows English alone: the sound tells that the first of them is before the pause."""
    chinese = BuiltIn().named("example-zh")
    words = recogniser.align(chinese.waveform, chinese.text, "zh")
    assert "|".join(word.text for word in words) == "对，|这|就|是|我，|万|人|敬|仰|的|太|乙|真|人。"
    assert are_in_order(words, chinese.waveform)
    assert {word.probability for word in words} == {0.0}
    assert [(word.start_s, word.end_s) for word in words[:2]] == [
        pytest.approx((0.29, 0.64), abs=0.02),
        pytest.approx((1.17, 1.53), abs=0.02),
    ]


@pytest.mark.parametrize("text", ["- nature - call - (me).", "“Nature”… call me?!", "..."])
def test_signs_are_part_of_a_word(recogniser, text):
    words = recogniser.align(NATURE.waveform, text, "en")
    assert "".join(word.text for word in words) == text
    assert are_in_order(words, NATURE.waveform)


@pytest.mark.parametrize("duration_s", [0.0, 0.004, 0.05, 1.0, 31.0])
def test_in_silence_and_in_too_much_speech_times_are_guessed(recogniser, duration_s):
    waveform = Waveform(np.zeros(int(duration_s * RATE), np.float32), RATE)
    words = recogniser.align(waveform, "Nobody says this.", "en")
    assert [word.text for word in words] == ["Nobody ", "says ", "this."]
    assert are_in_order(words, waveform)
    assert recogniser.align(waveform, "", "en") == ()


def test_of_more_text_than_whisper_can_say_the_times_are_guessed(recogniser):
    words = recogniser.align(NATURE.waveform, "nature " * 500, "en")
    assert (len(words), {word.probability for word in words}) == (500, {0.0})
    assert are_in_order(words, NATURE.waveform)


def test_the_model_is_loaded_when_it_is_first_needed():
    """And once: importing and building a recogniser imports neither CTranslate2 nor PyAV."""
    script = "import sys; from voiceclone.listening import Recogniser; Recogniser('tiny', None, 'cpu');"
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
    with pytest.raises(ModelUnavailable, match=r"voiceclone fetch .* --model tiny"):
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

    def fail(*_, **__):
        raise RuntimeError(message)

    recogniser.load()
    monkeypatch.setattr(transcribe.WhisperModel, "transcribe", fail)
    with pytest.raises(error) as caught:
        recogniser.transcribe(ENGLISH.waveform)
    assert caught.value.refresh_worker
