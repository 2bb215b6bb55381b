"""Which files a model needs, how they get onto a volume, and how their tensors are read."""

from voiceclone.checkpoints.config import MEL_SPEC, read_yaml
from voiceclone.checkpoints.copies import Copies, is_whole, kind
from voiceclone.checkpoints.finder import Need, on_container_disk
from voiceclone.checkpoints.hub import Hub, HubUnreachable, use_models_dir
from voiceclone.checkpoints.integrity import find_fault, has_hash
from voiceclone.checkpoints.registry import DEFAULT_RECOGNISERS, RECOGNISERS, REGISTRY, SHIPPED, VOCOS, need_of
from voiceclone.checkpoints.resolving import Checkpoint, require_recogniser, resolve, resolve_recogniser
from voiceclone.checkpoints.weights import read_ahead, read_weights, require_learnt

__all__ = [
    "DEFAULT_RECOGNISERS",
    "MEL_SPEC",
    "RECOGNISERS",
    "REGISTRY",
    "SHIPPED",
    "VOCOS",
    "Checkpoint",
    "Copies",
    "Hub",
    "HubUnreachable",
    "Need",
    "find_fault",
    "has_hash",
    "is_whole",
    "kind",
    "need_of",
    "on_container_disk",
    "read_ahead",
    "read_weights",
    "read_yaml",
    "require_learnt",
    "require_recogniser",
    "resolve",
    "resolve_recogniser",
    "use_models_dir",
]
