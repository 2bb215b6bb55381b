"""A request becomes chunks: every word in one, in the right voice, with its seed, as long as asked."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from clock import Clock
from hypothesis import given
from hypothesis import strategies as st

from voiceclone import audio
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput, OutOfTime
from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings
from voiceclone.speech.planning import TURN_PAUSE_S, UNFADED_S, TextReader, plan
from voiceclone.text.normalize import Lexicon
from voiceclone.types import ReferenceVoice, Waveform

SETTINGS = Settings()
VOICES = {
    name: ReferenceVoice(Waveform(np.zeros(24_000 * 5, np.float32), 24_000), "Some words of five seconds. ", name)
    for name in ("anna", "bob", "a", "b", "c")
}
VOICES[None] = VOICES["anna"]


class Speaker:
    """Says ten letters a second, forty in one pass, and knows ASCII."""

    def max_chunk_size(self, voice, speed):
        return int(40 * speed)

    def unknown_characters(self, text):
        return [c for c in dict.fromkeys(text) if not c.isascii()]

    def duration_s(self, chunk):
        if chunk.duration_s is not None:
            return chunk.duration_s
        return len(chunk.text) / 10 / chunk.speed


class Polyglot(Speaker):
    """Knows all characters."""

    def unknown_characters(self, text):
        return []


@pytest.mark.parametrize(
    ("language", "text", "assumed", "told"),
    [
        ("en", "3 苹果, 5 pears.", "三苹果, five pears.", "three 苹果, five pears."),
        ("en", "他有3个苹果", "他有三个苹果", "他有three个苹果"),
        ("en", "明天 5pm", "明天下午五点", "明天 five PM"),
        ("en", "In Москва 1980", "In Москва одна тысяча девятьсот восемьдесят", "In Москва nineteen eighty"),
        ("en", "12% 苹果", "百分之十二 苹果", "twelve percent 苹果"),
        ("de", "3 苹果", "三苹果", "drei 苹果"),
        ("zh", "我有 3 apples", "我有 three apples", "我有三 apples"),
        ("en", "3 pears", "three pears", "three pears"),
        ("", "3 苹果", "3 苹果", "3 苹果"),
    ],
)
def test_a_language_that_was_told_reads_numbers_beside_other_letters_as_well(language, text, assumed, told):
    """One that is only the model's gives way to the letters around."""
    for reader, expected in (
        (TextReader(language, Lexicon({})), assumed),
        (TextReader(language, Lexicon({}), told=True), told),
    ):
        assert "".join(reading.spoken for reading in reader.read(text)) == expected
        assert "".join(reading.spoken for reading in reader.read(expected)) == expected


def script(text=None, language="", lexicon=None, seed=7, speaker=None, **fields):
    fields = {"voice": "anna", **({"text": text} if text is not None else {}), **fields}
    request, _ = parse(fields, SETTINGS)
    reader = TextReader(language, Lexicon(lexicon or {}))
    return plan(
        request.passages, VOICES, speaker or Speaker(), reader, request.script_options(seed), Deadline(math.inf)
    )


def test_turns_are_spoken_by_their_voices_with_pauses_between():
    made = script("One. [bob] Two! [pause:0.5s] Three? [main] Four.")
    assert [(chunk.text, chunk.voice.name) for chunk in made.chunks] == [
        ("One.", "anna"),
        ("Two!", "bob"),
        ("Three?", "bob"),
        ("Four.", "anna"),
    ]
    assert made.pauses_s == [0, TURN_PAUSE_S, 0.5, TURN_PAUSE_S, 0]


