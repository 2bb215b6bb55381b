"""Sound as the network hears it: log-mel spectrograms, and the level of a reference.

Knows nothing of text or of how speech is made. The filters are written out here: torchaudio has the same, and takes a
twentieth of a worker's start to import.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from voiceclone import audio
from voiceclone.checkpoints import MEL_SPEC
from voiceclone.types import Mel, ReferenceVoice, Waveform

MEL_DIM = MEL_SPEC["n_mel_channels"]
N_FFT = MEL_SPEC["n_fft"]
HOP_LENGTH = MEL_SPEC["hop_length"]
FRAMES_PER_S = audio.SAMPLE_RATE / HOP_LENGTH
MEL_FLOOR = 1e-5
TARGET_RMS = 0.1
"""The level of a reference where nobody asks for another."""


def log_mel(samples: Tensor) -> Tensor:
    """Return the log-mel spectrogram as Vocos defines it: (samples,) at 24 kHz -> (samples // HOP_LENGTH, m)."""
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


def reference_mel(waveform: Waveform, target_rms: float = TARGET_RMS) -> Mel:
    """Return what the model hears of a reference at 24 kHz, raised to `target_rms` if it is quieter: (frames, m)."""
    return log_mel(torch.from_numpy(waveform.samples) * gain(waveform, target_rms)).numpy()


def mel_of(voice: ReferenceVoice, target_rms: float) -> Tensor:
    """Return the mel of the voice's recording at this level: (frames, m)."""
    kept = voice.mel if target_rms == TARGET_RMS else None
    return torch.from_numpy(reference_mel(voice.waveform, target_rms) if kept is None else kept)


def gain(waveform: Waveform, target_rms: float) -> float:
    """Return what raises a waveform to the level, if it is quieter."""
    level = audio.rms(waveform.samples)
    return max(1.0, target_rms / level) if level else 1.0
