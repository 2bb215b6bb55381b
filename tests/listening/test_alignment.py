"""Words told roughly are put where the sound has them, and spoken words on the caller's own; no word is lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.listening.alignment import in_order, on_readings, refined, spoken_words, spread
from voiceclone.text.splitting import is_speakable
from voiceclone.types import Reading, Waveform, Word

RATE = 16_000
RNG = np.random.default_rng(0)


def are_in_order(words, duration_s):
    times = [time for word in words for time in (word.start_s, word.end_s)]
    return times == sorted(times) and all(0 <= time <= duration_s for time in times)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, world.", ["Hello, ", "world."]),
        ("we waited - (quietly), I think", ["we ", "waited - ", "(quietly), ", "I ", "think"]),
        ("“Twenty-five” o'clock…", ["“Twenty-five” ", "o'clock…"]),
        ("对，这就是我。", ["对，", "这", "就", "是", "我。"]),
        ("他说：“好”。用iPhone拍 ok", ["他", "说：", "“好”。", "用", "iPhone", "拍 ", "ok"]),
        ("- so", ["- so"]),
        ("...", ["..."]),
        ("", []),
    ],
)
def test_words_have_their_punctuation_and_space(text, words):
    assert spoken_words(text) == words


@given(st.text(st.sampled_from("ab1 ,.-(“”)对我，。\n"), max_size=30))
def test_words_are_the_text_and_each_has_something_to_say(text):
    words = spoken_words(text)
    assert "".join(words) == text
    assert all(map(is_speakable, words)) or not is_speakable(text)


def said(text, pauses=()):
    """Words of noise, 60 ms for each letter, that fade in and out; with pauses behind some; and their times."""
    samples, words, length = [np.zeros(RATE // 2)], [], RATE // 2
    for i, word in enumerate(spoken_words(text)):
        sound = RNG.normal(0, 0.1, int(0.06 * sum(map(str.isalnum, word)) * RATE))
        samples += [sound * np.sqrt(np.hanning(len(sound))), np.zeros(int(pauses[i] * RATE) if i < len(pauses) else 0)]
        words.append(Word(word, length / RATE, (length + len(sound)) / RATE, 0.9))
        length += len(sound) + len(samples[-1])
    return Waveform(np.concatenate([*samples, np.zeros(RATE // 2)]).astype(np.float32), RATE), words


TEXT = "The difference in the rainbow, depends upon the size of drops."


def test_words_of_which_nothing_is_known_have_their_share_of_the_sound():
    """As many letters, as much speech; what lies between and around is no word's."""
    sound, words = said("We waited, in the rain.", pauses=[0, 0.6])
    found = spread([word.text for word in words], sound)
    assert {word.probability for word in found} == {0.0}
    ends = [(a.end_s, b.end_s) for a, b in zip(found, words, strict=True)]
    assert all(end == pytest.approx(expected, abs=0.05) for end, expected in ends)
    assert spread([], sound) == []


def test_in_silence_words_of_which_nothing_is_known_last_as_long_as_they_have_letters():
    silence = Waveform(np.zeros(4 * RATE, np.float32), RATE)
    assert spread(["We ", "waited."], silence) == [Word("We ", 0.0, 1.0, 0.0), Word("waited.", 1.0, 4.0, 0.0)]


@pytest.mark.parametrize("late_s", [0.0, 0.05, 0.12])
def test_words_told_late_and_roughly_are_put_where_they_sound(late_s):
    """As a recogniser tells them: without pauses, and every border up to 80 ms off."""
    sound, words = said(TEXT, pauses=[0, 0, 0, 0.2, 0.3])
    starts = [
        word.start_s + late_s + off for word, off in zip(words, RNG.uniform(-0.08, 0.08, len(words)), strict=True)
    ]
    told = [
        Word(word.text, start, end, word.probability)
        for word, start, end in zip(words, [0.0, *starts[1:]], [*starts[1:], sound.duration_s], strict=True)
    ]
    found = refined(told, sound)
    assert [(word.text, word.probability) for word in found] == [(word.text, 0.9) for word in words]
    off = [(a.start_s - b.start_s, a.end_s - b.end_s) for a, b in zip(found, words, strict=True)]
    assert np.abs(off).max() < 0.05


def test_a_sound_before_the_words_is_none_of_them():
    sound, words = said("breath " + TEXT, pauses=[0.3])
    told = [Word(word.text, word.start_s, word.end_s, 1.0) for word in words[1:]]
    assert refined(told, sound)[0].start_s == pytest.approx(words[1].start_s, abs=0.03)


@given(
    st.lists(st.tuples(st.sampled_from(["we ", "waited ", "- "]), st.floats(0, 3), st.floats(0, 3)), max_size=8),
    st.lists(st.tuples(st.floats(0.001, 0.5), st.floats(0, 0.3)), max_size=5),
)
def test_whatever_was_told_words_are_in_order_and_within_the_audio(told, parts):
    """Also where a word is told before the former one, behind the end, or in silence."""
    parts = [RNG.normal(0, level, int(duration_s * RATE)) for duration_s, level in parts]
    sound = Waveform(np.concatenate([np.zeros(0), *parts]).astype(np.float32), RATE)
    words = [Word(text, start, end, 0.5) for text, start, end in told]
    found = refined(words, sound)
    assert [word.text for word in found] == [word.text for word in words]
    assert are_in_order(found, sound.duration_s)


def timed(text, start_s=1.0, letter_s=0.1):
    """Words one behind the other, 0.1 s for each letter."""
    words, at = [], start_s
    for word in spoken_words(text):
        end = at + letter_s * sum(map(str.isalnum, word))
        words.append(Word(word, at, end, 0.5))
        at = end
    return words


