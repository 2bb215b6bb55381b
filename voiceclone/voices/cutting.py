"""A recording becomes a reference: short enough, and with exactly the words that are in it. Pure functions.

Knows nothing of where recordings come from or of how words are recognised: it is given what was heard. Upstream cuts a
long recording and keeps the whole transcript, so that the model says the rest of it into the speech; here both are cut
at the same word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from voiceclone.audio import FADE_S, FRAME_S, loudness_db
from voiceclone.text import SENTENCE_ENDS, clean, is_wide, normalize
from voiceclone.types import Reading, Waveform, Word

AGREEMENT = 0.6
"""Of the letters before a cut, what must have been heard as they are written."""
_CLOSING = "\"'”’)]」』）"
_LOOSE_ENDS = " ,;:-–—，；：、،؛"
LEAST_SHARE = 0.4
"""Of the allowed length, that a cut should leave."""
CUT_SLACK_S = 0.05
"""By how much a recogniser's times may be off where the quietest place for a cut is looked for."""


def pad(waveform: Waveform, duration_s: float) -> Waveform:
    """With silence behind it: the model then starts its own speech afresh."""
    silence = np.zeros(int(duration_s * waveform.sample_rate), np.float32)
    return Waveform(np.concatenate([waveform.samples, silence]), waveform.sample_rate)


@dataclass(frozen=True)
class Cut:
    """Where a recording and its transcript end together."""

    end_s: float
    text: str
    """As it is written."""
    words: tuple[Word, ...]
    """What is heard before it."""


def cut(
    waveform: Waveform,
    words: Sequence[Word],
    max_duration_s: float,
    transcript: str | None = None,
    language: str | None = None,
) -> Cut | None:
    """Return the best end of sound and text: behind a sentence, else in the longest pause, before `max_duration_s`.

    Args:
        words: what was heard in the waveform.
        transcript: what is said in it, if someone knows better than the recogniser.
        language: of both, ISO 639-1. They are compared as they are said: one may have digits where the other has words.

    Returns:
        None where no word ends early enough, or where the transcript is not what was heard.
    """
    texts = [clean(word.text) and " " * word.text[:1].isspace() + clean(word.text) for word in words]
    texts[:1] = [first.lstrip() for first in texts[:1]]
    heard = "".join(texts)
    text = heard if transcript is None else clean(transcript)
    heard_readings, readings = (normalize.read(each, language or "") for each in (heard, text))
    spoken_at = dict(_same_places(heard_readings))
    written_at = {spoken: written for written, spoken in _same_places(readings)}
    shared = _shared_word_ends(_spoken(heard_readings), _spoken(readings))
    candidates = []
    position = 0
    for i, (word, heard_as) in enumerate(zip(words, texts, strict=True)):
        letters = [at for at, c in enumerate(heard_as) if c.isalnum()]
        spoken = spoken_at.get(position + letters[-1] + 1) if letters else None
        stop = written_at.get(shared.get(spoken, 0)) if spoken else None
        position += len(heard_as)
        if stop is None or word.end_s > max_duration_s:
            continue
        following_s = words[i + 1].start_s if i + 1 < len(words) else waveform.duration_s
        said = _with_its_punctuation(text, stop)
        ends_sentence = said.rstrip(_CLOSING)[-1:] in SENTENCE_ENDS
        long_enough = word.end_s >= LEAST_SHARE * max_duration_s
        worth = (long_enough, ends_sentence, following_s - word.end_s, word.end_s)
        candidates.append((worth, Cut(word.end_s, said, tuple(words[: i + 1])), following_s))
    if not candidates:
        return None
    _, best, following_s = max(candidates, key=lambda candidate: candidate[0])
    end_s = _quietest(waveform, best.end_s - CUT_SLACK_S, min(following_s + CUT_SLACK_S, max_duration_s))
    return Cut(min(end_s, max_duration_s), best.text.strip(_LOOSE_ENDS), best.words)


def start_of(waveform: Waveform, duration_s: float) -> Waveform:
    """Return the first part, faded out."""
    samples = waveform.samples[: int(duration_s * waveform.sample_rate)].copy()
    fade = min(len(samples), int(FADE_S * waveform.sample_rate))
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return Waveform(samples, waveform.sample_rate)


def _quietest(waveform: Waveform, start_s: float, end_s: float) -> float:
    """Return the middle of the quietest frame between two times."""
    loudness = loudness_db(waveform)
    first = min(max(0, int(start_s / FRAME_S)), len(loudness) - 1)
    last = max(first + 1, int(end_s / FRAME_S))
    return (first + int(np.argmin(loudness[first:last])) + 0.5) * FRAME_S


def _spoken(readings: Sequence[Reading]) -> str:
    return "".join(reading.spoken for reading in readings)


def _same_places(readings: Sequence[Reading]) -> Iterator[tuple[int, int]]:
    """Yield where the same has been said: behind so many characters as written, and so many as spoken.

    Behind each letter of what is said as it is written, and behind the last of what is not: no number is cut apart.
    """
    written = spoken = 0
    for reading in readings:
        if reading.written.strip() == reading.spoken.strip():
            before = len(reading.written) - len(reading.written.lstrip())
            lead = len(reading.spoken) - len(reading.spoken.lstrip())
            yield from ((written + before + i, spoken + lead + i) for i in range(1, len(reading.spoken.strip()) + 1))
        elif (last := _last(reading.written)) and (said := _last(reading.spoken)):
            yield written + last, spoken + said
        written, spoken = written + len(reading.written), spoken + len(reading.spoken)


def _last(text: str) -> int:
    """Return the characters up to the last letter or digit; 0 where there is none."""
    return max((i + 1 for i, c in enumerate(text) if c.isalnum()), default=0)


def _shared_word_ends(heard: str, text: str) -> dict[int, int]:
    """Return where words of `heard` end that end words of `text` too: characters of the one to characters of the other.

    Letters are compared, not words: it serves scripts without spaces as well. Only ends before which both mostly agree.
    """
    ours, theirs = _letters(heard), _letters(text)
    matcher = SequenceMatcher(None, [c for c, _ in ours], [c for c, _ in theirs], autojunk=False)
    ends = {}
    agreeing = 0
    for start, other, size in matcher.get_matching_blocks():
        for i in range(size):
            agreeing += 1
            at, where = ours[start + i][1] + 1, theirs[other + i][1] + 1
            # Behind it the same word begins, or nothing: no word of the transcript is left out or said twice.
            goes_on = start + i + 1 < len(ours) and other + i + 1 < len(theirs)
            parts = i + 1 == size and goes_on
            agreed = agreeing >= AGREEMENT * max(start + i + 1, other + i + 1)
            if agreed and not parts and (not text[where : where + 1].isalnum() or is_wide(text[where])):
                ends[at] = where
    return ends


def _letters(text: str) -> list[tuple[str, int]]:
    """Letters and digits without case, and where they stand."""
    return [(c.casefold(), i) for i, c in enumerate(text) if c.isalnum()]


def _with_its_punctuation(text: str, stop: int) -> str:
    """Return the text up to `stop` and the signs that follow it before the next word."""
    while stop < len(text) and not text[stop].isalnum() and not text[stop].isspace():
        stop += 1
    return text[:stop]
