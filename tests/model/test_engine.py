"""Chunks become speech: reproducible, of the right length, never silent or broken."""

from __future__ import annotations

import codecs
import copy
import dataclasses
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, spoken
from safetensors.torch import load_file, save_file

from voiceclone import audio
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory, SynthesisFailed
from voiceclone.model.any_engine import read_vocabulary
from voiceclone.model.device import find_device
from voiceclone.model.engine import KEPT_SCHEDULES, Engine
from voiceclone.model.graphs import Graphs
from voiceclone.model.mel import log_mel
from voiceclone.model.sampling import EPSS, Eager, Plan, Sampling, sample, time_steps
from voiceclone.model.supply import first_batch
from voiceclone.types import Chunk, ReferenceVoice, Waveform
from voiceclone.voices.builtin import BuiltIn

FAST = Sampling(nfe_step=2)


@pytest.fixture(scope="module")
def voice():
    return BuiltIn().named("example-en")


@pytest.fixture
def own(checkpoint):
    """An engine of one's own, to change or break."""
    return Engine.load(checkpoint, "cpu", "float32")


@pytest.mark.parametrize("sway", [-1.0, 0.0, 0.7])
def test_times_are_those_of_f5_tts(upstream, sway):
    from f5_tts.model.utils import get_epss_timesteps

    for nfe_step in (1, *EPSS, 32, 64):
        expected = get_epss_timesteps(nfe_step, device="cpu", dtype=torch.float32)
        expected = expected + sway * (torch.cos(torch.pi / 2 * expected) - 1 + expected)
        assert torch.equal(time_steps(nfe_step, sway), expected), nfe_step


def test_the_same_chunk_and_seed_give_the_same_samples(engine, voice):
    chunk = Chunk("Say this twice.", voice, seed=3)
    first, second = (spoken(engine, [chunk], FAST) for _ in range(2))
    assert np.array_equal(first, second)
    other = spoken(engine, [dataclasses.replace(chunk, seed=4)], FAST)
    assert not np.array_equal(first, other)


def test_a_chunk_sounds_the_same_in_company(engine, own, voice):
    own.max_batch_frames = 8192
    chunks = [
        Chunk("Short one.", voice, 1),
        Chunk("A somewhat longer sentence stands in the middle.", voice, 2),
        Chunk("And the end.", voice, 3),
    ]
    together = spoken(own, chunks, FAST)
    alone = [spoken(engine, [chunk], FAST) for chunk in chunks]
    assert np.abs(together - np.concatenate(alone)).max() <= 1e-5 * np.abs(together).max()


def test_length_follows_the_references_pace(engine, voice):
    """As many frames a byte as the reference has; twice the speed, half the length."""
    text = "This sentence has exactly as many letters as it has."
    pace = voice.waveform.duration_s / len(voice.text)
    for speed in (1.0, 2.0, 0.5):
        chunk = Chunk(text, voice, 0, speed)
        duration_s = len(spoken(engine, [chunk], FAST)) / 24_000
        assert duration_s == pytest.approx(len(text) * pace / speed, abs=0.05)
        assert duration_s == pytest.approx(engine.duration_s(chunk))


def test_a_single_word_gets_the_time_to_be_said(engine, voice):
    assert len(spoken(engine, [Chunk("Go.", voice, 0)], FAST)) >= 0.5 * 24_000


def test_more_tokens_than_frames_make_the_speech_longer(engine, voice):
    """The network needs a frame for each character, however fast the speech is asked to be."""
    dense = ReferenceVoice(Waveform(voice.waveform.samples[:24_000], 24_000), "x" * 89 + " ")
    assert len(spoken(engine, [Chunk("y" * 200, dense, 0, speed=3.0)], FAST)) > 2 * 24_000


@pytest.mark.parametrize("duration_s", [1.0, 2.5, 7.77])
def test_a_chunk_may_be_given_its_length(engine, voice, duration_s):
    """Whatever its text and speed: to the nearest frame."""
    chunk = Chunk("As long as it shall be.", voice, 0, 1.3, duration_s)
    assert len(spoken(engine, [chunk], FAST)) == pytest.approx(duration_s * 24_000, abs=128)


def test_voices_share_a_batch_without_hearing_each_other(engine, own):
    """Chunks of two voices, together, sound as each does alone."""
    own.max_batch_frames = 8192
    first, second = map(BuiltIn().named, ("example-en", "example-zh"))
    chunks = [Chunk("One says this.", first, 1), Chunk("Another says that.", second, 2), Chunk("And so on.", first, 3)]
    together = spoken(own, chunks, FAST)
    alone = [spoken(engine, [chunk], FAST) for chunk in chunks]
    assert np.abs(together - np.concatenate(alone)).max() <= 1e-5 * np.abs(together).max()


