"""Whatever the volume does, a worker speaks as always or says what is wrong; and nothing that lies on it is run."""

from __future__ import annotations

import errno
import io
import itertools
import json
import os
import pickle
import re
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from fake_hub import FakeHub, Repo
from forked import Forked
from hypothesis import given
from hypothesis import strategies as st
from job_server import JobServer
from processes import CONFINE
from published import VOCOS_COMMIT, VOCOS_REPO, own_cache, place, platform_cache
from safetensors.torch import load_file, save_file

from voiceclone.checkpoints import hub_cache
from voiceclone.checkpoints.hub import Hub
from voiceclone.checkpoints.resolving import resolve
from voiceclone.errors import ModelUnavailable
from voiceclone.model.engine import Engine
from voiceclone.voices import kept as prepared

TINY = "local/tiny"
COMMITS = {TINY: "c" * 40, VOCOS_REPO: VOCOS_COMMIT}
"""Of the two repositories that a model takes its files from."""
SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 2, "seed": 5, "delivery": "base64"}
JOB = {"id": "job", "input": SAY}

# A worker does what it is told before, loads as the platform's does, and says at last its replies and its log, or what
# is wrong.
WORK = f"""
import importlib.util, json, logging, os, sys, threading
from dataclasses import replace
from voiceclone.checkpoints import copies, hub, registry
from voiceclone.errors import ModelUnavailable

spec = importlib.util.spec_from_file_location("handler", {str(ROOT / "runpod-handler.py")!r})
handler = importlib.util.module_from_spec(spec)
spec.loader.exec_module(handler)
registry.REGISTRY["tiny"] = replace(
    registry.REGISTRY["mrfakename/OpenF5-TTS-Base"],
    name="tiny", repo_id={TINY!r}, revision={COMMITS[TINY]!r}, weights="model.safetensors",
)
# Signs of life come sooner than usual: nobody here shall wait for 30 s for a dead one.
hub.Hub.__init__.__defaults__ = (None, 8.0, 120.0, 0.05, 1.0, True)
copies.Copies.__init__.__defaults__ = (0.05, 1.0)

class Kept(logging.Handler):
    def emit(self, record):
        answer["log"].append(record.getMessage())

before, steps = json.loads(sys.argv[1])
answer, names = {{"replies": [], "log": []}}, {{"volume": os.environ["RUNPOD_VOLUME"]}}
logging.basicConfig(level="INFO", handlers=[Kept()])
exec(before, names)
try:
    handler.initialize_models()
    for step in steps:
        if isinstance(step, str):
            exec(step, names)
        else:
            answer["replies"].append(handler.handler(step))
except ModelUnavailable as e:
    answer["unavailable"] = str(e)
except BaseException as e:
    answer["escaped"] = repr(e)
for thread in threading.enumerate():
    if thread.name == "copy":
        thread.join()
if handler._worker:
    handler._worker.kept.flush()
print(json.dumps({{**answer, "told": names.get("told")}}))
"""


class Workers:
    """Starts workers that share a volume."""

    def __init__(self, root):
        self._root = root
        (root / "cwd").mkdir()
        self._started = []

    def start(self, volume, *, hub="http://127.0.0.1:9", before="", steps=(JOB,), workers=1):
        """`before`: code that a worker runs first; `steps`: jobs, and code in between."""
        environ = {
            "RUNPOD_VOLUME": str(volume),
            "F5_MODEL": "tiny",
            "F5_DEVICE": "cpu",
            "F5_DTYPE": "bfloat16",
            "HF_ENDPOINT": hub,
        }
        asked = json.dumps([before, steps])
        places = (self._root, dict(os.environ))
        self._started = [Forked(places, "-c", WORK, asked, env=environ) for _ in range(workers)]

    def answers(self):
        """What each has answered, None for one that was killed."""
        ends = [(process.wait(), process.said) for process in self._started]
        assert all(status in (0, -signal.SIGKILL) for status, _ in ends), ends
        return [None if status else json.loads(said.splitlines()[-1]) for status, said in ends]

    def one(self, volume, **how):
        """What a single worker answers."""
        self.start(volume, **how)
        (answer,) = self.answers()
        return answer

    def unavailable(self, volume, **how):
        """Why a single worker cannot serve."""
        answer = self.one(volume, **how)
        assert "unavailable" in answer, answer
        return answer["unavailable"]

    def close(self):
        for process in self._started:
            process.kill()


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    workers = Workers(tmp_path_factory.mktemp("workers"))
    yield workers
    workers.close()


