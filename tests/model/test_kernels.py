"""The GPU's kernels compute what PyTorch's steps do: here by a C++ compiler, on the CPU, from the same text."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess

import pytest
import torch
from conftest import ROOT

from voiceclone.model import dit, kernels, positions
from voiceclone.model.sampling import Eager, Plan, Sampling, sample

COMPILER = shutil.which("c++")
needs_a_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
CUDA_ON_CPU = ROOT / "tests/support/cuda_on_cpu.hpp"
GUARD = 64
"""Numbers before and behind each tensor that no kernel may touch."""
NUMBERS = {
    torch.float32: kernels.NUMBERS[torch.float32],
    torch.bfloat16: """
struct Number { unsigned short bits; };
static float to_float(Number number) {
    unsigned wide = number.bits << 16;
    float value;
    std::memcpy(&value, &wide, 4);
    return value;
}
static Number to_number(float value) {
    unsigned wide;
    std::memcpy(&wide, &value, 4);
    return {static_cast<unsigned short>((wide + 0x7fff + (wide >> 16 & 1)) >> 16)};
}
""",
}
"""What stands before the kernels' text; bfloat16 without the GPU's own instructions."""
CLOSE = {torch.float32: {"rtol": 1e-5, "atol": 1e-5}, torch.bfloat16: {"rtol": 1.6e-2, "atol": 1e-2}}
"""PyTorch rounds the rotation's products to the dtype before they are added."""


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """Compiles and runs a kernel here, on copies of the tensors that lie between numbers that are none."""

    @functools.cache
    def compiled(dtype, **defined):
        place = tmp_path_factory.mktemp("kernel")
        (place / "kernel.cpp").write_text(f"{NUMBERS[dtype]}{kernels.SOURCE.read_text()}\nRUN\n")
        options = ["-std=c++17", "-w", "-shared", "-fPIC", "-include", CUDA_ON_CPU]
        options += [f"-D{name}={value}" for name, value in defined.items()]
        subprocess.run([COMPILER, *options, "-o", place / "kernel.so", place / "kernel.cpp"], check=True)
        return ctypes.CDLL(place / "kernel.so")

    def launch(name, sizes, threads, tensors, numbers):
        memory = [lies_alone(tensor) for tensor in tensors]
        pointers = [ctypes.c_void_p(alone[GUARD:].data_ptr()) for alone in memory]
        arguments = [*pointers, *(ctypes.c_int(number) for number in numbers)]
        addresses = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(argument) for argument in arguments))
        library = compiled(tensors[0].dtype, KERNEL=name, **sizes)
        library.run(-(-threads // kernels.THREADS), kernels.THREADS, addresses)
        for tensor, alone in zip(tensors, memory, strict=True):
            assert alone[:GUARD].isnan().all()
            assert alone[-GUARD:].isnan().all()
            stretch(tensor).copy_(alone[GUARD:-GUARD])

    return launch


def stretch(tensor):
    """The memory that a tensor lies in, from its first number to its last."""
    last = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.as_strided((last + 1,), (1,))


def lies_alone(tensor):
    guard = torch.full((GUARD,), torch.nan, dtype=tensor.dtype)
    return torch.cat([guard, stretch(tensor), guard])


def between_others(qkv):
    return qkv[:, :, :2]


def by_itself(qkv):
    return qkv[:, :, :2].contiguous()


def in_another_order(qkv):
    return qkv[:, :, :2].transpose(0, 1).contiguous().transpose(0, 1)


@needs_a_compiler
@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("laid", [between_others, by_itself, in_another_order])
@pytest.mark.parametrize(
    ("rows", "frames", "heads", "features", "rotated"),
    [(2, 7, 3, 16, None), (1, 1, 1, 8, None), (2, 5, 16, 64, 1)],
)
@torch.inference_mode()
def test_pairs_are_turned_by_their_frames_angle(on_cpu, rows, frames, heads, features, rotated, laid, dtype):
    torch.manual_seed(0)
    x = laid(torch.randn(rows, frames, 3, heads, features).to(dtype))
    cos, sin = positions.rotations(100, features, heads, rotated).to(dtype)[3 : 3 + frames].unbind(1)
    turned = kernels.rotate(x, cos, sin, on_cpu)
    assert turned.is_contiguous()
    torch.testing.assert_close(turned, positions.rotate(x, cos, sin), **CLOSE[dtype])


@needs_a_compiler
@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize(("rows", "frames", "width"), [(1, 1, 128), (2, 7, 256), (1, 5, 1024)])
@torch.inference_mode()
def test_what_a_gate_adds_is_normalised(on_cpu, rows, frames, width, dtype):
    """Around a mean that is far from zero, too; the tensors may lie in any order."""
    torch.manual_seed(0)
    x = (3 + torch.randn(frames, rows, width)).to(dtype).transpose(0, 1)
    y = torch.randn(rows, frames, width).to(dtype)
    x[:, -1] *= 1e-3  # its variance is about the addend that keeps the root from nought
    y[:, -1] *= 1e-3
    gate, shift, scale = torch.randn(3, width).to(dtype)
    found = kernels.gate_and_norm(x, gate, y, shift, scale, on_cpu)
    for made, expected in zip(found, dit.gate_and_norm(x, gate, y, shift, scale), strict=True):
        assert made.is_contiguous()
        torch.testing.assert_close(made, expected, **CLOSE[dtype])


@needs_a_compiler
@torch.inference_mode()
def test_a_network_of_kernels_gives_the_mel_of_the_plain_one(on_cpu, engine, monkeypatch):
    plans = [Plan(torch.randn(4, 100), torch.arange(2), frames, frames) for frames in (11, 7)]
    arguments = Eager(engine.dit), engine._schedule(Sampling(1)), plans, 2.0
    plain = sample(*arguments)
    monkeypatch.setattr(engine.dit, "gate_and_norm", functools.partial(kernels.gate_and_norm, launch=on_cpu))
    for block in engine.dit.blocks:
        monkeypatch.setattr(block, "rotate", functools.partial(kernels.rotate, launch=on_cpu))
    assert 0 < float((sample(*arguments) - plain).norm() / plain.norm()) <= 1e-5


@pytest.mark.parametrize(
    ("dtype", "capability"),
    [(torch.float16, (version // 10, version % 10)) for version in (80, 86, 89, 90, 100, 120)]
    + [(torch.bfloat16, (8, 0)), (torch.bfloat16, (9, 0)), (torch.float32, (8, 0))],
)
def test_the_kernels_compile_for_every_gpu(dtype, capability):
    """From A100 to Blackwell. Where PyTorch comes without CUDA, that is what is said."""
    for sizes in ({"FEATURES": 64, "HEADS": 16, "ANGLES": 1}, {"WIDTH": 1024, "EPSILON": "1e-6f"}):
        text = kernels.source(dtype)
        if torch.version.cuda:
            assert kernels.compiled(text, sizes, capability).startswith(b"\x7fELF")
        else:
            with pytest.raises(RuntimeError, match="no compiler"):
                kernels.compiled(text, sizes, capability)


@pytest.mark.skipif(not torch.version.cuda, reason="this PyTorch comes without CUDA")
def test_what_does_not_compile_is_shown_with_its_line():
    with pytest.raises(RuntimeError, match=r"kernels\.cu\(1\): error"):
        kernels.compiled("nothing", {}, (9, 0))


def tensors(*shapes, dtype=torch.bfloat16):
    return [torch.zeros(shape, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize(
    ("step", "given", "why"),
    [
        (kernels.rotate, tensors((2, 5, 2, 4, 12), (5, 1, 6), (5, 1, 6)), "no heads of 12 features"),
        (kernels.gate_and_norm, tensors((2, 5, 96), 96, (2, 5, 96), 96, 96), "no rows of 96"),
        (kernels.rotate, [torch.zeros(2, 5, 2, 4, 16), *tensors((5, 1, 8), (5, 1, 8))], "several dtypes"),
        (kernels.rotate, [torch.zeros(641)[1:].view(2, 5, 2, 2, 16), *torch.zeros(2, 5, 1, 8)], "not aligned"),
        (kernels.rotate, tensors((2, 5, 2, 4, 16), (5, 1, 8), (5, 1, 8)), "run on a GPU"),
        (kernels.gate_and_norm, tensors((2, 5, 128), 128, (2, 5, 128), 128, 128), "run on a GPU"),
    ],
)
def test_what_a_kernel_cannot_take_is_refused(step, given, why):
    """By an error that the warm-up's guard knows; nothing is launched."""
    with pytest.raises(RuntimeError, match=why):
        step(*given)
