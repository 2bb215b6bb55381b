"""The check of a GPU: each part ends by itself, and what it found is there whatever becomes of the others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from gpu_parts.check import paper_for
from gpu_parts.registry import PARTS
from gpu_parts.results import (
    DONE,
    FAILED,
    FILES,
    FIRST_JOB,
    LEFT_OUT,
    NEW_LENGTH,
    PROMISES,
    SHARE,
    SUMMARY,
    TOO_LONG,
    read,
    summary,
)

NO_GPU = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture
def run(tmp_path):
    """Runs the check; gives its exit status and its lines. Places are the same each time."""

    def run(*arguments):
        command = [sys.executable, ROOT / "scripts/gpu_check.py", "--bench", tmp_path, "--out", tmp_path / "out"]
        done = subprocess.run([*command, *arguments], env=NO_GPU, capture_output=True, text=True, check=False)
        lines = read(tmp_path / "out")
        assert done.stdout.endswith((tmp_path / "out" / SUMMARY).read_text()), done.stderr
        assert {path.name for path in (tmp_path / "out").iterdir()} <= set(FILES)
        return done.returncode, lines

    return run


def states(lines):
    return {line["part"]: line["state"] for line in lines if "state" in line}


def test_a_dry_run_leaves_rows_and_a_table(run, tmp_path):
    """A line for each row and for the end of each part, in order; the table tells of all of them."""
    status, lines = run("--dry-run", "--only", "convolutions", "machine")
    assert (status, states(lines)) == (0, {"machine": DONE, "convolutions": DONE})
    assert [line["part"] for line in lines] == sorted((line["part"] for line in lines), key=list(PARTS).index)
    rows = [line for line in lines if "what" in line]
    assert all(set(row) == {"part", "what", "value", "unit", "paper"} for row in rows)
    taken = next(row for row in rows if row["what"] == "reference and text: new lengths")
    assert taken["unit"] == "ms"
    assert all(ms > 0 for ms in taken["value"])
    told = (tmp_path / "out" / SUMMARY).read_text()
    assert all(row["what"] in told for row in rows)
    tables = [line for line in told.splitlines() if line.startswith("|")]
    assert len(tables) == len(PROMISES) + len(lines) + 6
    assert {line.count("|") for line in tables} == {6}


def test_a_part_that_breaks_or_takes_too_long_leaves_the_others_alone(run, tmp_path):
    """Its traceback is kept. A torch that was brought along is broken, and the second time there is no time."""
    (tmp_path / "torch.py").write_text("raise RuntimeError('half a wheel')")
    status, lines = run("--packages", tmp_path, "--only", "convolutions", "machine")
    assert (status, states(lines)) == (1, {"machine": FAILED, "convolutions": FAILED})
    ends = [line for line in lines if "state" in line]
    assert all("Traceback (most recent call last)" in end["problem"] for end in ends)
    assert all("RuntimeError: half a wheel" in end["problem"] for end in ends)
    status, lines = run("--dry-run", "--minutes", "0.005", "--only", "machine", "profile")
    assert (status, states(lines)) == (1, {"machine": TOO_LONG, "profile": LEFT_OUT})


def test_the_table_names_what_broke_first():
    """Programs that a part has started tell before it does."""
    problem = "Traceback\n  File\nE   ModuleNotFoundError: No module named 'a | b'\nRuntimeError: ended with 1\n"
    end = {"part": "cold", "state": FAILED, "seconds": 1.5, "limit_s": 60, "problem": problem}
    row = {"part": "steps", "what": "a step", "value": [1.0, 3.0, 2.0], "unit": "ms", "paper": 6.2}
    told = summary("here", [end, row, json.loads(json.dumps({**row, "value": "no\nGPU", "paper": None}))])
    assert "| cold | failed | 1.5 | 60 | E ModuleNotFoundError: No module named 'a \\| b' |" in told
    assert "| steps | a step | 2 (1-3) | ms | 6.2 |" in told
    assert "| steps | a step | no GPU | ms |  |" in told


@pytest.mark.parametrize(
    ("promise", "measured", "told"),
    [
        (SHARE, 50.1, "50.1 | % | at least 50 | met"),
        (SHARE, [49.9], "49.9 | % | at least 50 | not met"),
        (FIRST_JOB, [1.0, 1.05], "1.02 (1-1.05) | x | at most 1.1 | met"),
        (FIRST_JOB, [1.0, 1.2], "1.1 (1-1.2) | x | at most 1.1 | not met"),
        (NEW_LENGTH, [1.0, 1.0, 1.3], "1 (1-1.3) | x | at most 1.2 | not met"),
        (NEW_LENGTH, None, " | x | at most 1.2 | not measured"),
    ],
)
def test_what_was_promised_is_judged(promise, measured, told):
    """By the worst of all where each must be so. What was not measured says so; a dry run judges nothing."""
    row = {"part": "steps", "what": promise.what, "value": measured, "unit": promise.unit, "paper": None}
    lines = [] if measured is None else [row]
    assert f"| {promise.what} | {told} |" in summary("here", lines)
    assert summary("here", lines).count("not measured") == len(PROMISES) - len(lines)
    assert "met |" not in summary("here", lines, dry=True)


@pytest.mark.parametrize(
    ("gpu", "chunk_ms"),
    [
        ("NVIDIA H200", 120),
        ("NVIDIA H100 80GB HBM3", 120),
        ("NVIDIA A100-SXM4-80GB", 185),
        ("NVIDIA GeForce RTX 4090", 235),
        ("NVIDIA L4", 560),
        ("NVIDIA L40S", None),
        ("NVIDIA A10", None),
    ],
)
def test_estimates_are_told_of_the_gpu_that_they_are_for(gpu, chunk_ms):
    paper = paper_for(gpu)
    assert (paper and paper.chunk_ms) == chunk_ms


def test_packages_to_bring_along_are_pinned():
    names = (ROOT / "scripts/gpu_parts/packages.txt").read_text()
    locks = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-dev.txt").read_text()
    for name in re.findall(r"^[a-z][\w-]+$", names, re.MULTILINE):
        assert re.search(rf"^{name}==", locks, re.MULTILINE), name