@pytest.fixture(scope="module")
def published(random_model):
    """The files of the tiny model and of its vocoder, by repository and name."""
    directories = {TINY: random_model, VOCOS_REPO: random_model / "vocos"}
    return {
        repo_id: {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
        for repo_id, directory in directories.items()
    }


@pytest.fixture
def hub(published):
    with FakeHub() as hub:
        for repo_id, files in published.items():
            hub.repos[repo_id] = Repo(COMMITS[repo_id], dict(files))
        yield hub


@pytest.fixture
def empty(tmp_path):
    """A volume on which nothing lies yet."""
    path = tmp_path / "volume"
    path.mkdir()
    return path


def fill(volume, published):
    """As the hub's client does."""
    for repo_id, files in published.items():
        place(own_cache(volume), repo_id, COMMITS[repo_id], files)


@pytest.fixture
def filled(empty, published):
    """A volume that holds the tiny model, as the hub's client leaves it."""
    fill(empty, published)
    return empty


@pytest.fixture(scope="module")
def said(workers, published, tmp_path_factory):
    """What the job sounds like where nothing is wrong."""
    volume = tmp_path_factory.mktemp("sound")
    fill(volume, published)
    (reply,) = workers.one(volume)["replies"]
    return reply["audio_base64"]


def snapshot(volume, repo_id=TINY):
    return hub_cache.snapshot(own_cache(volume), repo_id, COMMITS[repo_id])


def spoken(answer):
    assert "replies" in answer, answer
    assert not answer.keys() & {"unavailable", "escaped"}, answer
    return [reply.get("audio_base64", reply) for reply in answer["replies"]]


def heard(reason, **names):
    """What the platform hears of a worker, in a cell; `names`: what to write for that which differs from run to run."""
    reason = reason.partition(" Missing: ")[0]
    for name, value in names.items():
        reason = reason.replace(str(value), name)
    return f"no worker: `{reason.replace('`', '')}`"


def leftovers(volume):
    """What nobody will ever use."""
    odd = (".incomplete", ".lease", ".claim", ".lock", ".tmp")
    return [
        p.name for p in volume.rglob("*") if p.is_file() and (p.name.endswith(odd) or p.name.startswith(".writing"))
    ]


# Many at once


def test_eight_workers_on_an_empty_volume_download_once_and_all_speak(
    workers, empty, hub, published, said, fault_table
):
    """And one copy of the weights is written, once, which a ninth starts from."""
    workers.start(empty, hub=hub.url, workers=8)
    answers = workers.answers()
    assert [spoken(answer) for answer in answers] == [[said]] * 8
    fetched = [name for method, name in hub.requests if method == "GET"]
    assert sorted(fetched) == sorted(itertools.chain(*published.values()))
    (copy,) = (empty / "cache").glob("*.safetensors")
    assert sum(line.startswith(f"wrote {copy}") for answer in answers for line in answer["log"]) == 1
    assert leftovers(empty) == []
    assert spoken(workers.one(empty)) == [said]
    fault_table.row(
        "Volume is empty", "eight workers start on it at once", "the speech, eight times", "the model, once"
    )


def test_a_downloader_that_is_killed_among_four_is_replaced(workers, empty, hub, said, fault_table):
    """Half of the weights have arrived; another takes over, and what it uses is whole."""
    hub.faults["model.safetensors"].append("hold")
    workers.start(empty, hub=hub.url, workers=4)
    hub.wait_for(lambda: hub.count("HELD", "") == 1)
    holder = (empty / "models/.download.lease").read_text().split()[0].rsplit("-", 2)[1]
    os.kill(int(holder), signal.SIGKILL)
    hub.release.set()
    answers = workers.answers()
    assert answers.count(None) == 1
    others = [answer for answer in answers if answer]
    assert [spoken(answer) for answer in others] == [[said]] * 3
    assert sum("took over" in line for answer in others for line in answer["log"] if ".download" in line) == 1
    assert len(list((empty / "cache").glob("*.safetensors"))) == 1
    assert leftovers(empty) == []
    fault_table.row(
        "Worker dies in its download", "SIGKILL at half of the weights", "the speech from the three others", "the model"
    )


DYING = """
import os, signal, time
from pathlib import Path
from voiceclone.model.engine import Engine
speak = Engine.speak

def speak_and_die(engine, chunks, *how):
    for i, samples in enumerate(speak(engine, chunks, *how)):
        while i == 6:  # until what it has spoken is written
            if len(list(Path(volume).glob("cache/chunks/example-en/*"))) == 6:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.01)
        yield samples

Engine.speak = speak_and_die
"""
COUNTING = """
from voiceclone.model.engine import Engine
speak, told = Engine.speak, []

def speak_and_count(engine, chunks, *how):
    told.append(len(chunks))
    return speak(engine, chunks, *how)

Engine.speak = speak_and_count
"""


def test_a_job_whose_worker_was_killed_goes_on_where_it_was(workers, filled, published, tmp_path, fault_table):
    """At 60 %; the platform runs it again. Its bytes are those of a worker that has found nothing."""
    segments = [{"text": f"Number {i}."} for i in range(10)]
    job = {"id": "job", "input": {"segments": segments, "voice": "example-en", "nfe_step": 2, "delivery": "base64"}}
    workers.start(filled, before=DYING, steps=[job])
    assert workers.answers() == [None]
    again = workers.one(filled, before=COUNTING, steps=[job])
    assert again["told"] == [1, 4], "the first is to warm up"
    fresh = tmp_path / "fresh"
    fill(fresh, published)
    assert spoken(workers.one(fresh, steps=[job])) == spoken(again)
    assert leftovers(filled) == []
    fault_table.row(
        "Worker dies within a job",
        "SIGKILL at 60 %; the platform runs it again",
        "the speech; the rest alone is spoken",
    )


# Faults of the volume

FULL = CONFINE.replace("errno.EROFS", "errno.ENOSPC").replace("Read-only file system", "No space left on device")


def refusing(script, *allowed):
    """What keeps a worker from writing anywhere else."""
    return f"import sys\nsys.argv = ['', {os.pathsep.join(map(str, allowed))!r}]\n{script}"


@pytest.mark.parametrize("script", [CONFINE, FULL], ids=["read-only", "full"])
def test_a_volume_that_takes_nothing_serves_if_the_model_is_there(workers, filled, said, script, fault_table):
    answer = workers.one(filled, before=refusing(script, "/nowhere"))
    assert spoken(answer) == [said]
    assert not (filled / "cache").exists()
    assert leftovers(filled) == []
    what = "full" if script is FULL else "read-only"
    fault_table.row(f"Volume is {what}", f"the model is there; every write is refused as on a {what} one", "the speech")


@pytest.mark.parametrize(
    ("script", "reason"),
    [(CONFINE, "cannot be written: Read-only file system"), (FULL, "is full: free space or enlarge it")],
    ids=["read-only", "full"],
)
def test_a_volume_that_takes_nothing_is_named_if_the_model_is_not_there(
    workers, empty, hub, script, reason, fault_table
):
    said = workers.unavailable(empty, hub=hub.url, before=refusing(script, "/nowhere"))
    assert f"the volume {empty} {reason}" in said
    assert list(empty.iterdir()) == []
    what = "full" if script is FULL else "read-only"
    fault_table.row(f"Volume is {what} and empty", "the same without the model", heard(said, VOLUME=empty))


def test_a_volume_that_fills_up_in_a_download_keeps_no_half_file(workers, empty, hub, published, said, fault_table):
    """And once there is room the next worker fetches the whole."""
    limit = len(published[TINY][WEIGHTS]) // 2
    small = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {resource.RLIM_INFINITY}))"
    reason = workers.unavailable(empty, hub=hub.url, before=small)
    assert f"the volume {empty} cannot be written: {os.strerror(errno.EFBIG)}" in reason
    assert leftovers(empty) == []
    fault_table.row("Volume fills up", "no more room at half of the weights", heard(reason, VOLUME=empty))
    assert spoken(workers.one(empty, hub=hub.url)) == [said]