def plans(*frames):
    return [Plan(torch.zeros(1, 100), torch.zeros(1), n, 0) for n in frames]


@pytest.mark.parametrize(
    ("frames", "max_frames", "sizes"),
    [
        ([500] * 5, 8192, [5]),
        ([500] * 9, 4000, [5, 4]),
        ([500] * 9, 1, [1] * 9),
        ([900, 100, 900, 100], 1000, [2, 2]),
        ([300, 5000, 300], 1000, [1, 1, 1]),
    ],
)
def test_batches_are_few_and_of_one_size(frames, max_frames, sizes):
    """Memory is bounded by the batch: none is larger than allowed, but for a chunk that is larger by itself."""
    waiting, taken = plans(*frames), []
    while waiting:
        taken.append(len(first_batch(waiting, max_frames)))
        waiting = waiting[taken[-1] :]
    assert taken == sizes


def test_many_chunks_are_spoken_in_several_batches(own, voice, monkeypatch):
    """The result does not change with the batches."""
    chunks = [Chunk(f"Sentence number {i}.", voice, i) for i in range(5)]
    whole = spoken(own, chunks, FAST)
    batches = []
    prepare = own.dit.prepare
    monkeypatch.setattr(own.dit, "prepare", lambda *a: batches.append(a[2]) or prepare(*a))
    own.max_batch_frames = 1600
    assert np.abs(spoken(own, chunks, FAST) - whole).max() <= 1e-5
    assert 1 < len(batches) < len(chunks)
    assert max(map(sum, batches)) <= 1600


def test_a_quiet_reference_stays_quiet(engine, voice):
    """It is raised for the model and the speech lowered again by as much."""
    quiet = dataclasses.replace(voice, waveform=Waveform(voice.waveform.samples * 0.01, 24_000))
    level = audio.rms(spoken(engine, [Chunk("Quietly now.", quiet, 0)], FAST))
    loud = audio.rms(spoken(engine, [Chunk("Quietly now.", voice, 0)], FAST, target_rms=0.01))
    assert level < 0.1 * loud


@pytest.mark.parametrize(("cfg_strength", "rows"), [(0, 1), (2.0, 2)])
def test_without_guidance_half_the_work_is_done(engine, voice, monkeypatch, cfg_strength, rows):
    """The network sees one row of every frame instead of two."""
    seen = []
    forward = engine.dit.forward
    monkeypatch.setattr(engine.dit, "forward", lambda *a: seen.append(forward(*a)) or seen[-1])
    unguided = spoken(engine, [Chunk("No guidance here.", voice, 0)], Sampling(2, cfg_strength))
    assert {len(velocity) for velocity in seen} == {rows}
    assert audio.rms(unguided) > 1e-3


def test_schedules_are_kept_but_not_without_end(engine, voice):
    for nfe_step, sway in itertools.product((1, 2, 3), (-1.0, -0.5, 0.0, 0.5)):
        spoken(engine, [Chunk("Again.", voice, 0)], Sampling(nfe_step, sway_sampling_coef=sway))
    assert len(engine._schedules) == KEPT_SCHEDULES


def test_what_overflows_in_half_precision_is_spoken_in_fp32(checkpoint, voice, tmp_path, caplog):
    """The last norm's scale is out of fp16's range, the result is not."""
    weights = load_file(checkpoint.weights)
    weights["ema_model.transformer.norm_out.linear.bias"][:128] = 60_000
    weights["ema_model.transformer.proj_out.weight"] *= 1e-5
    save_file(weights, tmp_path / "model.safetensors")
    loud = dataclasses.replace(checkpoint, weights=tmp_path / "model.safetensors")
    chunk = Chunk("Too loud for half precision.", voice, 1)
    expected = spoken(Engine.load(loud, "cpu", "float32"), [chunk], FAST)
    assert "in float32" not in caplog.text
    engine = Engine.load(loud, "cpu", "float16")
    samples = spoken(engine, [chunk], FAST)
    assert "in float32" in caplog.text
    assert np.abs(samples - expected).max() <= 1e-5
    assert engine.dit.dtype == torch.float16


