"""Variants compute what the plain network computes; which are taken is decided on the device."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from voiceclone.model.layers import Conv1d, Linear
from voiceclone.model.sampling import Eager, Plan, Sampling, sample
from voiceclone.model.variants import GATE_WITH_NORM, ROTATION_IN_KERNEL, ROWS_IN_CONVOLUTION, VARIANTS, use_variants


def mel(engine):
    """Of two chunks in one batch."""
    reference = torch.randn(60, 100, generator=torch.Generator().manual_seed(0))
    plans = [Plan(reference, torch.arange(20), frames, frames) for frames in (200, 117)]
    return sample(Eager(engine.dit), engine._schedule(Sampling(3)), plans, 2.0)


@torch.inference_mode()
def test_rows_in_convolution_give_the_mel_of_the_plain_network(engine):
    """And afterwards the plain one is as it was."""
    plain = mel(engine)
    for names in ([ROWS_IN_CONVOLUTION], []):
        use_variants(engine.dit, names)
        assert float((mel(engine) - plain).norm() / plain.norm()) <= 1e-5


@torch.inference_mode()
def test_rows_stay_rows():
    """What the convolution gives lies in memory as what it takes: the next one need not put it in another order."""
    layer = Conv1d(32, 32, 31, padding=15, groups=4)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    x = torch.randn(2, 70, 32).mT
    expected = layer(x)
    layer.use_rows(on=True)
    assert layer(x).mT.is_contiguous()
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 5, 8), (3, 8)])
@torch.inference_mode()
def test_gelu_in_the_product_is_gelu_of_the_product(shape):
    """On a CPU torch takes the exact form: the two are 1e-3 apart at most."""
    layer = Linear(8, 16)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    x = torch.randn(shape)
    layer.gelu_in_product = True
    torch.testing.assert_close(layer(x, gelu=True), F.gelu(F.linear(x, layer.weight, layer.bias)))
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize("name", [ROTATION_IN_KERNEL, GATE_WITH_NORM])
@torch.inference_mode()
def test_kernels_are_refused_without_a_gpu(engine, name):
    """And afterwards the plain network is as it was."""
    plain = mel(engine)
    use_variants(engine.dit, [name])
    with pytest.raises(RuntimeError, match="run on a GPU"):
        mel(engine)
    use_variants(engine.dit, [])
    assert torch.equal(mel(engine), plain)


def test_a_name_that_is_no_variant_is_refused(engine):
    with pytest.raises(ValueError, match="no such variants: faster"):
        use_variants(engine.dit, [*VARIANTS, "faster"])
