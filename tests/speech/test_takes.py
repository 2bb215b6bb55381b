"""Chunks that are heard badly are spoken again, no others; the best take is kept."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import NOTHING_KEPT

from voiceclone.listening.verification import Comparison
from voiceclone.model.sampling import Sampling
from voiceclone.speech.takes import Studio, Threshold
from voiceclone.types import Chunk, ReferenceVoice, Waveform

VOICE = ReferenceVoice(Waveform(np.zeros(24_000, np.float32), 24_000), "A voice. ")
CHUNKS = [Chunk(text, VOICE, seed) for seed, text in enumerate(("one", "two", "three"), 4_294_967_293)]


class Engine:
    """Speaks a chunk as its seed, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def made_of(self, chunk, sampling, target_rms):
        return repr((chunk.text, chunk.seed))

    def speak(self, chunks, sampling, target_rms, urgent):
        self.asked.append([chunk.text for chunk in chunks])
        for chunk in chunks:
            yield np.full(24_000, chunk.seed, np.float32)


def verified(faults, max_wer=0.1, attempts=3):
    """Takes of chunks whose attempts are heard with these faults, and what was asked of the engine."""
    engine, left = Engine(), {text: iter(each) for text, each in faults.items()}
    studio = Studio(engine, Sampling(1), 0.1, NOTHING_KEPT)

    def listen(take):
        return next(left[take.chunk.text])

    return list(studio.speak_verified(CHUNKS, listen, Threshold(max_wer, attempts))), engine.asked


def heard(*rates, leaked=False):
    return [Comparison(rate, leaked) for rate in rates]


def test_what_is_heard_well_is_spoken_once():
    takes, asked = verified({"one": heard(0.0), "two": heard(0.1), "three": heard(0.05)})
    assert asked == [["one", "two", "three"]]
    assert [take.attempts for take in takes] == [1, 1, 1]
    assert [take.chunk.seed for take in takes] == [chunk.seed for chunk in CHUNKS]


def test_only_what_is_heard_badly_is_spoken_again_with_another_seed():
    takes, asked = verified({"one": heard(0.0), "two": heard(0.5, 0.0), "three": heard(0.4, 0.3, 0.2)})
    assert asked == [["one", "two", "three"], ["two", "three"], ["three"]]
    assert [take.attempts for take in takes] == [1, 2, 3]
    assert [take.comparison.wer for take in takes] == [0.0, 0.0, 0.2]
    assert takes[1].chunk.seed not in {chunk.seed for chunk in CHUNKS}
    assert all(take.samples[0] == np.float32(take.chunk.seed) for take in takes)


@pytest.mark.parametrize("rates", [(0.3, 0.5, 0.4), (0.5, 0.3, 0.3), (0.9, 0.8, 0.3)])
def test_of_bad_takes_the_best_is_kept(rates):
    takes, _ = verified({"one": heard(*rates), "two": heard(0.0), "three": heard(0.0)})
    assert takes[0].comparison.wer == 0.3
    assert takes[0].attempts == 3


def test_a_leak_of_the_reference_is_worse_than_wrong_words():
    faults = [*heard(0.0, leaked=True), *heard(0.4), *heard(0.0, leaked=True)]
    takes, _ = verified({"one": faults, "two": heard(0.0), "three": heard(0.0)})
    assert takes[0].comparison == Comparison(0.4, False)


def test_each_comes_as_soon_as_it_is_final_and_none_before_it_in_order():
    engine, events = Engine(), []
    faults = {"one": heard(0.0), "two": heard(0.9, 0.0), "three": heard(0.0)}
    left = {text: iter(each) for text, each in faults.items()}

    def listen(take):
        events.append(f"heard {take.chunk.text}")
        return next(left[take.chunk.text])

    for take in Studio(engine, Sampling(1), 0.1, NOTHING_KEPT).speak_verified(CHUNKS, listen, Threshold(0.1, 3)):
        events.append(f"got {take.chunk.text}")
    assert events == ["heard one", "got one", "heard two", "heard three", "heard two", "got two", "got three"]


def test_without_listening_each_comes_as_it_is_spoken():
    studio = Studio(Engine(), Sampling(1), 0.1, NOTHING_KEPT)
    takes = studio.speak(CHUNKS)
    assert next(takes).chunk == CHUNKS[0]
    assert [take.comparison for take in takes] == [None, None]
