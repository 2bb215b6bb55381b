"""The kernels of kernels.cu, compiled where they run: by NVRTC, for the GPU that is there and the network's dtype.

Each takes and gives what its plain form does, on the current GPU. It is launched on the current stream, so that steps
can be recorded. Knows nothing of who takes them. All raise RuntimeError where they cannot serve.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voiceclone.model.dit import NORM_EPS

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


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`positions.rotate` in one kernel: (g, s, 2, h, e) -> the same shape."""
    heads, features = x.shape[-2:]
    x, cos, sin = x.flatten(0, 1), cos.contiguous(), sin.contiguous()
    if not x[0].is_contiguous():
        x = x.contiguous()
    _require(features % (2 * ALIGNMENT // x.itemsize) == 0, f"no heads of {features} features")
    _require(x.stride(0) * x.itemsize % ALIGNMENT == 0, "rows are not aligned")
    turned = torch.empty_like(x, memory_format=torch.contiguous_format)
    sizes = {"FEATURES": features, "HEADS": heads, "ANGLES": cos.shape[-2]}
    threads = x[..., 0].numel() * (features // 2 * x.itemsize // ALIGNMENT)
    _launch("rotate", sizes, threads, [x, cos, sin, turned], [len(x), len(cos), x.stride(0)])
    return turned.unflatten(0, (-1, len(cos)))


def gate_and_norm(x: Tensor, gate: Tensor, y: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """`dit.gate_and_norm` in one kernel: (g, s, d), (d,), (g, s, d), (d,), (d,) -> twice (g, s, d)."""
    width = x.shape[-1]
    x, gate, y, shift, scale = (t.contiguous() for t in (x, gate, y, shift, scale))
    _require(width % (WARP * ALIGNMENT // x.itemsize) == 0, f"no rows of {width}")
    gated, normed = torch.empty_like(x), torch.empty_like(x)
    rows = x.numel() // width
    sizes = {"WIDTH": width, "EPSILON": f"{NORM_EPS}f"}
    _launch("gate_and_norm", sizes, WARP * rows, [x, gate, y, shift, scale, gated, normed], [rows])
    return gated, normed


def source(dtype: torch.dtype) -> str:
    """Return the kernels' text for a network that computes in `dtype`."""
    return NUMBERS[dtype] + SOURCE.read_text()


def compiled(text: str, definitions: dict[str, Any], capability: tuple[int, int]) -> bytes:
    """Return the code of CUDA's text for GPUs of this compute capability. No GPU is needed."""
    try:
        nvrtc = ctypes.CDLL(f"libnvrtc.so.{str(torch.version.cuda).partition('.')[0]}")  # torch has loaded it
    except OSError as e:
        raise RuntimeError(f"this PyTorch brings no compiler: {e}") from e
    options = [f"--gpu-architecture=sm_{capability[0]}{capability[1]}", "--std=c++17"]
    options += [f"--define-macro={name}={value}" for name, value in definitions.items()]
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    _require(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None) == 0, "NVRTC")
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


def _launch(name: str, sizes: dict[str, Any], threads: int, tensors: list[Tensor], numbers: list[int]) -> None:
    """Run a kernel by at least so many threads."""
    _require(all(tensor.is_cuda for tensor in tensors), "kernels run on a GPU")
    _require(len({tensor.dtype for tensor in tensors}) == 1, "tensors of several dtypes")
    _require(all(tensor.data_ptr() % ALIGNMENT == 0 for tensor in tensors), "tensors are not aligned")
    blocks = -(-threads // THREADS)
    kernel = _loaded(name, tuple(sizes.items()), tensors[0].dtype)
    kernel(grid=(blocks, 1, 1), block=(THREADS, 1, 1), args=[*tensors, *numbers])


@cache
def _loaded(name: str, sizes: tuple[tuple[str, Any], ...], dtype: torch.dtype) -> Callable[..., None]:
    """Return a kernel on the current GPU, ready to be launched."""
    # torch.cuda._compile_kernel would compile as well, but asks for setuptools and the headers of CUDA.
    from torch.cuda._utils import _cuda_load_module

    code = compiled(source(dtype), dict(sizes), torch.cuda.get_device_capability())
    kernel: Callable[..., None] = getattr(_cuda_load_module(code), name)
    return kernel


def _require(good: bool, otherwise: str) -> None:
    if not good:
        raise RuntimeError(otherwise)
