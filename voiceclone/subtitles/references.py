"""Which part of a film's sound is best to learn a speaker's voice from. Pure functions.

Knows nothing of how a voice is made of it. Imports what computes when it is asked: who only asks an endpoint does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from voiceclone.subtitles.cues import Cue

if TYPE_CHECKING:
    from voiceclone.types import Waveform

LEAST_S, MOST_S, WANTED_S = 1.5, 11.0, 8.0
"""Of a reference: with less there is no voice in it, more is cut, and more than the last makes it no better."""
NEAR_S = 0.6
"""Cues of one speaker that lie closer are one stretch of speech."""
MOST_TRIED = 20
"""Stretches of a speaker that are listened to, the longest ones."""
CLEAR_DB = 30.0
"""Of speech above what is heard behind it: more is not needed."""


def best_stretch(
    cues: Sequence[Cue], speaker: str | None, part: Callable[[float, float], Waveform], sound_s: float
) -> tuple[float, float] | None:
    """Return from when to when a speaker is heard best, in seconds; None where there is too little of them.

    Long, with few pauses, and far above what sounds behind it; nobody else's cue lies in it.

    Args:
        cues: of all speakers, by their starts.
        part: returns what is heard from one second to another.
        sound_s: length of the sound.
    """
    stretches = [(start, min(end, start + MOST_S, sound_s)) for start, end in _stretches(cues, speaker)]
    longest = sorted((each for each in stretches if each[1] - each[0] >= LEAST_S), key=lambda each: each[0] - each[1])
    return max(longest[:MOST_TRIED], key=lambda each: _worth(part(*each)), default=None)


def cut(sound: Waveform, start_s: float, end_s: float) -> Waveform:
    """Return a part of a sound."""
    from voiceclone.types import Waveform

    rate = sound.sample_rate
    return Waveform(sound.samples[round(start_s * rate) : round(end_s * rate)], rate)


def _stretches(cues: Sequence[Cue], speaker: str | None) -> Iterator[tuple[float, float]]:
    """Yield from when to when one speaker alone has cues, in seconds."""
    start_s = end_s = 0.0
    until_s = -1.0
    for i, cue in enumerate(cues):
        following_s = cues[i + 1].start_s if i + 1 < len(cues) else float("inf")
        alone = cue.start_s >= until_s and following_s >= cue.end_s
        until_s = max(until_s, cue.end_s)
        goes_on = end_s > start_s and cue.start_s - end_s <= NEAR_S and cue.end_s - start_s <= MOST_S
        if cue.speaker == speaker and alone and goes_on:
            end_s = cue.end_s
            continue
        if end_s > start_s:
            yield start_s, end_s
        start_s, end_s = (cue.start_s, cue.end_s) if cue.speaker == speaker and alone else (0.0, 0.0)
    if end_s > start_s:
        yield start_s, end_s


def _worth(part: Waveform) -> float:
    """Return how good a reference a sound makes: more is better, 0 for silence."""
    import numpy as np

    from voiceclone import audio

    loudness_db, is_sound = audio.loudness_db(part), audio.sounding(part)
    if not is_sound.any():
        return 0.0
    above_db = float(np.percentile(loudness_db[is_sound], 75) - np.percentile(loudness_db, 5))
    sounding_s = float(is_sound.mean()) * part.duration_s
    return min(sounding_s, WANTED_S) * (0.5 + min(max(above_db, 0.0), CLEAR_DB) / CLEAR_DB)
