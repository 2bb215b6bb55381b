"""This engine's side: `python -m benchmark.ours '{"what": ..., ...}'`."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.side import Side, about, answer
from benchmark.work import TRANSCRIPT

if TYPE_CHECKING:
    from torch import Tensor

    from voiceclone.jobs import Worker
    from voiceclone.model import BatchReport, Engine
    from voiceclone.types import Chunk, Waveform

DEFAULT_VOICE = "example-en"
"""For a model without voices of its own."""
TOGETHER_FRAMES = 8192
"""Frames of a batch, on a CPU too: there a worker would speak one chunk after the other."""
SEEDS_APART = 1000
"""Between the first sentence's seed in one round and in the next."""


def load(options: dict[str, Any]) -> Engine:
    """The model as the worker loads it, from its copy if there is one."""
    from voiceclone.checkpoints import Copies, resolve
    from voiceclone.model import Engine

    volume = Path(options["volume"])
    checkpoint = resolve(options["model"], None, volume)
    return Engine.load(checkpoint, options["device"], options["dtype"], Copies(volume / "cache"))


def keep_copy(options: dict[str, Any]) -> None:
    """Put the copy onto the volume, and say whether one is there."""
    from voiceclone.checkpoints import Copies, is_whole, kind, resolve

    engine = load(options)
    engine.keep_copy()
    volume = Path(options["volume"])
    checkpoint = resolve(options["model"], None, volume)
    dtype = str(engine.dit.dtype).removeprefix("torch.")
    kept = is_whole(Copies(volume / "cache").path(checkpoint.weights, kind(dtype, checkpoint.arch)))
    answer({"kept": kept, "about": about(options["device"], engine.dit.dtype)})


def precision(options: dict[str, Any]) -> None:
    """Relative errors of the mel: in this dtype against float32 on a CPU, and in company against alone."""
    import torch

    from voiceclone.model import Eager, Plan, Sampling, log_mel, sample

    noise = torch.randn(5 * 24_000, generator=torch.Generator().manual_seed(0))
    reference = log_mel(0.1 * noise)
    plans = [Plan(reference, torch.arange(15 * seconds), 94 * (5 + seconds), seconds) for seconds in (3, 2)]
    sampling = Sampling(options["steps"])

    def mel(engine: Engine, plans: list[Plan]) -> Tensor:
        with torch.inference_mode():
            spoken = sample(Eager(engine.dit), engine._schedule(sampling), plans, sampling.cfg_strength)
        return spoken[: plans[0].frames].cpu()

    def error(other: Tensor, right: Tensor) -> float:
        return float((other - right).norm() / right.norm())

    engine = load(options)
    alone, together = mel(engine, plans[:1]), mel(engine, plans)
    exact = load({**options, "device": "cpu", "dtype": "float32"})
    answer(
        {
            "values": {"mel_error": error(alone, mel(exact, plans[:1])), "company_error": error(together, alone)},
            "about": about(options["device"], engine.dit.precision),
        }
    )


