"""`voiceclone serve`, and the worker's entry with `SERVE=http`: real processes, and the commands that ask them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import requests
import soundfile
from conftest import ROOT
from endpoint_server import until
from forked import Forked
from processes import run

from voiceclone.cli.main import main

HANDLER = str(ROOT / "runpod-handler.py")
SERVE = ["-m", "voiceclone", "serve"]
SAY = ["say", "Hello there.", "--voice", "example-en", "--set", "nfe_step=1"]
KEY = "a-key-of-ones-own"
SECRET_TEXT = "Whatever is said here is nobody else's business."
# Its models are loaded when somebody makes the file `go`.
HELD = """
import pathlib, runpy, sys, threading
from voiceclone.model import Engine
warm_up = Engine.warm_up
def held(engine):
    while not pathlib.Path("go").exists():
        threading.Event().wait(0.02)
    warm_up(engine)
Engine.warm_up = held
"""
HELD_SERVE = HELD + "runpy.run_module('voiceclone', run_name='__main__', alter_sys=True)"
HELD_ENTRY = HELD + f"runpy.run_path({HANDLER!r}, run_name='__main__')"
PLATFORM = {"RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_POD_ID": "pod"}


class Serving(Forked):
    """A process that serves at a port of its own."""

    def __init__(self, places, *command, **environ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(places, *command, env={"HOST": "127.0.0.1", "PORT": str(self.port), **environ})

    def ping(self, port=None):
        """Return /ping's status, 0 while nobody listens."""
        try:
            return httpx2.get(f"http://127.0.0.1:{port or self.port}/ping").status_code
        except httpx2.TransportError:
            assert self.poll() is None, self.said
            return 0

    def ended(self):
        """Wait for its end; return its status and what it has said."""
        return self.wait(60), self.said


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def away(places, monkeypatch):
    """Somebody else's directory and environment, with no endpoint in it."""
    for name in [name for name in os.environ if name.startswith("RUNPOD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(places[0] / "home")


def test_the_other_commands_ask_it_and_ctrl_c_ends_it(places, away, monkeypatch, capsys, fault_table):
    """From the moment on when its port is open: they wait for its models. Neither an endpoint's name nor the platform's
    queue make this machine the platform."""
    root, environ = places
    there = {"RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_WEBHOOK_GET_JOB": "http://127.0.0.1:9/job", "API_KEY": KEY}
    with Serving(places, "-c", HELD_SERVE, "serve", **there) as served:
        until(served.ping)
        assert served.ping() == 204
        early = httpx2.get(f"{served.url}/v1/models", headers={"authorization": f"Bearer {KEY}"})
        loading = f"{early.status_code} `{early.json()['error']['message']}`, with `retry-after`; /ping: 204"
        fault_table.row("Server is loading", "a request before the models are loaded, with `SERVE=http`", loading)
        monkeypatch.setenv("RUNPOD_ENDPOINT_BASE_URL", served.url)
        assert main([*SAY, "--out", "hello.wav"]) != 0
        assert "401" in capsys.readouterr().err
        monkeypatch.setenv("RUNPOD_API_KEY", KEY)
        with ThreadPoolExecutor() as pool:
            waits = served.said.count('"status": 503')
            pool.submit(
                lambda: until(lambda: served.said.count('"status": 503') > waits) or (root / "cwd" / "go").touch()
            )
            assert main([*SAY, "--out", "hello.wav"]) == 0
        assert soundfile.info(root / "home" / "hello.wav").frames
        assert main(["check", "Hello there.", "--voice", "example-en"]) == 0
        assert main(["voices"]) == 0
        assert "example-en" in capsys.readouterr().out
        assert main([*SAY, "--speed", "9"]) == 2
        assert "speed: " in capsys.readouterr().err
        (root / "home" / "book.txt").write_text("Chapter 1\n\nHello there.\n")
        assert main(["narrate", "book.txt", "--voice", "example-en", "--set", "nfe_step=1", "--yes"]) == 0, (
            capsys.readouterr()
        )
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        capsys.readouterr()
        main(["doctor", "--volume", environ["RUNPOD_VOLUME"], "--json"])
        found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
        assert found["endpoint"]["level"] == "ok"

        long = ["say", "One two three four five. " * 200, "--voice", "example-en", "--set", "nfe_step=32"]
        asked = subprocess.Popen(
            [sys.executable, "-m", "voiceclone", *long],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        health = {"headers": {"authorization": f"Bearer {KEY}"}}
        until(lambda: requests.get(f"{served.url}/health", **health).json()["jobs"]["inProgress"])
        asked.send_signal(signal.SIGINT)
        assert asked.wait(60) != 0
        until(lambda: not requests.get(f"{served.url}/health", **health).json()["jobs"]["inProgress"])

        job = {"input": {"text": "Hello there. " * 6, "voice": "example-en", "nfe_step": 8}}
        with ThreadPoolExecutor() as pool:
            reply = pool.submit(requests.post, f"{served.url}/runsync", json=job, timeout=100, **health)
            until(lambda: requests.get(f"{served.url}/health", **health).json()["workers"]["running"])
            served.send_signal(signal.SIGINT)
            assert reply.result().json()["status"] == "COMPLETED"
        status, log = served.ended()
        assert status == 0
        assert "stopping when what runs is done; press Ctrl-C again" in log
        assert "Traceback" not in log
        assert KEY not in log


def test_on_the_platform_sigterm_finishes_what_runs(places):
    """What is asked for meanwhile goes elsewhere. The log has one JSON line a request, and none of its text."""
    health_port = free_port()
    with Serving(places, HANDLER, **PLATFORM, SERVE="http", PORT_HEALTH=str(health_port), API_KEY=KEY) as served:
        until(lambda: served.ping(health_port))
        assert served.ping() in (200, 204)
        until(lambda: served.ping(health_port) == 200)
        client = httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}, timeout=100)
        say = {"voice": "example-en", "nfe_step": 1}
        with client:
            assert client.post("/v1/audio/speech", json={"input": "Hi.", "speed": 99, **say}).status_code == 400
            body = {"input": SECRET_TEXT * 4, "response_format": "pcm", **say}
            with client.stream("POST", "/v1/audio/speech", json=body, headers={"x-request-id": "mine"}) as answer:
                parts = answer.iter_raw()
                first = next(parts)
                job = client.post("/run", json={"input": {"text": SECRET_TEXT, **say}}).json()
                served.send_signal(signal.SIGTERM)
                until(lambda: served.ping() == 503, 8)
                refused = client.post("/v1/audio/speech", json={"input": "Hi.", **say})
                assert refused.status_code == 503
                assert refused.headers["retry-after"]
                assert len(first) + sum(map(len, parts)) > 100_000
            until(lambda: client.get(f"/status/{job['id']}").json()["status"] == "COMPLETED")
        status, log = served.ended()
    assert status == 0
    assert "Traceback" not in log
    assert KEY not in log
    assert SECRET_TEXT[:20] not in log
    lines = [json.loads(line) for line in log.splitlines()]
    about = [line for line in lines if line.get("requestId") == "mine" and line["message"] == "POST /v1/audio/speech"]
    assert [line["status"] for line in about] == [200]


def test_a_second_signal_ends_what_runs(places):
    """At once, and without a traceback for each request."""
    with Serving(places, HANDLER, SERVE="http") as served:
        until(lambda: served.ping() == 200)
        body = {"input": "One two three four five. " * 400, "voice": "example-en", "nfe_step": 32}
        with httpx2.stream("POST", f"{served.url}/v1/audio/speech", json=body, timeout=100):
            served.send_signal(signal.SIGTERM)
            until(lambda: served.ping() == 503)
            served.send_signal(signal.SIGTERM)
            status, log = served.ended()
    assert status == 0
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_it_loads_a_signal_ends_it_at_once(places, number):
    with Serving(places, "-c", HELD_ENTRY, SERVE="http") as served:
        until(served.ping)
        served.send_signal(number)
        status, log = served.ended()
    assert status == 0
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("command", "environ", "expected"), [(SERVE, {}, 3), ([HANDLER], {"SERVE": "http"}, 1)], ids=["serve", "entry"]
)
def test_a_port_in_use_is_told_with_the_cure(places, command, environ, expected):
    """By processes that are started whole, as a person's are."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(places, *command, **environ, HOST="127.0.0.1", PORT=port, PYTHONPATH=str(ROOT))
    assert done.returncode == expected
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use; set HOST or PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_finishes_the_job_of_the_sdks_own_api_and_says_so(places):
    """And ends without a traceback."""
    port = str(free_port())
    with Forked(places, HANDLER, "--rp_serve_api", "--rp_api_port", port) as process:
        until(lambda: "Uvicorn running" in process.said)
        job = {"input": {"text": "Hello there. " * 3, "voice": "example-en", "nfe_step": 8}}
        with ThreadPoolExecutor() as pool:
            reply = pool.submit(requests.post, f"http://127.0.0.1:{port}/runsync", json=job, timeout=100)
            until(lambda: "Started." in process.said)
            process.send_signal(signal.SIGINT)
            until(lambda: "stopping when the job in hand is done; press Ctrl-C again" in process.said)
            assert reply.result().json()["status"] == "COMPLETED"
        assert process.wait(timeout=60) == 0
        assert "loading" in process.said.partition("Uvicorn running")[0]
        assert "Traceback" not in process.said


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"RUNPOD_VOLUME": "/nowhere/at/all"}, "there is no volume at /nowhere/at/all: attach a network volume"),
        ({"RUNPOD_VOLUME": "runpod-volume"}, "`voiceclone fetch` makes ./runpod-volume and puts a model on it"),
        ({"RUNPOD_VOLUME": "runpod-volume"}, "F5_MODEL=demo, needs no more than an empty directory"),
        ({"F5_MODEL": "F5TTS_v1_Base"}, "Without a hub: F5_MODEL=demo, the small model that comes with the code"),
        ({"F5_DTYPE": "int4"}, "F5_DTYPE='int4': must be 'float32', 'float16', 'bfloat16' or 'int8'"),
        ({"F5_MODEL": "F5TTS_v1_Bas"}, "Did you mean F5TTS_v1_Base?"),
        ({"S3_BUCKET": "speech"}, "a bucket is configured, but not AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_worker_that_does_not_start_says_why_and_ends_with_3(places, changed, told):
    with Serving(places, *SERVE, **changed) as served:
        status, log = served.ended()
    assert status == 3
    assert "error: " in log
    assert told in log
    assert "Traceback" not in log
