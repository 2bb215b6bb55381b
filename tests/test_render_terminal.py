"""The terminal's pictures show what a program wrote, when it did, and are those that the script would make."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest
import render_terminal
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from render_terminal import PICTURES, ROWS, SHELL, Picture, Shot, draw, paced, record, spans

BAR = r"printf '  10 %%'; read -sp ' go on? '; printf '\r  90 %%\033[K'; read -s; printf '\r%s\n' '<done>'"


@pytest.fixture
def prompt(monkeypatch):
    """Nobody has to read what is typed."""
    monkeypatch.setattr(render_terminal, "WAIT_S", 0)


def texts(picture):
    """What stands in a picture: of what is there at the end, and of what is overwritten before."""
    found = {"end": [], "gone": []}
    for each in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"):
        found["gone" if "gone" in each.get("class", "") else "end"].append(each.text.replace("\N{NO-BREAK SPACE}", " "))
    return found


def test_what_is_overwritten_is_seen_and_does_not_stay(prompt, tmp_path):
    """A line that is drawn anew, as a progress bar; leading spaces and signs of XML are kept."""
    picture = Picture("bar", "A bar", ((SHELL, BAR), ("  10 % go on?", ""), ("  90 %", "")))
    drawn = texts(draw(picture, paced(record(picture, tmp_path))))
    assert drawn["end"][-2:] == ["<done>", SHELL]
    assert {"  10 % go on?", "  90 %"} <= set(drawn["gone"])


def test_a_command_that_fails_is_not_drawn(prompt, tmp_path):
    with pytest.raises(RuntimeError, match=r"failed with 3[\s\S]*oh no"):
        record(Picture("bad", "A fault", ((SHELL, "echo oh no; (exit 3)"),)), tmp_path)


@given(st.lists(st.tuples(st.floats(0.01, 9), st.lists(st.sampled_from(["", "a", "b"]), min_size=3, max_size=3))))
def test_at_each_time_each_row_shows_what_it_held(waits):
    """And a long wait is shortened, not left out."""
    shots, at_s = [Shot(0.0, ("",) * ROWS)], 0.0
    for wait_s, lines in waits:
        at_s += wait_s
        shots.append(Shot(at_s, (*lines, *[""] * (ROWS - 3))))
    timed = paced(shots)
    found = list(spans(timed, timed[-1].at_s + 1))
    for before, shot in pairwise(timed):
        assert before.at_s < shot.at_s <= before.at_s + render_terminal.WAIT_S
    for shot in timed:
        shown = {span.row: span.text for span in found if span.start_s <= shot.at_s < span.end_s}
        assert shown == {row: text for row, text in enumerate(shot.lines) if text}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_pictures_are_of_the_commands_that_the_script_types(picture):
    drawn = texts((ROOT / f".github/{picture.name}.svg").read_text())["end"]
    assert [f"{question} {line}" for question, line in picture.dialogue] == [
        text for text in drawn if text.startswith((f"{SHELL} ", "start? "))
    ]
