"""A worker in this process, for the commands that ask for one."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from voiceclone import app
from voiceclone.client import Local, NoWorker
from voiceclone.errors import ModelUnavailable
from voiceclone.settings import Settings

QUEUE = "RUNPOD_WEBHOOK_GET_JOB"
"""Where this is set a worker takes itself for one on the platform."""


@contextmanager
def local_worker(environ: Mapping[str, str], stop: threading.Event | None = None) -> Iterator[Local]:
    """Load the models, and leave nothing behind.

    The volume is RUNPOD_VOLUME, or ./runpod-volume where `scripts/demo` has put a model. Raises NoWorker.
    """
    logging.getLogger("voiceclone.jobs").setLevel(logging.ERROR)  # what fails is in the reply, and told from there
    with tempfile.TemporaryDirectory(prefix="say-") as directory:
        here = {"RUNPOD_VOLUME": "runpod-volume", **environ, "OUTPUT_DIR": directory}
        here.pop(QUEUE, None)
        try:
            worker = app.build(Settings.from_env(here), here)
        except (ModelUnavailable, ValueError) as e:
            raise NoWorker(str(e)) from e
        yield Local(worker, stop)
