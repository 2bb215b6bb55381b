"""`voiceclone serve` is an endpoint on this machine, which the other commands ask."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import requests
import soundfile
from conftest import ROOT

from voiceclone.cli.main import main

SAY = ["say", "Hello there.", "--voice", "example-en", "--set", "nfe_step=1"]


def serve(environ, directory, *arguments):
    environ = {**environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "voiceclone", "serve", *arguments]
    return subprocess.Popen(
        command, cwd=directory, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def served(environ, directory):
    """The address, as soon as somebody listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
    ("changed", "told"),
    [
        ({"RUNPOD_VOLUME": "/nowhere/at/all"}, "there is no volume at /nowhere/at/all: attach a network volume"),
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
    assert err.startswith("error: ")
    assert told in err
    assert "Traceback" not in err