def times(words):
    return [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in words]


def test_text_that_is_read_as_it_is_written_keeps_its_times():
    words = timed("Hello, my world.")
    assert on_readings(words, [Reading("Hello, my world.", "Hello, my world.")]) == words
    assert (
        on_readings(words, [Reading("Hel", "Hel"), Reading("lo, my ", "lo, my "), Reading("world.", "world.")]) == words
    )


def test_a_number_lasts_as_long_as_its_words():
    words = timed("I have twenty five apples.")
    pieces = [Reading("I have ", "I have "), Reading("25", "twenty five"), Reading(" apples.", " apples.")]
    expected = [("I ", 1.0, 1.1), ("have ", 1.1, 1.5), ("25 ", 1.5, 2.5), ("apples.", 2.5, 3.1)]
    assert times(on_readings(words, pieces)) == expected


def test_a_piece_of_several_words_shares_its_time_between_them_by_letters():
    words = timed("march fifth twenty twenty four")
    pieces = [Reading("March 5, 2024", "march fifth twenty twenty four")]
    found = on_readings(words, pieces)
    assert [word.text for word in found] == ["March ", "5, ", "2024"]
    assert found[0].start_s == 1.0
    assert found[-1].end_s == words[-1].end_s
    assert [word.end_s - word.start_s for word in found] == pytest.approx([1.3, 0.26, 1.04])


def test_pieces_share_the_word_that_they_are_read_as():
    pieces = [Reading("can ", "can"), Reading("not", "not")]
    assert times(on_readings(timed("cannot"), pieces)) == [("can ", 1.0, 1.3), ("not", 1.3, 1.6)]
    pieces = [Reading("mp", "mp "), Reading("3 ", "three "), Reading("player", "player")]
    assert times(on_readings(timed("mp three player"), pieces)) == [("mp3 ", 1.0, 1.7), ("player", 1.7, 2.3)]


def test_signs_that_are_read_are_words():
    pieces = [Reading("A ", "A "), Reading("& ", "and "), Reading("B", "B")]
    assert times(on_readings(timed("A and B"), pieces)) == [("A ", 1.0, 1.1), ("& ", 1.1, 1.4), ("B", 1.4, 1.5)]


def test_what_is_not_said_stands_with_its_neighbour():
    pieces = [Reading("[sic] ", ""), Reading("Hello ", "Hello "), Reading("(laughs) ", ""), Reading("you", "you")]
    pieces.append(Reading(" ...", " ..."))
    expected = [("[sic] Hello (laughs) ", 1.0, 1.5), ("you ...", 1.5, 1.8)]
    assert times(on_readings(timed("Hello you"), pieces)) == expected


def test_a_piece_that_was_dropped_is_not_said_although_its_letters_begin_its_neighbour():
    """`two` and `three` begin alike."""
    pieces = [Reading("one ", "one "), Reading("two ", "two "), Reading("three", "three")]
    assert times(on_readings(timed("one three"), pieces)) == [("one two ", 1.0, 1.3), ("three", 1.3, 1.8)]


def test_scripts_without_spaces_have_a_word_for_each_character():
    found = on_readings(
        timed("我有二十五个"), [Reading("我有", "我有"), Reading("25", "二十五"), Reading("个。", "个。")]
    )
    assert times(found) == [("我", 1.0, 1.1), ("有", 1.1, 1.2), ("25", 1.2, 1.5), ("个。", 1.5, 1.6)]


def test_words_of_neighbouring_chunks_that_overlap_are_put_in_order():
    """Chunks are cross-faded: one begins before the other has ended."""
    words = [Word("one ", 0.0, 1.1, 1.0), Word("two", 1.0, 2.0, 1.0)]
    assert times(on_readings(words, [Reading("one two", "one two")])) == [("one ", 0.0, 1.0), ("two", 1.0, 2.0)]


@given(
    st.lists(
        st.tuples(st.text(st.sampled_from("ab5$, 对"), max_size=6), st.sampled_from(["", "ab ", "five, ", "对", "- "])),
        max_size=8,
    ),
    st.sets(st.integers(0, 7)),
)
def test_the_callers_text_is_whole_and_in_order(pieces, dropped):
    """Whatever it is read as, and whichever pieces were dropped."""
    readings = [Reading(written, spoken) for written, spoken in pieces]
    spoken = timed("".join(reading.spoken for i, reading in enumerate(readings) if i not in dropped))
    found = on_readings(spoken, readings)
    assert "".join(word.text for word in found) in ("", "".join(reading.written for reading in readings))
    assert are_in_order(found, max((word.end_s for word in spoken), default=0) + 1e-9)
    assert all(a.end_s <= b.start_s for a, b in pairwise(found))


def test_of_silence_no_words_are_made():
    assert on_readings([], [Reading("...", "...")]) == []
    assert on_readings(timed("a"), []) == []


TIMES = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20)), max_size=12)


@given(TIMES, st.floats(0, 20))
def test_words_are_put_in_order_within_the_audio(times, end_s):
    """Whatever their times: all of them, none over the next, none behind the end."""
    words = [Word(f"{i} ", start, end, 1.0) for i, (start, end) in enumerate(times)]
    ordered = in_order(words, end_s)
    assert [word.text for word in ordered] == [word.text for word in words]
    flat = [time for word in ordered for time in (word.start_s, word.end_s)]
    assert flat == sorted(flat)
    assert all(time <= end_s for time in flat)


def test_words_that_are_in_order_stay_as_they_are():
    words = [Word("a ", 0.0, 0.5, 1.0), Word("b ", 0.5, 0.9, 1.0), Word("c", 1.5, 2.0, 0.0)]
    assert in_order(words, 2.0) == words
