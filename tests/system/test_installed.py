"""The command as a person gets it by `pip install .`, alone in a new environment: light, whole, and of use."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import uv
from conftest import ROOT
from endpoint_server import EndpointServer
from published import MODEL, VOCOS_COMMIT, VOCOS_FILES, VOCOS_REPO, files_of, own_cache, place

from voiceclone import audio
from voiceclone.cli.main import COMMANDS
from voiceclone.types import Waveform

HEAVY = {"torch", "numpy", "av", "boto3", "runpod", "f5_tts"}
SPOKEN = audio.encode(Waveform(np.sin(np.arange(24_000) / 10).astype(np.float32) / 3, 24_000), "wav")


class Installed:
    """An environment in which there is the command and what it asks for, and a home in which there is nothing."""

    def __init__(self, root: Path):
        self.bin, self.home = root / "venv" / "bin", root / "home"
        self.home.mkdir()
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RUNPOD_", "HF_"))}
        self.environ = {**mine, "HOME": str(self.home), "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / "venv"], check=True)
        # By uv, in a tenth of the time that pip takes: the package and what it asks for are the same.
        install = [uv.find_uv_bin(), "pip", "install", "--python", self.bin / "python", "--quiet", "--no-cache", ROOT]
        subprocess.run(install, cwd=self.home, env=self.environ, check=True)

    def run(self, *command, **environ):
        """Run a program of the environment, in the home."""
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.home,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def imported_by(self, *arguments, **environ):
        """The packages that the command imports with these arguments, and what it did."""
        done = self.run("python", "-X", "importtime", self.bin / "voiceclone", *arguments, **environ)
        named = [
            line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")
        ]
        return {name.partition(".")[0] for name in named}, done


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def endpoint():
    """Its worker always says the same."""
    about = {"format": "wav", "duration": 1.0, "sample_rate": 24_000, "seed": 1, "timings": {"total": 0.1}}
    with EndpointServer(lambda *_: {"audio_base64": base64.b64encode(SPOKEN).decode(), **about}) as server:
        yield server


def test_help_names_every_command_and_imports_nothing_heavy(installed):
    imported, done = installed.imported_by("--help")
    assert done.returncode == 0
    assert re.findall(r"^    (\w+)", done.stdout, re.MULTILINE) == list(COMMANDS)
    assert {"argparse", "voiceclone"} <= imported
    assert not imported & {*HEAVY, "requests", "pydantic", "yaml", "shtab", "huggingface_hub"}


HELP = """
import sys
from voiceclone.cli.main import COMMANDS, main

for command in COMMANDS:
    try:
        main([command, "--help"])
    except SystemExit as e:
        print("ended with", e.code)
"""


def test_every_command_has_its_help(installed):
    """One after the other, in one process."""
    done = installed.run("python", "-c", HELP)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^usage: \S+ (\w+)", done.stdout, re.MULTILINE) == list(COMMANDS)
    assert done.stdout.count("\nended with 0\n") == len(COMMANDS)


def test_speech_is_asked_of_an_endpoint_without_anything_heavy(installed, endpoint):
    imported, done = installed.imported_by("say", "Hello.", "--voice", "anna", **endpoint.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "speech.wav\n"
    assert soundfile.info(installed.home / "speech.wav").duration == 1
    assert (installed.home / "speech.wav").read_bytes() == SPOKEN
    assert "requests" in imported
    assert not imported & HEAVY


def test_nothing_of_the_worker_is_installed(installed):
    looked = "from importlib.util import find_spec as f; print([n for n in ('torch', 'runpod', 'f5_tts') if f(n)])"
    assert installed.run("python", "-c", looked).stdout == "[]\n"


@pytest.mark.parametrize("arguments", [["say", "Hello.", "--voice", "a", "--local"], ["serve"]])
def test_what_needs_the_worker_says_how_to_install_it(installed, arguments):
    done = installed.run("voiceclone", *arguments)
    assert done.returncode == 3
    assert (
        done.stderr == "error: the worker's packages are not installed here: install with `pipx install '.[worker]'`\n"
    )


def test_the_doctor_finds_a_client_and_what_it_may_ask(installed, endpoint):
    done = installed.run("voiceclone", "doctor", **endpoint.environ)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["python", "packages", "settings", "bucket", "endpoint"]
    assert "client only" in lines[1]


def test_a_registered_model_without_the_package_that_describes_it(installed, tmp_path):
    """Its files can be there, and the doctor says what is missing."""
    place(own_cache(tmp_path), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    place(own_cache(tmp_path), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    done = installed.run("voiceclone", "doctor", "--volume", tmp_path, HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stderr) == (1, "")
    assert "f5-tts, which describes this model, is not installed" in done.stdout


def test_a_shell_understands_the_completion(installed):
    script = installed.run("voiceclone", "completion", "bash")
    assert script.returncode == 0
    understood = subprocess.run(["bash", "-n"], input=script.stdout, text=True, capture_output=True, check=False)
    assert (understood.returncode, understood.stderr) == (0, "")
    asked = f"{script.stdout}\nCOMP_WORDS=(voiceclone doc) COMP_CWORD=1; _shtab_voiceclone; echo ${{COMPREPLY[@]}}"
    completed = subprocess.run(["bash", "-c", asked], text=True, capture_output=True, check=False)
    assert completed.stdout == "doctor\n", completed.stderr
