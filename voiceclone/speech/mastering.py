"""From spoken chunks to one recording, as they come: silence, rate, pauses, length; loudness at the end.

Knows nothing of how chunks are spoken or delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voiceclone import audio
from voiceclone.audio import silence
from voiceclone.deadline import Deadline
from voiceclone.settings import GRACE_S
from voiceclone.speech.planning import Script
from voiceclone.types import Samples, Span, Waveform

MASTERING = "the recording was being put together"
LOUD_ENOUGH_DB = 0.5
"""By so much the loudness may be off."""
TITLE_CHARS = 60
"""Of the text, in a sound file's title."""


@dataclass(frozen=True)
class MasterOptions:
    """How the recording is to be."""

    sample_rate: int = audio.SAMPLE_RATE
    duration_s: float | None = None
    """Of the whole; None: as long as its parts are."""
    loudness_lufs: float | None = None
    """None: as loud as it was spoken."""
    remove_silence: bool = False
    """Whether silence around chunks is cut and their long pauses are shortened."""


@dataclass(frozen=True)
class Master:
    """The recording as it is delivered."""

    waveform: Waveform
    spans: tuple[Span, ...]
    """Where each chunk lies."""
    notes: tuple[str, ...]
    """For the caller."""


class Mastering:
    """Puts a script's recording together while its chunks are spoken."""

    def __init__(self, script: Script, options: MasterOptions) -> None:
        self._options = options
        self._pauses_s = script.pauses_s
        self._joiner = audio.Joiner(options.sample_rate, script.cross_fade_s, self._pauses_s[0])
        # Chunks are whole frames long: what is missing or too much is about one.
        self._length = None if options.duration_s is None else round(options.duration_s * options.sample_rate)
        self._given: list[Samples] = []
        self._given_length = 0
        self._spans: list[Span] = []

    def add(self, chunk: Waveform, deadline: Deadline) -> tuple[Samples, Waveform, Span]:
        """Add the script's next chunk. Raises OutOfTime.

        Returns:
            The samples that are final now, at the asked rate and directly behind those given before; with the last
            chunk, all that are left. The chunk as it went into the recording; and where it lies there.
        """
        deadline.check(MASTERING, grace_s=GRACE_S)
        rate = self._options.sample_rate
        part = _without_silence(chunk) if self._options.remove_silence else chunk
        pause_s = self._pauses_s[len(self._spans) + 1]
        samples, span = self._joiner.add(audio.resample(part, rate).samples, pause_s)
        is_last = len(self._spans) + 2 == len(self._pauses_s)
        if is_last:
            samples = np.concatenate([samples, self._joiner.rest()])
        if self._length is not None:
            samples = samples[: self._length - self._given_length]
            missing = self._length - self._given_length - len(samples)
            samples = np.pad(samples, (0, missing if is_last else 0))
            span = Span(span.start_s, min(span.end_s, self._length / rate))
        self._given.append(samples)
        self._given_length += len(samples)
        self._spans.append(span)
        return samples, part, span

    def whole(self, deadline: Deadline) -> Master:
        """Return the recording of all chunks: what was given out, as loud as asked. Raises OutOfTime."""
        deadline.check(MASTERING, grace_s=GRACE_S)
        waveform = Waveform(np.concatenate(self._given), self._options.sample_rate)
        waveform, notes = levelled(waveform, self._options.loudness_lufs, deadline)
        return Master(waveform, tuple(self._spans), notes)


def title_of(spoken: str) -> str:
    """Return the first words."""
    if len(spoken) <= TITLE_CHARS:
        return spoken
    return spoken[:TITLE_CHARS].rpartition(" ")[0] or spoken[:TITLE_CHARS]


def _without_silence(waveform: Waveform) -> Waveform:
    """As it is where all of it is so quiet that nothing would be left."""
    tidied = silence.tidy(waveform)
    return tidied if len(tidied.samples) else waveform


def levelled(waveform: Waveform, lufs: float | None, deadline: Deadline) -> tuple[Waveform, tuple[str, ...]]:
    """Return the waveform at the asked loudness, and what the caller should know; None: as it is. Raises OutOfTime."""
    if lufs is None:
        return waveform, ()
    louder, reached = audio.made_as_loud(waveform, lufs, lambda: deadline.check(MASTERING, grace_s=GRACE_S))
    if abs(reached - lufs) <= LOUD_ENOUGH_DB:
        return louder, ()
    off = f"{abs(reached - lufs):.1f} LU too {'quiet' if reached < lufs else 'loud'}"
    note = f"the loudness is {reached:.1f} LUFS, not {lufs:.1f}, {off}: the speech is too short or its peaks too high"
    return louder, (note,)
