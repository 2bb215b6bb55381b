"""Parts become one recording: faded, with pauses, and given out as soon as no later part can change them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.audio.joining import EDGE_S, Joiner, join

PARTS = st.lists(st.integers(2, 400), min_size=1, max_size=6)


@given(lengths=PARTS, cross_fade_s=st.sampled_from([0.0, 0.05, 0.15, 1.0]))
def test_joining_keeps_the_level_and_tells_where_each_part_lies(lengths, cross_fade_s):
    """Parts of constant one join to constant one: nothing dips or doubles at a fade."""
    rate = 1000
    joined, spans = join((np.ones(n, np.float32) for n in lengths), [0.0] * (len(lengths) + 1), rate, cross_fade_s)
    if cross_fade_s:
        edge = int(EDGE_S * rate)
        assert np.allclose(joined.samples[edge:-edge], 1, atol=1e-6)
    assert joined.samples.max() <= 1 + 1e-6
    assert spans[0].start_s == 0
    assert spans[-1].end_s * rate == pytest.approx(len(joined.samples))
    for n, span in zip(lengths, spans, strict=True):
        assert (span.end_s - span.start_s) * rate == pytest.approx(n)


@given(parts=st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0, 0, 1, 7, 250])), min_size=1, max_size=6))
def test_pauses_are_exact_samples_of_silence(parts):
    rate, lead = 1000, 30
    lengths, pauses = zip(*parts, strict=True)
    seconds = [lead / rate, *(pause / rate for pause in pauses)]
    joined, spans = join((np.ones(n, np.float32) for n in lengths), seconds, rate, 0.05)
    assert not joined.samples[:lead].any()
    for (before, pause), after in zip(zip(spans, pauses, strict=True), [*spans[1:], None], strict=True):
        end = round(before.end_s * rate)
        assert not joined.samples[end : end + pause].any()
        if after is not None and pause:
            assert round(after.start_s * rate) == end + pause
    overlapped = sum(max(0, round((a.end_s - b.start_s) * rate)) for a, b in pairwise(spans))
    assert len(joined.samples) == lead + sum(lengths) + sum(pauses) - overlapped


def test_joining_fades_linearly_as_f5_tts_does():
    parts = [np.full(100, 2, np.float32), np.full(100, 4, np.float32)]
    joined, spans = join(parts, [0.0] * 3, 1000, 0.05)
    assert np.allclose(joined.samples[50:100], np.linspace(2, 4, 50))
    assert (spans[0].end_s, spans[1].start_s) == (0.1, 0.05)
    assert parts[0][-1] == 2, "what was given is left as it was"


@pytest.mark.parametrize(("cross_fade_s", "pause_s"), [(0.15, 0.0), (0.0, 0.0), (0.15, 0.4)])
def test_no_joint_clicks(cross_fade_s, pause_s):
    """Between tones that stop at full swing no sample jumps further than within them."""
    rate = 24_000
    tones = [np.sin(np.arange(rate) * hz / rate * 2 * np.pi + 1.5).astype(np.float32) for hz in (110, 171, 93)]
    joined, _ = join(tones, [pause_s] * 4, rate, cross_fade_s)
    within = max(float(np.abs(np.diff(tone)).max()) for tone in tones)
    assert np.abs(np.diff(joined.samples, prepend=0, append=0)).max() <= 1.3 * within


def joined_at_once(parts, pauses, rate, cross_fade_s):
    """Return what a Joiner makes, written down as a whole: each joint is seen with both its sides."""
    fade, edge = int(cross_fade_s * rate), int(EDGE_S * rate)
    pieces, shared = [np.zeros(pauses[0], np.float32)], False
    for given_part, pause in zip(parts, pauses[1:], strict=True):
        part = given_part.copy()
        overlap = min(fade, len(pieces[-1]), len(part) // 2) if shared else 0
        if overlap:
            ramp = np.linspace(0, 1, overlap, dtype=np.float32)
            pieces[-1][-overlap:] = pieces[-1][-overlap:] * (1 - ramp) + part[:overlap] * ramp
        else:
            fall(pieces[-1], edge)
            fall(part[::-1], edge)
        pieces.append(part[overlap:])
        shared = not pause
        if pause:
            fall(pieces[-1], edge)
            pieces.append(np.zeros(pause, np.float32))
    fall(pieces[-1], edge)
    return np.concatenate(pieces)


def fall(samples, edge):
    length = min(edge, len(samples) // 2)
    samples[::-1][:length] *= np.linspace(0, 1, length, endpoint=False, dtype=np.float32)


@given(
    parts=st.lists(st.tuples(st.integers(0, 400), st.sampled_from([0, 0, 1, 7, 250])), max_size=6),
    lead=st.sampled_from([0, 30]),
    cross_fade_s=st.sampled_from([0.0, 0.001, 0.004, 0.05, 0.15, 1.0]),
    seed=st.integers(0, 2**16),
)
def test_parts_added_one_by_one_are_joined_as_at_once(parts, lead, cross_fade_s, seed):
    """Bit for bit: what was given out before the next part was known is never touched again."""
    rate, draw = 1000, np.random.default_rng(seed)
    pauses = [lead, *(pause for _, pause in parts)]
    sounds = [draw.standard_normal(length).astype(np.float32) for length, _ in parts]
    joiner = Joiner(rate, cross_fade_s, lead / rate)
    given_out = [joiner.add(sound, pause / rate) for sound, pause in zip(sounds, pauses[1:], strict=True)]
    samples = np.concatenate([*(final for final, _ in given_out), joiner.rest()])
    whole = joined_at_once(sounds, pauses, rate, cross_fade_s)
    assert samples.tobytes() == whole.tobytes()
    joined, spans = join(sounds, [pause / rate for pause in pauses], rate, cross_fade_s)
    assert joined.samples.tobytes() == whole.tobytes()
    assert list(spans) == [span for _, span in given_out]


def test_all_but_a_fade_is_given_out_at_once():
    joiner = Joiner(1000, 0.05)
    assert [len(joiner.add(np.ones(300, np.float32), pause_s)[0]) for pause_s in (0.0, 0.0, 0.2)] == [250, 250, 500]
    assert not len(joiner.rest()), "behind a pause nothing is faded"
