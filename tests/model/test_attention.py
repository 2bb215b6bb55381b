"""Every kernel computes the attention of each chunk, and of that chunk only."""

from __future__ import annotations

import pytest
import torch

from voiceclone.model.attention import borders, by_chunk, by_head

LENGTHS = [7, 1, 20]


@pytest.fixture
def heads():
    """Queries, keys, values: two rows, three heads of eight features."""
    torch.manual_seed(0)
    return [torch.randn(2, sum(LENGTHS), 3, 8) for _ in range(3)]


def attend(q, k, v):
    """The formula, softmax(q k / sqrt(e)) v, for one chunk."""
    scores = torch.einsum("gihe,gjhe->ghij", q, k) / q.shape[-1] ** 0.5
    return torch.einsum("ghij,gjhe->gihe", scores.softmax(-1), v)


@pytest.mark.parametrize(
    ("kernel", "dtype", "bar"),
    [(by_chunk, torch.float32, 1e-6), (by_head, torch.float32, 1e-6), (by_head, torch.bfloat16, 1e-2)],
)
def test_attention_is_that_of_the_formula_within_each_chunk(heads, kernel, dtype, bar):
    expected = torch.cat([attend(*chunk) for chunk in zip(*(t.split(LENGTHS, dim=1) for t in heads), strict=True)], 1)
    attended = kernel(*(t.to(dtype) for t in heads), LENGTHS)
    assert attended.dtype == dtype
    assert float((attended.float() - expected).abs().max()) <= bar * float(expected.abs().max())


def test_borders_are_where_chunks_begin_once_rows_lie_one_after_the_other():
    assert borders(LENGTHS, 2, "cpu").tolist() == [0, 7, 8, 28, 35, 36, 56]
