"""The log-mel spectrogram that the network hears and writes, as Vocos defines it.

Knows nothing of voices or levels. The filters are written out here: torchaudio has the same, and takes a twentieth of a
worker's start to import.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from voiceclone import audio
from voiceclone.checkpoints import MEL_SPEC

MEL_DIM = MEL_SPEC["n_mel_channels"]
N_FFT = MEL_SPEC["n_fft"]
HOP_LENGTH = MEL_SPEC["hop_length"]
MEL_FLOOR = 1e-5


def log_mel(samples: Tensor) -> Tensor:
    """Return the log-mel spectrogram: (samples,) at 24 kHz -> (samples // HOP_LENGTH, m)."""
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(samples, N_FFT, HOP_LENGTH, window=window, return_complex=True).abs()
    # The transform centres one frame on the very end; F5-TTS counts whole hops only.
    return (spectrum.T @ mel_filters()).clamp(min=MEL_FLOOR).log()[: len(samples) // HOP_LENGTH]


def mel_filters() -> Tensor:
    """Return overlapping triangles, evenly apart on the mel scale, 2595 log10(1 + f / 700): (N_FFT // 2 + 1, m)."""
    nyquist = audio.SAMPLE_RATE / 2
    mels = torch.linspace(0, 2595 * math.log10(1 + nyquist / 700), MEL_DIM + 2)
    corners = 700 * (10 ** (mels / 2595) - 1)
    widths = corners.diff()
    away = corners - torch.linspace(0, nyquist, N_FFT // 2 + 1)[:, None]
    return torch.minimum(-away[:, :-2] / widths[:-1], away[:, 2:] / widths[1:]).clamp(min=0)
