"""The worker as the platform and a laptop run it: a process that loads once, answers jobs and keeps to its places."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from conftest import ROOT
from forked import Forked
from processes import CONFINE, run, tree

from voiceclone.errors import ModelUnavailable
from voiceclone.model.engine import Engine

HANDLER = ROOT / "runpod-handler.py"
SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 2, "seed": 5}
SAY_CHINESE = {"text": "你好, hello.", "voice": "example-zh", "nfe_step": 1}
LOCKED = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))


def load_handler():
    """A fresh copy of the entry module, as a process would import it."""
    spec = importlib.util.spec_from_file_location("runpod_handler", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_job_from_the_command_line_becomes_a_file(places):
    """It is not the platform's, though whoever calls an endpoint has its name exported: no GPU is needed."""
    del places[1]["F5_DEVICE"]
    environ = {"RUNPOD_ENDPOINT_ID": "x", "RUNPOD_WEBHOOK_GET_JOB": "x"}
    with Forked(places, str(HANDLER), "--test_input", json.dumps({"input": SAY}), env=environ) as process:
        assert process.wait() == 0, process.said
    assert "audio_path" in process.said
    (wav,) = (places[0] / "output").iterdir()
    samples, sample_rate = soundfile.read(wav)
    assert (sample_rate, samples.ndim) == (24_000, 1)
    assert 0.8 < len(samples) / sample_rate < 2
    assert np.sqrt(np.mean(samples**2)) > 1e-3


def test_a_bad_job_from_the_command_line_fails(places):
    with Forked(places, str(HANDLER), "--test_input", json.dumps({"input": {"text": "x"}})) as process:
        assert process.wait() == 1
    assert "invalid_input: voice: is missing" in process.said


HEAVY = [
    *["transformers", "wandb", "datasets", "pandas", "gradio", "matplotlib", "librosa", "numba", "x_transformers"],
    *["scipy", "boto3", "pypinyin", "torch._dynamo", "sympy"],
]
LOADED = f"""
import runpy, sys
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name

known = {{m: {{canonicalize_name(d) for d in ds}} for m, ds in packages_distributions().items()}}

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        owners = known.get(name.split(".")[0])
        if owners and not owners & {LOCKED!r}:
            raise ModuleNotFoundError(f"{{name}} is not in the lock", name=name)

sys.meta_path.insert(0, OnlyLocked())
sys.path.insert(0, {str(ROOT)!r})
{CONFINE}
names = runpy.run_path({str(HANDLER)!r})
names["initialize_models"]()
import huggingface_hub.constants as hub, os
print([name for name in {HEAVY!r} if name in sys.modules])
print(hub.HF_HUB_CACHE == os.environ["RUNPOD_VOLUME"] + "/models/hub", os.environ["TORCH_HOME"])
sys.argv = ["handler.py", "--test_input", {json.dumps({"input": SAY_CHINESE})!r}]
runpy.run_path({str(ROOT / ".runpod/handler.py")!r}, run_name="__main__")
"""


def test_a_worker_imports_what_a_first_job_needs_lets_threads_sleep_and_writes_nothing_but_the_result(places, volume):
    """f5-tts's package would pull in its training code; the store and the Chinese front end can wait.

    Threads that wait for others sleep: as libgomp tells when it is loaded, with torch; later it would not listen.

    With HOME, the working directory and the code read-only a job runs, from the Hub's handler, which is the worker's
    own, and leaves one file: the audio. Only the locked distributions can be imported: what the lock leaves out is
    never missed.
    """
    root, environ = places
    shutil.rmtree(volume / "cache", ignore_errors=True)
    before = tree(volume)
    allowed = os.pathsep.join(map(str, (volume, root / "output", root / "tmp")))
    done = run(places, "-c", LOADED, allowed, OMP_DISPLAY_ENV="VERBOSE")
    assert done.returncode == 0, done.stderr
    assert "GOMP_SPINCOUNT = '0'" in done.stderr
    assert done.stdout.splitlines()[:2] == ["[]", f"True {environ['RUNPOD_VOLUME']}/models/torch"]
    assert (tree(root / "home"), tree(root / "cwd"), tree(root / "tmp")) == ([], [], [])
    assert len(tree(root / "output")) == 1
    assert [path for path in tree(volume) if not path.startswith("cache")] == before
    assert {path.suffix or path.name for path in (volume / "cache").glob("*")} <= {".safetensors", "chunks"}


def test_the_confinement_is_real(places, volume):
    """The guard of the test above does stop a write."""
    done = run(places, "-c", CONFINE + "open('file', 'w')", str(volume))
    assert "Read-only file system" in done.stderr


PACKAGES = Path(torch.__file__).parents[1]
GOMP = [str(file) for place in ("torch/lib", "torch.libs") for file in (PACKAGES / place).glob("libgomp*")]
# libgomp alone, as it comes with torch.
ASLEEP = f"""
import ctypes, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone import app
app.let_threads_sleep()
ctypes.CDLL({GOMP[0]!r})
"""


@pytest.mark.parametrize(
    ("environ", "spins"),
    [({"OMP_WAIT_POLICY": "ACTIVE"}, 30_000_000_000), ({"GOMP_SPINCOUNT": "7"}, 7)],
)
def test_how_threads_wait_is_the_operators_to_say(places, environ, spins):
    done = run(places, "-c", ASLEEP, OMP_DISPLAY_ENV="VERBOSE", **environ)
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


def test_two_jobs_load_the_model_once(volume, random_model, tmp_path, monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, "restored afterwards")
    loads = []
    load = Engine.load
    monkeypatch.setattr(Engine, "load", lambda *arguments: loads.append(1) or load(*arguments))
    module = load_handler()
    environ = {"RUNPOD_VOLUME": str(volume), "F5_MODEL": str(random_model), "OUTPUT_DIR": str(tmp_path)}
    assert module.initialize_models(environ) is module.initialize_models(environ)
    replies = [module.handler({"id": str(i), "input": SAY}) for i in range(2)]
    assert [reply["status"] for reply in replies] == ["completed"] * 2
    assert len(loads) == 1
    module.check_models()
    startup = module.handler({"id": "i", "input": {"action": "info"}})["startup"]
    assert list(startup) == ["files", "imports", "device", "weights", "warm_up", "total"]
    assert sum(startup.values()) - startup["total"] <= startup["total"]


def test_without_a_volume_nothing_falls_back_to_the_containers_disk(tmp_path):
    module = load_handler()
    with pytest.raises(ModelUnavailable, match="attach a network volume"):
        module.initialize_models({"RUNPOD_VOLUME": str(tmp_path / "missing")})
    assert tree(tmp_path) == []


def test_a_job_without_a_model_is_answered(caplog):
    module = load_handler()
    reply = module.handler({"id": "x", "input": SAY})
    assert reply["error_code"] == "model_unavailable"
    with pytest.raises(RuntimeError, match="has not run"):
        module.check_models()
