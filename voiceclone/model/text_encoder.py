"""Text as the network reads it: one vector for each frame. Letters in shapes are those of `dit`.

Paper: ConvNeXt V2 https://arxiv.org/abs/2301.00808.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voiceclone.model.layers import NORM_EPS, DepthwiseConv1d, Linear
from voiceclone.model.positions import Table, text_positions


class TextEncoder(nn.Module):
    """Token ids of one chunk to one vector for each of its frames."""

    def __init__(
        self, vocabulary_size: int, dim: int, depth: int, mask_padding: bool, average_upsampling: bool
    ) -> None:
        super().__init__()
        self.mask_padding = mask_padding
        self.average_upsampling = average_upsampling
        # Not nn.Embedding: on the meta device its initialisation imports torch's compiler, which takes seconds.
        self.embedding = nn.Parameter(torch.empty(vocabulary_size + 1, dim))
        self.positions = Table(partial(text_positions, dim=dim))
        self.blocks = nn.ModuleList(ConvNeXtV2(dim) for _ in range(depth))

    def forward(self, ids: Tensor, characters: int, guided: bool, pace: tuple[int, int] | None = None) -> Tensor:
        """Encode one chunk: (n,) -> (g, n, text_dim).

        Args:
            ids: rows of the embedding: those of the text at the first frames, the filler, 0, behind it.
            characters: how many are the text's.
            guided: whether to add the row without the condition: it reads filler only, but keeps the text's place.
            pace: how many characters are the reference's, and its frames, where the rest has another pace.
        """
        x = F.embedding(torch.stack([ids, torch.zeros_like(ids)]) if guided else ids[None], self.embedding)
        if self.blocks:
            x = x + self.positions.first(len(ids), x.device, x.dtype)
            if self.mask_padding:
                x[:, characters:] = 0
        for block in self.blocks:
            x = block(x)
            if self.mask_padding:
                x[:, characters:] = 0
        if not self.average_upsampling:
            return x
        text = x[:, :characters]
        if pace is None:
            return stretch(text, len(ids))
        # f5-tts spreads both texts over all frames alike: faster or slower speech then reads at the wrong place.
        own, frames = pace
        return torch.cat([spread(text[:, :own], frames), spread(text[:, own:], len(ids) - frames)], dim=1)


class ConvNeXtV2(nn.Module):
    """ConvNeXt V2 block along one axis, with global response normalisation."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.depthwise = DepthwiseConv1d(dim, 7)
        self.norm = nn.LayerNorm(dim, eps=NORM_EPS)
        self.widen = Linear(dim, 2 * dim)
        self.gamma = nn.Parameter(torch.empty(1, 1, 2 * dim))
        self.beta = nn.Parameter(torch.empty(1, 1, 2 * dim))
        self.narrow = Linear(2 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(g, n, dim) -> (g, n, dim)"""
        h = F.gelu(self.widen(self.norm(self.depthwise(x.mT).mT)))
        # In half precision the sum of squares over a long text overflows.
        energy = h.float().norm(dim=1, keepdim=True)
        response = (energy / (energy.mean(dim=-1, keepdim=True) + 1e-6)).to(h.dtype)
        h = self.gamma * (h * response) + self.beta + h
        return x + self.narrow(h)


def stretch(x: Tensor, frames: int) -> Tensor:
    """Repeat each row so that all fill `frames`, the last ones once more where that does not come out even.

    (g, n, dim) -> (g, frames, dim)
    """
    rows = x.shape[1]
    if rows == 0:
        return x.new_zeros(len(x), frames, x.shape[-1])
    repeats = torch.full((rows,), frames // rows, device=x.device)
    repeats[rows - frames % rows :] += 1
    return x.repeat_interleave(repeats, dim=1, output_size=frames)


def spread(x: Tensor, frames: int) -> Tensor:
    """Repeat each row so that they lie evenly over `frames`.

    (g, n, dim) -> (g, frames, dim)
    """
    return x[:, torch.arange(frames, device=x.device) * x.shape[1] // frames]
