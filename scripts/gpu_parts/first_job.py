"""A worker from nothing to its first two answers, as the platform starts it: `python -m gpu_parts.first_job STEPS`.

The environment holds its settings. Says when it was ready and when it had answered, by the clock of all processes.
"""

from __future__ import annotations

import os
import sys
import time

from benchmark.side import answer
from benchmark.work import text_of

from voiceclone import app
from voiceclone.settings import Settings


def main() -> None:
    worker = app.build(Settings.from_env(os.environ), os.environ)
    moments = [time.monotonic()]
    job = {"text": text_of(10), "voice": "example-en", "nfe_step": int(sys.argv[1]), "delivery": "base64"}
    for name in ("first", "second"):
        reply = worker.handle({"id": name, "input": job})
        moments.append(time.monotonic())
        if "error" in reply:
            raise RuntimeError(reply["error"])
    answer({"moments": moments, "startup": worker.startup})


if __name__ == "__main__":
    main()
