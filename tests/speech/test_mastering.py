"""A recording is put together while it is spoken: what was given out is the recording."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone import audio
from voiceclone.audio import silence
from voiceclone.deadline import Deadline
from voiceclone.speech.mastering import Mastering, MasterOptions
from voiceclone.speech.planning import Line, Script
from voiceclone.types import Chunk, ReferenceVoice, Waveform

VOICE = ReferenceVoice(Waveform(np.zeros(24_000, np.float32), 24_000), "A voice. ")
NEVER = Deadline(math.inf)


def script_of(pauses_s, cross_fade_s):
    """Return a script of as many chunks as there are pauses behind the first."""
    chunk = Chunk("a", VOICE, 0)
    lines = tuple(Line((), (chunk,), pause_s, is_told=True) for pause_s in pauses_s[1:])
    return Script(lines, pauses_s[0], cross_fade_s, (1.0,) * len(lines), (), ())


def speech(length, seed):
    return Waveform(0.1 * np.random.default_rng(seed).standard_normal(length).astype(np.float32), 24_000)


@given(
    parts=st.lists(st.tuples(st.integers(256, 9_000), st.sampled_from([0, 0, 0.001, 0.1])), min_size=1, max_size=5),
    pause_before_s=st.sampled_from([0, 0.05]),
    cross_fade_s=st.sampled_from([0, 0.003, 0.05, 1.0]),
    sample_rate=st.sampled_from([8_000, 22_050, 24_000, 48_000]),
    duration_s=st.sampled_from([None, 0.1, 0.4, 3.0]),
    remove_silence=st.booleans(),
)
def test_what_is_given_out_chunk_by_chunk_is_the_recording(
    parts, pause_before_s, cross_fade_s, sample_rate, duration_s, remove_silence
):
    """Bit for bit, at any rate, cut or filled up to a duration; and as all parts make it that are joined at once."""
    chunks = [speech(length, seed) for seed, (length, _) in enumerate(parts)]
    script = script_of([pause_before_s, *(pause_s for _, pause_s in parts)], cross_fade_s)
    mastering = Mastering(script, MasterOptions(sample_rate, duration_s, None, remove_silence))
    given_out, kept, spans = zip(*(mastering.add(chunk, NEVER) for chunk in chunks), strict=True)
    master = mastering.whole(NEVER)
    assert np.concatenate(given_out).tobytes() == master.waveform.samples.tobytes()
    assert master.spans == spans
    assert [len(part.samples) for part in kept] == [
        len((silence.tidy(chunk) if remove_silence else chunk).samples) for chunk in chunks
    ]
    joined, at_once = audio.join(
        [audio.resample(part, sample_rate).samples for part in kept], script.pauses_s, sample_rate, cross_fade_s
    )
    if duration_s is not None:
        joined = audio.of_length(joined, round(duration_s * sample_rate))
        assert all(span.end_s <= joined.duration_s for span in spans)
    assert joined.samples.tobytes() == master.waveform.samples.tobytes()
    assert [span.start_s for span in spans] == [span.start_s for span in at_once]


@pytest.mark.parametrize(("loudness_lufs", "is_louder"), [(None, False), (-16.0, True)])
def test_the_loudness_is_that_of_the_whole_alone(loudness_lufs, is_louder):
    mastering = Mastering(script_of([0, 0], 0.15), MasterOptions(loudness_lufs=loudness_lufs))
    samples, _, _ = mastering.add(Waveform(0.1 * speech(48_000, 0).samples, 24_000), NEVER)
    master = mastering.whole(NEVER)
    assert (audio.rms(master.waveform.samples) > 2 * audio.rms(samples)) == is_louder
