"""The image holds the code by its real names, and nothing else: no model, no way for one to get in."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile.runpod").read_text())


def instructions(name):
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


SOURCES = [source for copy in instructions("COPY") for source in copy.split()[:-1]]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_copied_exists_and_is_sent_to_the_builder(source):
    """`.dockerignore` shuts everything out but what it lists."""
    assert (ROOT / source).exists()
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert any(fnmatch.fnmatch(source, line[1:]) for line in lines if line.startswith("!"))


def test_everything_that_the_worker_needs_is_copied():
    assert {"requirements.txt", "runpod-handler.py", "s3_utils.py", "voiceclone"} <= set(SOURCES)


def test_models_are_looked_for_on_the_volume_and_never_fetched_by_the_build():
    variables = dict(pair.split("=") for env in instructions("ENV") for pair in env.split())
    assert variables["HF_HOME"] == "/runpod-volume/models"
    assert variables["HF_HUB_CACHE"] == "/runpod-volume/models/hub"
    assert variables["TORCH_HOME"] == "/runpod-volume/models/torch"
    assert not any("fetch_models" in run or "http" in run for run in instructions("RUN"))
    assert not any(
        fnmatch.fnmatch(source, pattern) for source in SOURCES for pattern in ("*.pt", "*.safetensors", "*.bin")
    )


def test_the_platform_watches_the_worker_itself():
    assert "HEALTHCHECK" not in DOCKERFILE
    assert instructions("CMD") == ['["python", "runpod-handler.py"]']


def test_ci_runs_what_people_run():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    runs = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert "scripts/test" in runs
    assert "scripts/demo" in runs
    assert "scripts/test" in (ROOT / ".ci/run").read_text()
