"""A worker's start, from its process to the first job's answer: the entry itself, as the platform's image runs it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

import psutil

from benchmark.process import SCRIPTS, Program, environment
from benchmark.work import FIRST_TEXT

VOICE = "example-en"
READY = re.compile(r"startup=(\{.*?\})")
"""In the worker's log: seconds by part."""
ANSWERED = "Job result: "
"""The SDK's log; it says `failed` for a job that failed."""
LOADING = ("weights", "warm_up")


def start_worker(program: Program, steps: int, *, anew: bool) -> dict[str, float]:
    """Start a worker on the volume of the options and let it answer a short job.

    Args:
        anew: without the copy of the weights that an earlier one left on the volume.

    Raises:
        RuntimeError: it gave no answer; with the end of its log.
    """
    volume = Path(program.options["volume"])
    if anew:
        shutil.rmtree(volume / "cache", ignore_errors=True)
    job = {"text": FIRST_TEXT, "voice": VOICE, "nfe_step": steps, "delivery": "local", "key": "first.wav"}
    entry, given = SCRIPTS.parent / "runpod-handler.py", json.dumps({"input": job})
    command: list[str | Path] = [program.python, entry, "--test_input", given]
    start = time.monotonic()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=volume,
        env={**environment(program.python), **settings(program.options), "PYTHONUNBUFFERED": "1"},
    ) as process:
        startup: dict[str, float] = {}
        log: list[str] = []
        for line in cast(IO[str], process.stdout):
            log.append(line)
            if found := READY.search(line):
                startup = ast.literal_eval(found[1])
            if ANSWERED in line:
                answered_s, cpu_s = time.monotonic() - start, cpu_of(process.pid)
                process.communicate()
                break
        else:
            raise RuntimeError(f"the worker gave no answer: {''.join(log[-5:])}")
    load_s = sum(startup[part] for part in LOADING)
    return {
        "imports_s": startup["total"] - load_s,
        "load_s": load_s,
        "ready_s": startup["total"],
        "answer_s": answered_s,
        "cpu_s": cpu_s,
    }


def settings(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the worker's variables for a side's options."""
    given = {
        "RUNPOD_VOLUME": options["volume"],
        "OUTPUT_DIR": f"{options['volume']}/output",
        "F5_MODEL": options["model"],
        "F5_DEVICE": options["device"],
        "F5_DTYPE": options["dtype"],
    }
    return {name: text for name, text in given.items() if text}


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a running process and those that it started have taken, of all threads."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)
