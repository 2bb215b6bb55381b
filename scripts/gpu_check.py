"""Tell what a GPU does with this code, in a quarter of an hour.

    scripts/gpu_check                                  everything, on this machine's GPU
    scripts/gpu_check --dry-run                        every part on a CPU, with a small network: does the check run?
    scripts/gpu_check --only steps variants            some parts
    scripts/gpu_check --packages /tmp/site --minutes 9 where packages are brought along and nothing can be fetched

Each part runs in a process of its own, within a limit of time: one that fails, hangs or breaks the GPU's context
leaves the others as they are. What it found goes to the directory at once: `results.jsonl`, a row a line; `summary.md`,
a table with what was expected on paper; `log.txt`, what parts and programs said; `profile.txt`, `speech.wav`,
`bench-*.json`. Weights are random and of the real size, made on the spot: nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gpu_parts.registry import NOT_HERE, PARTS
from gpu_parts.results import DONE, FAILED, FILES, LEFT_OUT, LOG, SUMMARY, TOO_LONG, append, read, summary

SCRIPTS = Path(__file__).resolve().parent
MOST_LOG_BYTES = 8 * 2**20
MOST_PROBLEM_CHARS = 3_000


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--dry-run", action="store_true", help="small, on a CPU, in under three minutes")
    made.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"some of {', '.join(PARTS)}")
    made.add_argument("--device", choices=["cpu", "cuda"], help="by default cuda; cpu for --dry-run")
    made.add_argument("--arch", help="an f5-tts config's name, or small; by default F5TTS_v1_Base; small for --dry-run")
    made.add_argument("--minutes", type=float, default=14, help="what all parts may take together, by default 14")
    made.add_argument("--out", type=Path, help="the directory for what was found; by default $OUT, else gpu-check")
    made.add_argument("--bench", type=Path, default=SCRIPTS.parent / "bench", help="where the models are kept")
    made.add_argument("--packages", type=Path, help="a directory that Python looks for packages in, beside its own")
    return made


@dataclass(frozen=True)
class End:
    """How a part ended."""

    state: str
    seconds: float
    problem: str = ""


def run_part(name: str, options: dict[str, object], limit_s: float, environ: dict[str, str], log: Path) -> End:
    """Run a part in a process of its own, and end all that it has started when its time is over."""
    start = time.monotonic()
    command = [sys.executable, "-m", "gpu_parts.registry", json.dumps({**options, "part": name, "limit_s": limit_s})]
    with log.open("ab") as said:
        said.write(f"\n== {name}\n".encode())
        said.flush()
        begin = said.tell()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environ, process_group=0)
        try:
            status = process.wait(limit_s)
            state = {0: DONE, NOT_HERE: LEFT_OUT}.get(status, FAILED)
        except subprocess.TimeoutExpired:
            status, state = 0, TOO_LONG
        finally:
            end_group(process)
    problem = ""
    if state != DONE:
        problem = log.read_bytes()[begin:].decode(errors="replace")[-MOST_PROBLEM_CHARS:]
        if status < 0:
            problem += f"\nended by {signal.Signals(-status).name}"
    if log.stat().st_size > MOST_LOG_BYTES:
        os.truncate(log, MOST_LOG_BYTES)
    return End(state, time.monotonic() - start, problem)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process, and those that it has started and left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts; returns 1 if one of them failed or took too long."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # not without ending the part
    out = (arguments.out or Path(os.environ.get("OUT") or "gpu-check")).absolute()
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (out / name).unlink(missing_ok=True)
    options = {
        "device": arguments.device or ("cpu" if arguments.dry_run else "cuda"),
        "arch": arguments.arch or ("small" if arguments.dry_run else "F5TTS_v1_Base"),
        "bench": str(arguments.bench.absolute()),
        "out": str(out),
        "dry": arguments.dry_run,
    }
    paths = [str(SCRIPTS), str(SCRIPTS.parent)]
    if arguments.packages:
        paths.append(str(arguments.packages.absolute()))
    paths += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE"),  # as the worker has it
    }
    start = time.monotonic()
    failed = False
    for name in [name for name in PARTS if name in (arguments.only or PARTS)]:
        left_s = 60 * arguments.minutes - (time.monotonic() - start)
        limit_s = min(PARTS[name].limit_s, left_s)
        end = End(LEFT_OUT, 0, "no time was left")
        if limit_s > 0:
            end = run_part(name, options, limit_s, environ, out / LOG)
        failed |= end.state in (FAILED, TOO_LONG)
        line = {"part": name, "state": end.state, "seconds": end.seconds, "limit_s": max(0, limit_s)}
        append(out, {**line, "problem": end.problem})
        title = f"{options['arch']} on {options['device']}{', a dry run' if arguments.dry_run else ''}"
        (out / SUMMARY).write_text(summary(title, read(out), arguments.dry_run))
        sys.stdout.write(f"{time.monotonic() - start:6.1f} s  {name}: {end.state}\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{(out / SUMMARY).read_text()}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