def speech(options: dict[str, Any]) -> None:
    """What recognisers hear of sentences in each of the model's voices, on each way through the engine."""
    from benchmark.hearing import naturalness, recogniser, word_errors
    from voiceclone.audio import SAMPLE_RATE
    from voiceclone.checkpoints import resolve
    from voiceclone.model import Engine, Sampling
    from voiceclone.types import Chunk, Waveform
    from voiceclone.voices import BuiltIn

    checkpoint = resolve(options["model"], None, Path(options["volume"]))
    voices = BuiltIn(checkpoint.voices, checkpoint.languages)
    engine = Engine.load(checkpoint, options["device"], options["dtype"])
    recognisers = {name: recogniser(path and Path(path)) for name, path in options["recognisers"].items()}
    natural = naturalness() if options["naturalness"] else None
    samples = []
    for way in options["ways"]:
        if way == "warmed up":
            if options["device"] == "cpu":
                continue  # there it changes nothing
            engine.warm_up()
        asked = itertools.product(
            voices.model_names or [DEFAULT_VOICE], options["steps"], options["speeds"], range(options["seeds"])
        )
        for name, steps, speed, round_ in asked:
            voice, sampling = voices.named(name), Sampling(steps, checkpoint.cfg_strength)
            chunks = [
                Chunk(sentence, voice, SEEDS_APART * round_ + i, speed)
                for i, sentence in enumerate(options["sentences"])
            ]
            batches = [chunks] if way == "together" else [[chunk] for chunk in chunks]
            engine.max_batch_frames = TOGETHER_FRAMES
            start = time.perf_counter()
            spoken = [samples for batch in batches for samples in engine.speak(batch, sampling)]
            taken_s = time.perf_counter() - start
            sentences = [Waveform(samples, SAMPLE_RATE) for samples in spoken]
            values = {"taken_s": taken_s, "speech_s": sum(sentence.duration_s for sentence in sentences)}
            for heard_by, listener in recognisers.items():
                heard = [listener.transcribe(sentence, "en").text for sentence in sentences]
                wrong, words = word_errors(zip(options["sentences"], heard, strict=True))
                values |= {f"{heard_by} wrong": wrong, "words": words}
            values |= {"pitch_hz": pitch_of(sentences), "voice_pitch_hz": pitch_of([voice.waveform])}
            if natural:
                values["mos"] = statistics.mean(natural(sentence) for sentence in sentences)
            case = f"{name}, {steps} steps, speed {speed:g}"
            samples.append({"case": case, "way": way, "round": round_ + 1, "values": values})
    answer({"samples": samples, "about": about(options["device"], engine.dit.precision)})


def pitch_of(sentences: list[Waveform]) -> float:
    from benchmark.hearing import median_pitch

    return statistics.median(median_pitch(sentence) for sentence in sentences)


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

        return self._speak([Chunk(text, self.voice, 0)], steps)

    def text(self, text: str, steps: int) -> float:
        from voiceclone.text import split
        from voiceclone.types import Chunk

        pieces = split(text, self.engine.max_chunk_size(self.voice, 1.0))
        return self._speak([Chunk(piece, self.voice, seed) for seed, piece in enumerate(pieces)], steps)

    def _speak(self, chunks: list[Chunk], steps: int) -> float:
        from voiceclone import audio
        from voiceclone.model import Sampling

        samples = self.engine.speak(chunks, Sampling(steps))
        waveform, _ = audio.join(samples, [0.0] * (len(chunks) + 1), audio.SAMPLE_RATE, cross_fade_s=0.15)
        return waveform.duration_s


class Handling(Side):
    """A worker that answers jobs, as the queue asks it; the environment holds its settings."""

    def __init__(self) -> None:
        from voiceclone import app
        from voiceclone.settings import Settings

        self.worker = app.build(Settings.from_env(os.environ), os.environ)
        self.device, self.dtype = str(self.worker.engine.dit.device), self.worker.engine.dit.dtype

    def handle(self, job: dict[str, Any]) -> float:
        """Do a job; returns seconds of speech."""
        reply = self.worker.handle({"id": "job", "input": job})
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return float(reply.get("duration", 0))


def serve_batches() -> None:
    """Serve over HTTP with batches as on a GPU; the environment holds the settings."""
    from voiceclone import app
    from voiceclone.server import Server
    from voiceclone.settings import Settings

    settings = Settings.from_env(os.environ)

    def build(on_batch: Callable[[BatchReport], None]) -> Worker:
        worker = app.build(settings, os.environ, on_batch)
        worker.engine._engine.max_batch_frames = TOGETHER_FRAMES  # type: ignore[attr-defined]
        return worker

    Server(settings, build).run()


def main() -> None:
    options = json.loads(sys.argv[1])
    match options["what"]:
        case "keep_copy":
            keep_copy(options)
        case "precision":
            precision(options)
        case "speech":
            speech(options)
        case "handle":
            Handling().serve()
        case "http":
            serve_batches()
        case _:
            Ours(options).serve()


if __name__ == "__main__":
    main()
