"""The tracks of all groups as one, second by second, over the film's own sound if that is wanted.

Knows nothing of containers. Each group is in memory only while it is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceclone import audio
from voiceclone.client import Problem
from voiceclone.films.film import RATE
from voiceclone.types import Samples, Waveform

BLOCK = RATE


@dataclass(frozen=True)
class Piece:
    """A group's track."""

    file: Path
    start: int
    """In the film, in samples at RATE."""


def track(pieces: Sequence[Piece], duration_s: float) -> Iterator[Samples]:
    """Yield the whole track block by block, as long as the film, or longer where words are. Raises Problem."""
    waiting = sorted(pieces, key=lambda piece: piece.start, reverse=True)
    heard: list[tuple[int, Samples]] = []
    length = round(duration_s * RATE)
    start = 0
    while start < length or waiting or heard:
        while waiting and waiting[-1].start < start + BLOCK:
            piece = waiting.pop()
            samples = _read(piece.file)
            length = max(length, piece.start + _last(samples))
            heard.append((piece.start, samples))
        stop = min(start + BLOCK, length)
        block = np.zeros(max(0, stop - start), np.float32)
        for begin, samples in heard:
            first, last = max(begin, start), min(begin + len(samples), stop)
            if last > first:
                block[first - start : last - start] += samples[first - begin : last - begin]
        heard = [each for each in heard if each[0] + len(each[1]) > stop and stop < length]
        if len(block):
            yield block
        start += BLOCK


def mixed(
    speech: Iterable[Samples], sound: Iterable[NDArray[np.float32]], ducking: audio.Ducking
) -> Iterator[NDArray[np.float32]]:
    """Yield the film's sound, quieter where somebody speaks, with the speech over it, of shape (2, n)."""
    left = np.zeros((2, 0), np.float32)
    coming = iter(sound)
    start = 0
    for block in speech:
        while left.shape[1] < len(block) and (more := next(coming, None)) is not None:
            left = np.concatenate([left, more], axis=1)
        now, left = left[:, : len(block)], left[:, len(block) :]
        now = np.pad(now, ((0, 0), (0, len(block) - now.shape[1])))
        yield np.clip(now * ducking.gain(start, len(block)) + block, -1, 1)
        start += len(block)


def _last(samples: Samples) -> int:
    """Return where the sound ends: silence behind it is not worth a longer film."""
    heard = np.flatnonzero(np.abs(samples) > 1e-4)
    return int(heard[-1]) + 1 if len(heard) else 0


def _read(path: Path) -> Samples:
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as e:
        raise Problem(f"{path} is damaged: remove it, and start again") from e
    return audio.resample(Waveform(samples[:, 0], rate), RATE).samples
