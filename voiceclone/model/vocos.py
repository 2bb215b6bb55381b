"""Vocos, the vocoder: mel frames to samples, for inference only.

Knows nothing of files, devices or of where the mel comes from. Reads the weights of `charactr/vocos-mel-24khz` and of
any Vocos with a mel front end, a ConvNeXt backbone and an inverse-STFT head with centred frames.

Paper: https://arxiv.org/abs/2306.00814
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voiceclone.errors import ModelUnavailable
from voiceclone.model.layers import NORM_EPS, Conv1d, DepthwiseConv1d, Linear, build
from voiceclone.model.packing import Spacing

KERNEL = 7
PADDING = KERNEL // 2
MAX_MAGNITUDE = 100.0


@dataclass(frozen=True)
class VocosArch:
    """Sizes of a Vocos."""

    mel_dim: int
    dim: int
    intermediate_dim: int
    num_layers: int
    n_fft: int
    hop_length: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> VocosArch:
        """Read upstream's `config.yaml`. Raises ModelUnavailable for another kind of Vocos."""
        try:
            backbone, head = config["backbone"], config["head"]
            kinds = (backbone["class_path"], head["class_path"], head["init_args"]["padding"])
            if kinds != ("vocos.models.VocosBackbone", "vocos.heads.ISTFTHead", "center"):
                raise ModelUnavailable(f"this kind of Vocos is not known: {kinds}")
            sizes = backbone["init_args"]
            n_fft, hop_length = head["init_args"]["n_fft"], head["init_args"]["hop_length"]
            if n_fft % hop_length:
                raise ModelUnavailable(f"Vocos must hop over a whole part of its {n_fft} samples, not {hop_length}")
            return cls(
                mel_dim=sizes["input_channels"],
                dim=sizes["dim"],
                intermediate_dim=sizes["intermediate_dim"],
                num_layers=sizes["num_layers"],
                n_fft=n_fft,
                hop_length=hop_length,
            )
        except (KeyError, TypeError) as e:
            raise ModelUnavailable(f"the vocoder's config.yaml is not one of Vocos: {e!r}") from e


class Vocos(nn.Module):
    """ConvNeXt blocks at the mel's frame rate, then magnitude and phase of each frame's spectrum."""

    window: Tensor

    def __init__(self, arch: VocosArch) -> None:
        super().__init__()
        self.arch = arch
        self.embed = Conv1d(arch.mel_dim, arch.dim, KERNEL, padding=PADDING)
        self.norm = nn.LayerNorm(arch.dim, eps=NORM_EPS)
        self.convnext = nn.ModuleList(ConvNeXt(arch.dim, arch.intermediate_dim) for _ in range(arch.num_layers))
        self.final_layer_norm = nn.LayerNorm(arch.dim, eps=NORM_EPS)
        self.out = Linear(arch.dim, arch.n_fft + 2)
        self.register_buffer("window", torch.empty(arch.n_fft))

    @classmethod
    def from_upstream(cls, arch: VocosArch, weights: Mapping[str, Tensor]) -> Vocos:
        """Build the vocoder around upstream's tensors. Raises ModelUnavailable where they do not fit `arch`."""
        state = {
            key.removeprefix("backbone.").removeprefix("head.").removeprefix("istft."): tensor
            for key, tensor in weights.items()
            if not key.startswith("feature_extractor.")
        }
        return build(lambda: cls(arch), state, "the vocoder's weights do not fit its config.yaml").float()

    def forward(self, mels: Tensor, lengths: Sequence[int]) -> Tensor:
        """Turn packed log-mels (s, m) of chunks of n frames into their samples, (n - 1) * hop_length each: (samples,).

        A chunk sounds as it does alone, whatever its neighbours hold.
        """
        n_fft, hop_length = self.arch.n_fft, self.arch.hop_length
        # Neither a convolution nor a frame of the transform reaches from one chunk into the next.
        gap = max(PADDING, n_fft // hop_length - 1)
        spacing = Spacing.of(lengths, gap, mels.device)
        # Filled, not multiplied: what is not finite must not come through.
        empty = spacing.occupied == 0
        x = self.embed(spacing.open(mels).T[None]).transpose(1, 2)
        x = self.norm(x).masked_fill_(empty, 0)
        for block in self.convnext:
            x = block(x).masked_fill_(empty, 0)
        magnitude, phase = self.out(self.final_layer_norm(x))[0].chunk(2, dim=-1)
        spectrum = torch.polar(magnitude.exp().clamp(max=MAX_MAGNITUDE), phase)
        frames = (torch.fft.irfft(spectrum, n_fft) * self.window).masked_fill_(empty, 0)
        hops = overlap_add(frames, hop_length) / overlap_add(spacing.occupied * self.window**2, hop_length)
        # A hop lies between the centres of two frames: those that lead into a gap and out of it go with the gap.
        return Spacing.of([n - 1 for n in lengths], gap + 1, mels.device).close(hops).flatten()


def overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """Sum of frames (n, n_fft) that start a hop apart, from the first's centre to the last's: (n - 1, hop_length)."""
    n, n_fft = frames.shape
    total = frames.new_zeros(n - 1 + n_fft // hop_length, hop_length)
    for i, piece in enumerate(frames.split(hop_length, dim=1)):
        total[i : i + n] += piece
    return total.flatten()[n_fft // 2 :][: (n - 1) * hop_length].unflatten(0, (n - 1, hop_length))


class ConvNeXt(nn.Module):
    """ConvNeXt block along one axis, scaled by `gamma`."""

    def __init__(self, dim: int, intermediate_dim: int) -> None:
        super().__init__()
        self.dwconv = DepthwiseConv1d(dim, KERNEL)
        self.norm = nn.LayerNorm(dim, eps=NORM_EPS)
        self.pwconv1 = Linear(dim, intermediate_dim)
        self.pwconv2 = Linear(intermediate_dim, dim)
        self.gamma = nn.Parameter(torch.empty(dim))

    def forward(self, x: Tensor) -> Tensor:
        """(1, n, dim) -> (1, n, dim)"""
        h = self.norm(self.dwconv(x.transpose(1, 2)).transpose(1, 2))
        return x + self.gamma * self.pwconv2(F.gelu(self.pwconv1(h)))
