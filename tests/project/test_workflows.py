"""What runs elsewhere is held to the rules here: workflows, Dependabot, the Dockerfile, Compose, shell scripts."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SHELL = sorted(
    path
    for path in [*(ROOT / "scripts").iterdir(), *(ROOT / ".ci").iterdir()]
    if path.is_file() and path.read_text().startswith(("#!/usr/bin/env bash", "# shellcheck shell=bash"))
)
LINTERS = {
    "actionlint": ["actionlint", *WORKFLOWS],
    "workflows' schema": ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS],
    "Dependabot's schema": ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
    "Compose's schema": ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    "zizmor": ["zizmor", "--offline", "--quiet", "--persona=pedantic", ".github"],
    "hadolint": ["hadolint", "Dockerfile.runpod"],
    "shellcheck": ["shellcheck", "--external-sources", *SHELL],
}


@pytest.mark.parametrize("linter", LINTERS)
def test_linters_find_nothing(linter):
    program, *arguments = LINTERS[linter]
    tool = Path(sysconfig.get_path("scripts")) / program
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_shell_script_is_looked_at():
    """What has no suffix and is no list is a script for the shell."""
    scripts = {path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    assert scripts <= set(SHELL)


def used_actions():
    for workflow in WORKFLOWS:
        yield from re.findall(r"uses: (\S+?)@(\S+)(.*)", workflow.read_text())


def test_every_action_is_one_commit_with_its_version():
    versions = {}
    for action, commit, comment in used_actions():
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
        assert versions.setdefault(action, (commit, comment)) == (commit, comment), "another version elsewhere"


def steps(workflow):
    """All steps of a workflow, in the order in which its jobs are written."""
    jobs = yaml.safe_load((ROOT / ".github/workflows" / workflow).read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_ci_runs_what_people_run():
    """Scripts of the repository, and they are there and can be run."""
    runs = "\n".join(step.get("run", "") for path in WORKFLOWS for step in steps(path.name))
    named = set(re.findall(r"\bscripts/\w+", runs))
    assert named == {"scripts/test", "scripts/demo", "scripts/check_image", "scripts/audit", "scripts/world"}
    assert all(os.access(ROOT / name, os.X_OK) for name in named)
    assert "scripts/test" in (ROOT / ".ci/run").read_text()


def test_a_release_gets_its_tags_when_it_is_checked():
    told = [step.get("run", "") + str(step.get("with", "")) for step in steps("release.yml")]
    pushed, checked, tagged = (
        next(i for i, text in enumerate(told) if word in text)
        for word in ("push-by-digest=true", "scripts/check_image", "imagetools create")
    )
    assert pushed < checked < tagged


def test_the_released_image_says_the_licences_that_the_dockerfile_names():
    """Labels that are made of the repository would take their place."""
    (build,) = (step["with"] for step in steps("release.yml") if "build-push-action" in step.get("uses", ""))
    assert set(re.findall(r"^org\.opencontainers\.image\.(\w+)=", build["labels"], re.MULTILINE)) == {
        "revision",
        "source",
    }
    assert "outputs.labels" not in build["labels"]


def test_only_the_release_sees_secrets():
    assert [path.name for path in WORKFLOWS if "secrets." in path.read_text()] == ["release.yml"]
