"""What a model's config file says, as far as it matters here.

Knows nothing of where the file came from: it may be anything.
"""

from __future__ import annotations

import importlib.resources
import logging
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from voiceclone.audio import SAMPLE_RATE
from voiceclone.errors import ModelUnavailable
from voiceclone.types import Tokenizer

log = logging.getLogger(__name__)

MEL_SPEC = {
    "target_sample_rate": SAMPLE_RATE,
    "n_mel_channels": 100,
    "hop_length": 256,
    "win_length": 1024,
    "n_fft": 1024,
}
"""What every F5-TTS model with Vocos hears; others cannot be run."""
MAX_CONFIG_BYTES = 10**5
MAX_CONFIG_DEPTH = 20
CFG_STRENGTH, MAX_CFG_STRENGTH = 2.0, 10
"""The guidance that f5-tts takes, and the most that a job may ask for."""


@dataclass(frozen=True)
class Config:
    """What matters here of a config in f5-tts's format."""

    arch: Mapping[str, Any]
    tokenizer: Tokenizer
    name: str
    """As are the fields below, empty where the config does not say."""
    license: str
    languages: tuple[str, ...]
    own_voices_only: bool
    cfg_strength: float


def read_config(path: Path) -> Config:
    document = read_yaml(path)
    model = document.get("model") if isinstance(document, dict) else None
    arch = model.get("arch") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(arch, dict) or not arch:
        raise ModelUnavailable(
            f"{path} has no `model.arch`: give the network's parameters there, as f5-tts's own configs do"
        )
    if model.get("backbone", "DiT") != "DiT":
        raise ModelUnavailable(f"{path}: only a DiT backbone can be run, not {model['backbone']}")
    mel_spec = {"mel_spec_type": "vocos", **MEL_SPEC}
    asked = model["mel_spec"] if isinstance(model.get("mel_spec"), dict) else {}
    if others := sorted(key for key in mel_spec if asked.get(key, mel_spec[key]) != mel_spec[key]):
        raise ModelUnavailable(f"{path}: only models with this mel_spec can be run: {mel_spec}; {others} differ")
    for option, value in arch.items():
        if not isinstance(option, str) or not isinstance(value, str | int | float | None):
            raise ModelUnavailable(f"{path}: `model.arch` must hold plain values by name; {option} is none")
    languages = document.get("languages") or ()
    if not isinstance(languages, list | tuple):
        raise ModelUnavailable(f"{path}: `languages` must be a list, as [en]")
    tokenizer = model.get("tokenizer", "pinyin")
    if tokenizer not in ("pinyin", "char", "custom"):
        raise ModelUnavailable(f"{path}: `model.tokenizer` is {tokenizer!r}, must be pinyin, char or custom")
    guidance = document.get("cfg_strength", CFG_STRENGTH)
    if not (isinstance(guidance, int | float) and 0 <= guidance <= MAX_CFG_STRENGTH):
        raise ModelUnavailable(f"{path}: `cfg_strength` is {guidance!r}, must be a number from 0 to {MAX_CFG_STRENGTH}")
    return Config(
        arch,
        "char" if tokenizer == "char" else "pinyin",  # f5-tts writes text as pinyin for a custom vocabulary too
        str(model.get("name") or ""),
        str(document.get("license") or ""),
        tuple(map(str, languages)),
        bool(document.get("own_voices_only")),
        float(guidance),
    )


def read_yaml(path: Path) -> Any:
    """Return what a config file holds: plain values, lists and mappings. Raises ModelUnavailable for anything else."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
        if len(data) > MAX_CONFIG_BYTES:
            raise ModelUnavailable(f"{path} has more than {MAX_CONFIG_BYTES} bytes: a model's config has not")
        depth = 0
        for event in yaml.parse(data, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            # A few aliases can stand for gigabytes, and each level costs more than the one before.
            if isinstance(event, yaml.AliasEvent) or depth > MAX_CONFIG_DEPTH:
                raise ModelUnavailable(f"{path} has aliases, or too many levels: write it as f5-tts's own configs are")
        return yaml.safe_load(data)
    except OSError as e:
        raise ModelUnavailable(f"{path} cannot be read ({e.strerror}): look after the volume") from e
    except (yaml.YAMLError, ValueError) as e:  # ValueError: a date that is none
        raise ModelUnavailable(f"{path} is not YAML that can be read: {textwrap.shorten(str(e), 300)}") from e


def packaged(path: str) -> Path:
    """Return a file that f5-tts ships. The package is only a namespace: finding it runs none of its code.

    Raises ModelUnavailable where it is not installed.
    """
    try:
        found = importlib.resources.files("f5_tts")
    except ModuleNotFoundError as e:
        raise ModelUnavailable(
            "the package f5-tts, which describes this model, is not installed: install with `pipx install '.[worker]'`"
        ) from e
    for part in path.split("/"):
        found = found / part
    return Path(str(found))