@pytest.mark.parametrize("fault", ["nan", "silence"])
def test_broken_speech_is_an_error_never_a_file(own, voice, fault):
    if fault == "nan":
        own.dit.output.bias[3] = torch.nan
    else:
        own.vocoder.out.bias[:513] = -50
    with pytest.raises(SynthesisFailed, match="silence or invalid"):
        spoken(own, [Chunk("Nothing comes out.", voice, 0)], FAST)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_out_of_memory_asks_for_a_fresh_worker(own, voice, monkeypatch, error):
    """The allocator's error is the one that a GPU raises; there is none here."""

    def allocate(*_):
        raise error

    monkeypatch.setattr(own.vocoder, "forward", allocate)
    with pytest.raises(OutOfMemory, match="shorter text") as caught:
        spoken(own, [Chunk("Too much.", voice, 0), Chunk("And more.", voice, 1)], FAST)
    assert caught.value.refresh_worker


def test_out_of_memory_halves_the_batches_once_and_for_the_jobs_to_come(own, voice, monkeypatch, caplog):
    chunks = [Chunk(f"Sentence number {i}.", voice, i) for i in range(6)]
    expected = spoken(own, chunks, FAST)
    own.max_batch_frames = 8192
    tried = []
    vocode = own.vocoder.forward

    def allocate(mels, lengths):
        tried.append(len(lengths))
        if len(lengths) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return vocode(mels, lengths)

    monkeypatch.setattr(own.vocoder, "forward", allocate)
    for _ in range(2):
        samples = spoken(own, chunks, FAST)
        assert np.abs(samples - expected).max() <= 1e-5
    assert tried == [6, 3, 3, 3, 3]
    assert "out of memory: batches of" in caplog.text


def test_out_of_memory_with_one_chunk_gives_back_what_is_kept_and_tries_once_more(own, voice, monkeypatch):
    """Steps that were recorded hold memory: none is left when the chunk is tried again. A second refusal is final."""
    chunk = Chunk("One sentence.", voice, 0)
    expected = spoken(own, [chunk], FAST)
    recorded, left, refusals = [], [], 1
    own._follow = Graphs(own.dit, lambda: lambda run: recorded.append(run) or run)
    vocode = own.vocoder.forward

    def allocate(mels, lengths):
        left.append(len(own._follow._recorded))
        if len(left) <= refusals:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return vocode(mels, lengths)

    monkeypatch.setattr(own.vocoder, "forward", allocate)
    assert len(spoken(own, [chunk], FAST)) == len(expected)
    assert len(recorded) == 2
    left, refusals = [], 2
    with pytest.raises(OutOfMemory):
        spoken(own, [chunk], FAST)


def test_the_next_batch_is_ready_before_the_present_one_is_fetched(own, voice, monkeypatch):
    """So a GPU does not wait for the CPU between batches; nothing but its preparation is done for it."""
    done = []
    for part, name in ((own.dit, "prepare"), (own.vocoder, "forward")):
        run = getattr(part, name)
        monkeypatch.setattr(part, name, lambda *a, run=run, name=name: done.append(name) or run(*a))
    own.max_batch_frames = 1
    for _ in own.speak([Chunk(f"Sentence number {i}.", voice, i) for i in range(3)], FAST):
        done.append("spoken")
    assert done == ["prepare", *["forward", "prepare", "spoken"] * 2, "forward", "spoken"]


ALONE = """
import json, resource, sys
from pathlib import Path
from voiceclone.audio import join
from voiceclone.checkpoints import resolve
from voiceclone.errors import OutOfMemory
from voiceclone.model import Engine, Sampling
from voiceclone.types import Chunk
from voiceclone.voices import BuiltIn

engine = Engine.load(resolve(sys.argv[1], None, Path(sys.argv[2])), "cpu", "float32")
voice = BuiltIn().named("example-en")

def peak_mb(chunks):
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    texts = [("Some seconds. " * 6)[i:] for i in range(chunks)]
    chunks = [Chunk(text, voice, i) for i, text in enumerate(texts)]
    waveform, _ = join(engine.speak(chunks, Sampling(1)), [0.0] * (len(chunks) + 1), 24_000, 0.15)
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1e3, waveform.samples.nbytes / 1e6

peak_mb(1)
peaks = [*peak_mb(1), *peak_mb(7)]
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))
try:
    list(engine.speak([Chunk("Far too much. " * 2000, voice, 0)], Sampling(1)))
except OutOfMemory as e:
    print(json.dumps({"peaks": peaks, "refused": str(e)}))
"""


@pytest.fixture(scope="module")
def alone(random_model, volume):
    """What becomes of memory in a process of its own."""
    command = [sys.executable, "-c", ALONE, random_model, volume]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_memory_that_the_machine_refuses_is_out_of_memory(alone):
    """The kernel's own limit: the chunk is refused, nothing is killed."""
    assert "send a shorter text" in alone["refused"]


