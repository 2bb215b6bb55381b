"""How large a job may be and how long it may take.

Knows nothing of how speech is made. What is too large is refused before it costs GPU time; a job that takes too long
leaves by itself, with a reason: the platform would end it and its worker without one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from voiceclone import audio
from voiceclone.errors import InvalidInput, OutOfTime
from voiceclone.planning import Script
from voiceclone.settings import Settings

CERTAINLY = 2.0
"""The pace of one job is not the next one's: only what would take so many times the time is refused beforehand."""


def refuse_oversize(script: Script, field: str, settings: Settings) -> None:
    """Raise InvalidInput for a script that is longer, or more work, than a job's may be."""
    if (minutes := script.duration_s() / 60) > settings.max_speech_min:
        raise InvalidInput.at(
            field,
            f"would be {minutes:.1f} minutes of audio with its pauses, at most {settings.max_speech_min} are allowed:"
            " split it into several jobs, or raise MAX_SPEECH_MIN",
        )
    references_s = sum(chunk.voice.waveform.duration_s for chunk in script.chunks)
    frames = round((sum(script.durations_s) + references_s) / audio.HOP_S)
    if frames > settings.max_frames:
        raise InvalidInput.at(
            field,
            f"would be {frames} frames in {len(script.chunks)} chunks, the reference counted with each, at most"
            f" {settings.max_frames} are allowed: use longer parts or a shorter reference, split it into several jobs,"
            " or raise MAX_FRAMES",
        )


class Deadline:
    """When a job has to be over."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._started = clock()

    def check(self, doing: str) -> None:
        """Raise OutOfTime if the time is over; `doing`: what was being done."""
        if self._clock() - self._started > self._limit_s:
            raise OutOfTime(f"{doing} when the {self._limit_s:g} s of a job were over: {self._cure}")

    def refuse(self, expected_s: float) -> None:
        """Raise OutOfTime for work that is expected to take far longer than there is time."""
        if expected_s > CERTAINLY * self._limit_s:
            raise OutOfTime(f"this would take about {expected_s:.0f} s, a job may take {self._limit_s:g}: {self._cure}")

    _cure = (
        "send the text in several jobs, ask for quality fast, or raise the endpoint's execution timeout and MAX_JOB_S"
    )
