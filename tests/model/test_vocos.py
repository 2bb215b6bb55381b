"""The vocoder computes what the vocos package computes."""

from __future__ import annotations

import warnings

import pytest
import torch
import yaml

from voiceclone.checkpoints.weights import read_weights
from voiceclone.errors import ModelUnavailable
from voiceclone.model.mel import log_mel
from voiceclone.model.vocos import Vocos, VocosArch


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
    assert float((ours(mel, [frames]) - expected).norm() / expected.norm()) <= 1e-5


@pytest.mark.parametrize("lengths", [[63, 400], [1, 2, 63, 1, 1, 120, 2, 17, 1], [2, 2], [1, 1], [1]])
@torch.inference_mode()
def test_a_chunk_does_not_depend_on_its_neighbours(theirs, ours, lengths):
    """Chunks of unequal length packed together come out as each does alone, one after the other."""
    mels = torch.randn(sum(lengths), 100)
    samples = ours(mels, lengths)
    assert samples.shape == (sum((n - 1) * 256 for n in lengths),)
    parts = samples.split([(n - 1) * 256 for n in lengths])
    for mel, part in zip(mels.split(lengths), parts, strict=True):
        if len(mel) > 1:
            for alone in (ours(mel, [len(mel)]), theirs.decode(mel.T[None])[0]):
                assert float((part - alone).abs().max() / alone.abs().max()) <= 1e-5


@torch.inference_mode()
def test_what_is_not_finite_stays_in_its_chunk(ours):
    lengths = [20, 3, 20]
    mels = torch.randn(43, 100)
    mels[20:23] = float("nan")
    first, bad, last = ours(mels, lengths).split([19 * 256, 2 * 256, 19 * 256])
    assert bad.isnan().all()
    torch.testing.assert_close(first, ours(mels[:20], [20]))
    torch.testing.assert_close(last, ours(mels[23:], [20]))


@pytest.mark.parametrize(("n_fft", "hop_length"), [(16, 2), (12, 4), (10, 2), (8, 4)])
@torch.inference_mode()
def test_the_transform_is_torchs_whatever_its_overlap(n_fft, hop_length):
    torch.manual_seed(0)
    arch = VocosArch(mel_dim=5, dim=8, intermediate_dim=8, num_layers=1, n_fft=n_fft, hop_length=hop_length)
    model = Vocos(arch).requires_grad_(False)
    for weight in model.parameters():
        weight.normal_(std=0.5)
    model.window.copy_(torch.hann_window(n_fft))
    heads = []
    model.out.register_forward_hook(lambda *call: heads.append(call[-1]))
    mels, lengths = torch.randn(30, 5), [9, 2, 1, 18]
    parts = model(mels, lengths).split([(n - 1) * hop_length for n in lengths])
    for mel, part in zip(mels.split(lengths), parts, strict=True):
        model(mel, [len(mel)])
        if len(mel) > 1:
            magnitude, phase = heads[-1][:, : len(mel)].mT.chunk(2, dim=1)
            expected = torch.istft(torch.polar(magnitude.exp(), phase), n_fft, hop_length, window=model.window)[0]
            torch.testing.assert_close(part, expected)


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
    config["head"]["init_args"].update(padding="center", hop_length=300)
    with pytest.raises(ModelUnavailable, match="300"):
        VocosArch.from_config(config)


def test_weights_that_do_not_fit_are_refused(ours):
    with pytest.raises(ModelUnavailable, match=r"embed\.weight"):
        Vocos.from_upstream(ours.arch, {"backbone.norm.weight": torch.ones(64)})
