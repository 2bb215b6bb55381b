"""The network computes what f5-tts's own classes compute, whatever the options and whoever is in the batch."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from random_checkpoint import dit_shapes
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from voiceclone.errors import ModelUnavailable
from voiceclone.model.dit import Arch, DiT, Modulations, Modulator
from voiceclone.model.sampling import MARGIN, Eager, Plan, Sampling, Schedule, sample, step
from voiceclone.model.upstream import dit_state, modulator_state

VOCABULARY_SIZE = 50
V1 = {"dim": 64, "depth": 2, "heads": 2, "dim_head": 32, "ff_mult": 2, "text_dim": 32, "conv_layers": 2}
ARCHS = {
    "v1": V1,
    "v0": {**V1, "text_mask_padding": False, "pe_attn_head": 1},
    "average upsampling": {**V1, "text_embedding_average_upsampling": True},
    "qk norm": {**V1, "qk_norm": "rms_norm"},
    "no text convolutions": {**V1, "conv_layers": 0},
    "no text convolutions, upsampled": {**V1, "conv_layers": 0, "text_embedding_average_upsampling": True},
    "long skip": {**V1, "long_skip_connection": True},
    "two rotary heads": {**V1, "heads": 3, "pe_attn_head": 2},
    "training options": {**V1, "attn_backend": "torch", "attn_mask_enabled": False, "checkpoint_activations": True},
}
# Reference frames, all frames, characters: text much shorter than the sound, and as long as the sound allows.
LENGTHS = [(30, 100, 20), (37, 131, 130)]


def make_pair(upstream, arch):
    """The same random weights in f5-tts's classes and in ours."""
    their_dit, their_cfm = upstream
    torch.manual_seed(0)
    dit = their_dit(**arch, text_num_embeds=VOCABULARY_SIZE, mel_dim=100)
    for parameter in dit.parameters():
        torch.nn.init.normal_(parameter, std=0.08)
    cfm = their_cfm(dit).eval()
    weights = {f"ema_model.{key}": tensor for key, tensor in cfm.state_dict().items()}
    arch = Arch.from_config(arch)
    return cfm, DiT.from_state(arch, dit_state(arch, weights)), Modulator.from_state(arch, modulator_state(weights))


def make_plan(reference, frames, characters, seed):
    torch.manual_seed(seed)
    return Plan(reference, torch.randint(0, VOCABULARY_SIZE, (characters,)), frames, seed)


def error(ours, theirs):
    return float((ours - theirs).norm() / theirs.norm())


@pytest.mark.parametrize("name", ARCHS)
@pytest.mark.parametrize(("reference_frames", "frames", "characters"), LENGTHS)
@torch.inference_mode()
def test_same_mel_as_f5_tts(upstream, name, reference_frames, frames, characters):
    """With the same weights and noise the final mel agrees with f5-tts to 1e-5, and it is not just the noise."""
    cfm, dit, modulator = make_pair(upstream, ARCHS[name])
    reference = torch.randn(reference_frames, 100)
    plan = make_plan(reference, frames, characters, seed=5)
    for nfe_step, cfg_strength, sway in ((5, 2.0, -1.0), (3, 0.0, 0.3)):
        theirs, _ = cfm.sample(
            reference[None],
            plan.tokens[None],
            frames,
            steps=nfe_step,
            cfg_strength=cfg_strength,
            sway_sampling_coef=sway,
            seed=5,
        )
        schedule = Schedule.of(modulator, Sampling(nfe_step, cfg_strength, sway))
        ours = sample(Eager(dit), schedule, [plan], cfg_strength)
        spoken, noise = theirs[0, reference_frames:], plan.noise(100)[reference_frames:]
        assert error(ours[reference_frames:], spoken) <= 1e-5
        assert error(noise, spoken) > 0.1


