"""Words are compared, and each change has its place, its length and what is said around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import NOTHING_KEPT

from voiceclone.listening import spoken_words
from voiceclone.speech.editing import (
    Change,
    Context,
    Sound,
    apart,
    changes,
    joined,
    misheard,
    share_changed,
    with_change,
)
from voiceclone.speech.edits import Editor
from voiceclone.types import Transcript, Waveform, Word

RATE = 24_000
SAID = "One two three, four five six seven eight."


def recorded(said, word_s=0.3, pause_s=0.1, before_s=0.2):
    """Noise where words are, silence between them, and the words with their times."""
    samples, words = [np.zeros(int(before_s * RATE))], []
    position_s = before_s
    for word in spoken_words(said):
        words.append(Word(word, position_s, position_s + word_s, 0.9))
        noise = np.random.default_rng(len(words)).normal(0, 0.1, int(word_s * RATE))
        samples += [noise, np.zeros(int(pause_s * RATE))]
        position_s += word_s + pause_s
    return Waveform(np.concatenate(samples).astype(np.float32), RATE), words


def cut_of(wanted, said=SAID, asked_s=None, **how):
    waveform, words = recorded(said, **how)
    sound, new = Sound(waveform, words), spoken_words(wanted)
    (change,) = changes([word.text for word in words], new)
    cut = sound.cut(change, new, asked_s)
    return cut, sound.context(change, cut), words


@pytest.mark.parametrize(
    ("said", "wanted", "found"),
    [
        ("a b c", "a x c", [Change(1, 2, 1, 2)]),
        ("a b c", "a c", [Change(1, 2, 1, 1)]),
        ("a b c", "a b x y c", [Change(2, 2, 2, 4)]),
        ("a b c d e", "x b c d y z", [Change(0, 1, 0, 1), Change(4, 5, 4, 6)]),
        ("a b c d", "a x y z d", [Change(1, 3, 1, 4)]),
        ("A, b! C.", "a b c", []),
        ("我们走吧", "我们来吧", [Change(2, 3, 2, 3)]),
    ],
)
def test_words_that_differ_are_found_and_signs_and_case_make_no_difference(said, wanted, found):
    assert changes(spoken_words(said), spoken_words(wanted)) == found


def test_how_much_changes_is_counted_in_words():
    said, wanted = spoken_words("a b c d"), spoken_words("a b x y")
    assert share_changed(said, wanted, changes(said, wanted)) == 0.5


def test_each_change_is_spoken_beside_what_is_said_there_still():
    """The other changes are not made yet; what stays is written as it is wanted."""
    said, wanted = spoken_words("one two, three four five"), spoken_words("One 2nd three big four 5th")
    first, second, third = found = changes(said, wanted)
    whole = Context(0, 5, 0, 1)
    assert with_change(said, wanted, found, first, whole) == "One 2nd three four five"
    assert with_change(said, wanted, found, second, whole) == "One two, three big four five"
    assert with_change(said, wanted, found, third, Context(2, 5, 0, 1)) == "three four 5th"
    assert joined(["对", "这", "is ", "it"]) == "对这is it"


def test_a_replaced_word_is_cut_in_the_pauses_around_it_and_gets_its_texts_time():
    cut, context, words = cut_of("One two three, four nine six seven eight.")
    assert words[3].end_s < cut.start_s < words[4].start_s
    assert words[4].end_s < cut.end_s < words[5].start_s
    assert cut.duration_s == pytest.approx(cut.end_s - cut.start_s)  # as many letters
    longer, _, _ = cut_of("One two three, four nineteenth six seven eight.")
    assert longer.duration_s > 1.5 * cut.duration_s
    assert (context.start, context.stop) == (0, len(words))
    assert cut_of("One two three, four nine six seven eight.", asked_s=1.23)[0].duration_s == 1.23


def test_an_inserted_word_comes_into_the_pause():
    cut, _, words = cut_of("One two three, then four five six seven eight.")
    assert words[2].end_s < cut.start_s == cut.end_s < words[3].start_s
    assert 0.15 < cut.duration_s < 0.6


def test_where_words_go_a_pause_stays():
    cut, _, words = cut_of("One two three, six seven eight.")
    assert words[2].end_s < cut.start_s < words[3].start_s
    assert words[4].end_s < cut.end_s < words[5].start_s
    assert cut.duration_s == pytest.approx(0.06)


@pytest.mark.parametrize(
    "wanted", ["Nine two three, four five six seven eight.", "two three, four five six seven eight."]
)
def test_a_change_at_the_beginning_leaves_what_is_silent_before(wanted):
    cut, _, words = cut_of(wanted)
    assert 0.05 <= cut.start_s <= words[0].start_s + 0.03
    assert words[0].end_s <= cut.end_s <= words[1].start_s


def test_of_a_long_recording_only_what_is_near_is_the_context():
    said = " ".join(f"word{i}" for i in range(200))
    cut, context, words = cut_of(said.replace("word100 ", "another "), said)
    assert context.start_s < cut.start_s - 5
    assert context.end_s > cut.end_s + 5
    assert context.end_s - context.start_s <= 20.5
    assert words[context.start - 1].end_s <= context.start_s <= words[context.start].start_s
    at_start = cut_of(said.replace("word3 ", "another "), said)[1]
    assert at_start.start == 0
    assert at_start.end_s - at_start.start_s == pytest.approx(20, abs=1)


def test_a_misheard_text_is_told_from_another():
    said = "Two boats were waiting near the wooden bridge."
    assert apart(said, "to both for a wedding near the wooden bridge") < 0.45
    assert apart(said, "Please bring a warm coat and a pair of gloves.") > 0.65


def test_what_is_heard_of_a_change_is_told_from_what_is_heard_around_it():
    told = spoken_words("one two three four")
    assert misheard(told, spoken_words("won two three for"), range(1, 3)) == 0
    assert misheard(told, spoken_words("one too three four"), range(1, 3)) == 1
    assert misheard(told, spoken_words("one two extra three four"), range(1, 3)) == 1
    assert misheard(told, spoken_words("one two extra three four"), range(2, 2)) == 1


class Evenly:
    """A recogniser for which all words last alike."""

    def __init__(self):
        self.pieces_s = []

    def align(self, waveform, said, _language):
        self.pieces_s.append(waveform.duration_s)
        words = spoken_words(said)
        lasts_s = waveform.duration_s / len(words)
        return tuple(Word(word, i * lasts_s, (i + 1) * lasts_s, 0.9) for i, word in enumerate(words))


def test_the_words_of_a_long_recording_are_found_piece_by_piece():
    """One word is heard as another, and one is not heard."""
    said = " ".join(f"word{i}" for i in range(200))
    waveform, truth = recorded(said)
    heard = [replace(word, text="what " if i == 7 else word.text) for i, word in enumerate(truth) if i != 90]
    ears = Evenly()
    found = Editor(None, ears, NOTHING_KEPT).timed(waveform, said, Transcript(tuple(heard), "en", 1.0), "en")
    assert [word.text for word in found] == spoken_words(said)
    assert len(ears.pieces_s) > 3
    assert max(ears.pieces_s) <= 25.5
    assert sum(ears.pieces_s) == pytest.approx(waveform.duration_s, abs=0.01)
    for word, true in zip(found, truth, strict=True):
        assert abs(word.start_s - true.start_s) < 0.5
