"""The command that fills volumes: the one that is mounted, and a network volume through its S3 API.

The S3 server on loopback verifies every signature.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from fake_hub import FakeHub
from hypothesis import given
from hypothesis import strategies as st
from nanio_server import KEYS, nanio_server
from processes import start_cli
from published import (
    LATVIAN,
    MODEL,
    OTHER_COMMIT,
    VOCOS_FILES,
    WEIGHTS,
    own_cache,
    published_repos,
)

from voiceclone.checkpoints.hub import Hub
from voiceclone.checkpoints.registry import RECOGNISERS, REGISTRY, SHIPPED
from voiceclone.checkpoints.resolving import resolve
from voiceclone.cli.main import main
from voiceclone.deployment.upload import Digest, NetworkVolume, UploadFailed, VolumeUnreachable, connect

KEY, SECRET = KEYS.values()
PART = 5 * 2**20
"""The least that S3 takes as a part which is not the last."""
LARGE = os.urandom(2 * PART + 1)
numbers = itertools.count()


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "RUNPOD_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub that has two models and their vocoder."""
    with FakeHub() as hub:
        hub.repos |= published_repos()
        yield hub


def run_cli(hub: str, *arguments: str | Path, cwd: Path | None = None, **environ: str) -> tuple[int, str, str]:
    with start_cli(hub, *arguments, cwd=cwd, **environ) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def test_the_command_fills_a_volume_and_says_where_the_files_lie(tmp_path: Path, hub: FakeHub):
    status, out, err = run_cli(hub.url, cwd=tmp_path, RUNPOD_VOLUME="")
    assert (status, err.count("error")) == (0, 0)
    volume = tmp_path / "runpod-volume"
    weights = own_cache(volume) / "models--SWivid--F5-TTS" / "snapshots" / MODEL.revision / MODEL.weights
    assert f"{len(WEIGHTS) / 1e6:.3f} MB  {weights}" in out
    assert MODEL.revision in out
    assert weights.read_bytes() == WEIGHTS
    # Everything the client wrote lies on the volume, and a worker there needs no hub.
    assert [p.name for p in tmp_path.iterdir()] == ["runpod-volume"]
    assert run_cli(hub.url, "--volume", volume, HF_HUB_OFFLINE="1")[:2] == (0, out)


def test_the_command_ends_with_1_where_a_model_cannot_be_had(tmp_path: Path, hub: FakeHub):
    status, out, err = run_cli(hub.url, "--volume", tmp_path, "--model", "F5TTS_v1_Small", "--model", MODEL.name)
    assert status == 1
    assert "no weights" in err
    assert MODEL.weights in out
    nowhere = tmp_path / "no" / "volume"
    assert run_cli(hub.url, "--volume", nowhere)[0] == 1
    assert not nowhere.parent.exists()


def test_the_command_ends_with_3_where_the_hub_cannot_be_asked(tmp_path: Path, hub: FakeHub, nobody: Hub):
    status, _, err = run_cli(str(nobody.endpoint), "--volume", tmp_path / "new")
    assert (status, (tmp_path / "new").exists()) == (3, False)
    assert "Without a hub: F5_MODEL=demo" in err
    assert run_cli(str(nobody.endpoint), "--volume", tmp_path, "--errors", tmp_path / "errors")[::2] == (3, "")
    assert (tmp_path / "errors").read_text().startswith("error: F5TTS_v1_Base: ")
    status, _, err = run_cli(hub.url, "--volume", tmp_path, HF_HUB_OFFLINE="1")
    assert status == 3
    assert "HF_HUB_OFFLINE" in err
    assert hub.requests == []


def test_the_command_fetches_the_asked_for_revision(tmp_path: Path, hub: FakeHub):
    hub.repos[str(LATVIAN.repo_id)].commit = OTHER_COMMIT
    status, out, _ = run_cli(hub.url, "--volume", tmp_path, "--model", LATVIAN.name, "--revision", OTHER_COMMIT)
    assert (status, OTHER_COMMIT in out) == (0, True)
    assert run_cli(hub.url, "--model", "a", "--model", "b", "--revision", "main")[0] == 2


