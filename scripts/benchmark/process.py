"""How the processes of both sides are started and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from benchmark.side import ANSWER

SCRIPTS = Path(__file__).resolve().parent.parent
PEER_REQUIREMENTS = ("f5-tts==1.1.22", "torch==2.10.0", "torchaudio==2.10.0")
IMPORT_TORCH = "import torch, time; print(time.monotonic(), time.process_time())"


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


@dataclass(frozen=True)
class Program:
    """One side with its options, ready to be started."""

    python: Path
    module: str
    options: dict[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict)
    """Beside the environment of all."""

    def start(self, what: str, **options: object) -> subprocess.Popen[str]:
        arguments = json.dumps({"what": what, **self.options, **options})
        return subprocess.Popen(
            [self.python, "-W", "ignore", "-m", f"benchmark.{self.module}", arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=SCRIPTS,
            env={**environment(self.python), **self.environ},
        )

    def run_once(self, what: str, **options: object) -> dict[str, Any]:
        """Run to the end; its one answer."""
        with self.start(what, **options) as process:
            return read_answer(process)

    def import_torch(self) -> tuple[float, float]:
        """From the start of a process to torch imported, nothing else: seconds, and seconds of CPU."""
        start = time.monotonic()
        command: list[str | Path] = [self.python, "-W", "ignore", "-c", IMPORT_TORCH]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=SCRIPTS, env=environment(self.python)
        )
        end, cpu_s = map(float, done.stdout.split())
        return end - start, cpu_s


@dataclass(frozen=True)
class Speaker:
    """A process that has loaded the model and waits for requests."""

    process: subprocess.Popen[str]

    def ask(self, method: str, **arguments: object) -> Any:
        """What the method returns."""
        return self.timed(method, **arguments)["value"]

    def timed(self, method: str, **arguments: object) -> dict[str, Any]:
        """`value`, and `taken_s` without the way there and back."""
        stdin = cast(IO[str], self.process.stdin)
        stdin.write(json.dumps({"method": method, **arguments}) + "\n")
        stdin.flush()
        return read_answer(self.process)


@contextmanager
def speakers(programs: Mapping[str, Program]) -> Iterator[dict[str, Speaker]]:
    """Load sides beside each other, and end their processes afterwards."""
    with ExitStack() as stack:
        # To leave closes stdin, which ends the process, and waits for it.
        processes = {name: stack.enter_context(program.start("serve")) for name, program in programs.items()}
        for process in processes.values():
            read_answer(process)
        yield {name: Speaker(process) for name, process in processes.items()}


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Keep so many processes busy meanwhile, each with one thread that never waits."""
    with ExitStack() as stack:
        for _ in range(count):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        yield


def read_answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next answer; what else is printed is passed over."""
    for line in cast(IO[str], process.stdout):
        if line.startswith(ANSWER):
            return dict(json.loads(line.removeprefix(ANSWER)))
    raise RuntimeError(f"the process ended with {process.wait()} and gave no answer")


def environment(python: Path) -> dict[str, str]:
    """Offline, and with this project to import from; what this Python finds by PYTHONPATH is no affair of another."""
    found = os.environ.get("PYTHONPATH", "") if python == Path(sys.executable) else ""
    path = os.pathsep.join([str(SCRIPTS.parent), *filter(None, found.split(os.pathsep))])
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": path}
