"""Packed weights multiply as plain ones do."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from voiceclone.model.layers import Linear, can_pack, pack


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gelu", [True, False])
@pytest.mark.parametrize("shape", [(2, 50, 48), (1, 1, 48), (7, 48)])
@pytest.mark.parametrize(("dtype", "bar"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_packed_or_not_the_product_is_the_same(dtype, bar, shape, gelu, bias):
    """Where this CPU cannot pack a dtype, it says so, and the plain product is taken."""
    torch.manual_seed(0)
    layer = Linear(48, 96, bias=bias).requires_grad_(False)
    for weight in layer.parameters():
        weight.normal_(std=48**-0.5)
    layer = layer.to(dtype)
    x = torch.randn(shape).to(dtype)
    expected = F.linear(x, layer.weight, layer.bias)
    expected = F.gelu(expected, approximate="tanh") if gelu else expected
    if can_pack(dtype):
        pack(torch.nn.Sequential(layer))
    assert (layer.weight.shape, layer.weight.dtype) == ((96, 48), dtype)
    assert float((layer(x, gelu) - expected).abs().max()) <= bar * float(expected.abs().max())


def test_float16_is_packed_nowhere():
    """CPUs multiply it in float32, after converting it each time."""
    assert not can_pack(torch.float16)
