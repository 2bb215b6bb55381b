"""What the weekly look at the world would see, seen here: a hub, a model that speaks, a platform's document."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace

import pytest
from benchmark.hearing import shipped_model
from conftest import ROOT
from fake_hub import FakeHub, Repo
from published import FETCHABLE, VOCOS_COMMIT, VOCOS_FILES, VOCOS_REPO, files_of
from world import ADDRESS, CLIENTS, api, setup_of, speech

from voiceclone.checkpoints.registry import RECOGNISERS


def look(*arguments, **environ):
    command = [sys.executable, str(ROOT / "scripts/world.py"), *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def hub():
    """A hub that has all that is registered."""
    with FakeHub() as hub:
        for spec in FETCHABLE:
            commit = "a" * 40 if spec.revision == "main" else spec.revision
            repo = hub.repos.setdefault(str(spec.repo_id), Repo(commit))
            repo.files |= files_of(spec)
        for need in RECOGNISERS.values():
            commit = "a" * 40 if need.revision == "main" else need.revision
            hub.repos[need.repo_id] = Repo(commit, dict.fromkeys(need.files, b"content"))
        hub.repos[VOCOS_REPO] = Repo(VOCOS_COMMIT, dict(VOCOS_FILES))
        yield hub


def test_a_file_that_the_hub_no_longer_has_is_a_problem(hub, tmp_path):
    """The only one: all else is there."""
    environ = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1,localhost"}
    del hub.repos["Systran/faster-whisper-small"].files["model.bin"]
    done = look("--only", "files", **environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert "mrfakename/OpenF5-TTS-Base model.pt  main is " + "a" * 40 in done.stdout
    assert "PROBLEM Systran/faster-whisper-small has no model.bin" in done.stdout
    assert done.stdout.endswith("\n1 problems\n")


def test_a_sentence_is_spoken_and_heard(tmp_path, monkeypatch, caplog, capsys):
    (tmp_path / "volume").mkdir()
    monkeypatch.setenv("RUNPOD_VOLUME", str(tmp_path / "volume"))
    caplog.set_level("ERROR", "voiceclone.jobs")  # as a local worker sets it: here for this test
    asked = {"model": "demo", "asr_model": str(shipped_model())}
    assert list(speech(Namespace(**asked, voice="demo-middle"))) == []
    assert "WER 0.0" in capsys.readouterr().out
    (problem,) = speech(Namespace(**asked, voice="nobody"))
    assert problem.startswith("voice_not_found")


def test_a_document_that_lacks_what_is_sent_is_a_problem(tmp_path, capsys):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps({"info": {"title": "Another API", "version": "9"}, "paths": {}}))
    assert list(api(Namespace(openapi=str(path))))
    assert "Another API 9" in capsys.readouterr().out
    path.write_text("<html>")
    (problem,) = api(Namespace(openapi=str(path)))
    assert "cannot be read" in problem


@pytest.mark.parametrize("client", CLIENTS)
def test_the_documents_set_up_each_client_that_is_played_through(client):
    setup = setup_of(client)
    assert ADDRESS in setup
    assert compile(setup, client, "exec").co_names[-1] == "tts"
    assert (ROOT / f"scripts/clients/play_{client}.py").is_file()