def test_a_slow_volume_is_asked_for_little(workers, filled, said, fault_table):
    """Every file that is opened there costs a while; a start and a job open few, and later jobs hardly any."""
    slow = """
import os, sys, time
told = []
def wait(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(volume):
        told.append(arguments[0])
        time.sleep(0.02)
sys.addaudithook(wait)
"""
    answer = workers.one(filled, before=slow, steps=[JOB, "told.append('later')", JOB])
    assert spoken(answer) == [said] * 2
    before, after = answer["told"][: answer["told"].index("later")], answer["told"][answer["told"].index("later") :]
    assert len(before) < 32
    assert len(after) < 10
    fault_table.row("Volume is slow", "20 ms for each file that is opened", "the speech; a start opens fewer than 32")


def test_a_volume_that_goes_away_is_not_needed_to_speak_on(workers, filled, said, fault_table):
    gone = "import os; os.rename(volume, volume + '.gone')"
    answer = workers.one(filled, steps=[JOB, gone, JOB])
    assert spoken(answer) == [said] * 2
    assert not filled.exists(), "nobody makes it up anew"
    assert "the volume is gone" in answer["replies"][1]["warnings"][-1]
    fault_table.row("Volume goes away", "between two jobs", "the speech, and a warning that names what is missed")


def test_a_volume_that_is_not_there_is_named(workers, tmp_path):
    assert "attach a network volume" in workers.unavailable(tmp_path / "missing")


