"""A script is spoken by a real model, and heard while it is: sound and words are those of the whole."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from clock import Clock
from conftest import NOTHING_KEPT
from watched import Watched

from voiceclone.deadline import Deadline
from voiceclone.model.sampling import Sampling
from voiceclone.speech import MasterOptions, Passage, ScriptOptions, SynthesisOptions, Synthesizer, TextReader, plan
from voiceclone.speech.takes import NEXT_SEED, Threshold
from voiceclone.text.normalize import Lexicon
from voiceclone.timings import Timings
from voiceclone.types import SEEDS
from voiceclone.voices.builtin import BuiltIn

TEXT = "When I was a boy, I paid $25 for a hat, and I was glad of it."
STREAMED = SynthesisOptions(Sampling(1), 0.1, MasterOptions(), "en", streamed=True)


@pytest.fixture
def watched(engine):
    return Watched(engine)


@pytest.fixture
def scripted(engine):
    """Plans a text in two voices and with a pause, as a stream."""
    voices = {name: BuiltIn().named(name) for name in ("example-en", "example-zh")}

    def scripted(cross_fade_s=0.15, duration_s=None):
        passages = [
            Passage("text", TEXT, "example-en", "voice", 1.0, None, 0.0),
            Passage("text", "So do I!", "example-zh", "voice", 1.0, None, 0.5, is_told=True),
            Passage("text", "And then?", "example-en", "voice", 1.0, None, 0.0),
        ]
        options = ScriptOptions(7, None, duration_s, cross_fade_s, streamed=True)
        return plan(passages, voices, engine, TextReader("en", Lexicon({})), options, Deadline(math.inf))

    return scripted


def all_of(speaking):
    """Return what is yielded, and what is returned."""
    parts = []
    while True:
        try:
            parts.append(next(speaking))
        except StopIteration as end:
            return parts, end.value


def spoken(synthesizer, script, options, deadline=None):
    return all_of(synthesizer.speak(script, options, deadline or Deadline(math.inf), Timings()))


@pytest.mark.parametrize(
    ("master", "cross_fade_s"),
    [
        (MasterOptions(), 0.15),
        (MasterOptions(8_000), 0.0),
        (MasterOptions(48_000, remove_silence=True), 0.05),
        (MasterOptions(22_050, 9.0), 1.0),
    ],
)
def test_the_sound_of_a_stream_is_that_of_the_whole(engine, recogniser, scripted, master, cross_fade_s):
    """To the sample, at any rate, with silence cut, filled up to a duration."""
    script = scripted(cross_fade_s, master.duration_s)
    synthesizer = Synthesizer(engine, recogniser, ("en",), NOTHING_KEPT)
    parts, whole = spoken(synthesizer, script, replace(STREAMED, master=master))
    assert np.concatenate([part.samples for part in parts]).tobytes() == whole.master.waveform.samples.tobytes()
    assert [part.take for part in parts] == list(whole.takes)
    assert all(len(part.samples) for part in parts)


def test_a_stream_sounds_like_the_same_script_spoken_at_once(engine, recogniser, scripted):
    """As far as a chunk alone sounds like one in company."""
    script = scripted()
    synthesizer = Synthesizer(engine, recogniser, ("en",), NOTHING_KEPT)
    stream, whole = (spoken(synthesizer, script, replace(STREAMED, streamed=each))[1].master for each in (True, False))
    assert np.allclose(stream.waveform.samples, whole.waveform.samples, atol=1e-4)
    assert stream.spans == whole.spans


def test_each_part_comes_before_the_next_chunk_is_spoken(watched, recogniser, scripted):
    script = scripted()
    speaking = Synthesizer(watched, recogniser, ("en",), NOTHING_KEPT).speak(
        script, STREAMED, Deadline(math.inf), Timings()
    )
    for i, chunk in enumerate(script.chunks):
        assert next(speaking).take.chunk == chunk
        assert watched.spoken == script.chunks[: i + 1]
    speaking.close()


def test_who_stops_listening_stops_the_speech(watched, recogniser, scripted):
    speaking = Synthesizer(watched, recogniser, ("en",), NOTHING_KEPT).speak(
        scripted(), STREAMED, Deadline(math.inf), Timings()
    )
    next(speaking)
    speaking.close()
    assert len(watched.spoken) == 1


def test_the_words_of_a_chunk_come_behind_its_sound(watched, recogniser, scripted):
    """And before the next chunk is spoken; together they are those of the same script spoken at once."""
    script = scripted()
    synthesizer = Synthesizer(watched, recogniser, ("en",), NOTHING_KEPT)
    options = replace(STREAMED, word_times=True)
    speaking = synthesizer.speak(script, options, Deadline(math.inf), Timings())
    first, words = next(speaking), next(speaking)
    assert len(watched.spoken) == 1
    assert (first.words, words.take, len(words.samples)) == ((), None, 0)
    assert "".join(word.text for word in words.words) == "When I was a "
    rest, whole = all_of(speaking)
    found = [*words.words, *(word for part in rest for word in part.words)]
    assert found == list(whole.words)
    assert "".join(word.text for word in found) == f"{TEXT} So do I! And then?"
    assert [word.text for word in found if word.voice == "example-zh"] == ["So ", "do ", "I! "]
    starts = [word.start_s for word in found]
    assert starts == sorted(starts)
    _, at_once = spoken(synthesizer, script, replace(options, streamed=False))
    assert [word.text for word in at_once.words] == [word.text for word in found]
    assert [word.start_s for word in at_once.words] == pytest.approx(starts, abs=0.01)


def test_words_wait_until_all_is_spoken_where_time_is_short(engine, recogniser, scripted):
    """Speech comes first: they follow if there is time left."""
    script, clock = scripted(), Clock()
    watched = Watched(engine, clock)
    synthesizer = Synthesizer(watched, recogniser, ("en",), NOTHING_KEPT)
    limit_s = 10 * len(script.chunks) + 1
    options = replace(STREAMED, word_times=True)
    parts, whole = spoken(synthesizer, script, options, Deadline(limit_s, clock))
    assert all(part.take for part in parts[:3])
    assert [word for part in parts for word in part.words] == list(whole.words) != []


def test_a_stream_is_spoken_anew_chunk_by_chunk(watched, recogniser, scripted):
    """What is heard badly is spoken again before what follows is begun. Speech of random weights is never heard."""
    script = scripted()
    options = replace(STREAMED, verify=Threshold(0.0, 2))
    parts, _ = spoken(Synthesizer(watched, recogniser, ("en",), NOTHING_KEPT), script, options)
    twice = [(chunk.text, (chunk.seed + i * NEXT_SEED) % SEEDS) for chunk in script.chunks for i in range(2)]
    assert [(chunk.text, chunk.seed) for chunk in watched.asked] == twice
    assert [part.take.attempts for part in parts] == [2] * len(script.chunks)
