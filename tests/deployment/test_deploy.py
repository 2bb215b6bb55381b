"""The endpoint becomes what the file says: once, whatever breaks off, and without a secret in sight."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest
from endpoint_server import until
from platform_api import KEY, PlatformApi, catalogue

from voiceclone.cli import deploy
from voiceclone.cli.main import main
from voiceclone.deployment.api import Platform
from voiceclone.deployment.config import ConfigError, read
from voiceclone.deployment.gpus import selection
from voiceclone.deployment.variables import variables

SECRET = "wJalr/example+secret"
FILE = """
name = "voiceclone"
image = "someone/voiceclone:1.0"
volume = "voices"
[gpu]
types = ["RTX 4090", "L4"]
[scaling]
workers_max = 3
[env]
F5_MODEL = "F5TTS_v1_Base"
MAX_AUDIO_MB = 30
S3_BUCKET = "results"
AWS_ACCESS_KEY_ID = "{{ RUNPOD_SECRET_key_id }}"
AWS_SECRET_ACCESS_KEY = { from_env = "MY_SECRET" }
"""
BALANCED = f'type = "load_balancing"\n{FILE}'


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
        status = main(["deploy", str(file), *(options or ["--yes"])])
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
        [sys.executable, "-m", "voiceclone", "deploy", tmp_path / "deploy.toml", *options],
        env={**os.environ, **environ},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_endpoint_is_made_and_a_second_run_has_nothing_to_do(api, run):
    status, out, err = run()
    assert (status, err) == (0, "")
    (endpoint,) = api.endpoints
    assert (endpoint["type"], endpoint["image"], endpoint["disk"]) == ("QUEUE", "someone/voiceclone:1.0", 20)
    assert endpoint["env"] == {
        "MAX_JOB_S": "570",
        "RUNPOD_INIT_TIMEOUT": "1800",
        "F5_MODEL": "F5TTS_v1_Base",
        "MAX_AUDIO_MB": "30",
        "S3_BUCKET": "results",
        "AWS_ACCESS_KEY_ID": "{{ RUNPOD_SECRET_key_id }}",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    assert (endpoint["networkVolumes"], endpoint["dataCenterIds"]) == (["vol1"], ["EU-RO-1"])
    assert endpoint["gpu"] == {
        "pools": ["ADA_24", "AMPERE_24"],
        "excludedTypes": ["NVIDIA GeForce RTX 3090", "NVIDIA RTX A5000"],
        "count": 1,
        "allowedCudaVersions": [],
        "minCudaVersion": "12.8",
    }
    assert endpoint["workers"] == {"min": 0, "max": 3, "idleTimeout": 5}
    assert endpoint["scaling"] == {"type": "QUEUE_DELAY", "queueDelay": 4}
    assert (endpoint["timeout"], endpoint["flashboot"]) == (600_000, "FLASHBOOT")
    assert "env.AWS_SECRET_ACCESS_KEY: (set)" in out
    assert "gpu.excludedTypes: NVIDIA GeForce RTX 3090, NVIDIA RTX A5000" in out
    assert f"export RUNPOD_ENDPOINT_ID={endpoint['id']}" in out
    status, out, _ = run(FILE, "--dry-run")  # agrees to nothing, and is not asked
    assert (status, out.count("as it should be")) == (0, 1)
    assert run()[0] == 0
    assert (api.count("POST"), api.count("PATCH")) == (1, 0)


def test_what_the_file_changes_is_shown_and_changed_and_nothing_else(api, run, monkeypatch):
    run()
    api.endpoints[0]["env"]["BY_HAND"] = "typed in the console"
    monkeypatch.setenv("MY_SECRET", f"{SECRET}2")
    changed = FILE.replace(":1.0", ":1.1").replace("max = 3", "max = 5").replace('"F5TTS_v1_Base"', '"F5TTS_Base"')
    status, out, _ = run(changed)
    assert status == 0
    for line in (
        "image: someone/voiceclone:1.0 -> someone/voiceclone:1.1",
        "env.F5_MODEL: F5TTS_v1_Base -> F5TTS_Base",
        "env.AWS_SECRET_ACCESS_KEY: (set) -> (set)",
        "env.BY_HAND: (set) -> removed",
        "workers.max: 3 -> 5",
    ):
        assert line in out
    (patch,) = (body for method, _, body in api.requests if method == "PATCH")
    assert set(patch) == {"image", "env", "workers"}
    assert "typed in the console" not in out
    assert api.endpoints[0]["env"]["AWS_SECRET_ACCESS_KEY"] == f"{SECRET}2"


def test_an_endpoint_that_was_made_otherwise_is_taken_over(api, run):
    """By an older version or by hand: with a list of CUDA versions, other GPUs, and a mark of FlashBoot in its name."""
    run()
    api.endpoints[0] |= {"name": "voiceclone -fb", "registry": "reg1"}
    api.endpoints[0]["gpu"] = {"pools": ["ADA_48_PRO"], "allowedCudaVersions": ["12.8"], "minCudaVersion": None}
    status, out, _ = run()
    assert status == 0
    assert "gpu.allowedCudaVersions: 12.8 -> none" in out
    assert "gpu.minCudaVersion: none -> 12.8" in out
    assert "registry" not in out
    assert api.count("POST") == 1
    assert "as it should be" in run()[1]


def test_a_dry_run_changes_nothing(api, run):
    status, out, _ = run(FILE, "--dry-run")
    assert (status, out.count(": create")) == (0, 1)
    assert {method for method, _, _ in api.requests} == {"GET"}


@pytest.mark.parametrize("fault", ["hold", "unheard"])
def test_a_run_that_dies_is_repeated(api, run, tmp_path, fault):
    """Before the endpoint was made, or after."""
    api.faults["POST", "serverless"].append(fault)
    with start(api, tmp_path, "--yes") as process:
        if fault == "hold":
            assert api.held.wait(60)
        else:
            until(lambda: api.endpoints)
        process.kill()
    api.release.set()
    assert run()[0] == 0
    assert len(api.endpoints) == 1


def test_nothing_is_done_where_nobody_can_be_asked(api, tmp_path):
    with start(api, tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "--yes" in err) == (3, True)
    assert "endpoint voiceclone: create" in out
    assert {method for method, _, _ in api.requests} == {"GET"}
    assert SECRET not in out + err


@pytest.mark.parametrize(("said", "status", "made"), [("y\n", 0, 1), ("\n", 3, 0), ("\x04", 3, 0)])
def test_a_person_is_asked_first(api, tmp_path, said, status, made):
    ours, theirs = pty.openpty()
    with start(api, tmp_path, stdin=theirs) as process:
        os.write(ours, said.encode())
        out, err = process.communicate(timeout=60)
    assert (process.returncode, api.count("POST")) == (status, made), out + err
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("fault", ["unheard", "lost", "nameless", 429, 500])
def test_nothing_is_made_twice(api, run, fault):
    """Whether a request was taken before the answer was lost is looked up, and so is an id that it lacks."""
    api.faults["POST", "serverless"].append(fault)
    status, out, _ = run()
    (endpoint,) = api.endpoints
    assert (status, f"RUNPOD_ENDPOINT_ID={endpoint['id']}\n" in out) == (0, True)


def test_questions_are_asked_again_and_changes_are_not(api, run):
    api.faults["GET", "serverless"].extend([503, 429])
    assert run()[0] == 0
    api.faults["PATCH", "serverless"].append(503)
    status, _, err = run(FILE.replace("max = 3", "max = 5"))
    assert (status, "busy (503 Service Unavailable" in err, "run this again" in err) == (1, True, True)
    assert api.count("PATCH") == 1


def test_a_platform_that_stays_busy_is_given_up(api, run):
    api.faults["POST", "serverless"].extend([500] * 9)
    status, _, err = run()
    assert (status, "500" in err) == (1, True)
    assert api.count("POST") == 4


def test_a_refusal_is_told_in_the_platforms_words_without_a_secret(api, run):
    """The stand-in's detail quotes the request; the fixture looks for the secrets."""
    api.faults["POST", "serverless"].append(422)
    text = FILE[: FILE.index("[env]")] + '[env]\nAWS_SECRET_ACCESS_KEY = { from_env = "MY_SECRET" }'
    status, _, err = run(text)
    assert status == 1
    assert "POST /serverless: refused (422 Unprocessable Entity; as told, of {" in err
    assert "(hidden)" in err