def test_a_file_that_may_not_be_read_is_named_and_left_alone(workers, filled, hub, fault_table):
    """It may be whole: it is not fetched again."""
    sealed = """
import errno, sys
def seal(event, arguments):
    if event == "open" and str(arguments[0]).endswith("model.safetensors"):
        raise PermissionError(errno.EACCES, "Permission denied", arguments[0])
sys.addaudithook(seal)
"""
    reason = workers.unavailable(filled, hub=hub.url, before=sealed)
    assert "model.safetensors cannot be read: Permission denied: let the worker read it, or remove it" in reason
    assert (snapshot(filled) / "model.safetensors").is_file()
    assert hub.requests == []
    fault_table.row("A model file may not be read", "EACCES when it is opened", heard(reason), "the file")


def flip(path):
    """One bit in the middle of a file, whose header and size stay right."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.resolve().write_bytes(data)


@pytest.mark.parametrize(
    ("repo_id", "file"), [(TINY, "vocab.txt"), (TINY, "model.safetensors"), (VOCOS_REPO, "pytorch_model.bin")]
)
def test_a_wrong_bit_is_found_by_whoever_asks_and_nothing_is_removed(workers, filled, repo_id, file, fault_table):
    """A start looks at sizes and headers; `voiceclone fetch --verify` reads all of it."""
    path = snapshot(filled, repo_id) / file
    flip(path)
    damaged = path.read_bytes()
    command = [sys.executable, "-m", "voiceclone", "fetch", "--volume", str(filled), "--verify"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"DAMAGED  {path.relative_to(filled)}" in done.stdout
    assert path.read_bytes() == damaged
    found = "`voiceclone fetch --verify` names it, and ends with 1"
    fault_table.row(f"`{file}` holds another bit", "in the volume's cache", found, "the file, as it was")


def empty_tail(path):
    """Zeros where the second half should be, as after a crash of the volume's server."""
    data = path.read_bytes()
    path.resolve().write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2 - 5000) + data[-5000:])


