"""The worker's entry: loads the models once, then answers jobs.

python runpod-handler.py                               on the platform; elsewhere it answers test_input.json
SERVE=http python runpod-handler.py                    over HTTP, as load-balancing endpoints want it
python runpod-handler.py --test_input '{"input": ...}' one job, here
python runpod-handler.py --rp_serve_api                the platform's API, here
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from voiceclone import app, logs, sdk
from voiceclone.errors import ModelUnavailable
from voiceclone.settings import Settings

if TYPE_CHECKING:
    from voiceclone.jobs import Worker
    from voiceclone.model import BatchReport

log = logging.getLogger("runpod-handler")

_worker: Worker | None = None
_unavailable = "initialize_models() has not run"


def initialize_models(
    environ: Mapping[str, str] = os.environ,
    arguments: Sequence[str] = (),
    on_batch: Callable[[BatchReport], None] | None = None,
) -> Worker:
    """Point every model cache at the volume, then load F5-TTS and Vocos, once per process.

    `arguments`: of the command line; some let the worker serve here instead of on the platform. `on_batch`, and what is
    raised: as for `app.build`.
    """
    global _worker  # noqa: PLW0603 - the platform calls a plain function
    if _worker is None:
        _worker = app.build(Settings.from_env(environ, arguments), environ, on_batch)
    return _worker


def handler(job: dict[str, Any]) -> dict[str, Any]:
    """Answer one job of the platform."""
    if _worker is None:
        with logs.about_job(logs.id_of(job)):
            log.error("refused: %s", _unavailable)
        return {
            "error": "model_unavailable: this worker has no model; its log says what is missing",
            "error_code": "model_unavailable",
        }
    if _worker.settings.on_platform:
        import runpod

        return _worker.handle(job, partial(runpod.serverless.progress_update, job))
    from voiceclone.jobs import terminal_bar

    with terminal_bar() as report:
        return _worker.handle(job, report)


def check_models() -> None:
    """Raise RuntimeError if this worker cannot speak: the platform then hears why, and ends it."""
    if _worker is None:
        raise RuntimeError(_unavailable)
    _worker.require_fit()


def leave_loaded_alone() -> None:
    """Look for garbage again, but never among what was loaded so far: it stays."""
    gc.freeze()
    gc.enable()


def serve_http() -> None:
    """Answer over HTTP until the process is ended; the port is open before the models are loaded."""
    from voiceclone.server import Server

    def load(on_batch: Callable[[BatchReport], None]) -> Worker:
        worker = initialize_models(os.environ, (), on_batch)
        leave_loaded_alone()
        return worker

    try:
        settings = Settings.from_env(os.environ)
        server = Server(settings, load)
    except (ValueError, OSError) as e:
        log.error("cannot serve: %s", e)  # noqa: TRY400 - the message is the cure, a traceback hides it
        sys.exit(1)
    sys.exit(1 if server.run() else 0)


def serve_queue() -> None:
    """Answer the platform's jobs; where the models cannot be loaded, let the fitness check tell it why."""
    global _unavailable  # noqa: PLW0603
    sdk.start_sooner()
    # Both take a while: the SDK is imported beside torch.
    threading.Thread(target=importlib.import_module, args=("runpod",), daemon=True).start()
    try:
        initialize_models(os.environ, sys.argv[1:])
    except (ModelUnavailable, ValueError) as e:
        _unavailable = str(e)
        log.error("no model: %s", e)  # noqa: TRY400 - the message is the cure, a traceback hides it
    except Exception as e:  # the boundary: the platform hears the reason instead of seeing a process die
        _unavailable = f"{type(e).__name__}: {e}"
        log.exception("no model")
    import runpod

    leave_loaded_alone()
    config: dict[str, Any] = {}

    def answer(job: dict[str, Any]) -> dict[str, Any]:
        reply = handler(job)
        # The SDK passes the wish for a new worker on to the platform; it takes jobs until its own config has it too.
        config["refresh_worker"] = "refresh_worker" in reply
        return reply

    config["handler"] = answer
    sdk.tell_of_ctrl_c(sys.argv)
    runpod.serverless.register_fitness_check(check_models)
    runpod.serverless.start(config)


def main() -> None:
    """Serve jobs from the platform's queue, or over HTTP."""
    # As a container's first process it would not notice: who serves listens only later.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # To look for garbage among what is imported takes a tenth of the start.
    gc.disable()
    app.start_logs(os.environ, sys.argv[1:])
    if os.environ.get("SERVE", "").strip() == "http":
        serve_http()
    else:
        serve_queue()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # while the models are loaded
        sys.exit(128 + signal.SIGINT)