def test_each_error_of_a_refusal_is_told(api, run):
    api.faults["GET", "catalog/gpus"].append(400)
    status, _, err = run()
    assert (status, "400 Bad Request; as told, of null; why" in err) == (1, True)


def test_a_retired_version_of_the_api_asks_for_a_newer_project(api, run):
    api.faults["GET", "catalog/gpus"].append(410)
    status, _, err = run()
    assert (status, "retired this version" in err, "update the project" in err) == (1, True, True)


def test_a_list_that_goes_on_is_not_taken_for_the_whole(api, run, monkeypatch):
    """The contract knows no pages. If there are some one day, an endpoint on the second is not made again."""
    api.is_faithful = False
    whole = api.listed
    monkeypatch.setattr(api, "listed", lambda kind: {**whole(kind), "nextCursor": "abc"})
    status, _, err = run()
    assert (status, "goes on (nextCursor)" in err) == (1, True)
    monkeypatch.setattr(api, "listed", lambda kind: {**whole(kind), "nextCursor": None})
    assert run()[0] == 0


def test_a_key_that_is_refused_is_named(api, run, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", "another")
    assert "check RUNPOD_API_KEY" in run()[2]
    monkeypatch.setenv("RUNPOD_API_KEY", "")
    status, _, err = run()
    assert (status, "RUNPOD_API_KEY is not set" in err) == (2, True)


def test_two_endpoints_of_one_name_are_not_guessed_between(api, run):
    run()
    api.endpoints.append({**api.endpoints[0], "id": "other"})
    status, _, err = run()
    assert (status, "other" in err) == (1, True)


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ({"networkVolumes": ["vol1"]}, "network volume vol1"),
        ({"type": "LOAD_BALANCER"}, "type LOAD_BALANCER, which cannot be changed: give the file another name"),
        ({"cpu": [{"id": "cpu5c", "vcpuCount": 4, "memory": 16}], "gpu": None}, "runs on CPUs"),
    ],
)
def test_what_cannot_be_changed_or_would_be_lost_is_left_alone(api, run, live, said):
    on_disk = FILE.replace('volume = "voices"', "").replace("[env]", "[env]\nALLOW_CONTAINER_DISK = true")
    run(on_disk)
    api.endpoints[0] |= live
    api.endpoints[0]["scaling"] = {"type": "REQUEST_COUNT", "requestCount": 1}
    status, _, err = run(on_disk)
    assert (status, said in err) == (1, True), err
    assert api.count("PATCH") == 0


