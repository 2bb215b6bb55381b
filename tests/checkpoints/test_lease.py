"""A lease is held by one worker at a time, and a holder that died blocks nobody."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from voiceclone.checkpoints.lease import Lease


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lease(path: Path, clock: Clock) -> Lease:
    """A lease whose heart beats only when told to."""
    return Lease(path, beat_s=3600, stale_s=10, poll_s=0.01, clock=clock)


def test_a_lease_is_held_by_one_and_free_when_released(tmp_path: Path, clock: Clock):
    first, second = lease(tmp_path / "x", clock), lease(tmp_path / "x", clock)
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()
    assert not list(tmp_path.iterdir())


def test_a_lease_whose_holder_gives_signs_of_life_is_not_taken_over(tmp_path: Path, clock: Clock):
    holder, waiter = lease(tmp_path / "x", clock), lease(tmp_path / "x", clock)
    assert holder.try_acquire()
    for _ in range(5):
        assert not waiter.try_acquire()
        clock.now += 9
        holder.beat()
    holder.release()


def test_a_lease_without_signs_of_life_is_taken_over_and_its_late_holder_takes_nothing_back(
    tmp_path: Path, clock: Clock
):
    dead, waiter = lease(tmp_path / "x", clock), lease(tmp_path / "x", clock)
    assert dead.try_acquire()
    assert not waiter.try_acquire()
    clock.now += 9.9
    assert not waiter.try_acquire()
    clock.now += 0.2
    assert waiter.try_acquire()
    dead.beat()
    dead.release()
    assert (tmp_path / "x").exists()
    waiter.release()
    assert not list(tmp_path.iterdir())


def test_a_lease_that_was_created_and_never_written_is_taken_over(tmp_path: Path, clock: Clock):
    (tmp_path / "x").touch()
    waiter = lease(tmp_path / "x", clock)
    assert not waiter.try_acquire()
    clock.now += 10
    assert waiter.try_acquire()
    waiter.release()


def test_of_many_who_see_a_dead_lease_one_gets_it(tmp_path: Path, clock: Clock):
    (tmp_path / "x").write_text("elsewhere-1-ab 000000000007\n")
    waiters = [lease(tmp_path / "x", clock) for _ in range(16)]
    assert [w.try_acquire() for w in waiters] == [False] * 16
    clock.now += 11
    gate, winners = threading.Barrier(len(waiters)), []

    def run(waiter: Lease) -> None:
        gate.wait()
        if waiter.try_acquire():
            winners.append(waiter)

    threads = [threading.Thread(target=run, args=[w]) for w in waiters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = winners
    winner.release()
    assert not list(tmp_path.iterdir())


def test_a_taker_who_comes_late_gives_way(tmp_path: Path, clock: Clock):
    """Two judged the same record dead; the second acts on it after the first has taken over."""
    record = "elsewhere-1-ab 000000000007\n"
    (tmp_path / "x").write_text(record)
    first, late = lease(tmp_path / "x", clock), lease(tmp_path / "x", clock)
    assert not first.try_acquire()
    clock.now += 11
    assert first.try_acquire()
    held = (tmp_path / "x").read_text()
    assert not late._succeed(record, 11)
    assert (tmp_path / "x").read_text() == held
    first.release()
    assert not list(tmp_path.iterdir())


def test_a_taker_who_died_on_the_way_blocks_nobody(tmp_path: Path, clock: Clock):
    (tmp_path / "x").write_text("elsewhere-1-ab 000000000007\n")
    (tmp_path / "x.claim").write_text("elsewhere-2-cd 000000000001\n")
    waiter = lease(tmp_path / "x", clock)
    for _ in range(3):  # sees the record, waits for the claim, removes the claim
        assert not waiter.try_acquire()
        clock.now += 11
    assert waiter.try_acquire()
    waiter.release()
    assert not list(tmp_path.iterdir())


def test_a_waiter_says_for_whom_it_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "voiceclone")
    (tmp_path / "x").write_text("elsewhere-1-ab 000000000007\n")
    with Lease(tmp_path / "x", stale_s=0.05, poll_s=0.02):
        assert "waiting for elsewhere-1-ab" in caplog.text
        assert "took over" in caplog.text


def test_a_held_lease_keeps_changing(tmp_path: Path):
    """The heart beats by itself: the record is another one within moments."""
    with Lease(tmp_path / "x", beat_s=0.001):
        first, deadline = (tmp_path / "x").read_text(), time.monotonic() + 10
        while (tmp_path / "x").read_text() in {first, ""}:
            assert time.monotonic() < deadline
