#!/usr/bin/env python
"""Render THIRD_PARTY.md's table of packages from the lock and what they say of themselves; the rest is written by hand.

python scripts/render_third_party.py            rewrite THIRD_PARTY.md
python scripts/render_third_party.py --check    exit 1 if THIRD_PARTY.md is behind the lock
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

from rendered import command, put_table, table

ROOT = Path(__file__).resolve().parent.parent
SOURCE_LABELS = ("source", "sourcecode", "repository", "github", "githubrepo", "code", "homepage", "home")
"""Of a package's addresses, the best first, as they are when only their letters are left."""


def locked(lock: str) -> dict[str, list[str]]:
    """Return each name in the lock with its versions in their order: a marker may choose between several."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        versions.setdefault(name, []).append(version)
    return {name: list(dict.fromkeys(found)) for name, found in sorted(versions.items())}


def installed(name: str, version: str) -> PackageMetadata | None:
    """Return what a package says of itself if it is installed in this version, whatever it was built for."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return None
    return about if about["Version"].partition("+")[0] == version else None


def first(about: PackageMetadata, field: str) -> str:
    """Return a field's first value, empty where there is none."""
    return str(next(iter(about.get_all(field, [])), ""))


def licence(about: PackageMetadata) -> str:
    """Return the licence that a package states: an SPDX expression, else a line of its own, else its classifiers."""
    classifiers = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    line = first(about, "License")
    if len(classifiers) > 1 or "\n" in line:  # they tell more than "Dual License", and less than the whole text
        line = ""
    stated = first(about, "License-Expression") or line or ", ".join(classifiers)
    if not stated:
        raise ValueError(f"{about['Name']} {about['Version']} states no licence")
    return stated


def source(about: PackageMetadata) -> str:
    """Return where a package's source is, as the package says."""
    pairs = (address.split(", ", 1) for address in about.get_all("Project-URL", []))
    addresses = {re.sub(r"[^a-z]", "", label.lower()): address for label, address in pairs}
    address = next((addresses[label] for label in SOURCE_LABELS if label in addresses), first(about, "Home-page"))
    if not address:
        raise ValueError(f"{about['Name']} {about['Version']} does not say where its source is")
    return address


def render(text: str, lock: Path = ROOT / "requirements.txt") -> str:
    """Return the text with its table made anew.

    A package keeps what its row says where another version is installed than the lock's last, or none: a marker may
    rule out this machine or this Python. Raises ValueError for a package that has no row either.
    """
    row = r"^\| (\S+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$"
    kept = {name: cells for name, *cells in re.findall(row, text.partition("<!-- /packages -->")[0], re.MULTILINE)}
    rows = []
    for name, versions in locked(lock.read_text()).items():
        about = installed(name, versions[-1])
        cells = [licence(about), source(about)] if about else kept.get(name)
        if not cells:
            raise ValueError(f"{name} {versions[-1]} is not installed here and has no row: render where it is")
        rows.append((name, ", ".join(versions), *cells))
    return put_table(text, "packages", table(("package", "version", "licence", "source"), rows))


if __name__ == "__main__":
    sys.exit(command(__doc__, {ROOT / "THIRD_PARTY.md": render}))