@pytest.mark.parametrize(
    ("kept", "kind", "field"),
    [
        ("endpoints", "endpoints", "id"),
        ("volumes", "networkVolumes", "id"),
        ("volumes", "networkVolumes", "dataCenter"),
        ("gpus", "gpus", "name"),
    ],
)
def test_a_list_that_lacks_what_is_needed_is_the_platforms_fault(api, run, kept, kind, field):
    run()
    api.is_faithful = False
    for each in getattr(api, kept):
        del each[field]
    status, _, err = run()
    assert (status, f"list of {kind} cannot be read" in err) == (1, True)


def test_volume_and_credentials_are_found_by_id_or_by_name(api, run):
    for names in ({"voices": "vol1"}, {}):
        for registry in ("reg1", "mine"):
            text = f'registry_auth = "{registry}"\n{FILE}'
            for old, new in names.items():
                text = text.replace(old, new)
            assert run(text)[0] == 0
            assert api.endpoints[0]["registry"] == "reg1"
    assert (api.count("POST"), api.count("PATCH")) == (1, 0)
    status, _, err = run(FILE.replace("voices", "nowhere"))
    assert (status, "volume: 'nowhere'" in err, "vol1 (voices)" in err) == (2, True, True)
    status, _, err = run(f'registry_auth = "yours"\n{FILE}')
    assert (status, "registry_auth: 'yours'" in err, "reg1 (mine)" in err) == (2, True, True)


