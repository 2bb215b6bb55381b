#!/usr/bin/env python3
"""Take out of the installed packages what this worker never calls: for the image, where every byte is pulled.

Knows nothing of the worker. Libraries that PyTorch links must be there when it is loaded, called or not: those that are
not called become hollow, a file of 8 kB with the same names, whose functions all return 1, an error in each of these
libraries. The image's build loads PyTorch afterwards with every name bound, so that none can be missing later.
"""

from __future__ import annotations

import shutil
import struct
import sysconfig
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


class Unused(NamedTuple):
    """A library that PyTorch links and this worker never calls."""

    path: str
    prefix: str
    """How the names begin that PyTorch takes from it."""
    version: str
    """Of these names, as PyTorch was linked to them; empty: they have none."""


HOLLOW = (
    # Several GPUs talking, or with their memory in one: torch.distributed.
    Unused("nccl/lib/libnccl.so.2", "nccl", ""),
    Unused("nvshmem/lib/libnvshmem_host.so.3", "nvshmem", "NVSHMEM"),
    # Sparse matrices, and products with 2:4 sparse weights: torch.sparse.
    Unused("cusparse/lib/libcusparse.so.12", "cusparse", "libcusparse.so.12"),
    Unused("cusparselt/lib/libcusparseLt.so.0", "cusparseLt", ""),
    # Linked, but nothing is taken from it: random numbers are drawn by kernels of PyTorch's own.
    Unused("curand/lib/libcurand.so.10", "curand", ""),
)
"""What stays: cuBLAS (products), cuDNN (convolutions; NVIDIA supports it whole or not at all), cuFFT (mel, vocoder) and
nvJitLink and NVRTC, which it opens by name, as do cuDNN, cuBLAS and PyTorch's kernels for complex numbers."""

REMOVED = (
    "torch/include",  # for compilers
    "torch/bin/protoc*",
    "torch/lib/libtorch_cuda_linalg.so",  # opened at the first torch.linalg on a GPU; needs cuSOLVER, not in the lock
    "nvidia/*/include",
    "nvidia/*/lib/*.a",
    "nvidia/cuda_nvrtc/lib/*.alt.so.*",  # NVRTC once more, for programs that ask for it
    "nvidia/nvshmem/lib/*.bc",
    "nvidia/nvshmem/lib/nvshmem_*",
    "faster_whisper/assets/*.onnx",  # a detector of speech; needs onnxruntime, not in the lock
)

HEADER_SIZE, SEGMENT_SIZE, SECTION_SIZE, SYMBOL_SIZE, PAGE = 64, 56, 64, 24, 0x1000
SHARED, X86_64 = 3, 62
PT_LOAD, PT_DYNAMIC, PT_GNU_STACK = 1, 2, 0x6474E551
RUN, WRITE, READ = 1, 2, 4
DT_NULL, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME = 0, 4, 5, 6, 10, 11, 14
DT_VERSYM, DT_VERDEF, DT_VERDEFNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
SHT_DYNSYM, GLOBAL_FUNCTION = 11, 0x12
RETURN_1 = bytes.fromhex("b801000000c39090")  # mov eax, 1; ret; and two bytes for alignment


def names(library: Path) -> tuple[set[str], set[str]]:
    """Names that a 64-bit ELF library takes from others, and those that it gives."""
    taken: set[str] = set()
    given: set[str] = set()
    with library.open("rb") as file:
        table, count = struct.unpack_from("<40xQ12xH", file.read(HEADER_SIZE))
        file.seek(table)
        sections = [struct.unpack("<4xI16xQQI20x", file.read(SECTION_SIZE)) for _ in range(count)]
        for kind, offset, size, link in sections:
            if kind != SHT_DYNSYM:
                continue
            file.seek(sections[link][1])
            strings = file.read(sections[link][2])
            file.seek(offset)
            for start, _, _, section, _, _ in struct.iter_unpack("<IBBHQQ", file.read(size)):
                name = strings[start : strings.index(b"\0", start)].decode()
                (given if section else taken).add(name)
    return taken, given


