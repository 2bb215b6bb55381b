"""The platform's job API: POST /run, /runsync, /cancel/ID, GET /status/ID, /health.

https://docs.runpod.io/serverless/endpoints/operation-reference
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from voiceclone.server.dialect import Refusal
from voiceclone.server.guard import json_of
from voiceclone.server.jobs import Job
from voiceclone.server.site import site_of

WAIT_MS, MAX_WAIT_MS = 90_000, 300_000
"""So long /runsync waits for a result, where `?wait=` does not say otherwise, and at most."""


async def run(request: Request) -> Response:
    """Take a job; it is asked for by its id."""
    job = await _submitted(request)
    return JSONResponse(job.news)


async def runsync(request: Request) -> Response:
    """Take a job, and answer when it is over or has taken long."""
    told = request.query_params.get("wait", "")
    wait_ms = min(int(told[:9]), MAX_WAIT_MS) if told.isdecimal() else WAIT_MS
    job = await _submitted(request)
    with suppress(TimeoutError):
        await asyncio.wait_for(job.over.wait(), wait_ms / 1000)
    return JSONResponse(job.news)


async def status(request: Request) -> Response:
    """Tell where a job is."""
    return JSONResponse(site_of(request).jobs.find(request.path_params["job_id"]).news)


async def cancel(request: Request) -> Response:
    """Let a job be."""
    return JSONResponse(site_of(request).jobs.cancel(request.path_params["job_id"]).news)


async def health(request: Request) -> Response:
    """Count jobs and workers as the platform does: of these there is one, this process."""
    site = site_of(request)
    counts = site.jobs.counts
    is_busy = bool(site.admission.taken)
    workers = {
        "idle": int(site.is_ready and not is_busy),
        "initializing": int(site.is_loading),
        "ready": int(site.is_ready),
        "running": int(site.is_ready and is_busy),
        "throttled": 0,
        "unhealthy": int(site.unfit is not None),
    }
    return JSONResponse({"jobs": counts, "workers": workers})


async def _submitted(request: Request) -> Job:
    site = site_of(request)
    handle = site.handle
    job = await json_of(request)
    if "input" not in job:
        raise Refusal.at("input", 'is missing: send {"input": {"text": "...", "voice": "example-en"}}')
    return site.jobs.submit(job["input"], handle, site.admission.place())
