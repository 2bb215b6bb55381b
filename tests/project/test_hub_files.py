"""The Hub's files are valid, say what the code says, and are the worker's own handler and Dockerfile."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
import render_hub
from conftest import ROOT

from s3_utils import store_from_env
from voiceclone.checkpoints.registry import RECOGNISERS
from voiceclone.deployment.config import LEAST_CUDA
from voiceclone.deployment.variables import BUCKET, HF_TOKEN, PLATFORM_BUCKET, settings
from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings

SCHEMA = json.loads(Path(__file__).with_name("hub-schema.json").read_text())
HUB = json.loads((ROOT / ".runpod" / "hub.json").read_text())
TESTS = json.loads((ROOT / ".runpod" / "tests.json").read_text())
FORM = {field["key"]: field["input"] for field in HUB["config"]["env"]}
TEST_ENV = {variable["key"]: variable["value"] for variable in TESTS["config"]["env"]}


def validate(document, kind):
    schema = {"$ref": f"#/$defs/{kind}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def test_both_files_are_valid():
    validate(HUB, "hub")
    validate(TESTS, "tests")


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("hub", ["category"], "speech"),
        ("hub", ["config", "gpuIds"], ["ADA_24"]),
        ("hub", ["config", "allowedCudaVersions"], [12.8]),
        ("hub", ["config", "gpus"], 1),
        ("hub", ["config", "env", 0, "value"], "and an input"),
        ("hub", ["config", "env", 0, "input", "type"], "text"),
        ("hub", ["config", "env", 0, "input", "default"], None),
        ("hub", ["config", "presets", 0, "defaults", "F5_MODEL"], None),
        ("tests", ["tests", 0, "timeout"], 1.5),
        ("tests", ["tests", 0, "input"], "say"),
        ("tests", ["config", "env", 0, "value"], True),
    ],
)
def test_the_schema_refuses_what_the_hub_does_not_know(kind, path, value):
    document = copy.deepcopy({"hub": HUB, "tests": TESTS}[kind])
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(document, kind)


def test_the_form_is_rendered_from_the_code():
    text = (ROOT / ".runpod" / "hub.json").read_text()
    assert render_hub.render(text) == text, "run scripts/render_hub.py"


def test_the_form_has_every_setting_every_variable_of_the_bucket_and_the_hubs_token():
    assert set(FORM) == set(Settings.documented()) | {variable.name for variable in (*BUCKET, HF_TOKEN)}


class Asked(Mapping):
    """An environment that remembers what it was asked for."""

    def __init__(self, **values):
        self.values, self.names = values, set()

    def __getitem__(self, name):
        self.names.add(name)
        return self.values[name]

    def __iter__(self):
        return iter(self.values)

    def __len__(self):
        return len(self.values)


def test_the_buckets_variables_are_those_that_the_store_asks_for():
    ours = Asked(S3_BUCKET="a", AWS_ACCESS_KEY_ID="b", AWS_SECRET_ACCESS_KEY="c")
    platforms = Asked(
        BUCKET_ENDPOINT_URL="https://a.example.com",
        BUCKET_ACCESS_KEY_ID="b",
        BUCKET_SECRET_ACCESS_KEY="c",
        S3_BUCKET="",
    )
    assert store_from_env(ours)
    with pytest.raises(ValueError, match="names no bucket"):
        store_from_env(platforms)
    platforms.values["BUCKET_NAME"] = "a"
    assert store_from_env(platforms)
    assert ours.names | platforms.names == {variable.name for variable in (*BUCKET, *PLATFORM_BUCKET)}


def written(field):
    """What the form puts into the worker's environment where nothing is changed."""
    if field["type"] == "boolean":
        return field["trueValue"] if field["default"] else field["falseValue"]
    return str(field["default"])


def test_a_form_that_nobody_changes_is_a_worker_that_nobody_configured():
    environ = {key: written(field) for key, field in FORM.items()}
    assert Settings.from_env(environ) == Settings()
    assert store_from_env(environ) is None


def test_presets_set_what_the_form_has_to_what_the_worker_knows():
    for preset in HUB["config"]["presets"]:
        assert preset["defaults"].keys() <= FORM.keys()
        Settings.from_env(preset["defaults"])
        assert preset["defaults"].get("ASR_MODEL", "tiny") in RECOGNISERS
    assert {preset["defaults"].get("F5_MODEL") for preset in HUB["config"]["presets"]} >= {Settings().model}


@pytest.mark.parametrize("config", [HUB["config"], TESTS["config"]], ids=["hub", "tests"])
def test_hosts_that_refuse_the_image_are_left_out(config):
    assert min(tuple(map(int, version.split("."))) for version in config["allowedCudaVersions"]) == LEAST_CUDA


@pytest.mark.parametrize("test", TESTS["tests"], ids=lambda test: test["name"])
def test_the_hubs_tests_are_jobs_that_the_worker_takes(test):
    parse(test["input"], Settings.from_env(TEST_ENV))


def test_the_hubs_tests_have_no_volume_and_nobody_else_goes_without_by_accident():
    """Every variable there is one of the worker's; the switch is off in the form and for whoever sets nothing."""
    assert TEST_ENV.keys() <= {variable.name for variable in settings()}
    tested = Settings.from_env(TEST_ENV)
    assert tested.allow_container_disk
    assert tested.volume != Settings().volume
    assert not Settings().allow_container_disk
    assert FORM["ALLOW_CONTAINER_DISK"]["default"] is False


def test_the_hub_finds_real_files_under_the_names_that_it_looks_for():
    """In `.runpod` or the root: it follows no links. The Dockerfile lies where the builder's context is."""
    for name in (".runpod/handler.py", "Dockerfile", "README.md"):
        assert (ROOT / name).is_file()
        assert not (ROOT / name).is_symlink()


def test_there_is_one_dockerfile_under_two_names():
    """Dependabot finds both in the root, and brings both to the same digest."""
    assert (ROOT / "Dockerfile").read_bytes() == (ROOT / "Dockerfile.runpod").read_bytes(), (
        "run cp Dockerfile.runpod Dockerfile"
    )
