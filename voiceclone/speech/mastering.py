"""From spoken chunks to one recording: silence, rate, pauses, length, loudness. Pure functions.

Knows nothing of how chunks are spoken or delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from voiceclone import audio
from voiceclone.audio import silence
from voiceclone.deadline import Deadline
from voiceclone.settings import GRACE_S
from voiceclone.speech.planning import Script
from voiceclone.types import Span, Waveform

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
    parts: tuple[Waveform, ...]
    """The chunks as they went into it."""
    spans: tuple[Span, ...]
    """Where each of them lies."""
    notes: tuple[str, ...]
    """For the caller."""


def mastered(script: Script, chunks: Sequence[Waveform], options: MasterOptions, deadline: Deadline) -> Master:
    """Make one recording of a script's chunks as they were spoken. Raises OutOfTime."""
    parts = tuple(map(_without_silence, chunks)) if options.remove_silence else tuple(chunks)
    waveform, spans = _joined(script, _in_time(parts, deadline), options)
    deadline.check(MASTERING, grace_s=GRACE_S)
    waveform, notes = _levelled(waveform, options.loudness_lufs, deadline)
    return Master(waveform, parts, spans, notes)


def title_of(spoken: str) -> str:
    """Return the first words."""
    if len(spoken) <= TITLE_CHARS:
        return spoken
    return spoken[:TITLE_CHARS].rpartition(" ")[0] or spoken[:TITLE_CHARS]


def _in_time(parts: Iterable[Waveform], deadline: Deadline) -> Iterator[Waveform]:
    for part in parts:
        deadline.check(MASTERING, grace_s=GRACE_S)
        yield part


def _without_silence(waveform: Waveform) -> Waveform:
    """As it is where all of it is so quiet that nothing would be left."""
    tidied = silence.tidy(waveform)
    return tidied if len(tidied.samples) else waveform


def _joined(script: Script, parts: Iterable[Waveform], options: MasterOptions) -> tuple[Waveform, tuple[Span, ...]]:
    """Return the chunks at the asked rate, one after the other, as long as asked; and where each lies."""
    rate = options.sample_rate
    samples = (audio.resample(part, rate).samples for part in parts)
    waveform, spans = audio.join(samples, script.pauses_s, rate, script.cross_fade_s)
    if options.duration_s is None:
        return waveform, spans
    # Chunks are whole frames long: what is missing or too much is about one.
    fitted = audio.of_length(waveform, round(options.duration_s * rate))
    return fitted, tuple(replace(span, end_s=min(span.end_s, fitted.duration_s)) for span in spans)


def _levelled(waveform: Waveform, lufs: float | None, deadline: Deadline) -> tuple[Waveform, tuple[str, ...]]:
    """At the asked loudness, and what the caller should know."""
    if lufs is None:
        return waveform, ()
    louder, reached = audio.made_as_loud(waveform, lufs, lambda: deadline.check(MASTERING, grace_s=GRACE_S))
    if abs(reached - lufs) <= LOUD_ENOUGH_DB:
        return louder, ()
    off = f"{abs(reached - lufs):.1f} LU too {'quiet' if reached < lufs else 'loud'}"
    note = f"the loudness is {reached:.1f} LUFS, not {lufs:.1f}, {off}: the speech is too short or its peaks too high"
    return louder, (note,)
