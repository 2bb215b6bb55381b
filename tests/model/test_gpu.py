"""What only a GPU can show: half precision, recorded steps and bounded memory, on the real device."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
import torch
from conftest import spoken

from voiceclone.model import attention, kernels, positions
from voiceclone.model.dit import gate_and_norm
from voiceclone.model.engine import Engine
from voiceclone.model.graphs import Graphs, cuda_recorder
from voiceclone.model.loader import Loader
from voiceclone.model.sampling import Eager, Plan, Sampling, sample
from voiceclone.model.sharing import SharedEngine
from voiceclone.model.variants import VARIANTS
from voiceclone.types import Chunk
from voiceclone.voices.builtin import BuiltIn

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
]
BATCHES = [[900], [700, 400, 300], [1010], [600, 500]]


@pytest.fixture(scope="module")
def gpu(checkpoint):
    engine = Engine.load(checkpoint, "cuda")
    engine.warm_up()
    return engine


@pytest.fixture(scope="module")
def voice():
    return BuiltIn().named("example-en")


def error(ours, exact):
    return float((ours - exact).norm() / exact.norm())


def plans(lengths):
    reference = torch.randn(100, 100, generator=torch.Generator().manual_seed(0))
    return [Plan(reference, torch.arange(n // 8), n, i) for i, n in enumerate(lengths)]


@torch.inference_mode()
def test_recorded_steps_give_the_mel_of_plain_ones(gpu):
    """Batch after batch: within 3e-3, for other sizes of products may take other kernels. No worker falls back."""
    assert isinstance(gpu._follow, Graphs) == attention.has_flash(gpu.dit.device, gpu.dit.dtype)
    for lengths, sampling in zip(BATCHES * 2, [Sampling(7), Sampling(16, 0.0)] * 4, strict=True):
        arguments = gpu._schedule(sampling), plans(lengths), sampling.cfg_strength
        assert error(sample(gpu._follow, *arguments), sample(Eager(gpu.dit), *arguments)) <= 3e-3


@pytest.mark.parametrize("variants", [*((name,) for name in VARIANTS), VARIANTS])
@torch.inference_mode()
def test_variants_give_the_mel_of_the_plain_network(gpu, checkpoint, variants):
    """Recorded too; and the guard of the warm-up does not refuse them."""
    other = Engine.load(checkpoint, "cuda")
    other.warm_up(variants)
    assert isinstance(other._follow, Graphs) == isinstance(gpu._follow, Graphs)
    arguments = gpu._schedule(Sampling(7)), plans([700, 400]), 2.0
    assert error(sample(other._follow, *arguments), sample(Eager(gpu.dit), *arguments)) <= 3e-3


@pytest.mark.parametrize(
    ("dtype", "close"),
    [
        (torch.float32, {"rtol": 1e-5, "atol": 1e-5}),
        (torch.float16, {"rtol": 2e-3, "atol": 4e-3}),
        (torch.bfloat16, {"rtol": 1.6e-2, "atol": 3e-2}),
    ],
)
@torch.inference_mode()
def test_kernels_compute_what_plain_steps_do(dtype, close):
    """At the full size; launched, and replayed on other numbers."""
    qk = torch.randn(2, 333, 3, 16, 64, device="cuda", dtype=dtype)[:, :, :2]
    angles = [part.to("cuda", dtype) for part in positions.rotations(333, 64, 16, None).unbind(1)]
    x, y = torch.randn(2, 2, 333, 1024, device="cuda", dtype=dtype)
    gate, shift, scale = torch.randn(3, 1024, device="cuda", dtype=dtype)
    made = []

    def run():
        made[:] = [kernels.rotate(qk, *angles), *kernels.gate_and_norm(x, gate, y, shift, scale)]

    replay = cuda_recorder()(run)
    for _ in range(2):
        expected = [positions.rotate(qk, *angles), *gate_and_norm(x, gate, y, shift, scale)]
        replay()
        for ours, plain in zip(made, expected, strict=True):
            torch.testing.assert_close(ours, plain, **close)
        for given in (qk, x, y):
            given.mul_(-0.7)


@torch.inference_mode()
@pytest.mark.parametrize(("dtype", "bar"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2)])
def test_half_precision_stays_close_to_fp32_on_the_cpu(checkpoint, dtype, bar):
    mels = []
    for device, computed_in in (("cpu", torch.float32), ("cuda", dtype)):
        loader = Loader(checkpoint, device, computed_in)
        dit = loader.dit()
        dit.use_flash = attention.has_flash(dit.device, dit.dtype)
        schedule = loader.schedule(Sampling(16), computed_in)
        mels.append(sample(Eager(dit), schedule, plans([900, 300]), 2.0).cpu())
    assert error(mels[1], mels[0]) <= bar


def test_a_chunk_sounds_the_same_in_company(gpu, voice):
    chunks = [Chunk(f"Sentence number {i} of some.", voice, i) for i in range(4)]
    together = spoken(gpu, chunks, Sampling(7))
    alone = np.concatenate([spoken(gpu, [chunk], Sampling(7)) for chunk in chunks])
    assert np.linalg.norm(together - alone) <= 0.02 * np.linalg.norm(alone)


def test_the_same_request_gives_the_same_samples(gpu, voice):
    chunks = [Chunk(f"Sentence number {i}.", voice, i) for i in range(3)]
    first, second = (spoken(gpu, chunks, Sampling(7)) for _ in range(2))
    assert np.array_equal(first, second)


def test_memory_is_bounded_by_the_batch_not_by_the_text(gpu, voice):
    peaks = []
    for count in (20, 200):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        spoken(gpu, [Chunk("Thirty letters or so in a row.", voice, i) for i in range(count)], Sampling(2))
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] <= 1.02 * peaks[0]


def test_the_warm_up_has_recorded_every_size_of_a_single_chunk(gpu, voice):
    before = set(gpu._follow._recorded)
    for words in range(1, 30):
        spoken(gpu, [Chunk("word " * words, voice, 0)], Sampling(2))
    assert set(gpu._follow._recorded) == before


def test_out_of_memory_halves_the_batches(checkpoint, voice, caplog):
    """The allocator really refuses; the speech still comes out."""
    engine = Engine.load(checkpoint, "cuda")
    engine.warm_up()
    chunks = [Chunk("Thirty letters or so in a row.", voice, i) for i in range(40)]
    expected = spoken(engine, chunks, Sampling(1))
    engine.max_batch_frames = 40 * 2000
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    spoken(engine, chunks, Sampling(1))
    _, total = torch.cuda.mem_get_info()
    torch.cuda.empty_cache()
    try:
        torch.cuda.set_per_process_memory_fraction(0.75 * torch.cuda.max_memory_allocated() / total)
        again = spoken(engine, chunks, Sampling(1))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of memory: batches of" in caplog.text
    assert np.linalg.norm(again - expected) <= 0.02 * np.linalg.norm(expected)


def test_out_of_memory_with_one_chunk_gives_back_what_is_kept(checkpoint, voice, caplog):
    """Recorded steps and their memory go, and the chunk is spoken."""
    engine = Engine.load(checkpoint, "cuda")
    engine.warm_up()
    chunk = Chunk("Thirty letters or so in a row.", voice, 0)
    expected = spoken(engine, [chunk], Sampling(1))
    vocode, refusals = engine.vocoder.forward, [torch.OutOfMemoryError("CUDA out of memory")]

    def refuse_once(mels, lengths):
        if refusals:
            raise refusals.pop()
        return vocode(mels, lengths)

    engine.vocoder.forward = refuse_once
    again = spoken(engine, [chunk], Sampling(1))
    assert "what was kept given back" in caplog.text
    assert len(engine._follow._recorded) == 1
    assert np.linalg.norm(again - expected) <= 0.02 * np.linalg.norm(expected)


def test_callers_who_share_get_what_they_get_alone(gpu, voice):
    """While others look after the device and give memory back."""
    chunks = [Chunk(f"Sentence number {i} of some.", voice, i) for i in range(16)]
    alone = [spoken(gpu, [chunk], Sampling(7)) for chunk in chunks]
    reports = []
    with closing(SharedEngine(gpu, reports.append)) as shared, ThreadPoolExecutor(len(chunks)) as pool:
        coming = [pool.submit(spoken, shared, [chunk], Sampling(7)) for chunk in chunks]
        while not all(future.done() for future in coming):
            shared.check_device()
            gpu.free_cache()
        for future, expected in zip(coming, alone, strict=True):
            assert np.linalg.norm(future.result() - expected) <= 0.02 * np.linalg.norm(expected)
    assert sum(report.chunks for report in reports) == len(chunks)


def test_a_start_from_the_copy_reads_onto_the_gpu(checkpoint, tmp_path, voice):
    from voiceclone.checkpoints.copies import Copies

    copies = Copies(tmp_path / "cache")
    first = Engine.load(checkpoint, "cuda", copies=copies)
    first.keep_copy()
    second = Engine.load(checkpoint, "cuda", copies=copies)
    assert second.dit.device.type == "cuda"
    assert "_source" not in vars(second._loader)
    chunk = Chunk("From the copy.", voice, 1)
    samples = [spoken(engine, [chunk], Sampling(7)) for engine in (first, second)]
    assert np.array_equal(*samples)
