"""What has to be made or changed on the platform, field by field, so that it is as the file says.

Makes no request of its own: it compares what `api` found with what `config` read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from voiceclone.client import explained
from voiceclone.deployment.api import PlatformError
from voiceclone.deployment.config import PORTS, ConfigError, Deployment

HIDDEN = "(set)"
TYPES = {"queue": "QUEUE", "load_balancing": "LOAD_BALANCER"}
UNTOLD = {"gpu.excludedTypes": [], "gpu.count": 1}
"""What the platform may leave out of its answer, and what that means."""


@dataclass(frozen=True)
class Found:
    """What the platform has of what the file names."""

    gpus: Mapping[str, list[str]]
    """`pools` and `excludedTypes`."""
    volume: Mapping[str, Any] | None
    registry: Mapping[str, Any] | None
    endpoint: Mapping[str, Any] | None


@dataclass(frozen=True)
class Step:
    """The endpoint: to be made, to be changed, or right as it is."""

    name: str
    id: str | None
    """None where there is none yet."""
    fields: dict[str, Any]
    """What is to be sent; empty where nothing is to be done."""
    lines: tuple[str, ...]
    """What changes, for a person, without secrets."""

    def __str__(self) -> str:
        title = f"endpoint {self.name}"
        if not self.fields:
            return f"{title}: as it should be ({self.id})"
        return "\n".join([f"{title}: {'change ' + self.id if self.id else 'create'}", *self.lines])


def endpoint_step(deployment: Deployment, environment: Mapping[str, str], found: Found) -> Step:
    """Return what is to be done. Raises PlatformError where the endpoint cannot become what the file says."""
    wanted = _wanted(deployment, environment, found)
    fixed = {"name": deployment.name, "type": TYPES[deployment.type]}
    live, secrets = found.endpoint, deployment.secrets()
    if live is None:
        lines = (f"  type: {fixed['type']}", *_lines(wanted, {}, secrets))
        return Step(deployment.name, None, {**fixed, **wanted}, lines)
    if problem := _obstacle(deployment, live):
        raise PlatformError(f"the endpoint {deployment.name} {problem}")
    changed = {field: value for field, value in wanted.items() if list(_lines({field: value}, live, secrets))}
    return Step(deployment.name, str(live["id"]), changed, tuple(_lines(changed, live, secrets)))


def choose(field: str, wanted: str | None, there: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the network volume or the credentials of this id, or of this name. Raises ConfigError."""
    if not wanted:
        return None
    found = [each for each in there if each["id"] == wanted] or [each for each in there if each.get("name") == wanted]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{each['id']} ({each.get('name')})" for each in there) or "none"
    what = "there are several of this name, give an id" if found else "the account has none of this id or name"
    raise ConfigError([f"{field}: {wanted!r}: {what}; there are: {known}"])


def attention(deployment: Deployment, live: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    """Return what ails an endpoint, each with its reason and what to do. `counts`: its workers."""
    found = []
    most, wanted = live["workers"]["max"], deployment.scaling.workers_max
    if most < wanted:
        found.append(
            f"it may have {most} workers at most, less than the file's {wanted}: unless you have just raised that, the"
            " platform may have lowered it, as it does where workers fail again and again or no job comes for days"
        )
    ailing = {state: counts.get(state, 0) for state in ("unhealthy", "throttled")}
    if ailing["unhealthy"] or (ailing["throttled"] and sum(ailing.values()) == counts.get("total")):
        share = f"{sum(ailing.values())} of {counts.get('total')}"
        found.append(f"{share} workers cannot work: {explained(ailing)}")
    return found


def _wanted(deployment: Deployment, environment: Mapping[str, str], found: Found) -> dict[str, Any]:
    scaling = deployment.scaling
    by_delay = deployment.scaler == "QUEUE_DELAY"
    wanted: dict[str, Any] = {
        "image": deployment.image,
        "disk": deployment.container_disk_gb,
        "env": dict(environment),
        # The platform takes a set of versions or a least one, not both: the set of an older endpoint is emptied.
        "gpu": {**found.gpus, "count": 1, "allowedCudaVersions": [], "minCudaVersion": deployment.gpu.min_cuda},
        "workers": {"min": scaling.workers_min, "max": scaling.workers_max},
        "scaling": {"type": deployment.scaler, "queueDelay" if by_delay else "requestCount": scaling.scaler_value},
        "timeout": deployment.limit_s * 1000,
        "flashboot": "FLASHBOOT" if scaling.flashboot else "OFF",
    }
    if deployment.has_idle_timeout:
        wanted["workers"]["idleTimeout"] = scaling.idle_timeout_s
    if deployment.is_balanced:  # only port 80 is open unasked
        wanted["ports"] = sorted({f"{environment[name]}/http" for name in PORTS})
    if found.registry is not None:
        wanted["registry"] = found.registry["id"]
    if found.volume is not None:
        wanted |= {"networkVolumes": [found.volume["id"]], "dataCenterIds": [found.volume["dataCenter"]]}
    return wanted


def _obstacle(deployment: Deployment, live: Mapping[str, Any]) -> str | None:
    """Return what cannot be changed, or is not to be taken away unasked."""
    if live.get("cpu"):
        return "runs on CPUs, which cannot be changed: give the file another name"
    if live.get("type", TYPES[deployment.type]) != TYPES[deployment.type]:
        return f"is of the type {live['type']}, which cannot be changed: give the file another name"
    if (volumes := live.get("networkVolumes")) and not deployment.volume:
        return f"has the network volume {', '.join(volumes)}: name it in the file, or take it off in the console"
    return None


def _lines(changed: Mapping[str, Any], live: Mapping[str, Any], secrets: Set[str], above: str = "") -> Iterator[str]:
    """Tell field by field what differs from `live`, which is empty for what is new."""
    for field, value in changed.items():
        path = above + field
        if field == "env":
            yield from _environment_lines(value, live.get(field) or {}, secrets)
        elif isinstance(value, dict):
            yield from _lines(value, live.get(field) or {}, secrets, f"{path}.")
        elif not live:
            yield f"  {path}: {_shown(value)}"
        elif not _same(value, before := live.get(field, UNTOLD.get(path))):
            yield f"  {path}: {_shown(before)} -> {_shown(value)}"


def _same(wanted: Any, live: Any) -> bool:
    """Compare lists without order: none of them has one."""
    return set(wanted) == set(live or []) if isinstance(wanted, list) else bool(wanted == live)


def _environment_lines(wanted: Mapping[str, str], live: Mapping[str, str], secrets: Set[str]) -> Iterator[str]:
    for name, value in wanted.items():
        new = HIDDEN if name in secrets else value
        if name not in live:
            yield f"  env.{name}: {new}"
        elif live[name] != value:
            yield f"  env.{name}: {HIDDEN if name in secrets else live[name]} -> {new}{' anew' * (name in secrets)}"
    for name in live.keys() - wanted.keys():  # by hand, and who knows what it holds
        yield f"  env.{name}: {HIDDEN} -> removed"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
