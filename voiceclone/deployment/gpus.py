"""The GPUs that a person names, as the platform takes them: pools, less the types of them that were not meant.

Knows no request: it is given the platform's catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voiceclone.deployment.config import ConfigError

Gpu = Mapping[str, Any]
"""Of the catalogue: `id`, `name`, `manufacturer`, and `pool`, None for a type that only pods may have."""


def selection(wanted: Sequence[str], catalogue: Sequence[Gpu]) -> dict[str, list[str]]:
    """Return `pools` and `excludedTypes` for names of pools or types, as `ADA_24`, `NVIDIA L4`, `rtx 4090`, `4090`.

    Raises ConfigError for what is in no pool.
    """
    there = [gpu for gpu in catalogue if gpu.get("pool") and gpu["manufacturer"] == "NVIDIA"]  # the image needs CUDA
    chosen = {name: _named(name, there) for name in wanted}
    if unknown := [name for name, gpus in chosen.items() if not gpus]:
        names = ", ".join(map(repr, unknown))
        raise ConfigError([f"gpu.types: the platform's pools have no {names}; there are: {_listed(there)}"])
    types = {gpu["id"] for gpus in chosen.values() for gpu in gpus}
    pools = list(dict.fromkeys(gpu["pool"] for gpus in chosen.values() for gpu in gpus))
    return {
        "pools": pools,
        "excludedTypes": sorted(g["id"] for g in catalogue if g.get("pool") in pools and g["id"] not in types),
    }


def _named(name: str, gpus: Iterable[Gpu]) -> list[Gpu]:
    """Return all of the pool, else what is called so or ends so, else what has it in its name."""
    if pool := [gpu for gpu in gpus if gpu["pool"] == name.strip().upper()]:
        return pool
    words = _words(name)
    for fits in (_ends, _holds):
        if found := [gpu for gpu in gpus if any(fits(_words(gpu[field]), words) for field in ("id", "name"))]:
            return found
    return []


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def _ends(name: list[str], words: list[str]) -> bool:
    return bool(words) and name[-len(words) :] == words


def _holds(name: list[str], words: list[str]) -> bool:
    return bool(words) and any(name[i : i + len(words)] == words for i in range(len(name)))


def _listed(gpus: Iterable[Gpu]) -> str:
    pools: dict[str, list[str]] = {}
    for gpu in gpus:
        pools.setdefault(gpu["pool"], []).append(gpu["name"])
    return ", ".join(f"{pool} ({', '.join(names)})" for pool, names in pools.items()) or "none"
