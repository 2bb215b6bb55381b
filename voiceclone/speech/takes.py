"""Chunks spoken, listened to, and spoken anew where they miss.

Knows nothing of where chunks come from or of what becomes of them. Listening costs a run of the recogniser for each
take, and nothing is spoken twice that was heard well.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import cast

from voiceclone import audio
from voiceclone.delivery import KeptChunks
from voiceclone.errors import OutOfTime
from voiceclone.listening import Comparison
from voiceclone.model import AnyEngine, Sampling
from voiceclone.types import SEEDS, Chunk, Samples, Waveform

NEXT_SEED = 0x9E3779B1
"""Far from the seeds of the neighbours, which count on by one."""


@dataclass(frozen=True)
class Take:
    """A chunk as it was spoken."""

    chunk: Chunk
    """With the seed that it was spoken with."""
    samples: Samples
    """At 24 kHz."""
    attempts: int = 1
    comparison: Comparison | None = None
    """What was heard of it; None: nobody listened."""
    kept: bool = False
    """Whether it was spoken before, and is only found."""

    @property
    def waveform(self) -> Waveform:
        return Waveform(self.samples, audio.SAMPLE_RATE)


@dataclass(frozen=True)
class Threshold:
    """When a take is good enough, and how often it is tried."""

    max_wer: float
    """Largest word error rate, 0..1."""
    attempts: int


@dataclass(frozen=True)
class Studio:
    """How chunks are spoken."""

    engine: AnyEngine
    sampling: Sampling
    target_rms: float
    kept: KeptChunks
    """Where chunks are found that were spoken before."""
    urgent: bool = False
    """Whether somebody listens already."""

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[Take]:
        """Yield a take of each chunk as it comes. Only those that are not kept are spoken, and then they are."""

        def speak(which: list[int]) -> Generator[Samples, None, None]:
            return self.engine.speak([chunks[i] for i in which], self.sampling, self.target_rms, self.urgent)

        wanted = [(_shelf(chunk), self.engine.made_of(chunk, self.sampling, self.target_rms)) for chunk in chunks]
        with closing(self.kept.found_or_made(wanted, speak)) as coming:
            for chunk, (samples, kept) in zip(chunks, coming, strict=True):
                yield Take(chunk, samples, kept=kept)

    def speak_verified(
        self, chunks: Sequence[Chunk], listen: Callable[[Take], Comparison], threshold: Threshold
    ) -> Iterator[Take]:
        """Yield the best take of each chunk, in order: what is heard badly is spoken again with another seed.

        Args:
            listen: tells how a take is heard. It may raise OutOfTime: then the takes so far are the best, if there
                is one of each.
        """
        best: dict[int, Take] = {}
        left = list(range(len(chunks)))
        told = 0
        for attempt in range(1, threshold.attempts + 1):
            again = [replace(chunks[i], seed=(chunks[i].seed + (attempt - 1) * NEXT_SEED) % SEEDS) for i in left]
            missed = []
            try:
                for i, take in zip(left, self.speak(again), strict=True):
                    comparison = listen(take)
                    best[i] = better(best.get(i), replace(take, comparison=comparison), attempt)
                    if not comparison.is_good(threshold.max_wer) and attempt < threshold.attempts:
                        missed.append(i)
                    while told in best and told not in missed and (told <= i or told not in left):
                        yield best[told]
                        told += 1
            except OutOfTime:
                if len(best) < len(chunks):
                    raise
                break  # what there is will do
            left = missed
            if not left:
                break
        yield from (best[i] for i in range(told, len(chunks)))


def _shelf(chunk: Chunk) -> str:
    """Return the directory of all that is spoken in a voice, by which it is removed; `+` stands in no voice's name."""
    return chunk.voice.name or f"+{chunk.voice.fingerprint}"


def better(former: Take | None, take: Take, attempt: int) -> Take:
    """Return the take that is heard better, the former one where both are alike, with the attempts so far."""
    worse = former is not None and _fault(former) <= _fault(take)
    return replace(former if worse and former is not None else take, attempts=attempt)


def _fault(take: Take) -> tuple[bool, float]:
    comparison = cast(Comparison, take.comparison)  # every take was listened to
    return comparison.leaked, comparison.wer
