"""Template and endpoint become what the file says: once, whatever breaks off, and without a secret in sight."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import deploy
import pytest
from deployment.api import Platform
from deployment.config import ConfigError, read
from deployment.variables import variables
from platform_api import KEY, PlatformApi

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "deploy.py"
SECRET = "wJalr/example+secret"
FILE = """
name = "voiceclone"
image = "someone/voiceclone:1.0"
volume = "voices"
[gpu]
types = ["NVIDIA GeForce RTX 4090", "NVIDIA L4"]
[scaling]
workers_max = 3
[env]
F5_MODEL = "F5TTS_v1_Base"
MAX_AUDIO_MB = 30
S3_BUCKET = "results"
AWS_ACCESS_KEY_ID = "{{ RUNPOD_SECRET_key_id }}"
AWS_SECRET_ACCESS_KEY = { from_env = "MY_SECRET" }
"""


@pytest.fixture
def api():
    with PlatformApi() as api:
        yield api


@pytest.fixture
def run(api, tmp_path, monkeypatch, capsys):
    """Deploys a file's text in this process, without waiting between tries; returns status, output and errors."""
    monkeypatch.setenv("RUNPOD_API_KEY", KEY)
    monkeypatch.setenv("RUNPOD_REST_API_URL", api.url)
    monkeypatch.setenv("MY_SECRET", SECRET)
    monkeypatch.setattr(deploy, "Platform", lambda url, key, secrets: Platform(url, key, secrets, wait_s=0))

    def run(text=FILE, *options):
        file = tmp_path / "deploy.toml"
        file.write_text(text)
        monkeypatch.setattr(sys, "argv", ["deploy.py", str(file), *(options or ["--yes"])])
        status = deploy.main()
        shown = capsys.readouterr()
        assert SECRET not in shown.out + shown.err
        assert KEY not in shown.out + shown.err
        return status, shown.out, shown.err

    return run


