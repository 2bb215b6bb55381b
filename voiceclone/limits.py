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
from voiceclone.request import SynthesisRequest
from voiceclone.settings import Settings

IN_VAIN = 2.0
"""A job that would take so many times its time is left as soon as that is seen."""
SEEN = 0.1
"""Share of its time after which a job's pace is known."""
CURE = "send the text in several jobs, ask for quality fast, or raise the endpoint's execution timeout and MAX_JOB_S"


def refuse_oversize(script: Script, request: SynthesisRequest, settings: Settings) -> None:
    """Raise InvalidInput for a script that is longer, or more work, than a job's may be."""
    if (minutes := script.duration_s() / 60) > settings.max_speech_min:
        raise InvalidInput.at(
            request.text_field if request.duration is None else "duration",
            f"would be {minutes:.1f} minutes of audio with its pauses, at most {settings.max_speech_min} are allowed:"
            " split it into several jobs, or raise MAX_SPEECH_MIN",
        )
    references_s = sum(chunk.voice.waveform.duration_s for chunk in script.chunks)
    frames = round((sum(script.durations_s) + references_s) / audio.HOP_S)
    if frames > settings.max_frames:
        raise InvalidInput.at(
            request.text_field,
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

    @property
    def left_s(self) -> float:
        return self._limit_s - self._past_s()

    def check(self, doing: str, share: float = 1.0) -> None:
        """Raise OutOfTime if the time is over, or will not do by far.

        Args:
            doing: what was being done.
            share: how much of it is done, 0..1.
        """
        past_s = self._past_s()
        if past_s > self._limit_s:
            raise OutOfTime(f"{doing} when the {self._limit_s:g} s of a job were over: {CURE}")
        if past_s > SEEN * self._limit_s and past_s > share * IN_VAIN * self._limit_s:
            raise OutOfTime(f"{doing} in {past_s:.0f} of the {self._limit_s:g} s of a job, all will not be: {CURE}")

    def _past_s(self) -> float:
        return self._clock() - self._started
