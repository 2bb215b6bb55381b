"""Chunks of unequal length one after the other along one axis: packed, without padding to a common length.

Knows nothing of what the rows mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from voiceclone.model.device import upload

PLACES_STEP = 64
"""cuDNN and cuFFT make a plan for each new number of places, which takes milliseconds."""


@dataclass(frozen=True)
class Spacing:
    """Where packed rows lie once empty ones keep the chunks apart.

    With a gap as wide as half a convolution's kernel each chunk ends in zeros, as it does alone.
    """

    index: Tensor
    """Place of each row: (s,)."""
    occupied: Tensor
    """1 at rows, 0 in the gaps: (places, 1); a multiple of PLACES_STEP."""

    @classmethod
    def of(
        cls, lengths: Sequence[int], gap: int, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> Spacing:
        """Lay at least `gap` empty rows between neighbours; at the end as many as make a round number of places."""
        chunk = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths), output_size=sum(lengths))
        index = torch.arange(len(chunk)) + gap * chunk
        places = len(index) + gap * (len(lengths) - 1)
        occupied = torch.zeros(-places // PLACES_STEP * -PLACES_STEP, 1, dtype=dtype)
        occupied[index] = 1
        return cls(upload(index, device), upload(occupied, device))

    def open(self, x: Tensor) -> Tensor:
        """Move rows to their places, zeros in the gaps: (..., s, d) -> (..., places, d)."""
        apart = x.new_zeros(*x.shape[:-2], len(self.occupied), x.shape[-1])
        return apart.index_copy_(-2, self.index, x)

    def close(self, x: Tensor) -> Tensor:
        """Take rows from their places: (..., places, d) -> (..., s, d)."""
        return x.index_select(-2, self.index)
