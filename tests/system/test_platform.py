"""The worker in the platform's hands: it takes jobs, tells how far they are, posts results and ends when told to."""

from __future__ import annotations

import json
import shutil
import signal
import socket

import pytest
import requests
import torch
from conftest import ROOT
from endpoint_server import until
from forked import Forked
from job_server import JobServer, start_worker

SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 2, "seed": 5, "delivery": "local"}
LONG = {**SAY, "text": "A sentence of several that are spoken one by one, and none is short. " * 6, "nfe_step": 2}
# Progress is told sooner than usual: no job here takes so long.
EAGER = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone.jobs import progress
progress.EVERY_S = progress.LEAST_LEFT_S = 0
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""

# A mistake that nobody has made yet.
BROKEN = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone.model import Engine
Engine.warm_up = lambda engine: [][0]
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""

# A GPU that is lost between the start and the first job: tensors there are never computed.
LOST = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone.model import Engine
Engine.warm_up = lambda engine: engine.dit.to("meta")
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""

# A limit on the size of files stands in for a full volume.
NO_ROOM = f"""
import resource, runpy, sys
sys.path.insert(0, {str(ROOT)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""

STOPPED = f"""
import os, runpy, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone.model import Engine
Engine.warm_up = lambda engine: os.kill(os.getpid(), signal.SIGTERM)
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""


DEAD_GPU = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
import torch
from voiceclone.model import Engine
def fail(*_):
    raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)
Engine.warm_up = lambda engine: setattr(engine.vocoder, "forward", fail)
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""


def results_of(server, count):
    """The next results, by job, and the updates before them."""
    results, updates = {}, {}
    while len(results) < count:
        job_id, posted = server.results.get(timeout=90)
        if posted.get("status") == "IN_PROGRESS":
            updates.setdefault(job_id, []).append(posted["output"])
        else:
            results[job_id] = posted
    return results, updates


def test_the_platforms_loop_gets_its_results(places, fault_table):
    """Good and bad jobs are answered, the latter with what is wrong; a result that is refused is posted again; a job
    that is given twice makes one object; a long one tells how far it is; and SIGTERM lets a running job finish."""
    broken = [
        {"id": f"broken-{i}", "input": data} for i, data in enumerate([{}, "say", [], {"text": 5}, {"tekst": "a"}])
    ]
    with JobServer([{"id": "good", "input": SAY}]) as server, start_worker(places, server, "-c", EAGER) as process:
        server.refused = 2
        good, _ = results_of(server, 1)
        assert server.refused == 0
        server.jobs.put({"id": "good", "input": SAY})
        again, _ = results_of(server, 1)
        for job in broken:
            server.jobs.put(job)
        bad, _ = results_of(server, len(broken))
        server.jobs.put({"id": "long", "input": LONG})
        job_id, first = server.results.get(timeout=90)
        process.send_signal(signal.SIGTERM)
        results, updates = results_of(server, 1)
        assert process.wait(timeout=30) == 0
        assert server.results.empty(), "nothing comes behind the result"
    assert good["good"]["output"]["status"] == "completed"
    assert again["good"]["output"]["key"] == good["good"]["output"]["key"]
    assert all(posted["error"].startswith("invalid_input: ") for posted in bad.values())
    assert all(posted["output"]["error_code"] == "invalid_input" for posted in bad.values())
    assert (job_id, first["status"]) == ("long", "IN_PROGRESS")
    assert set(first["output"]) == {"chunks_done", "chunks", "percent", "seconds_left"}
    chunks = len(results["long"]["output"]["chunks"])
    assert all(update["chunks"] == chunks > update["chunks_done"] for update in updates.get("long", []))
    assert len(list((places[0] / "output").iterdir())) == 2, "one object for each of two jobs"
    fault_table.row("Result is refused", "500 to the worker's result, twice", "the speech, at the third try")
    fault_table.row("Job comes twice", "the same id and input again", "the speech, under the same key", "one result")
    fault_table.row("Job is broken", "no object, no text, wrong types, unknown fields", "`invalid_input`, by field")
    fault_table.row("Worker is stopped", "SIGTERM within a job", "the speech; then the worker ends with 0")


def test_a_worker_whose_gpu_is_dead_takes_no_further_job(places, fault_table):
    """It posts what became of the job that noticed, asks for a new worker, and ends; the next job is left to that."""
    with JobServer([{"id": name, "input": SAY} for name in ("first", "next")]) as server:
        with start_worker(places, server, "-c", DEAD_GPU) as process:
            results, _ = results_of(server, 1)
            assert process.wait(timeout=90) == 0
        assert server.results.empty()
        assert server.jobs.get_nowait()["id"] == "next"
    assert results["first"]["error"].startswith("synthesis_failed: the GPU failed")
    assert results["first"]["stopPod"]
    fault_table.row(
        "GPU is dead",
        "CUDA errors from now on",
        "`synthesis_failed`, once; then the worker ends with 0, and takes no job",
    )


