"""`voiceclone serve` is an endpoint on this machine, which the other commands ask."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
import soundfile
from conftest import ROOT

from voiceclone.cli.main import main

HANDLER = str(ROOT / "runpod-handler.py")
SAY = ["say", "Hello there.", "--voice", "example-en", "--set", "nfe_step=1"]


def serve(environ, directory, *arguments):
    environ = {**environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "voiceclone", "serve", *arguments]
    return subprocess.Popen(
        command, cwd=directory, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(environ, directory):
    """The address, as soon as somebody listens there."""
    port = free_port()
    process = serve(environ, directory, "--port", str(port))
    try:
        assert any("Uvicorn running" in line for line in process.stderr)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def away(places, monkeypatch):
    """Somebody else's directory and environment, with no endpoint in it."""
    for name in [name for name in os.environ if name.startswith("RUNPOD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(places[0] / "home")


def test_it_answers_the_platforms_api_and_the_other_commands(places, away, monkeypatch, capsys):
    root, environ = places
    # Neither an endpoint's name nor the platform's queue make this machine the platform.
    there = {**environ, "RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_WEBHOOK_GET_JOB": "http://127.0.0.1:9/job"}
    with served(there, root / "cwd") as url:
        job = {"input": {"text": "Hello there.", "voice": "example-en", "nfe_step": 1, "delivery": "base64"}}
        reply = requests.post(f"{url}/runsync", json=job, timeout=60).json()
        assert reply["status"] == "COMPLETED"
        assert reply["output"]["audio_base64"]
        monkeypatch.setenv("RUNPOD_ENDPOINT_BASE_URL", url)
        assert main([*SAY, "--out", "hello.wav"]) == 0
        assert soundfile.info(root / "home" / "hello.wav").frames
        assert main(["check", "Hello there.", "--voice", "example-en"]) == 0
        assert main([*SAY, "--speed", "9"]) == 2
        assert "speed: " in capsys.readouterr().err
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        main(["doctor", "--volume", environ["RUNPOD_VOLUME"], "--json"])
        found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
        assert found["endpoint"]["found"] == "answers; as a worker's own API it counts no workers"


@pytest.mark.parametrize(
    "command", [["-m", "voiceclone", "serve", "--port"], [HANDLER, "--rp_serve_api", "--rp_api_port"]]
)
def test_ctrl_c_finishes_the_job_and_says_so(places, command):
    """And ends without a traceback."""
    root, environ = places
    port = str(free_port())
    environ = {**environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, *command, port],
        cwd=root / "cwd", env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert any("loading" in line for line in process.stderr)
        assert any("Uvicorn running" in line for line in process.stderr)
        job = {"input": {"text": "Hello there. " * 3, "voice": "example-en", "nfe_step": 8}}
        with ThreadPoolExecutor() as pool:
            reply = pool.submit(requests.post, f"http://127.0.0.1:{port}/runsync", json=job, timeout=100)
            assert any("Started." in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert any("stopping when the job in hand is done; press Ctrl-C again" in line for line in process.stderr)
            assert reply.result().json()["status"] == "COMPLETED"
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in err
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"RUNPOD_VOLUME": "/nowhere/at/all"}, "there is no volume at /nowhere/at/all: attach a network volume"),
        ({"RUNPOD_VOLUME": "runpod-volume"}, "`voiceclone fetch` makes ./runpod-volume and puts a model on it"),
        ({"RUNPOD_VOLUME": "runpod-volume"}, "F5_MODEL=demo, needs no more than an empty directory"),
        ({"F5_MODEL": "F5TTS_v1_Base"}, "Without a hub: F5_MODEL=demo, the small model that comes with the code"),
        ({"F5_DTYPE": "int8"}, "F5_DTYPE='int8': must be 'float32', 'float16' or 'bfloat16'"),
        ({"F5_MODEL": "F5TTS_v1_Bas"}, "Did you mean F5TTS_v1_Base?"),
        ({"S3_BUCKET": "speech"}, "a bucket is configured, but not AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_worker_that_does_not_start_says_why_and_ends_with_3(places, changed, told):
    root, environ = places
    process = serve({**environ, **changed}, root / "cwd")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "error: " in err
    assert told in err
    assert "Traceback" not in err