@pytest.mark.parametrize(
    ("text", "pauses_s"),
    [
        ("One. [bob] Two.", [0, TURN_PAUSE_S, 0]),
        ("One. [pause:0.1s] [bob] Two.", [0, 0.1, 0]),
        ("One. [bob] [pause:0.1s] Two.", [0, 0.1, 0]),
        ("One. [pause:0s] [bob] Two.", [0, UNFADED_S, 0]),
        ("One.\n\n[bob] Two.", [0, 0.7, 0]),
        ("One.\n\nTwo.\n- Three", [0, 0.7, 0.3, 0]),
        ("One. [anna] Two.", [0, 0, 0]),
        ("One. [bob] ... [main] Two.", [0, 0, 0]),
        ("One. <prosody rate='slow'>Two.</prosody>", [0, 0, 0]),
        ("***\n\nOne.", [0, 0]),
    ],
)
def test_voices_do_not_speak_over_each_other_and_lines_have_pauses(text, pauses_s):
    """A pause that is written replaces any other; one voice's own passages are faded into each other."""
    made = script(text)
    assert made.pauses_s == pauses_s
    parts = [np.ones(round(duration_s * 1000), np.float32) for duration_s in made.durations_s]
    _, spans = audio.join(parts, made.pauses_s, 1000, 0.15)
    for before, after, a, b in zip(spans, spans[1:], made.chunks, made.chunks[1:], strict=False):
        assert a.voice is b.voice or before.end_s <= after.start_s


def test_a_pause_after_a_segment_replaces_the_gap_between_voices():
    segments = [{"text": "One.", "pause_after": pause} for pause in (None, 0, 0.1)]
    made = script(segments=[{**segment, "voice": name} for segment, name in zip(segments, "abc", strict=True)])
    assert made.pauses_s == [0, TURN_PAUSE_S, UNFADED_S, 0.1]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("My Title\n\nThe first line\nThe second", "My Title. The first line. The second"),
        ("Is it?\n- red,\n- (blue)\n- 5\n- end", "Is it? red, (blue) five. end"),
        ("标题\n\n第一段。", "标题。 第一段。"),
        ("if a<b and c>d", "if a is less than b and c is greater than d"),
        ("The <sub alias='World Wide Web'>WWW</sub>.", "The World Wide Web."),
        ("<phoneme alphabet='x-spelling' ph='tomahto'>tomato</phoneme>", "tomahto"),
        ("<say-as interpret-as='characters'>aB-3</say-as>", "A B dash three"),
        ("Code <say-as interpret-as='digits'>204</say-as>.", "Code two zero four."),
        ("the <say-as interpret-as='ordinal'>3</say-as> of", "the third of"),
        ("<say-as interpret-as='cardinal'>2024</say-as>", "two thousand and twenty-four"),
        ("<say-as interpret-as='cardinal'>1,234</say-as>", "one thousand two hundred and thirty-four"),
        ("<say-as interpret-as='date' format='dmy'>05/03/2024</say-as>", "March fifth, twenty twenty-four"),
        ("<say-as interpret-as='date' format='mdy'>05/03/2024</say-as>", "May third, twenty twenty-four"),
        ("<say-as interpret-as='date'>20240305</say-as>", "March fifth, twenty twenty-four"),
        ("<say-as interpret-as='telephone'>+1 (555) 12</say-as>", "plus one, five five five, one two"),
        ("<say-as interpret-as='ordinal'>many</say-as>", "many"),
    ],
)
def test_marks_decide_what_is_said_and_the_written_text_stays(text, spoken):
    made = script(text, language="en", speaker=Polyglot())
    assert made.spoken == spoken
    assert [chunk.text for chunk in made.chunks][-1] in made.spoken


@pytest.mark.parametrize(
    ("language", "kind", "written", "spoken"),
    [
        ("de", "ordinal", "3", "dritte"),
        ("fr", "cardinal", "1 234", "mille deux cent trente-quatre"),
        ("es", "digits", "204", "dos cero cuatro"),
        ("zh", "ordinal", "3", "第三"),
        ("zh", "date", "2024-03-05", "二零二四年三月五日"),
        ("", "characters", "a1", "A 1"),
        ("", "ordinal", "3", "3"),
    ],
)
def test_what_say_as_asks_for_is_said_in_the_language(language, kind, written, spoken):
    text = f"<say-as interpret-as='{kind}'>{written}</say-as>"
    (line,) = script(text, language=language, speaker=Polyglot()).lines
    assert (line.spoken, "".join(reading.written for reading in line.readings)) == (spoken, written)


