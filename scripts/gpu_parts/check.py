"""What each part is given: device, model, voice, a place for its rows, and a watch. Knows none of the parts."""

from __future__ import annotations

import re
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmark.side import Side
from benchmark.work import FRAMES_PER_S, MEL_DIM, REFERENCE_S, TRANSCRIPT, reference

from gpu_parts.results import Value, append

if TYPE_CHECKING:
    import torch

    from voiceclone.checkpoints import Checkpoint
    from voiceclone.model import Engine, Plan
    from voiceclone.types import ReferenceVoice

REFERENCE_FRAMES = int(REFERENCE_S * FRAMES_PER_S)
CHUNK_FRAMES = REFERENCE_FRAMES + 938
"""The chunk that the estimates are for: 10 s of speech behind a reference of 5.3 s. Recorded, it is filled to 1536."""
SAMPLE_RATE = 24_000


@dataclass(frozen=True)
class Paper:
    """What was reckoned for a GPU before anything ran on one, for such a chunk with guidance in float16."""

    step_ms: float
    chunk_ms: float
    """16 steps, from text to samples."""


PAPER = {
    "H100|H200": Paper(6.2, 120),
    "A100": Paper(10.4, 185),
    "4090": Paper(13.4, 235),
    "L4": Paper(33, 560),
}
"""By words of the GPU's name."""


class LeftOut(Exception):
    """A part cannot run here, and why; nothing is wrong with the code."""


@dataclass(frozen=True)
class Check:
    """One part's view of the whole run."""

    part: str
    device: str
    arch: str
    bench: Path
    """Holds the models, as `bench.py` keeps them."""
    out: Path
    dry: bool
    """Whether everything is small, for a CPU."""

    def tell(self, what: str, value: Value, unit: str = "", paper: float | None = None) -> None:
        """Append a row to the results. `paper`: what was expected."""
        append(self.out, {"part": self.part, "what": what, "value": value, "unit": unit, "paper": paper})

    def tell_memory(self, when: str) -> None:
        """Append what the GPU's memory holds: all of the process and the driver's own, not only tensors."""
        import torch

        if self.device == "cuda":
            free, total = torch.cuda.mem_get_info()
            self.tell(f"memory used, {when}", (total - free) / 1e9, "GB")
            self.tell(f"of that tensors, {when}", torch.cuda.memory_allocated() / 1e9, "GB")

    def paper(self) -> Paper | None:
        """Return the estimates for this GPU, if there are any for the network."""
        import torch

        if self.device != "cuda" or self.dry:
            return None
        return paper_for(torch.cuda.get_device_name())

    def model(self) -> Path:
        """Return the directory with random weights, made where there is none."""
        from random_checkpoint import write_random

        (self.bench / "models").mkdir(parents=True, exist_ok=True)
        return write_random(self.bench / "models" / self.arch, self.arch)

    def checkpoint(self) -> Checkpoint:
        from voiceclone.checkpoints import resolve

        return resolve(str(self.model()), None, self.bench)

    def engine(self, dtype: str | None = None) -> Engine:
        """Load the engine, not warmed up. `dtype`: None takes the worker's own."""
        from voiceclone.model import Engine

        return Engine.load(self.checkpoint(), self.device, dtype)

    def plain_product(self, dtype: torch.dtype, dim: int) -> float:
        """Return the operations per second of the best of several plain products of about the network's size."""
        side = Side()
        side.device, side.dtype = self.device, dtype
        return side.ceiling(dim)

    def wait(self) -> None:
        """Wait for what the GPU still has to do."""
        import torch

        if self.device == "cuda":
            torch.cuda.synchronize()

    def once_ms(self, run: Callable[[], object]) -> float:
        """Return the milliseconds of one call."""
        self.wait()
        start = time.perf_counter()
        run()
        self.wait()
        return (time.perf_counter() - start) * 1e3

    def ms(self, run: Callable[[], object], rounds: int = 10) -> list[float]:
        """Return the milliseconds of each of several calls, after some that are not counted."""
        for _ in range(1 if self.dry else 3):
            run()
        return [self.once_ms(run) for _ in range(2 if self.dry else rounds)]


def paper_for(name: str) -> Paper | None:
    """Return the estimates for a GPU by its name."""
    return next((paper for words, paper in PAPER.items() if re.search(rf"\b({words})\b", name)), None)


def example_voice() -> ReferenceVoice:
    """Return the voice that f5-tts brings along."""
    return voice(reference(), TRANSCRIPT)


def voice(recording: Path, transcript: str) -> ReferenceVoice:
    """Return a voice of a WAV file, mono in 16 bits at 24 kHz, read without any library for sound."""
    from voiceclone import text
    from voiceclone.types import ReferenceVoice, Waveform

    with wave.open(str(recording)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE):
            raise ValueError(f"{recording} is not mono in 16 bits at {SAMPLE_RATE} Hz")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / np.float32(2**15)
    return ReferenceVoice(Waveform(samples, SAMPLE_RATE), text.as_transcript(transcript))


def plan(frames: int, seed: int = 0) -> Plan:
    """Return a chunk of so many frames with noise for a reference, ready for the network."""
    import torch

    from voiceclone.model import Plan

    noise = torch.randn(min(REFERENCE_FRAMES, frames // 2), MEL_DIM, generator=torch.Generator().manual_seed(seed))
    return Plan(noise, torch.arange(frames // 8), frames, seed)
