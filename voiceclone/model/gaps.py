"""A gap in a recording, and what of it the network and its vocoder see. Pure functions.

Knows nothing of how a gap came about, or of what is done with its speech.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voiceclone import audio
from voiceclone.model.mel import HOP_LENGTH, MEL_DIM, N_FFT, gain, log_mel
from voiceclone.model.sampling import MARGIN, Plan
from voiceclone.types import Samples, Waveform


@dataclass(frozen=True)
class Gap:
    """Speech that is missing between two parts of a recording at 24 kHz, and what is said in all of it."""

    before: Samples
    """A whole number of hops up to the gap, (n,); may be empty where the recording begins with the gap."""
    after: Samples
    """From the hop on that follows the gap, (n,)."""
    text: str
    """All that is said, in both parts and between them, as the network reads it."""
    frames: int
    """How long the gap is, in hops."""
    seed: int
    """Of its noise, 0..2^32-1."""

    @property
    def fingerprint(self) -> str:
        """Tells both parts from any others."""
        lengths = f"{len(self.before)} {len(self.after)} ".encode()
        return hashlib.sha256(lengths + self.before.tobytes() + self.after.tobytes()).hexdigest()

    @property
    def lead(self) -> int:
        """Samples that what is spoken of it begins before it: they repeat the end of `before`."""
        return min(MARGIN, len(self.before) // HOP_LENGTH) * HOP_LENGTH if len(self.before) > N_FFT // 2 else 0

    def louder(self, target_rms: float) -> float:
        """Return what raises both parts to the level for the network, if they are quieter."""
        return gain(Waveform(np.concatenate([self.before, self.after]), audio.SAMPLE_RATE), target_rms)

    def plan(self, ids: Tensor, target_rms: float) -> Plan:
        """Return the plan of the gap; `ids`: of the text, (characters,)."""
        louder = self.louder(target_rms)
        # Each part for itself: no frame beside the gap hears what lay in it.
        before, after = (_mel(part, louder) for part in (self.before, self.after))
        return Plan(before, ids, len(before) + self.frames + len(after), self.seed, after)


def _mel(samples: Samples, louder: float) -> Tensor:
    """Return the mel of samples made so much louder; empty where the transform has too few to mirror at its ends."""
    if len(samples) <= N_FFT // 2:
        return torch.zeros(0, MEL_DIM)
    return log_mel(torch.from_numpy(samples * np.float32(louder)))
