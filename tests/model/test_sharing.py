"""Callers share one engine: each gets what it would get alone, soon, and hears of its own troubles only."""

from __future__ import annotations

import random
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice

import numpy as np
import pytest
import torch
from conftest import spoken
from endpoint_server import until

from voiceclone.errors import DeviceFailed, EngineStopped, OutOfMemory, SynthesisFailed
from voiceclone.model.engine import Engine
from voiceclone.model.gaps import Gap
from voiceclone.model.sampling import Plan, Sampling
from voiceclone.model.sharing import URGENT_IN_A_ROW, Caller, Queue, SharedEngine, Waiting
from voiceclone.types import Chunk, ReferenceVoice, Waveform
from voiceclone.voices.builtin import BuiltIn

FAST, FASTER = Sampling(nfe_step=2), Sampling(nfe_step=1)
TOGETHER = 8192
SECOND = ReferenceVoice(Waveform(BuiltIn().named("example-en").waveform.samples[:24_000], 24_000), "One second. ")
"""A voice, and a short one: the suite is soon done."""


@pytest.fixture
def own(checkpoint):
    """An engine of one's own, to change or break."""
    return Engine.load(checkpoint, "cpu", "float32")


def chunks(count, duration_s=0.7, seed=0):
    """Sentences of one length, by which its batches are known."""
    return [Chunk(f"Number {i}.", SECOND, seed + i, duration_s=duration_s) for i in range(count)]


def frames(duration_s):
    """Of such a chunk, with its reference."""
    return 24_000 // 256 + round(duration_s * 93.75) + 1


class Hall:
    """An engine that is shared, and held after its first batch until everybody is there."""

    def __init__(self, engine, pool):
        self.reports, self._go, self._pool = [], threading.Event(), pool
        self.shared = SharedEngine(engine, self._note)
        list(self.shared.speak(chunks(1), FAST))

    def _note(self, report):
        self.reports.append(report)
        assert self._go.wait(60)

    def come(self, *arguments, urgent=False):
        """Let somebody wait, and return what they will get."""
        before = self.shared.waiting.callers
        future = self._pool.submit(lambda: list(self.shared.speak(*arguments, urgent=urgent)))
        until(lambda: self.shared.waiting.callers > before)
        return future

    def go(self):
        self._go.set()

    @property
    def batches(self):
        """Chunks and frames of each, after the first."""
        return [(report.chunks, report.frames) for report in self.reports[1:]]


@contextmanager
def opened(engine):
    with ThreadPoolExecutor(32) as pool:
        hall = Hall(engine, pool)
        with closing(hall.shared):
            try:
                yield hall
            finally:
                hall.go()


def same(got, expected, bar=1e-5):
    return len(got) == len(expected) and np.abs(got - expected).max() <= bar * np.abs(expected).max()


def test_a_gap_is_filled_among_others_chunks_as_it_is_alone(own):
    """Through a shared engine it sounds as through one's own, and is as long as the gap and what leads there."""
    samples = SECOND.waveform.samples
    gap = Gap(samples[:8192], samples[12_000:], "One second more.", 30, 5)
    (alone,) = own.infill([gap], FAST)
    assert len(alone) == (2 * 16 + 30 - 1) * 256
    assert gap.lead == 16 * 256
    own.max_batch_frames = TOGETHER
    with ThreadPoolExecutor(2) as pool, closing(SharedEngine(own)) as shared:
        spoken_beside = pool.submit(lambda: list(shared.speak(chunks(2), FAST)))
        (together,) = shared.infill([gap], FAST)
        assert len(spoken_beside.result()) == 2
    assert same(together, alone)


def test_sixteen_callers_take_few_batches_and_each_gets_its_own(own):
    sentences = chunks(16)
    alone = [spoken(own, [chunk], FAST) for chunk in sentences]
    own.max_batch_frames = TOGETHER
    with opened(own) as hall:
        coming = [hall.come([chunk], FAST) for chunk in sentences]
        assert hall.shared.waiting == Waiting(callers=16, chunks=16)
        hall.go()
        for future, expected in zip(coming, alone, strict=True):
            assert same(np.concatenate(future.result(60)), expected)
    assert hall.batches == [(16, 16 * frames(0.7))]
    assert all(report.seconds > 0 for report in hall.reports)
    assert hall.shared.waiting == Waiting(0, 0)


