"""The chunks of an earlier take are found in an edited text: as many as there can be, and nothing of it is lost."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.deadline import Deadline
from voiceclone.speech import Former, Passage, ScriptOptions, TextReader, plan
from voiceclone.speech.former import MAX_LOOKED_AT, find
from voiceclone.text import size
from voiceclone.text.normalize import Lexicon
from voiceclone.types import ReferenceVoice, Waveform

VOICE = ReferenceVoice(Waveform(np.zeros(24_000 * 5, np.float32), 24_000), "Some words of five seconds. ", "anna")
MOST = 40
"""Bytes of a chunk."""


class Speaker:
    """Says ten letters a second."""

    def max_chunk_size(self, voice, speed):
        return round(MOST * speed)

    def unknown_characters(self, text):
        return []

    def duration_s(self, chunk):
        return len(chunk.text) / 10 / chunk.speed if chunk.duration_s is None else chunk.duration_s


def script(passages, takes=(), seed=0, **options):
    """Plan passages that one voice says."""
    said = [Passage("text", each, "anna", "voice", 1.0, None, 0.3) for each in passages]
    wanted = ScriptOptions(seed, takes=takes, **options)
    return plan(said, {"anna": VOICE}, Speaker(), TextReader("", Lexicon({})), wanted, Deadline(math.inf))


def takes_of(made):
    return [Former(chunk.text, chunk.seed) for chunk in made.chunks]


WORDS = st.lists(st.sampled_from(["a", "be", "sea", "calm", "storm", "island", "是"]), min_size=1, max_size=9)
SENTENCES = st.builds(lambda words, end: " ".join(words).capitalize() + end, WORDS, st.sampled_from(".!?"))
PASSAGES = st.lists(st.lists(SENTENCES, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=4)


@st.composite
def edits(draw, passages):
    """The same passages with some of their words changed, removed, doubled or added."""
    edited = []
    for passage in passages:
        words = passage.split()
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(words)))
            words[at : at + draw(st.integers(0, 4))] = draw(st.lists(SENTENCES, max_size=2))
        edited.append(" ".join(words) or "Nothing.")
    return edited


@st.composite
def edited_texts(draw):
    passages = draw(PASSAGES)
    return passages, draw(edits(passages))


def most(spoken, takes):
    """How many takes can be found, by trying all."""
    whole = "\n".join(spoken)

    def is_border(at):
        around = whole[at - 1 : at + 1]
        return at in (0, len(whole)) or " " in around or "\n" in around or "是" in around

    @cache
    def best(i, start):
        if i == len(takes):
            return 0
        at = whole.find(takes[i].text, start)
        while at >= 0 and not (is_border(at) and is_border(at + len(takes[i].text))):
            at = whole.find(takes[i].text, at + 1)
        found = 1 + best(i + 1, at + len(takes[i].text)) if at >= 0 else 0
        return max(found, best(i + 1, start))

    return best(0, 0)


@given(edited_texts())
def test_as_many_chunks_as_can_be_are_those_of_before_and_nothing_is_lost(texts):
    before, after = texts
    takes = takes_of(script(before, seed=1000))
    made = script(after, takes)
    assert "".join("".join(chunk.text for chunk in made.chunks).split()) == "".join("".join(after).split())
    assert all(size(chunk.text) <= MOST for chunk in made.chunks)
    kept = [chunk for chunk in made.chunks if chunk.seed >= 1000]
    assert all(Former(chunk.text, chunk.seed) in takes for chunk in kept)
    assert [chunk.seed for chunk in kept] == sorted({chunk.seed for chunk in kept})
    assert len(kept) == most(after, takes)


@given(PASSAGES, st.sampled_from([{}, {"streamed": True}, {"duration_s": 1.5}]))
def test_an_unchanged_text_is_cut_and_seeded_as_it_was(passages, how):
    """However it was cut, for a listener or for a length."""
    how = {"duration_s": script(passages).duration_s() * how["duration_s"]} if "duration_s" in how else how
    first = script(passages, seed=1000, **how)
    again = script(passages, takes_of(first), **how)
    assert again.chunks == first.chunks


@pytest.mark.parametrize("text", ["x" * 95 + " end.", "...! One. ... Two?", "是" * 50], ids=["word", "signs", "wide"])
def test_so_is_one_that_has_no_good_places_to_be_cut(text):
    first = script([text], seed=1000)
    assert script([text], takes_of(first)).chunks == first.chunks


def hundred(changed=None):
    """Sentences of which each is a chunk."""
    return " ".join(f"This is sentence number {i}{' now' * (i == changed)}." for i in range(100, 200))


@pytest.mark.parametrize("changed", [100, 117, 199])
def test_one_changed_sentence_of_a_hundred_is_one_chunk(changed):
    """In one passage, whose other cuts would move as well."""
    takes = takes_of(script([hundred()], seed=1000))
    assert len(takes) == 100
    made = script([hundred(changed)], takes)
    assert [chunk.text for chunk in made.chunks if chunk.seed < 1000] == [f"This is sentence number {changed} now."]


def test_takes_are_found_where_the_text_was_divided_anew():
    """Before and behind what was inserted, and in another passage; each is used once."""
    takes = [Former("Yes.", 1), Former("No.", 2), Former("Yes.", 3)]
    made = script(["Yes.", "Well, then. No.", "Yes. Yes."], takes, seed=50)
    assert [(chunk.text, chunk.seed) for chunk in made.chunks] == [
        ("Yes.", 1),
        ("Well, then.", 51),
        ("No.", 2),
        ("Yes.", 53),
        ("Yes.", 3),
    ]


@pytest.mark.parametrize(
    ("spoken", "take"),
    [
        ("I have a category.", "I have a cat"),
        ("A concat ends.", "cat ends."),
        ("It is 3.5 now.", "It is 3."),
        ("Yes. No.", " "),
        ("Yes. No.", "Yes. "),
        ("Too long for this voice.", "Too long for this voice."),
    ],
)
def test_no_word_is_cut_apart_and_no_chunk_too_long(spoken, take):
    assert find([spoken], [Former(take, 1)], [20]) == [[]]


def test_no_chunk_reaches_from_one_passage_into_the_next():
    assert find(["Yes.", "No."], [Former("Yes.\nNo.", 1), Former("No.", 2)], [20, 20]) == [[], [(0, 3, 2)]]


def test_the_work_is_bounded_whatever_stands_in_text_and_takes():
    """Half of these stand everywhere, and in no place that fits."""
    takes = [Former("a" * (1 + i % 2000), i) for i in range(4000)] + [Former("b", i) for i in range(6000)]
    places = find(["a" * 50_000 + " b" * 20_000 + " end"], takes, [10_000])
    assert len(places[0]) == MAX_LOOKED_AT
