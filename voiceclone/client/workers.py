"""What the workers of an endpoint are doing, and what a person can do about it.

Knows no request: the platform counts workers by the same words wherever it does.
"""

from __future__ import annotations

from collections.abc import Mapping

ADVICE = {
    "unhealthy": "the worker's log in the console says why",
    "throttled": "all GPUs of its types are taken: wait, or add types to the endpoint",
    "initializing": "it starts and loads its models: wait",
    "running": "busy with other jobs: wait, or raise the endpoint's largest number of workers",
}


def explained(counts: Mapping[str, int]) -> str:
    """Return each state of ADVICE that a worker is in, with what to do."""
    found = [f"{counts[state]} {state} ({advice})" for state, advice in ADVICE.items() if counts.get(state)]
    return ", ".join(found)


def why_none_comes(counts: Mapping[str, int]) -> str:
    """Return what a person should know whose job no worker takes; empty where one should do so soon."""
    if not any(counts.values()):
        return (
            "there is no worker (no GPU is free, or the endpoint's largest number of workers is 0: the platform lowers"
            " it where workers fail or no job comes for days; look in the console, or run voiceclone deploy again)"
        )
    return explained(counts)