@pytest.mark.parametrize(
    ("wanted", "pools", "excluded"),
    [
        (["NVIDIA L4"], ["AMPERE_24"], ["NVIDIA GeForce RTX 3090", "NVIDIA RTX A5000"]),
        (["l4", "4090"], ["AMPERE_24", "ADA_24"], ["NVIDIA GeForce RTX 3090", "NVIDIA RTX A5000"]),
        (["NVIDIA GeForce RTX 4090"], ["ADA_24"], []),
        (["ampere_24"], ["AMPERE_24"], []),
        (["L4", "A5000", "3090"], ["AMPERE_24"], []),
        (["AMPERE_24", "L40S"], ["AMPERE_24", "ADA_48_PRO"], ["NVIDIA L40", "NVIDIA RTX 6000 Ada Generation"]),
        (["A100"], ["AMPERE_80"], []),
        (["A100 SXM"], ["AMPERE_80"], ["NVIDIA A100 80GB PCIe"]),
    ],
)
def test_gpus_are_named_in_words_that_people_know(wanted, pools, excluded):
    """A type by any end of its name, all types that have a word in theirs, or a whole pool."""
    assert selection(wanted, catalogue()) == {"pools": pools, "excludedTypes": excluded}


@pytest.mark.parametrize("name", ["L5", "RTX 3070", "MI300X", "ADA_25", "", "90"])
def test_a_gpu_that_no_worker_can_have_is_refused_with_those_that_there_are(api, run, name):
    """Unknown, in no pool, or not of NVIDIA."""
    status, _, err = run(FILE.replace('"L4"', f'"{name}"'))
    assert (status, f"have no {name!r}" in err) == (2, True), err
    assert "ADA_24 (RTX 4090), AMPERE_24 (L4, RTX A5000, RTX 3090), ADA_48_PRO" in err
    assert "4090'" not in err
    assert {method for method, _, _ in api.requests} == {"GET"}


def test_a_load_balancing_endpoint_is_made_and_how_it_is_called_is_told(api, run):
    """With the worker's server, its port, and a limit below the gateway's."""
    text = BALANCED.replace("max = 3", "max = 3\nidle_timeout_s = 30")
    status, out, _ = run(text)
    (endpoint,) = api.endpoints
    assert (status, endpoint["type"]) == (0, "LOAD_BALANCER")
    assert endpoint["scaling"] == {"type": "REQUEST_COUNT", "requestCount": 4}
    assert endpoint["workers"] == {"min": 0, "max": 3, "idleTimeout": 30}
    assert (endpoint["ports"], endpoint["timeout"]) == (["8000/http"], 330_000)
    served = ("SERVE", "ALLOW_ANONYMOUS", "PORT", "PORT_HEALTH", "MAX_JOB_S")
    assert [endpoint["env"][name] for name in served] == ["http", "true", "8000", "8000", "300"]
    planned, done = re.findall("^requests go to (.+?),", out, re.MULTILINE)
    assert planned == "https://ID.api.runpod.ai/v1/audio/speech"
    assert done == f"{endpoint['requestUrls']['base']}/v1/audio/speech"
    assert "RUNPOD_ENDPOINT_ID" not in out
    for options in ((), ("--dry-run",)):
        _, out, _ = run(text, *options)
        assert "as it should be" in out
        assert out.count(f"requests go to {done}") == 1
    assert api.count("PATCH") == 0


def test_every_port_that_is_asked_for_is_open(api, run):
    assert run(BALANCED)[0] == 0
    status, out, _ = run(f"{BALANCED}PORT = 80\nPORT_HEALTH = 8001")
    assert (status, "ports: 8000/http -> 80/http, 8001/http" in out) == (0, True)
    assert set(api.endpoints[0]["ports"]) == {"80/http", "8001/http"}
    assert run(f"{BALANCED}PORT = 80")[0] == 0
    assert (api.endpoints[0]["env"]["PORT_HEALTH"], api.endpoints[0]["ports"]) == ("80", ["80/http"])