def test_a_longer_text_takes_more_memory_for_its_audio_alone(alone):
    """Peak resident memory of seven times the text, in chunks of as many lengths, above that of one: in MB, against
    the samples that are returned."""
    peak, samples, long_peak, long_samples = alone["peaks"]
    assert long_samples > 5 * samples
    # Twice: the parts, and what they are joined to.
    assert long_peak - peak < 2.2 * (long_samples - samples) + 10


def test_a_broken_gpu_asks_for_a_fresh_worker(own, voice, monkeypatch):
    """The driver's error is the one that a GPU raises; there is none here."""

    def launch(*_):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)

    monkeypatch.setattr(own.vocoder, "forward", launch)
    with pytest.raises(DeviceFailed, match="send the job again") as caught:
        spoken(own, [Chunk("The GPU is gone.", voice, 0)], FAST)
    assert caught.value.refresh_worker
    assert caught.value.code == "synthesis_failed"


def test_a_slow_voice_does_not_cut_words_apart(engine, voice):
    slow = ReferenceVoice(voice.waveform, "Slow words. ")
    assert engine.max_chunk_size(slow, speed=0.3) >= 20


def test_network_and_vocoder_must_hear_alike(engine):
    other = copy.deepcopy(engine.vocoder)
    other.arch = dataclasses.replace(other.arch, hop_length=512)
    with pytest.raises(ModelUnavailable, match="every 256"):
        Engine(engine._loader, engine.dit, other, engine.vocabulary, engine.tokenizer)


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
        Engine(engine._loader, engine.dit, engine.vocoder, {"a": 0}, "pinyin")


def with_vocabulary(checkpoint, path, change):
    path.write_bytes(change(checkpoint.vocab.read_bytes()))
    return dataclasses.replace(checkpoint, vocab=path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: codecs.BOM_UTF8 + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: codecs.BOM_UTF8 + data.replace(b"\n", b"\r\n"),
        lambda data: data.removesuffix(b"\n"),
    ],
    ids=["mark", "CRLF", "both", "no last end"],
)
def test_a_vocabulary_is_read_as_windows_saves_it(checkpoint, engine, tmp_path, change):
    changed = with_vocabulary(checkpoint, tmp_path / "vocab.txt", change)
    assert read_vocabulary(changed.vocab) == engine.vocabulary


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.removeprefix(b" "),
        lambda data: b"\t" + data[1:],
        lambda data: "\u00a0".encode() + data[1:],
        lambda data: codecs.BOM_UTF8 + data[1:],
        lambda data: data[2:4] + b" \n" + data[4:],
    ],
    ids=["trimmed", "tab", "no-break", "trimmed, with a mark", "sorted"],
)
def test_a_vocabulary_without_its_space_is_refused_by_its_name(checkpoint, tmp_path, change):
    """Every space would be another character to the model, and all would look well."""
    changed = with_vocabulary(checkpoint, tmp_path / "vocab.txt", change)
    with pytest.raises(ModelUnavailable, match=r"vocab\.txt must begin with a line that is one space"):
        Engine.load(changed, "cpu", "float32")


@pytest.mark.parametrize(("dtype", "bar"), [("float16", 2e-3), ("bfloat16", 2e-2)])
def test_half_precision_stays_close_to_fp32(engine, checkpoint, voice, dtype, bar):
    """Relative error of the mel after 16 steps with guidance; measured: 7e-4 and 6e-3."""
    reference = log_mel(torch.from_numpy(voice.waveform.samples))[:300]
    plan = engine._plan(Chunk("The same words in half the bits.", voice, 1), reference)
    mels = []
    with torch.inference_mode():
        for each in (engine, Engine.load(checkpoint, "cpu", dtype)):
            mels.append(sample(Eager(each.dit), each._schedule(Sampling(16)), [plan], 2.0))
    assert mels[1].dtype == torch.float32
    assert float((mels[1] - mels[0]).norm() / mels[0].norm()) < bar


def test_a_warm_up_that_is_not_heard_keeps_no_worker_from_starting(own, caplog):
    caplog.set_level("INFO")
    own.vocoder.out.bias[:513] = -50
    own.warm_up()
    assert "not audible" in caplog.text


def test_warming_up_leaves_speech_as_it_is(own, voice):
    chunk = Chunk("The same before and after.", voice, 2)
    before = spoken(own, [chunk], FAST)
    own.warm_up()
    assert np.array_equal(spoken(own, [chunk], FAST), before)
