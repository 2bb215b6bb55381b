"""The endpoint's client keeps at it, says what went wrong and what to do, and sends the key nowhere else."""

from __future__ import annotations

import base64
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from endpoint_server import KEY, EndpointServer, until

from voiceclone import audio
from voiceclone.client import endpoint, results
from voiceclone.client.endpoint import COMPLETED, MAX_ANSWER_BYTES, QUEUED, RUNNING, Endpoint, Pace
from voiceclone.client.errors import BadInput, JobFailed, NoWorker, Problem, ResultGone
from voiceclone.types import AUDIO_FORMATS, Waveform

QUICK = Pace(first_s=0.005, most_s=0.02, retries=3, backoff_s=0.01)
PROGRESS = {"chunks_done": 1, "chunks": 2, "percent": 50.0, "seconds_left": 3.0}


def client(server, key=KEY, stop=None):
    return Endpoint(f"{server.base}/v2/ep", key, stop, QUICK)


def fetched(url, max_bytes=None):
    return results.download(url, max_bytes, inside=True)


def redirect(handler, location):
    handler.send_response(307)
    handler.send_header("Location", location)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def echo(data, _tell):
    return {"said": data}


@pytest.fixture
def server():
    with EndpointServer(echo) as served:
        yield served


def test_a_job_is_followed_to_its_reply():
    """Every news is told once: that it waits, what the worker tells, that it is done."""
    heard = []

    def hear(state, progress):
        heard.append((state, dict(progress)))
        if state == QUEUED:
            server.news("job-1-u1", status="IN_PROGRESS", output=PROGRESS)
        elif progress:
            server.finish("job-1-u1", {"said": 1})

    with EndpointServer() as server:
        ids = []
        reply = client(server).ask({"text": "a"}, hear, ids.append)
    assert reply == {"said": 1}
    assert ids == ["job-1-u1"]
    assert heard == [(QUEUED, {}), (RUNNING, PROGRESS), (COMPLETED, {})]


@pytest.mark.parametrize("step", ["run", "status"])
@pytest.mark.parametrize("fault", [429, 500, 503, "reset"])
def test_a_passing_fault_is_waited_out(server, step, fault):
    server.faults += [(step, fault)] * 2
    assert client(server).ask({"text": "a"}) == {"said": {"text": "a"}}
    assert len(server.submitted) == 1
    assert server.requests[step] >= 3


def test_an_endpoint_that_stays_away_is_told(server):
    server.faults += [("run", 503)] * 9
    with pytest.raises(NoWorker, match="503"):
        client(server).submit({"text": "a"})
    assert server.requests["run"] == 1 + QUICK.retries
    with pytest.raises(NoWorker, match="cannot be reached") as caught:
        Endpoint("http://127.0.0.1:1/v2/ep", KEY, pace=QUICK).submit({"text": "a"})
    assert KEY not in str(caught.value)


def test_a_lost_answer_costs_a_second_run_and_never_a_second_voice(server):
    """Speech is sent again; what would fail the second time is not, and the person is told to look."""
    server.faults.append(("run", "lost"))
    assert client(server).ask({"text": "a"}) == {"said": {"text": "a"}}
    assert server.submitted == [{"text": "a"}] * 2
    server.submitted.clear()
    server.faults.append(("run", "lost"))
    with pytest.raises(NoWorker, match="may have been done"):
        client(server).ask({"action": "add_voice", "voice": "anna"})
    assert len(server.submitted) == 1
    server.faults.append(("run", 429))  # certainly not taken
    assert client(server).ask({"action": "delete_voice", "voice": "anna"})
    assert len(server.submitted) == 2


@pytest.mark.parametrize(
    ("status", "variable"), [(401, "RUNPOD_API_KEY"), (403, "RUNPOD_API_KEY"), (404, "RUNPOD_ENDPOINT_ID")]
)
def test_a_refusal_is_final_and_names_what_to_check(server, status, variable):
    server.faults.append(("run", status))
    with pytest.raises(NoWorker, match=variable) as caught:
        client(server).submit({"text": "a"})
    assert server.requests["run"] == 1
    assert KEY not in str(caught.value)


def test_a_wrong_key_is_refused(server):
    with pytest.raises(NoWorker, match="RUNPOD_API_KEY"):
        client(server, "another").submit({"text": "a"})


