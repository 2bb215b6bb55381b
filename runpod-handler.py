"""The worker's entry: loads the models once, then answers jobs.

    python runpod-handler.py                               on the platform; elsewhere it answers test_input.json
    python runpod-handler.py --test_input '{"input": ...}' one job, here
    python runpod-handler.py --rp_serve_api                the platform's API, here

Composition root: the only file that builds the rooms and puts them together.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from voiceclone import logs
from voiceclone.errors import ModelUnavailable
from voiceclone.logs import facts
from voiceclone.progress import terminal_bar
from voiceclone.settings import Settings, on_platform
from voiceclone.timings import Timings

if TYPE_CHECKING:
    from voiceclone.worker import Worker

log = logging.getLogger("runpod-handler")

_worker: Worker | None = None
_unavailable = "initialize_models() has not run"


def initialize_models(environ: Mapping[str, str] = os.environ, arguments: Sequence[str] = ()) -> Worker:
    """Point every model cache at the volume, then load F5-TTS and Vocos, once per process.

    Args:
        arguments: of the command line; some let the worker serve here instead of on the platform.

    Raises:
        ModelUnavailable: the volume is not there, the GPU cannot be used, or the model is neither on the volume nor
            to be had.
        ValueError: a setting cannot be read.
    """
    global _worker  # noqa: PLW0603 - the platform calls a plain function
    if _worker is not None:
        return _worker
    settings = Settings.from_env(environ, arguments)
    _find_volume(settings)
    # huggingface_hub reads these when it is first imported.
    os.environ["HF_HOME"] = str(settings.models_dir)
    os.environ["HF_HUB_CACHE"] = str(settings.models_dir / "hub")
    os.environ["TORCH_HOME"] = str(settings.models_dir / "torch")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # it asks the hub even where nothing is to be fetched

    timings = Timings(_process_started())
    with timings.measure("files"):
        from s3_utils import LocalStore, store_from_env
        from voiceclone.checkpoints import DEFAULT_RECOGNISERS, require_recogniser, resolve, resolve_recogniser
        from voiceclone.copies import Copies
        from voiceclone.weights import read_ahead

        bucket = store_from_env(environ)
        disk_ok = settings.allow_container_disk or not settings.on_platform
        checkpoint = resolve(settings.model, settings.revision, settings.volume, container_disk_ok=disk_ok)
        copies = Copies(settings.cache_dir)
        weights = copies.sooner(checkpoint.weights, checkpoint.arch, settings.dtype)
        ahead = read_ahead(weights, checkpoint.vocoder_weights)
    with timings.measure("imports"):
        from voiceclone.asr import Recogniser
        from voiceclone.delivery import Delivery
        from voiceclone.engine import Engine, find_device, reference_mel
        from voiceclone.library import Library
        from voiceclone.undelivered import Undelivered
        from voiceclone.voices import BuiltIn, Voices
        from voiceclone.worker import Worker
    with timings.measure("device"):
        device = find_device(settings.device, gpu_required=settings.on_platform)
        asr_model = settings.asr_model or DEFAULT_RECOGNISERS[device]
        require_recogniser(asr_model)
    with timings.measure("weights"):
        engine = Engine.load(checkpoint, device, settings.dtype, copies, ahead)
    with timings.measure("warm_up"):
        engine.warm_up()
    find_recogniser = partial(resolve_recogniser, asr_model, settings.volume, container_disk_ok=disk_ok)
    recogniser = Recogniser(asr_model, find_recogniser, device)
    volume = settings.volume  # if it goes away, nobody makes it up anew on the container's disk
    library = Library(bucket or LocalStore(volume, volume))
    voices = Voices(settings, bucket, recogniser, reference_mel, BuiltIn(checkpoint.voices), library)
    output = LocalStore(settings.local_output_dir, None if settings.output_dir or not settings.on_platform else volume)
    undelivered = Undelivered(LocalStore(settings.undelivered_dir, volume), settings.max_kept_bytes)
    delivery = Delivery(settings, bucket, output, undelivered)
    _worker = Worker(settings, checkpoint, engine, recogniser, voices, delivery)
    _worker.startup = timings.report()
    # Not a daemon: a process that ends while tensors are being written would take the interpreter down with it.
    threading.Thread(target=engine.keep_copy, name="copy").start()
    log.info("ready", extra=facts(model=checkpoint.name, device=str(engine.dit.device), startup=_worker.startup))
    return _worker


def _find_volume(settings: Settings) -> None:
    """Make the volume's directory where the operator allows that. Raises ModelUnavailable where there is none."""
    if settings.allow_container_disk:
        settings.volume.mkdir(parents=True, exist_ok=True)
    if not settings.volume.is_dir():
        raise ModelUnavailable(
            f"there is no volume at {settings.volume}: attach a network volume to the endpoint,"
            " or set RUNPOD_VOLUME to a directory"
        )


def _process_started() -> float:
    """When this process was started, as a reading of `time.perf_counter`."""
    import psutil

    return time.perf_counter() - (time.time() - psutil.Process().create_time())


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
    with terminal_bar() as report:
        return _worker.handle(job, report)


def check_models() -> None:
    """Fitness check: the models are loaded, and the device still computes."""
    if _worker is None:
        raise RuntimeError(_unavailable)
    _worker.engine.check_device()


def main() -> None:
    """Load the models and serve; where they cannot be loaded, let the fitness check tell the platform why."""
    global _unavailable  # noqa: PLW0603
    # As a container's first process it would not notice: the SDK listens only once it serves.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = sys.argv[1:]
    try:
        settings = Settings.from_env(os.environ, arguments)
    except ValueError:  # initialize_models() says what is wrong
        settings = Settings(on_platform=on_platform(os.environ, arguments))
    level = settings.log_level
    logs.configure(level, settings.on_platform, os.environ)
    # The SDK's own default, DEBUG, prints every reply, audio and links included.
    os.environ.setdefault("RUNPOD_LOG_LEVEL", {"WARNING": "WARN", "DEBUG": "INFO"}.get(level, level))
    # The SDK asks the CPU for its name when it is imported, for a second: torch is imported meanwhile.
    threading.Thread(target=importlib.import_module, args=("runpod",), daemon=True).start()
    try:
        initialize_models(os.environ, arguments)
    except (ModelUnavailable, ValueError) as e:
        _unavailable = str(e)
        log.error("no model: %s", e)  # noqa: TRY400 - the message is the cure, a traceback hides it
    except Exception as e:  # the boundary: the platform hears the reason instead of seeing a process die
        _unavailable = f"{type(e).__name__}: {e}"
        log.exception("no model")
    import runpod

    config: dict[str, Any] = {}

    def answer(job: dict[str, Any]) -> dict[str, Any]:
        reply = handler(job)
        # The SDK passes the wish for a new worker on to the platform; it takes jobs until its own config has it too.
        config["refresh_worker"] = "refresh_worker" in reply
        return reply

    config["handler"] = answer
    runpod.serverless.register_fitness_check(check_models)
    runpod.serverless.start(config)


if __name__ == "__main__":
    main()
