"""Networks that are built around a checkpoint's tensors, and products laid out once for the CPU.

Knows nothing of what the networks compute. oneDNN multiplies faster by weights in blocks of its own order; PyTorch
orders them anew in every call unless they are packed beforehand. In 8 bits it multiplies faster still, by rounding.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voiceclone.errors import ModelUnavailable

M = TypeVar("M", bound=nn.Module)

NORM_EPS = 1e-6
"""Of every layer norm in network and vocoder."""
MAX_MISFIT_CHARS = 600
INT8_MAX = 127


class Linear(nn.Linear):
    """nn.Linear, optionally packed, with the GELU that follows it in the same pass where that is possible."""

    _packed: Tensor | None = None
    _quantized: Any = None
    gelu_in_product = False
    """Whether cuBLAS computes GELU as it writes the product. On a GPU only: elsewhere it is another GELU."""

    def reset_parameters(self) -> None:
        """Left out, as below: on the meta device it imports sympy, for a quarter of a second."""

    def pack(self) -> None:
        """Order the weights for this CPU and give up the plain ones: the layer can no longer be moved or converted."""
        self._packed = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach())
        self._give_up_weight()

    def quantize(self) -> None:
        """Round float32 weights to int8, with a scale for each output, and give up the plain ones, as `pack` does.

        What comes in is rounded too, with one scale for all of it: to 7 bits, since where a CPU has no VNNI the sum of
        two products must fit into 16.
        """
        weight = self.weight.detach()
        scales = weight.abs().amax(1).clamp_min(torch.finfo(weight.dtype).tiny) / INT8_MAX
        zeros = torch.zeros(len(weight), dtype=torch.long)
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self._quantized = torch.ops.quantized.linear_prepack(rounded, self.bias)
        self._give_up_weight()

    @property
    def in_int8(self) -> bool:
        return self._quantized is not None

    def _give_up_weight(self) -> None:
        """Keep shape, dtype and device to be asked for, without memory."""
        self.weight.data = self.weight.new_empty(1).expand_as(self.weight)

    def forward(self, x: Tensor, gelu: bool = False) -> Tensor:
        """(..., in) -> (..., out); `gelu`: its tanh form behind the product."""
        if self._packed is not None:
            name, algorithm = ("gelu", "tanh") if gelu else ("none", "")
            product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, name, [], algorithm)
            return product
        if gelu and self.gelu_in_product:
            rows = torch._addmm_activation(self.bias, x.flatten(0, -2), self.weight.t(), use_gelu=True)
            return rows.unflatten(0, x.shape[:-1])
        if self.in_int8:
            y = torch.ops.quantized.linear_dynamic(x, self._quantized, reduce_range=True)
        else:
            y = F.linear(x, self.weight, self.bias)
        return F.gelu(y, approximate="tanh") if gelu else y


class Conv1d(nn.Conv1d):
    """nn.Conv1d that is not initialised, optionally for rows of channels as they lie in memory."""

    _by_rows: Tensor | None = None

    def reset_parameters(self) -> None:
        """Left out."""

    def use_rows(self, on: bool) -> None:
        """Whether to take, and to give, channels that lie side by side, which is else put in another order first."""
        weight = self.weight.detach()[:, :, None]
        self._by_rows = weight.contiguous(memory_format=torch.channels_last) if on else None

    def forward(self, x: Tensor) -> Tensor:
        """(g, channels, n) -> (g, channels, n)"""
        if self._by_rows is None:
            return super().forward(x)
        padding = (0, int(self.padding[0]))
        return F.conv2d(x[:, :, None], self._by_rows, self.bias, padding=padding, groups=self.groups)[:, :, 0]


class DepthwiseConv1d(Conv1d):
    """A kernel of its own for each channel, odd in length and centred."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__(channels, channels, kernel, padding=kernel // 2, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """(g, channels, n) -> (g, channels, n)"""
        if not x.is_cuda:
            return super().forward(x)
        # In half precision cuDNN compiles a kernel, for seconds; torch's own for float32 is ready at once.
        bias = None if self.bias is None else self.bias.float()
        y = F.conv1d(x.float(), self.weight.float(), bias, padding=self.padding, groups=self.groups)
        return y.to(x.dtype)


def build(make: Callable[[], M], state: Mapping[str, Tensor], misfit: str) -> M:
    """Return the network that `make` makes, around the tensors of `state`, on their device and not initialised first.

    Raises ModelUnavailable where they are not its own: `misfit`, and what is missing, left over or misshapen.
    """
    with torch.device("meta"):
        network = make()
    try:
        network.load_state_dict(state, assign=True)
    except RuntimeError as e:
        # Every tensor may be among them: the first few tell enough, and a health check's answer is an address.
        raise ModelUnavailable(f"{misfit}: {textwrap.shorten(str(e), MAX_MISFIT_CHARS)}") from e
    return network.eval().requires_grad_(False)


def can_pack(dtype: torch.dtype) -> bool:
    """Whether this CPU multiplies packed weights of `dtype` in hardware."""
    if not torch.backends.mkldnn.is_available() or not torch.backends.cpu.get_cpu_capability().startswith("AVX"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and has_bfloat16())


def has_bfloat16() -> bool:
    """Return whether this CPU has instructions for bfloat16, and oneDNN uses them; else it is slower than float32."""
    there = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def pack(network: nn.Module) -> None:
    """Pack every Linear within that is not in int8, whose weights nobody else may use."""
    for module in network.modules():
        if isinstance(module, Linear) and not module.in_int8:
            module.pack()