def test_with_batches_of_one_chunk_everybody_gets_exactly_what_it_gets_alone(engine):
    sentences = chunks(4)
    alone = [spoken(engine, [chunk], FAST) for chunk in sentences]
    with opened(engine) as hall:
        coming = [hall.come([chunk], FAST) for chunk in sentences]
        hall.go()
        assert all(np.array_equal(*future.result(60), right) for future, right in zip(coming, alone, strict=True))


def test_only_who_samples_alike_shares_a_batch(own):
    own.max_batch_frames = TOGETHER
    with opened(own) as hall:
        ways = [FAST, FASTER, FAST, Sampling(2, cfg_strength=1.0)]
        coming = [hall.come(chunks(2), sampling) for sampling in ways]
        hall.go()
        assert [len(future.result(60)) for future in coming] == [2] * 4
    assert [count for count, _ in hall.batches] == [4, 2, 2]


def test_who_listens_already_is_served_before_the_rest_of_an_older_request(engine):
    with opened(engine) as hall:
        old, new = hall.come(chunks(3, 0.7), FAST), hall.come(chunks(2, 0.8), FAST, urgent=True)
        hall.go()
        assert len(old.result(60) + new.result(60)) == 5
    assert [count for _, count in hall.batches] == [frames(0.8)] * 2 + [frames(0.7)] * 3


def test_an_old_request_is_finished_while_urgent_ones_keep_coming(engine):
    with opened(engine) as hall:
        old = hall.come(chunks(6, 0.7), FAST)

        def keep_coming():
            while not old.done():
                list(hall.shared.speak(chunks(1, 0.8), FAST, urgent=True))

        with ThreadPoolExecutor(3) as pool:
            newcomers = [pool.submit(keep_coming) for _ in range(3)]
            until(lambda: hall.shared.waiting.callers == 4)
            hall.go()
            assert len(old.result(60)) == 6
            for newcomer in newcomers:
                newcomer.result(60)
    order = "".join("o" if each == frames(0.7) else "u" for _, each in hall.batches)
    runs = order.split("o")[:-1]
    assert runs[0] == "u" * URGENT_IN_A_ROW
    assert max(map(len, runs)) == URGENT_IN_A_ROW


def test_a_caller_that_leaves_costs_no_more_than_the_batch_that_runs(own, monkeypatch):
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)
    vocode, reports = own.vocoder.forward, []

    def one_by_one(mels, lengths):
        begun.release()
        assert go_on.acquire(timeout=60)
        return vocode(mels, lengths)

    monkeypatch.setattr(own.vocoder, "forward", one_by_one)
    with closing(SharedEngine(own, reports.append)) as shared:
        leaving = shared.speak(chunks(9, 0.7), FAST)
        go_on.release()
        next(leaving)
        assert begun.acquire(timeout=60)
        assert begun.acquire(timeout=60)  # the second is being spoken
        leaving.close()
        assert shared.waiting == Waiting(0, 0)
        go_on.release(2)
        assert len(list(shared.speak(chunks(1, 0.8), FAST))) == 1
    assert [report.frames for report in reports] == [frames(0.7)] * 2 + [frames(0.8)]


def test_an_error_of_the_callers_own_takes_its_chunks_out(engine):
    with opened(engine) as hall:
        hall.go()
        with pytest.raises(ZeroDivisionError):
            deque(1 / 0 for _ in hall.shared.speak(chunks(9, 0.7), FAST))
        assert hall.shared.waiting == Waiting(0, 0)
        assert len(list(hall.shared.speak(chunks(1, 0.8), FAST))) == 1


def test_what_cannot_be_prepared_is_told_to_its_caller_before_anybody_waits_for_it(engine):
    nameless = ReferenceVoice(SECOND.waveform, "")
    with opened(engine) as hall:
        with pytest.raises(ZeroDivisionError):
            next(hall.shared.speak([Chunk("Whose voice?", nameless, 0)], FAST))
        assert hall.shared.waiting == Waiting(0, 0)


