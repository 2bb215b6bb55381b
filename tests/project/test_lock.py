"""The lock files hold all that the worker imports, and nothing else."""

from __future__ import annotations

import ast
import functools
import json
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FIRST_PARTY = {"voiceclone", "s3_utils", *(path.stem for path in (ROOT / "scripts").iterdir())}
WORKER_FILES = [
    ROOT / "runpod-handler.py",
    ROOT / "s3_utils.py",
    *sorted((ROOT / "voiceclone").rglob("*.py")),
    *sorted((ROOT / "scripts").glob("*.py")),
]
LOCKS = ["requirements.txt", "requirements-dev.txt"]
PYTHONS = ["3.11", "3.12", "3.13"]
ENVIRONMENTS = [
    {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system.lower(),
        "platform_system": system,
        "platform_machine": machine,
    }
    for python in PYTHONS
    for system, machine in (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
]
in_each_environment = pytest.mark.parametrize(
    "environment", ENVIRONMENTS, ids=lambda e: "-".join([e["python_version"], e["sys_platform"], e["platform_machine"]])
)


def lines(file):
    """What a requirements file asks for, each with its hashes, if it has them, in one line."""
    joined = (ROOT / file).read_text().replace("\\\n", " ")
    bare = (line.split("#")[0].strip() for line in joined.splitlines())
    return [line for line in bare if line and not line.startswith("-")]


def requirements(file):
    return [Requirement(line.split(" --hash")[0]) for line in lines(file)]


def names(file, environment=None):
    """Distributions that a requirements file names in an environment, here unless another is given, canonically."""
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements(file)
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


LOCKED = names("requirements.txt")
EXCLUDED = names("scripts/lock-excludes.txt")
OVERRIDDEN = {canonicalize_name(each.name): each for each in requirements("scripts/lock-overrides.txt")}


def imported_modules(file):
    """Top-level names of every import in a file, lazy ones included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@functools.cache
def imported_distributions():
    by_module = packages_distributions()
    modules = {module for file in WORKER_FILES for module in imported_modules(file)}
    third_party = modules - set(sys.stdlib_module_names) - FIRST_PARTY
    return {canonicalize_name(distribution) for module in third_party for distribution in by_module[module]}


def test_every_import_of_the_worker_is_in_the_lock():
    assert imported_distributions() <= LOCKED


def test_every_direct_requirement_is_used():
    """Imported, or read as data (f5-tts), or started by the SDK (uvicorn)."""
    assert names("requirements.in") == imported_distributions() | {"f5-tts", "python-multipart", "websockets"}


def needed(name, extras, environment):
    """What a distribution requires in an environment, without what the lock leaves out.

    Unknown, so nothing, for what is not installed on this machine because it is for another: CUDA where there is none.
    """
    for line in (name in LOCKED and requires(name)) or ():
        requirement = Requirement(line)
        environments = [{**environment, "extra": extra} for extra in (extras or {""})]
        if requirement.marker is None or any(requirement.marker.evaluate(e) for e in environments):
            requirement = OVERRIDDEN.get(canonicalize_name(requirement.name), requirement)
            if canonicalize_name(requirement.name) not in EXCLUDED:
                yield requirement


@in_each_environment
def test_the_lock_is_the_closure_of_the_direct_requirements(environment):
    """Nothing that a requirement needs is missing, and nothing is there that none needs."""
    todo = [Requirement(name) for name in names("requirements.in")]
    seen = set()
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key not in seen:
            seen.add(key)
            todo += needed(*key, environment)
    assert {name for name, _ in seen} == names("requirements.txt", environment)


@in_each_environment
@pytest.mark.parametrize("file", LOCKS)
def test_cuda_is_installed_where_it_runs(file, environment):
    """On Linux on x86-64 only: elsewhere torch has none, and gigabytes would be fetched in vain."""
    cuda = {name for name in names(file, environment) if name.startswith(("nvidia-", "cuda-", "triton"))}
    assert bool(cuda) == (environment["platform_machine"] == "x86_64")


@pytest.mark.parametrize("file", LOCKS)
def test_every_python_gets_the_same_versions(file):
    assert len(requirements(file)) == len({canonicalize_name(requirement.name) for requirement in requirements(file)})


@pytest.mark.parametrize("file", LOCKS)
def test_every_requirement_is_pinned_to_bytes(file):
    """A version and hashes: a file that was exchanged on its way is refused."""
    assert all("==" in line and " --hash=sha256:" in line for line in lines(file))


def test_the_client_for_javascript_is_pinned_to_bytes_wherever_it_comes_from():
    lock = json.loads((ROOT / "tests/server/node/package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_hashes_are_asked_for_wherever_packages_are_installed():
    """But for PyTorch's wheels for CPUs, from an index that somebody names."""
    image = (ROOT / "Dockerfile.runpod").read_text()
    assert image.count("pip install") == image.count("--no-deps --require-hashes") == 1
    script = (ROOT / "scripts/environment").read_text()
    installs = [line for line in script.splitlines() if '"${pip[@]}"' in line]
    assert script.count("pip install") == script.count("--no-deps") == 1
    assert ["--require-hashes" in line for line in installs] == ["$CPU_WHEELS" not in line for line in installs]


def test_ci_runs_the_suite_on_every_python_of_the_lock():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def test_tests_run_with_the_workers_versions():
    """What both lock files name has one version."""
    worker, tests = ({r.name: r.specifier for r in requirements(file)} for file in LOCKS)
    common = worker.keys() & tests.keys()
    assert common
    assert {name: worker[name] for name in common} == {name: tests[name] for name in common}


def test_the_package_asks_for_what_is_locked():
    """By the same names: what speaks, and what only the command line needs, is all that requirements.in asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["worker"]]
    transitive = {"botocore"}  # boto3's own, of the version that it wants
    assert {canonicalize_name(Requirement(each).name) for each in asked} == names("requirements.in") - transitive
    for each in map(Requirement, asked):
        (pinned,) = {
            str(r.specifier)
            for r in requirements("requirements.txt")
            if canonicalize_name(r.name) == canonicalize_name(each.name)
        }
        assert each.specifier.contains(pinned.removeprefix("=="))
