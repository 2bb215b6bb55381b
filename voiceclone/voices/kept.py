"""References as they were prepared, on the volume: no worker decodes or listens to what another has.

Knows nothing of how they are made; a file is named by everything that it was made of. What cannot be read is made
again, what cannot be written costs time alone.
"""

from __future__ import annotations

import json
import logging
import os
import struct
import tokenize
import zipfile
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from voiceclone.audio import SAMPLE_RATE
from voiceclone.checkpoints import MEL_SPEC
from voiceclone.files import write_whole
from voiceclone.text import is_speakable
from voiceclone.types import Finding, ReferenceVoice, Waveform

log = logging.getLogger(__name__)

KEPT = 256
"""Files of 1.6 MB at most; those that were used last."""
MAX_BYTES = 10**7
_UNREADABLE = (
    *(ArithmeticError, OSError, EOFError, MemoryError, RuntimeError, SyntaxError),
    *(AttributeError, LookupError, TypeError, ValueError),
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)
"""What numpy and zipfile raise for damaged bytes: they read headers before they look at checksums."""


@dataclass(frozen=True)
class _About:
    """What is known of a reference beside its numbers."""

    # Others write to the volume as well: what they put there must not end up in a reply that cannot be sent.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    text: str
    """As it is written: how it is said, newer versions may know better."""
    language: str | None
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    sample_rate: int


_ABOUT = TypeAdapter(_About)


def load(path: Path) -> ReferenceVoice | None:
    """Return a reference that `save` kept, with its transcript as it is written; None where there is none of use."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if sum(entry.file_size for entry in kept.zip.infolist()) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
            about = _ABOUT.validate_json(str(kept["about"]))
            waveform = Waveform(kept["samples"].astype(np.float32), about.sample_rate)
            mel = kept["mel"].astype(np.float32)
            voice = ReferenceVoice(
                waveform, about.text, language=about.language, mel=mel, notes=about.notes, findings=about.findings
            )
            samples = waveform.samples
            fits = samples.ndim == 1 and mel.ndim == 2 and mel.shape[1] == MEL_SPEC["n_mel_channels"]
            if not (fits and len(samples) and np.isfinite(samples).all() and np.isfinite(mel).all()):
                raise ValueError("it holds no sound")
            if about.sample_rate != SAMPLE_RATE or not is_speakable(about.text):
                raise ValueError("it cannot be spoken with")
    except FileNotFoundError:  # removed meanwhile
        return None
    except _UNREADABLE as e:
        log.warning("passed over: %s cannot be read: %s", path, e)
        return None
    with suppress(OSError):  # a read-only mount
        os.utime(path)  # used
    return voice


def save(path: Path, voice: ReferenceVoice) -> None:
    """Keep a reference, and no more than KEPT; what the disk refuses is logged."""
    about = _About(voice.written or voice.text, voice.language, voice.notes, voice.findings, voice.waveform.sample_rate)
    try:
        for directory in (path.parent.parent, path.parent):  # but not the volume, if there is none
            directory.mkdir(exist_ok=True)
        samples, mel = voice.waveform.samples, np.asarray(voice.mel)
        write_whole(path, lambda file: np.savez(file, samples=samples, mel=mel, about=json.dumps(asdict(about))))
        kept = sorted(path.parent.iterdir(), key=lambda file: file.stat().st_mtime)
        for file in kept[:-KEPT]:
            file.unlink(missing_ok=True)
    except OSError as e:
        log.warning("%s not kept: %s", path, e)
