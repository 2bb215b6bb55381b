#!/usr/bin/env python
"""Write a model's directory with random weights.

    python scripts/random_checkpoint.py ./random                             then set F5_MODEL=./random
    python scripts/random_checkpoint.py ./random --arch F5TTS_v1_Base        full size, for benchmarks

It takes the same way through the loader and the network as real weights, and makes noise instead of speech: it proves
the pipeline, nothing more.
"""

from __future__ import annotations

import argparse
import importlib.resources
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from torch import Tensor

SMALL_ARCH = {"dim": 64, "depth": 2, "heads": 2, "dim_head": 32, "ff_mult": 2, "text_dim": 32, "conv_layers": 2}
SMALL_VOCOS = {"dim": 64, "intermediate_dim": 192, "num_layers": 2}
FULL_VOCOS = {"dim": 512, "intermediate_dim": 1536, "num_layers": 8}
MEL_DIM = 100
N_FFT = 1024

Shape = tuple[int, ...]


def linear(name: str, inner: int, outer: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (outer, inner)
    yield f"{name}.bias", (outer,)


def conv(name: str, inner: int, outer: int, kernel: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (outer, inner, kernel)
    yield f"{name}.bias", (outer,)


def norm(name: str, dim: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (dim,)
    yield f"{name}.bias", (dim,)


def dit_shapes(arch: Mapping[str, Any], vocabulary_size: int) -> Iterator[tuple[str, Shape]]:
    """Names and shapes of the weights of an f5-tts checkpoint."""
    dim, text_dim, inner = arch["dim"], arch["text_dim"], arch["heads"] * arch.get("dim_head", 64)
    yield from linear("time_embed.time_mlp.0", 256, dim)
    yield from linear("time_embed.time_mlp.2", dim, dim)
    yield "text_embed.text_embed.weight", (vocabulary_size + 1, text_dim)
    for i in range(arch["conv_layers"]):
        block = f"text_embed.text_blocks.{i}"
        yield from conv(f"{block}.dwconv", 1, text_dim, 7)
        yield from norm(f"{block}.norm", text_dim)
        yield from linear(f"{block}.pwconv1", text_dim, 2 * text_dim)
        yield f"{block}.grn.gamma", (1, 1, 2 * text_dim)
        yield f"{block}.grn.beta", (1, 1, 2 * text_dim)
        yield from linear(f"{block}.pwconv2", 2 * text_dim, text_dim)
    yield from linear("input_embed.proj", 2 * MEL_DIM + text_dim, dim)
    for i in (0, 2):
        yield from conv(f"input_embed.conv_pos_embed.conv1d.{i}", dim // 16, dim, 31)
    for i in range(arch["depth"]):
        block = f"transformer_blocks.{i}"
        yield from linear(f"{block}.attn_norm.linear", dim, 6 * dim)
        for part in ("to_q", "to_k", "to_v"):
            yield from linear(f"{block}.attn.{part}", dim, inner)
        yield from linear(f"{block}.attn.to_out.0", inner, dim)
        yield from linear(f"{block}.ff.ff.0.0", dim, arch["ff_mult"] * dim)
        yield from linear(f"{block}.ff.ff.2", arch["ff_mult"] * dim, dim)
    yield from linear("norm_out.linear", dim, 2 * dim)
    yield from linear("proj_out", dim, MEL_DIM)


def vocos_shapes(sizes: Mapping[str, int]) -> Iterator[tuple[str, Shape]]:
    """Names and shapes of the weights of a Vocos checkpoint."""
    dim, intermediate_dim = sizes["dim"], sizes["intermediate_dim"]
    yield from conv("backbone.embed", MEL_DIM, dim, 7)
    yield from norm("backbone.norm", dim)
    for i in range(sizes["num_layers"]):
        block = f"backbone.convnext.{i}"
        yield f"{block}.gamma", (dim,)
        yield from conv(f"{block}.dwconv", 1, dim, 7)
        yield from norm(f"{block}.norm", dim)
        yield from linear(f"{block}.pwconv1", dim, intermediate_dim)
        yield from linear(f"{block}.pwconv2", intermediate_dim, dim)
    yield from norm("backbone.final_layer_norm", dim)
    yield from linear("head.out", dim, N_FFT + 2)


def dit_constants(arch: Mapping[str, Any]) -> dict[str, Tensor]:
    """What an f5-tts checkpoint holds beside weights."""
    import torch

    dim_head = arch.get("dim_head", 64)
    return {"rotary_embed.inv_freq": 1.0 / 10_000 ** (torch.arange(0, dim_head, 2).float() / dim_head)}


def vocos_constants() -> dict[str, Tensor]:
    """What a Vocos checkpoint holds beside weights."""
    import torch
    from torchaudio.functional import melscale_fbanks

    window = torch.hann_window(N_FFT)
    return {
        "head.istft.window": window,
        "feature_extractor.mel_spec.spectrogram.window": window.clone(),
        "feature_extractor.mel_spec.mel_scale.fb": melscale_fbanks(N_FFT // 2 + 1, 0.0, 12_000.0, MEL_DIM, 24_000),
    }


def random_tensors(shapes: Iterator[tuple[str, Shape]], seed: int) -> dict[str, Tensor]:
    """Weights that keep activations near unit size: norms at one, matrices by their fan-in.

    Never silent, in half precision either: the vocoder normalises before its spectrum, so any finite mel is heard.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes:
        noise = torch.randn(shape, generator=generator)
        is_norm = ".norm.weight" in name or "layer_norm.weight" in name
        fan_in = torch.Size(shape[1:]).numel() if len(shape) > 1 else 100
        tensors[name] = torch.ones(shape) if is_norm else noise * fan_in**-0.5
    return tensors


def vocos_config(sizes: Mapping[str, int]) -> dict[str, Any]:
    """`config.yaml` of charactr/vocos-mel-24khz, with other sizes."""
    return {
        "feature_extractor": {
            "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
            "init_args": {
                "sample_rate": 24000,
                "n_fft": N_FFT,
                "hop_length": 256,
                "n_mels": MEL_DIM,
                "padding": "center",
            },
        },
        "backbone": {"class_path": "vocos.models.VocosBackbone", "init_args": {"input_channels": MEL_DIM, **sizes}},
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"dim": sizes["dim"], "n_fft": N_FFT, "hop_length": 256, "padding": "center"},
        },
    }


def write_random(directory: Path, arch_name: str = "small") -> Path:
    """Write the model's directory, all at once, and return it. What is there already is kept."""
    if (directory / "config.yaml").is_file():
        return directory
    import torch
    from safetensors.torch import save_file

    package = importlib.resources.files("f5_tts")
    vocabulary = (package / "infer/examples/vocab.txt").read_bytes()
    arch: Mapping[str, Any] = SMALL_ARCH
    if arch_name != "small":
        arch = yaml.safe_load((package / f"configs/{arch_name}.yaml").read_text())["model"]["arch"]
    sizes = SMALL_VOCOS if arch_name == "small" else FULL_VOCOS

    staging = directory.with_name(f".staging-{os.getpid()}")
    (staging / "vocos").mkdir(parents=True)
    config = {"license": "CC0-1.0", "languages": ["en"], "model": {"name": "random", "arch": dict(arch)}}
    (staging / "config.yaml").write_text(yaml.safe_dump(config))
    (staging / "vocab.txt").write_bytes(vocabulary)
    weights = random_tensors(dit_shapes(arch, len(vocabulary.splitlines())), seed=0) | dit_constants(arch)
    save_file({f"ema_model.transformer.{k}": v for k, v in weights.items()}, staging / "model.safetensors")
    (staging / "vocos/config.yaml").write_text(yaml.safe_dump(vocos_config(sizes)))
    vocoder = random_tensors(vocos_shapes(sizes), seed=1) | vocos_constants()
    torch.save(vocoder, staging / "vocos/pytorch_model.bin")
    staging.replace(directory)
    return directory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="the one to make")
    parser.add_argument("--arch", default="small", help="small, or the name of an f5-tts config")
    arguments = parser.parse_args()
    sys.stdout.write(f"{write_random(arguments.directory, arguments.arch)}\n")


if __name__ == "__main__":
    main()
