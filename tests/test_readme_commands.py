"""The README's commands run as they are written."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fuzzing
import pytest
from conftest import ROOT
from endpoint_server import EndpointServer
from platform_api import KEY, VOLUME, PlatformApi
from test_narrate import page, write_epub

from voiceclone.cli import deploy, narrate, say
from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings
from voiceclone.voices.builtin import BuiltIn

README = (ROOT / "README.md").read_text()
LINES = [
    line.partition("    #")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
CHEAP = ["--set", "nfe_step=1"]
# Elsewhere: CI runs the first two (test_image), and a test of the platform serves and asks.
ELSEWHERE = ("scripts/demo", "scripts/test", "docker push", ". .venv/bin/activate", "export ", "cp ")


def lines(start):
    """The commands that begin so."""
    return [shlex.split(line.removeprefix(start)) for line in LINES if line.startswith(start)]


@pytest.fixture
def endpoint(worker, monkeypatch, tmp_path):
    """An endpoint with a real worker, and the files that the commands name in the working directory."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "speech.txt").write_text("Hello there.")
    (work / "anna.m4a").write_bytes(fuzzing.FORMATS_OF_PEOPLE["m4a"](BuiltIn().named("example-en").waveform))
    write_epub(work / "book.epub", {"1.xhtml": page("One", "It began."), "2.xhtml": page("Two", "It ended.")})

    def answer(data, tell):
        asks = {"delivery": "base64"} if "text" in data and data.get("action") is None else {}
        return worker.handle({"id": "job", "input": {**asks, **data}}, tell)

    with EndpointServer(answer) as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


def test_every_command_is_run_here_or_elsewhere():
    starts = ("python scripts/", ".venv/bin/python runpod-handler.py --", "docker build ", "curl ")
    assert LINES
    assert [line for line in LINES if line and not line.startswith((*starts, *ELSEWHERE))] == []


def test_say_and_narrate(endpoint, capsys):
    """In the README's order: the voice that one adds, the next ones use."""
    commands = lines("python scripts/say.py ") + lines("python scripts/narrate.py ")
    for arguments in commands:
        if arguments[0].endswith(".epub"):
            assert narrate.main([*arguments, "--yes", *CHEAP]) == 0
        else:
            spoken = arguments[0] not in say.COMMANDS
            assert say.main([*arguments, *(CHEAP if spoken else [])]) == 0, capsys.readouterr().err
    assert {"morning.mp3", "speech.mp3", "speech.srt", "book.m4b", "book.srt"} <= {p.name for p in Path.cwd().iterdir()}


@pytest.mark.parametrize("arguments", lines("python scripts/deploy.py "), ids=" ".join)
def test_deploy(arguments, monkeypatch, capsys, tmp_path):
    """With a copy of the example in which only the placeholders are replaced."""
    ((example, place),) = lines("cp ")
    filled = (ROOT / example).read_text().replace("YOUR-NAME", "someone").replace("YOUR-VOLUME-ID", VOLUME["id"])
    monkeypatch.chdir(tmp_path)
    (Path(place) / Path(example).name).write_text(filled)
    with PlatformApi() as api:
        monkeypatch.setenv("RUNPOD_API_KEY", KEY)
        monkeypatch.setenv("RUNPOD_REST_API_URL", api.url)
        monkeypatch.setattr(sys, "argv", ["deploy.py", *arguments, "--yes"])
        assert deploy.main() == 0, capsys.readouterr().err
        assert api.endpoints[0]["networkVolumes"] == [VOLUME["id"]]


@pytest.mark.parametrize("arguments", lines("python scripts/fetch_models.py "), ids=" ".join)
def test_fetch_models(arguments):
    """Understood; `--list` keeps it from fetching gigabytes."""
    keys = {"RUNPOD_S3_ACCESS_KEY": "user_known", "RUNPOD_S3_SECRET_KEY": "rps_known"}
    command = [sys.executable, ROOT / "scripts/fetch_models.py", *arguments, "--list"]
    done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"F5TTS_v1_Base" in done.stdout


def test_jobs_from_the_command_line(places):
    root, environ = places
    (arguments,) = lines(".venv/bin/python runpod-handler.py --test_input")
    command = [sys.executable, ROOT / "runpod-handler.py", "--test_input", *arguments]
    done = subprocess.run(command, cwd=root / "cwd", env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((root / "output").glob("*.wav"))) == 1


def test_curl_sends_a_job_that_is_valid():
    (arguments,) = lines("curl ")
    url = urlsplit(arguments[0])
    assert url.path == "/v2/$RUNPOD_ENDPOINT_ID/runsync"
    assert 90_000 < int(parse_qs(url.query)["wait"][0]) <= 300_000
    parse(json.loads(arguments[arguments.index("-d") + 1])["input"], Settings())


def test_the_image_is_built_of_a_file_that_is_there():
    (arguments,) = lines("docker build ")
    assert (ROOT / arguments[arguments.index("--file") + 1]).is_file()


def test_scripts_that_are_started_by_their_names_may_be():
    for line in LINES:
        if line.startswith("scripts/"):
            assert os.access(ROOT / line.split()[0], os.X_OK), line
