"""`voiceclone doctor` finds what is wrong, names the cure, changes nothing and tells no secret."""

from __future__ import annotations

import json
import os
import re
import socket
import time
import tomllib
from collections import defaultdict

import pytest
import torch
from conftest import ROOT
from endpoint_server import KEY, EndpointServer
from fake_hub import FakeHub, Repo
from faulty_proxy import FaultyProxy, of_another_region, passed_on, refused, swallowed
from nanio_server import KEYS, nanio_server
from processes import tree
from published import MODEL, VOCOS_COMMIT, VOCOS_FILES, VOCOS_REPO, files_of, own_cache, place

from voiceclone.cli.main import main
from voiceclone.client import Endpoint
from voiceclone.doctor import machine
from voiceclone.settings import Settings

WHISPER = {"config.json": "{}", "model.bin": "weights", "tokenizer.json": "{}"}


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path, volume, random_model):
    """A machine on which nothing is wrong, and nobody is asked: a test breaks what it is about."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "BUCKET_", "F5_", "HF_", "RUNPOD_", "S3_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "whisper").mkdir()
    for name, text in WHISPER.items():
        (tmp_path / "whisper" / name).write_text(text)
    chosen = {"RUNPOD_VOLUME": volume, "F5_MODEL": random_model, "F5_DEVICE": "cpu", "ASR_MODEL": tmp_path / "whisper"}
    for name, value in {**chosen, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}.items():
        monkeypatch.setenv(name, str(value))


@pytest.fixture
def examine(capsys, monkeypatch):
    """Run the command in an environment; gives its exit status and the findings by name."""

    def run(*arguments, **environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, str(value))
        status = main(["doctor", "--json", *map(str, arguments)])
        found = defaultdict(list)
        for each in json.loads(capsys.readouterr().out):
            found[each["name"]].append((each["level"], each["found"], each["cure"]))
        assert status == int(any(level == "problem" for rows in found.values() for level, *_ in rows))
        assert all(bool(cure) == (level != "ok") for rows in found.values() for level, _, cure in rows)
        return found

    return run


def only(rows):
    ((level, found, cure),) = rows
    return level, found, cure


def test_where_all_is_well_every_check_says_so_in_a_line(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [
        "python",
        "packages",
        "settings",
        "gpu",
        "volume",
        "model",
        "recogniser",
        "room",
        "drafts",
        "hub",
        "bucket",
        "endpoint",
    ]
    assert [line.split()[:2] for line in lines] == [["ok", name] for name in names]


def test_the_cure_stands_below_what_is_wrong(capsys, monkeypatch):
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("problem"))
    assert lines[at].split(maxsplit=2) == ["problem", "settings", "LOG_LEVEL='LOUD' cannot be used"]
    assert lines[at + 1].startswith(" " * 20 + " LOG_LEVEL must be 'DEBUG', 'INFO'")


# The machine


@pytest.mark.parametrize(
    ("version", "as_worker", "level"),
    [((3, 11), True, "ok"), ((3, 13), True, "ok"), ((3, 14), False, "ok"), ((3, 14), True, "problem")],
)
def test_a_python_without_pins_does_not_run_a_worker(version, as_worker, level):
    found = machine.python(version, as_worker=as_worker)
    assert found.level == level
    assert found.cure == ("" if level == "ok" else "take Python 3.11 to 3.13")


RIGHT = {
    "f5-tts": "1.1.22",
    "runpod": "1.12.0",
    "torch": "2.10.0+cu128",
    "torchaudio": "2.10.0",
    "faster-whisper": "1.1",
}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"runpod": "1.11.0"}, "runpod is 1.11.0, made for 1.12.0"),
        ({"torch": "2.9.1"}, "torch is 2.9.1, needs 2.10 or newer"),
        ({"f5-tts": None, "faster-whisper": "1.0.9"}, "f5-tts is not installed; faster-whisper is 1.0.9"),
    ],
)
def test_packages_that_the_worker_was_not_made_for_are_named(wrong, told):
    assert machine.packages(RIGHT).level == "ok"
    found = machine.packages({**RIGHT, **wrong})
    assert (found.level, found.cure) == ("problem", machine.INSTALL)
    assert told in found.found


def test_a_client_needs_no_worker():
    found = machine.packages(dict.fromkeys(RIGHT))
    assert (found.level, found.cure) == ("ok", "")
    assert found.found.startswith("client only")


def test_the_pins_are_the_packages_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = dict(
        re.fullmatch(r"([\w-]+)([=>]=.+)", each).groups() for each in project["optional-dependencies"]["worker"]
    )
    assert {name: asked[name] for name in machine.EXACTLY} == {n: f"=={v}" for n, v in machine.EXACTLY.items()}
    assert {name: asked[name] for name in machine.AT_LEAST} == {n: f">={v}" for n, v in machine.AT_LEAST.items()}
    assert project["requires-python"] == f">={machine.PYTHONS[0][0]}.{machine.PYTHONS[0][1]}"


def broken():
    raise OSError("The NVIDIA driver on your system is too old (found version 11040).")


LARGE, FULL = (machine.Gpu("NVIDIA L4", (8, 9), free, 24 * 10**9) for free in (23 * 10**9, 10**9))


@pytest.mark.parametrize(
    ("settings", "find", "level", "found", "cure"),
    [
        (Settings(), lambda: LARGE, "ok", "NVIDIA L4, compute capability 8.9, 23.0 of 24.0 GB free", ""),
        (Settings(), lambda: FULL, "warning", "1.0 of 24.0 GB free", "end what else uses it"),
        (Settings(), lambda: None, "warning", "none", "driver for CUDA 12.8"),
        (Settings(device="cuda"), lambda: None, "problem", "none", "F5_DEVICE=cpu"),
        (Settings(on_platform=True), lambda: None, "problem", "none", "F5_DEVICE=cpu"),
        (Settings(), broken, "problem", "driver on your system is too old", "nvidia-smi"),
        (Settings(device="cpu"), broken, "ok", "not used", ""),
    ],
)
def test_a_gpu_that_cannot_be_used_is_told_from_none(settings, find, level, found, cure):
    diagnosis = machine.gpu(settings, find)
    assert diagnosis.level == level
    assert found in diagnosis.found
    assert cure in diagnosis.cure


def test_the_gpu_of_this_machine_computes_or_there_is_none():
    found = machine.find_gpu()
    assert found is None or found.free_bytes <= found.total_bytes
    assert (found is not None) == torch.cuda.is_available()


# The volume


def test_a_volume_that_is_not_there_is_the_only_thing_told_of_it(examine, tmp_path):
    found = examine("--volume", tmp_path / "gone")
    level, told, cure = only(found["volume"])
    assert (level, told) == ("problem", f"there is none at {tmp_path / 'gone'}")
    assert "RUNPOD_VOLUME" in cure
    assert not {"model", "recogniser", "room", "drafts"} & found.keys()
    assert not (tmp_path / "gone").exists()


def test_a_volume_that_takes_no_files_and_has_no_room(examine):
    """As the kernel's own."""
    found = examine("--volume", "/proc", F5_MODEL="F5TTS_v1_Base")
    level, told, cure = only(found["volume"])
    assert level == "problem"
    assert "/proc cannot be written" in told
    assert "let the worker write there" in cure
    level, told, cure = only(found["room"])
    assert (level, told) == ("problem", "0.00 GB free, 1.66 are needed")
    assert cure == "free space, or enlarge it"


