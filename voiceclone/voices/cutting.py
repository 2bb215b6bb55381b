"""A recording becomes a reference: short enough, and with exactly the words that are in it. Pure functions.

Knows nothing of where recordings come from or of how words are recognised: it is given what was heard. Upstream cuts a
long recording and keeps the whole transcript, so that the model says the rest of it into the speech; here both are cut
at the same word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from voiceclone.audio import FADE_S, FRAME_S, loudness_db
from voiceclone.text import SENTENCE_ENDS, is_wide
from voiceclone.types import Waveform, Word

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
    words: tuple[Word, ...]
    """What is heard before it."""


def cut(waveform: Waveform, words: Sequence[Word], max_duration_s: float, transcript: str | None = None) -> Cut | None:
    """The best place to end both sound and text: behind a sentence, else in the longest pause, before `max_duration_s`.

    Args:
        words: what was heard in the waveform.
        transcript: what is said in it, if someone knows better than the recogniser.

    Returns:
        None where no word ends early enough, or where the transcript is not what was heard.
    """
    heard = "".join(word.text for word in words)
    text = heard if transcript is None else transcript
    shared = _shared_word_ends(heard, text)
    candidates = []
    position = 0
    for i, word in enumerate(words):
        letters = [at for at, c in enumerate(word.text) if c.isalnum()]
        stop = shared.get(position + letters[-1] + 1) if letters else None
        position += len(word.text)
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
    """The first part, faded out."""
    samples = waveform.samples[: int(duration_s * waveform.sample_rate)].copy()
    fade = min(len(samples), int(FADE_S * waveform.sample_rate))
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return Waveform(samples, waveform.sample_rate)


def _quietest(waveform: Waveform, start_s: float, end_s: float) -> float:
    """The middle of the quietest frame between two times."""
    loudness = loudness_db(waveform)
    first = min(max(0, int(start_s / FRAME_S)), len(loudness) - 1)
    last = max(first + 1, int(end_s / FRAME_S))
    return (first + int(np.argmin(loudness[first:last])) + 0.5) * FRAME_S


def _shared_word_ends(heard: str, text: str) -> dict[int, int]:
    """Where words of `heard` end that end words of `text` too: characters of the one to characters of the other.

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
    """The text up to `stop` and the signs that follow it before the next word."""
    while stop < len(text) and not text[stop].isalnum() and not text[stop].isspace():
        stop += 1
    return text[:stop]
