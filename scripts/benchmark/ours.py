"""This engine's side: `python -m benchmark.ours '{"what": ..., ...}'`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.side import Side, about, answer
from benchmark.work import TRANSCRIPT

if TYPE_CHECKING:
    from torch import Tensor

    from voiceclone.engine import Engine
    from voiceclone.types import Chunk


def load(options: dict[str, Any]) -> Engine:
    """The model as the worker loads it."""
    from voiceclone.checkpoints import resolve
    from voiceclone.copies import Copies
    from voiceclone.engine import Engine

    volume = Path(options["volume"])
    copies = Copies(volume / "cache") if options["copies"] else None
    return Engine.load(resolve("demo", None, volume), options["device"], options["dtype"], copies)


def cold(options: dict[str, Any]) -> None:
    """Import and load, and say when either was done."""
    import torch

    import voiceclone.checkpoints
    import voiceclone.copies
    import voiceclone.engine
    import voiceclone.sampling

    imported = time.monotonic()
    engine = load(options)
    with torch.inference_mode():
        # The weights that see only the time are read for the first schedule; f5-tts reads them with all others.
        schedule = engine._schedule(voiceclone.sampling.Sampling())
        for weight in [*engine.dit.parameters(), *engine.vocoder.parameters(), *schedule.modulations]:
            touch(weight)
    loaded = time.monotonic()
    answer({"imported": imported, "loaded": loaded, "about": about(options["device"], engine.dit.dtype)})


def touch(tensor: Tensor) -> None:
    """A mapped file is read when it is touched: touch every page."""
    if tensor.is_contiguous():  # a packed layer's is not: it keeps its shape only
        float(tensor.flatten()[::1024].sum())


def keep_copy(options: dict[str, Any]) -> None:
    """Put the copy onto the volume, and say whether one is there."""
    from voiceclone.checkpoints import resolve
    from voiceclone.copies import Copies, is_whole, kind

    engine = load(options)
    engine.keep_copy()
    volume = Path(options["volume"])
    checkpoint = resolve("demo", None, volume)
    dtype = str(engine.dit.dtype).removeprefix("torch.")
    answer({"kept": is_whole(Copies(volume / "cache").path(checkpoint.weights, kind(dtype, checkpoint.arch)))})


def precision(options: dict[str, Any]) -> None:
    """Relative errors of the mel: in this dtype against float32 on a CPU, and in company against alone."""
    import torch

    from voiceclone.engine import log_mel
    from voiceclone.sampling import Eager, Plan, Sampling, sample

    noise = torch.randn(5 * 24_000, generator=torch.Generator().manual_seed(0))
    reference = log_mel(0.1 * noise)
    plans = [Plan(torch.arange(15 * seconds), 94 * (5 + seconds), seconds) for seconds in (3, 2)]
    sampling = Sampling(options["steps"])

    def mel(engine: Engine, plans: list[Plan]) -> Tensor:
        with torch.inference_mode():
            spoken = sample(Eager(engine.dit), engine._schedule(sampling), plans, reference, sampling.cfg_strength)
        return spoken[: plans[0].frames].cpu()

    def error(other: Tensor, right: Tensor) -> float:
        return float((other - right).norm() / right.norm())

    engine = load(options)
    alone, together = mel(engine, plans[:1]), mel(engine, plans)
    exact = load({**options, "device": "cpu", "dtype": "float32"})
    answer(
        {
            "values": {"mel_error": error(alone, mel(exact, plans[:1])), "company_error": error(together, alone)},
            "about": about(options["device"], engine.dit.dtype),
        }
    )


class Ours(Side):
    """The engine, warm, as the worker asks it."""

    def __init__(self, options: dict[str, Any]) -> None:
        from voiceclone import audio, text
        from voiceclone.types import ReferenceVoice

        self.engine = load(options)
        self.engine.warm_up()
        self.device, self.dtype = options["device"], self.engine.dit.dtype
        clip = audio.decode(Path(options["reference"]).read_bytes(), audio.SAMPLE_RATE, max_duration_s=30)
        self.voice = ReferenceVoice(clip, text.as_transcript(TRANSCRIPT))

    def chunk(self, text: str, steps: int) -> float:
        from voiceclone.types import Chunk

        return self._speak([Chunk(text, 0)], steps)

    def text(self, text: str, steps: int) -> float:
        from voiceclone.text import split
        from voiceclone.types import Chunk

        pieces = split(text, self.engine.max_chunk_size(self.voice, 1.0))
        return self._speak([Chunk(piece, seed) for seed, piece in enumerate(pieces)], steps)

    def _speak(self, chunks: list[Chunk], steps: int) -> float:
        from voiceclone.sampling import Sampling

        return self.engine.speak(chunks, self.voice, Sampling(steps)).waveform.duration_s


def main() -> None:
    options = json.loads(sys.argv[1])
    match options["what"]:
        case "cold":
            cold(options)
        case "keep_copy":
            keep_copy(options)
        case "precision":
            precision(options)
        case _:
            Ours(options).serve()


if __name__ == "__main__":
    main()
