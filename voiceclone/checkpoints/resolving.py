"""Which files a model needs: the registered models, and directories of one's own.

Knows neither torch nor the network's code and never reads weights into memory: a Checkpoint is paths, the
architecture's parameters and where it all came from. How files get onto a volume is `hub`'s affair.
"""

from __future__ import annotations

import difflib
import importlib.resources
import logging
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from voiceclone.audio import SAMPLE_RATE
from voiceclone.checkpoints.hub import Finder, Hub, Need
from voiceclone.checkpoints.integrity import find_fault
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


@dataclass(frozen=True)
class ModelSpec:
    """A registered model."""

    name: str
    repo_id: str | None
    """None: upstream publishes the architecture but no weights."""
    revision: str
    """A commit; or "main" where none is known: then whatever commit the volume first got is kept."""
    weights: str
    """Path in the repository, as are `vocab` and `vocoder`."""
    vocab: str | None
    """None: the vocabulary that f5-tts ships."""
    config: str
    """Name of the f5-tts config that holds the architecture; ending in `.yaml`, a path in the repository."""
    license: str
    """Of the weights, as SPDX writes it where it has a name; "none" where there are no weights."""
    languages: tuple[str, ...]
    tokenizer: Tokenizer = "pinyin"
    vocoder: tuple[str, str] | None = None
    """Config and weights of a vocoder in the same repository; None: Vocos as its authors published it."""
    made_by: str | None = None
    """The script that makes this model on a volume, for one that no hub has."""

    @property
    def has_own_config(self) -> bool:
        return self.config.endswith(".yaml")


@dataclass(frozen=True)
class Checkpoint:
    """A model whose files are all there."""

    name: str
    weights: Path
    vocab: Path
    arch: Mapping[str, Any]
    """Parameters of the network, as `model.arch` of an f5-tts config."""
    tokenizer: Tokenizer
    vocoder_config: Path
    vocoder_weights: Path
    revision: str
    """The commit that is used; "local" for a directory."""
    license: str
    languages: tuple[str, ...]
    voices: Path | None = None
    """A directory of reference voices that come with the model: `<name>.wav` and `<name>.txt`."""
    own_voices_only: bool = False
    """Whether the model has learnt those alone, and clones no stranger's."""
    warning: str | None = None
    """What the operator should know of where it came from."""


def allows_commercial_use(license: str) -> bool:
    """Return whether a licence is known, and does not forbid to earn money with what is made by the model."""
    return license not in {"unknown", "none", ""} and not re.search(r"\bNC\b", license)


def _shared(repo_id: str, revision: str, weights: str, license: str, *languages: str, **rest: Any) -> ModelSpec:
    """A fine-tune from f5-tts's list of shared models (`infer/SHARED.md`), registered under its repository."""
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
    ModelSpec("random", "local/f5-tts-random", "main", "model.safetensors",
              "vocab.txt", "config.yaml", "CC0-1.0", ("en",),
              vocoder=("vocos/config.yaml", "vocos/pytorch_model.bin"), made_by="scripts/random_checkpoint.py"),
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


def resolve_recogniser(model: str, volume: Path, *, container_disk_ok: bool = True, hub: Hub | None = None) -> Path:
    """The directory of a whisper model, a name of RECOGNISERS or a directory; what is missing is downloaded.

    Looked for and fetched as `resolve` does, and refused for the same reasons: ModelUnavailable.
    """
    if need := RECOGNISERS.get(model):
        (snapshot,) = Finder(model, None, volume, container_disk_ok, hub or Hub(), None).find(need)
        return snapshot
    require_recogniser(model)
    directory = Path(model)
    if lacking := [name for name in ("config.json", "model.bin", "tokenizer.json") if find_fault(directory / name)]:
        raise ModelUnavailable(f"{directory} is no whisper model in CTranslate2's format: no {', '.join(lacking)}")
    return directory