def test_what_the_worker_says_went_wrong_is_passed_on():
    def refuse(_data, _tell):
        details = [{"field": "speed", "message": "is high"}, {"field": "text", "message": "is missing"}]
        return {"error": "invalid_input: two fields", "error_code": "invalid_input", "details": details}

    with EndpointServer(refuse) as server, pytest.raises(JobFailed) as caught:
        client(server).ask({})
    assert str(caught.value) == "invalid_input: two fields\n  speed: is high\n  text: is missing"
    assert (caught.value.code, caught.value.status, caught.value.is_final) == ("invalid_input", 2, True)


@pytest.mark.parametrize(
    ("news", "told"),
    [
        ({"status": "TIMED_OUT"}, "execution timeout"),
        ({"status": "CANCELLED"}, "was cancelled"),
        ({"status": "FAILED"}, "without a reason"),
        ({"status": "FAILED", "error": "out_of_memory: too long"}, "too long"),
        ({"status": "COMPLETED", "output": None}, "without a reply"),
        ({"status": "COMPLETED", "output": {"error": "internal: a bug"}}, "internal: a bug"),
    ],
)
def test_a_job_without_a_result_says_why(news, told):
    with EndpointServer() as server:
        job_id = client(server).submit({"text": "a"})
        server.news(job_id, **news)
        with pytest.raises(JobFailed, match=told) as caught:
            client(server).take_up(job_id)
    assert not caught.value.is_final


def test_who_stops_cancels_the_job_once():
    stop = threading.Event()
    with EndpointServer() as server:

        def work():
            until(lambda: server.requests["status"] > 1)
            stop.set()

        thread = threading.Thread(target=work)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            client(server, stop=stop).ask({"text": "a"})
        thread.join()
        assert server.jobs["job-1-u1"]["status"] == "CANCELLED"
        assert server.requests["cancel"] == 1


def test_a_job_that_is_no_longer_known_is_told(server):
    job_id = client(server).submit({"text": "a"})
    client(server).take_up(job_id)
    server.forget()
    with pytest.raises(ResultGone, match=f"30 minutes.*result {job_id}"):
        client(server).take_up(job_id)
    client(server).cancel(job_id)  # nothing to do


def test_a_network_that_goes_away_leaves_the_way_back():
    with EndpointServer() as server:
        ask = client(server)
        job_id = ask.submit({"text": "a"})
        server.faults += [("status", 502)] * 9
        with pytest.raises(NoWorker, match=f"502.*result {job_id}"):
            ask.take_up(job_id)
        assert not server.requests["cancel"]


def test_a_job_that_the_platform_would_not_take_is_not_sent(server):
    with pytest.raises(BadInput, match=r"12\.0 MB.*12 s are enough"):
        client(server).submit({"ref_audio": "A" * 12_000_000})
    assert not server.requests


def test_health_is_the_endpoints_own(server):
    assert client(server).health()["workers"]["idle"] == 1


WORKERS = dict.fromkeys(("idle", "initializing", "ready", "running", "throttled", "unhealthy"), 0)


class Waits:
    """A queue in which nobody works: the client's clock goes on 20 s with each status, and the job ends after some."""

    def __init__(self, server, *workers, per_state=12):
        """`workers`: what the endpoint's workers do, each for so many questions of the clock."""
        self.server, self.workers, self.per_state = server, workers, per_state
        self.told, self.asked = [], 0

    def clock(self):
        turn, rest = divmod(self.asked, self.per_state)
        if turn < len(self.workers):
            self.server.workers = WORKERS | self.workers[turn]
        elif not rest:
            for job in list(self.server.jobs):
                self.server.finish(job, {"said": 1})
        self.asked += 1
        return self.asked * 20.0

    def ask(self, count=1):
        pace = replace(QUICK, clock=self.clock)
        endpoint = Endpoint(f"{self.server.base}/v2/ep", KEY, pace=pace, warn=self.told.append)
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(endpoint.ask, [{"text": "a"}] * count))


