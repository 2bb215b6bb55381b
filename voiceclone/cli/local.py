"""A worker in this process, for the commands that ask for one."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from voiceclone.client import Local, NoWorker
from voiceclone.errors import ModelUnavailable

if TYPE_CHECKING:
    from voiceclone.jobs import Worker
    from voiceclone.settings import Settings

QUEUE = "RUNPOD_WEBHOOK_GET_JOB"
"""Where this is set a worker takes itself for one on the platform."""


@contextmanager
def local_worker(environ: Mapping[str, str], stop: threading.Event | None = None) -> Iterator[Local]:
    """Load the models, and leave nothing behind. Raises NoWorker."""
    logging.getLogger("voiceclone.jobs").setLevel(logging.ERROR)  # what fails is in the reply, and told from there
    with tempfile.TemporaryDirectory(prefix="say-") as directory:
        yield Local(build_here({**environ, "OUTPUT_DIR": directory}), stop)


def require_packages() -> None:
    """Raise NoWorker where only the client is installed."""
    if find_spec("torch") is None:
        raise NoWorker("the worker's packages are not installed here: install with `pipx install '.[worker]'`")


def settings_here(environ: Mapping[str, str]) -> Settings:
    """Return the settings of a worker on this machine; the model lies on ./runpod-volume where nothing else is set.

    Raises ValueError.
    """
    from voiceclone.settings import Settings

    here = {"RUNPOD_VOLUME": "runpod-volume", **environ}
    here.pop(QUEUE, None)
    return Settings.from_env(here)


def build_here(environ: Mapping[str, str]) -> Worker:
    """Return a worker that this machine's commands ask. Raises NoWorker."""
    require_packages()
    from voiceclone import app

    try:
        return app.build(settings_here(environ), environ)
    except (ModelUnavailable, ValueError) as e:
        raise NoWorker(str(e)) from e
