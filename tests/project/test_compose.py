"""compose.yaml: a worker that others reach only where somebody wants that, and then with a key."""

from __future__ import annotations

import re

import yaml
from conftest import ROOT

from voiceclone.deployment.variables import variables
from voiceclone.settings import TIME_TO_LEAVE_S, Settings

WORKER = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["voiceclone"]
ENVIRONMENT = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", text) for name, text in WORKER["environment"].items()}


def test_it_listens_to_this_machine_alone_unless_told_and_never_without_a_key():
    assert WORKER["ports"] == [f"${{LISTEN:-127.0.0.1}}:8000:{ENVIRONMENT['PORT']}"]
    assert ENVIRONMENT["SERVE"] == "http"
    assert ENVIRONMENT["API_KEY"].startswith("${API_KEY:?write ")


def test_the_key_is_kept_where_neither_git_nor_the_image_has_it():
    (file,) = WORKER["env_file"]
    assert f"/{file['path']}" in (ROOT / ".gitignore").read_text().splitlines()
    assert f"!{file['path']}" not in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_worker_knows_every_variable_and_writes_only_where_it_may():
    """Its root directory is read-only."""
    assert set(ENVIRONMENT) <= {*variables(), "HOME"}
    settings = Settings.from_env(ENVIRONMENT)
    assert WORKER["volumes"] == [f"runpod-volume:{settings.volume}"]
    assert settings.local_output_dir.is_relative_to(settings.volume)
    assert (WORKER["read_only"], WORKER["tmpfs"]) == (True, ENVIRONMENT["HOME"])


def test_a_request_that_runs_when_the_worker_is_stopped_is_answered():
    minutes = int(WORKER["stop_grace_period"].removesuffix("m"))
    assert Settings.from_env(ENVIRONMENT).job_limit_s + TIME_TO_LEAVE_S <= 60 * minutes