@pytest.mark.parametrize(
    ("workers", "told"),
    [
        ({}, "there is no worker .*largest number of workers is 0"),
        ({"throttled": 1}, r"1 throttled \(all GPUs of its types are taken: wait, or add types"),
        ({"unhealthy": 2}, r"2 unhealthy \(the worker's log"),
        ({"initializing": 1}, r"1 initializing \(it starts and loads its models: wait"),
        ({"running": 3}, r"3 running \(busy with other jobs: wait, or raise"),
        ({"initializing": 1, "unhealthy": 1}, r"1 unhealthy \(.*\), 1 initializing \("),
    ],
)
def test_who_waits_long_is_told_why_no_worker_comes(workers, told):
    """Once, as long as it is the same."""
    with EndpointServer() as server:
        waits = Waits(server, workers, workers)
        assert waits.ask() == [{"said": 1}]
    assert server.requests["health"] > 1
    (only,) = waits.told
    assert re.search(told, only)


def test_what_has_changed_is_told_again_and_once_for_all_who_wait():
    with EndpointServer() as server:
        waits = Waits(server, {}, {"initializing": 1}, {}, per_state=60)
        assert waits.ask(3) == [{"said": 1}] * 3
    assert [re.search(r"there is no|initializing", line)[0] for line in waits.told] == [
        "there is no",
        "initializing",
        "there is no",
    ]


def test_nobody_is_told_anything_while_a_worker_is_ready_or_the_wait_is_short(server):
    waits = Waits(server, {"idle": 1, "ready": 1})
    with EndpointServer() as queue:
        waits.server = queue
        waits.ask()
        assert queue.requests["health"]
    assert waits.told == []
    heard = []
    ask = Endpoint(f"{server.base}/v2/ep", KEY, pace=QUICK, warn=heard.append)
    assert ask.ask({"text": "a"})
    assert (server.requests["health"], heard) == (0, [])


