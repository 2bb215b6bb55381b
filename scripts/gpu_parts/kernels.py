"""Parts that look at the machine and at single kernels."""

from __future__ import annotations

import os
import platform
from functools import partial

from benchmark.measure import cpu_name
from benchmark.work import MEL_DIM

from gpu_parts.check import Check, plan

CONVOLUTIONS = {
    "text, depthwise": (512, 512, 512, 7, 1),
    "position, grouped": (1024, 1024, 16, 31, 2),
    "vocoder, first": (100, 512, 1, 7, 1),
    "vocoder, depthwise": (512, 512, 512, 7, 1),
}
"""Channels in and out, groups, kernel and rows of the full-size network."""


def machine(check: Check) -> None:
    """Name what computes here, and how fast it multiplies and copies at best."""
    import torch

    for what, value in {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "CUDA that torch was built for": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),
        "CPU": f"{cpu_name()}, {len(os.sched_getaffinity(0))} cores",
        "threads of torch": str(torch.get_num_threads()),
    }.items():
        check.tell(what, value)
    if check.device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        check.tell("GPU", properties.name)
        check.tell("compute capability", f"{properties.major}.{properties.minor}")
        check.tell("multiprocessors", properties.multi_processor_count)
        free, total = torch.cuda.mem_get_info()
        check.tell("memory", total / 1e9, "GB")
        check.tell("memory that others use, and the driver", (total - free) / 1e9, "GB")
        check.tell("a kernel compiled", check.once_ms(compile_one), "ms")
    dim = 128 if check.dry else 1024
    for dtype in (torch.float32, torch.bfloat16) if check.device == "cpu" else (torch.float16, torch.bfloat16):
        check.tell(f"a plain product, {name_of(dtype)}", check.plain_product(dtype, dim) / 1e12, "TFLOP/s")
    numbers = torch.empty(2**20 if check.dry else 2**29, device=check.device)
    copied = torch.empty_like(numbers)
    taken = check.ms(lambda: copied.copy_(numbers))
    check.tell("a copy, read and written", [2 * numbers.nbytes / ms / 1e9 for ms in taken], "TB/s")
    check.model()


def convolutions(check: Check) -> None:
    """Call convolutions at lengths never seen, then at the same again: what a plan for a length costs."""
    import torch
    import torch.nn.functional as F

    dtypes = (torch.float32,) if check.dry else (torch.float16, torch.bfloat16, torch.float32)
    lengths = range(211, 211 + (2 if check.dry else 8) * 37, 37)
    with torch.inference_mode():
        for name, (inner, outer, groups, kernel, rows) in CONVOLUTIONS.items():
            for dtype in dtypes:
                weight = torch.randn(outer, inner // groups, kernel, device=check.device, dtype=dtype)
                inputs = [torch.randn(rows, inner, n, device=check.device, dtype=dtype) for n in lengths]
                calls = [partial(F.conv1d, x, weight, padding=kernel // 2, groups=groups) for x in inputs]
                first, *later = [check.once_ms(call) for call in calls]
                check.tell(f"{name}, {name_of(dtype)}: first call of all", first, "ms")
                check.tell(f"{name}, {name_of(dtype)}: new lengths", later, "ms")
                check.tell(f"{name}, {name_of(dtype)}: the same again", [check.once_ms(c) for c in calls], "ms")
        # As this code calls them, whatever kernels it has chosen.
        engine = check.engine()
        for part, call in {
            "reference and text": lambda n: engine.dit.prepare([plan(n).reference], [plan(n).tokens], [n], guided=True),
            "vocoder": lambda n: engine.vocoder(torch.zeros(n, MEL_DIM, device=check.device), [n]),
        }.items():
            for turn in ("new lengths", "the same again"):
                check.tell(f"{part}: {turn}", [check.once_ms(partial(call, n)) for n in lengths], "ms")


def compile_one() -> None:
    """Compile the slower kernel of our own for this GPU."""
    import torch

    from voiceclone.model import kernels

    sizes = {"WIDTH": 1024, "EPSILON": "1e-6f"}
    kernels.compiled(kernels.source(torch.float16), sizes, torch.cuda.get_device_capability())


def name_of(dtype: object) -> str:
    return str(dtype).removeprefix("torch.")