def test_weights_that_are_half_zeros_are_named_and_left_alone(workers, filled, hub, fault_table):
    file = "model.safetensors"
    empty_tail(snapshot(filled) / file)
    reason = workers.unavailable(filled, hub=hub.url)
    assert f"{file} is damaged" in reason
    assert "delete it and fetch it again" in reason
    assert (snapshot(filled) / file).is_file()
    assert not (filled / "cache").exists()
    told = re.sub(r"\(\S+ holds", "(a tensor holds", heard(reason, FOLDER=snapshot(filled)))
    fault_table.row(f"`{file}` is half zeros", "in the volume's cache", told, "the file, as it was")


# Every layout that a volume may have


@pytest.mark.parametrize("layout", ["blobs", "shared", "plain", "platform"])
def test_a_model_speaks_from_every_layout_twice_and_nothing_is_fetched(
    workers, empty, filled, hub, published, said, layout
):
    """Blobs by their hash, Xet's store that repositories share, files without links, and the platform's own cache."""
    own = filled / "models/hub"
    if layout == "shared":
        shutil.rmtree(filled / "models")
        hub.keep_on_xet()
        assert spoken(workers.one(empty, hub=hub.url)) == [said]
        assert (snapshot(empty) / "model.safetensors").resolve().is_relative_to(own / "blobs")
        shutil.rmtree(empty / "cache")
    elif layout == "plain":
        shutil.copytree(own, empty / "flat", symlinks=False, ignore=shutil.ignore_patterns("blobs"))
        shutil.rmtree(own)
        (empty / "flat").rename(own)
    elif layout == "platform":
        (filled / "huggingface-cache").mkdir()
        own.rename(filled / "huggingface-cache/hub")
    hub.requests.clear()
    for _ in range(2):
        assert spoken(workers.one(filled, hub=hub.url)) == [said]
    assert hub.requests == []


def place_directory(path):
    path.unlink()
    path.mkdir()
    (path / "something").touch()


@pytest.mark.parametrize(
    "harm",
    [lambda path: path.resolve().unlink(), lambda path: (path.unlink(), path.symlink_to(path.name))],
    ids=["a link to nothing", "a link to itself"],
)
def test_a_link_that_leads_nowhere_is_replaced_by_the_file(workers, filled, hub, said, harm):
    harm(snapshot(filled) / "model.safetensors")
    assert spoken(workers.one(filled, hub=hub.url)) == [said]


def test_a_directory_in_a_files_place_is_named_and_left_alone(workers, filled, hub):
    path = snapshot(filled) / "model.safetensors"
    place_directory(path)
    assert "is in a file's way: remove it" in workers.unavailable(filled, hub=hub.url)
    assert path.is_dir()


def test_a_file_of_ones_own_that_the_cache_leads_to_is_never_removed(workers, filled, hub, said):
    mine = filled / "mine.safetensors"
    mine.write_bytes(b"not yet finished")
    weights = snapshot(filled) / "model.safetensors"
    weights.unlink()
    weights.symlink_to(mine)
    assert spoken(workers.one(filled, hub=hub.url)) == [said]
    assert mine.read_bytes() == b"not yet finished"


