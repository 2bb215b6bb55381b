"""What a device says, in this worker's words.

Knows torch's and CTranslate2's errors by what they are called: neither library is imported for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voiceclone.errors import DeviceFailed, OutOfMemory

GPU_LIBRARIES = ("CUDA", "CUBLAS", "CUDNN", "CUFFT", "cuBLAS", "cuDNN")
"""What their errors are known by."""
TOO_LITTLE_MEMORY = "the worker has too little memory for this job: send a shorter text or reference"


@contextmanager
def failures_named() -> Iterator[None]:
    """Raise OutOfMemory and DeviceFailed for what the libraries raise; any other error stays as it is."""
    try:
        yield
    except MemoryError as e:
        raise OutOfMemory(TOO_LITTLE_MEMORY) from e
    except RuntimeError as e:
        if is_out_of_memory(e):
            raise OutOfMemory(TOO_LITTLE_MEMORY) from e
        if type(e).__name__ == "AcceleratorError" or any(name in str(e) for name in GPU_LIBRARIES):
            raise DeviceFailed("the GPU failed: send the job again, another worker takes it") from e
        raise


def is_out_of_memory(error: RuntimeError) -> bool:
    named = ("out of memory", "ALLOC_FAILED", "DefaultCPUAllocator")
    return type(error).__name__ == "OutOfMemoryError" or any(name in str(error) for name in named)
