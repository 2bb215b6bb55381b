"""The worker as the platform and a laptop run it: a process that loads once, answers jobs and keeps to its places."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from job_server import JobServer

from voiceclone.engine import Engine
from voiceclone.errors import ModelUnavailable

ROOT = Path(__file__).resolve().parent.parent
HANDLER = ROOT / "runpod-handler.py"
SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 2, "seed": 5}

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


@pytest.fixture
def places(tmp_path, volume):
    """A process's environment in which every place is its own directory."""
    for name in ("home", "cwd", "tmp", "output"):
        (tmp_path / name).mkdir()
    return tmp_path, {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "RUNPOD_VOLUME": str(volume),
        "OUTPUT_DIR": str(tmp_path / "output"),
        "F5_MODEL": "random",
        "F5_DEVICE": "cpu",
        "NO_PROXY": "127.0.0.1",
    }


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


def snapshot(volume):
    """The folder of the random checkpoint on a volume."""
    (path,) = Path(volume).glob("models/hub/models--local--f5-tts-random/snapshots/*")
    return path


def load_handler():
    """A fresh copy of the entry module, as a process would import it."""
    spec = importlib.util.spec_from_file_location("runpod_handler", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_job_from_the_command_line_becomes_a_file(places):
    done = run(places, str(HANDLER), "--test_input", json.dumps({"input": SAY}))
    assert done.returncode == 0, done.stderr
    (wav,) = (places[0] / "output").iterdir()
    samples, sample_rate = soundfile.read(wav)
    assert (sample_rate, samples.ndim) == (24_000, 1)
    assert 0.8 < len(samples) / sample_rate < 2
    assert np.sqrt(np.mean(samples**2)) > 1e-3


def test_a_bad_job_from_the_command_line_fails(places):
    done = run(places, str(HANDLER), "--test_input", json.dumps({"input": {"text": "x"}}))
    assert done.returncode == 1
    assert "invalid_input: voice: is missing" in done.stdout + done.stderr


def test_nothing_is_written_but_the_result(places, volume):
    """With HOME, the working directory and the code read-only a job runs, and leaves one file: the audio."""
    root, _ = places
    shutil.rmtree(volume / "cache", ignore_errors=True)
    before = tree(volume)
    script = CONFINE + textwrap.dedent(
        f"""
        import runpy
        sys.argv = ["runpod-handler.py", "--test_input", {json.dumps({"input": SAY})!r}]
        runpy.run_path({str(HANDLER)!r}, run_name="__main__")
        """
    )
    allowed = os.pathsep.join(map(str, (volume, root / "output", root / "tmp")))
    done = run(places, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}", allowed)
    assert done.returncode == 0, done.stderr
    assert (tree(root / "home"), tree(root / "cwd"), tree(root / "tmp")) == ([], [], [])
    assert len(tree(root / "output")) == 1
    assert [path for path in tree(volume) if not path.startswith("cache")] == before
    assert {path.suffix for path in (volume / "cache").glob("*")} <= {".safetensors"}


def test_the_confinement_is_real(places, volume):
    """The guard of the test above does stop a write."""
    done = run(places, "-c", CONFINE + "open('file', 'w')", str(volume))
    assert "Read-only file system" in done.stderr


HEAVY = [
    *["transformers", "wandb", "datasets", "pandas", "gradio", "matplotlib", "librosa", "numba", "x_transformers"],
    *["scipy", "boto3", "pypinyin", "torch._dynamo", "sympy"],
]


def test_only_what_a_first_job_needs_is_imported(places):
    """f5-tts's package would pull in its training code; the store and the Chinese front end can wait."""
    script = f"""
        import runpy, sys
        sys.path.insert(0, {str(ROOT)!r})
        names = runpy.run_path({str(HANDLER)!r})
        names["initialize_models"]()
        import huggingface_hub.constants as hub, os
        print([name for name in {HEAVY!r} if name in sys.modules])
        print(hub.HF_HUB_CACHE == os.environ["RUNPOD_VOLUME"] + "/models/hub", os.environ["TORCH_HOME"])
    """
    done = run(places, "-c", textwrap.dedent(script))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", f"True {places[1]['RUNPOD_VOLUME']}/models/torch"]


def test_two_jobs_load_the_model_once(volume, tmp_path, monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, "restored afterwards")
    loads = []
    load = Engine.load
    monkeypatch.setattr(Engine, "load", lambda *arguments: loads.append(1) or load(*arguments))
    module = load_handler()
    environ = {"RUNPOD_VOLUME": str(volume), "F5_MODEL": "random", "OUTPUT_DIR": str(tmp_path)}
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


def start(places, server, *how):
    root, base = places
    return subprocess.Popen(
        [sys.executable, *(how or [str(HANDLER)])],
        cwd=root / "cwd",
        env={**base, **server.environ(root / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_the_platforms_loop_gets_its_results(places):
    """Jobs of the platform, good and bad, are answered over HTTP; SIGTERM ends the worker with status 0."""
    jobs = [{"id": "good", "input": SAY}, {"id": "bad", "input": {**SAY, "text": ""}}]
    with JobServer(jobs) as server, start(places, server) as process:
        try:
            results = dict(server.results.get(timeout=90) for _ in jobs)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert results["good"]["output"]["status"] == "completed"
    assert results["good"]["output"]["audio_base64"]
    assert results["bad"]["error"].startswith("invalid_input: text: ")
    assert results["bad"]["output"]["error_code"] == "invalid_input"


def test_the_platform_hears_how_far_a_long_job_has_come(places):
    """While it is spoken, and nothing behind the result. Told sooner than usual: the job is not that long."""
    script = f"""
        import runpy, sys
        sys.path.insert(0, {str(ROOT)!r})
        from voiceclone import progress
        progress.EVERY_S = progress.LEAST_LEFT_S = 0
        runpy.run_path({str(HANDLER)!r}, run_name="__main__")
    """
    text = "A sentence of several that are spoken one by one, and none is short. " * 8
    jobs = [{"id": "long", "input": {**SAY, "text": text, "nfe_step": 4}}]
    with JobServer(jobs) as server, start(places, server, "-c", textwrap.dedent(script)) as process:
        try:
            posted = [server.results.get(timeout=90)[1]]
            while posted[-1].get("status") == "IN_PROGRESS":
                posted.append(server.results.get(timeout=90)[1])
        finally:
            process.kill()
    *updates, result = posted
    chunks = len(result["output"]["chunks"])
    assert 0 < len(updates) < chunks
    assert all(set(u["output"]) == {"chunks_done", "chunks", "percent", "seconds_left"} for u in updates)
    assert all(u["output"]["chunks"] == chunks for u in updates)


def unhealthy_reason(places):
    """Start a worker that cannot serve; returns what the platform hears of it."""
    with JobServer() as server, start(places, server) as process:
        try:
            assert process.wait(timeout=90) == 1
        finally:
            process.kill()
        ping = server.pings.get(timeout=1)
    assert (ping["status"], ping["check"]) == (["unhealthy"], ["check_models"])
    return ping["reason"][0]


def test_a_worker_without_models_reports_itself_unhealthy(places):
    """The platform hears the reason, and the process ends."""
    places[1]["RUNPOD_VOLUME"] = str(places[0] / "missing")
    assert "attach a network volume" in unhealthy_reason(places)


def test_a_setting_that_cannot_be_read_is_told_to_the_platform(places):
    places[1]["LOG_LEVEL"] = "LOUD"
    assert "LOG_LEVEL='LOUD'" in unhealthy_reason(places)


def test_a_failure_that_nobody_foresaw_is_told_to_the_platform(places, tmp_path):
    """A vocoder's config that is no YAML at all."""
    model = tmp_path / "model"
    shutil.copytree(snapshot(places[1]["RUNPOD_VOLUME"]), model)
    (model / "vocos/config.yaml").write_text("{")
    places[1]["F5_MODEL"] = str(model)
    assert "ParserError" in unhealthy_reason(places)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the promise is about machines without a usable GPU")
def test_a_worker_without_a_gpu_reports_itself_unhealthy(places):
    """On the platform the CPU never takes the GPU's place in silence."""
    del places[1]["F5_DEVICE"]
    assert "the GPU cannot be used" in unhealthy_reason(places)