def require_recogniser(model: str) -> None:
    """Raise ModelUnavailable unless this is a name of RECOGNISERS or a directory."""
    if model not in RECOGNISERS and not Path(model).is_dir():
        raise ModelUnavailable(f"ASR_MODEL {model!r} is neither a directory nor one of {', '.join(RECOGNISERS)}")


def resolve(
    model: str,
    revision: str | None,
    volume: Path,
    *,
    container_disk_ok: bool = True,
    commercial_only: bool = False,
    hub: Hub | None = None,
) -> Checkpoint:
    """Find the files of `model`, a registered name or a directory, and download to the volume what is missing.

    `revision` is a commit, branch or tag to use instead of the registered one. With `container_disk_ok` False
    (on the platform) nothing but the vocoder is downloaded unless the volume is a mount of its own; with
    `commercial_only` a model whose licence is unknown or forbids commercial use is refused, before anything is
    downloaded. Raises ModelUnavailable, or HubUnreachable where a reachable hub would have helped.
    """
    spec = REGISTRY.get(model)
    made_by = spec.made_by if spec else None
    finder = Finder(model, revision, volume, container_disk_ok, hub or Hub(), made_by)
    if spec is not None:
        if commercial_only:
            _require_commercial(model, spec.license)
        return _registered(spec, finder)
    directory = SHIPPED.get(model, Path(model))
    if directory.is_dir():
        checkpoint = _directory(directory, finder)
        if commercial_only:
            _require_commercial(model, checkpoint.license)
        return checkpoint
    if model in SHIPPED:
        raise ModelUnavailable(
            f"the model {model} comes with the source and is not in the image: copy the source's voiceclone/{model} to"
            " the volume and set F5_MODEL to that directory"
        )
    raise ModelUnavailable(
        f"{model!r} is neither a registered model nor a directory.{_guess(model)}"
        f" Registered: {', '.join([*REGISTRY, *SHIPPED])}"
    )


def need_of(spec: ModelSpec, revision: str | None = None) -> Need:
    """Return the files of a registered model that its own repository must have; not all have a vocoder in it."""
    files = (spec.weights, spec.vocab, spec.config if spec.has_own_config else None, *(spec.vocoder or ()))
    return Need(
        str(spec.repo_id),
        revision or spec.revision,
        tuple(file for file in files if file is not None),
        asked_for=revision is not None,
    )


def _require_commercial(model: str, license: str) -> None:
    """Raise ModelUnavailable unless the licence allows commercial use."""
    if allows_commercial_use(license):
        return
    remaining = [spec.name for spec in REGISTRY.values() if allows_commercial_use(spec.license) and not spec.made_by]
    cure = "write `license:` into its config.yaml" if license == "unknown" else f"take one of {', '.join(remaining)}"
    raise ModelUnavailable(f"LICENSES=commercial, and the licence of {model} is {license}: {cure}, or unset LICENSES")


