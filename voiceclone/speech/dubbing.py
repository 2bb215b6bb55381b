"""From cues to a track: each is spoken at its own start, in the time that there is for it. Pure functions.

Nobody is slowed down to fill a slot. Who needs longer than the cue borrows from the silence behind it, then speaks
faster, up to a bound; what is longer still is told, and never cut. Knows nothing of films, or of how chunks are spoken.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from voiceclone import audio
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput
from voiceclone.speech.former import Former
from voiceclone.speech.planning import Passage, Script, ScriptOptions, Speaker, plan, with_chunks
from voiceclone.speech.reading import TextReader
from voiceclone.subtitles import Cue
from voiceclone.types import SEEDS, ReferenceVoice, Samples, Waveform

NEAR_S = 1e-6
"""What is less is rounding."""
MAX_OVERLAPS = 10
"""Cues that are told for one that is spoken into them."""


@dataclass(frozen=True)
class DubOptions:
    """What holds for a track as a whole."""

    seed: int
    """Of the first chunk; the others count on."""
    seeds: Sequence[int] | None = None
    """One for each chunk, instead."""
    max_rate: float = 1.3
    """How many times faster than by itself a voice may speak."""
    borrow_s: float = 2.0
    """How much of the silence behind a cue may be spoken in."""
    duration_s: float | None = None
    """Of the source; None: the track ends with its last cue."""
    takes: Sequence[Former] = ()
    """Chunks of an earlier take, in order: who says the same again has their seeds."""


@dataclass(frozen=True)
class Slot:
    """A cue and how it is spoken."""

    cue: Cue
    script: Script
    natural_s: float
    """How long it would be if nothing hurried."""
    latest_s: float
    """When it has to be over: at the cue's end, or later by what is borrowed."""

    @property
    def length_s(self) -> float:
        return self.script.duration_s()

    @property
    def end_s(self) -> float:
        return self.cue.start_s + self.length_s

    @property
    def rate(self) -> float:
        """Relative to how the voice would speak by itself."""
        return self.natural_s / self.length_s

    @property
    def over_s(self) -> float:
        """By how much it is too long; 0 where it fits."""
        over_s = self.end_s - self.latest_s
        return over_s if over_s > NEAR_S else 0.0


@dataclass(frozen=True)
class Dub:
    """All that is to be spoken, by the starts of the cues."""

    slots: tuple[Slot, ...]
    duration_s: float
    """Of the track: the source's, but no word is cut."""

    @property
    def script(self) -> Script:
        """The chunks of all slots."""
        scripts = [slot.script for slot in self.slots]
        return Script(
            tuple(line for script in scripts for line in script.lines),
            0.0,
            0.0,
            tuple(each for script in scripts for each in script.durations_s),
            tuple(dict.fromkeys(each for script in scripts for each in script.left_out)),
            tuple(dict.fromkeys(each for script in scripts for each in script.warnings)),
        )

    def overlapped(self) -> list[list[int]]:
        """Return for each slot the cues, by their numbers, that begin before it is over; MAX_OVERLAPS at most."""
        starts = [slot.cue.start_s for slot in self.slots]
        found = []
        for i, slot in enumerate(self.slots):
            until = bisect_left(starts, slot.end_s - NEAR_S, i + 1)
            found.append([each.cue.index for each in self.slots[i + 1 : min(until, i + 1 + MAX_OVERLAPS)]])
        return found


def latest_ends(cues: Sequence[Cue], borrow_s: float, duration_s: float | None) -> list[float]:
    """Return when each cue has to be over: at its own end, or later by what it may borrow before the next one begins.

    Args:
        cues: by their starts.
        borrow_s: how much later than its own end.
        duration_s: of the source, beyond which nothing is borrowed.
    """
    starts = [cue.start_s for cue in cues]
    ends = []
    for i, cue in enumerate(cues):
        following = bisect_left(starts, cue.end_s, i + 1)
        bounds = [
            cue.end_s + borrow_s,
            *starts[following : following + 1],
            *([] if duration_s is None else [duration_s]),
        ]
        ends.append(max(cue.end_s, min(bounds)))
    return ends