def test_the_command_lists_what_is_registered(nobody: Hub):
    status, out, _ = run_cli(str(nobody.endpoint), "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [*REGISTRY, *SHIPPED, *RECOGNISERS]


# A network volume


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with nanio_server(tmp_path_factory.mktemp("nanio")) as url:
        yield url


def keys(s3, secret=SECRET):
    return {"RUNPOD_S3_ACCESS_KEY": KEY, "RUNPOD_S3_SECRET_KEY": secret, "RUNPOD_S3_ENDPOINT": s3}


@pytest.fixture(scope="module")
def client(s3):
    client = connect(keys(s3), "EU-RO-1")
    yield client
    client.close()


@pytest.fixture
def volume_id(client):
    name = f"volume-{next(numbers)}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    return path


def stored(client, volume_id):
    """Key and time of every object."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=volume_id)
    return {each["Key"]: each["LastModified"] for page in pages for each in page.get("Contents", ())}


def bytes_of(client, volume_id, key):
    return client.get_object(Bucket=volume_id, Key=key)["Body"].read()


def counted(client, operation):
    """Calls of an operation from now on."""
    calls = []
    client.meta.events.register(f"before-call.s3.{operation}", lambda **call: calls.append(call["params"]["url_path"]))
    return calls


class Client:
    """A client some of whose answers are not the server's own."""

    def __init__(self, client, **instead):
        self._client = client
        self.__dict__.update(instead)

    def __getattr__(self, name):
        return getattr(self._client, name)


def test_models_that_were_sent_to_a_network_volume_are_found_on_it_by_a_worker_without_a_hub(
    tmp_path, hub, nobody, s3, client, volume_id
):
    command = ("--volume-id", volume_id, "--datacenter", "eu-ro-1", "--model", MODEL.name, "--model", LATVIAN.name)
    status, out, err = run_cli(hub.url, "--volume", tmp_path / "laptop", *command, **keys(s3))
    assert status == 0, err
    objects = stored(client, volume_id)
    assert out.count("  sent  ") == len(objects)
    mounted = tmp_path / "mounted"
    for key in objects:
        path = mounted / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes_of(client, volume_id, key))
    for spec in (MODEL, LATVIAN):
        found = resolve(spec.name, None, mounted, hub=nobody)
        assert found.weights.read_bytes() == WEIGHTS
        assert found.vocoder_weights.read_bytes() == VOCOS_FILES["pytorch_model.bin"]
        assert not found.weights.is_symlink()
    assert found.revision == "a" * 40  # the branch stands for what it stood for on the laptop
    # Again: all of it is there, and none of it is sent.
    status, out, _ = run_cli(hub.url, "--volume", tmp_path / "laptop", *command, **keys(s3), HF_HUB_OFFLINE="1")
    there = {line.split()[1].removeprefix(f"{volume_id}/") for line in out.splitlines() if "  there  " in line}
    assert (status, there, "  sent  " in out) == (0, set(objects), False)
    assert stored(client, volume_id) == objects


def test_an_upload_that_is_interrupted_shows_no_half_object_and_goes_on_where_it_stopped(client, volume_id, large):
    def interrupt(_count):
        raise KeyboardInterrupt

    volume = NetworkVolume(client, volume_id, PART)
    with pytest.raises(KeyboardInterrupt):
        volume.send(large, "models/large.bin", interrupt)
    assert stored(client, volume_id) == {}
    parts, told = counted(client, "UploadPart"), []
    assert volume.send(large, "models/large.bin", told.append)
    assert len(parts) == 2  # of three
    assert sum(told) == len(LARGE)
    assert bytes_of(client, volume_id, "models/large.bin") == LARGE
    assert not client.list_multipart_uploads(Bucket=volume_id).get("Uploads")
    assert not volume.send(large, "models/large.bin", told.append)
    assert len(parts) == 2


def test_parts_of_another_file_are_sent_anew(client, volume_id, large):
    upload = client.create_multipart_upload(Bucket=volume_id, Key="large.bin")["UploadId"]
    client.upload_part(Bucket=volume_id, Key="large.bin", UploadId=upload, PartNumber=1, Body=b"0" * PART)
    parts = counted(client, "UploadPart")
    assert NetworkVolume(client, volume_id, PART).send(large, "large.bin", lambda _: None)
    assert (len(parts), bytes_of(client, volume_id, "large.bin")) == (3, LARGE)


def test_an_upload_whose_last_answer_was_lost_has_been_taken(client, volume_id, large):
    def complete(**request):
        client.complete_multipart_upload(**request)
        return client.complete_multipart_upload(**request)  # as a second try does

    volume = NetworkVolume(Client(client, complete_multipart_upload=complete), volume_id, PART)
    assert volume.send(large, "large.bin", lambda _: None)
    assert bytes_of(client, volume_id, "large.bin") == LARGE