def test_segments_have_their_own_voice_pace_seed_and_pause():
    segments = [
        {"text": "One. Two.", "voice": "bob", "speed": 0.5, "seed": 3, "pause_after": 1.0},
        {"text": "Three.", "pause_after": 0.25},
    ]
    made = script(segments=segments, speed=1.5)
    assert [(c.text, c.voice.name, c.speed, c.seed) for c in made.chunks] == [
        ("One. Two.", "bob", 0.5, 3),
        ("Three.", "anna", 1.5, 7),
    ]
    assert made.pauses_s == [0, 1.0, 0.25]


def test_a_pause_at_the_beginning_and_one_behind_mere_punctuation_are_kept():
    made = script("[pause:1s] One. [pause:2s] ... [pause:3s] Two.")
    assert [chunk.text for chunk in made.chunks] == ["One.", "Two."]
    assert made.pauses_s == [1, 5, 0]
    assert made.warnings == ("punctuation alone is not spoken: ...",)


def test_chunks_count_their_seeds_on_across_voices():
    made = script("A. [bob] B. [anna] C.", seed=2**32 - 2)
    assert [chunk.seed for chunk in made.chunks] == [2**32 - 2, 2**32 - 1, 0]


def test_all_passages_of_a_segment_count_from_its_seed():
    segments = [{"text": "[pause:1s] A. [pause:1s] B.", "seed": 100}, {"text": "C."}]
    assert [chunk.seed for chunk in script(segments=segments).chunks] == [100, 101, 7]


def test_a_pause_before_everything_needs_no_voice():
    request, _ = parse({"text": "[pause:1s][bob] Hello."}, SETTINGS)
    reader = TextReader("", Lexicon({}))
    options = request.script_options(0)
    made = plan(request.passages, {"bob": VOICES["bob"]}, Speaker(), reader, options, Deadline(math.inf))
    assert made.pauses_s == [1.0, 0.0]


def test_slower_speech_has_less_text_in_a_chunk():
    """A chunk that was cut for the natural pace would take longer than the model was trained on."""
    text = "One sentence here. Two sentences here. Three sentences here. Four of them here."
    fast, slow = script(text), script(text, duration=20.0)
    assert max(len(chunk.text) for chunk in slow.chunks) <= 40 / 2.4
    assert len(slow.chunks) > len(fast.chunks)


def test_a_duration_that_is_too_short_for_the_letters_is_refused(monkeypatch):
    """The network needs a frame for each: what it made longer would be cut off."""
    monkeypatch.setattr(Speaker, "duration_s", lambda self, chunk: max(2.0, chunk.duration_s or 0))
    with pytest.raises(InvalidInput, match="duration: is too short for the model"):
        script("One.", duration=1.5)


def test_seeds_of_an_earlier_take_are_taken():
    assert [chunk.seed for chunk in script("A. [bob] B.", seeds=[5, 9]).chunks] == [5, 9]
    with pytest.raises(InvalidInput, match="seeds: has 3 entries and the text makes 2 chunks"):
        script("A. [bob] B.", seeds=[1, 2, 3])


def test_what_the_vocabulary_lacks_is_respelled_or_left_out_with_its_name():
    made = script("Café \u2603 — naïve “words” \u2603.")
    assert made.spoken == 'Cafe - naive "words" .'
    assert made.left_out == ("\u2603",)
    assert made.warnings == ("the model's vocabulary lacks \u2603: left out",)


