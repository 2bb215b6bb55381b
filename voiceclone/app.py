"""A worker put together from its settings: the one place that knows every part.

For the queue, the command line and the tests alike. Heavy modules are imported where they are needed, in an order that
lets the volume be read meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone import logs
from voiceclone.errors import ModelUnavailable
from voiceclone.settings import Settings, on_platform
from voiceclone.timings import Timings
from voiceclone.types import MB

if TYPE_CHECKING:
    from voiceclone.jobs import Worker
    from voiceclone.model import BatchReport

log = logging.getLogger(__name__)

FILL = (
    "`voiceclone fetch` makes ./runpod-volume and puts a model on it; the small model that comes with the code,"
    " F5_MODEL=demo, needs no more than an empty directory"
)
"""What somebody does who has no volume yet."""


def start_logs(environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    """Let this process and the platform's SDK log as the settings say; a setting that is wrong is `build`'s to tell."""
    try:
        settings = Settings.from_env(environ, arguments)
    except ValueError:
        settings = Settings.model_validate({"on_platform": on_platform(environ, arguments)})
    level = settings.log_level
    logs.configure(level, settings.on_platform, environ)
    # The SDK's own default, DEBUG, prints every reply, audio and links included.
    os.environ.setdefault("RUNPOD_LOG_LEVEL", {"WARNING": "WARN", "DEBUG": "INFO"}.get(level, level))


def build(
    settings: Settings, environ: Mapping[str, str], on_batch: Callable[[BatchReport], None] | None = None
) -> Worker:
    """Load F5-TTS and Vocos, and return a worker that speaks.

    Args:
        environ: holds the bucket's variables, as `s3_utils.store_from_env` reads them.
        on_batch: where several callers share the worker: is told of each batch. None: it answers one at a time.

    Raises:
        ModelUnavailable: the volume is not there, the GPU cannot be used, or the model is neither on the volume nor
            to be had.
        ValueError: the bucket's variables cannot be read.
    """
    timings = Timings(_process_started())
    let_threads_sleep()
    _find_volume(settings)
    log.info("loading %s from %s", settings.model, settings.volume)
    with timings.measure("files"):
        from s3_utils import LocalStore, store_from_env
        from voiceclone.audio import start_decoder
        from voiceclone.checkpoints import (
            DEFAULT_RECOGNISERS,
            Copies,
            on_container_disk,
            read_ahead,
            require_recogniser,
            resolve,
            resolve_recogniser,
            use_models_dir,
        )

        start_decoder()
        use_models_dir(settings.models_dir)
        os.environ["TORCH_HOME"] = str(settings.models_dir / "torch")
        bucket = store_from_env(environ)
        disk_ok = settings.allow_container_disk or not settings.on_platform
        checkpoint = resolve(
            settings.model,
            settings.revision,
            settings.volume,
            container_disk_ok=disk_ok,
            commercial_only=settings.licenses == "commercial",
        )
        # The platform's cached models need no volume of one's own; then nothing big is kept.
        copies = Copies(settings.cache_dir) if disk_ok or not on_container_disk(settings.volume) else None
        weights = checkpoint.weights
        read_ahead(
            copies.file_to_read(weights, checkpoint.arch, settings.dtype) if copies else weights,
            checkpoint.vocoder_weights,
        )
    with timings.measure("imports"):
        from voiceclone.delivery import Delivery, KeptChunks, Undelivered
        from voiceclone.jobs import Worker
        from voiceclone.listening import Recogniser
        from voiceclone.model import Engine, SharedEngine, find_device, reference_mel
        from voiceclone.voices import BuiltIn, Library, Voices
    with timings.measure("device"):
        device = find_device(settings.device, gpu_required=settings.on_platform)
        asr_model = settings.asr_model or DEFAULT_RECOGNISERS[device]
        require_recogniser(asr_model)
    with timings.measure("weights"):
        engine = Engine.load(checkpoint, device, settings.dtype, copies)
    with timings.measure("warm_up"):
        engine.warm_up()
    find_recogniser = partial(
        resolve_recogniser, asr_model, settings.volume, container_disk_ok=disk_ok, another_ok=True
    )

    def prepare_recogniser() -> Path:
        directory = find_recogniser()
        # whisper takes memory from the driver, which knows nothing of what torch keeps for later.
        engine.free_cache()
        return directory

    recogniser = Recogniser(asr_model, prepare_recogniser, device)
    volume = settings.volume  # if it goes away, nobody makes it up anew on the container's disk
    library = Library(bucket or LocalStore(volume, volume))
    voices = Voices(
        settings, bucket, recogniser, reference_mel, BuiltIn(checkpoint.voices, checkpoint.languages), library
    )
    output = LocalStore(settings.local_output_dir, None if settings.output_dir or not settings.on_platform else volume)
    undelivered = Undelivered(LocalStore(settings.undelivered_dir, volume), settings.max_kept_bytes)
    delivery = Delivery(settings, bucket, output, undelivered)
    speaker = engine if on_batch is None else SharedEngine(engine, on_batch)
    kept = KeptChunks(settings.chunks_dir, settings.kept_chunks_mb * MB if copies else 0, checkpoint.identity)
    worker = Worker(settings, checkpoint, speaker, recogniser, voices, delivery, kept)
    worker.startup = timings.report()
    # Not a daemon: a process that ends while tensors are being written would take the interpreter down with it.
    threading.Thread(target=engine.keep_copy, name="copy").start()
    log.info("ready", extra=logs.facts(model=checkpoint.name, device=str(engine.dit.device), startup=worker.startup))
    return worker


def let_threads_sleep() -> None:
    """Let threads that wait for others leave the CPU to whoever needs it, unless the operator has said how they wait.

    Threads that spin take as much of a busy machine as those that work. libgomp reads this once, when torch is loaded.
    """
    if "GOMP_SPINCOUNT" not in os.environ:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _find_volume(settings: Settings) -> None:
    """Make the volume's directory where the operator allows that. Raises ModelUnavailable where there is none."""
    if settings.allow_container_disk:
        settings.volume.mkdir(parents=True, exist_ok=True)
    if not settings.volume.is_dir():
        here = "" if settings.on_platform else f"; on this machine {FILL}"
        raise ModelUnavailable(
            f"there is no volume at {settings.volume}: attach a network volume to the endpoint,"
            f" or set RUNPOD_VOLUME to a directory{here}"
        )


def _process_started() -> float:
    """Return when this process was started, as a reading of `time.perf_counter`."""
    import psutil

    return time.perf_counter() - (time.time() - psutil.Process().create_time())
