"""Marks are taken out of the text exactly; everything else is left to be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.text.markup import Turn, turns


def said(text):
    return [(turn.voice, turn.text.strip(), turn.pause_after_s) for turn in turns(text)]


def test_a_text_without_marks_is_one_turn():
    assert turns("Hello, world.") == [Turn("Hello, world.", None, 0.0)]


def test_a_voice_speaks_until_another_is_named():
    assert said("First. [bob] Second. [anna]Third. [main] Fourth.") == [
        (None, "First.", 0),
        ("bob", "Second.", 0),
        ("anna", "Third.", 0),
        (None, "Fourth.", 0),
    ]


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause:0.5s]", 0.5),
        ("[pause:500ms]", 0.5),
        ("[pause: 2 s]", 2),
        ("[PAUSE=.25]", 0.25),
        ("[pause 1s]", 1),
        ('<break time="500ms"/>', 0.5),
        ("<break time='1.5s' />", 1.5),
        ("<BREAK time=2s>", 2),
    ],
)
def test_a_pause_has_the_length_that_is_written(mark, seconds):
    assert said(f"One. {mark} Two.") == [(None, "One.", seconds), (None, "Two.", 0)]


def test_pauses_without_speech_between_them_add_up():
    assert said("[pause:1s][bob][pause:2s] Hi. [pause:1s] [anna] [pause:500ms]") == [(None, "", 3), ("bob", "Hi.", 1.5)]


@pytest.mark.parametrize("mark", ["[pause]", "[pause:]", "[pause:long]", "[pause:-1s]", "<break/>", '<break time=""/>'])
def test_a_pause_without_a_length_is_an_error_that_shows_the_right_form(mark):
    with pytest.raises(ValueError, match=r"pause without a length.*\[pause:0.5s\]"):
        turns(f"One. {mark} Two.")


def test_a_pause_that_is_too_long_is_an_error():
    with pytest.raises(ValueError, match="at most 60 s"):
        turns("[pause:61s]")


@pytest.mark.parametrize("text", ["See [1].", "[he laughed]", "a[i+1]", "x < y > z", "[]", "<b>", "[déjà]", "[ anna ]"])
def test_brackets_around_anything_but_a_name_are_read(text):
    assert said(text) == [(None, text.strip(), 0)]


def test_a_backslash_makes_a_mark_text():
    assert said(r"\[sic] and \<break time='1s'/>") == [(None, "[sic] and <break time='1s'/>", 0)]


@given(st.text(alphabet=st.sampled_from(list("ab .[]<>/\\pauseinm:1\n")) | st.characters(), max_size=200))
def test_nothing_is_said_that_is_not_written(text):
    """Whatever stands in the text: what is read of it stands there in this order, or the error says what is wrong."""
    try:
        found = turns(text)
    except ValueError:
        return
    written = iter(text)
    said = "".join(turn.text for turn in found)
    assert all(character in written for character in said)
    if not any(opening in text for opening in "[<"):
        assert said.strip() == text.strip()


def test_names_are_told_apart_by_case_but_for_the_main_one():
    assert said("[Anna] One. [Main] Two.") == [("Anna", "One.", 0), (None, "Two.", 0)]
