"""What the environment says, as the worker reads it.

Knows no service: bucket and endpoint are looked at elsewhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from voiceclone.deployment import variables
from voiceclone.doctor.diagnosis import Diagnosis
from voiceclone.settings import Settings

CLIENT = (
    *("RUNPOD_ENDPOINT_ID", "RUNPOD_API_KEY", "RUNPOD_ENDPOINT_BASE_URL"),
    *("RUNPOD_S3_ACCESS_KEY", "RUNPOD_S3_SECRET_KEY", "RUNPOD_S3_ENDPOINT"),
)
"""What the command line reads beside the worker's."""
OTHERS = {"AWS_ENDPOINT_URL_S3", "RUNPOD_AI_API_KEY", "RUNPOD_VOLUME_ID"}
"""Nearly as some of ours, and set by the platform or read by boto3."""
OURS = ("F5_", "ASR_", "S3_", "BUCKET_")
"""How only our names begin."""
LIKE = 0.8
"""So far two names are alike, of 1, that one may be meant for the other."""


def settings(environ: Mapping[str, str], faults: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Yield each setting that cannot be read, or that all can; `faults`: of `Settings`."""
    documented = Settings.documented()
    for name, fault in faults.items():
        cure = f"{name} {fault}, or is unset; it is {documented[name].description}".replace("`", "")
        yield Diagnosis("settings", "problem", f"{name}={environ[name].strip()!r} cannot be used", cure)
    if not faults:
        chosen = [name for name in documented if environ.get(name, "").strip()]
        yield Diagnosis("settings", "ok", f"set: {', '.join(chosen)}" if chosen else "all as they are by default")


def unknown(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Yield each variable that nothing here reads, though its name looks as if something should. No value is told."""
    known = [*variables(), *CLIENT]
    for name in sorted(environ.keys() - {*known, *OTHERS}):
        if "_" not in name:
            continue
        if meant := difflib.get_close_matches(name, known, n=1, cutoff=LIKE):
            yield Diagnosis("settings", "warning", f"{name} is not known", f"did you mean {meant[0]}?")
        elif name.startswith(OURS):
            yield Diagnosis("settings", "warning", f"{name} is not known", "unset it; docs/settings.md has the names")
