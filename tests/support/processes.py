"""A process that runs in places of its own, and what it leaves there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Everything outside the allowed directories is read-only: Python asks the hook before it opens, makes or moves a file.
CONFINE = """
import errno, os, sys
allowed = tuple(os.path.realpath(p) + os.sep for p in sys.argv[1].split(os.pathsep)) + ("/dev/", "/proc/")
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
changing = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}

def guard(event, arguments):
    if event == "open":
        path, _, flags = arguments
        paths = [path] if isinstance(path, (str, bytes)) and flags & writing else []
    else:
        paths = [p for p in arguments if isinstance(p, (str, bytes))] if event in changing else []
    for path in paths:
        if not (os.path.realpath(os.fsdecode(path)) + os.sep).startswith(allowed):
            raise OSError(errno.EROFS, "Read-only file system", path)

sys.addaudithook(guard)
sys.dont_write_bytecode = True
"""


def run(places, *arguments, **environ):
    root, base = places
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root / "cwd",
        env={**base, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def tree(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def start_cli(hub: str, *arguments: str | Path, cwd: Path | None = None, **environ: str) -> subprocess.Popen[str]:
    """The command as a person runs it, with the stand-in as its hub."""
    return subprocess.Popen(
        [sys.executable, "-m", "voiceclone", "fetch", *arguments],
        env={**os.environ, "HF_ENDPOINT": hub, **environ},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