@pytest.mark.parametrize("name", ["v1", "v0", "average upsampling"])
@torch.inference_mode()
def test_a_gap_is_filled_as_f5_tts_edits_speech(upstream, name):
    """With what is known on both sides, the mel in the gap agrees with f5-tts's `edit_mask` to 1e-5; in company too."""
    cfm, dit, modulator = make_pair(upstream, ARCHS[name])
    before, gap, after = 30, 25, 40
    recording = torch.randn(before + gap + after, 100)
    mask = torch.ones(1, len(recording), dtype=torch.bool)
    mask[:, before : before + gap] = False
    plan = make_plan(recording[:before], len(recording), 50, seed=5)
    plan = replace(plan, after=recording[before + gap :])
    # A frame is always left to them behind what they are given.
    theirs, _ = cfm.sample(
        recording[None],
        plan.tokens[None],
        len(recording),
        lens=torch.tensor([len(recording) - 1]),
        steps=7,
        cfg_strength=2.0,
        sway_sampling_coef=-1.0,
        seed=5,
        edit_mask=mask[:, :-1],
    )
    plan.after[-1] = 0
    schedule = Schedule.of(modulator, Sampling(7))
    company = make_plan(torch.randn(30, 100), 90, 40, seed=1)
    for plans in ([plan], [company, plan]):
        mel = sample(Eager(dit), schedule, plans, 2.0)[-plan.frames :]
        assert error(mel[before : before + gap], theirs[0, before : before + gap]) <= 1e-5
    heard = plan.audible(mel)
    assert len(heard) == plan.frames_heard == gap + 2 * MARGIN
    assert torch.equal(heard[:MARGIN], recording[before - MARGIN : before])
    assert torch.equal(heard[-MARGIN:], plan.after[:MARGIN])


@pytest.mark.parametrize("name", ARCHS)
@torch.inference_mode()
def test_a_chunk_does_not_depend_on_its_neighbours(upstream, name):
    """Chunks of unequal length in one batch come out as each does alone."""
    _, dit, modulator = make_pair(upstream, ARCHS[name])
    sizes = [(30, 45, 15), (55, 130, 40), (10, 38, 37)]
    plans = [make_plan(torch.randn(n, 100), frames, characters, n) for n, frames, characters in sizes]
    schedule = Schedule.of(modulator, Sampling(nfe_step=5))
    together = sample(Eager(dit), schedule, plans, 2.0).split([plan.frames for plan in plans])
    for plan, mel in zip(plans, together, strict=True):
        alone = sample(Eager(dit), schedule, [plan], 2.0)
        assert error(mel, alone) <= 1e-5


def test_a_checkpoint_that_does_not_fit_names_what_is_wrong(upstream):
    cfm, *_ = make_pair(upstream, V1)
    weights = dict(cfm.state_dict())
    deeper, wider = (Arch.from_config({**V1, **change}) for change in ({"depth": 3}, {"ff_mult": 4}))
    with pytest.raises(ModelUnavailable, match=r"blocks\.2\.qkv\.weight"):
        DiT.from_state(deeper, dit_state(deeper, weights))
    with pytest.raises(ModelUnavailable, match=r"blocks\.2\.weight"):
        Modulator.from_state(deeper, modulator_state(weights))
    with pytest.raises(ModelUnavailable, match="size mismatch"):
        DiT.from_state(wider, dit_state(wider, weights))
    with pytest.raises(ModelUnavailable, match="not one of an F5-TTS DiT"):
        DiT.from_state(wider, {"some.other.weight": torch.zeros(1)})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**V1, "new_option": 1}, "new_option"),
        ({"depth": 3}, "dim"),
        ({**V1, "qk_norm": "layer_norm"}, "qk_norm"),
        ({**V1, "text_mask_padding": False, "text_embedding_average_upsampling": True}, "text_mask_padding"),
    ],
)
def test_an_arch_that_is_not_understood_is_refused(config, message):
    with pytest.raises(ModelUnavailable, match=message):
        Arch.from_config(config)


def test_counters_and_constants_of_a_checkpoint_are_left_out():
    """Old files hold the mel filters and the averaging's counters: they are not weights."""
    ignored = [
        "initted",
        "step",
        "ema_model.mel_spec.mel_stft.mel_scale.fb",
        "ema_model.transformer.rotary_embed.inv_freq",
    ]
    weights = {name: torch.zeros(1) for name in ignored}
    assert dit_state(Arch.from_config(V1), weights) == modulator_state(weights) == {}


