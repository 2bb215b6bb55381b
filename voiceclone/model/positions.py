"""Where a frame, a letter or a moment is, as numbers that a network can use. Pure functions of tensors.

Formulas: rotary positions (https://arxiv.org/abs/2104.09864), sinusoids (https://arxiv.org/abs/1706.03762), as F5-TTS
lays out their pairs. A `Table` keeps what one of them says of the first positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

TIME_FREQUENCIES = 128
ROPE_BASE = 10_000.0
TABLE_ROWS = 4096
"""Of the shortest table: more frames than a chunk has that the models say well."""


class Table:
    """A row for each position, kept on one device in one dtype, and made anew when more are asked for."""

    def __init__(self, make: Callable[[int], Tensor]) -> None:
        """`make`: gives so many rows, on the CPU."""
        self._make = make
        self._rows = torch.empty(0)

    def first(self, rows: int, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Return the first rows: (rows, ...)."""
        kept = self._rows
        if len(kept) < rows or (kept.device, kept.dtype) != (device, dtype):
            kept = self._rows = self._make(max(TABLE_ROWS, 1 << (rows - 1).bit_length())).to(device, dtype)
        return kept[:rows]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of features, one from either half, by its frame's angle: (g, s, 2, h, e) -> the same shape."""
    first, second = x.chunk(2, dim=-1)
    if x.is_cuda:
        turned = torch.empty_like(x, memory_format=torch.contiguous_format)
    else:  # head by head: a CPU's kernels read each one at a stretch
        turned = x.new_empty([x.shape[i] for i in (2, 0, 3, 1, 4)]).permute(1, 3, 0, 2, 4)
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


def rotations(rows: int, dim: int, heads: int, rotated: int | None) -> Tensor:
    """Return cosine and sine of the angle that each pair of features is turned by: (rows, 2, 1, h or 1, dim / 2).

    Args:
        rotated: the first so many heads are turned, the others keep their angle 0; None: all alike.
    """
    angles = torch.arange(rows)[:, None, None, None] * frequencies(dim)
    if rotated is not None:
        angles = angles * (torch.arange(heads) < rotated)[:, None]
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def text_positions(rows: int, dim: int) -> Tensor:
    """Return cosines, then sines, of the position at each frequency: (rows, dim)."""
    angles = torch.arange(rows)[:, None] * frequencies(dim)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