def test_a_text_of_nothing_but_unknown_letters_is_refused():
    with pytest.raises(InvalidInput, match="text: has nothing that the model's vocabulary can say"):
        script("你好。")


def test_numbers_and_the_lexicon_are_read_out():
    made = script("5 GIFs or a GIF.", "en", {"GIF": "jiff"})
    assert made.spoken == "five GIFs or a jiff."
    assert script("5 GIF", "", {"GIF": "jiff"}).spoken == "5 jiff"


@given(
    words=st.lists(
        st.sampled_from(["One", "two,", "three.", "it's", "[pause:1s]", "[bob]", "[main]", "x" * 60]), min_size=1
    ),
)
def test_no_word_is_lost_and_no_chunk_is_over_the_cap(words):
    made_of = [word for word in words if not word.startswith("[")]
    if not made_of:
        return
    made = script(" ".join(words))
    assert "".join(chunk.text for chunk in made.chunks).replace(" ", "") == "".join(made_of)
    assert all(len(chunk.text) <= 40 for chunk in made.chunks)
    assert all("".join(r.spoken for r in line.readings) == line.spoken for line in made.lines)
    assert len(made.pauses_s) == len(made.chunks) + 1


TEXT = "One sentence of some length here. [pause:0.5s] Another that follows it, a little longer. [bob] And a third."


@pytest.mark.parametrize("duration_s", [5.0, 8.25, 11.111, 20.0])
@pytest.mark.parametrize("cross_fade_s", [0.0, 0.15, 1.0])
def test_the_text_is_fitted_to_a_duration(duration_s, cross_fade_s):
    """To less than a frame, with all pauses and cross-fades, each chunk in its share."""
    made = script(TEXT, duration=duration_s, cross_fade_duration=cross_fade_s)
    durations = [chunk.duration_s for chunk in made.chunks]
    assert made.durations_s == tuple(durations)
    assert made.duration_s() == pytest.approx(duration_s, abs=0.6 * audio.HOP_S)
    natural = [Speaker().duration_s(dataclasses.replace(chunk, duration_s=None)) for chunk in made.chunks]
    stretch = [fitted / own for fitted, own in zip(durations, natural, strict=True)]
    assert max(stretch) - min(stretch) < 0.02


@pytest.mark.parametrize("duration_s", [1.0, 100.0])
def test_a_duration_that_cannot_be_tells_what_can(duration_s):
    with pytest.raises(
        InvalidInput, match=r"duration: cannot be: this text takes 9\.2 s, and may be made 3\.5 to 28\.9 s"
    ):
        script(TEXT, duration=duration_s)


@given(
    st.lists(st.tuples(st.integers(2, 3000), st.sampled_from([0.0, 0.0, 0.01, 0.3])), min_size=1, max_size=6),
    st.sampled_from([0, 0.05, 1.0]),
)
def test_a_joined_length_is_that_of_the_join(parts, cross_fade_s):
    lengths, pauses = [n for n, _ in parts], [0.02, *(pause for _, pause in parts)]
    waveform, _ = audio.join((np.ones(n, np.float32) for n in lengths), pauses, 1000, cross_fade_s)
    assert audio.joined_length(lengths, pauses, 1000, cross_fade_s) == len(waveform.samples)


def test_a_text_that_grows_beyond_measure_is_refused_before_anything_is_made_of_it():
    with pytest.raises(InvalidInput, match="text: becomes more than 10 times as long"):
        script("a " * 5_000, lexicon={"a": "b" * 300}, language="en")


def test_planning_ends_with_the_jobs_time():
    clock = Clock()
    request, _ = parse({"text": "One. [pause:1s] Two.", "voice": "anna"}, SETTINGS)
    deadline = Deadline(10, clock)
    clock.now += 11
    with pytest.raises(OutOfTime, match="planning the speech when the 10 s of a job were over"):
        plan(request.passages, VOICES, Speaker(), TextReader("", Lexicon({})), request.script_options(0), deadline)
