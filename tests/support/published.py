"""What the hub's repositories hold, in small, and a cache of the hub's client that holds them."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
from fake_hub import Repo
from safetensors.numpy import save

from voiceclone.checkpoints.registry import REGISTRY, ModelSpec

MODEL = REGISTRY["F5TTS_v1_Base"]
LATVIAN = REGISTRY["RaivisDejus/F5-TTS-Latvian"]  # registered at "main"
VOCOS_REPO, VOCOS_COMMIT = "charactr/vocos-mel-24khz", "0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21"
OTHER_COMMIT = "1" * 40
WEIGHTS = save({"w": np.arange(50_000, dtype=np.float32)})
FETCHABLE = [spec for spec in REGISTRY.values() if spec.repo_id]


def archive() -> bytes:
    """What torch.save writes is a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("archive/data.pkl", b"0" * 1000)
    return buffer.getvalue()


OWN_CONFIG = "model: {arch: {dim: 8, depth: 1}, tokenizer: pinyin}\n"
VOCOS_FILES = {"config.yaml": b"backbone: {}\n", "pytorch_model.bin": archive()}


def files_of(spec: ModelSpec, weights: bytes = WEIGHTS) -> dict[str, bytes]:
    files = {spec.weights: weights if spec.weights.endswith(".safetensors") else archive()}
    files |= {spec.vocab: b"a\nb\n"} if spec.vocab else {}
    return files | ({spec.config: OWN_CONFIG.encode()} if spec.config.endswith(".yaml") else {})


def published_repos() -> dict[str, Repo]:
    """Return two models and their vocoder, each by its repository's name."""
    return {
        str(MODEL.repo_id): Repo(MODEL.revision, files_of(MODEL)),
        str(LATVIAN.repo_id): Repo("a" * 40, files_of(LATVIAN)),
        VOCOS_REPO: Repo(VOCOS_COMMIT, dict(VOCOS_FILES)),
    }


def place(cache: Path, repo_id: str, commit: str, files: dict[str, bytes], ref: str | None = None) -> Path:
    """Put files into a cache as the hub's client does: blobs by their hash, links to them in the snapshot."""
    repo = cache / f"models--{repo_id.replace('/', '--')}"
    snapshot = repo / "snapshots" / commit
    (repo / "blobs").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        blob = repo / "blobs" / hashlib.sha256(data).hexdigest()
        blob.write_bytes(data)
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    if ref:
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / ref).write_text(commit)
    return snapshot


def platform_cache(volume: Path) -> Path:
    return volume / "huggingface-cache" / "hub"


def own_cache(volume: Path) -> Path:
    return volume / "models" / "hub"
