"""Parts of a job are timed each for itself."""

from __future__ import annotations

from voiceclone import timings


def test_what_is_measured_inside_counts_once(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timings.time, "perf_counter", lambda: now[0])
    clock = timings.Timings()
    with clock.measure("synthesis"):
        now[0] += 1
        for _ in range(2):
            with clock.measure("verify"):
                now[0] += 3
        now[0] += 2
    with clock.measure("store"):
        now[0] += 5
    assert clock.report() == {"synthesis": 3, "verify": 6, "store": 5, "total": 14}
