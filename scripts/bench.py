#!/usr/bin/env python
"""Measure this engine beside the f5-tts package: the same weights, device and machine, run in turn.

    python scripts/bench.py cold                          from the start of the process to a loaded model
    python scripts/bench.py chunk --seconds 3 --steps 7   one chunk of speech, from tokens to samples
    python scripts/bench.py chunk --json figures.json     the samples, for machines

The f5-tts side runs in a virtual environment of its own, made on first use below `bench/`: its dependencies and the
worker's cannot be installed together. Weights are random, of the real size and in the hub's layout. Machines are
noisy: quote the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

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


# Both sides load once, then answer each line `seconds steps` with the time that one chunk took.
OURS_CHUNK = """
    import sys, time
    sys.path.insert(0, {root!r})
    from pathlib import Path
    import torch
    from voiceclone.checkpoints import resolve
    from voiceclone.engine import Engine, Plan, Sampling, Schedule, log_mel, sample
    engine = Engine.load(resolve("demo", None, Path({volume!r})), {device!r}, {dtype!r})
    reference = log_mel(torch.randn({reference_s} * 24000, generator=torch.Generator().manual_seed(0)) * 0.1)
    def speak(seconds, steps):
        tokens = torch.arange(int(15 * (seconds + {reference_s})))
        noise = torch.randn(int(93.75 * (seconds + {reference_s})), 100, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            (mel,) = sample(engine.dit, engine._schedule(Sampling(steps)), [Plan(tokens, noise)], reference, 2.0)
            return engine.vocoder(mel[len(reference):]).cpu()
"""
THEIRS_CHUNK = """
    import sys, time
    import torch
    from f5_tts.api import F5TTS
    f5 = F5TTS({arch!r}, ckpt_file={snapshot!r} + "/model.safetensors", vocoder_local_path={snapshot!r} + "/vocos",
               device={device!r})
    reference = torch.randn({reference_s} * 24000, generator=torch.Generator().manual_seed(0)) * 0.1
    reference = reference[None].to({device!r})
    def speak(seconds, steps):
        tokens = torch.arange(int(15 * (seconds + {reference_s})))[None].to({device!r})
        with torch.inference_mode():
            mel, _ = f5.ema_model.sample(cond=reference, text=tokens, duration=int(93.75 * (seconds + {reference_s})),
                                         steps=steps, cfg_strength=2.0, sway_sampling_coef=-1.0, seed=0)
            mel = mel.to(torch.float32)[:, {reference_s} * 24000 // 256:].permute(0, 2, 1)
            return f5.vocoder.decode(mel).cpu()
"""
ANSWER = """
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, steps = line.split()
        start = time.perf_counter()
        speak(float(seconds), int(steps))
        print("times", time.perf_counter() - start, flush=True)
"""
REFERENCE_S = 5
SIDES = ("voiceclone", "f5-tts")


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


def sides(bench: Path, ours: str, theirs: str, **values: str | None) -> dict[str, tuple[Path, str]]:
    """The Python and the script of each side, with the same full-size weights filled in."""
    volume = bench / "volume"
    snapshot = write_demo(volume, ARCH)
    values |= {"root": str(ROOT), "volume": str(volume), "snapshot": str(snapshot), "arch": ARCH}
    pythons = (Path(sys.executable), peer_environment(bench))
    scripts = (script.format(**values, reference_s=REFERENCE_S) for script in (ours, theirs))
    return dict(zip(SIDES, zip(pythons, scripts, strict=True), strict=True))


def measure_cold(bench: Path, device: str, rounds: int) -> dict[str, list[Sample]]:
    """Both sides in turn; a first round fills the page cache and is not counted."""
    samples: dict[str, list[Sample]] = {side: [] for side in SIDES}
    for round_ in range(rounds + 1):
        for side, (python, script) in sides(bench, OURS, THEIRS, device=device).items():
            sample = cold_start(python, script)
            if round_:
                samples[side].append(sample)
    return samples


@contextmanager
def speaker(python: Path, script: str) -> Iterator[Callable[[float, int], float]]:
    """A process that has loaded the model: a function from seconds of speech and steps to the time it took."""
    command = [str(python), "-W", "ignore", "-c", textwrap.dedent(script) + textwrap.dedent(ANSWER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = cast(IO[str], process.stdin), cast(IO[str], process.stdout)

        def answer(prefix: str) -> str:
            for line in stdout:
                if line.startswith(prefix):
                    return line.removeprefix(prefix)
            raise RuntimeError(f"the process ended with {process.wait()} before it was {prefix.strip()}")

        def speak(seconds: float, steps: int) -> float:
            stdin.write(f"{seconds} {steps}\n")
            stdin.flush()
            return float(answer("times "))

        answer("ready")
        yield speak
        stdin.close()


def measure_chunk(
    bench: Path, device: str, dtype: str | None, rounds: int, seconds: Sequence[float], steps: Sequence[int]
) -> dict[str, dict[str, list[float]]]:
    """For each length and number of steps the seconds that each side took, in turn; a first round is not counted."""
    results = {}
    both = sides(bench, OURS_CHUNK, THEIRS_CHUNK, device=device, dtype=dtype)
    with speaker(*both[SIDES[0]]) as ours, speaker(*both[SIDES[1]]) as theirs:
        for length, nfe_step in itertools.product(seconds, steps):
            taken = [(ours(length, nfe_step), theirs(length, nfe_step)) for _ in range(rounds + 1)][1:]
            results[f"{length:g} s, {nfe_step} steps"] = dict(
                zip(SIDES, map(list, zip(*taken, strict=True)), strict=True)
            )
    return results


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def report(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Medians and ranges, and how many times ours theirs is: the median of the rounds' ratios."""
    lines = ["| seconds: median (range) | voiceclone | f5-tts | ratio |", "|---|---|---|---|"]
    for row, taken in rows.items():
        ours, theirs = (taken[side] for side in SIDES)
        ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
        lines.append(f"| {row} | {spread(ours)} | {spread(theirs)} | {ratio:.2f} x |")
    return "\n".join(lines)


def parts(samples: Mapping[str, Sequence[Sample]]) -> dict[str, dict[str, list[float]]]:
    """The parts of a cold start as rows of a report."""
    names = ("imports", "load", "ready", "process")
    return {part: {side: [getattr(sample, part) for sample in samples[side]] for side in SIDES} for part in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cold", "chunk"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3, 10, 20], help="lengths of the speech (chunk)")
    parser.add_argument("--steps", type=int, nargs="+", default=[7, 16, 32], help="nfe_step (chunk)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", help="what our side computes in (chunk); f5-tts: float32 on a CPU, float16 on a GPU")
    parser.add_argument("--bench", type=Path, default=ROOT / "bench", help="where environment and weights are kept")
    parser.add_argument("--json", type=argparse.FileType("w"), help="write the samples there, - for stdout")
    arguments = parser.parse_args()
    if arguments.what == "cold":
        rows = parts(measure_cold(arguments.bench, arguments.device, arguments.rounds))
    else:
        lengths, steps = arguments.seconds, arguments.steps
        rows = measure_chunk(arguments.bench, arguments.device, arguments.dtype, arguments.rounds, lengths, steps)
    if arguments.json:
        json.dump(rows, arguments.json, indent=2)
    else:
        print(report(rows))


if __name__ == "__main__":
    main()
