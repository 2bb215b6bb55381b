"""The filters of the log-mel spectrogram."""

from __future__ import annotations

import torch
from torchaudio.functional import melscale_fbanks

from voiceclone.model.mel import mel_filters


def test_the_filters_are_those_of_torchaudio():
    assert torch.equal(mel_filters(), melscale_fbanks(513, 0.0, 12_000.0, 100, 24_000))