def test_a_worker_that_is_stopped_while_it_loads_ends_at_once(places, fault_table):
    """By itself, giving back what it holds: a signal that it leaves alone does not end a container's first process."""
    with JobServer() as server, start_worker(places, server, "-c", STOPPED) as process:
        assert process.wait(timeout=90) == 128 + signal.SIGTERM
    fault_table.row("Worker is stopped early", "SIGTERM while it loads", "no worker; it ends at once")


def test_the_official_client_is_answered_by_a_worker_on_a_laptop(places):
    """`--rp_serve_api` and runpod's own client, good and bad."""
    import runpod

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", str(port)]
    with Forked(places, str(ROOT / "runpod-handler.py"), *serve) as process:
        until(lambda: "Uvicorn running" in process.said)
        before, runpod.endpoint_url_base = runpod.endpoint_url_base, f"http://127.0.0.1:{port}"
        try:
            endpoint = runpod.Endpoint(".", api_key="key")  # the local API knows no endpoint's name
            reply = endpoint.run_sync({"input": SAY}, timeout=60)
            assert reply["status"] == "completed"
            assert (places[0] / "output" / reply["key"]).is_file()
        finally:
            runpod.endpoint_url_base = before
        bad = requests.post(f"http://127.0.0.1:{port}/runsync", json={"input": {"text": ""}}, timeout=60).json()
        assert bad["status"] == "FAILED"
        assert "invalid_input" in json.dumps(bad)


def unhealthy_reason(places, *how):
    """Start a worker that cannot serve; returns what the platform hears of it. `how`: as for `start_worker`."""
    with JobServer() as server, start_worker(places, server, *how) as process:
        assert process.wait(timeout=90) == 1
        ping = server.pings.get(timeout=1)
    assert (ping["status"], ping["check"]) == (["unhealthy"], ["check_models"])
    return ping["reason"][0]


def test_a_worker_without_models_reports_itself_unhealthy(places, fault_table):
    """The platform hears the reason, and the process ends."""
    places[1]["RUNPOD_VOLUME"] = str(places[0] / "missing")
    reason = unhealthy_reason(places)
    assert "attach a network volume" in reason
    told = reason.replace(str(places[0] / "missing"), "VOLUME").partition(": ")[2]
    fault_table.row("Volume is missing", "no directory where the volume should be", f"no worker: `{told}`")


def test_a_setting_that_cannot_be_read_is_told_to_the_platform(places, fault_table):
    places[1]["LOG_LEVEL"] = "LOUD"
    reason = unhealthy_reason(places)
    assert "LOG_LEVEL='LOUD'" in reason
    told = reason.partition(": ")[2]
    fault_table.row("Setting cannot be read", "`LOG_LEVEL=LOUD`", f"no worker: `{told}`")


def test_a_damaged_model_is_told_to_the_platform_with_the_file(places, random_model, tmp_path):
    """A vocoder's config that is no YAML at all."""
    model = tmp_path / "model"
    shutil.copytree(random_model, model)
    (model / "vocos/config.yaml").write_text("{")
    places[1]["F5_MODEL"] = str(model)
    assert f"{model}/vocos/config.yaml is not YAML that can be read" in unhealthy_reason(places)


def test_a_failure_that_nobody_foresaw_is_told_to_the_platform(places):
    assert "IndexError: list index out of range" in unhealthy_reason(places, "-c", BROKEN)


def test_a_device_that_no_longer_computes_is_told_to_the_platform(places):
    assert "meta" in unhealthy_reason(places, "-c", LOST)


def test_a_volume_without_room_is_told_in_the_log_of_a_worker_that_speaks(places):
    """It is no reason to end a worker that delivers into the reply. None of the SDK's own checks runs: the image
    switches them off, and so does the stand-in for the platform.
    """
    job = {"id": "good", "input": {**SAY, "delivery": "base64"}}
    with JobServer([job]) as server, start_worker(places, server, "-c", NO_ROOM) as process:
        results, _ = results_of(server, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    log = process.said
    assert results["good"]["output"]["audio_base64"]
    assert f"nothing can be kept on the volume {places[1]['RUNPOD_VOLUME']} (File too large)" in log
    assert "Running 1 fitness check(s)" in log


@pytest.mark.skipif(torch.cuda.is_available(), reason="the promise is about machines without a usable GPU")
def test_a_worker_without_a_gpu_reports_itself_unhealthy(places):
    """On the platform the CPU never takes the GPU's place in silence."""
    del places[1]["F5_DEVICE"]
    assert "the GPU cannot be used" in unhealthy_reason(places)
