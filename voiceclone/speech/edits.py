"""A recording with other words: heard, compared with what it should say, infilled; all other samples as they were.

Knows nothing of jobs or replies.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voiceclone import audio, text
from voiceclone.deadline import Deadline
from voiceclone.delivery import KeptChunks
from voiceclone.errors import OutOfTime
from voiceclone.listening import Recogniser, on_readings, spoken_words
from voiceclone.model import AnyEngine, Gap, Sampling
from voiceclone.speech.editing import (
    FADE_S,
    Change,
    Context,
    Cut,
    Sound,
    changes,
    joined,
    misheard,
    with_change,
)
from voiceclone.speech.takes import NEXT_SEED
from voiceclone.text import normalize
from voiceclone.timings import Timings
from voiceclone.types import SEEDS, Reading, Recording, Samples, Transcript, Waveform, Word

HOP = round(audio.HOP_S * audio.SAMPLE_RATE)
LEAST_CONTEXT = 3 * HOP
"""Samples at 24 kHz beside a change that the network hears something in; what is nearer to an end goes with it."""
ALIGNED_S = 25.0
"""Of speech, in which words are found at once."""
SHELF = "+edits"
"""Where what is spoken lies among what is kept: no voice is called so."""
AGAINST = 0.1
"""Of the energy that the channels have, what their mean must have: else they are against each other."""


@dataclass(frozen=True)
class EditPlan:
    """What is to change in a recording, and where."""

    recording: Recording
    mono: Waveform
    """At 24 kHz."""
    said: Sequence[Word]
    """With their times in the recording."""
    wanted: Sequence[str]
    changes: Sequence[Change]
    cuts: Sequence[Cut]
    contexts: Sequence[Context]
    seeds: Sequence[int]

    def was(self, change: Change) -> str:
        """Return the words that go."""
        return joined([word.text for word in self.said[change.first : change.last]])

    def now(self, change: Change) -> str:
        """Return the words that come."""
        return joined(self.wanted[change.begin : change.end])

    def faults(self, index: int, heard: str) -> int:
        """Return how many words of a change are not in what is heard of its context, or are beside it there."""
        change, context = self.changes[index], self.contexts[index]
        first = change.first - context.start
        told = spoken_words(self.text(change, context))
        return misheard(told, spoken_words(heard), range(first, first + change.end - change.begin))

    def text(self, change: Change, context: Context) -> str:
        """Return what is said in a change's context once it is made."""
        said = [word.text for word in self.said]
        return with_change(said, self.wanted, self.changes, change, context)


@dataclass(frozen=True)
class Stretch:
    """What is new in a recording, in its samples."""

    start: int
    length: int
    former_start: int
    """In the recording as it was."""
    former_end: int
    fades: tuple[int, int]
    """Before and behind it the caller's sound is faded into what is new."""


@dataclass(frozen=True)
class EditOptions:
    """How a change is to be spoken."""

    sampling: Sampling
    target_rms: float
    """Level that a quieter recording is raised to for the model."""
    attempts: int
    """How often a change is spoken until it is heard as it should be; 1: nobody listens."""
    language: str | None
    """ISO 639-1."""


@dataclass(frozen=True)
class Fill:
    """A change as it was spoken."""

    samples: Samples
    """At the recording's rate, from where the fade before it begins."""
    seed: int
    faults: int = 0
    """Words of it that are heard otherwise."""
    attempts: int = 1
    kept: bool = False
    """Whether it was spoken before, and is only found."""


@dataclass(frozen=True)
class Edited:
    """A recording in which words have changed."""

    recording: Recording
    stretches: Sequence[Stretch]
    fills: Sequence[Fill]