FAULTS = {
    "silent": (None, SynthesisFailed, "try another seed"),
    "too large": (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory, "shorter text"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("max_frames", [1, TOGETHER])
def test_the_trouble_of_one_is_told_to_it_alone(own, monkeypatch, fault, max_frames):
    """In company too; and the same engine speaks on."""
    raised, error, message = FAULTS[fault]
    vocode, bad = own.vocoder.forward, round(0.8 * 93.75) + 1

    def fail_for_one(mels, lengths):
        if raised and bad in lengths:
            raise raised
        samples = vocode(mels, lengths)
        for part, length in zip(samples.split([(n - 1) * 256 for n in lengths]), lengths, strict=True):
            part.mul_(length != bad)
        return samples

    others = [chunks(2, seed=seed) for seed in (10, 20, 30)]
    alone = [spoken(own, each, FAST) for each in others]
    own.max_batch_frames = max_frames
    monkeypatch.setattr(own.vocoder, "forward", fail_for_one)
    with opened(own) as hall:
        coming = [hall.come(each, FAST) for each in others[:2]]
        unlucky = hall.come(chunks(1, 0.8) + chunks(3, 0.9), FAST)
        coming.append(hall.come(others[2], FAST))
        hall.go()
        with pytest.raises(error, match=message):
            unlucky.result(60)
        for future, expected in zip(coming, alone, strict=True):
            assert same(np.concatenate(future.result(60)), expected)
        assert hall.shared.waiting == Waiting(0, 0)


def test_too_little_memory_for_a_batch_halves_it_for_all(own, monkeypatch):
    vocode, tried = own.vocoder.forward, []

    def allocate(mels, lengths):
        tried.append(len(lengths))
        if len(lengths) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return vocode(mels, lengths)

    own.max_batch_frames = TOGETHER
    monkeypatch.setattr(own.vocoder, "forward", allocate)
    with opened(own) as hall:
        coming = [hall.come(chunks(1, seed=i), FAST) for i in range(8)]
        hall.go()
        assert all(len(future.result(60)) == 1 for future in coming)
    assert tried == [1, 8, 4, 2, 2, 2, 2]


def test_too_little_memory_to_make_a_batch_ready_concerns_that_batch(own, monkeypatch):
    """Not the one before it, during which it is made."""
    prepare, large = own.dit.prepare, frames(0.8)

    def allocate(references, tokens, lengths, *how):
        if large in lengths:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return prepare(references, tokens, lengths, *how)

    monkeypatch.setattr(own.dit, "prepare", allocate)
    speech = own.speak(chunks(1, 0.7) + chunks(1, 0.8), FAST)
    assert len(next(speech))
    with pytest.raises(OutOfMemory):
        next(speech)


def test_a_gpu_that_breaks_down_is_told_to_all_who_wait_and_to_all_who_come(own, monkeypatch):
    def launch(*_):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)

    with opened(own) as hall:
        coming = [hall.come(chunks(2), FAST, urgent=urgent) for urgent in (False, True, False)]
        monkeypatch.setattr(own.vocoder, "forward", launch)
        hall.go()
        errors = [future.exception(60) for future in coming]
        assert [type(error) for error in errors] == [DeviceFailed] * 3
        assert len(set(map(id, errors))) == 3
        for ask in (lambda: next(hall.shared.speak(chunks(1), FAST)), hall.shared.check_device):
            with pytest.raises(DeviceFailed, match="another worker"):
                ask()


def test_a_bug_is_told_to_those_whom_it_meets(own, monkeypatch):
    vocode = own.vocoder.forward

    def fail_for_one(mels, lengths):
        return {}["gone"] if round(0.8 * 93.75) + 1 in lengths else vocode(mels, lengths)

    monkeypatch.setattr(own.vocoder, "forward", fail_for_one)
    with opened(own) as hall:
        lucky, unlucky = hall.come(chunks(2), FAST), hall.come(chunks(1, 0.8), FAST)
        hall.go()
        with pytest.raises(RuntimeError, match="failed unexpectedly") as caught:
            unlucky.result(60)
        assert isinstance(caught.value.__cause__, KeyError)
        assert len(lucky.result(60)) == 2
        hall.shared.check_device()


def test_nobody_waits_for_an_engine_whose_thread_has_died(engine, caplog):
    together = threading.Barrier(2)

    def fail(_):
        together.wait(60)
        raise ZeroDivisionError

    with closing(SharedEngine(engine, fail)) as shared, ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: list(shared.speak(chunks(2), FAST)))
        second = pool.submit(lambda: list(shared.speak(chunks(2), FAST)))
        until(lambda: shared.waiting.chunks == 3)
        together.wait(60)
        for future in (first, second):
            with pytest.raises(RuntimeError, match="failed unexpectedly"):
                future.result(60)
        with pytest.raises(RuntimeError, match="failed unexpectedly"):
            next(shared.speak(chunks(1), FAST))
    assert "can no longer speak" in caplog.text


