"""Where a frame, a letter or a moment is, as numbers that a network can use. Pure functions of tensors.

Formulas: rotary positions (https://arxiv.org/abs/2104.09864), sinusoids (https://arxiv.org/abs/1706.03762), as F5-TTS
lays out their pairs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

TIME_FREQUENCIES = 128
ROPE_BASE = 10_000.0


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of features, one from either half, by its frame's angle: (g, s, 2, h, e) -> the same shape."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.empty_like(x, memory_format=torch.contiguous_format)
    turned_first, turned_second = turned.chunk(2, dim=-1)
    torch.mul(first, cos, out=turned_first).addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=turned_second).addcmul_(first, sin)
    return turned


def sinusoids(times: Tensor) -> Tensor:
    """Return sines and cosines of 1000 t at geometric frequencies from 1 to 1/10000: (steps,) -> (steps, 256)."""
    decay = -math.log(10_000) / (TIME_FREQUENCIES - 1)
    angles = 1000 * times.float()[:, None] * torch.exp(torch.arange(TIME_FREQUENCIES, device=times.device) * decay)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def frequencies(dim: int) -> Tensor:
    """Return one angle per frame for each pair of features, from 1 down to 1/10000 radian: (dim / 2,)."""
    return 1.0 / ROPE_BASE ** (torch.arange(0, dim, 2).float() / dim)


def text_positions(x: Tensor) -> Tensor:
    """Return cosines, then sines, of the position at each frequency: like x, (n, dim)."""
    angles = torch.arange(len(x))[:, None] * frequencies(x.shape[-1])
    return torch.cat([angles.cos(), angles.sin()], dim=-1).to(x)
