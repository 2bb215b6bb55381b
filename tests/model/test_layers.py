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


@pytest.mark.parametrize("gelu", [True, False])
def test_int8_rounds_weights_by_output_and_what_comes_in_as_a_whole(gelu):
    """Nothing else is lost: not where all products of a pair are at their largest, nor in an output without weights."""
    torch.manual_seed(0)
    layer = Linear(64, 96).requires_grad_(False)
    layer.weight.copy_(torch.randn(96, 64) * torch.logspace(-4, 0, 96)[:, None])
    layer.weight[0], layer.weight[1] = 0, 1
    layer.bias.zero_()
    x = torch.randn(2, 50, 64)
    x[1, 0] = x.max()
    steps = layer.weight.abs().amax(1).clamp_min(1e-30) / 127
    weight = (layer.weight / steps[:, None]).round() * steps[:, None]
    # 7 bits for what lies between the least and the largest, with zero among them.
    step = float(x.max() - x.min()) / 127
    nought = round(-float(x.min()) / step)
    rounded = ((x / step).round() + nought).clamp(0, 127).sub(nought) * step
    expected = F.linear(rounded, weight)
    expected = F.gelu(expected, approximate="tanh") if gelu else expected
    layer.quantize()
    pack(torch.nn.Sequential(layer))
    assert (layer.weight.shape, layer.weight.dtype) == ((96, 64), torch.float32)
    largest = expected.abs().amax((0, 1)).clamp_min(1e-9)
    assert float(((layer(x, gelu) - expected).abs().amax((0, 1)) / largest).max()) < 1e-3


def test_float16_is_packed_nowhere():
    """CPUs multiply it in float32, after converting it each time."""
    assert not can_pack(torch.float16)
