"""Parts that start other processes: a worker from nothing, the tests, `bench.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from benchmark.figures import OURS, Run
from benchmark.process import read_answer

from gpu_parts.check import Check
from gpu_parts.results import FIRST_JOB
from gpu_parts.upstream import lacking

SCRIPTS = Path(__file__).resolve().parent.parent
ROOT = SCRIPTS.parent
FIGURES = {"chunk": ("taken_s", "s", 1.0), "long": ("rtf", "rtf", 1.0), "memory": ("peak_bytes", "GB", 1e9)}
"""What becomes a row of a command of `bench.py`: the value, its unit, and what it is divided by."""


def cold(check: Check) -> None:
    """Start a whole worker twice, without and with a copy of the weights: from process to first answer."""
    volume = check.bench / "cold"
    shutil.rmtree(volume, ignore_errors=True)
    volume.mkdir(parents=True)
    environ = {
        **os.environ,
        "RUNPOD_VOLUME": str(volume),
        "OUTPUT_DIR": str(volume / "output"),
        "F5_MODEL": str(check.model()),
        "F5_DEVICE": check.device,
    }
    ratios = []
    for turn in ("first start", "second start"):
        copy = "a copy" if any((volume / "cache").rglob("*.safetensors")) else "no copy"
        command = [sys.executable, "-W", "ignore", "-m", "gpu_parts.first_job", "2" if check.dry else "16"]
        start = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
            answer = read_answer(process)
        built, first, second = answer["moments"]
        case = f"{turn}, {copy}"
        check.tell(f"{case}: process to first answer", first - start, "s")
        check.tell(f"{case}: of that the first job", first - built, "s")
        check.tell(f"{case}: the same job again", second - first, "s")
        ratios.append((first - built) / (second - first))
        for part, seconds in answer["startup"].items():
            check.tell(f"{case}: {part}", seconds, "s")
    check.tell(FIRST_JOB.what, ratios, FIRST_JOB.unit)


def tests(check: Check) -> None:
    """Run the tests that only a GPU can answer."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        # Another machine has other versions, which warn of other things.
        options = ["-q", "-p", "no:cacheprovider", "-W", "default", f"--junitxml={report}", "tests/model/test_gpu.py"]
        status = subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, check=False).returncode
        cases = list(ET.parse(report).getroot().iter("testcase")) if report.exists() else []  # noqa: S314 - its own
    broken = [c.get("name", "") for c in cases if c.find("failure") is not None or c.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    check.tell("passed", len(cases) - len(broken) - skipped)
    check.tell("skipped", skipped)
    for name in broken:
        check.tell("failed", name)
    if status:
        raise RuntimeError(f"pytest ended with {status}, {len(broken)} tests failed")


def bench_chunk(check: Check) -> None:
    """Speak chunks beside f5-tts's own code."""
    full = ["--seconds", "3", "10", "20", "--steps", "7", "16", "--rounds", "3"]
    bench(check, "chunk", ["--seconds", "1", "--steps", "2", "--rounds", "1"] if check.dry else full)


def bench_long(check: Check) -> None:
    """Speak a text of a minute beside f5-tts's own code."""
    full = ["--minutes", "1", "--steps", "16", "--rounds", "2"]
    bench(check, "long", ["--minutes", "0.05", "--steps", "2"] if check.dry else full)


def bench_memory(check: Check) -> None:
    """Speak a short and a long text, each in a fresh process, and look at the memory."""
    full = ["--minutes", "1", "10", "--steps", "7", "--only", OURS]
    bench(check, "memory", ["--minutes", "0.05", "--steps", "2", "--only", OURS] if check.dry else full)


def bench(check: Check, what: str, arguments: list[str]) -> None:
    """Run a command of `bench.py`, and tell its figures; its samples are kept as `bench-<what>.json`."""
    kept = check.out / f"bench-{what}.json"
    command = [sys.executable, str(SCRIPTS / "bench.py"), what, "--device", check.device, "--arch", check.arch]
    command += ["--peer", "classes", "--bench", str(check.bench), "--json", str(kept), *arguments]
    if "--only" not in arguments and (why := lacking()):
        check.tell("f5-tts's side", f"left out: {why}")
        command += ["--only", OURS]
    subprocess.run(command, check=True)
    run, (name, unit, divisor) = Run.from_json(kept.read_text()), FIGURES[what]
    paper = check.paper()
    for case in run.cases:
        for side in run.sides(case):
            values = [value / divisor for value in run.values(case, side, name)]
            estimated = paper and (what, case, side) == ("chunk", "10 s, 16 steps", OURS)
            check.tell(f"{case}, {side}", values, unit, paper.chunk_ms / 1e3 if paper and estimated else None)
            if (ratio := run.ratio(case, side, name)) is not None:
                check.tell(f"{case}, f5-tts / {side}", ratio, "x")
