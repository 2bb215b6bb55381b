"""Packed chunks are moved apart and together again."""

from __future__ import annotations

import pytest
import torch

from voiceclone.model.packing import PLACES_STEP, Spacing


def test_rows_move_apart_and_back():
    x = torch.arange(1.0, 13.0).reshape(2, 6, 1)
    spacing = Spacing.of([2, 1, 3], gap=2)
    apart = spacing.open(x)
    assert apart[:, :10, 0].tolist() == [[1, 2, 0, 0, 3, 0, 0, 4, 5, 6], [7, 8, 0, 0, 9, 0, 0, 10, 11, 12]]
    assert not apart[:, 10:].any()
    assert spacing.occupied.flatten().tolist() == [1, 1, 0, 0, 1, 0, 0, 1, 1, 1] + [0] * (PLACES_STEP - 10)
    assert torch.equal(spacing.close(apart), x)


@pytest.mark.parametrize(("lengths", "places"), [([4], [0, 1, 2, 3]), ([0, 2, 0, 1], [3, 4, 11]), ([0], [])])
def test_a_chunk_may_be_alone_or_empty(lengths, places):
    spacing = Spacing.of(lengths, gap=3)
    assert spacing.index.tolist() == places
    assert spacing.open(torch.ones(len(places), 1)).tolist() == spacing.occupied.tolist()


@pytest.mark.parametrize("lengths", [[1], [63, 64], [64], [65], [40, 200, 1]])
def test_places_are_a_round_number(lengths):
    """Whatever the lengths: few numbers, and less than a step more than is needed."""
    places = len(Spacing.of(lengths, gap=3).occupied)
    assert places % PLACES_STEP == 0
    assert 0 <= places - sum(lengths) - 3 * (len(lengths) - 1) < PLACES_STEP


def test_the_mask_is_of_the_asked_type():
    assert Spacing.of([1, 1], gap=1, dtype=torch.float16).occupied.dtype == torch.float16