def test_what_is_missing_is_named_with_what_fetches_it_and_not_fetched(examine, tmp_path):
    with FakeHub() as hub:
        hub.repos[str(MODEL.repo_id)] = Repo(MODEL.revision, files_of(MODEL))
        hub.repos[VOCOS_REPO] = Repo(VOCOS_COMMIT, dict(VOCOS_FILES))
        asked = {"F5_MODEL": MODEL.name, "ASR_MODEL": "tiny", "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": ""}
        found = examine("--volume", tmp_path, **asked)
        assert hub.requests == [("HEAD", "config.yaml")]  # of the hub's own check
    level, told, cure = only(found["model"])
    assert level == "problem"
    assert MODEL.weights in told
    assert VOCOS_REPO in told
    assert cure == f"voiceclone fetch --volume {tmp_path} --model {MODEL.name}"
    level, told, cure = only(found["recogniser"])
    assert (level, told) == ("warning", "tiny is not there")
    assert cure.endswith(f"voiceclone fetch --volume {tmp_path} --model tiny")
    assert tree(tmp_path) == ["whisper", *sorted(f"whisper/{name}" for name in WHISPER)]


def test_the_model_and_its_vocoder_are_found_where_the_platform_or_a_download_has_put_them(examine, tmp_path):
    place(own_cache(tmp_path), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    place(own_cache(tmp_path), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    level, told, _ = only(examine("--volume", tmp_path, F5_MODEL=MODEL.name)["model"])
    assert level == "ok"
    assert told.startswith(f"{MODEL.name} {MODEL.revision} (CC-BY-NC-4.0), ")


@pytest.mark.parametrize(
    ("environ", "told", "cure"),
    [
        ({"F5_MODEL": "F5TTS_v1_Bas"}, "Did you mean F5TTS_v1_Base?", "in F5_MODEL"),
        ({"F5_MODEL": MODEL.name, "LICENSES": "commercial"}, "CC-BY-NC-4.0", "F5_MODEL"),
    ],
)
def test_a_model_that_cannot_be_had_is_a_problem(examine, environ, told, cure):
    level, found, told_cure = only(examine(**environ)["model"])
    assert level == "problem"
    assert told in found
    assert cure in told_cure


def test_a_file_that_is_cut_is_a_problem(examine, tmp_path):
    files = files_of(MODEL)
    place(own_cache(tmp_path), str(MODEL.repo_id), MODEL.revision, {MODEL.weights: files[MODEL.weights][:-1]})
    place(own_cache(tmp_path), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    level, told, cure = only(examine("--volume", tmp_path, F5_MODEL=MODEL.name)["model"])
    assert level == "problem"
    assert "where its header promises" in told
    assert cure.startswith("voiceclone fetch")


def test_a_recogniser_that_nobody_knows_is_a_problem(examine):
    level, told, cure = only(examine(ASR_MODEL="huge")["recogniser"])
    assert level == "problem"
    assert "ASR_MODEL 'huge'" in told
    assert "voiceclone fetch --list" in cure


def test_what_killed_writers_left_is_told_and_stays(examine, tmp_path):
    blob = own_cache(tmp_path) / "models--a--b" / "blobs" / "abc.incomplete"
    for path in (blob, tmp_path / "cache" / ".writing-x", tmp_path / "voices" / "anna.wav"):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    assert only(examine("--volume", tmp_path)["drafts"]) == ("ok", "2 are being written", "")
    os.utime(blob, (0, time.time() - 3600))
    level, told, cure = only(examine("--volume", tmp_path)["drafts"])
    assert (level, told) == ("warning", "1 half written, 0.00 GB: models/hub/models--a--b/blobs/abc.incomplete")
    assert "remove" in cure
    assert blob.exists()


# The settings


def test_every_setting_that_cannot_be_read_is_named_at_once(examine):
    rows = examine(MAX_JOB_S="ten", F5_DTYPE="int4", REFERENCE_PAD_S="a bit", MAX_AUDIO_MB="0")["settings"]
    assert [(level, told.partition("=")[0]) for level, told, _ in rows] == [
        ("problem", "F5_DTYPE"),
        ("problem", "MAX_JOB_S"),
        ("problem", "MAX_AUDIO_MB"),
        ("problem", "REFERENCE_PAD_S"),
    ]
    cures = [cure for _, _, cure in rows]
    assert cures[0].startswith("F5_DTYPE must be 'float32', 'float16', 'bfloat16' or 'int8', or is unset")
    assert cures[1].startswith("MAX_JOB_S must be a valid integer")


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("F5_MODLE", "did you mean F5_MODEL?"),
        ("AWS_SECRET_KEY", "did you mean AWS_SECRET_ACCESS_KEY?"),
        ("MAX_TEXT_CHAR", "did you mean MAX_TEXT_CHARS?"),
        ("F5_PRECISE_NUMBERS", "unset it; docs/settings.md has the names"),
    ],
)
def test_a_variable_that_nobody_reads_is_told_with_what_may_be_meant(examine, name, cure):
    assert ("warning", f"{name} is not known", cure) in examine(**{name: "a value that is not shown"})["settings"]


def test_what_others_read_is_their_own_affair(examine):
    names = ["RUNPOD_POD_ID", "RUNPOD_VOLUME_ID", "RUNPOD_AI_API_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "LOGNAME"]
    assert only(examine(**dict.fromkeys(names, "x"))["settings"])[0] == "ok"


# The services


@pytest.fixture
def hub():
    with FakeHub() as hub:
        hub.repos[VOCOS_REPO] = Repo(VOCOS_COMMIT, dict(VOCOS_FILES))
        hub.token = "hf_the-right-one"
        yield hub


def test_the_hub_is_asked_once(examine, hub):
    found = examine(HF_HUB_OFFLINE="", HF_ENDPOINT=hub.url)
    assert only(found["hub"]) == ("ok", "answers, without HF_TOKEN gated models stay closed", "")
    assert hub.requests == [("HEAD", "config.yaml")]
    found = examine(HF_TOKEN=hub.token)
    assert only(found["hub"]) == ("ok", "answers, takes HF_TOKEN", "")


def test_a_token_that_the_hub_does_not_take(examine, hub):
    level, told, cure = only(examine(HF_HUB_OFFLINE="", HF_ENDPOINT=hub.url, HF_TOKEN="hf_of-somebody-else")["hub"])
    assert (level, cure) == ("problem", "check HF_TOKEN")
    assert "(401)" in told


def nobody_listens():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}"


def test_a_hub_that_cannot_be_reached(examine):
    level, told, cure = only(examine(HF_HUB_OFFLINE="", HF_ENDPOINT=nobody_listens())["hub"])
    assert (level, cure) == ("problem", "check the network")
    assert "127.0.0.1 cannot be reached" in told


def keys_in(client, bucket):
    return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_a_bucket_is_looked_at_and_only_on_request_written(examine, s3):
    environ, client = s3
    bucket = environ["S3_BUCKET"]
    with FaultyProxy(environ["AWS_ENDPOINT_URL"]) as proxy:
        environ = {**environ, "AWS_ENDPOINT_URL": proxy.url}
        assert only(examine(**environ)["bucket"]) == ("ok", f"{bucket} can be listed; --write tries the rest", "")
        assert [asked.method for asked in proxy.requests] == ["GET"]
        proxy.requests.clear()
        found = only(examine("--write", **environ)["bucket"])
        assert found == ("ok", f"{bucket}: an object was stored, fetched by its link, and removed", "")
        assert [asked.method for asked in proxy.requests] == ["GET", "PUT", "GET", "DELETE"]
    assert keys_in(client, bucket) == []


@pytest.mark.parametrize(
    ("faults", "told", "cure"),
    [
        ([refused(403, "RequestTimeTooSkewed")] * 5, "RequestTimeTooSkewed", "set this machine's clock"),
        ([refused(403, "AccessDenied")], "could not be listed: AccessDenied", "grant s3:ListBucket"),
        ([passed_on, refused(403, "AccessDenied")], "could not be stored", "grant s3:PutObject"),
        ([passed_on, passed_on, refused(403, "AccessDenied")], "no longer valid (403)", "s3:GetObject"),
        ([passed_on, passed_on, swallowed], "leads to other bytes", "proxy"),
        ([passed_on, passed_on, passed_on, refused(403, "AccessDenied")], "could not be removed", "s3:DeleteObject"),
    ],
)
def test_what_the_bucket_refuses_is_named_and_the_trial_is_removed(examine, s3, faults, told, cure):
    environ, client = s3
    with FaultyProxy(environ["AWS_ENDPOINT_URL"]) as proxy:
        proxy.faults.extend(faults)
        level, found, told_cure = only(examine("--write", **{**environ, "AWS_ENDPOINT_URL": proxy.url})["bucket"])
    assert level == "problem"
    assert told in found
    assert cure in told_cure
    left = keys_in(client, environ["S3_BUCKET"])
    assert len(left) == int("removed" in told)  # which may not be done


@pytest.mark.parametrize(
    ("changed", "told", "cure"),
    [
        ({"S3_BUCKET": "no-such-bucket"}, "NoSuchBucket", "check the bucket's name (S3_BUCKET)"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "but not AWS_SECRET_ACCESS_KEY", "set them, or unset the bucket"),
        ({"AWS_ENDPOINT_URL": "s3.example.com"}, "cannot be read", "write http(s)://host[:port]"),
        (
            {"S3_BUCKET": "s3://voices/team"},
            "S3_BUCKET or BUCKET_NAME is 's3://",
            "alone, voices, and its folder into S3_PREFIX: team",
        ),
        ({"S3_BUCKET": "Voices"}, "cannot be 'Voices'", "copy it from the service's console"),
        ({"AWS_SECRET_ACCESS_KEY": '"known"'}, "AWS_SECRET_ACCESS_KEY has quotes around it", "write it without them"),
        (
            {"AWS_ACCESS_KEY_ID": "a\nb"},
            "AWS_ACCESS_KEY_ID has characters that no key has, a line break",
            "copy it anew",
        ),
        ({"S3_ADDRESSING_STYLE": "dns"}, "S3_ADDRESSING_STYLE must be one of path, virtual", "check S3_BUCKET"),
    ],
)
def test_a_bucket_that_is_described_wrong(examine, s3, changed, told, cure):
    level, found, told_cure = only(examine(**{**s3[0], **changed})["bucket"])
    assert level == "problem"
    assert told in found
    assert cure in told_cure


def test_a_bucket_in_another_region_is_a_warning(examine, s3):
    environ, _ = s3
    with FaultyProxy(environ["AWS_ENDPOINT_URL"]) as proxy:
        proxy.faults.append(of_another_region(301, "PermanentRedirect", ("x-amz-bucket-region", "eu-west-3")))
        level, told, cure = only(examine(**{**environ, "AWS_ENDPOINT_URL": proxy.url})["bucket"])
    assert (level, cure) == ("warning", "set AWS_REGION=eu-west-3, and spare the worker the search")
    assert told.startswith(f"{environ['S3_BUCKET']} lies in eu-west-3, not in {environ['AWS_REGION']}: can be listed;")


def test_keys_that_do_not_belong_together(examine, tmp_path):
    with nanio_server(tmp_path) as url:
        environ = {**KEYS, "AWS_SECRET_ACCESS_KEY": "of-somebody-else", "AWS_ENDPOINT_URL": url, "S3_BUCKET": "speech"}
        level, told, cure = only(examine(**environ)["bucket"])
    assert level == "problem"
    assert "SignatureDoesNotMatch" in told
    assert "AWS_SECRET_ACCESS_KEY may not belong to AWS_ACCESS_KEY_ID" in cure


@pytest.fixture
def endpoint():
    with EndpointServer() as server:
        yield server


def test_the_endpoint_tells_its_workers_and_what_waits(examine, endpoint):
    assert only(examine(**endpoint.environ)["endpoint"]) == ("ok", "workers: 1 idle, 1 ready; 0 jobs wait", "")
    found = examine("--endpoint", "ep", **{**endpoint.environ, "RUNPOD_ENDPOINT_ID": "other"})
    assert only(found["endpoint"])[0] == "ok"
    assert endpoint.requests == {"health": 2}


@pytest.mark.parametrize(
    ("counts", "waiting", "level", "cure"),
    [
        ({}, 0, "ok", ""),
        ({"running": 2}, 0, "ok", ""),
        ({}, 1, "warning", "largest number of workers"),
        ({"running": 1}, 1, "warning", "raise the endpoint's largest number"),
        ({"ready": 1, "throttled": 2}, 0, "warning", "2 throttled (all GPUs of its types are taken"),
        ({"unhealthy": 3}, 0, "problem", "3 unhealthy (the worker's log in the console says why)"),
    ],
)
def test_workers_that_do_not_work_are_told_with_what_to_do(examine, endpoint, counts, waiting, level, cure):
    endpoint.workers = dict.fromkeys(endpoint.workers, 0) | counts
    for _ in range(waiting):
        Endpoint.from_env(endpoint.environ).submit({"text": "Hello."})
    found_level, told, told_cure = only(examine(**endpoint.environ)["endpoint"])
    assert (found_level, f"{waiting} jobs wait" in told) == (level, True)
    assert cure in told_cure


@pytest.mark.parametrize(
    ("changed", "told", "cure"),
    [
        ({"RUNPOD_API_KEY": "rpa_of-somebody-else"}, "does not accept the key (401)", "check RUNPOD_API_KEY"),
        ({"RUNPOD_ENDPOINT_ID": "other"}, "there is no endpoint other", "check RUNPOD_ENDPOINT_ID"),
        ({"RUNPOD_ENDPOINT_BASE_URL": nobody_listens()}, "cannot be reached", "check the network"),
        ({"RUNPOD_ENDPOINT_BASE_URL": "", "RUNPOD_API_KEY": ""}, "RUNPOD_API_KEY is not set", "set RUNPOD_ENDPOINT_ID"),
    ],
)
def test_an_endpoint_that_cannot_be_asked(examine, endpoint, changed, told, cure):
    level, found, told_cure = only(examine(**{**endpoint.environ, **changed})["endpoint"])
    assert level == "problem"
    assert told in found
    assert cure in told_cure


def test_a_workers_own_api_counts_no_workers(examine, endpoint):
    endpoint.faults.append(("health", 404))
    found = examine(RUNPOD_ENDPOINT_BASE_URL=f"{endpoint.base}/v2/ep")
    assert only(found["endpoint"]) == ("ok", "answers; as a worker's own API it counts no workers", "")


# Secrets


def test_no_secret_is_told_whatever_is_wrong(capsys, monkeypatch, hub, endpoint, moto):
    """Services that refuse and quote them, and secrets in the wrong variable."""
    secrets = {
        "HF_TOKEN": "hf_nobody-may-see-this",
        "AWS_ACCESS_KEY_ID": "an-id-that-nobody-may-see",
        "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see",
        "AWS_SESSION_TOKEN": "a-session-that-nobody-may-see",
        "RUNPOD_API_KEY": "rpa_nobody-may-see-this",
        "RUNPOD_APIKEY": "rpa_nobody-may-see-this-either",
    }
    with FaultyProxy(moto) as proxy:
        proxy.faults.extend([passed_on, refused(400, secrets["AWS_SECRET_ACCESS_KEY"])])
        places = {"HF_HUB_OFFLINE": "", "HF_ENDPOINT": hub.url, "AWS_ENDPOINT_URL": proxy.url, "S3_BUCKET": "speech"}
        wrong = {"MAX_JOB_S": secrets["RUNPOD_API_KEY"], "F5_MODEL": KEY, "MY_KEY": KEY}
        for name, value in {**endpoint.environ, **places, **secrets, **wrong}.items():
            monkeypatch.setenv(name, value)
        for arguments in ([], ["--json"], ["--write"]):
            assert main(["doctor", *arguments]) == 1
    told = "".join(capsys.readouterr())
    assert told.count("problem") >= 3 * 4
    assert [value for value in (*secrets.values(), KEY) if value in told] == []