def test_the_platforms_cached_model_speaks_without_a_volume(workers, empty, hub, published, said):
    """At whatever commit it was cached: the vocoder goes to the container's disk, and nothing that is large."""
    place(platform_cache(empty), TINY, "d" * 40, published[TINY])
    deployed = """
import os
from pathlib import Path
from voiceclone.checkpoints import finder
finder.CONTAINER_DISK = Path(volume)
os.environ["RUNPOD_WEBHOOK_GET_JOB"] = "http://127.0.0.1:9/job-take/$ID?gpu=none"
"""
    answer = workers.one(empty, hub=hub.url, before=deployed, steps=[JOB, {"id": "info", "input": {"action": "info"}}])
    speech, info = spoken(answer)
    assert speech == said
    assert info["model"]["revision"] == "d" * 40
    assert "is used at the commit that the platform has cached" in info["warnings"][0]
    assert {name for _, name in hub.requests} == set(published[VOCOS_REPO])
    assert not (empty / "cache").exists()


# A model's directory

MARKER = "ran"


class Planted:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def model(tmp_path, random_model):
    """A model of one's own."""
    return Path(shutil.copytree(random_model, tmp_path / "model"))


def load(model):
    """As a worker does."""
    Engine.load(resolve(str(model), None, model.parent, hub=Hub(endpoint="http://127.0.0.1:9")), "cpu", "float32")


def written(content):
    def change(path):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def configured(*keys, value):
    def change(path):
        document = at = yaml.safe_load(path.read_text())
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = value
        path.write_text(yaml.safe_dump(document))

    return change


def retrained(change_tensors):
    """Other tensors in a file that is whole."""

    def change(path):
        if path.suffix == ".safetensors":
            tensors = load_file(path)
            change_tensors(tensors)
            save_file(tensors, path)
        else:
            tensors = torch.load(path)
            change_tensors(tensors)
            torch.save(tensors, path)

    return change


def filled_with(value):
    return retrained(lambda tensors: [tensor.fill_(value) for tensor in tensors.values()])


def one_number(value):
    return retrained(lambda tensors: next(t for t in tensors.values() if t.dim() > 1).view(-1).__setitem__(7, value))


def header(text, length=None):
    """A safetensors file of 16 bytes behind any header."""
    data = text.encode()
    return written((len(data) if length is None else length).to_bytes(8, "little") + data + bytes(16))


def tensor(offsets, shape="[4]", dtype="F32"):
    return f'"a": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}'


