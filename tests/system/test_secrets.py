"""What an operator reads and what a caller gets: every event as one JSON line with its job, and never a secret."""

from __future__ import annotations

import json
import signal

from conftest import ROOT
from faulty_proxy import FaultyProxy, refused
from job_server import JobServer, start_worker

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAKNOWNKEYID00",
    "AWS_SECRET_ACCESS_KEY": "known/secret+access=key",
    "AWS_SESSION_TOKEN": "known-session-token//==",
    "HF_TOKEN": "hf_knowntokenofthehub",
    "RUNPOD_AI_API_KEY": "rpa_KNOWNKEYOFTHEPLATFORM",
    "BUCKET_SECRET_ACCESS_KEY": 'known"bucket\\secret',
}
SIGNATURE = "deadbeefsignature"
# A bug that quotes all it knows.
BUGGY = f"""
import os, runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from voiceclone.speech.takes import Studio
speak = Studio.speak

def quoting(self, chunks):
    if "Break" in chunks[0].text:
        raise KeyError(dict(os.environ), "https://host/x.wav?X-Amz-Signature={SIGNATURE}")
    return speak(self, chunks)

Studio.speak = quoting
runpy.run_path({str(ROOT / "runpod-handler.py")!r}, run_name="__main__")
"""
SAY = {"voice": "example-en", "nfe_step": 1}
RECORDED = {"text": "Hi.", "ref_text": "No."}
JOBS = {
    "refused": {**SAY, "text": "Refused."},
    "fine": {**SAY, "text": "Fine."},
    "bug": {**SAY, "text": "Break."},
    "fetch": {**RECORDED, "ref_audio": f"https://127.0.0.1:9/a.wav?X-Amz-Signature={SIGNATURE}"},
    "missing": {**RECORDED, "ref_audio": "s3://{bucket}/none.wav"},
    "bad": {**RECORDED, "ref_audio": f"http:/nowhere?{SIGNATURE}", "tokn": "a"},
}


def test_no_secret_reaches_a_log_or_a_caller_and_each_event_is_one_json_line(places, s3, fault_table):
    """At the most talkative level, whatever fails; a job has one summary, with its id, outcome and times."""
    environ, _ = s3
    jobs = json.loads(json.dumps(JOBS).replace("{bucket}", environ["S3_BUCKET"]))
    with FaultyProxy(environ["AWS_ENDPOINT_URL"]) as proxy, JobServer() as server:
        proxy.faults.append(refused(403, "AccessDenied"))  # quotes the request's Authorization
        settings = {**environ, "AWS_ENDPOINT_URL": proxy.url, "LOG_LEVEL": "DEBUG"}
        with start_worker(places, server, "-c", BUGGY, env={**settings, **SECRETS}) as process:
            results = {}
            for job_id, job in jobs.items():
                server.jobs.put({"id": job_id, "input": job})
                posted_id, results[job_id] = server.results.get(timeout=90)
                assert posted_id == job_id
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
    codes = {job_id: result["output"].get("error_code") for job_id, result in results.items()}
    expected = {"bug": "internal", "fetch": "download_failed", "missing": "download_failed", "bad": "invalid_input"}
    assert codes == {"refused": None, "fine": None, **expected}
    assert "AccessDenied" in results["refused"]["output"]["degraded"]["reason"]
    link = results["fine"]["output"].pop("audio_url")
    told = process.said + json.dumps(results, ensure_ascii=False)
    quoted = [form for value in SECRETS.values() for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1])]
    assert not [form for form in quoted if form in told or SECRETS["AWS_SECRET_ACCESS_KEY"] in link]
    assert SIGNATURE not in process.said
    assert "AWS4-HMAC" not in told
    assert "Traceback" not in json.dumps(results)
    lines = process.said.splitlines()
    (greeting,) = [line for line in lines if line.startswith("--- Starting Serverless Worker")]
    events = [json.loads(line) for line in lines if line is not greeting]
    assert all(event["level"] and event["message"] for event in events)
    summaries = [event for event in events if "outcome" in event]
    assert [event["requestId"] for event in summaries] == list(jobs)
    assert [event["outcome"] for event in summaries][:3] == ["degraded", "completed", "internal"]
    fine = summaries[1]
    assert (fine["action"], fine["chunks"], fine["delivered"]) == ("synthesize", 1, ["audio_url"])
    assert {"voice", "synthesis", "encode", "store", "total"} <= fine["timings"].keys()
    assert fine["seconds"] > fine["timings"]["total"] - 0.001
    assert [event["requestId"] for event in events if "exception" in event] == ["bug"]
    fault_table.row(
        "Errors quote secrets",
        "a bug that quotes the environment, a storage that quotes signatures, signed links, at `LOG_LEVEL=DEBUG`",
        "each job's own error; in no log, error or reply any of the secrets",
    )
