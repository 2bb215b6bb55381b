"""What has to be made or changed on the platform, field by field, so that it is as the file says.

Makes no request of its own: it compares what `api` found with what `config` read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from deployment.api import Kind, PlatformError
from deployment.config import ConfigError, Deployment

HIDDEN = "(set)"
UNREPORTED = {"flashboot"}
"""Fields that the platform takes and does not tell."""
WITHOUT_ORDER = {"allowedCudaVersions", "dataCenterIds"}


@dataclass(frozen=True)
class Step:
    """One template or endpoint: to be made, to be changed, or right as it is."""

    kind: Kind
    name: str
    id: str | None
    """None: there is none yet."""
    fields: dict[str, Any]
    """What is to be sent; empty where nothing is to be done."""
    lines: tuple[str, ...]
    """What changes, for a person, without secrets."""

    def __str__(self) -> str:
        title = f"{self.kind.removesuffix('s')} {self.name}"
        if not self.fields:
            return f"{title}: as it should be ({self.id})"
        return "\n".join([f"{title}: {'change ' + self.id if self.id else 'create'}", *self.lines])


def template_step(deployment: Deployment, environment: Mapping[str, str], live: Mapping[str, Any] | None) -> Step:
    """What is to be done for the template, which holds the image and the environment."""
    wanted = {
        "imageName": deployment.image,
        "containerDiskInGb": deployment.container_disk_gb,
        "env": dict(environment),
    }
    if deployment.registry_auth:
        wanted["containerRegistryAuthId"] = deployment.registry_auth
    fixed = {"isServerless": True, "volumeInGb": 0}  # such workers have a network volume, or none
    if live is not None and live.get("isServerless") is False:
        raise PlatformError(f"the template {deployment.name} is one for pods: give the file another name")
    return _step("templates", deployment.name, wanted, fixed, live, deployment.secrets())


def endpoint_step(
    deployment: Deployment, volume: Mapping[str, Any] | None, template_id: str | None, live: Mapping[str, Any] | None
) -> Step:
    """What is to be done for the endpoint. `template_id` is None while the template has still to be made."""
    scaling = deployment.scaling
    wanted = {
        "templateId": template_id or "(of the new template)",
        "gpuTypeIds": deployment.gpu.types,
        "gpuCount": 1,
        "allowedCudaVersions": deployment.gpu.cuda,
        "workersMin": scaling.workers_min,
        "workersMax": scaling.workers_max,
        "idleTimeout": scaling.idle_timeout_s,
        "executionTimeoutMs": scaling.execution_timeout_s * 1000,
        "scalerType": scaling.scaler,
        "scalerValue": scaling.scaler_value,
        "flashboot": scaling.flashboot,
    }
    if volume is not None:
        wanted |= {"networkVolumeId": volume["id"], "dataCenterIds": [volume["dataCenterId"]]}
    elif live is not None and live.get("networkVolumeId"):
        raise PlatformError(
            f"the endpoint {deployment.name} has the network volume {live['networkVolumeId']}: name it in the file, or"
            " take it off in the console"
        )
    return _step("endpoints", deployment.name, wanted, {"computeType": "GPU"}, live, frozenset())


def choose_volume(wanted: str | None, volumes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The network volume of this id, or of this name. Raises ConfigError."""
    if wanted is None:
        return None
    found = [v for v in volumes if v.get("id") == wanted] or [v for v in volumes if v.get("name") == wanted]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{v.get('id')} ({v.get('name')}, {v.get('dataCenterId')})" for v in volumes) or "none"
    what = "there are several of this name, give an id" if found else "the account has no such network volume"
    raise ConfigError([f"volume: {wanted!r}: {what}; there are: {known}"])


def _step(
    kind: Kind,
    name: str,
    wanted: dict[str, Any],
    fixed: dict[str, Any],
    live: Mapping[str, Any] | None,
    secrets: Set[str],
) -> Step:
    """`fixed` is sent with what is new and never compared."""
    if live is None:
        lines = tuple(_lines(wanted, {}, secrets))
        return Step(kind, name, None, {"name": name, **fixed, **wanted}, lines)
    changed = {field: value for field, value in wanted.items() if not _is(field, value, live)}
    return Step(kind, name, str(live["id"]), changed, tuple(_lines(changed, live, secrets)))


def _is(field: str, wanted: Any, live: Mapping[str, Any]) -> bool:
    if field in UNREPORTED and field not in live:
        return True
    return bool(_comparable(field, wanted) == _comparable(field, live.get(field)))


def _comparable(field: str, value: Any) -> Any:
    if field in WITHOUT_ORDER and value is not None:
        return frozenset(value.split(",") if isinstance(value, str) else value)
    return {} if field == "env" and value is None else value


def _lines(changed: Mapping[str, Any], live: Mapping[str, Any], secrets: Set[str]) -> Iterator[str]:
    for field, value in changed.items():
        if field == "env":
            yield from _environment_lines(value, live.get("env") or {}, secrets)
        elif live:
            yield f"  {field}: {_shown(live.get(field))} -> {_shown(value)}"
        else:
            yield f"  {field}: {_shown(value)}"


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
    return ", ".join(map(str, value)) if isinstance(value, list) else "nothing" if value is None else str(value)
