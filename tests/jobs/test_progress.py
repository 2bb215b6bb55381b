"""A caller hears how far a long job has come: seldom enough, and never so late that the result overtakes it."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from voiceclone.jobs.progress import EVERY_S, LEAST_LEFT_S, Progress, nobody, terminal_bar


def told(takes_s, chunks=10, duration_s=1.0):
    """Updates of a job whose chunks take so long each."""
    now, updates = [0.0], []
    progress = Progress(updates.append, chunks, chunks * duration_s, lambda: now[0])
    for _ in range(chunks):
        now[0] += takes_s
        progress.advance(duration_s)
    return updates


def test_an_update_tells_what_is_done_and_what_is_left():
    first = told(2.0)[0]
    assert first == {"chunks_done": 1, "chunks": 10, "percent": 10.0, "seconds_left": 18.0}


def test_updates_come_once_a_second_at_the_most():
    updates = told(0.3, chunks=100)
    done = [update["chunks_done"] for update in updates]
    assert all(after - before >= EVERY_S / 0.3 for before, after in pairwise(done))
    assert len(done) > 20


@pytest.mark.parametrize(("takes_s", "chunks"), [(0.1, 10), (5.0, 1), (3.0, 7), (0.5, 200)])
def test_nothing_is_told_when_the_result_is_near(takes_s, chunks):
    updates = told(takes_s, chunks)
    assert bool(updates) == (takes_s * chunks > 4 and chunks > 1)
    assert all(update["seconds_left"] >= LEAST_LEFT_S for update in updates)
    assert all(update["chunks_done"] < chunks for update in updates)


def test_without_a_terminal_nothing_is_drawn(capsys):
    with terminal_bar() as report:
        assert report is nobody
        report({"percent": 50.0, "seconds_left": 3.0})
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with terminal_bar() as report:
        report({"percent": 50.0, "seconds_left": 3.0})
    assert "50%" in capsys.readouterr().err
