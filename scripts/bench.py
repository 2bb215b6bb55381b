#!/usr/bin/env python
"""Measure this engine beside the f5-tts package: the same weights, device and machine, run in turn.

    python scripts/bench.py cold                from the start of the process to a loaded model, full size
    python scripts/bench.py cold --json -       the same, for machines

The f5-tts side runs in a virtual environment of its own, made on first use below `bench/`: its dependencies and the
worker's cannot be installed together. Weights are random, of the real size and in the hub's layout. Machines are
noisy: quote the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo_checkpoint import write_demo

ROOT = Path(__file__).resolve().parent.parent
ARCH = "F5TTS_v1_Base"
PEER_REQUIREMENTS = ("f5-tts==1.1.22", "torch==2.10.0", "torchaudio==2.10.0")

OURS = """
    import time, sys; start = time.perf_counter()
    sys.path.insert(0, {root!r})
    from pathlib import Path
    from voiceclone.checkpoints import resolve
    from voiceclone.engine import Engine
    imported = time.perf_counter()
    engine = Engine.load(resolve("demo", None, Path({volume!r})), {device!r})
    for weight in [*engine.dit.parameters(), *engine.vocoder.parameters()]:
        weight.flatten()[::1024].sum()  # a mapped file is read when it is touched: touch every page
    print("times", imported - start, time.perf_counter() - imported)
"""
THEIRS = """
    import time; start = time.perf_counter()
    from f5_tts.api import F5TTS
    imported = time.perf_counter()
    F5TTS({arch!r}, ckpt_file={snapshot!r} + "/model.safetensors", vocoder_local_path={snapshot!r} + "/vocos",
          device={device!r})
    print("times", imported - start, time.perf_counter() - imported)
"""


@dataclass(frozen=True)
class Sample:
    """One cold start, in seconds."""

    imports: float
    load: float
    process: float
    """From the start of the process to its end."""

    @property
    def ready(self) -> float:
        return self.imports + self.load


def peer_environment(bench: Path) -> Path:
    """The Python of a virtual environment with f5-tts and all that it names."""
    python = bench / "f5-tts/bin/python"
    installed = bench / "f5-tts/installed"
    if not installed.exists():
        sys.stderr.write(f"installing f5-tts into {python.parent.parent}\n")
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_REQUIREMENTS], check=True)
        installed.touch()
    return python


def cold_start(python: Path, script: str) -> Sample:
    """Run a script in a fresh process; it prints its own times."""
    start = time.perf_counter()
    done = subprocess.run(
        [python, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    process = time.perf_counter() - start
    line = next(line for line in done.stdout.splitlines() if line.startswith("times "))
    imports, load = map(float, line.split()[1:])
    return Sample(imports, load, process)


def measure_cold(bench: Path, device: str, rounds: int) -> dict[str, list[Sample]]:
    """Both sides in turn; a first round fills the page cache and is not counted."""
    volume = bench / "volume"
    snapshot = write_demo(volume, ARCH)
    values = {"root": str(ROOT), "volume": str(volume), "snapshot": str(snapshot), "arch": ARCH, "device": device}
    sides = {
        "voiceclone": (Path(sys.executable), OURS.format(**values)),
        "f5-tts": (peer_environment(bench), THEIRS.format(**values)),
    }
    samples: dict[str, list[Sample]] = {side: [] for side in sides}
    for round_ in range(rounds + 1):
        for side, (python, script) in sides.items():
            sample = cold_start(python, script)
            if round_:
                samples[side].append(sample)
    return samples


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def report(samples: dict[str, list[Sample]]) -> str:
    """Medians and ranges, and how often the package's time ours is."""
    lines = ["| seconds: median (range) | voiceclone | f5-tts | ratio |", "|---|---|---|---|"]
    for part in ("imports", "load", "ready", "process"):
        ours, theirs = ([getattr(sample, part) for sample in samples[side]] for side in ("voiceclone", "f5-tts"))
        ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
        lines.append(f"| {part} | {spread(ours)} | {spread(theirs)} | {ratio:.1f} x |")
    return "\n".join(lines)


def as_json(samples: dict[str, list[Sample]]) -> dict[str, Any]:
    return {side: [vars(sample) for sample in of_side] for side, of_side in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cold"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bench", type=Path, default=ROOT / "bench", help="where environment and weights are kept")
    parser.add_argument("--json", type=argparse.FileType("w"), help="write the samples there, - for stdout")
    arguments = parser.parse_args()
    samples = measure_cold(arguments.bench, arguments.device, arguments.rounds)
    if arguments.json:
        json.dump(as_json(samples), arguments.json, indent=2)
    else:
        print(report(samples))


if __name__ == "__main__":
    main()
