"""Which files a model needs: the registered models, and directories of one's own.

Knows neither torch nor the network's code and never reads weights into memory: a Checkpoint is paths, the
architecture's parameters and where it all came from. How files get onto a volume is `hub`'s affair.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceclone.checkpoints.config import CFG_STRENGTH, packaged, read_config
from voiceclone.checkpoints.finder import Finder, Need
from voiceclone.checkpoints.hub import Hub, HubUnreachable
from voiceclone.checkpoints.hub_cache import identity_of
from voiceclone.checkpoints.integrity import find_fault
from voiceclone.checkpoints.registry import (
    RECOGNISERS,
    REGISTRY,
    SHIPPED,
    VOCOS,
    ModelSpec,
    allows_commercial_use,
    need_of,
)
from voiceclone.errors import ModelUnavailable
from voiceclone.types import Tokenizer

log = logging.getLogger(__name__)


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
    cfg_strength: float = CFG_STRENGTH
    """Guidance where a job names none."""
    warning: str | None = None
    """What the operator should know of where it came from."""

    @property
    def identity(self) -> str:
        """Tells what it computes from what any other does, the vocabulary aside. Raises OSError."""
        config = hashlib.sha256(self.vocoder_config.read_bytes()).hexdigest()
        made_of = [identity_of(self.weights), identity_of(self.vocoder_weights), config, dict(self.arch)]
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def resolve_recogniser(
    model: str, volume: Path, *, container_disk_ok: bool = True, hub: Hub | None = None, another_ok: bool = False
) -> Path:
    """Return the directory of a whisper model, a name of RECOGNISERS or a directory; what is missing is downloaded.

    Looked for and fetched as `resolve` does, and refused for the same reasons: ModelUnavailable. `another_ok`: where it
    is not to be had, another one that lies on the volume is taken.
    """
    if need := RECOGNISERS.get(model):
        finder = Finder(model, None, volume, container_disk_ok, hub or Hub())
        try:
            (snapshot,) = finder.find(need)
        except ModelUnavailable as e:
            other = next(finder.lying_there(_others(model)), None) if another_ok else None
            if other is None:
                raise
            log.warning("%s hears in its place: %s", other.parent.parent.name.removeprefix("models--"), e)
            return other
        return snapshot
    require_recogniser(model)
    directory = Path(model)
    if lacking := [name for name in ("config.json", "model.bin", "tokenizer.json") if find_fault(directory / name)]:
        raise ModelUnavailable(f"{directory} is no whisper model in CTranslate2's format: no {', '.join(lacking)}")
    return directory


def _others(model: str) -> list[Need]:
    """The other whisper models, the most able first; those that know English alone only in place of such a one."""
    english = model.endswith(".en")
    names = [name for name in reversed(RECOGNISERS) if name != model and english >= name.endswith(".en")]
    return list({RECOGNISERS[name]: None for name in names})


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
    finder = Finder(model, revision, volume, container_disk_ok, hub or Hub())
    if spec is not None:
        if commercial_only:
            _require_commercial(model, spec.license)
        try:
            return _registered(spec, finder)
        except HubUnreachable as e:
            if not (finder.hub.may_be_asked and SHIPPED["demo"].is_dir()):
                raise
            raise HubUnreachable(f"{e}. Without a hub: F5_MODEL=demo, the small model that comes with the code") from e
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


def _require_commercial(model: str, license: str) -> None:
    """Raise ModelUnavailable unless the licence allows commercial use."""
    if allows_commercial_use(license):
        return
    remaining = [spec.name for spec in REGISTRY.values() if allows_commercial_use(spec.license)]
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
    snapshot, vocoder = finder.find(need, VOCOS)
    config = read_config(snapshot / spec.config if spec.has_own_config else packaged(f"configs/{spec.config}.yaml"))
    log.info("%s: commit %s of %s from %s", spec.name, snapshot.name, spec.repo_id, snapshot)
    return Checkpoint(
        name=spec.name,
        weights=snapshot / spec.weights,
        vocab=snapshot / spec.vocab if spec.vocab else packaged("infer/examples/vocab.txt"),
        arch=config.arch,
        tokenizer=spec.tokenizer,
        vocoder_config=vocoder / VOCOS.files[0],
        vocoder_weights=vocoder / VOCOS.files[1],
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
    """Return a model of the operator's own."""
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
    config = read_config(directory / "config.yaml")
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
        cfg_strength=config.cfg_strength,
    )
