"""Processes for what workers promise after their start: forks of one that has imported what each would for seconds."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
FORKS = multiprocessing.get_context("forkserver")
# Not the SDK: it reads the environment when it is imported. Nor the hub's client, which does so as well.
FORKS.set_forkserver_preload(
    [
        *("aiohttp", "av", "boto3", "fastapi", "filelock", "httpx2", "num2words2"),
        *("psutil", "rjieba", "soundfile", "safetensors.torch", "torchaudio.functional", "tqdm.auto", "uvicorn"),
        *("voiceclone.jobs", "voiceclone.delivery", "voiceclone.voices", "voiceclone.listening"),
    ]
)


class Forked:
    """A Python process in places of its own; as much of `subprocess.Popen` as is asked for."""

    def __init__(self, places, *command, env=None):
        """`command`: as for `python`: a script, `-c CODE` or `-m MODULE`, and its arguments. `env`: beside the places'
        own."""
        root, base = places
        self._log = root / f"said-{sum(1 for _ in root.glob('said-*'))}.txt"
        self._log.touch()
        with mock.patch.dict(os.environ, {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}):
            forkserver.ensure_running()
        arguments = (command, root / "cwd", {**base, **(env or {})}, self._log)
        self._process = FORKS.Process(target=_become, args=arguments)
        self._process.start()
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._process.join()

    @property
    def said(self):
        """What it has written to stdout and stderr."""
        return self._log.read_text()

    def poll(self):
        """Return its status, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout=60):
        """Return its status when it has ended."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("the process", timeout)
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """With what it has started, as the SDK's process for pings."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _become(command, directory, environ, log):
    """Go on as `python` would with this command."""
    gc.freeze()  # the collector would write to every page, and this process get a copy of it
    os.setsid()
    multiprocessing.set_start_method(None, force=True)  # its own processes start as any other's do
    with log.open("ab", buffering=0) as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environ)
    kind, *rest = command
    match kind:
        case "-c":
            sys.argv = [kind, *rest[1:]]
            exec(rest[0], {"__name__": "__main__"})
        case "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        case script:
            sys.argv = [script, *rest]
            runpy.run_path(script, run_name="__main__")
