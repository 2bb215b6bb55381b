"""What was heard tells whether the text was said: wrong chunks and leaks are found, good speech passes."""

from __future__ import annotations

import pytest
from recordings import joined, recording

from voiceclone.checkpoints.registry import SHIPPED
from voiceclone.listening.verification import Comparison, compare, word_error_rate
from voiceclone.types import Transcript, Word
from voiceclone.voices.builtin import BuiltIn

VOICES = BuiltIn(SHIPPED["demo"] / "voices")
NATURE, SPOONS, RAINBOW = (recording(name) for name in ("basic_ref_en", "main", "town"))
MAX_WER = 0.2
"""Of a small recogniser, which hears "6 beans" for "six spoons"."""


@pytest.mark.parametrize("name", [*VOICES.model_names, "example-en"])
def test_good_speech_passes(recogniser, name):
    voice = VOICES.named(name)
    heard = recogniser.transcribe(voice.waveform, "en")
    assert compare(voice.text, heard, SPOONS.text, "en").is_good(MAX_WER)


@pytest.mark.parametrize("said", [SPOONS, RAINBOW])
def test_good_speech_passes_and_another_chunk_does_not(recogniser, said):
    heard = recogniser.transcribe(said.waveform, "en")
    assert compare(said.text, heard, NATURE.text, "en").is_good(MAX_WER)
    wrong = compare(VOICES.named("demo-deep").text, heard, NATURE.text, "en")
    assert (wrong.wer > 0.8, wrong.leaked) == (True, False)


@pytest.mark.parametrize(
    ("reference", "words", "said"),
    [
        (NATURE, 4, RAINBOW.part(0, 12)),
        (RAINBOW, 1, SPOONS.part(6, 11)),
        (SPOONS, 6, NATURE.part(4, 8)),
    ],
)
def test_the_end_of_the_reference_before_the_speech_is_a_leak(recogniser, reference, words, said):
    last = len(reference.words) - 1
    leaky = joined(0.05, reference.part(last + 1 - words, last), 0.1, said, 0.1)
    heard = recogniser.transcribe(leaky.waveform, "en")
    found = compare(said.text, heard, reference.text, "en")
    assert found.leaked, heard.text
    assert not found.is_good(1.0)
    clean = recogniser.transcribe(joined(0.1, said, 0.1).waveform, "en")
    assert not compare(said.text, clean, reference.text, "en").leaked


def transcript(text, language="en"):
    return Transcript((Word(text, 0, 1, 1.0),), language, 1.0)


REFERENCE = "Some call me nature, others call me mother nature."


@pytest.mark.parametrize(
    ("text", "heard", "leaked"),
    [
        ("Good morning to you.", "Good morning to you.", False),
        ("Good morning to you.", "Nature. Good morning to you.", True),
        ("Good morning to you.", "my brother nature good morning to you", True),
        ("Good morning to you.", "Mother Nature.", True),
        ("Nature is green.", "Nature is green.", False),
        ("Nature is green.", "Nature, nature is green.", True),
        ("Mother Nature is green.", "my mother nature is green", False),
        ("Good morning to you.", "Good morning to you, mother nature.", False),
        ("Good morning to you.", "", False),
        ("...", "Good morning.", False),
    ],
)
def test_a_leak_is_what_the_text_does_not_begin_with(text, heard, leaked):
    """However it is misheard; what is heard at the end is none."""
    assert compare(text, transcript(heard), REFERENCE, "en").leaked is leaked


def test_scripts_without_spaces_are_compared_by_characters():
    reference = "对，这就是我，万人敬仰的太乙真人。"
    good = compare("今天天气很好。", transcript("今天天汽很好", "zh"), reference, "zh")
    assert good == Comparison(pytest.approx(1 / 6), leaked=False)
    assert compare("今天天气很好。", transcript("太乙真人今天天气很好", "zh"), reference, "zh").leaked
    assert not compare("真人今天来了。", transcript("真人今天来了", "zh"), reference, "zh").leaked


def test_the_language_is_what_was_heard_where_nobody_tells():
    assert compare("25 Hunde", transcript("fünfundzwanzig Hunde", "de"), "Guten Tag.").wer == 0


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("Hello, world!", "hello world", 0),
        ("one two three four", "one two four", 0.25),
        ("It costs $5.", "it costs five dollars", 0),
        ("对，这就是我", "对这就是你", 0.2),
        ("", "something", 1),
    ],
)
def test_word_errors_are_counted_without_case_and_punctuation(said, heard, rate):
    assert word_error_rate(said, heard, "en") == pytest.approx(rate)