@pytest.mark.parametrize("other", [b"as long, but damage", b"shorter", b""])
def test_an_object_with_other_bytes_is_replaced(client, volume_id, tmp_path, other):
    path = tmp_path / "file"
    path.write_bytes(b"as long as that one")
    client.put_object(Bucket=volume_id, Key="file", Body=other)
    assert NetworkVolume(client, volume_id).send(path, "file", lambda _: None)
    assert bytes_of(client, volume_id, "file") == path.read_bytes()


@pytest.mark.parametrize("etag", ['"0123"', '"' + "0" * 32 + '"', '"' + "0" * 32 + '-3"'])
def test_where_an_etag_is_no_md5_the_object_is_read_back(client, volume_id, large, etag):
    odd = Client(client, head_object=lambda **request: client.head_object(**request) | {"ETag": etag})
    reads = counted(client, "GetObject")
    volume = NetworkVolume(odd, volume_id, PART)
    assert volume.send(large, "large.bin", lambda _: None)
    assert not volume.send(large, "large.bin", lambda _: None)
    assert len(reads) == 2


def test_bytes_that_change_on_the_way_are_noticed_and_not_left_there(client, volume_id, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"as sent")
    alter = Client(client, put_object=lambda **request: client.put_object(**request | {"Body": b"altered"}))
    with pytest.raises(UploadFailed, match="other bytes than were sent, and was removed"):
        NetworkVolume(alter, volume_id).send(path, "file", lambda _: None)
    assert stored(client, volume_id) == {}


@given(st.binary(max_size=40), st.integers(1, 50))
def test_a_digest_tells_the_parts_that_are_read(tmp_path_factory, data, part_bytes):
    path = tmp_path_factory.getbasetemp() / "digested"
    path.write_bytes(data)
    digest = Digest.of(path, part_bytes)
    assert digest.size == len(data)
    assert len(digest.parts) == -(-len(data) // part_bytes)
    assert digest.whole in digest.etags


def test_wrong_keys_and_a_wrong_volume_are_named_without_a_secret(s3, tmp_path, hub, volume_id):
    where = ("--volume", tmp_path, "--datacenter", "EU-RO-1")
    status, out, err = run_cli(hub.url, *where, "--volume-id", volume_id, **keys(s3, "rps_wrong"))
    assert (status, "check RUNPOD_S3_ACCESS_KEY and RUNPOD_S3_SECRET_KEY" in err) == (1, True)
    assert "rps_wrong" not in out + err
    (tmp_path / "file").write_bytes(b"x")
    client = connect(keys(s3), "EU-RO-1")  # of its own: the server refuses before it has read the body
    for name in ("no-such-volume", "no volume"):
        with pytest.raises(UploadFailed, match=r"check --volume-id and --datacenter"):
            NetworkVolume(client, name).send(tmp_path / "file", "file", lambda _: None)
    client.close()


def test_an_api_that_cannot_be_reached_is_another_matter(tmp_path, nobody):
    (tmp_path / "file").write_bytes(b"x")
    session = boto3.session.Session("key", "secret", region_name="EU-RO-1")
    once = Config(retries={"total_max_attempts": 1})
    client = session.client("s3", endpoint_url=nobody.endpoint, config=once)
    with pytest.raises(VolumeUnreachable, match="goes on where it stopped"):
        NetworkVolume(client, "volume").send(tmp_path / "file", "file", lambda _: None)
    client.close()


def test_a_model_that_lies_elsewhere_has_no_place_on_the_network_volume(tmp_path, s3, volume_id, hub):
    where = ("--volume", tmp_path, "--volume-id", volume_id, "--datacenter", "EU-RO-1")
    status, _, err = run_cli(hub.url, *where, "--model", "demo", **keys(s3))
    assert (status, "copy it there" in err) == (1, True)


def test_the_address_and_the_region_are_the_data_centres():
    environ = {"AWS_ACCESS_KEY_ID": f" {KEY}\n", "AWS_SECRET_ACCESS_KEY": SECRET, "RUNPOD_S3_ACCESS_KEY": "half a pair"}
    client = connect(environ, "EU-RO-1")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("https://s3api-eu-ro-1.runpod.io/", "EU-RO-1")
    client.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--volume-id", "v"], "--volume-id and --datacenter belong together"),
        (["--datacenter", "EU-RO-1"], "--volume-id and --datacenter belong together"),
        (["--volume-id", "v", "--datacenter", "example.com/"], "is no data centre: write it as EU-RO-1"),
        (["--volume-id", "v", "--datacenter", "EU-RO-1"], "RUNPOD_S3_SECRET_KEY are not set"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused(capsys, options, said):
    with pytest.raises(SystemExit) as e:
        main(["fetch", *options])
    assert e.value.code == 2
    assert said in capsys.readouterr().err
