"""A recording becomes a reference: cut where sound and text end together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import RATE, noise, silence, waveform

from voiceclone.types import Word
from voiceclone.voices.cutting import cut, pad, start_of


def test_a_pad_is_silence_behind():
    padded = pad(waveform(noise(1)), 0.2)
    assert padded.duration_s == pytest.approx(1.2)
    assert not padded.samples[RATE:].any()


def test_a_start_fades_out():
    assert np.abs(start_of(waveform(noise(2)), 1.0).samples[-3:]).max() < 0.01


def spoken(text, word_s=0.5, gaps=()):
    """Words of half a second, some with a pause of 0.3 s behind them, and the sound of it."""
    words, parts, at = [], [], 0.0
    for i, word in enumerate(text.split()):
        words.append(Word(f" {word}", at, at + word_s, 1.0))
        parts.append(noise(word_s))
        at += word_s
        if i in gaps:
            parts.append(silence(0.3))
            at += 0.3
    return waveform(*parts, silence(0.1)), words


def test_the_cut_lies_behind_a_sentence_where_one_ends_early_enough():
    sound, words = spoken("One two three four. Five six seven eight nine. Ten.", gaps=(3, 5))
    found = cut(sound, words, 4.0)
    assert found.text == "One two three four."
    assert 2.0 <= found.end_s <= 2.35


def test_without_a_sentence_the_longest_pause_is_taken():
    sound, words = spoken("one two three four, five six seven eight nine ten", gaps=(3,))
    found = cut(sound, words, 4.0)
    assert found.text == "one two three four"


def test_a_given_transcript_is_cut_at_the_word_that_was_heard():
    """It keeps its own spelling."""
    sound, words = spoken("hello doctor watson how are you today my friend", gaps=(5,))
    found = cut(sound, words, 4.0, "Hello, Doctor Watson! How are you - today, my friend?")
    assert found.text == "Hello, Doctor Watson! How are you"


def test_where_heard_and_written_part_no_cut_is_made():
    """`7` was written where `seven` was heard: behind that word both do not go on alike."""
    sound, words = spoken("we were seven in all and we were late", gaps=(2,))
    found = cut(sound, words, 3.1, "We were 7 in all and we were late.")
    assert found.text in ("We were 7 in all", "We were 7 in all and")


def test_scripts_without_spaces_are_cut_between_characters():
    sound = waveform(noise(3), silence(0.1))
    words = [Word(w, i * 0.5, i * 0.5 + 0.5, 1.0) for i, w in enumerate(["对", "这", "就是", "我", "万人", "敬仰"])]
    found = cut(sound, words, 2.2, "对，这就是我，万人敬仰的太乙真人。")
    assert found.text == "对，这就是我"


DIGITS, IN_WORDS = "In| 1984,| 25| men| paid| $1|,250.| We| left.", "In nineteen eighty-four, twenty-five men paid "
SPELLED = (
    "In| nineteen| eighty| four,| twenty| five| men| paid| one| thousand| two| hundred| and| fifty| dollars.| We| left."
)
CHINESE = "对|，1984|年|，25|人|付了|1250|元。|然后|他们|走了。"


@pytest.mark.parametrize(
    ("heard", "written", "language", "longest_s", "kept"),
    [
        (DIGITS, None, "en", 2.3, "In 1984, 25 men"),
        (DIGITS, None, "en", 3.45, "In 1984, 25 men paid $1,250."),
        (DIGITS, f"{IN_WORDS}twelve hundred and fifty dollars. We left.", "en", 2.3, IN_WORDS[:-6]),
        (
            DIGITS,
            f"{IN_WORDS}one thousand two hundred and fifty dollars. We left.",
            "en",
            1.2,
            "In nineteen eighty-four",
        ),
        (SPELLED, "In 1984, 25 men paid $1,250. We left.", "en", 2.3, "In 1984"),
        (SPELLED, "In 1984, 25 men paid $1,250. We left.", "en", 7.7, "In 1984, 25 men paid $1,250."),
        (
            "50%| left| at| 5|:30| p.m.| today.",
            "Fifty percent left at five thirty PM today.",
            "en",
            0.8,
            "Fifty percent",
        ),
        ("Dr.| Smith| left.", "Doctor Smith left.", "en", 1.1, "Doctor Smith"),
        (
            "Es| kostet| 25| Euro,| und| wir| gehen.",
            "Es kostet fünfundzwanzig Euro, und wir gehen.",
            "de",
            2.1,
            "Es kostet fünfundzwanzig Euro",
        ),
        (CHINESE, "对，一九八四年，二十五人付了一千二百五十元。然后他们走了。", "zh", 2.3, "对，一九八四年，二十五"),
    ],
)
def test_a_cut_is_found_where_one_has_digits_and_the_other_words(heard, written, language, longest_s, kept):
    """And no number is cut apart, nor is a cut within it."""
    parts = heard.split("|")
    words = [Word(part, i / 2, i / 2 + 0.4, 1.0) for i, part in enumerate(parts)]
    found = cut(waveform(noise(len(parts) / 2)), words, longest_s, written, language)
    assert found.text == kept


def test_what_has_nothing_in_common_cannot_be_cut():
    sound, words = spoken("one two three four")
    assert cut(sound, words, 1.2, "zzz qqq") is None
    assert cut(sound, words, 0.3) is None
    assert cut(sound, [], 1.0) is None


@given(st.lists(st.sampled_from(["we", "were", "late.", "again,", "7"]), min_size=1, max_size=12), st.floats(0.2, 5))
def test_a_cut_is_a_beginning_of_the_transcript(text, longest_s):
    sound, words = spoken(" ".join(text))
    found = cut(sound, words, longest_s)
    if found is not None:
        assert " ".join(text).startswith(found.text)
        assert found.end_s <= longest_s