def start(api, tmp_path, *options, stdin=subprocess.DEVNULL):
    """The script as a person runs it."""
    (tmp_path / "deploy.toml").write_text(FILE)
    environ = {"RUNPOD_API_KEY": KEY, "RUNPOD_REST_API_URL": api.url, "MY_SECRET": SECRET}
    return subprocess.Popen(
        [sys.executable, SCRIPT, tmp_path / "deploy.toml", *options],
        env={**os.environ, **environ},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_template_and_endpoint_are_made_and_a_second_run_has_nothing_to_do(api, run):
    status, out, _ = run()
    assert status == 0
    (template,), (endpoint,) = api.templates, api.endpoints
    assert template["imageName"] == "someone/voiceclone:1.0"
    assert (template["isServerless"], template["volumeInGb"]) == (True, 0)
    assert template["env"] == {
        "MAX_JOB_S": "570",
        "F5_MODEL": "F5TTS_v1_Base",
        "MAX_AUDIO_MB": "30",
        "S3_BUCKET": "results",
        "AWS_ACCESS_KEY_ID": "{{ RUNPOD_SECRET_key_id }}",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    assert (endpoint["templateId"], endpoint["networkVolumeId"]) == (template["id"], "vol1")
    assert endpoint["dataCenterIds"] == "EU-RO-1"
    assert endpoint["allowedCudaVersions"] == ["12.8", "12.9", "13.0"]
    assert endpoint["executionTimeoutMs"] == 600_000
    assert "env.AWS_SECRET_ACCESS_KEY: (set)" in out
    assert f"export RUNPOD_ENDPOINT_ID={endpoint['id']}" in out
    writes = api.count("POST")
    status, out, _ = run(FILE, "--dry-run")  # agrees to nothing, and is not asked
    assert (status, out.count("as it should be")) == (0, 2)
    assert run()[0] == 0
    assert (api.count("POST"), api.count("PATCH")) == (writes, 0)


def test_what_the_file_changes_is_shown_and_changed_and_nothing_else(api, run, monkeypatch):
    run()
    api.templates[0]["env"]["BY_HAND"] = "typed in the console"
    monkeypatch.setenv("MY_SECRET", f"{SECRET}2")
    changed = FILE.replace(":1.0", ":1.1").replace("max = 3", "max = 5").replace('"F5TTS_v1_Base"', '"F5TTS_Base"')
    status, out, _ = run(changed)
    assert status == 0
    for line in (
        "imageName: someone/voiceclone:1.0 -> someone/voiceclone:1.1",
        "env.F5_MODEL: F5TTS_v1_Base -> F5TTS_Base",
        "env.AWS_SECRET_ACCESS_KEY: (set) -> (set)",
        "env.BY_HAND: (set) -> removed",
        "workersMax: 3 -> 5",
    ):
        assert line in out
    patches = {kind: body for method, kind, body in api.requests if method == "PATCH"}
    assert patches["endpoints"] == {"workersMax": 5}
    assert set(patches["templates"]) == {"imageName", "env"}
    assert "typed in the console" not in out
    assert api.templates[0]["env"]["AWS_SECRET_ACCESS_KEY"] == f"{SECRET}2"


def test_a_dry_run_changes_nothing(api, run):
    status, out, _ = run(FILE, "--dry-run")
    assert (status, out.count(": create")) == (0, 2)
    assert {method for method, _, _ in api.requests} == {"GET"}


def test_a_run_that_dies_between_template_and_endpoint_is_repeated(api, run, tmp_path):
    api.faults["POST", "endpoints"].append("hold")
    with start(api, tmp_path, "--yes") as process:
        assert api.held.wait(60)
        process.kill()
    api.release.set()
    assert (len(api.templates), len(api.endpoints)) == (1, 0)
    status, out, _ = run()
    assert (status, "template voiceclone: as it should be" in out) == (0, True)
    assert (len(api.templates), len(api.endpoints)) == (1, 1)
    assert api.endpoints[0]["templateId"] == api.templates[0]["id"]


def test_nothing_is_done_where_nobody_can_be_asked(api, tmp_path):
    with start(api, tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "--yes" in err) == (3, True)
    assert "endpoint voiceclone: create" in out
    assert {method for method, _, _ in api.requests} == {"GET"}
    assert SECRET not in out + err


@pytest.mark.parametrize(("said", "status", "made"), [("y\n", 0, 2), ("\n", 3, 0), ("\x04", 3, 0)])
def test_a_person_is_asked_first(api, tmp_path, said, status, made):
    ours, theirs = pty.openpty()
    with start(api, tmp_path, stdin=theirs) as process:
        os.write(ours, said.encode())
        out, err = process.communicate(timeout=60)
    assert (process.returncode, api.count("POST")) == (status, made), out + err
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("kind", ["templates", "endpoints"])
@pytest.mark.parametrize("fault", ["unheard", "lost", "nameless", 429, 500])
def test_nothing_is_made_twice(api, run, kind, fault):
    """Whether a request was taken before the answer was lost is looked up, and so is an id that it lacks."""
    api.faults["POST", kind].append(fault)
    status, out, _ = run()
    assert (status, f"RUNPOD_ENDPOINT_ID={api.endpoints[0]['id']}\n" in out) == (0, True)
    assert (len(api.templates), len(api.endpoints)) == (1, 1)


def test_questions_are_asked_again_and_changes_are_not(api, run):
    api.faults["GET", "templates"].extend([503, 429])
    assert run()[0] == 0
    api.faults["PATCH", "endpoints"].append(503)
    status, _, err = run(FILE.replace("max = 3", "max = 5"))
    assert (status, "503: run this again" in err) == (1, True)
    assert api.count("PATCH") == 1


def test_a_platform_that_stays_busy_is_given_up(api, run):
    api.faults["POST", "templates"].extend([500] * 9)
    status, _, err = run()
    assert (status, "500" in err) == (1, True)
    assert api.count("POST") == 4


def test_a_refusal_that_quotes_the_request_shows_no_secret(api, run):
    api.faults["POST", "templates"].append(400)
    status, _, err = run()  # the fixture looks for the secrets
    assert (status, "(hidden)" in err) == (1, True)


def test_a_key_that_is_refused_is_named(api, run, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", "another")
    assert "check RUNPOD_API_KEY" in run()[2]
    monkeypatch.setenv("RUNPOD_API_KEY", "")
    status, _, err = run()
    assert (status, "RUNPOD_API_KEY is not set" in err) == (2, True)


def test_two_endpoints_of_one_name_are_not_guessed_between(api, run):
    run()
    api.endpoints.append({**api.endpoints[0], "id": "other", "name": "voiceclone"})
    status, _, err = run()
    assert (status, "other" in err) == (1, True)


def test_a_pods_template_and_a_volume_that_the_file_lacks_are_left_alone(api, run):
    run()
    on_disk = FILE.replace('volume = "voices"', "").replace("[env]", "[env]\nALLOW_CONTAINER_DISK = true")
    status, _, err = run(on_disk)
    assert (status, "network volume vol1" in err) == (1, True)
    api.templates[0]["isServerless"] = False
    status, _, err = run()
    assert (status, "is one for pods" in err) == (1, True)


@pytest.mark.parametrize(
    ("kind", "field"),
    [("templates", "id"), ("endpoints", "id"), ("networkvolumes", "id"), ("networkvolumes", "dataCenterId")],
)
def test_a_list_that_lacks_what_is_needed_is_the_platforms_fault(api, run, kind, field):
    run()
    for each in getattr(api, kind):
        del each[field]
    status, _, err = run()
    assert (status, f"list of {kind} cannot be read" in err) == (1, True)


def test_the_volume_is_found_by_id_or_by_name(api, run):
    assert run(FILE.replace("voices", "vol1"))[0] == 0
    status, _, err = run(FILE.replace("voices", "nowhere"))
    assert status == 2
    assert "vol1 (voices, EU-RO-1)" in err


def test_the_platform_cannot_be_reached(api, run, monkeypatch):
    monkeypatch.setenv("RUNPOD_REST_API_URL", "http://127.0.0.1:1/v1")
    status, _, err = run()
    assert (status, "check the network" in err) == (1, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("image =", "imgae =", "imgae: there is no such field; did you mean image?"),
        ("workers_max", "worker_max", "scaling.worker_max: there is no such field; did you mean workers_max?"),
        ("types =", "typs =", "gpu.typs: there is no such field; did you mean types?"),
        ("types =", "typs =", "gpu.types: Field required"),
        ("F5_MODEL =", "F5_MODLE =", "env.F5_MODLE: the worker knows no such variable; did you mean F5_MODEL?"),
        ("MAX_AUDIO_MB = 30", "MAX_AUDIO_MB = 0", "env.MAX_AUDIO_MB='0': must be above zero"),
        ("MAX_AUDIO_MB = 30", "MAX_AUDIO_MB = []", "env.MAX_AUDIO_MB: must be a string"),
        ("max = 3", "max = 0", "scaling.workers_max: Input should be greater than or equal to 1"),
        ("max = 3", 'max = "3"', "scaling.workers_max: Input should be a valid integer"),
        ("max = 3", "max = 3\nworkers_min = 4", "scaling.workers_min: must not be above workers_max"),
        (
            "MAX_AUDIO_MB = 30",
            'URL_EXPIRY_S = { from_env = "MY_SECRET" }',
            "env.URL_EXPIRY_S: its value cannot be read",
        ),
        ("max = 3", "max = 3\nexecution_timeout_s = 20", "scaling.execution_timeout_s: Input should be greater than"),
        ("MAX_AUDIO_MB = 30", "MAX_JOB_S = 600", "env.MAX_JOB_S: must be below scaling.execution_timeout_s"),
        ("types =", 'cuda = ["12.4"]\ntypes =', "gpu.cuda.0: the image needs CUDA 12.8 or above"),
        ('volume = "voices"', "", "volume: is missing"),
        ("{ from_env", f'"{SECRET}" # ', "env.AWS_SECRET_ACCESS_KEY: a secret is not written here"),
        ("MY_SECRET", "ANOTHER_SECRET", "env.AWS_SECRET_ACCESS_KEY: ANOTHER_SECRET is not set here"),
        ("AWS_ACCESS_KEY_ID =", "HF_TOKEN =", "a bucket is configured, but not AWS_ACCESS_KEY_ID"),
        ("[gpu]", "[gpu", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_what_to_do(api, run, old, new, said):
    assert old in FILE
    status, _, err = run(FILE.replace(old, new))
    assert (status, said in err) == (2, True), err
    assert api.requests == []


def test_all_that_is_wrong_is_said_at_once(run):
    status, _, err = run(FILE.replace("F5_MODEL", "F5_MODLE").replace("S3_BUCKET", "S3_BUKET"))
    assert (status, len(re.findall("did you mean", err))) == (2, 2)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        read(tmp_path / "nowhere.toml")


def test_the_example_is_valid_and_its_comments_show_the_defaults(tmp_path):
    text = (ROOT / "scripts" / "deploy.toml").read_text()
    example = read(ROOT / "scripts" / "deploy.toml")
    spelt_out = tmp_path / "deploy.toml"
    spelt_out.write_text(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    full = read(spelt_out)
    assert full.model_copy(update={"env": example.env, "registry_auth": None}) == example
    assert set(full.env) > set(example.env)
    assert full.environment({"AWS_ACCESS_KEY_ID": "a"})["AWS_SECRET_ACCESS_KEY"] == "{{ RUNPOD_SECRET_aws }}"


def test_every_secret_is_known_as_one():
    assert {name for name, v in variables().items() if v.secret} == {
        v for v in variables() if re.search("TOKEN|SECRET|KEY_ID", v)
    }