def _guess(model: str) -> str:
    known = [*REGISTRY, *SHIPPED]
    names = [spec.name for spec in REGISTRY.values() if spec.repo_id == model]
    if not names:
        close = difflib.get_close_matches(model.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
        names = [name for name in known if name.lower() in close]
    return f" Did you mean {' or '.join(names)}?" if names else ""


def _registered(spec: ModelSpec, finder: Finder) -> Checkpoint:
    if spec.repo_id is None:
        raise ModelUnavailable(
            f"{spec.name}: upstream publishes its architecture but no weights. Use a directory of your own: "
            "F5_MODEL=<directory with config.yaml, vocab.txt and one *.safetensors>"
        )
    need = need_of(spec, finder.revision)
    if spec.vocoder is None:
        snapshot, vocoder = finder.find(need, VOCOS)
        vocoder_files = VOCOS.files
    else:
        (snapshot,) = finder.find(need)
        vocoder, vocoder_files = snapshot, spec.vocoder
    config = _read_config(snapshot / spec.config if spec.has_own_config else _packaged(f"configs/{spec.config}.yaml"))
    log.info("%s: commit %s of %s from %s", spec.name, snapshot.name, spec.repo_id, snapshot)
    return Checkpoint(
        name=spec.name,
        weights=snapshot / spec.weights,
        vocab=snapshot / spec.vocab if spec.vocab else _packaged("infer/examples/vocab.txt"),
        arch=config.arch,
        tokenizer=spec.tokenizer,
        vocoder_config=vocoder / vocoder_files[0],
        vocoder_weights=vocoder / vocoder_files[1],
        revision=snapshot.name,
        license=spec.license,
        languages=spec.languages,
        warning=_other_commit(need, snapshot.name),
    )


def _other_commit(need: Need, commit: str) -> str | None:
    """Return a warning where a model is used at another commit than the registered one."""
    if need.asked_for or need.revision in {"main", commit}:
        return None
    return (
        f"{need.repo_id} is used at the commit that the platform has cached, {commit}; the registered one is"
        f" {need.revision}: set F5_REVISION to insist on it"
    )


def _directory(directory: Path, finder: Finder) -> Checkpoint:
    """A model of the operator's own."""
    if finder.revision is not None:
        raise ModelUnavailable(f"{directory} is a directory and has no revisions: unset F5_REVISION")
    weights = sorted(directory.glob("*.safetensors"))
    if len(weights) != 1:
        raise ModelUnavailable(
            f"{directory} holds {len(weights)} *.safetensors ({', '.join(w.name for w in weights) or 'none'}): "
            "it must hold exactly one"
        )
    for path in (directory / "config.yaml", directory / "vocab.txt", weights[0]):
        if fault := find_fault(path):
            raise ModelUnavailable(f"{path} {fault}: a model's directory needs it whole")
    config = _read_config(directory / "config.yaml")
    vocoder, vocoder_files = directory / "vocos", VOCOS.files
    if not vocoder.is_dir():
        (vocoder,) = finder.find(VOCOS)
    elif (vocoder / "model.safetensors").is_file():
        vocoder_files = ("config.yaml", "model.safetensors")
    for name in vocoder_files:
        if fault := find_fault(vocoder / name):
            raise ModelUnavailable(
                f"{vocoder / name} {fault}: add it, or remove {vocoder} to use the published vocoder"
            )
    return Checkpoint(
        name=config.name or directory.resolve().name,
        weights=weights[0],
        vocab=directory / "vocab.txt",
        arch=config.arch,
        tokenizer=config.tokenizer,
        vocoder_config=vocoder / vocoder_files[0],
        vocoder_weights=vocoder / vocoder_files[1],
        revision="local",
        license=config.license or "unknown",
        languages=config.languages,
        voices=voices if (voices := directory / "voices").is_dir() else None,
        own_voices_only=config.own_voices_only,
    )


@dataclass(frozen=True)
class _Config:
    """What matters here of a config in f5-tts's format."""

    arch: Mapping[str, Any]
    tokenizer: Tokenizer
    name: str
    """As are the fields below, empty where the config does not say."""
    license: str
    languages: tuple[str, ...]
    own_voices_only: bool


def _read_config(path: Path) -> _Config:
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
    return _Config(
        arch,
        "char" if tokenizer == "char" else "pinyin",  # f5-tts writes text as pinyin for a custom vocabulary too
        str(model.get("name") or ""),
        str(document.get("license") or ""),
        tuple(map(str, languages)),
        bool(document.get("own_voices_only")),
    )


def read_yaml(path: Path) -> Any:
    """What a config file holds: plain values, lists and mappings. Raises ModelUnavailable for anything else."""
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


def _packaged(path: str) -> Path:
    """A file that f5-tts ships. The package is only a namespace: finding it runs none of its code."""
    found = importlib.resources.files("f5_tts")
    for part in path.split("/"):
        found = found / part
    return Path(str(found))
