"""Packed chunks are moved apart and together again."""

from __future__ import annotations

import pytest
import torch

from voiceclone.model.packing import Spacing


def test_rows_move_apart_and_back():
    x = torch.arange(1.0, 13.0).reshape(2, 6, 1)
    spacing = Spacing.of([2, 1, 3], gap=2)
    apart = spacing.open(x)
    assert apart[..., 0].tolist() == [[1, 2, 0, 0, 3, 0, 0, 4, 5, 6], [7, 8, 0, 0, 9, 0, 0, 10, 11, 12]]
    assert spacing.occupied.flatten().tolist() == [1, 1, 0, 0, 1, 0, 0, 1, 1, 1]
    assert torch.equal(spacing.close(apart), x)


@pytest.mark.parametrize(("lengths", "places"), [([4], [0, 1, 2, 3]), ([0, 2, 0, 1], [3, 4, 11]), ([0], [])])
def test_a_chunk_may_be_alone_or_empty(lengths, places):
    spacing = Spacing.of(lengths, gap=3)
    assert spacing.index.tolist() == places
    assert spacing.open(torch.ones(len(places), 1)).tolist() == spacing.occupied.tolist()


def test_the_mask_is_of_the_asked_type():
    assert Spacing.of([1, 1], gap=1, dtype=torch.float16).occupied.dtype == torch.float16
