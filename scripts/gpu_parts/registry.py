"""The parts in their order; runs one: `python -m gpu_parts.registry '{"part": ...}'`."""

from __future__ import annotations

import faulthandler
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gpu_parts import kernels, network, processes, upstream
from gpu_parts.check import Check, LeftOut

NOT_HERE = 3
"""The status of a part that cannot run on this machine."""
LAST_WORDS_S = 1.0
"""A part that takes too long says so long before its end where it is."""


@dataclass(frozen=True)
class Part:
    run: Callable[[Check], None]
    limit_s: float
    """Its process is ended then, and the next part follows."""


PARTS = {
    "machine": Part(kernels.machine, 60),
    "cold": Part(processes.cold, 150),
    "convolutions": Part(kernels.convolutions, 60),
    "lengths": Part(network.lengths, 90),
    "steps": Part(network.steps, 90),
    "variants": Part(network.variants, 120),
    "profile": Part(network.profile, 60),
    "speech": Part(network.speech, 60),
    "tests": Part(processes.tests, 120),
    "chunk": Part(processes.bench_chunk, 120),
    "long": Part(processes.bench_long, 90),
    "memory": Part(processes.bench_memory, 120),
    "upstream": Part(upstream.upstream, 60),
}


def main() -> None:
    options = json.loads(sys.argv[1])
    faulthandler.dump_traceback_later(max(LAST_WORDS_S / 10, options.pop("limit_s") - LAST_WORDS_S))
    check = Check(**{**options, "bench": Path(options["bench"]), "out": Path(options["out"])})
    try:
        PARTS[check.part].run(check)
    except LeftOut as e:
        sys.stderr.write(f"{e}\n")
        sys.exit(NOT_HERE)


if __name__ == "__main__":
    main()