class Editor:
    """Changes words with one engine."""

    def __init__(self, engine: AnyEngine, recogniser: Recogniser, kept: KeptChunks) -> None:
        """`kept`: what was spoken before by the same model."""
        self._engine = engine
        self._recogniser = recogniser
        self._kept = kept

    def unknown_characters(self, wanted: str) -> list[str]:
        """Return what the model's vocabulary lacks, each once."""
        return self._engine.unknown_characters(wanted)

    def timed(self, mono: Waveform, said: str, heard: Transcript, language: str | None) -> list[Word]:
        """Return what is said in a recording in words, with their times. Raises as the recogniser does.

        `heard`: where about they are, for a recording that is longer than what can be looked at in one piece.
        """
        if mono.duration_s <= ALIGNED_S:
            return list(self._recogniser.align(mono, said, language))
        rough = on_readings(heard.words, [Reading(word, word) for word in spoken_words(said)])
        found: list[Word] = []
        start, start_s = 0, 0.0
        while start < len(rough):
            stop = start + 1
            while stop < len(rough) and rough[stop].end_s - start_s <= ALIGNED_S:
                stop += 1
            if stop < len(rough):  # at the longest pause of the second half
                halves = range((start + stop) // 2 + 1, stop + 1)
                stop = max(halves, key=lambda i: rough[i].start_s - rough[i - 1].end_s)
            end_s = (rough[stop - 1].end_s + rough[stop].start_s) / 2 if stop < len(rough) else mono.duration_s
            piece = mono.samples[round(start_s * mono.sample_rate) : round(end_s * mono.sample_rate)]
            told = "".join(word.text for word in rough[start:stop])
            aligned = self._recogniser.align(Waveform(piece, mono.sample_rate), told, language)
            found += [replace(w, start_s=w.start_s + start_s, end_s=w.end_s + start_s) for w in aligned]
            start, start_s = stop, end_s
        return found

    def plan(
        self,
        recording: Recording,
        mono: Waveform,
        said: Sequence[Word],
        wanted: str,
        seeds: Sequence[int],
        durations_s: Sequence[float] = (),
    ) -> EditPlan:
        """Return what is to change.

        Args:
            seeds: of each change; the last one counts on for further ones.
            durations_s: of each change, in order; those that are missing are as long as their texts need.
        """
        words = spoken_words(wanted)
        found = changes([word.text for word in said], words)
        sound = Sound(mono, said)
        asked = [*durations_s, *[None] * len(found)]
        cuts = [sound.cut(change, words, asked_s) for change, asked_s in zip(found, asked, strict=False)]
        contexts = [sound.context(change, cut) for change, cut in zip(found, cuts, strict=True)]
        more = [(seeds[-1] + i) % SEEDS for i in range(1, len(found) + 1)]
        return EditPlan(recording, mono, said, words, found, cuts, contexts, [*seeds, *more][: len(found)])

    def make(self, plan: EditPlan, how: EditOptions, deadline: Deadline, timings: Timings) -> Edited:
        """Speak what is new, and put it into the recording. What is heard otherwise is spoken again with another seed.

        Raises:
            OutOfTime: before all was spoken once.
            ModelUnavailable: there is no recogniser.
            SynthesisFailed, OutOfMemory, DeviceFailed: as the engine does.
        """
        stretches = _stretches(plan)
        best: dict[int, Fill] = {}
        left = list(range(len(stretches)))
        for attempt in range(1, how.attempts + 1):
            seeds = [(plan.seeds[i] + (attempt - 1) * NEXT_SEED) % SEEDS for i in left]
            missed = []
            try:
                with closing(self._fills(plan, stretches, left, seeds, how, timings)) as fills:
                    for i, fill in zip(left, fills, strict=True):
                        former = best.get(i, fill)
                        best[i] = replace(fill if fill.faults < former.faults else former, attempts=attempt)
                        missed += [i] if fill.faults else []
                        doing = f"{len(best)} of {len(stretches)} changes were spoken"
                        deadline.check(doing, len(best) / len(stretches))
            except OutOfTime:
                if len(best) < len(stretches):
                    raise
                break  # what there is will do
            left = missed
            if not left:
                break
        kept = [best[i] for i in range(len(stretches))]
        return Edited(_spliced(plan.recording, stretches, [fill.samples for fill in kept]), stretches, kept)

    def _fills(
        self,
        plan: EditPlan,
        stretches: Sequence[Stretch],
        which: Sequence[int],
        seeds: Sequence[int],
        how: EditOptions,
        timings: Timings,
    ) -> Generator[Fill, None, None]:
        """Speak these changes once, and listen to them with the speech around."""
        rate = plan.recording.sample_rate
        gaps = [_gap(plan, i, stretches[i], seed) for i, seed in zip(which, seeds, strict=True)]

        def infill(missing: list[int]) -> Generator[Samples, None, None]:
            return self._engine.infill([gaps[i] for i in missing], how.sampling, how.target_rms)

        wanted = [(SHELF, self._engine.made_of(gap, how.sampling, how.target_rms)) for gap in gaps]
        with closing(self._kept.found_or_made(wanted, infill)) as coming:
            for i, gap in zip(which, gaps, strict=True):
                with timings.measure("synthesis"):
                    samples, kept = next(coming)
                stretch = stretches[i]
                end = round(stretch.former_end * audio.SAMPLE_RATE / rate)
                new = samples[gap.lead : gap.lead + round(stretch.length * audio.SAMPLE_RATE / rate)]
                behind = plan.mono.samples[end : max(end, round(plan.contexts[i].end_s * audio.SAMPLE_RATE))]
                sound = Waveform(np.concatenate([gap.before, new, behind]), audio.SAMPLE_RATE)
                at_rate = audio.resample(Waveform(samples, audio.SAMPLE_RATE), rate).samples
                lead = round(gap.lead * rate / audio.SAMPLE_RATE)
                faults = 0
                if how.attempts > 1:
                    with timings.measure("verify"):
                        heard = self._recogniser.transcribe(sound, how.language)
                    faults = plan.faults(i, _as_said(heard.text, how.language))
                yield Fill(at_rate[max(0, lead - stretch.fades[0]) :], gap.seed, faults, kept=kept)

    def words(self, plan: EditPlan, edited: Edited, language: str | None) -> list[Word]:
        """Return the words of the recording as it is now, with their times. Raises as the recogniser does."""
        rate = edited.recording.sample_rate
        mono = mixed(edited.recording)
        found: list[Word] = []
        position, shift_s = 0, 0.0
        for change, stretch in zip(plan.changes, edited.stretches, strict=True):
            found += _moved(plan.said[position : change.first], shift_s)
            if new := plan.now(change):
                part = Waveform(mono.samples[stretch.start : stretch.start + stretch.length], rate)
                found += _moved(self._recogniser.align(part, new, language), stretch.start / rate)
            position = change.last
            shift_s = (stretch.start + stretch.length - stretch.former_end) / rate
        return [*found, *_moved(plan.said[position:], shift_s)]


def mixed(recording: Recording) -> Waveform:
    """Return a recording in one channel, at its own rate: the mean, or the loudest where they cancel each other."""
    samples = recording.samples
    mean = samples.mean(axis=1)
    energies = np.square(samples, dtype=np.float64).sum(axis=0)
    if np.square(mean, dtype=np.float64).sum() < AGAINST * energies.mean():
        mean = samples[:, int(np.argmax(energies))]
    return Waveform(np.ascontiguousarray(mean), recording.sample_rate)


def _as_said(heard: str, language: str | None) -> str:
    return normalize.normalize(text.clean(heard), language or "")


def _moved(words: Sequence[Word], by_s: float) -> list[Word]:
    return [replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in words]


def _stretches(plan: EditPlan) -> list[Stretch]:
    """Return where each change lies in the samples, before and after all of them are made."""
    rate, length = plan.recording.sample_rate, len(plan.recording.samples)
    least = math.ceil(LEAST_CONTEXT * rate / audio.SAMPLE_RATE)
    borders: list[tuple[int, int]] = []
    for cut in plan.cuts:
        start = max(round(cut.start_s * rate), borders[-1][1] if borders else 0)
        end = max(start, round(cut.end_s * rate))
        # So near to the recording's ends there is nothing to go on from.
        borders.append((0 if start < least else start, length if end > length - least else end))
    fade = round(FADE_S * rate)
    kept = [after[0] - before[1] for before, after in pairwise([(0, 0), *borders, (length, length)])]
    found, shift = [], 0
    for i, (cut, (start, end)) in enumerate(zip(plan.cuts, borders, strict=True)):
        new = round(cut.duration_s * rate)
        fades = tuple(min(fade, max(0, side // 2)) for side in kept[i : i + 2])
        found.append(Stretch(start + shift, new, start, end, (fades[0], fades[1])))
        shift += new - (end - start)
    return found


def _gap(plan: EditPlan, index: int, stretch: Stretch, seed: int) -> Gap:
    """Return what the network is given: whole hops up to the change, and from the hop on that follows it."""
    context, mono = plan.contexts[index], plan.mono.samples
    ratio = audio.SAMPLE_RATE / plan.recording.sample_rate
    start, end = round(stretch.former_start * ratio), round(stretch.former_end * ratio)
    first = max(0, min(round(context.start_s * audio.SAMPLE_RATE), start - LEAST_CONTEXT))
    last = max(round(context.end_s * audio.SAMPLE_RATE), end + 2 * LEAST_CONTEXT)
    before = mono[first:start]
    frames = math.ceil(stretch.length * ratio / HOP)
    after = mono[end + round(frames * HOP - stretch.length * ratio) : last]
    if len(after) <= LEAST_CONTEXT:
        after, frames = after[:0], frames + LEAST_CONTEXT // HOP
    told = plan.text(plan.changes[index], context)
    return Gap(before[len(before) % HOP :], after, told, frames, seed)


def _spliced(recording: Recording, stretches: Sequence[Stretch], spoken: Sequence[Samples]) -> Recording:
    """Return the recording with what is spoken in its stretches; each begins so long before as a fade lasts."""
    samples, loudness = recording.samples, _by_channel(recording)
    parts: list[NDArray[np.float32]] = []
    position = 0
    for stretch, speech in zip(stretches, spoken, strict=True):
        rise, fall = stretch.fades
        wanted = rise + stretch.length + fall
        new = np.pad(speech[:wanted], (0, max(0, wanted - len(speech))))[:, None] * loudness
        up, down = _ramp(rise), _ramp(fall)[::-1]
        before = samples[stretch.former_start - rise : stretch.former_start]
        after = samples[stretch.former_end : stretch.former_end + fall]
        new[:rise] = new[:rise] * up + before * (1 - up)
        new[wanted - fall :] = new[wanted - fall :] * down + after * (1 - down)
        parts += [samples[position : stretch.former_start - rise], new.astype(np.float32)]
        position = stretch.former_end + fall
    return replace(recording, samples=np.concatenate([*parts, samples[position:]]))


def _ramp(length: int) -> NDArray[np.float32]:
    """Return a rise from nothing to one, (length, 1)."""
    phase = (np.arange(length, dtype=np.float32) + 0.5) / max(1, length)
    return np.square(np.sin(np.pi / 2 * phase))[:, None].astype(np.float32)


def _by_channel(recording: Recording) -> NDArray[np.float32]:
    """Return how loud each channel has what all have in common, (channels,): a voice stays where it is between them."""
    common = mixed(recording).samples.astype(np.float64)
    energy = float(common @ common)
    return (recording.samples.T.astype(np.float64) @ common / energy if energy else np.ones(1)).astype(np.float32)
