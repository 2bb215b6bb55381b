"""Chunks become speech: reproducible, of the right length, never silent or broken."""

from __future__ import annotations

import copy
import dataclasses
import itertools

import numpy as np
import pytest
import torch

from voiceclone import audio
from voiceclone.engine import EPSS, KEPT_SCHEDULES, Engine, Sampling, Schedule, find_device, log_mel, sample, time_steps
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory, SynthesisFailed
from voiceclone.types import Chunk, ReferenceVoice, Waveform
from voiceclone.voices import Voices

FAST = Sampling(nfe_step=2)


@pytest.fixture(scope="module")
def voice():
    from voiceclone.settings import Settings

    return Voices(Settings(), None).named("example-en")


@pytest.fixture
def broken(engine):
    """An engine of one's own, to break."""
    return Engine(copy.deepcopy(engine.dit), copy.deepcopy(engine.vocoder), engine.vocabulary, engine.tokenizer)


@pytest.mark.parametrize("nfe_step", [1, *EPSS, 32, 64])
@pytest.mark.parametrize("sway", [-1.0, 0.0, 0.7])
def test_times_are_those_of_f5_tts(upstream, nfe_step, sway):
    from f5_tts.model.utils import get_epss_timesteps

    expected = get_epss_timesteps(nfe_step, device="cpu", dtype=torch.float32)
    expected = expected + sway * (torch.cos(torch.pi / 2 * expected) - 1 + expected)
    assert torch.equal(time_steps(nfe_step, sway), expected)


def test_the_same_chunk_and_seed_give_the_same_samples(engine, voice):
    chunk = Chunk("Say this twice.", seed=3)
    first, second = (engine.speak([chunk], voice, FAST).waveform.samples for _ in range(2))
    assert np.array_equal(first, second)
    other = engine.speak([dataclasses.replace(chunk, seed=4)], voice, FAST).waveform.samples
    assert not np.array_equal(first, other)


def test_a_chunk_sounds_the_same_in_company(engine, voice):
    chunks = [
        Chunk("Short one.", 1),
        Chunk("A somewhat longer sentence stands in the middle.", 2),
        Chunk("And the end.", 3),
    ]
    together = engine.speak(chunks, voice, FAST, cross_fade_s=0).waveform.samples
    alone = [engine.speak([chunk], voice, FAST).waveform.samples for chunk in chunks]
    assert np.abs(together - np.concatenate(alone)).max() <= 1e-5 * np.abs(together).max()


def test_length_follows_the_references_pace(engine, voice):
    """As many frames a byte as the reference has; twice the speed, half the length."""
    text = "This sentence has exactly as many letters as it has."
    pace = voice.waveform.duration_s / len(voice.text)
    for speed in (1.0, 2.0, 0.5):
        speech = engine.speak([Chunk(text, 0, speed)], voice, FAST)
        assert speech.waveform.duration_s == pytest.approx(len(text) * pace / speed, abs=0.05)


def test_a_single_word_gets_the_time_to_be_said(engine, voice):
    assert engine.speak([Chunk("Go.", 0)], voice, FAST).waveform.duration_s >= 0.5


def test_more_tokens_than_frames_make_the_speech_longer(engine, voice):
    """The network needs a frame for each character, however fast the speech is asked to be."""
    dense = ReferenceVoice(Waveform(voice.waveform.samples[:24_000], 24_000), "x" * 89 + " ")
    assert engine.speak([Chunk("y" * 200, 0, speed=3.0)], dense, FAST).waveform.duration_s > 2


def test_spans_tell_where_each_chunk_lies(engine, voice):
    chunks = [Chunk("The first of two sentences.", 1), Chunk("The second of them.", 2)]
    speech = engine.speak(chunks, voice, FAST, cross_fade_s=0.1)
    first, second = speech.spans
    assert first.start_s == 0
    assert first.end_s - second.start_s == pytest.approx(0.1)
    assert second.end_s == pytest.approx(speech.waveform.duration_s)


def test_many_chunks_are_spoken_in_several_batches(engine, voice, monkeypatch):
    """Memory is bounded by the batch; the result does not change with it."""
    chunks = [Chunk(f"Sentence number {i}.", i) for i in range(5)]
    batches = []
    monkeypatch.setattr("voiceclone.engine.sample", lambda *a: batches.append(a[2]) or sample(*a))
    whole = engine.speak(chunks, voice, FAST).waveform.samples
    assert len(batches.pop()) == len(chunks)
    monkeypatch.setattr("voiceclone.engine.MAX_BATCH_FRAMES", 1600)
    assert np.abs(engine.speak(chunks, voice, FAST).waveform.samples - whole).max() <= 1e-5
    assert len(batches) > 1
    assert max(sum(len(plan.noise) for plan in batch) for batch in batches) <= 1600


def test_a_quiet_reference_stays_quiet(engine, voice):
    """It is raised for the model and the speech lowered again by as much."""
    quiet = dataclasses.replace(voice, waveform=Waveform(voice.waveform.samples * 0.01, 24_000))
    level = audio.rms(engine.speak([Chunk("Quietly now.", 0)], quiet, FAST).waveform.samples)
    loud = audio.rms(engine.speak([Chunk("Quietly now.", 0)], voice, FAST, target_rms=0.01).waveform.samples)
    assert level < 0.1 * loud


@pytest.mark.parametrize(("cfg_strength", "rows"), [(0, 1), (2.0, 2)])
def test_without_guidance_half_the_work_is_done(engine, voice, monkeypatch, cfg_strength, rows):
    """The network sees one row of every frame instead of two."""
    seen = []
    forward = engine.dit.forward
    monkeypatch.setattr(engine.dit, "forward", lambda *a: seen.append(forward(*a)) or seen[-1])
    unguided = engine.speak([Chunk("No guidance here.", 0)], voice, Sampling(2, cfg_strength))
    assert {len(velocity) for velocity in seen} == {rows}
    assert audio.rms(unguided.waveform.samples) > 1e-3