def plan_dub(
    cues: Sequence[Cue],
    voices: Mapping[str | None, ReferenceVoice],
    speaker: Speaker,
    reader: TextReader,
    options: DubOptions,
    deadline: Deadline,
) -> Dub:
    """Make chunks of cues, each as long as there is time for it.

    Args:
        cues: by their starts.
        voices: by the speakers' names; None: of cues that name none.

    Raises:
        OutOfTime: the deadline passes before all is planned.
        InvalidInput: the model's vocabulary has nothing of a cue; one begins behind the source's end; or the seeds are
            not as many as the chunks.
    """
    slots: list[Slot] = []
    spoken = 0
    latest = latest_ends(cues, options.borrow_s, options.duration_s)
    for cue, latest_s in zip(cues, latest, strict=True):
        field = f"subtitles[{cue.index}]"
        if options.duration_s is not None and cue.start_s >= options.duration_s:
            raise InvalidInput.at(
                field,
                f"begins at {cue.start_s:g} s, the source ends at {options.duration_s:g} s: send its own subtitles",
            )
        passage = Passage(field, cue.text, cue.speaker, field, 1.0, None, 0.0, is_ended=True)
        how = ScriptOptions((options.seed + spoken) % SEEDS, cross_fade_s=0.0, field=field)
        script = plan([passage], {cue.speaker: voices[cue.speaker]}, speaker, reader, how, deadline)
        spoken += len(script.chunks)
        fast = _hurried(script, latest_s - cue.start_s, options.max_rate, speaker)
        slots.append(Slot(cue, fast, script.duration_s(), latest_s))
    if options.seeds is not None and len(options.seeds) != spoken:
        told = f"has {len(options.seeds)} entries and the cues make {spoken} chunks: send seed instead"
        raise InvalidInput.at("seeds", told)
    slots = _seeded(slots, options.seeds or _taken_up(slots, options.takes))
    ends = [slot.end_s for slot in slots]
    if options.duration_s is None:
        ends += [slot.cue.end_s for slot in slots]
    return Dub(tuple(slots), max([*ends, options.duration_s or 0.0]))


def _hurried(script: Script, most_s: float, max_rate: float, speaker: Speaker) -> Script:
    """As it is where it takes no longer than `most_s`; else as much faster as it must be and may."""
    natural_s = script.duration_s()
    if natural_s <= most_s + NEAR_S:
        return script
    rate = min(max_rate, natural_s / most_s) if most_s > 0 else max_rate
    chunks = []
    for chunk, duration_s in zip(script.chunks, script.durations_s, strict=True):
        hops = duration_s / audio.HOP_S
        least = math.ceil(hops / max_rate - NEAR_S)
        chunks.append(replace(chunk, duration_s=max(least, math.floor(hops / rate + NEAR_S)) * audio.HOP_S))
    hurried = replace(with_chunks(script, chunks), durations_s=tuple(map(speaker.duration_s, chunks)))
    return hurried if hurried.duration_s() < natural_s else script


def _taken_up(slots: Sequence[Slot], takes: Sequence[Former]) -> list[int]:
    """Return the seeds of all chunks: those of the takes that are still said, in their order."""
    from rapidfuzz.distance import Levenshtein

    chunks = [chunk for slot in slots for chunk in slot.script.chunks]
    seeds = [chunk.seed for chunk in chunks]
    for step in Levenshtein.opcodes([take.text for take in takes], [chunk.text for chunk in chunks]):
        if step.tag == "equal":
            former = takes[step.src_start : step.src_end]
            seeds[step.dest_start : step.dest_end] = [take.seed for take in former]
    return seeds


def _seeded(slots: Sequence[Slot], seeds: Sequence[int]) -> list[Slot]:
    left = iter(seeds)
    return [
        replace(
            slot, script=with_chunks(slot.script, [replace(chunk, seed=next(left)) for chunk in slot.script.chunks])
        )
        for slot in slots
    ]


class Track:
    """Lays what is spoken of a dub where it belongs."""

    def __init__(self, dub: Dub, sample_rate: int) -> None:
        """`sample_rate`: of the track in Hertz."""
        self._rate = sample_rate
        self._samples: Samples = np.zeros(round(dub.duration_s * sample_rate), np.float32)
        self._open = [(slot, len(slot.script.chunks)) for slot in reversed(dub.slots)]
        self._parts: list[Samples] = []
        self._spans: list[tuple[int, int]] = []

    def add(self, chunk: Waveform) -> None:
        """Add the dub's next chunk."""
        self._parts.append(audio.resample(chunk, self._rate).samples)
        slot, chunks = self._open[-1]
        if len(self._parts) < chunks:
            return
        joined, _ = audio.join(self._parts, [0.0] * (chunks + 1), self._rate, 0.0)
        start = round(slot.cue.start_ms * self._rate / 1000)
        end = start + len(joined.samples)
        if end > len(self._samples):
            self._samples = np.pad(self._samples, (0, end - len(self._samples)))
        self._samples[start:end] += joined.samples
        self._spans.append((start, end))
        self._parts = []
        self._open.pop()

    @property
    def waveform(self) -> Waveform:
        return Waveform(self._samples, self._rate)

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """From which sample to which each cue is spoken."""
        return self._spans
