"""Rows of results as lines of JSON, and the table made of them. Knows nothing of what was measured.

A line is a row of one part, {"part", "what", "value", "unit", "paper"}, or says how a part ended, {"part", "state",
"seconds", "limit_s", "problem"}.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.figures import number, spread
from rendered import table

Value = float | str | Sequence[float]
"""A number, all numbers of the rounds, or words."""
RESULTS, SUMMARY, LOG = "results.jsonl", "summary.md", "log.txt"
BENCHES = tuple(f"bench-{what}.json" for what in ("chunk", "long", "memory"))
FILES = (RESULTS, SUMMARY, LOG, "profile.txt", "speech.wav", *BENCHES)
"""All that a run leaves behind."""
ERROR = re.compile(r"(E +)?[\w.]{1,100}(Error|Exception|Unavailable): ")
"""A line of a traceback, pytest's among them, that names what was raised."""
DONE, FAILED, TOO_LONG, LEFT_OUT = "done", "failed", "too long", "left out"


@dataclass(frozen=True)
class Promise:
    """What shall be so on every GPU, of the row of this name."""

    what: str
    unit: str
    bar: float
    at_least: bool = False
    """Whether the median must reach the bar; else the largest number must not exceed it."""

    def wanted(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {number(self.bar)}"

    def verdict(self, measured: float | Sequence[float]) -> str:
        values = [measured] if isinstance(measured, int | float) else measured
        met = statistics.median(values) >= self.bar if self.at_least else max(values) <= self.bar
        return "met" if met else "not met"


SHARE = Promise("a chunk of 10 s at 16 steps, of a plain product's speed", "%", 50, at_least=True)
FIRST_JOB = Promise("the first job / the second, for each start", "x", 1.1)
NEW_LENGTH = Promise("a chunk of a new length / of a known one, for each length", "x", 1.2)
PROMISES = (SHARE, FIRST_JOB, NEW_LENGTH)


def append(out: Path, line: dict[str, Any]) -> None:
    """Write a line at once: what comes later may end the process."""
    with (out / RESULTS).open("a") as file:
        file.write(json.dumps(line) + "\n")


def read(out: Path) -> list[dict[str, Any]]:
    """Return all lines, in the order in which they were written."""
    return [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]


def summary(title: str, lines: Sequence[dict[str, Any]], dry: bool = False) -> str:
    """Return what was promised and how each part ended, and all rows, in Markdown. `dry`: nothing is judged."""
    ends = [
        [line["part"], line["state"], number(line["seconds"]), number(line["limit_s"]), cause(line["problem"])]
        for line in lines
        if "state" in line
    ]
    rows = [
        [line["part"], in_a_cell(line["what"]), shown(line["value"]), line["unit"], paper(line["paper"])]
        for line in lines
        if "what" in line
    ]
    return "\n\n".join(
        [
            f"# {title}",
            table(["promised", "measured: median (range)", "unit", "wanted", "judged"], judged(lines, dry)),
            table(["part", "state", "seconds", "of at most", "why"], ends),
            table(["part", "what", "measured: median (range)", "unit", "on paper"], rows),
            "",
        ]
    )


def judged(lines: Sequence[dict[str, Any]], dry: bool) -> Iterator[list[str]]:
    """Yield each promise, what was measured last, and whether that is enough."""
    measured = {line["what"]: line["value"] for line in lines if "what" in line}
    for promise in PROMISES:
        value = measured.get(promise.what)
        verdict = "not measured" if value is None else "a dry run" if dry else promise.verdict(value)
        yield [promise.what, "" if value is None else shown(value), promise.unit, promise.wanted(), verdict]


def shown(value: Value) -> str:
    if isinstance(value, str):
        return in_a_cell(value)
    return number(value) if isinstance(value, int | float) else spread(value)


def paper(estimate: float | None) -> str:
    return "" if estimate is None else number(estimate)


def cause(problem: str) -> str:
    """Return the line that says what was wrong: of several tracebacks the first's, else the last."""
    lines = problem.strip().splitlines() or [""]
    return in_a_cell(next(filter(ERROR.match, lines), lines[-1])[:200])


def in_a_cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