def test_schedules_are_kept_but_not_without_end(engine, voice):
    for nfe_step, sway in itertools.product((1, 2, 3), (-1.0, -0.5, 0.0, 0.5)):
        engine.speak([Chunk("Again.", 0)], voice, Sampling(nfe_step, sway_sampling_coef=sway))
    assert len(engine._schedules) == KEPT_SCHEDULES


def test_what_overflows_in_half_precision_is_spoken_in_fp32(broken, voice, caplog):
    """The last norm's scale is out of fp16's range, the result is not."""
    chunk = Chunk("Too loud for half precision.", 1)
    broken.dit.final_modulation.bias[:128] = 60_000
    broken.dit.output.weight *= 1e-5
    expected = broken.speak([chunk], voice, FAST).waveform.samples
    broken = Engine(broken.dit.half(), broken.vocoder, broken.vocabulary, broken.tokenizer)
    spoken = broken.speak([chunk], voice, FAST).waveform.samples
    assert "once more in fp32" in caplog.text
    assert np.corrcoef(spoken, expected)[0, 1] > 0.98
    assert broken.dit.dtype == torch.float16


@pytest.mark.parametrize("fault", ["nan", "silence"])
def test_broken_speech_is_an_error_never_a_file(broken, voice, fault):
    if fault == "nan":
        broken.dit.output.bias[3] = torch.nan
    else:
        broken.vocoder.out.bias[:513] = -50
    with pytest.raises(SynthesisFailed, match="silence or invalid"):
        broken.speak([Chunk("Nothing comes out.", 0)], voice, FAST)


def test_out_of_memory_asks_for_a_fresh_worker(broken, voice, monkeypatch):
    """The allocator's error is the one that a GPU raises; there is none here."""

    def allocate(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(broken.vocoder, "forward", allocate)
    with pytest.raises(OutOfMemory, match="shorter text") as caught:
        broken.speak([Chunk("Too much.", 0)], voice, FAST)
    assert caught.value.refresh_worker


def test_a_broken_gpu_asks_for_a_fresh_worker(broken, voice, monkeypatch):
    """The driver's error is the one that a GPU raises; there is none here."""

    def launch(*_):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)

    monkeypatch.setattr(broken.vocoder, "forward", launch)
    with pytest.raises(DeviceFailed, match="send the job again") as caught:
        broken.speak([Chunk("The GPU is gone.", 0)], voice, FAST)
    assert caught.value.refresh_worker
    assert caught.value.code == "synthesis_failed"


def test_a_slow_voice_does_not_cut_words_apart(engine, voice):
    slow = ReferenceVoice(voice.waveform, "Slow words. ")
    assert engine.max_chunk_size(slow, speed=0.3) >= 20


def test_network_and_vocoder_must_hear_alike(engine):
    other = copy.deepcopy(engine.vocoder)
    other.arch = dataclasses.replace(other.arch, hop_length=512)
    with pytest.raises(ModelUnavailable, match="every 256"):
        Engine(engine.dit, other, engine.vocabulary, engine.tokenizer)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the promise is about machines without a usable GPU")
def test_the_cpu_is_taken_only_where_no_gpu_is_required():
    assert find_device(None, gpu_required=False) == "cpu"
    assert find_device("cpu", gpu_required=True) == "cpu"
    for asked, gpu_required in ((None, True), ("cuda", False)):
        with pytest.raises(ModelUnavailable, match=r"GPU cannot be used .*F5_DEVICE=cpu"):
            find_device(asked, gpu_required=gpu_required)


def test_unknown_characters_are_named_once(engine):
    assert engine.unknown_characters("Hello 你好") == []
    assert engine.unknown_characters("a \U0001f600 b \U0001f600") == ["\U0001f600"]


def test_the_vocabulary_must_be_the_checkpoints(engine):
    with pytest.raises(ModelUnavailable, match="same repository"):
        Engine(engine.dit, engine.vocoder, {"a": 0}, "pinyin")


@pytest.mark.parametrize(("dtype", "bar"), [("float16", 2e-3), ("bfloat16", 2e-2)])
def test_half_precision_stays_close_to_fp32(engine, checkpoint, voice, dtype, bar):
    """Relative error of the mel after 16 steps with guidance; measured: 7e-4 and 6e-3."""
    plan = engine._plan(Chunk("The same words in half the bits.", 1), voice, 300)
    reference = log_mel(torch.from_numpy(voice.waveform.samples))[:300]
    mels = []
    with torch.inference_mode():
        for dit in (engine.dit, Engine.load(checkpoint, "cpu", dtype).dit):
            mels.append(sample(dit, Schedule.of(dit, Sampling(16)), [plan], reference, 2.0)[0])
    assert mels[1].dtype == torch.float32
    assert float((mels[1] - mels[0]).norm() / mels[0].norm()) < bar


def test_a_warm_up_that_is_not_heard_keeps_no_worker_from_starting(broken, caplog):
    caplog.set_level("INFO")
    broken.vocoder.out.bias[:513] = -50
    broken.warm_up()
    assert "not audible" in caplog.text


def test_warming_up_leaves_speech_as_it_is(broken, voice):
    chunk = Chunk("The same before and after.", 2)
    before = broken.speak([chunk], voice, FAST).waveform.samples
    broken.warm_up()
    assert np.array_equal(broken.speak([chunk], voice, FAST).waveform.samples, before)