def sysv_hash(name: str) -> int:
    """The hash that the loader looks names up by (System V ABI, figure 5-13)."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return value


def hollow(soname: str, functions: list[str], version: str = "") -> bytes:
    """A shared library for Linux on x86-64 whose functions all return 1.

    Formats: System V ABI, chapters 4 and 5; for versions the Linux Standard Base, "Symbol Versioning".
    """
    version = version or soname  # callers that ask for no version take the first there is
    words = [soname, version, *functions]
    strings = "\0".join(["", *words, ""]).encode()
    starts = list(accumulate((len(word) + 1 for word in words), initial=1))[:-1]

    buckets, chain = [0] * max(1, len(functions)), [0] * (len(functions) + 1)
    for index, name in enumerate(functions, start=1):
        bucket = sysv_hash(name) % len(buckets)
        chain[index], buckets[bucket] = buckets[bucket], index
    table = struct.pack(f"<{2 + len(buckets) + len(chain)}I", len(buckets), len(chain), *buckets, *chain)

    definitions = b"".join(
        struct.pack(
            "<HHHHIIIII", 1, base, number, 1, sysv_hash(words[number - 1]), 20, 28 * base, starts[number - 1], 0
        )
        for base, number in ((1, 1), (0, 2))  # the library itself, and the version of all its functions
    )
    versions = struct.pack(f"<{len(chain)}H", 0, *[2] * len(functions))

    code_at = HEADER_SIZE + 4 * SEGMENT_SIZE
    symbols_at = code_at + len(RETURN_1)
    table_at = symbols_at + SYMBOL_SIZE * len(chain)
    definitions_at = table_at + len(table)
    versions_at = definitions_at + len(definitions)
    strings_at = versions_at + len(versions)
    end = strings_at + len(strings)
    dynamic_at = -(-end // PAGE) * PAGE  # on a page of its own: the loader writes to it

    symbols = bytes(SYMBOL_SIZE)
    symbols += b"".join(struct.pack("<IBBHQQ", at, GLOBAL_FUNCTION, 0, 1, code_at, 0) for at in starts[2:])
    tags = {
        DT_HASH: table_at,
        DT_STRTAB: strings_at,
        DT_SYMTAB: symbols_at,
        DT_STRSZ: len(strings),
        DT_SYMENT: SYMBOL_SIZE,
        DT_SONAME: starts[0],
        DT_VERDEF: definitions_at,
        DT_VERDEFNUM: 2,
        DT_VERSYM: versions_at,
        DT_NULL: 0,
    }
    dynamic = b"".join(struct.pack("<QQ", tag, value) for tag, value in tags.items())

    segments = (
        # kind, flags, where in the file, where in memory (twice), size in the file and in memory, alignment
        (PT_LOAD, READ | RUN, 0, 0, 0, end, end, PAGE),
        (PT_LOAD, READ | WRITE, *[dynamic_at] * 3, *[len(dynamic)] * 2, PAGE),
        (PT_DYNAMIC, READ | WRITE, *[dynamic_at] * 3, *[len(dynamic)] * 2, 8),
        (PT_GNU_STACK, READ | WRITE, 0, 0, 0, 0, 0, 16),  # absent, the stack would be made executable
    )
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", SHARED, X86_64, 1, 0, HEADER_SIZE, 0, 0, HEADER_SIZE, SEGMENT_SIZE, len(segments), 0, 0, 0
    )
    header += b"".join(struct.pack("<IIQQQQQQ", *segment) for segment in segments)
    return (header + RETURN_1 + symbols + table + definitions + versions + strings).ljust(dynamic_at, b"\0") + dynamic


def trim(packages: Path) -> int:
    """Hollow and remove what is listed above in a directory of installed packages; returns the bytes won.

    Raises FileNotFoundError if something listed is not there: the packages have changed, and the lists must follow.
    """
    before = _size(packages)
    taken = {name for library in (packages / "torch/lib").glob("libtorch*.so") for name in names(library)[0]}
    for path, prefix, version in HOLLOW:
        library = packages / "nvidia" / path
        if not library.is_file():
            raise FileNotFoundError(f"{library}: change HOLLOW to what this version of PyTorch links")
        functions = sorted(name for name in taken & names(library)[1] if name.startswith(prefix))
        library.unlink()  # it may be a link to a file that others have as well
        library.write_bytes(hollow(library.name, functions, version))
    for pattern in REMOVED:
        found = sorted(packages.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{packages / pattern}: change REMOVED to what these versions bring")
        for each in found:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    return before - _size(packages)


def _size(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*"))


if __name__ == "__main__":
    print(f"{trim(Path(sysconfig.get_path('purelib'))) / 1e9:.2f} GB less")
