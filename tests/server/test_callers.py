"""Many callers at once: each gets what it would get alone, nobody waits for who has gone, and more are told to wait."""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import psutil
import pytest
import torch
from anyio import CapacityLimiter
from endpoint_server import until
from fault_table import answered
from http_callers import LONG, SAY, WAYS, Caller
from http_server import Gate, Served
from raw_http import assert_in_dialect

from voiceclone.model.sharing import Waiting
from voiceclone.server.threads import Steps

SHORT = {**SAY, "input": "Hello.", "seed": 1}


@pytest.fixture
def gated(http_settings, make_http_worker):
    """A server whose engine stops after its first batch, until the gate is opened; it has three places."""
    gate = Gate()
    workers = []

    def build():
        workers.append(make_http_worker(gate))
        return workers[0]

    with Served(http_settings.model_copy(update={"max_waiting": 3}), build) as served:
        served.server.site.ready.wait()
        served.gate, served.engine = gate, workers[0].engine
        yield served
        gate.open()


def speech(served, body):
    return httpx2.post(f"{served.url}/v1/audio/speech", json=body, timeout=100)


@pytest.mark.parametrize("way", WAYS)
def test_who_hangs_up_before_its_turn_costs_nothing(gated, way):
    with ThreadPoolExecutor() as pool:
        first = pool.submit(speech, gated, SHORT)
        until(lambda: gated.gate.chunks == 1)
        caller = Caller(gated, way)
        until(lambda: gated.engine.waiting.callers)
        caller.hang_up()
        until(lambda: not gated.engine.waiting.callers)
        gated.gate.open()
        assert first.result().status_code == 200
    assert speech(gated, SHORT).status_code == 200
    assert gated.gate.chunks == 2, "those of the two that stayed"


@pytest.mark.parametrize("way", WAYS)
def test_who_hangs_up_in_the_middle_costs_one_more_chunk_at_most(gated, way, fault_table):
    caller = Caller(gated, way)
    caller.hear()
    caller.hang_up()
    until(lambda: not gated.server.site.admission.taken)
    gated.gate.open()
    assert speech(gated, SHORT).status_code == 200
    assert gated.gate.chunks <= 1 + 1 + 1
    assert gated.engine.waiting == Waiting(0, 0)
    fault_table.row(
        "Caller hangs up",
        "the connection is closed in the middle of a stream",
        "nothing: at most the chunk that is begun is spoken",
    )


def test_however_many_hang_up_no_thread_and_no_descriptor_is_left(served, http, times):
    process = psutil.Process()

    def held():
        return process.num_fds(), process.num_threads()

    def hang_up(number):
        draw = random.Random(number)
        caller = Caller(served, draw.choice(WAYS))
        if draw.random() < 0.3:
            caller.hear()
        caller.hang_up()

    hang_up(0)
    assert http.post("/v1/audio/speech", json=SHORT).status_code == 200
    until(lambda: not served.server.site.admission.taken)
    before = held()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hang_up, range(24 * times)))
    until(lambda: not served.server.site.admission.taken)
    until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))
    assert http.post("/v1/audio/speech", json=SHORT).status_code == 200


def test_sixteen_at_once_get_what_each_gets_alone(served):
    bodies = [{**SAY, "input": f"Number {i}, " * (1 + i % 2), "seed": i} for i in range(16)]
    alone = [speech(served, body).content for body in bodies]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda body: speech(served, body).content, bodies))
    for pair in zip(together, alone, strict=True):
        got, expected = (np.frombuffer(each, "<i2").astype(int) for each in pair)
        assert len(got) == len(expected)
        assert abs(got - expected).max() <= 1, "of 32768: sums in another order"


def test_a_full_server_says_so_and_answers_what_costs_nothing(gated, fault_table):
    assert speech(gated, SHORT).status_code == 200  # behind it the engine stops
    until(lambda: not gated.server.site.admission.taken)
    with ThreadPoolExecutor() as pool:
        taken = [pool.submit(speech, gated, {**SHORT, "seed": i}) for i in range(3)]
        until(lambda: gated.server.site.admission.taken == 3)
        for path, body in (("/v1/audio/speech", SHORT), ("/run", {"input": {}}), ("/runsync", {"input": {}})):
            more = httpx2.post(f"{gated.url}{path}", json=body)
            assert more.status_code == 429
            assert int(more.headers["retry-after"]) >= 1
            assert assert_in_dialect(more.content)["code"] == "rate_limit_exceeded"
        fault_table.row("Server is full", "one request more than `MAX_WAITING`", answered(more))
        for path in ("/ping", "/health", "/metrics", "/v1/models", "/v1/audio/voices"):
            assert httpx2.get(f"{gated.url}{path}").status_code == 200
        gated.gate.open()
        assert [each.result().status_code for each in taken] == [200] * 3
    assert speech(gated, SHORT).status_code == 200


def test_a_cancelled_job_leaves_its_place_though_the_engine_is_busy(gated):
    job = {"input": {"text": LONG, "voice": "example-en", "nfe_step": 1}}
    with ThreadPoolExecutor() as pool:
        first = pool.submit(speech, gated, SHORT)
        until(lambda: gated.gate.chunks == 1)
        sent = httpx2.post(f"{gated.url}/run", json=job).json()
        until(lambda: gated.engine.waiting.callers)
        httpx2.post(f"{gated.url}/cancel/{sent['id']}")
        until(lambda: httpx2.get(f"{gated.url}/status/{sent['id']}").json()["status"] == "CANCELLED")
        gated.gate.open()
        assert first.result().status_code == 200


def test_a_long_text_does_not_hold_back_a_short_one(served):
    caller = Caller(served, "audio")
    caller.hear()
    assert speech(served, SHORT).status_code == 200
    until(lambda: served.server.site.admission.taken < 2)
    assert served.server.site.admission.taken == 1, "the long one is not done"
    caller.hang_up()


@pytest.mark.parametrize("on_platform", [False, True])
def test_a_gpu_that_breaks_down_is_told_and_ends_the_process(
    http_settings, build_http, engine, monkeypatch, on_platform, fault_table
):
    """The driver's error is the one that a GPU raises; there is none here."""

    def launch(*_):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)

    monkeypatch.setattr(engine.vocoder, "forward", launch)
    settings = http_settings.model_copy(update={"on_platform": on_platform, "host": "127.0.0.1"})
    with Served(settings, build_http) as served:
        served.server.site.ready.wait()
        answer = speech(served, SHORT)
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "synthesis_failed"
        assert "x-should-retry" not in answer.headers, "another worker may do better"
        if on_platform:
            ping = httpx2.get(f"{served.url}/ping")
            assert ping.status_code == 503
            assert "GPU failed" in ping.json()["reason"]
            assert speech(served, SHORT).status_code == 503
        else:
            assert "GPU failed" in served.wait()
    row = f"{answered(answer)}, then 503; `/ping` tells the reason, and the process ends"
    fault_table.row("GPU breaks down under a server", "a CUDA error, with `SERVE=http`", row)


def test_where_there_can_be_no_more_threads_no_place_is_lost(monkeypatch):
    def no_more(_thread):
        raise RuntimeError("can't start new thread")

    async def steps():
        places = CapacityLimiter(1)
        steps = Steps((number for number in (1, 2)), places)
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", no_more)
            with pytest.raises(RuntimeError):
                await steps.next()
        assert not places.borrowed_tokens
        assert await steps.next() == 1

    asyncio.run(steps())