@pytest.mark.parametrize(
    ("scaling", "env", "said"),
    [
        ('scaler = "QUEUE_DELAY"', "", 'scaling.scaler: load balancing has no queue: write "REQUEST_COUNT"'),
        ("execution_timeout_s = 331", "", "scaling.execution_timeout_s: load balancing ends a request after 330 s"),
        ("execution_timeout_s = 330", "MAX_JOB_S = 330", "env.MAX_JOB_S: must be below 330, when"),
        ("", "PORT = 0", "env.PORT: must be the number of a port, as 8000"),
        ("", "PORT = 65536", "env.PORT='65536': must be less than or equal to 65535"),
        ("", 'PORT_HEALTH = { from_env = "MY_SECRET" }', "env.PORT_HEALTH: must be the number of a port"),
        ("", 'PORT = "{{ RUNPOD_SECRET_port }}"', "env.PORT: must be the number of a port"),
    ],
)
def test_what_load_balancing_does_not_take_is_refused(api, run, scaling, env, said):
    status, _, err = run(BALANCED.replace("max = 3", f"max = 3\n{scaling}") + env)
    assert (status, said in err) == (2, True), err
    assert api.requests == []


@pytest.mark.parametrize("type_", ["queue", "load_balancing"])
@pytest.mark.parametrize("name", ["SERVE", "API_KEY", "ALLOW_ANONYMOUS", "HEALTH_CHECK_PATH"])
def test_what_follows_from_the_platform_is_not_for_the_file(run, type_, name):
    status, _, err = run(f'type = "{type_}"\n{FILE}\n{name} = {{ from_env = "MY_SECRET" }}')
    assert (status, f"error: env.{name}: " in err) == (2, True), err


def test_a_queue_may_scale_by_the_number_of_jobs_and_back(api, run):
    """Where it does the platform takes no idle timeout."""
    by_count = FILE.replace("max = 3", 'max = 3\nscaler = "REQUEST_COUNT"')
    for text, scaling in ((by_count, "REQUEST_COUNT"), (FILE, "QUEUE_DELAY"), (by_count, "REQUEST_COUNT")):
        assert run(text)[0] == 0
        assert api.endpoints[0]["scaling"]["type"] == scaling
        assert ("idleTimeout" in api.endpoints[0]["workers"]) == (scaling == "QUEUE_DELAY")
        assert "as it should be" in run(text)[1]


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        ({"unhealthy": 2}, "2 of 2 workers cannot work: 2 unhealthy (the worker's log"),
        ({"unhealthy": 1, "idle": 1}, "1 of 2 workers cannot work: 1 unhealthy"),
        ({"throttled": 2}, "2 of 2 workers cannot work: 2 throttled (all GPUs of its types are taken"),
        ({"throttled": 1, "unhealthy": 1}, "2 of 2 workers cannot work: 1 unhealthy"),
        ({"throttled": 1, "running": 1}, None),
        ({"idle": 1, "initializing": 1}, None),
        ({}, None),
    ],
)
def test_workers_that_cannot_work_are_told_with_the_reason(api, run, workers, said):
    run()
    api.workers |= workers
    status, _, err = run()
    assert status == 0
    assert (said in err) if said else not err


def test_an_endpoint_that_was_scaled_down_is_told_and_mended(api, run):
    run()
    api.endpoints[0]["workers"]["max"] = 0
    status, out, err = run()
    assert (status, "workers.max: 0 -> 3" in out, "0 workers at most, less than the file's 3" in err) == (0, True, True)
    assert api.endpoints[0]["workers"]["max"] == 3
    assert not run()[2]


@pytest.mark.parametrize("image", ["someone/voiceclone", "someone/voiceclone:latest", "localhost:5000/voiceclone"])
def test_an_image_without_a_version_is_warned_of(run, image):
    status, _, err = run(FILE.replace("someone/voiceclone:1.0", image), "--dry-run")
    assert (status, f"warning: image: {image}: workers keep an image by its tag" in err) == (0, True)