RUNS = f"!!python/object/apply:builtins.open ['{MARKER}', w]"
BOMB = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{b}, *{b}]\n" for b, c in zip("abcdefgh", "bcdefghi", strict=True))
WEIGHTS, VOCODER, VOCOS = "model.safetensors", "vocos/pytorch_model.bin", "vocos/config.yaml"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("vocab.txt", written("a\nb\n"), "vocab.txt has 2 entries, the checkpoint was trained with 2545: take both"),
        ("vocab.txt", written(b"\xff\xfe"), r"vocab\.txt is damaged: it is no text"),
        ("vocab.txt", place_directory, r"vocab\.txt is a directory"),
        ("vocab.txt", lambda path: path.unlink(), r"vocab\.txt is missing"),
        ("config.yaml", written(RUNS), r"config\.yaml is not YAML that can be read"),
        ("config.yaml", written("[" * 50_000), r"config\.yaml has aliases, or too many levels"),
        ("config.yaml", written("a: 2001-99-99"), r"config\.yaml is not YAML that can be read"),
        ("config.yaml", written(BOMB), r"config\.yaml has aliases, or too many levels"),
        ("config.yaml", written("#" * 2_000_000), r"config\.yaml has more than 100000 bytes"),
        ("config.yaml", configured("languages", value="en"), r"`languages` must be a list, as \[en\]"),
        ("config.yaml", configured("model", "arch", "evil", value="__import__('os')"), "unknown arch options: evil"),
        ("config.yaml", configured("model", "arch", "dim", value=[128]), r"`model\.arch` must hold plain values"),
        ("config.yaml", configured("model", "arch", "dim", value="128"), "dim is '128'. Take config and weights"),
        ("config.yaml", configured("model", "arch", "depth", value=10**9), "depth is 1000000000, must lie within"),
        ("config.yaml", configured("model", "arch", "dim", value=100), "makes no network"),
        ("config.yaml", configured("model", "arch", "dim", value=256), "does not fit its config"),
        (VOCOS, written("{"), r"vocos/config\.yaml is not YAML that can be read"),
        (VOCOS, written(RUNS), r"vocos/config\.yaml is not YAML that can be read"),
        (VOCOS, written("- 1"), "not one of Vocos"),
        (VOCOS, configured("backbone", "class_path", value="os.system"), "this kind of Vocos is not known"),
        (VOCOS, configured("backbone", "init_args", "dim", value=32), "do not fit its config"),
        (VOCOS, configured("head", "init_args", "hop_length", value=0), r"vocos/config\.yaml makes no network"),
        (WEIGHTS, filled_with(float("nan")), r"model\.safetensors is damaged .* holds numbers that are none"),
        (WEIGHTS, one_number(float("nan")), r"model\.safetensors is damaged .* holds numbers that are none"),
        (WEIGHTS, one_number(float("inf")), r"model\.safetensors is damaged .* holds numbers that are none"),
        (WEIGHTS, filled_with(0), r"model\.safetensors is damaged .* holds zeros alone"),
        (WEIGHTS, retrained(lambda t: t.update({k: v.to(torch.int8) for k, v in t.items()})), "is quantised"),
        (WEIGHTS, retrained(lambda t: t.update(evil=torch.ones(3))), "does not fit its config"),
        (WEIGHTS, header("{}", 2**63), r"model\.safetensors is damaged: its safetensors header cannot be read"),
        (WEIGHTS, header(f"{{{tensor('[0, Infinity]')}}}"), "header cannot be read"),
        (WEIGHTS, header(f"{{{tensor('[' * 100_000)}}}"), "header cannot be read"),
        (WEIGHTS, header(f"{{{tensor('[0, 16]')}, {tensor('[0, 16]').replace('a', 'b', 1)}}}"), "delete it and fetch"),
        (WEIGHTS, header(f"{{{tensor('[-16, 16]')}}}"), r"model\.safetensors is damaged"),
        (WEIGHTS, header(f"{{{tensor('[8, 16]', '[2]')}}}"), r"model\.safetensors is damaged"),
        (WEIGHTS, header(f"{{{tensor('[0, 16]', f'[{2**62}, {2**62}]')}}}"), r"model\.safetensors is damaged"),
        (WEIGHTS, header(f"{{{tensor('[0, 16]', dtype='PICKLE')}}}"), r"model\.safetensors is damaged"),
        (VOCODER, filled_with(float("nan")), r"pytorch_model\.bin is damaged .* numbers that are none"),
        (VOCODER, filled_with(0), r"pytorch_model\.bin is damaged .* zeros alone"),
        (VOCODER, written("hello"), r"pytorch_model\.bin is damaged, holds more than tensors"),
        (VOCODER, lambda path: torch.save([1], path), r"pytorch_model\.bin holds no named tensors"),
        (VOCODER, lambda path: torch.save({1: torch.ones(1)}, path), r"pytorch_model\.bin holds no named tensors"),
        (VOCODER, lambda path: torch.save({"model_state_dict": 5}, path), r"pytorch_model\.bin holds no named"),
        (VOCODER, lambda path: torch.save({"a": Planted(MARKER)}, path), r"pytorch_model\.bin .* more than tensors"),
        (VOCODER, written(pickle.dumps(Planted(MARKER))), r"pytorch_model\.bin .* more than tensors"),
    ],
)
def test_a_model_that_cannot_be_used_says_what_to_do_and_runs_nothing(model, monkeypatch, file, change, said):
    monkeypatch.chdir(model)  # where a marker would be made
    change(model / file)
    with pytest.raises(ModelUnavailable, match=said) as caught:
        load(model)
    assert len(str(caught.value)) < 10_000
    assert not (model / MARKER).exists()


