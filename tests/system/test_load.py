"""A worker that has answered hundreds of jobs is the worker that has answered its first fifty."""

from __future__ import annotations

import json

from conftest import ROOT
from forked import Forked

WARM_UP, JOBS = 50, 100
# A job of each kind in turn: spoken and delivered in every way, looked at, and broken in one way or another.
WORK = f"""
import base64, gc, importlib.util, json, os, sys, tempfile
from dataclasses import replace
from itertools import count
import psutil

sys.path.insert(0, {str(ROOT)!r})
spec = importlib.util.spec_from_file_location("runpod_handler", {str(ROOT / "runpod-handler.py")!r})
entry = importlib.util.module_from_spec(spec)
spec.loader.exec_module(entry)
entry.initialize_models()
from voiceclone import audio
from voiceclone.voices import BuiltIn
number = count()
recording = BuiltIn().named("example-en").waveform
short = audio.encode(replace(recording, samples=recording.samples[:30_000]), "wav")
recorded = {{"ref_audio": base64.b64encode(short).decode(), "ref_text": "Some call me"}}
add = {{"action": "add_voice", "voice": "short", **recorded}}
assert entry.handler({{"id": "add", "input": add}})["status"] == "completed"
say = {{"voice": "short", "nfe_step": 1}}
kinds = [
    lambda i: {{**say, "text": "Hello, " * (i % 4) + f"{{i}}.", "format": ["wav", "mp3", "opus"][i % 3]}},
    lambda i: {{**say, "text": f"Number {{i}}.", "delivery": "base64"}},
    lambda i: {{**say, "text": "Two. [pause:0.1s] [example-en] One.", "seed": i, "delivery": "s3"}},
    lambda i: {{**say, "text": "Never.", "speed": i + 10}},
    lambda i: {{"text": "Never.", "ref_audio": "data:audio/wav;base64," + "UklGRg" * (i % 50 + 1), "ref_text": "No."}},
    lambda i: {{**say, "voice": f"nobody-{{i}}", "text": "Never."}},
    lambda i: {{"action": "info"}},
    lambda i: {{"action": "check", **say, "text": "It costs $" + str(i) + "."}},
    lambda i: {{**say, "text": "A word.", "lexicon": {{f"w{{i}}": "x"}}, "delivery": "local"}},
    lambda i: {{"action": "link", "key": f"output/none-{{i}}.wav"}},
]

def state():
    gc.collect()
    process = psutil.Process()
    connections = len(process.net_connections())
    files = process.num_fds() - connections
    mb = process.memory_info().rss / 1e6
    return {{"mb": mb, "files": files, "connections": connections, "threads": process.num_threads()}}

outcomes = {{}}
def work(jobs):
    for i in (next(number) for _ in range(jobs)):
        reply = entry.handler({{"id": f"job-{{i}}", "input": kinds[i % len(kinds)](i)}})
        outcome = reply.get("error_code") or reply.get("status", "info")
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

work({WARM_UP})
before = state()
work(int(sys.argv[1]))
after = state()
print(json.dumps({{"before": before, "after": after, "outcomes": outcomes, "left": os.listdir(tempfile.gettempdir())}}))
"""


def test_hundreds_of_jobs_leave_no_trace(places, s3, times):
    """Memory grows by less than 2 %; not one descriptor, thread or temporary file is left."""
    root, _ = places
    with Forked(places, "-c", WORK, str(JOBS * times), env=s3[0]) as process:
        assert process.wait(timeout=600 * times) == 0, process.said[-2000:]
    told = json.loads(process.said.splitlines()[-1])
    before, after = told["before"], told["after"]
    each = (WARM_UP + JOBS * times) // 10
    expected = {
        "completed": 5 * each,
        "invalid_input": 2 * each,
        "bad_audio": each,
        "voice_not_found": each,
        "info": each,
    }
    assert told["outcomes"] == expected
    assert after["mb"] < 1.02 * before["mb"]
    assert (after["files"], after["threads"]) == (before["files"], before["threads"])
    # One to the store is kept until the server closes it.
    assert after["connections"] <= 1
    assert told["left"] == [*(root / "tmp").iterdir(), *(root / "cwd").iterdir()] == []