@pytest.mark.parametrize("image", ["localhost:5000/voiceclone:1", f"someone/voiceclone@sha256:{'0' * 64}"])
def test_an_image_of_a_version_or_a_digest_is_not(run, image):
    assert run(FILE.replace("someone/voiceclone:1.0", image), "--dry-run")[2] == ""


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
        ("MAX_AUDIO_MB = 30", "MAX_AUDIO_MB = 0", "env.MAX_AUDIO_MB='0': must be greater than 0"),
        ("MAX_AUDIO_MB = 30", "MAX_AUDIO_MB = []", "env.MAX_AUDIO_MB: must be a string"),
        ("max = 3", "max = 0", "scaling.workers_max: must be greater than or equal to 1"),
        ("max = 3", 'max = "3"', "scaling.workers_max: must be a valid integer"),
        ("max = 3", "max = 3\nworkers_min = 4", "scaling.workers_min: must not be above workers_max"),
        (
            "MAX_AUDIO_MB = 30",
            'URL_EXPIRY_S = { from_env = "MY_SECRET" }',
            "env.URL_EXPIRY_S: its value cannot be read",
        ),
        ("max = 3", "max = 3\nexecution_timeout_s = 20", "scaling.execution_timeout_s: must be greater than"),
        ("MAX_AUDIO_MB = 30", "MAX_JOB_S = 600", "env.MAX_JOB_S: must be below 600, when the platform ends the job"),
        ("MAX_AUDIO_MB = 30", "PORT = 8000", "env.PORT: a queue's worker listens nowhere: leave it out"),
        ("types =", 'min_cuda = "12.4"\ntypes =', "gpu.min_cuda: the image needs CUDA 12.8 or above"),
        ("types =", 'cuda = ["12.8"]\ntypes =', "gpu.cuda: there is no such field; did you mean min_cuda?"),
        ("someone/", "YOUR-NAME/", "image: YOUR-NAME/voiceclone:1.0 is the example's: put your own there"),
        ("someone/", "your-name/", "image: your-name/voiceclone:1.0 is the example's"),
        ("someone/", "YOUR_NAME/", "image: YOUR_NAME/voiceclone:1.0 is the example's"),
        ("someone/", "docker.io/YOUR-NAME/", "image: docker.io/YOUR-NAME/voiceclone:1.0 is the example's"),
        ("someone/", "<name>/", "image: <name>/voiceclone:1.0 is the example's"),
        ("someone/", "$NAME/", "image: $NAME/voiceclone:1.0 is the example's"),
        ("someone/", "username/", "image: username/voiceclone:1.0 is the example's"),
        ("someone/", "Someone/", "image: 'Someone/voiceclone:1.0' names no image"),
        ("someone/", "some one/", "image: 'some one/voiceclone:1.0' names no image"),
        ("someone/", "https://docker.io/someone/", "image: 'https://docker.io/someone/voiceclone:1.0' names no image"),
        ("image =", 'type = "balanced"\nimage =', "type: must be 'queue' or 'load_balancing'"),
        (
            "max = 3",
            'max = 3\nscaler = "REQUEST_COUNT"\nidle_timeout_s = 9',
            "scaling.idle_timeout_s: the platform takes none",
        ),
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_is_read_as_windows_saves_it(tmp_path, encoding):
    plain, windows = tmp_path / "plain.toml", tmp_path / "windows.toml"
    plain.write_text(FILE, "utf-8")
    windows.write_text(FILE, encoding, newline="\r\n")
    assert read(windows) == read(plain)
    windows.write_bytes(FILE.replace("voices", "größe").encode("latin-1"))
    with pytest.raises(ConfigError, match=r"windows\.toml is no text in UTF-8: save it as UTF-8"):
        read(windows)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        read(tmp_path / "nowhere.toml")


def test_the_example_is_valid_once_filled_in_and_its_comments_show_the_defaults(tmp_path):
    text = deploy.EXAMPLE.read_text()
    with pytest.raises(ConfigError, match=r"^image: YOUR-NAME.*\nvolume: YOUR-VOLUME-ID"):
        read(deploy.EXAMPLE)
    text = text.replace("YOUR-NAME", "someone").replace("YOUR-VOLUME-ID", "voices")
    file = tmp_path / "deploy.toml"
    file.write_text(text)
    example = read(file)
    file.write_text(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    full = read(file)
    assert full.model_copy(update={"env": example.env, "registry_auth": None}) == example
    assert set(full.env) > set(example.env)
    written = full.environment({"AWS_ACCESS_KEY_ID": "a"})
    assert written["AWS_SECRET_ACCESS_KEY"] == "{{ RUNPOD_SECRET_aws }}"
    assert written["RUNPOD_INIT_TIMEOUT"] == example.environment({})["RUNPOD_INIT_TIMEOUT"]
    assert not example.warnings()


def test_every_secret_is_known_as_one():
    assert {name for name, v in variables().items() if v.secret} == {
        v for v in variables() if re.search("TOKEN|SECRET|KEY", v)
    }