def test_nothing_is_initialised(upstream):
    """The network is built around the checkpoint's tensors: they are used, not copied."""
    cfm, *_ = make_pair(upstream, V1)
    weights = dict(cfm.state_dict())
    arch = Arch.from_config(V1)
    dit = DiT.from_state(arch, dit_state(arch, weights))
    assert dit.output.weight.data_ptr() == weights["transformer.proj_out.weight"].data_ptr()


class Calls(TorchDispatchMode):
    """What is asked of torch, with all arguments."""

    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.made.append((func.overloadpacket, args, kwargs or {}))
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("name", ["v1", "v0", "average upsampling"])
def test_a_batch_is_prepared_without_waiting_for_the_gpu_or_for_a_compiler(name):
    """Copies go there without waiting, none come back, and half precision reaches no depthwise convolution."""
    arch = Arch.from_config(ARCHS[name])
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        weights = {name: torch.empty(shape) for name, shape in dit_shapes(V1, VOCABULARY_SIZE)}
        dit = DiT.from_state(arch, dit_state(arch, weights, "cuda", torch.float16))
        batch = [torch.empty(60, 100)] * 2, [torch.zeros(30, dtype=torch.long)] * 2, [200, 150, 34], True
        dit.prepare(*batch)  # tables are made at a first use
        with Calls() as calls:
            condition = dit.prepare(*batch)
    assert condition.projected.dtype == torch.float16
    aten, copies, depthwise = torch.ops.aten, [], []
    for function, args, arguments in calls.made:
        assert function not in (aten._local_scalar_dense, aten.nonzero, aten.masked_select)
        if function is aten._to_copy and str(arguments.get("device", args[0].device)) != str(args[0].device):
            copies.append(arguments)
        if function is aten.convolution and args[8] > 1:
            depthwise.append(args)
    assert copies
    assert all(copy["device"].type == "cuda" and copy["non_blocking"] for copy in copies)
    assert len(depthwise) == 2 * V1["conv_layers"]
    assert {args[0].dtype for args in depthwise} == {torch.float32}


@pytest.mark.parametrize("use_flash", [False, True])
def test_every_tensor_follows_the_weights_to_their_device(use_flash):
    """Nothing of a batch stays behind on the CPU: checked with tensors that only pretend to be on a GPU."""
    arch = Arch.from_config({**V1, "pe_attn_head": 1, "qk_norm": "rms_norm"})
    with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
        weights = {name: torch.empty(shape) for name, shape in dit_shapes(V1, VOCABULARY_SIZE)}
        for block, norm in itertools.product(range(V1["depth"]), "qk"):
            weights[f"transformer_blocks.{block}.attn.{norm}_norm.weight"] = torch.empty(V1["dim_head"])
        dit = DiT.from_state(arch, dit_state(arch, weights, "cuda", torch.float16))
        dit.use_flash = use_flash
        schedule = Schedule.of(Modulator.from_state(arch, modulator_state(weights)), Sampling(2)).to(
            dit.device, dit.dtype
        )
        tokens = [torch.zeros(30, dtype=torch.long)] * 2
        condition = dit.prepare([torch.empty(60, 100)] * 2, tokens, [200, 150, 34], guided=True)
        x = torch.empty(384, 100, device=dit.device)
        modulations = Modulations(*(table[0] for table in schedule.modulations))
        v = dit(x.half(), modulations, condition)
        step(dit, x, 0.1, modulations, condition, 2.0)
    assert (v.device.type, v.dtype, v.shape) == ("cuda", torch.float16, (2, 384, 100))


@pytest.mark.parametrize("name", ["v1", "v0", "long skip"])
@torch.inference_mode()
def test_idle_chunks_change_nothing(upstream, name):
    """A batch may be filled up: the chunks of the text come out as they do without."""
    _, dit, modulator = make_pair(upstream, ARCHS[name])
    reference = torch.randn(60, 100)
    plans = [make_plan(reference, 200, 40, 0), make_plan(reference, 90, 20, 1)]
    schedule = Schedule.of(modulator, Sampling(nfe_step=5))

    class Filled(Eager):
        def fill(self, lengths):
            return [*lengths, 94, 0], 512

    filled, plain = (sample(follow, schedule, plans, 2.0) for follow in (Filled(dit), Eager(dit)))
    assert error(filled, plain) <= 1e-5