def test_what_is_planted_would_run_if_anyone_let_it(tmp_path, monkeypatch):
    """The markers of the test above are real."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Planted(MARKER))).close()
    assert (tmp_path / MARKER).exists()
    (tmp_path / MARKER).unlink()
    yaml.unsafe_load(RUNS).close()
    assert (tmp_path / MARKER).exists()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([0, 1, 2, 64])
OPTIONS = ("dim", "depth", "heads", "dim_head", "ff_mult", "mel_dim", "text_dim", "qk_norm", "conv_layers")


@given(changes=st.dictionaries(st.sampled_from(OPTIONS), SCALARS, min_size=1, max_size=3))
def test_whatever_a_config_says_it_is_a_network_or_a_clear_error(random_model, checkpoint, tmp_path_factory, changes):
    model = tmp_path_factory.getbasetemp() / "any-config"
    if not model.exists():
        shutil.copytree(random_model, model)
    arch = {**checkpoint.arch, **changes}
    (model / "config.yaml").write_text(yaml.safe_dump({"model": {"arch": arch}}))
    with suppress(ModelUnavailable):
        load(model)


@given(at=st.integers(0, 1500), junk=st.binary(min_size=1, max_size=12))
def test_whatever_a_header_says_it_is_a_network_or_a_clear_error(random_model, checkpoint, tmp_path_factory, at, junk):
    model = tmp_path_factory.getbasetemp() / "any-header"
    if not model.exists():
        shutil.copytree(random_model, model)
    data = bytearray(checkpoint.weights.read_bytes())
    data[at : at + len(junk)] = junk
    (model / WEIGHTS).write_bytes(data)
    with suppress(ModelUnavailable):
        load(model)


# Nothing is run


def plant(directory):
    """What Python would import from a directory that it looks in."""
    directory.mkdir(parents=True, exist_ok=True)
    code = f"open({str(directory / MARKER)!r}, 'w')\n"
    for name in ("sitecustomize", "usercustomize", "yaml", "runpod", "s3_utils", "json"):
        (directory / f"{name}.py").write_text(code)
    for name in ("torch", "voiceclone", "huggingface_hub"):
        (directory / name).mkdir()
        (directory / name / "__init__.py").write_text(code)


def test_code_that_lies_on_the_volume_or_in_the_working_directory_is_not_run(places, model, empty):
    """By a worker of the platform that is started whole, as there, and answers a job."""
    root, environ = places
    for directory in (root / "cwd", empty, empty / "models", empty / "cache", model, model / "vocos"):
        plant(directory)
    with JobServer([JOB]) as server:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "runpod-handler.py")],
            cwd=root / "cwd",
            env={**environ, **server.environ(root / "home"), "RUNPOD_VOLUME": str(empty), "F5_MODEL": str(model)},
            start_new_session=True,
        )
        try:
            _, posted = server.results.get(timeout=120)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert posted["output"]["audio_base64"]
    assert list(root.rglob(MARKER)) == []


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def archive_of(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("about.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["object array", "pickle", "pickle in an archive"])
def test_a_prepared_reference_is_never_unpickled(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path, planted = tmp_path / "reference.npz", Planted(MARKER)
    content = {
        "object array": lambda: npz(about=np.array([planted], dtype=object), samples=np.zeros(1), mel=np.zeros(1)),
        "pickle": lambda: pickle.dumps(planted),
        "pickle in an archive": lambda: archive_of(pickle.dumps(planted)),
    }[kind]()
    path.write_bytes(content)
    assert prepared.load(path) is None
    assert not (tmp_path / MARKER).exists()
