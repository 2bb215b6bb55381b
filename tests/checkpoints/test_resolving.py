"""Model files: found where they lie, fetched once and whole, and a clear word when they cannot be had."""

from __future__ import annotations

import hashlib
import logging
import os
import resource
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from fake_hub import FakeHub, Repo
from huggingface_hub import close_session, constants
from processes import start_cli
from published import (
    FETCHABLE,
    LATVIAN,
    MODEL,
    OTHER_COMMIT,
    OWN_CONFIG,
    VOCOS_COMMIT,
    VOCOS_FILES,
    VOCOS_REPO,
    WEIGHTS,
    files_of,
    own_cache,
    place,
    platform_cache,
    published_repos,
)
from safetensors.numpy import save

from voiceclone.checkpoints import finder as hub_files
from voiceclone.checkpoints.hub import Hub, HubUnreachable
from voiceclone.checkpoints.lease import Lease
from voiceclone.checkpoints.registry import RECOGNISERS, REGISTRY, ModelSpec, allows_commercial_use
from voiceclone.checkpoints.resolving import Checkpoint, resolve, resolve_recogniser
from voiceclone.errors import ModelUnavailable


@pytest.fixture(autouse=True)
def _client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client of the hub as a fresh process would have it."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)  # it would ask the public hub
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield
    close_session()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub that has the default model and its vocoder."""
    with FakeHub() as hub:
        hub.repos |= published_repos()
        yield hub
        close_session()


@pytest.fixture
def client(hub: FakeHub) -> Hub:
    return Hub(endpoint=hub.url, stale_s=0.1, patience_s=0.01)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """An empty one, unlike the one that other rooms' tests share."""
    path = tmp_path / "volume"
    path.mkdir()
    return path


# Found


@pytest.mark.parametrize("spec", FETCHABLE, ids=lambda spec: spec.name)
def test_every_registered_model_is_found_on_a_volume_with_the_arch_that_f5_tts_gives_it(
    spec: ModelSpec, volume: Path, nobody: Hub
):
    place(own_cache(volume), str(spec.repo_id), "a" * 40, files_of(spec), ref="main")
    place(own_cache(volume), str(spec.repo_id), spec.revision, files_of(spec))
    place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    found = resolve(spec.name, None, volume, hub=nobody)
    package = Path(sys.modules["f5_tts"].__path__[0])
    own = spec.config.endswith(".yaml")
    text = OWN_CONFIG if own else (package / f"configs/{spec.config}.yaml").read_text()
    config = yaml.safe_load(text)["model"]
    assert found.arch == config["arch"]
    assert found.tokenizer == config["tokenizer"]
    assert found.weights.is_file()
    assert found.vocab.is_file()
    assert found.vocoder_weights.read_bytes() == VOCOS_FILES["pytorch_model.bin"]
    assert found.revision == ("a" * 40 if spec.revision == "main" else spec.revision)
    assert found.license == spec.license
    assert found.languages == spec.languages != ()


def test_the_default_model_uses_the_vocabulary_that_f5_tts_ships(volume: Path, client: Hub):
    assert len(resolve(MODEL.name, None, volume, hub=client).vocab.read_text().splitlines()) > 2000