def test_a_shutdown_is_told_at_once_and_waits_for_the_batch_that_runs(engine):
    with opened(engine) as hall:
        coming = [hall.come(chunks(2), FAST) for _ in range(3)]
        with ThreadPoolExecutor(1) as pool:
            closed = pool.submit(hall.shared.close)
            for future in coming:
                with pytest.raises(EngineStopped, match="shutting down"):
                    future.result(60)
            assert not closed.done()
            hall.go()
            closed.result(60)
        with pytest.raises(EngineStopped, match="again"):
            next(hall.shared.speak(chunks(1), FAST))
        hall.shared.close()  # once more changes nothing
    assert hall.batches == []


@pytest.mark.parametrize("max_frames", [1, 700])
def test_whoever_comes_and_goes_gets_what_it_would_get_alone(own, times, max_frames):
    """Eight threads, each with requests of its own, some of them left early: all end."""
    drawn = [*chunks(3, 0.7), *chunks(2, 1.1, seed=50), *chunks(1, 2.3, seed=90)]
    alone = {way: [spoken(own, [chunk], way) for chunk in drawn] for way in (FAST, FASTER)}
    own.max_batch_frames = max_frames

    def ask(shared, seed):
        choice = random.Random(seed)
        for _ in range(4 * times):
            way, stop = choice.choice([FAST, FASTER]), choice.choice([None, None, 0, 1, 2])
            wanted = choice.choices(range(len(drawn)), k=choice.randint(0, 4))
            stream = shared.speak([drawn[i] for i in wanted], way, urgent=choice.random() < 0.3)
            with closing(stream):
                got = list(islice(stream, stop))
            for i, samples in zip(wanted[:stop], got, strict=True):
                assert same(samples, alone[way][i])

    with closing(SharedEngine(own)) as shared, ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(ask, shared, seed) for seed in range(8)]:
            done.result(120)
        assert shared.waiting == Waiting(0, 0)


# What the queue gives


def caller(name, count=1, sampling=FAST, urgent=False, length=100):
    """Somebody whose plans are known by their tokens."""
    return Caller([Plan(torch.zeros(1, 100), f"{name}{i}", length, 0) for i in range(count)], sampling, urgent)


def names(load):
    return load and " ".join(plan.tokens for plan in load.plans)


def given(queue, max_frames=1):
    """What the engine is given, and told that it is spoken, until nothing is left."""
    while load := queue.begin(max_frames):
        yield names(load)
        queue.end([np.zeros(1)] * len(load.plans))


def queue_of(*callers):
    queue = Queue()
    for each in callers:
        queue.add(each)
    return queue


def test_the_urgent_take_turns_and_leave_the_oldest_its_own():
    queue = queue_of(caller("old", 3), caller("a", 3, urgent=True), caller("b", 2, urgent=True))
    assert list(given(queue)) == ["a0", "b0", "a1", "old0", "b1", "a2", "old1", "old2"]


def test_the_urgent_are_spoken_together_and_without_others():
    queue = queue_of(caller("old", 3), caller("a", 2, urgent=True), caller("b", 1, urgent=True))
    assert list(given(queue, 1000)) == ["a0 b0", "a1", "old0 old1 old2"]


def test_others_are_served_by_age_and_share_what_room_there_is():
    queue = queue_of(caller("a", 2), caller("b", 2, FASTER), caller("c", 3))
    assert list(given(queue, 300)) == ["a0 a1 c0", "b0 b1", "c1 c2"]


def test_only_a_full_batch_is_made_ready_ahead():
    """Others may still join one that is not."""
    queue = queue_of(caller("a", 3))
    assert names(queue.begin(100)) == "a0"
    assert names(queue.following(100)) == "a1"
    queue.end([np.zeros(1)])
    assert names(queue.begin(100)) == "a1"
    assert queue.following(100) is None
    queue.add(caller("b"))
    queue.end([np.zeros(1)])
    assert names(queue.begin(200)) == "a2 b0"


@pytest.mark.parametrize("event", ["left", "urgent", "refused", "nothing"])
def test_what_was_made_ready_is_spoken_unless_it_is_no_longer_right(event):
    first, second = caller("a", 1), caller("b", 3)
    queue = queue_of(first, second)
    queue.begin(100)
    ready = queue.following(100)
    assert names(ready) == "b0"
    if event == "left":
        queue.remove(second)
    if event == "urgent":
        queue.add(caller("u", urgent=True))
    if event != "refused":
        queue.end([np.zeros(1)])
    following = queue.begin(100)
    assert names(following) == {"left": None, "urgent": "u0", "refused": "a0", "nothing": "b0"}[event]
    assert (following is ready) == (event == "nothing")
