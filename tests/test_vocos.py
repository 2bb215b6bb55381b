"""The vocoder computes what the vocos package computes."""

from __future__ import annotations

import warnings

import pytest
import torch
import yaml

from voiceclone.engine import log_mel
from voiceclone.errors import ModelUnavailable
from voiceclone.vocos import Vocos, VocosArch
from voiceclone.weights import read_weights


@pytest.fixture(scope="module")
def theirs(checkpoint):
    """The package's model with the same weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vocos import Vocos as Upstream

        model = Upstream.from_hparams(str(checkpoint.vocoder_config))
    model.load_state_dict(torch.load(checkpoint.vocoder_weights, weights_only=True))
    return model.eval()


@pytest.fixture(scope="module")
def ours(checkpoint):
    arch = VocosArch.from_config(yaml.safe_load(checkpoint.vocoder_config.read_text()))
    return Vocos.from_upstream(arch, read_weights(checkpoint.vocoder_weights, "cpu"))


@pytest.mark.parametrize("frames", [2, 63, 400])
@torch.inference_mode()
def test_same_samples_as_the_package(theirs, ours, frames):
    mel = torch.randn(frames, 100)
    expected = theirs.decode(mel.T[None])[0]
    assert len(expected) == (frames - 1) * 256
    assert float((ours(mel) - expected).norm() / expected.norm()) <= 1e-5


@torch.inference_mode()
def test_log_mel_is_what_the_vocoder_was_trained_on(theirs):
    """The reference's mel is the package's own, without the frame centred on the very end."""
    samples = torch.randn(10_000) * 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their mel filters have an empty bin; so have ours
        expected = theirs.feature_extractor(samples[None])[0].T.clamp(min=torch.log(torch.tensor(1e-5)))
    mel = log_mel(samples)
    assert mel.shape == (10_000 // 256, 100)
    assert float((mel - expected[:-1]).abs().max()) <= 1e-4


def test_another_kind_of_vocos_is_refused(checkpoint):
    config = yaml.safe_load(checkpoint.vocoder_config.read_text())
    config["head"]["init_args"]["padding"] = "same"
    with pytest.raises(ModelUnavailable, match="same"):
        VocosArch.from_config(config)
    with pytest.raises(ModelUnavailable, match=r"config\.yaml"):
        VocosArch.from_config({"backbone": {}})


def test_weights_that_do_not_fit_are_refused(ours):
    with pytest.raises(ModelUnavailable, match=r"embed\.weight"):
        Vocos.from_upstream(ours.arch, {"backbone.norm.weight": torch.ones(64)})