def test_the_platforms_cache_comes_before_the_volume_and_neither_asks_the_hub(volume: Path, hub: FakeHub, client: Hub):
    for cache in (platform_cache(volume), own_cache(volume)):
        place(cache, str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    found = resolve(MODEL.name, None, volume, hub=client)
    assert found.weights.is_relative_to(platform_cache(volume))
    assert found.vocoder_weights.is_relative_to(own_cache(volume))
    assert hub.requests == []


def test_the_platforms_own_commit_serves_unless_the_operator_asked_for_one(volume: Path, hub: FakeHub, client: Hub):
    place(platform_cache(volume), str(MODEL.repo_id), OTHER_COMMIT, files_of(MODEL), ref="main")
    assert resolve(MODEL.name, None, volume, hub=client).revision == OTHER_COMMIT
    asked = resolve(MODEL.name, MODEL.revision, volume, hub=client)
    assert asked.revision == MODEL.revision
    assert asked.weights.is_relative_to(own_cache(volume))


def test_any_commit_that_the_platform_has_cached_serves(volume: Path, nobody: Hub):
    """It notes none under `main`, and has none of the pinned one."""
    place(platform_cache(volume), str(MODEL.repo_id), OTHER_COMMIT, files_of(MODEL))
    place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    found = resolve(MODEL.name, None, volume, hub=nobody)
    assert found.revision == OTHER_COMMIT
    assert f"cached, {OTHER_COMMIT}; the registered one is {MODEL.revision}" in str(found.warning)


def test_without_a_volume_the_platforms_cache_needs_no_more_than_the_vocoder(
    volume: Path, hub: FakeHub, client: Hub, monkeypatch: pytest.MonkeyPatch
):
    """Which may lie on the container's disk; a model may not."""
    monkeypatch.setattr(hub_files, "CONTAINER_DISK", volume.parent)
    place(platform_cache(volume), str(MODEL.repo_id), OTHER_COMMIT, files_of(MODEL))
    found = resolve(MODEL.name, None, volume, container_disk_ok=False, hub=client)
    assert found.weights.is_relative_to(platform_cache(volume))
    assert found.vocoder_weights.read_bytes() == VOCOS_FILES["pytorch_model.bin"]
    with pytest.raises(ModelUnavailable, match="container's own disk"):
        resolve(LATVIAN.name, None, volume, container_disk_ok=False, hub=client)


def test_where_only_commercial_use_is_wanted_other_models_are_refused_unseen(
    volume: Path, hub: FakeHub, client: Hub, directory: Path
):
    for spec in FETCHABLE:
        if allows_commercial_use(spec.license):
            hub.repos[str(spec.repo_id)] = Repo("b" * 40 if spec.revision == "main" else spec.revision, files_of(spec))
            assert resolve(spec.name, None, volume, commercial_only=True, hub=client).license == spec.license
    asked = len(hub.requests)
    remaining = r"silma-ai/silma-tts, SPRINGLab/F5-Hindi-24KHz, mrfakename/OpenF5-TTS-Base, or unset LICENSES"
    for spec in (MODEL, LATVIAN, REGISTRY["hotstone228/F5-TTS-Russian"]):
        with pytest.raises(ModelUnavailable, match=rf"the licence of {spec.name} is .*: take one of {remaining}"):
            resolve(spec.name, None, volume, commercial_only=True, hub=client)
    assert len(hub.requests) == asked
    assert resolve(str(directory), None, volume, commercial_only=True).license == "MIT"
    (directory / "config.yaml").write_text("model: {arch: {dim: 8}}\n")
    with pytest.raises(ModelUnavailable, match=r"is unknown: write `license:` into its config\.yaml"):
        resolve(str(directory), None, volume, commercial_only=True)


@pytest.mark.parametrize("cache", [platform_cache, own_cache])
def test_a_repository_is_found_under_its_former_name(cache, volume: Path, nobody: Hub):
    files = {"config.json": b"{}", "model.bin": b"1", "preprocessor_config.json": b"{}"}
    files |= {"tokenizer.json": b"{}", "vocabulary.json": b"[]"}
    commit = RECOGNISERS["large-v3-turbo"].revision
    former = place(cache(volume), "mobiuslabsgmbh/faster-whisper-large-v3-turbo", commit, files)
    assert resolve_recogniser("turbo", volume, hub=nobody) == former


@pytest.mark.parametrize(
    ("asked", "there", "taken"),
    [
        ("large-v3-turbo", ["tiny"], "tiny"),
        ("tiny", ["base", "small", "small.en"], "small"),
        ("large-v3-turbo", ["base.en"], None),
        ("tiny.en", ["base"], "base"),
        ("tiny", [], None),
    ],
)
def test_a_recogniser_that_is_not_to_be_had_is_replaced_by_the_best_that_lies_there(
    asked, there, taken, volume: Path, nobody: Hub, caplog: pytest.LogCaptureFixture
):
    """Where that is allowed, and it is told, with the command that fetches the right one."""
    files = {"config.json": b"{}", "model.bin": b"1", "tokenizer.json": b"{}", "vocabulary.txt": b"a"}
    snapshots = {name: place(own_cache(volume), RECOGNISERS[name].repo_id, "1" * 40, files, "main") for name in there}
    command = f"voiceclone fetch --volume {volume} --model {asked}"
    if taken is None:
        with pytest.raises(HubUnreachable, match=command):
            resolve_recogniser(asked, volume, hub=nobody, another_ok=True)
        return
    with pytest.raises(HubUnreachable):
        resolve_recogniser(asked, volume, hub=nobody)
    if RECOGNISERS[taken].revision != "main":
        snapshots[taken] = place(own_cache(volume), RECOGNISERS[taken].repo_id, RECOGNISERS[taken].revision, files)
    assert resolve_recogniser(asked, volume, hub=nobody, another_ok=True) == snapshots[taken]
    assert f"{RECOGNISERS[taken].repo_id.replace('/', '--')} hears in its place" in caplog.text
    assert command in caplog.text


# Fetched


def test_what_is_missing_is_fetched_at_the_pinned_commit_and_found_from_then_on(
    volume: Path, hub: FakeHub, client: Hub, nobody: Hub, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "voiceclone")
    found = resolve(MODEL.name, None, volume, hub=client)
    assert found.weights.read_bytes() == WEIGHTS
    assert found.revision == MODEL.revision
    assert hub.revisions == {MODEL.revision, VOCOS_COMMIT}
    assert resolve(MODEL.name, None, volume, hub=nobody) == found
    assert "MB" in caplog.text
    assert MODEL.revision in caplog.text
    assert "Signature" not in caplog.text
    assert not list((volume / "models").glob(".download*"))


def test_an_asked_for_branch_is_asked_for_once(volume: Path, hub: FakeHub, client: Hub):
    first = resolve(MODEL.name, "main", volume, hub=client)
    assert first.revision == MODEL.revision
    count = len(hub.requests)
    assert resolve(MODEL.name, "main", volume, hub=client) == first
    assert len(hub.requests) == count


def test_a_model_without_a_known_commit_stays_at_the_one_first_got_even_when_repaired(
    volume: Path, hub: FakeHub, client: Hub
):
    """Nor does it get files of two commits when the branch moves between two questions."""
    hub.repos[str(LATVIAN.repo_id)].moves_to = [OTHER_COMMIT]
    first = resolve(LATVIAN.name, None, volume, hub=client)
    assert first.revision == "a" * 40
    assert first.vocab.parent == first.weights.parent
    first.weights.resolve().write_bytes(WEIGHTS[:-1])
    assert resolve(LATVIAN.name, None, volume, hub=client) == first
    assert first.weights.read_bytes() == WEIGHTS
    assert hub.revisions == {"main", "a" * 40, VOCOS_COMMIT}


@pytest.mark.parametrize("note", ["b" * 40, "../../../../elsewhere", "", b"\xff\xfe", None])
def test_a_note_of_a_commit_that_leads_nowhere_is_passed_over(note, volume: Path, hub: FakeHub, client: Hub):
    """It names a commit that is on neither volume nor hub, or is no commit at all; None: a directory."""
    note_path = own_cache(volume) / "models--RaivisDejus--F5-TTS-Latvian" / "refs" / "main"
    note_path.parent.mkdir(parents=True)
    if note is None:
        note_path.mkdir()
        with pytest.raises(ModelUnavailable, match="is in a file's way: remove it"):
            resolve(LATVIAN.name, None, volume, hub=client)
        return
    note_path.write_bytes(note if isinstance(note, bytes) else note.encode())
    assert resolve(LATVIAN.name, None, volume, hub=client).revision == "a" * 40
    assert note_path.read_text() == "a" * 40


@pytest.mark.parametrize("damage", [WEIGHTS[:-1], WEIGHTS[:100], WEIGHTS + b"0", b"", b"\xff" * 16, b"\0" * 100])
def test_a_damaged_file_on_the_volume_is_replaced(damage: bytes, volume: Path, hub: FakeHub, client: Hub):
    snapshot = place(own_cache(volume), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    (snapshot / MODEL.weights).resolve().write_bytes(damage)
    assert resolve(MODEL.name, None, volume, hub=client).weights.read_bytes() == WEIGHTS
    assert hub.count("GET", MODEL.weights) == 1
    assert {name for _, name in hub.requests} == {MODEL.weights}


def test_a_damaged_payload_that_repositories_share_is_replaced_too(volume: Path, client: Hub):
    """A blob may itself be a link, into the store that the hub's client shares between repositories."""
    snapshot = place(own_cache(volume), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    blob = (snapshot / MODEL.weights).resolve()
    payload = own_cache(volume) / "blobs" / "ab" / "abc"
    payload.parent.mkdir(parents=True)
    payload.write_bytes(WEIGHTS[:-4])
    blob.unlink()
    blob.symlink_to(os.path.relpath(payload, blob.parent))
    assert resolve(MODEL.name, None, volume, hub=client).weights.read_bytes() == WEIGHTS
    assert payload.read_bytes() == WEIGHTS[:-4]  # another repository may lead to it


def test_what_xet_delivers_is_found_again_and_never_fetched_twice(volume: Path, hub: FakeHub, client: Hub, nobody: Hub):
    """The hub's client keeps it in a store that all repositories share, under names that are no SHA-256."""
    hub.keep_on_xet()
    found = resolve(MODEL.name, None, volume, hub=client)
    payload = found.weights.resolve()
    assert payload.is_relative_to(own_cache(volume) / "blobs")
    assert payload.name != hashlib.sha256(WEIGHTS).hexdigest()
    assert found.weights.read_bytes() == WEIGHTS
    assert hub.count("GET", MODEL.weights) == 0  # it came from Xet's store, not from the hub
    assert resolve(MODEL.name, None, volume, hub=nobody) == found


def test_a_payload_of_xets_store_that_was_cut_short_is_replaced(volume: Path, hub: FakeHub, client: Hub):
    hub.keep_on_xet()
    found = resolve(MODEL.name, None, volume, hub=client)
    payload = found.weights.resolve()
    payload.chmod(0o644)
    payload.write_bytes(WEIGHTS[:-1])
    assert resolve(MODEL.name, None, volume, hub=client) == found
    assert found.weights.read_bytes() == WEIGHTS


def test_where_xets_store_cannot_be_reached_the_hub_itself_delivers(
    volume: Path, hub: FakeHub, client: Hub, nobody: Hub, caplog: pytest.LogCaptureFixture
):
    hub.keep_on_xet()
    hub.xet_store = nobody.endpoint
    assert resolve(MODEL.name, None, volume, hub=client).weights.read_bytes() == WEIGHTS
    assert hub.count("GET", MODEL.weights)
    assert "did not arrive from 127.0.0.1 (RuntimeError), it is fetched by plain HTTP" in caplog.text


def test_where_neither_store_can_be_reached_their_hosts_are_named(
    volume: Path, hub: FakeHub, client: Hub, nobody: Hub, monkeypatch: pytest.MonkeyPatch
):
    hub.keep_on_xet()
    hub.xet_store = hub.cdn = nobody.endpoint
    with pytest.raises(HubUnreachable, match=r"127\.0\.0\.1 cannot be reached \(ConnectError\): check the network"):
        resolve(MODEL.name, None, volume, hub=client)


def test_a_disk_that_xet_cannot_write_is_no_fault_of_the_network(volume: Path, hub: FakeHub, client: Hub):
    """Xet's client tells an error of the disk in the words of a RuntimeError."""
    weights = save({"w": np.zeros(2**21, dtype=np.float32)})
    hub.repos[str(MODEL.repo_id)].files[MODEL.weights] = weights
    hub.keep_on_xet()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    try:
        with pytest.raises(ModelUnavailable, match=rf"the volume {volume} cannot be written: File too large"):
            resolve(MODEL.name, None, volume, hub=client)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_waited_for(status: int, volume: Path, hub: FakeHub):
    """As long as it asks for, before a question and within a download."""
    hub.busy.extend([status] * 3)
    found = resolve(MODEL.name, None, volume, hub=Hub(endpoint=hub.url))
    assert found.weights.read_bytes() == WEIGHTS


def test_a_torch_archive_that_was_cut_short_is_replaced(volume: Path, client: Hub):
    snapshot = place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    (snapshot / "pytorch_model.bin").resolve().write_bytes(VOCOS_FILES["pytorch_model.bin"][:600])
    found = resolve(MODEL.name, None, volume, hub=client)
    assert found.vocoder_weights.read_bytes() == VOCOS_FILES["pytorch_model.bin"]


def test_a_damaged_file_in_the_platforms_cache_is_passed_over_and_left_alone(
    volume: Path, client: Hub, caplog: pytest.LogCaptureFixture
):
    snapshot = place(platform_cache(volume), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
    damaged = (snapshot / MODEL.weights).resolve()
    damaged.write_bytes(WEIGHTS[:-1])
    assert resolve(MODEL.name, None, volume, hub=client).weights.is_relative_to(own_cache(volume))
    assert damaged.read_bytes() == WEIGHTS[:-1]
    assert caplog.text.count("passed over") == 1
    assert "its header promises" in caplog.text


def test_a_download_that_breaks_off_is_resumed(volume: Path, hub: FakeHub, client: Hub):
    hub.faults[MODEL.weights].append("cut")
    assert resolve(MODEL.name, None, volume, hub=client).weights.read_bytes() == WEIGHTS


def test_a_file_with_other_bytes_than_published_is_fetched_again(volume: Path, hub: FakeHub, client: Hub):
    hub.faults["pytorch_model.bin"].append("wrong")
    assert (
        resolve(MODEL.name, None, volume, hub=client).vocoder_weights.read_bytes() == VOCOS_FILES["pytorch_model.bin"]
    )
    assert hub.count("GET", "pytorch_model.bin") == 2


def test_a_file_that_keeps_arriving_with_other_bytes_is_refused_and_not_kept(volume: Path, hub: FakeHub, client: Hub):
    hub.faults[MODEL.weights].extend(["wrong", "wrong"])
    with pytest.raises(ModelUnavailable, match=r"other than the published ones, twice: look for a proxy"):
        resolve(MODEL.name, None, volume, hub=client)
    repo = own_cache(volume) / "models--SWivid--F5-TTS"
    assert not [p for p in repo.rglob("*") if p.is_file()]


def test_a_published_file_that_is_itself_broken_is_refused(volume: Path, hub: FakeHub, client: Hub):
    hub.repos[str(MODEL.repo_id)].files[MODEL.weights] = WEIGHTS[:-1]
    with pytest.raises(ModelUnavailable, match="what SWivid/F5-TTS publishes cannot be used"):
        resolve(MODEL.name, None, volume, hub=client)


def test_workers_that_start_together_fetch_each_file_once(volume: Path, hub: FakeHub):
    hub.faults[MODEL.weights].append("hold")
    workers = [start_cli(hub.url, "--volume", volume) for _ in range(2)]
    # Both know what they need before the first of them has the first file.
    hub.wait_for(lambda: hub.count("HELD", "") == 1 and hub.count("HEAD", "pytorch_model.bin") == 2)
    hub.release.set()
    outputs = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    gets = [name for method, name in hub.requests if method == "GET"]
    assert sorted(gets) == sorted([MODEL.weights, *VOCOS_FILES])


def test_a_worker_that_waited_takes_what_the_other_fetched_and_needs_no_space_for_it(
    volume: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
):
    (volume / "models").mkdir()
    found: list[Checkpoint] = []
    patient = Hub(endpoint=hub.url)
    worker = threading.Thread(target=lambda: found.append(resolve(MODEL.name, None, volume, hub=patient)))
    with Lease(volume / "models" / ".download.lease"):
        worker.start()
        hub.wait_for(lambda: hub.count("HEAD", "pytorch_model.bin") == 1)
        place(own_cache(volume), str(MODEL.repo_id), MODEL.revision, files_of(MODEL))
        place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    worker.join()
    assert found[0].weights.read_bytes() == WEIGHTS
    assert {method for method, _ in hub.requests} == {"HEAD"}


def test_a_worker_killed_while_it_downloads_leaves_nothing_that_counts_and_holds_up_nobody(
    volume: Path, hub: FakeHub, client: Hub, nobody: Hub
):
    hub.faults[MODEL.weights].append("hold")
    worker = start_cli(hub.url, "--volume", str(volume))
    hub.wait_for(lambda: hub.count("HELD", "") == 1)
    worker.kill()
    worker.communicate(timeout=60)
    assert (volume / "models" / ".download.lease").exists()
    (half,) = own_cache(volume).rglob("*.incomplete")
    with pytest.raises(HubUnreachable, match=MODEL.weights):
        resolve(MODEL.name, None, volume, hub=nobody)
    assert resolve(MODEL.name, None, volume, hub=client).weights.read_bytes() == WEIGHTS
    assert not half.exists()


# Refused


def test_without_a_network_the_error_names_files_places_and_the_command(volume: Path, nobody: Hub):
    with pytest.raises(HubUnreachable) as e:
        resolve(MODEL.name, None, volume, hub=nobody)
    for part in (
        f"{MODEL.weights} of SWivid/F5-TTS at {MODEL.revision}",
        f"config.yaml, pytorch_model.bin of {VOCOS_REPO} at {VOCOS_COMMIT}",
        str(platform_cache(volume)),
        str(own_cache(volume)),
        f"voiceclone fetch --volume {volume} --model F5TTS_v1_Base",
    ):
        assert part in str(e.value)


def test_only_what_is_missing_is_named(volume: Path, nobody: Hub):
    place(own_cache(volume), VOCOS_REPO, VOCOS_COMMIT, VOCOS_FILES)
    with pytest.raises(HubUnreachable) as e:
        resolve(MODEL.name, "v2", volume, hub=nobody)
    assert VOCOS_REPO not in str(e.value)
    assert "--revision v2" in str(e.value)


def test_a_hub_that_never_answers_is_given_up(volume: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = Hub(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", answer_s=0.2)
        with pytest.raises(HubUnreachable, match="cannot be reached"):
            resolve(MODEL.name, None, volume, hub=hub)


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (401, "GatedRepo", ModelUnavailable, "gated: accept its terms on its page and set HF_TOKEN"),
        (403, "GatedRepo", ModelUnavailable, "gated"),
        (401, "RepoNotFound", ModelUnavailable, "shows no repository SWivid/F5-TTS: if it is private, set HF_TOKEN"),
        (401, None, ModelUnavailable, "refused SWivid/F5-TTS (401): check HF_TOKEN"),
        (404, "RevisionNotFound", ModelUnavailable, f"has no revision {MODEL.revision}: give F5_REVISION another"),
        (404, "EntryNotFound", ModelUnavailable, f"has no {MODEL.weights} at {MODEL.revision}"),
        (503, None, HubUnreachable, "answered 503 for SWivid/F5-TTS: try again later, and set HF_TOKEN"),
        (429, None, HubUnreachable, "answered 429 for SWivid/F5-TTS: try again later, and set HF_TOKEN"),
    ],
)
def test_each_refusal_of_the_hub_says_what_to_do(
    status: int, code: str | None, kind: type, said: str, volume: Path, hub: FakeHub, client: Hub
):
    hub.refusals[str(MODEL.repo_id)] = (status, code)
    with pytest.raises(ModelUnavailable) as e:
        resolve(MODEL.name, None, volume, hub=client)
    assert type(e.value) is kind
    assert said in str(e.value)


def test_a_proxy_that_answers_in_the_hubs_place_is_noticed(volume: Path, hub: FakeHub, client: Hub):
    hub.refusals[str(MODEL.repo_id)] = (204, None)
    with pytest.raises(HubUnreachable, match="is no hub: look for a proxy"):
        resolve(MODEL.name, None, volume, hub=client)


def test_offline_mode_is_named_as_the_reason(volume: Path, hub: FakeHub, client: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachable, match=r"HF_HUB_OFFLINE is set.*voiceclone fetch"):
        resolve(MODEL.name, None, volume, hub=client)
    assert hub.requests == []


def test_too_little_space_is_said_before_anything_is_fetched(
    volume: Path, hub: FakeHub, client: Hub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    with pytest.raises(ModelUnavailable, match=r"has 0\.10 GB free, but 0\.26 GB are needed"):
        resolve(MODEL.name, None, volume, hub=client)
    assert not [method for method, _ in hub.requests if method == "GET"]


def test_a_missing_volume_is_named(tmp_path: Path, client: Hub):
    with pytest.raises(ModelUnavailable, match=r"the volume .*/nowhere is not there: attach one"):
        resolve(MODEL.name, None, tmp_path / "nowhere", hub=client)


def test_a_volume_that_cannot_be_written_is_named(tmp_path: Path, client: Hub):
    (tmp_path / "models").touch()
    sealed = tmp_path / "sealed"
    sealed.mkdir(mode=0o555)
    # Modes do not bind root; nobody makes directories in /proc.
    for volume in (tmp_path, Path("/proc") if os.geteuid() == 0 else sealed):
        with pytest.raises(ModelUnavailable, match=r"cannot be written|is in a file's way"):
            resolve(MODEL.name, None, volume, hub=client)


def test_nothing_is_downloaded_to_the_containers_own_disk(
    volume: Path, hub: FakeHub, client: Hub, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub_files, "CONTAINER_DISK", volume.parent)
    with pytest.raises(ModelUnavailable, match=r"container's own disk.*attach a network volume"):
        resolve(MODEL.name, None, volume, container_disk_ok=False, hub=client)
    assert hub.requests == []
    # What lies there already may be used, and a mount of its own may be downloaded to.
    found = resolve(MODEL.name, None, volume, hub=client)
    assert resolve(MODEL.name, None, volume, container_disk_ok=False, hub=client) == found
    monkeypatch.setattr(hub_files, "CONTAINER_DISK", Path("/proc"))
    assert resolve(LATVIAN.name, None, volume, container_disk_ok=False, hub=client).weights.is_file()


def test_an_unknown_model_is_answered_with_the_known_ones(volume: Path):
    with pytest.raises(ModelUnavailable, match=r"Did you mean F5TTS_v1_Base\? Registered: .*, demo"):
        resolve("f5tts-v1-base", None, volume)
    with pytest.raises(ModelUnavailable, match=r"Did you mean F5TTS_v1_Base or F5TTS_Base\?"):
        resolve("SWivid/F5-TTS", None, volume)
    with pytest.raises(ModelUnavailable, match=r"nor a directory\. Registered"):
        resolve("/runpod-volume/my-model", None, volume)


def test_a_model_without_published_weights_says_so(volume: Path):
    with pytest.raises(ModelUnavailable, match=r"publishes its architecture but no weights\. Use a directory of your"):
        resolve("F5TTS_v1_Small", None, volume)


# A directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "my-model"
    (path / "vocos").mkdir(parents=True)
    (path / "config.yaml").write_text("license: MIT\nmodel: {name: mine, arch: {dim: 8, depth: 1}, tokenizer: char}\n")
    (path / "vocab.txt").write_text("a\n")
    (path / "any.safetensors").write_bytes(WEIGHTS)
    for name, data in VOCOS_FILES.items():
        (path / "vocos" / name).write_bytes(data)
    return path


def test_a_directory_is_a_model(directory: Path, volume: Path, nobody: Hub):
    found = resolve(str(directory), None, volume, hub=nobody)
    assert (found.name, found.revision, found.license, found.tokenizer) == ("mine", "local", "MIT", "char")
    assert found.arch == {"dim": 8, "depth": 1}
    assert found.weights == directory / "any.safetensors"
    assert found.vocoder_config == directory / "vocos" / "config.yaml"
    assert found.cfg_strength == 2
    (directory / "config.yaml").write_text("cfg_strength: 1\n" + (directory / "config.yaml").read_text())
    assert resolve(str(directory), None, volume, hub=nobody).cfg_strength == 1


def test_a_directory_without_a_vocoder_gets_the_published_one(directory: Path, volume: Path, client: Hub, nobody: Hub):
    shutil.rmtree(directory / "vocos")
    with pytest.raises(HubUnreachable, match=f"--model {directory}"):
        resolve(str(directory), None, volume, hub=nobody)
    found = resolve(str(directory), None, volume, hub=client)
    assert found.vocoder_weights.is_relative_to(own_cache(volume))


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("any.safetensors", None, r"holds 0 \*\.safetensors \(none\): it must hold exactly one"),
        ("two.safetensors", WEIGHTS, r"holds 2 \*\.safetensors \(any.safetensors, two.safetensors\)"),
        ("any.safetensors", WEIGHTS[:-1], "its header promises"),
        ("vocab.txt", None, "vocab.txt is missing"),
        ("vocab.txt", b"", "vocab.txt is empty"),
        ("config.yaml", None, "config.yaml is missing"),
        ("config.yaml", b"model: [", "config.yaml is not YAML"),
        ("config.yaml", b"!!python/object/apply:os.getcwd []", "config.yaml is not YAML"),
        ("config.yaml", b"- 1", r"has no `model\.arch`"),
        ("config.yaml", b"model: {name: mine}", r"has no `model\.arch`"),
        ("config.yaml", b"model: {arch: }", r"has no `model\.arch`"),
        ("config.yaml", b"model: {arch: {dim: 8}, backbone: UNetT}", "only a DiT backbone"),
        ("config.yaml", b"model: {arch: {dim: 8}, mel_spec: {mel_spec_type: bigvgan}}", "mel_spec_type"),
        ("config.yaml", b"model: {arch: {dim: 8}, mel_spec: {hop_length: 160}}", "hop_length"),
        ("config.yaml", b"model: {arch: {dim: 8}, tokenizer: byte}", "must be pinyin, char or custom"),
        ("config.yaml", b"{cfg_strength: much, model: {arch: {dim: 8}}}", "must be a number from 0 to 10"),
        ("config.yaml", b"{cfg_strength: 11, model: {arch: {dim: 8}}}", "must be a number from 0 to 10"),
        ("vocos/pytorch_model.bin", None, "pytorch_model.bin is missing: add it, or remove"),
    ],
)
def test_a_directory_that_is_no_model_says_what_is_wrong(
    file: str, content: bytes | None, said: str, directory: Path, volume: Path, nobody: Hub
):
    if content is None:
        (directory / file).unlink()
    else:
        (directory / file).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=said):
        resolve(str(directory), None, volume, hub=nobody)


def test_a_directory_has_no_revisions(directory: Path, volume: Path):
    with pytest.raises(ModelUnavailable, match="unset F5_REVISION"):
        resolve(str(directory), "main", volume)


@pytest.mark.parametrize("file", ["model.safetensors", "vocos/pytorch_model.bin", "vocos/config.yaml", "config.yaml"])
def test_a_model_of_which_a_file_has_changed_is_another(random_model: Path, tmp_path: Path, file: str) -> None:
    """What was spoken with the former is not taken for its speech."""
    model = Path(shutil.copytree(random_model, tmp_path / "model"))
    before = resolve(str(model), None, tmp_path).identity
    assert resolve(str(model), None, tmp_path).identity == before
    path = model / file
    if path.suffix == ".yaml":
        path.write_text(path.read_text().replace("dim: 64", "dim: 32"))
    else:
        os.utime(path, (1000, 1000))
    assert resolve(str(model), None, tmp_path).identity != before
