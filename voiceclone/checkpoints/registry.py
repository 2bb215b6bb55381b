"""The registered models: where they are published, which files they need, under which licence.

Knows nothing of volumes.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceclone.checkpoints.finder import Need
from voiceclone.types import Tokenizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSpec:
    """A registered model."""

    name: str
    repo_id: str | None
    """None: upstream publishes the architecture but no weights."""
    revision: str
    """A commit; or "main" where none is known: then whatever commit the volume first got is kept."""
    weights: str
    """Path in the repository, as is `vocab`."""
    vocab: str | None
    """None: the vocabulary that f5-tts ships."""
    config: str
    """Name of the f5-tts config that holds the architecture; ending in `.yaml`, a path in the repository."""
    license: str
    """Of the weights, as SPDX writes it where it has a name; "none" where there are no weights."""
    languages: tuple[str, ...]
    tokenizer: Tokenizer = "pinyin"

    @property
    def has_own_config(self) -> bool:
        return self.config.endswith(".yaml")


def allows_commercial_use(license: str) -> bool:
    """Return whether a licence is known, and does not forbid to earn money with what is made by the model."""
    return license not in {"unknown", "none", ""} and not re.search(r"\bNC\b", license)


def _shared(repo_id: str, revision: str, weights: str, license: str, *languages: str, **rest: Any) -> ModelSpec:
    """Return a fine-tune from f5-tts's list of shared models (`infer/SHARED.md`), registered under its repository."""
    fields = {"vocab": "vocab.txt", "config": "F5TTS_Base", **rest}
    return ModelSpec(repo_id, repo_id, revision, weights, license=license, languages=languages, **fields)


_UPSTREAM = ("SWivid/F5-TTS", "84e5a410d9cead4de2f847e7c9369a6440bdfaca")
_NC = "CC-BY-NC-4.0"
_CARD_AND_BASE = "as its card states; the base that it is trained on is CC-BY-NC-4.0"

# fmt: off
_SPECS = (
    ModelSpec("F5TTS_v1_Base", *_UPSTREAM, "F5TTS_v1_Base/model_1250000.safetensors",
              None, "F5TTS_v1_Base", _NC, ("en", "zh")),
    ModelSpec("F5TTS_Base", *_UPSTREAM, "F5TTS_Base/model_1200000.safetensors",
              None, "F5TTS_Base", _NC, ("en", "zh")),
    ModelSpec("F5TTS_v1_Small", None, "main", "", None, "F5TTS_v1_Small", "none", (), "char"),
    _shared("silma-ai/silma-tts", "d2515317033803648ecb8844765db9e583afecf9",
            "model.pt", "Apache-2.0", "ar", "en", config="F5TTS_v1_Small", tokenizer="char"),
    _shared("AsmoKoskinen/F5-TTS_Finnish_Model", "cba9413e3c8ebe3e8f89513ad43510f97decac29",
            "model_common_voice_fi_vox_populi_fi_20241206.safetensors", _NC, "fi"),
    _shared("RASPIAUDIO/F5-French-MixedSpeakers-reduced", "main", "model_last_reduced.pt", _NC, "fr"),
    # The list names the .pt; the repository's users load the .safetensors of the same name.
    _shared("hvoss-techfak/F5-TTS-German", "main", "model_f5tts_german.safetensors", _NC, "de"),
    _shared("SPRINGLab/F5-Hindi-24KHz", "main", "model_2500000.safetensors", "CC-BY-4.0", "hi", config="F5TTS_Small"),
    _shared("alien79/F5-TTS-italian", "6582a16ac03894f0ddae21e3e9b013ef5e33577e",
            "model_159600.safetensors", _CARD_AND_BASE, "it"),
    _shared("Jmica/F5TTS", "6bed3f318d92e37b97164ece0e2f90153b09a4e5",
            "JA_21999120/model_21999120.pt", _NC, "ja", vocab="JA_21999120/vocab_japanese.txt"),
    _shared("RaivisDejus/F5-TTS-Latvian", "main", "model.safetensors", _CARD_AND_BASE, "lv"),
    _shared("hotstone228/F5-TTS-Russian", "4b9fcb51e68b0b7e96dbc8c9df3d80b4a835b914",
            "model_last.safetensors", "CC-BY-NC-SA-4.0", "ru"),
    _shared("jpgallegoar/F5-Spanish", "4765c14ffd01075479c2fde8615831acc0adca9a",
            "model_1250000.safetensors", _CARD_AND_BASE, "es"),
    # The only one of this size that is trained from nothing but recordings which anybody may use.
    _shared("mrfakename/OpenF5-TTS-Base", "main", "model.pt", "Apache-2.0", "en", config="config.yaml"),
)
# fmt: on

REGISTRY: Mapping[str, ModelSpec] = {spec.name: spec for spec in _SPECS}

SHIPPED = {"demo": Path(__file__).parent.parent / "demo"}
"""Models whose directory comes with the code, and is left out of the image."""


VOCOS = Need(
    "charactr/vocos-mel-24khz",
    "0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21",
    ("config.yaml", "pytorch_model.bin"),
    small=True,
)


_PLAIN = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
_LARGE = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json")
_PINS = {"small": "536b0662742c02347bc0e980a01041f333bce120"}
"""Commits of whisper models, as far as they are known."""
RECOGNISERS = {
    **{
        f"{size}{only}": Need(f"Systran/faster-whisper-{size}{only}", _PINS.get(f"{size}{only}", "main"), _PLAIN)
        for size in ("tiny", "base", "small", "medium")
        for only in ("", ".en")
    },
    "large-v2": Need("Systran/faster-whisper-large-v2", "main", _PLAIN),
    "large-v3": Need("Systran/faster-whisper-large-v3", "main", _LARGE),
    "large-v3-turbo": Need(
        "dropbox-dash/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        _LARGE,
        formerly=("mobiuslabsgmbh/faster-whisper-large-v3-turbo",),
    ),
    "distil-large-v3": Need("Systran/faster-distil-whisper-large-v3", "main", _LARGE),
}
RECOGNISERS |= {"large": RECOGNISERS["large-v3"], "turbo": RECOGNISERS["large-v3-turbo"]}
"""Whisper models in CTranslate2's format, by faster-whisper's names for them."""
DEFAULT_RECOGNISERS = {"cuda": "large-v3-turbo", "cpu": "tiny"}
"""By device."""


def need_of(spec: ModelSpec, revision: str | None = None) -> Need:
    """Return the files of a registered model that its own repository must have."""
    files = (spec.weights, spec.vocab, spec.config if spec.has_own_config else None)
    return Need(
        str(spec.repo_id),
        revision or spec.revision,
        tuple(file for file in files if file is not None),
        asked_for=revision is not None,
    )
