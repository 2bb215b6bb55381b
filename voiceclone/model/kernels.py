"""The kernels of kernels.cu, compiled where they run: by NVRTC, for the GPU that is there and the network's dtype.

Each takes and gives what its plain form does, on the current GPU. It is launched on the current stream, so that steps
can be recorded. Knows nothing of who takes them. All raise RuntimeError where they cannot serve.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from voiceclone.model.layers import NORM_EPS

SOURCE = Path(__file__).with_name("kernels.cu")
THREADS = 128
"""Of a block."""
WARP = 32
ALIGNMENT = 8
"""Bytes that are read at once."""
HALF_PRECISION = """
struct Number { unsigned short bits; };
__device__ inline float to_float(Number number) { float wide; %s; return wide; }
__device__ inline Number to_number(float wide) {
    Number number;
    asm("cvt.rn.%s.f32 %%0, %%1;" : "=h"(number.bits) : "f"(wide));
    return number;
}
"""
NUMBERS = {
    torch.float16: HALF_PRECISION % ('asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(number.bits))', "f16"),
    # bfloat16 is the upper half of float32; only newer GPUs have an instruction for that.
    torch.bfloat16: HALF_PRECISION % ("wide = __uint_as_float((unsigned)number.bits << 16)", "bf16"),
    torch.float32: """
typedef float Number;
__device__ inline float to_float(float number) { return number; }
__device__ inline float to_number(float number) { return number; }
""",
}


class Launch(Protocol):
    """Runs a kernel by at least so many threads."""

    def __call__(
        self, name: str, sizes: Mapping[str, Any], threads: int, tensors: Sequence[Tensor], numbers: Sequence[int]
    ) -> None:
        """`sizes`: what it is compiled for. `tensors`, then `numbers`: what it is called with."""
        ...


def on_gpu(
    name: str, sizes: Mapping[str, Any], threads: int, tensors: Sequence[Tensor], numbers: Sequence[int]
) -> None:
    """Launch a kernel on the current GPU's current stream."""
    _require(all(tensor.is_cuda for tensor in tensors), "kernels run on a GPU")
    kernel = _loaded(name, tuple(sizes.items()), tensors[0].dtype)
    kernel(grid=(-(-threads // THREADS), 1, 1), block=(THREADS, 1, 1), args=[*tensors, *numbers])


def rotate(x: Tensor, cos: Tensor, sin: Tensor, launch: Launch = on_gpu) -> Tensor:
    """`positions.rotate` in one kernel: (g, s, 2, h, e) -> the same shape."""
    heads, features = x.shape[-2:]
    rows, cos, sin = x.flatten(0, 1), cos.contiguous(), sin.contiguous()
    if not rows[0].is_contiguous():
        rows = rows.contiguous()
    turned = torch.empty_like(rows, memory_format=torch.contiguous_format)
    tensors, some = [rows, cos, sin, turned], _side_by_side(x)
    _require_alike(tensors)
    _require(features % (2 * some) == 0 and rows.stride(0) % some == 0, f"no heads of {features} features")
    threads = rows.numel() // (2 * some)
    sizes = {"FEATURES": features, "HEADS": heads, "ANGLES": cos.shape[-2]}
    launch("rotate", sizes, threads, tensors, [len(rows), len(cos), rows.stride(0)])
    return turned.unflatten(0, x.shape[:2])


def gate_and_norm(
    x: Tensor, gate: Tensor, y: Tensor, shift: Tensor, scale: Tensor, launch: Launch = on_gpu
) -> tuple[Tensor, Tensor]:
    """`dit.gate_and_norm` in one kernel: (g, s, d), (d,), (g, s, d), (d,), (d,) -> twice (g, s, d)."""
    given, width = [t.contiguous() for t in (x, gate, y, shift, scale)], x.shape[-1]
    gated, normed = torch.empty_like(given[0]), torch.empty_like(given[0])
    _require_alike([*given, gated, normed])
    _require(width % (WARP * _side_by_side(x)) == 0, f"no rows of {width}")
    rows = x.numel() // width
    launch("gate_and_norm", {"WIDTH": width, "EPSILON": f"{NORM_EPS}f"}, WARP * rows, [*given, gated, normed], [rows])
    return gated, normed


def source(dtype: torch.dtype) -> str:
    """Return the kernels' text for a network that computes in `dtype`."""
    return NUMBERS[dtype] + SOURCE.read_text()


def compiled(text: str, definitions: Mapping[str, Any], capability: tuple[int, int]) -> bytes:
    """Return the code of CUDA's text for GPUs of this compute capability. No GPU is needed."""
    try:
        nvrtc = ctypes.CDLL(f"libnvrtc.so.{str(torch.version.cuda).partition('.')[0]}")  # torch has loaded it
    except OSError as e:
        raise RuntimeError(f"this PyTorch brings no compiler: {e}") from e
    options = [f"--gpu-architecture=sm_{capability[0]}{capability[1]}", "--std=c++17"]
    options += [f"--define-macro={name}={value}" for name, value in definitions.items()]
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    _require(
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None) == 0, "no NVRTC"
    )
    try:
        arguments = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        failed = nvrtc.nvrtcCompileProgram(program, len(options), arguments)
        what = "ProgramLog" if failed else "CUBIN"
        _require(nvrtc[f"nvrtcGet{what}Size"](program, ctypes.byref(size)) == 0, f"NVRTC gives no {what}")
        made = ctypes.create_string_buffer(size.value)
        _require(nvrtc[f"nvrtcGet{what}"](program, made) == 0, f"NVRTC gives no {what}")
        _require(not failed, f"a kernel does not compile for {capability}: {made.value.decode()}")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return made.raw


@cache
def _loaded(name: str, sizes: tuple[tuple[str, Any], ...], dtype: torch.dtype) -> Callable[..., None]:
    """Return a kernel on the current GPU, ready to be launched."""
    code = compiled(source(dtype), dict(sizes), torch.cuda.get_device_capability())
    # torch.cuda._compile_kernel would compile as well, but asks for setuptools and the headers of CUDA.
    kernel: Callable[..., None] = getattr(torch.cuda._utils._cuda_load_module(code), name)
    return kernel


def _side_by_side(x: Tensor) -> int:
    """Return how many numbers are read at once."""
    return ALIGNMENT // x.itemsize


def _require_alike(tensors: Sequence[Tensor]) -> None:
    _require(len({tensor.dtype for tensor in tensors}) == 1, "tensors of several dtypes")
    _require(all(tensor.data_ptr() % ALIGNMENT == 0 for tensor in tensors), "tensors are not aligned")


def _require(good: bool, otherwise: str) -> None:
    if not good:
        raise RuntimeError(otherwise)
