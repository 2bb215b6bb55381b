"""Text is laid over the frames in which it is spoken."""

from __future__ import annotations

import pytest
import torch

from voiceclone.model.text_encoder import TextEncoder


@pytest.fixture
def encoder():
    """Tells each character by its place alone, in half as many vectors as frames."""
    made = TextEncoder(20, 4, 0, mask_padding=True, average_upsampling=True)
    with torch.no_grad():
        made.embedding.copy_(torch.arange(21.0)[:, None].expand(21, 4))
    return made


def told(encoder, characters, frames, pace=None):
    """Which character each frame is told of."""
    ids = torch.zeros(frames, dtype=torch.long)
    ids[:characters] = torch.arange(1, characters + 1)
    with torch.no_grad():
        encoded = encoder(ids, characters, True, pace)
    assert encoded.shape == (2, frames, 4)
    assert not encoded[1].any()
    return encoded[0, :, 0].tolist()


def test_speech_at_another_pace_is_told_its_own_text(encoder):
    """Two characters of a reference, 3 frames each; then three more of 2 frames each."""
    assert told(encoder, 5, 12, pace=(2, 6)) == [1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_pace_that_comes_out_uneven_is_spread_evenly(encoder):
    assert told(encoder, 5, 10, pace=(1, 3)) == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_at_the_references_pace_both_are_one_text(encoder):
    assert told(encoder, 4, 12, pace=(2, 6)) == told(encoder, 4, 12)
