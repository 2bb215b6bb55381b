"""The worker over HTTP under load: what callers hear, what HTTP costs, how soon it is there. `bench.py serve`."""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from benchmark.figures import (
    DIRECT,
    OURS,
    OVER_HTTP,
    QUEUE,
    REQUEST,
    RUNSYNC,
    SILENT,
    SPEECH,
    START,
    THEIRS,
    Run,
    Sample,
)
from benchmark.measure import Bench
from benchmark.process import Program, peer_environment, speakers
from benchmark.servers import batches, http_server, load, queue_start, socket_server
from benchmark.work import SENTENCES, TRANSCRIPT, reference

TOGETHER = f"{OURS}, a GPU's batches"
LONG_EVERY, LONG_SENTENCES = 8, 4
"""Every eighth job is of so many sentences, the others of one."""
GREETING = "Good morning."
REQUESTS = 10
"""In a round, of each kind in turn."""
STARVED_S = 0.02
"""A shorter gap is not counted."""


@dataclass(frozen=True)
class Place:
    """What speaks, and as whom."""

    bench: Bench
    model: str
    volume: Path
    steps: int

    @property
    def environ(self) -> dict[str, str]:
        """A worker's settings."""
        dtype = self.bench.dtypes[0]
        return {
            "RUNPOD_VOLUME": str(self.volume.absolute()),
            "OUTPUT_DIR": str(self.bench.directory.absolute() / "output"),
            "F5_MODEL": self.model,
            "F5_DEVICE": self.bench.device,
            "LOG_LEVEL": "WARNING",
            "MAX_WAITING": "1000",
            **({"F5_DTYPE": dtype} if dtype else {}),
        }

    def theirs(self) -> tuple[str, Program]:
        """The voice that both sides speak in, and f5-tts's socket server with that reference."""
        from voiceclone.checkpoints import resolve

        found = resolve(self.model, None, self.volume)
        if found.voices:
            wav = sorted(found.voices.glob("*.wav"))[-1]
            voice, transcript = wav.stem, wav.with_suffix(".txt").read_text().strip()
        else:
            wav, voice, transcript = reference(), "example-en", TRANSCRIPT
        own_config = found.weights.with_name("config.yaml")
        options = {
            "config": str(own_config.absolute()) if own_config.exists() else f"{self.model}.yaml",
            "weights": str(found.weights),
            "vocab": str(found.vocab),
            "vocoder_config": str(found.vocoder_config),
            "vocoder_weights": str(found.vocoder_weights),
            "reference": str(wav),
            "transcript": transcript,
            "device": self.bench.device,
            "steps": self.steps,
        }
        is_left_out = self.bench.only == OURS
        python = Path(sys.executable) if is_left_out else peer_environment(self.bench.directory.absolute())
        return voice, Program(python, "theirs", options)


def serve(place: Place, callers: Sequence[int], count: int, *, together: bool) -> Run:
    """All sides in turn, each alone.

    Args:
        callers: how many share the jobs.
        count: of jobs.
        together: whether our side speaks once more with a GPU's batches.
    """
    bench, samples = place.bench, []
    place.volume.mkdir(parents=True, exist_ok=True)
    voice, program = place.theirs()
    jobs = jobs_of(count, voice, place.steps)
    sides: dict[str, Mapping[str, Any]] = {}
    for round_ in range(1, bench.rounds + 1):
        if bench.only != THEIRS:
            with http_server(place.environ) as server:
                times = {"port_s": server.port_s, "ready_s": server.ready_s}
                samples.append(Sample(START, OVER_HTTP, round_, times))
                samples += loaded(OURS, round_, "Http", server.url, callers, jobs)
                requested, sides[OURS] = one_by_one(place, server.url, {**jobs[0], "input": GREETING})
                samples += (Sample(REQUEST, side, round_, values) for side, values in requested.items())
            samples.append(Sample(START, QUEUE, round_, {"ready_s": queue_start(place.environ)}))
        if together and bench.only != THEIRS:
            with http_server(place.environ, "-m", "benchmark.ours", '{"what": "http"}') as server:
                samples += loaded(TOGETHER, round_, "Http", server.url, callers, jobs)
        if bench.only != OURS:
            with socket_server(program) as (url, sides[THEIRS]):
                samples += loaded(THEIRS, round_, "Socket", url, callers, jobs)
    return replace(bench, arch=place.model).run("serve", samples, sides)


