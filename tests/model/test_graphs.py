"""Steps that are recorded once and replayed give what plain ones give.

What a GPU records is played here by running the step again on the same tensors: sizes, filling up and overwriting are
as on a GPU. FlashAttention, of which no CPU has one, is played by its definition.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from voiceclone.model import attention, graphs
from voiceclone.model.graphs import FRAMES_STEP, Graphs, fill
from voiceclone.model.sampling import Eager, Plan, Sampling, sample


def replay(run):
    run()
    return run


def flash_by_definition(q, k, v, borders, longest):
    """Attention between frames of one stretch between borders."""
    stretch = torch.bucketize(torch.arange(len(q) * q.shape[1]), borders, right=True)
    assert int(stretch.bincount().max()) <= longest
    q_flat, k_flat, v_flat = (t.flatten(0, 1).transpose(0, 1) for t in (q, k, v))
    attended = F.scaled_dot_product_attention(q_flat, k_flat, v_flat, attn_mask=stretch[:, None] == stretch)
    return attended.transpose(0, 1).unflatten(0, q.shape[:2])


@pytest.fixture
def flash(engine, monkeypatch):
    """The engine's network with FlashAttention."""
    monkeypatch.setattr(attention, "flash", flash_by_definition)
    monkeypatch.setattr(engine.dit, "use_flash", True)
    return engine.dit


def plan(frames, seed):
    reference = torch.randn(60, 100, generator=torch.Generator().manual_seed(seed))
    return Plan(reference, torch.arange(frames // 8), frames, seed)


BATCHES = [[300], [350], [200, 90, 71], [130, 170], [100, 100, 100], [128], [600, 200]]


@torch.inference_mode()
def test_replayed_steps_give_the_mel_of_plain_ones(engine, flash, monkeypatch):
    """Batch after batch through the same records, with and without guidance: nothing of one stays for the next."""
    monkeypatch.setattr(graphs, "RECORDED_FRAMES", 5 * graphs.FRAMES_STEP)  # the last batch is larger
    follow = Graphs(flash, lambda: replay)
    for cfg_strength, batches in ((2.0, BATCHES), (0.0, BATCHES[:4]), (0.7, BATCHES[:4])):
        schedule = engine._schedule(Sampling(2))
        for lengths in batches:
            plans = [plan(n, i) for i, n in enumerate(lengths)]
            replayed = sample(follow, schedule, plans, cfg_strength)
            flash.use_flash = False
            plain = sample(Eager(flash), schedule, plans, cfg_strength)
            flash.use_flash = True
            assert float((replayed - plain).norm() / plain.norm()) <= 1e-5


@torch.inference_mode()
def test_a_size_is_recorded_once(engine, flash, monkeypatch):
    """Batches of one size share a record whatever their chunks; the least used records go first, all when asked."""
    recorded = []
    follow = Graphs(flash, lambda: lambda run: recorded.append(run) or replay(run))

    def speak(*lengths):
        sample(follow, engine._schedule(Sampling(1)), [plan(n, 0) for n in lengths], 2.0)
        return len(recorded)

    assert [speak(300), speak(380), speak(310)] == [1, 1, 1]
    assert [speak(200, 101), speak(190, 150), speak(300, 60), speak(100, 100, 100)] == [2, 2, 3, 4]
    monkeypatch.setattr(graphs, "KEPT_GRAPHS", 4)
    assert [speak(300), speak(600), speak(300), speak(200, 101)] == [4, 5, 5, 6]
    follow.forget()
    assert speak(300) == 7
    monkeypatch.setattr(graphs, "RECORDED_FRAMES", 2 * graphs.FRAMES_STEP)
    assert speak(400) == 7  # a large batch is not recorded


@pytest.mark.parametrize("lengths", [[1], [128], [129], [100, 28], [500, 400, 300], [900] * 9])
def test_few_sizes_take_every_batch(lengths):
    """A multiple of the frames, a power of two of chunks, the chunks of the batch first."""
    filled, longest = fill(lengths)
    assert filled[: len(lengths)] == lengths
    assert sum(filled) % FRAMES_STEP == 0
    assert sum(filled) - sum(lengths) < FRAMES_STEP
    assert len(filled) > len(lengths)
    assert len(filled).bit_count() == 1
    assert max(filled) <= longest < max(filled) + FRAMES_STEP
