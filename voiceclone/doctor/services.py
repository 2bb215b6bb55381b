"""What is asked over the network: hub, bucket, endpoint. Each is asked once, and not for long.

Knows no volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from secrets import token_hex

from s3_utils import S3Store, store_from_env
from voiceclone.checkpoints import VOCOS, Hub
from voiceclone.client import Endpoint, NoWorker, Pace, Problem, download, explained, why_none_comes
from voiceclone.doctor.diagnosis import Diagnosis, Level, expecting
from voiceclone.errors import StorageFailed

ANSWER_S, PATIENCE_S = 5, 1
"""The hub has so long to answer, and to be less busy."""
TRIAL = b"voiceclone doctor was here\n"
LINK_S = 60
"""Life of the trial's link."""
FAILING, BUSY = ("unhealthy", "throttled"), ("ready", "idle", "running", "initializing")
"""The platform's words for workers that take no job, and for those that do or soon will."""


@expecting("hub", "check the network and HF_TOKEN", ": ")
def hub(environ: Mapping[str, str]) -> Diagnosis:
    """Whether the hub answers, and takes the token if there is one."""
    if environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return Diagnosis("hub", "ok", "not asked, as HF_HUB_OFFLINE is set")
    endpoint = environ.get("HF_ENDPOINT") or None
    Hub(endpoint, answer_s=ANSWER_S, patience_s=PATIENCE_S).ask(VOCOS.repo_id, VOCOS.revision, VOCOS.files[0])
    token = "takes HF_TOKEN" if environ.get("HF_TOKEN") else "without HF_TOKEN gated models stay closed"
    return Diagnosis("hub", "ok", f"answers, {token}")


@expecting("bucket", "check S3_BUCKET, AWS_REGION, AWS_ENDPOINT_URL and the network", "; ", ": ")
def bucket(environ: Mapping[str, str], *, write: bool) -> Diagnosis:
    """Whether the bucket can be read; with `write`, whether an object can be stored, linked, fetched and removed."""
    store = store_from_env(environ)
    if store is None:
        return Diagnosis("bucket", "ok", "none is set: speech comes inside the reply, or stays on the volume")
    configured = store.region
    next(iter(store.entries("")), None)
    told = "can be listed; --write tries the rest"
    if write:
        _try(store)
        told = "an object was stored, fetched by its link, and removed"
    if store.region != configured:
        told = f"{store.bucket} lies in {store.region}, not in {configured}: {told}"
        return Diagnosis("bucket", "warning", told, f"set AWS_REGION={store.region}, and spare the worker the search")
    return Diagnosis("bucket", "ok", f"{store.bucket}{':' * write} {told}")


def _try(store: S3Store) -> None:
    """Store, link, fetch, remove. Raises StorageFailed, and leaves nothing behind as far as it may."""
    key = f"doctor-{token_hex(8)}.txt"
    try:
        _open(str(store.put(key, TRIAL, "text/plain", LINK_S).url))
    except BaseException:
        with suppress(StorageFailed):  # what went wrong before says more
            store.remove(key)
        raise
    store.remove(key)


def _open(link: str) -> None:
    """Raise StorageFailed unless the link leads to the trial."""
    try:
        fetched = download(link, inside=True)
    except Problem as e:
        cure = "the keys need s3:GetObject, and callers must reach AWS_ENDPOINT_URL"
        raise StorageFailed(f"the link to a new object does not open ({e}); {cure}") from e
    if fetched != TRIAL:
        raise StorageFailed("the link to a new object leads to other bytes; look for a proxy in between")


@expecting("endpoint", "set RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY, as the console shows them", ": ")
def endpoint(environ: Mapping[str, str]) -> Diagnosis:
    """Whether the endpoint answers to its key, and has workers for the jobs that wait."""
    name = environ.get("RUNPOD_ENDPOINT_ID", "").strip()
    if not name and not environ.get("RUNPOD_ENDPOINT_BASE_URL", "").strip():
        return Diagnosis("endpoint", "ok", "none is named: --endpoint ID or RUNPOD_ENDPOINT_ID names one")
    health = Endpoint.from_env(environ, pace=Pace(retries=1)).health()
    if health is None:
        if name:
            raise NoWorker(f"there is no endpoint {name}: check RUNPOD_ENDPOINT_ID")
        return Diagnosis("endpoint", "ok", "answers; as a worker's own API it counts no workers")
    return _of_counts(health.get("workers") or {}, health.get("jobs") or {})


def _of_counts(workers: Mapping[str, int], jobs: Mapping[str, int]) -> Diagnosis:
    """Return what the platform's counts mean."""
    states = ", ".join(f"{count} {state}" for state, count in workers.items() if count) or "none awake"
    waiting = jobs.get("inQueue", 0)
    told = f"workers: {states}; {waiting} jobs wait"
    failing = {state: workers[state] for state in FAILING if workers.get(state)}
    if failing:
        level: Level = "warning" if any(workers.get(state) for state in BUSY) else "problem"
        return Diagnosis("endpoint", level, told, explained(failing))
    if waiting and not any(workers.get(state) for state in ("ready", "idle")):
        return Diagnosis("endpoint", "warning", told, why_none_comes(workers))
    return Diagnosis("endpoint", "ok", told)