def jobs_of(count: int, voice: str, steps: int) -> list[dict[str, Any]]:
    """Bodies of requests: sentences, and now and then some at once."""
    sentences = SENTENCES.read_text().splitlines()
    jobs = []
    for n in range(count):
        lines = [sentences[(n + more) % len(sentences)] for more in range(LONG_SENTENCES)]
        text = " ".join(lines) if n % LONG_EVERY == LONG_EVERY - 1 else lines[0]
        jobs.append({"input": text, "voice": voice, "nfe_step": steps, "seed": n, "response_format": "pcm"})
    return jobs


def loaded(
    side: str, round_: int, kind: str, url: str, callers: Sequence[int], jobs: Sequence[Mapping[str, Any]]
) -> Iterable[Sample]:
    """The same jobs by one number of callers after the other."""
    if kind == "Http":  # what is prepared at a first use is not counted; f5-tts's server has done so by itself
        with requests.Session() as session:
            posted(session, f"{url}/v1/audio/speech", jobs[0])
    for many in callers:
        before = batches(url) if kind == "Http" else None
        values = summary(load(kind, url, many, jobs)) | {"load": os.getloadavg()[0]}
        if before:
            chunks, spoken = (after - had for after, had in zip(batches(url), before, strict=True))
            values["chunks_a_batch"] = chunks / spoken
        yield Sample(f"{many} caller{'s' if many > 1 else ''}", side, round_, values)


def summary(answers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What callers heard, as figures. Raises RuntimeError where none heard anything."""
    heard = [answer for answer in answers if "error" not in answer]
    if not heard:
        raise RuntimeError(f"no job was done: {answers[0]['error'] if answers else 'nobody asked'}")
    firsts = sorted(answer["first_s"] for answer in heard)
    waits = [
        statistics.mean(answer["first_s"] for answer in heard if answer["caller"] == caller)
        for caller in {answer["caller"] for answer in heard}
    ]
    begin = min(answer["asked"] for answer in answers)
    return {
        "jobs": len(answers),
        "failed": len(answers) - len(heard),
        "first_s": statistics.median(firsts),
        "first_90_s": firsts[math.ceil(0.9 * len(firsts)) - 1],
        "uneven": max(waits) / statistics.median(waits),
        "speech_s": sum(answer["speech_s"] for answer in heard),
        "taken_s": max(answer["asked"] + answer["taken_s"] for answer in heard) - begin,
        "starved": sum(answer["gap_s"] > STARVED_S for answer in heard),
        "gap_s": max(answer["gap_s"] for answer in heard),
    }


def one_by_one(place: Place, url: str, job: Mapping[str, Any]) -> tuple[dict[str, dict[str, float]], Mapping[str, Any]]:
    """Seconds of one request by its way, the median of some in turn; and what a worker says of itself."""
    fields = {"text": job["input"], **{name: job[name] for name in ("voice", "nfe_step", "seed")}}
    jobs = {"": {**fields, "format": "wav", "delivery": "base64"}, SILENT: {"action": "info"}}
    taken: dict[str, list[float]] = defaultdict(list)
    direct = Program(Path(sys.executable), "ours", {"what": "handle"}, place.environ)
    with requests.Session() as session, speakers({DIRECT: direct}) as sides:
        worker = sides[DIRECT]
        for n in range(REQUESTS + 1):
            values = {}
            for kind, whole in jobs.items():
                values[DIRECT + kind] = float(worker.timed("handle", job=whole)["taken_s"])
                values[RUNSYNC + kind] = posted(session, f"{url}/runsync", {"input": whole})
            values[SPEECH] = posted(session, f"{url}/v1/audio/speech", job)
            for way in values if n else ():  # what is prepared at a first use is not counted
                taken[way].append(values[way])
        about = worker.ask("about")
    return {way: {"taken_s": statistics.median(times)} for way, times in taken.items()}, about


def posted(session: requests.Session, url: str, body: Mapping[str, Any]) -> float:
    """Return the seconds of a request, its answer read to the end."""
    start = time.perf_counter()
    session.post(url, json=body, timeout=600).raise_for_status()
    return time.perf_counter() - start
