"""A small but real model and a real volume, made once per run."""

from __future__ import annotations

import functools
import gc
import importlib.util
import itertools
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import httpx2
import hypothesis
import numpy as np
import pytest
import stamina
from benchmark import hearing
from fault_table import FaultTable
from http_server import Served
from random_checkpoint import write_random

from s3_utils import LocalStore, store_from_env
from voiceclone.checkpoints.hub import Hub
from voiceclone.checkpoints.resolving import Checkpoint, resolve
from voiceclone.delivery.chunks import KeptChunks
from voiceclone.delivery.delivery import Delivery
from voiceclone.delivery.undelivered import Undelivered
from voiceclone.jobs.worker import Worker
from voiceclone.listening.whisper import Recogniser
from voiceclone.model.any_engine import AnyEngine
from voiceclone.model.engine import Engine
from voiceclone.model.mel import reference_mel
from voiceclone.model.sampling import Sampling
from voiceclone.model.sharing import SharedEngine
from voiceclone.server.limits import Limits
from voiceclone.settings import Settings
from voiceclone.types import MB, Chunk, Samples, Transcript, Waveform, Word
from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.library import Library
from voiceclone.voices.voices import Voices

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = itertools.count()
"""For names that are used once."""
# boto3 reads a megabyte of JSON for every client: here once for all.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
# Everything runs on loopback: a proxy of the machine must not come between.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=int, default=1, help="how much longer than usual the tests run that may run long")
    parser.addoption("--growth", action="store_true", help="look in every language for text whose work grows too fast")
    parser.addoption("--update-faults", action="store_true", help="write docs/operations.md's table of faults anew")


