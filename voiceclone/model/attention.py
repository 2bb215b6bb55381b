"""Attention within each chunk of a packed batch, by the kernel that suits device and dtype.

Knows nothing of projections or positions: queries, keys and values go in, ready to be compared.

Letters in shapes: g guidance rows, s frames of all chunks together, n frames of one chunk, h heads, e features of a
head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor

from voiceclone.model.device import upload

HEADS_AT_ONCE = 2
"""Few enough for their scores to stay in the CPU's cache."""


def by_chunk(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """Attend by PyTorch's own kernel, once for each chunk: (g, s, h, e) -> (g, s, h, e)."""
    chunks = zip(*(t.transpose(1, 2).split(tuple(lengths), dim=2) for t in (q, k, v)), strict=True)
    return torch.cat([F.scaled_dot_product_attention(*chunk).transpose(1, 2) for chunk in chunks], dim=1)


def by_head(q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int]) -> Tensor:
    """Attend by plain products, a few heads at once: for bfloat16 on a CPU, whose own kernel is as slow as float32."""
    q = q * q.shape[-1] ** -0.5
    chunks = zip(*(t.split(tuple(lengths), dim=1) for t in (q, k, v)), strict=True)
    return torch.cat([_by_head(*chunk) for chunk in chunks], dim=1)


def _by_head(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend within one chunk, (g, n, h, e)."""
    rows, n = q.shape[:2]
    q, k, v = (t.transpose(1, 2).flatten(0, 1) for t in (q, k, v))
    attended = torch.empty_like(v)
    scores = q.new_empty(HEADS_AT_ONCE, n, n)
    for start in range(0, len(q), HEADS_AT_ONCE):
        heads = slice(start, start + HEADS_AT_ONCE)
        weights = scores[: len(q[heads])]
        torch.bmm(q[heads], k[heads].transpose(1, 2), out=weights)
        torch.softmax(weights, dim=-1, out=weights)
        torch.bmm(weights, v[heads], out=attended[heads])
    return attended.unflatten(0, (rows, -1)).transpose(1, 2)


def borders(lengths: Sequence[int], rows: int, device: torch.device | str) -> Tensor:
    """Return where each chunk of each guidance row starts once the rows lie one after the other, and the end of all."""
    return upload(torch.tensor([0, *accumulate([*lengths] * rows)], dtype=torch.int32), device)


def flash(q: Tensor, k: Tensor, v: Tensor, borders: Tensor, longest: int) -> Tensor:
    """Attend by FlashAttention over all chunks in one launch, half precision on a GPU: (g, s, h, e) -> (g, s, h, e).

    Args:
        borders: as `borders` gives them; how many and where they lie is read on the GPU alone.
        longest: no chunk has more frames.
    """
    q_flat, k_flat, v_flat = (t.flatten(0, 1) for t in (q, k, v))
    # What torch.nn.attention.varlen calls; by way of it torch's compiler would be imported, for a second.
    attended: Tensor = torch.ops.aten._flash_attention_forward(
        q_flat, k_flat, v_flat, borders, borders, longest, longest, 0.0, is_causal=False, return_debug_mask=False
    )[0]
    return attended.unflatten(0, q.shape[:2])


def has_flash(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether `flash` runs there: half precision on compute capability 8.0 or newer."""
    return (
        device.type == "cuda"
        and dtype in (torch.float16, torch.bfloat16)
        and torch.cuda.get_device_capability(device) >= (8, 0)
    )
