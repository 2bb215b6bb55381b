"""What lies on a volume, and whether more can: nothing is downloaded, and nothing stays behind.

Knows no service.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from voiceclone.checkpoints import (
    DEFAULT_RECOGNISERS,
    Hub,
    HubUnreachable,
    resolve,
    resolve_recogniser,
)
from voiceclone.doctor.diagnosis import Diagnosis, expecting
from voiceclone.files import DEAD_DRAFT_S, DRAFT, HEADROOM_BYTES, try_to_write
from voiceclone.settings import Settings

MODEL_BYTES = 1_400_000_000
"""F5TTS_v1_Base and its vocoder; others of its architecture have as much."""
FETCH = " To fetch: "
"""Behind it an error tells the command."""
DRAFTS = {
    "models/hub": "models--*/blobs/*.incomplete",
    "cache": f"**/{DRAFT}*",
    "voices": f"**/{DRAFT}*",
    "output": f"**/{DRAFT}*",
    ".s3compat_uploads": "**/*",
}
"""What is left of files that were not written whole, by the volume's folder."""
_NO_HUB = Hub(may_be_asked=False)


def usual() -> Path:
    """Return where the volume is that nobody names: the platform's, or the commands' own."""
    return Settings().volume if Settings().volume.is_dir() else Path("runpod-volume")


@expecting("volume", "look after the volume")
def volume(path: Path) -> Diagnosis:
    """Whether the volume is there and takes files."""
    if not path.is_dir():
        cure = "attach a network volume, or set RUNPOD_VOLUME to a directory; `voiceclone fetch` makes and fills one"
        return Diagnosis("volume", "problem", f"there is none at {path}", cure)
    try:
        try_to_write(path)
    except OSError as e:
        cure = "let the worker write there, free space, or enlarge it"
        return Diagnosis("volume", "problem", f"{path} cannot be written ({e.strerror})", cure)
    return Diagnosis("volume", "ok", f"{path} can be written")


@expecting("model", "name a model of `voiceclone fetch --list` in F5_MODEL, or a directory", FETCH)
def model(settings: Settings) -> Diagnosis:
    """Whether model and vocoder are there, as far as sizes and headers tell."""
    commercial = settings.licenses == "commercial"
    found = resolve(settings.model, settings.revision, settings.volume, commercial_only=commercial, hub=_NO_HUB)
    size = sum(path.stat().st_size for path in (found.weights, found.vocoder_weights))
    told = f"{found.name} {found.revision} ({found.license}), {size / 1e6:.0f} MB with its vocoder"
    if found.warning:
        return Diagnosis("model", "warning", f"{told}: {found.warning}", "set F5_REVISION to choose the commit")
    return Diagnosis("model", "ok", told)


@expecting("recogniser", "name a whisper model of `voiceclone fetch --list` in ASR_MODEL, or a directory", FETCH)
def recogniser(settings: Settings, device: str) -> Diagnosis:
    """Whether there is what hears references without `ref_text`; it can wait until one comes."""
    name = settings.asr_model or DEFAULT_RECOGNISERS[device]
    try:
        resolve_recogniser(name, settings.volume, hub=_NO_HUB)
    except HubUnreachable as e:
        _, _, command = str(e).partition(FETCH)
        cure = f"the first reference without ref_text waits for its download; beforehand: {command}"
        return Diagnosis("recogniser", "warning", f"{name} is not there", cure)
    return Diagnosis("recogniser", "ok", name)


@expecting("room", "look after the volume")
def room(path: Path, *, model_is_there: bool) -> Diagnosis:
    """Whether there is room for what is still to come."""
    free, needed = shutil.disk_usage(path).free, HEADROOM_BYTES + (0 if model_is_there else MODEL_BYTES)
    told = f"{free / 1e9:.2f} GB free"
    if free < needed:
        return Diagnosis("room", "problem", f"{told}, {needed / 1e9:.2f} are needed", "free space, or enlarge it")
    return Diagnosis("room", "ok", told)


@expecting("drafts", "let the worker read the volume")
def drafts(path: Path) -> Diagnosis:
    """Whether killed writers and broken downloads have left anything."""
    old = time.time() - DEAD_DRAFT_S
    found = dict(_drafts(path))
    dead = sorted(draft for draft, status in found.items() if status.st_mtime < old)
    if dead:
        size = sum(found[draft].st_size for draft in dead)
        names = ", ".join(str(draft.relative_to(path)) for draft in dead[:3]) + (" ..." if len(dead) > 3 else "")
        told = f"{len(dead)} half written, {size / 1e9:.2f} GB: {names}"
        return Diagnosis("drafts", "warning", told, "remove them; the next download clears those of its own model")
    return Diagnosis("drafts", "ok", f"{len(found)} are being written" if found else "none were left behind")


def _drafts(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for folder, pattern in DRAFTS.items():
        for found in (path / folder).glob(pattern):
            with suppress(FileNotFoundError):  # it is finished
                if found.is_file():
                    yield found, found.stat()