def test_a_health_that_cannot_be_had_does_not_end_the_wait():
    with EndpointServer() as server:
        server.faults += [("health", 404), *[("health", 503)] * (1 + QUICK.retries)]
        waits = Waits(server, {}, {}, {})
        assert waits.ask() == [{"said": 1}]
        assert server.requests["health"] > 2 + QUICK.retries
    assert len(waits.told) == 1


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "RUNPOD_ENDPOINT_ID is not set"),
        ({"RUNPOD_ENDPOINT_ID": "ep"}, "RUNPOD_API_KEY is not set"),
        ({"RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_API_KEY": "a\nb"}, "RUNPOD_API_KEY has characters"),
        (
            {"RUNPOD_ENDPOINT_ID": "ep", "RUNPOD_API_KEY": "Bearer a"},
            "RUNPOD_API_KEY begins with a word such as Bearer",
        ),
        ({"RUNPOD_ENDPOINT_BASE_URL": "localhost:8000"}, "must begin with http"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(environ, told):
    with pytest.raises(BadInput, match=told):
        Endpoint.from_env(environ)


def test_what_is_no_endpoint_is_told(server):
    """A page of a proxy, or another service."""
    server.serve_file("health", b"<html>")
    with pytest.raises(NoWorker, match="no endpoint: look for a proxy"):
        Endpoint(f"{server.base}/files", KEY, pace=QUICK).health()


def test_a_result_comes_whole_by_its_link_and_the_key_stays_here(server):
    reply = {
        "audio_url": server.serve_file("a.wav", b"RIFF"),
        "subtitles": {"srt": server.serve_file("a.srt", b"1\n")},
    }
    ask = client(server)
    ask.health()
    assert ask.result(reply) == results.Result(b"RIFF", {"srt": "1\n"})
    assert server.tokens == {("health", f"Bearer {KEY}"), ("files", None)}


def test_a_result_that_breaks_off_is_fetched_again_and_never_half_taken(server, monkeypatch):
    monkeypatch.setattr(results, "TIMEOUTS_S", (1, 1))
    url = server.serve_file("a.wav", b"RIFF")
    server.faults += [("files", "reset"), ("files", 503)]
    assert fetched(url) == b"RIFF"
    server.promise = 100
    with pytest.raises(NoWorker, match="broke off") as caught:
        fetched(url)
    assert "Signature" not in str(caught.value)
    server.promise = 0
    server.files.clear()
    with pytest.raises(ResultGone, match="404"):
        fetched(url)


def test_a_result_comes_inside_a_reply_and_never_from_a_path_that_an_endpoint_names(tmp_path):
    inside = {"audio_base64": base64.b64encode(b"RIFF").decode(), "subtitles": {"srt": "1\n"}}
    assert results.read(inside) == results.Result(b"RIFF", {"srt": "1\n"})
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(ResultGone, match="delivery=base64"):
        results.read({"audio_path": str(tmp_path / "a.wav")})
    kept = {"audio_path": "/elsewhere.wav", "key": "output/a.wav", "degraded": {"reason": "no such bucket"}}
    with pytest.raises(ResultGone, match=r"no such bucket.*result output/a\.wav"):
        results.read(kept)
    with pytest.raises(JobFailed, match="damaged"):
        results.read({"audio_base64": "?"})


def test_an_answer_or_a_download_is_no_larger_than_it_may_be(server):
    url = server.serve_file("a.wav", b"RIFF" * 10)
    assert len(fetched(url, 40)) == 40
    with pytest.raises(NoWorker, match="larger than"):
        fetched(url, 39)
    server.faults.append(("run", b'{"id": "a"' + b" " * MAX_ANSWER_BYTES + b"}"))
    with pytest.raises(NoWorker, match="larger than"):
        client(server).submit({"text": "a"})


@pytest.mark.parametrize("link", [f"http://{'a' * 64}.com/a", "http://[::1/a", "http://a:99999999/a", "http://.a/"])
def test_a_link_that_leads_nowhere_is_told(link):
    with pytest.raises(NoWorker, match="cannot be reached"):
        fetched(link)


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_audio_is_what_was_asked_for(audio_format):
    """By how it begins: what the worker makes is taken, a text is not."""
    made = audio.encode(Waveform(np.zeros(4800, np.float32), 24_000), audio_format)
    reply = {"audio_base64": base64.b64encode(made).decode()}
    assert results.read(reply, audio_format).audio == made
    with pytest.raises(JobFailed, match=f"is no {audio_format}"):
        results.Result(b"" if audio_format == "pcm" else b"<html>", {}).require(audio_format)


@pytest.mark.parametrize("step", ["run", "status", "files"])
@pytest.mark.parametrize("headers", [{}, {"Location": "/elsewhere"}, {"Retry-After": "soon"}])
@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_an_answer_without_an_end_is_not_waited_for(server, monkeypatch, step, headers, status):
    """Whether it is the result, a refusal, a redirect, or what comes before another try."""

    def flood(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 20))

    monkeypatch.setattr(results, "MAX_AUDIO_BYTES", 10**6)
    reply = {"audio_url": server.serve_file("a.wav", b"RIFF")}
    server.faults += [(step, flood)] * 9
    asks = client(server)
    with pytest.raises(Problem):
        asks.result(reply) if step == "files" else asks.ask({"text": "a"})
    server.faults.clear()


def test_a_link_may_lead_on_and_only_over_http(server):
    def leads(location):
        return lambda handler: redirect(handler, location)

    url = server.serve_file("a.wav", b"RIFF")
    server.faults.append(("files", leads("/files/a.wav")))
    assert fetched(url) == b"RIFF"
    for location in ("file:///etc/passwd", "http://[", "ftp://a/b"):
        server.faults.append(("files", leads(location)))
        with pytest.raises(NoWorker, match="cannot be reached"):
            fetched(url)
    server.faults += [("files", leads(url))] * results.MAX_REDIRECTS
    assert fetched(url) == b"RIFF"
    server.faults += [("files", leads(url))] * (results.MAX_REDIRECTS + 1)
    with pytest.raises(NoWorker, match="leads on more than"):
        fetched(url)


@pytest.mark.parametrize("step", ["run", "status", "files"])
@pytest.mark.parametrize("before", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\n{"])
def test_an_answer_that_drips_is_not_waited_for(server, monkeypatch, step, before):
    """Its status, its headers and its body share one limit, however short the pauses are."""
    over = threading.Event()

    def drip(handler):
        handler.wfile.write(before)
        while not over.wait(0.01):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    monkeypatch.setattr(results, "MOST_S", 0.2)
    monkeypatch.setattr(endpoint, "ANSWER_S", 0.2)
    url = server.serve_file("a.wav", b"RIFF")
    server.faults.append((step, drip))
    with pytest.raises(NoWorker, match="takes longer"):
        fetched(url) if step == "files" else client(server).ask({"text": "a"})
    over.set()
