"""Words that are found chunk by chunk are those that are found line by line when all is spoken."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_planning import VOICES, Polyglot

from voiceclone import text
from voiceclone.deadline import Deadline
from voiceclone.listening.alignment import in_order, on_readings, spoken_words
from voiceclone.speech.planning import Passage, ScriptOptions, TextReader, plan
from voiceclone.speech.words import WordTimes
from voiceclone.text.normalize import Lexicon
from voiceclone.types import Span, Waveform, Word

PIECES = [
    "One ",
    "two, ",
    "(three) ",
    "— ",
    "$5 million ",
    "2024. ",
    "☃ ",
    "GIF-",
    "天气",
    "「很好」",
    "，",
    "25",
    "。",
]
PIECES += ["... ", "x" * 50 + " ", "Ends! ", "“Well” ", "pre-", "É "]


class Ear:
    """Hears every word of a text, each letter as long as any other."""

    def align(self, waveform, chunk_text, language):
        words = spoken_words(chunk_text)
        each_s = waveform.duration_s / max(1, sum(map(len, words)))
        found, position = [], 0
        for word in words:
            found.append(Word(word, position * each_s, (position + len(word.strip())) * each_s, 0.5))
            position += len(word)
        return tuple(found)


def line_by_line(script, heard):
    """Return the words as they are told from a whole: a line's words on all that it says."""
    words, ended, heard = [], False, iter(heard)
    for line in script.lines:
        spoken = []
        for chunk, (part, span) in zip(line.chunks, heard, strict=False):
            aligned = Ear().align(part, chunk.text, None)
            spoken += [replace(w, start_s=w.start_s + span.start_s, end_s=w.end_s + span.start_s) for w in aligned]
        found = on_readings(spoken, line.readings)
        if words and found:
            before, after = words[-1].text[-1], found[0].text[0]
            space = "\n" if ended else "" if text.is_wide(before) or text.is_wide(after) else " "
            words[-1] = replace(words[-1], text=words[-1].text + space)
        words += [replace(word, voice=line.voice.name) for word in found]
        ended = line.is_ended or (ended and not found)
    return in_order(words)


@given(
    passages=st.lists(
        st.tuples(
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=20).map("".join).map(text.clean),
            st.sampled_from(["anna", "bob"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    streamed=st.booleans(),
    overlap_s=st.sampled_from([0.0, 0.15, 0.6]),
)
def test_words_are_those_of_the_whole_whatever_is_known_of_it(passages, streamed, overlap_s):
    """With chunks that end within what is read out, among signs and in scripts without spaces; and cross-faded."""
    made = [Passage("text", each, voice, "text", 1.0, None, 0.0, is_ended=ended) for each, voice, ended in passages]
    if not any(text.is_speakable(passage.text) for passage in made):
        return
    reader = TextReader("en", Lexicon({"GIF": "jiff"}))
    script = plan(made, VOICES, Polyglot(), reader, ScriptOptions(0, streamed=streamed), Deadline(math.inf))
    heard, position_s = [], 0.0
    for lasts_s in script.durations_s:
        heard.append(
            (Waveform(np.zeros(round(lasts_s * 1000), np.float32), 1000), Span(position_s, position_s + lasts_s))
        )
        position_s += lasts_s - min(overlap_s, lasts_s / 2)
    times = WordTimes(script, Ear(), lambda _: None)
    found, least = [], []
    for part, span in heard:
        times.add(part, span)
        found += times.find()
        least.append(len(found))
    whole = line_by_line(script, heard)
    assert found == whole
    at_once = WordTimes(script, Ear(), lambda _: None)
    for part, span in heard:
        at_once.add(part, span)
    assert at_once.find() == whole


def test_all_words_of_a_chunk_come_with_it_but_the_last():
    """It may be cut short by the next one; and what is read out over several chunks comes with their last."""
    reader = TextReader("en", Lexicon({}))
    written = "It all cost them about $1,234,567 in these years, I think."
    passage = Passage("text", written, "anna", "text", 1.0, None, 0)
    script = plan([passage], VOICES, Polyglot(), reader, ScriptOptions(0), Deadline(math.inf))
    times = WordTimes(script, Ear(), lambda _: None)
    came = []
    for i, chunk in enumerate(script.chunks):
        times.add(Waveform(np.zeros(1000, np.float32), 1000), Span(i, i + 1))
        came.append((chunk.text, "".join(word.text for word in times.find())))
    assert came == [
        ("It all cost them about one million", "It all cost them "),
        ("two hundred and thirty-four thousand", ""),
        ("five hundred and sixty-seven", ""),
        ("dollars in these years, I think.", "about $1,234,567 in these years, I think."),
    ]
