"""Sounds of known loudness for tests."""

from __future__ import annotations

import numpy as np

from voiceclone.types import Waveform

RATE = 24_000
RNG = np.random.default_rng(0)


def noise(duration_s, level=0.1):
    return RNG.normal(0, level, int(duration_s * RATE)).astype(np.float32)


def silence(duration_s):
    return noise(duration_s, 1e-5)


def waveform(*parts):
    return Waveform(np.concatenate(parts), RATE)