def pytest_configure(config: pytest.Config) -> None:
    # Without a deadline: no promise here is about time, and a busy machine may stop anywhere.
    examples = 30 * config.getoption("--times")
    hypothesis.settings.register_profile("here", deadline=None, max_examples=examples)
    hypothesis.settings.load_profile("here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The files that take long come first, so that no process waits for another's at the end.
    items.sort(key=lambda item: item.path.parent.name not in ("model", "project", "server", "system", "text", "voices"))


def pytest_collectstart() -> None:
    # What is imported meanwhile is no garbage.
    gc.disable()


def pytest_collection_finish() -> None:
    # What is imported stays: to look through it for garbage again and again takes a tenth of the suite's time.
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def times(request: pytest.FixtureRequest) -> int:
    """How much longer than usual a test runs whose worth grows with its length."""
    return int(request.config.getoption("--times"))


@pytest.fixture(scope="session")
def fault_table(request: pytest.FixtureRequest) -> FaultTable:
    """The rows of docs/operations.md."""
    return FaultTable(request.config.getoption("--update-faults"))


@pytest.fixture(scope="session")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One without models, that all share."""
    return tmp_path_factory.mktemp("volume")


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a small model with random weights."""
    return write_random(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="session")
def checkpoint(random_model: Path, volume: Path) -> Checkpoint:
    return resolve(str(random_model), None, volume)


@pytest.fixture(scope="session")
def engine(checkpoint: Checkpoint) -> Engine:
    return Engine.load(checkpoint, "cpu", "float32")


@pytest.fixture
def settings(tmp_path: Path, random_model: Path) -> Settings:
    """With a volume of its own."""
    (tmp_path / "volume").mkdir()
    return Settings(volume=tmp_path / "volume", model=str(random_model), output_dir=tmp_path / "output")


class Listener(Recogniser):
    """Listens to the same recording once in a run: the suite's few references come again and again."""

    def __init__(self) -> None:
        super().__init__("tiny", hearing.shipped_model, "cpu")
        self._heard: dict[object, Any] = {}

    def transcribe(self, waveform: Waveform, *how: Any) -> Transcript:
        return self._once(super().transcribe, waveform, *how)

    def align(self, waveform: Waveform, *how: Any) -> tuple[Word, ...]:
        return self._once(super().align, waveform, *how)

    def _once(self, listen: Callable[..., Any], waveform: Waveform, *how: Any) -> Any:
        asked = listen.__name__, waveform.samples.tobytes(), waveform.sample_rate, how
        if asked not in self._heard:
            self._heard[asked] = listen(waveform, *how)
        return self._heard[asked]


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    """A real whisper-tiny.en: it knows English alone."""
    return Listener()


def make_voices(
    settings: Settings, recogniser: Recogniser, bucket: Any = None, built_in: BuiltIn | None = None
) -> Voices:
    """As `initialize_models` does."""
    library = Library(bucket or LocalStore(settings.volume))
    return Voices(settings, bucket, recogniser, reference_mel, built_in or BuiltIn(), library)


def make_delivery(settings: Settings, bucket: Any = None) -> Delivery:
    """As `initialize_models` does."""
    undelivered = Undelivered(LocalStore(settings.undelivered_dir, settings.volume), settings.max_kept_bytes)
    return Delivery(settings, bucket, LocalStore(settings.local_output_dir), undelivered)


def make_kept(settings: Settings, checkpoint: Checkpoint) -> KeptChunks:
    """As `initialize_models` does."""
    return KeptChunks(settings.chunks_dir, settings.kept_chunks_mb * MB, checkpoint.identity)


NOTHING_KEPT = KeptChunks(Path("nowhere"), 0, "")
"""For whoever shall speak again what was spoken before."""


@pytest.fixture
def worker(settings: Settings, checkpoint: Checkpoint, engine: Engine, recogniser: Recogniser) -> Worker:
    """A worker without a bucket: it delivers to a directory."""
    voices = make_voices(settings, recogniser)
    kept = make_kept(settings, checkpoint)
    return Worker(settings, checkpoint, engine, recogniser, voices, make_delivery(settings), kept)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3 server that believes every signature."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_client(moto: str) -> Iterator[Any]:
    import boto3

    session = boto3.session.Session("known-key-id", "known-secret-key", None, "eu-central-1")
    client = session.client("s3", endpoint_url=moto)
    yield client
    client.close()


@pytest.fixture
def s3(moto: str, s3_client: Any) -> tuple[dict[str, str], Any]:
    """A bucket of its own: the environment that leads a worker to it, and a client to look into it."""
    environ = {
        "S3_BUCKET": f"speech-{next(NUMBERS)}",
        "S3_PREFIX": "team",
        "AWS_ACCESS_KEY_ID": "known-key-id",
        "AWS_SECRET_ACCESS_KEY": "known-secret-key",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": moto,
    }
    where = {"LocationConstraint": "eu-central-1"}
    s3_client.create_bucket(Bucket=environ["S3_BUCKET"], CreateBucketConfiguration=where)
    return environ, s3_client


@pytest.fixture
def nobody() -> Hub:
    """Where no hub listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return Hub(endpoint=f"http://127.0.0.1:{s.getsockname()[1]}")


@pytest.fixture
def no_waits() -> Iterator[None]:
    """Retries follow at once, three of them."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def with_bucket(worker: Worker, environ: Mapping[str, str]) -> Worker:
    """The same worker, with the bucket of such an environment."""
    bucket = store_from_env(environ)
    voices = make_voices(worker.settings, worker.recogniser, bucket)
    made = make_delivery(worker.settings, bucket)
    return Worker(worker.settings, worker.checkpoint, worker.engine, worker.recogniser, voices, made, worker.kept)


def with_engine(worker: Worker, engine: AnyEngine) -> Worker:
    """The same worker, with another engine."""
    parts = worker.recogniser, worker.voices, worker.delivery, worker.kept
    return Worker(worker.settings, worker.checkpoint, engine, *parts)


def spoken(engine: Engine, chunks: Sequence[Chunk], sampling: Sampling, **how: float) -> Samples:
    """Every chunk, end to end."""
    return np.concatenate(list(engine.speak(chunks, sampling, **how)))


@pytest.fixture
def places(tmp_path: Path, volume: Path, random_model: Path) -> tuple[Path, dict[str, str]]:
    """A process's environment in which every place is its own directory."""
    for name in ("home", "cwd", "tmp", "output"):
        (tmp_path / name).mkdir()
    return tmp_path, {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "RUNPOD_VOLUME": str(volume),
        "OUTPUT_DIR": str(tmp_path / "output"),
        "F5_MODEL": str(random_model),
        "F5_DEVICE": "cpu",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture(scope="session")
def upstream() -> tuple[type, type]:
    """f5-tts's own DiT and CFM.

    Its `f5_tts.model` package imports the trainer and all that needs; the two modules themselves do not.
    """
    spec = importlib.util.find_spec("f5_tts")
    assert spec is not None
    assert spec.submodule_search_locations
    package = ModuleType("f5_tts.model")
    package.__path__ = [f"{next(iter(spec.submodule_search_locations))}/model"]
    # To import these takes seconds, and nothing here calls them.
    unused = {name: ModuleType(name) for name in ("einx", "librosa.filters") if name not in sys.modules}
    for module in unused.values():
        vars(module)["mel"] = None
    sys.modules |= {"f5_tts.model": package, **unused}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs to mend
        from f5_tts.model.backbones.dit import DiT
        from f5_tts.model.cfm import CFM

    for name in unused:
        del sys.modules[name]
    return DiT, CFM


@pytest.fixture(scope="module")
def http_settings(tmp_path_factory, random_model):
    """Of a server that anybody on this machine may ask, at any free port."""
    root = tmp_path_factory.mktemp("http")
    (root / "volume").mkdir()
    return Settings(
        volume=root / "volume",
        model=str(random_model),
        output_dir=root / "output",
        serve="http",
        port=0,
        kept_chunks_mb=0,  # what is asked twice is spoken twice: tests count it
        voice_names={"alloy": "example-en"},
    )


@pytest.fixture(scope="module")
def batches():
    """What the engine of the file's servers has spoken at once."""
    return []


@pytest.fixture(scope="module")
def make_http_worker(http_settings, checkpoint, engine, recogniser):
    """Makes a worker that many may call; it is told what is done with each batch."""

    def make(on_batch):
        voices, delivery = make_voices(http_settings, recogniser), make_delivery(http_settings)
        kept = make_kept(http_settings, checkpoint)
        return Worker(http_settings, checkpoint, SharedEngine(engine, on_batch), recogniser, voices, delivery, kept)

    return make


@pytest.fixture(scope="module")
def build_http(make_http_worker, batches):
    return lambda: make_http_worker(batches.append)


@pytest.fixture(scope="module")
def served(http_settings, build_http):
    """A server with the small model, as one process has it; one for all tests of a file."""
    with Served(http_settings, build_http, Limits(fetch_s=0)) as served:  # nobody fetches what is left
        served.server.site.ready.wait()
        yield served


@pytest.fixture
def http(served):
    """A client that waits as long as it takes."""
    with httpx2.Client(base_url=served.url, timeout=60) as client:
        yield client
