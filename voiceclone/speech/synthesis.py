"""A script spoken: takes and sound as they are made, in the end one recording with the times of its words.

Knows nothing of jobs, replies or delivery.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np

from voiceclone import text
from voiceclone.deadline import Deadline
from voiceclone.delivery import KeptChunks
from voiceclone.errors import OutOfTime
from voiceclone.listening import Comparison, Recogniser, compare
from voiceclone.model import AnyEngine, Sampling
from voiceclone.speech.mastering import Master, Mastering, MasterOptions
from voiceclone.speech.planning import Script
from voiceclone.speech.takes import Studio, Take, Threshold
from voiceclone.speech.words import WordTimes
from voiceclone.timings import Timings
from voiceclone.types import Chunk, Samples, Word

SPARE = 2.0
"""While speech is streamed, words are timed if so many times as much time is left as the rest of the speech needs."""
NOTHING: Samples = np.zeros(0, np.float32)


@dataclass(frozen=True)
class SynthesisOptions:
    """How a script is to be spoken."""

    sampling: Sampling
    target_rms: float
    """Level that a quieter reference is raised to for the model."""
    master: MasterOptions
    language: str | None = None
    """Of the text, ISO 639-1; None: told by its characters and by what the model speaks."""
    verify: Threshold | None = None
    """When a take is good enough; None: nobody listens."""
    word_times: bool = False
    """Whether it is found out when each word is said."""
    streamed: bool = False
    """Whether somebody listens already: each chunk comes with its words, and is spoken until it is good enough before
    the next one is begun."""


@dataclass(frozen=True)
class Part:
    """What is new of a recording that is being spoken."""

    take: Take | None
    """The chunk whose sound this is; None for words alone."""
    samples: Samples
    """At the asked rate, directly behind those of the part before: all parts one after the other are the recording, as
    loud as it was spoken. The end of a chunk that the next one is faded into comes with that."""
    words: tuple[Word, ...]
    """Directly behind those of the part before, in seconds of the recording. None comes before its sound."""


@dataclass(frozen=True)
class Spoken:
    """A script as it was spoken."""

    takes: tuple[Take, ...]
    master: Master
    words: tuple[Word, ...]
    """Of the caller's text, in seconds of the recording; empty where they were not asked for, or time was short."""
    notes: tuple[str, ...]
    """For the caller."""


class Synthesizer:
    """Speaks scripts with one engine; one script at a time where it is not shared."""

    def __init__(self, engine: AnyEngine, recogniser: Recogniser, languages: Sequence[str], kept: KeptChunks) -> None:
        """
        Args:
            languages: that the model speaks, ISO 639-1.
            kept: what was spoken before by the same model.
        """
        self._engine = engine
        self._recogniser = recogniser
        self._languages = languages
        self._kept = kept

    def speak(
        self, script: Script, options: SynthesisOptions, deadline: Deadline, timings: Timings
    ) -> Generator[Part, None, Spoken]:
        """Yield every take as soon as it is final, in order, with the sound that is; and words. Return the whole.

        Words are found when everything is spoken; if `streamed`, behind each take that leaves time for that.

        Raises:
            OutOfTime: before all chunks were spoken and joined.
            SynthesisFailed, OutOfMemory, DeviceFailed: as the engine does.
        """
        takes: list[Take] = []
        mastering = Mastering(script, options.master)
        language_of = partial(self._language, told=options.language)
        times = WordTimes(script, self._recogniser, language_of) if options.word_times else None
        words: list[Word] = []
        left_s = deadline.left_s
        for take in self.takes(script, options, deadline, timings):
            takes.append(take)
            with timings.measure("encode"):
                samples, part, span = mastering.add(take.waveform, deadline)
            yield Part(take, samples, ())
            if times is None:
                continue
            times.add(part, span)
            if options.streamed and _may_wait(script, len(takes), left_s, deadline.left_s):
                with timings.measure("words"):
                    found = times.find()
                words += found
                yield Part(None, NOTHING, tuple(found))
        with timings.measure("encode"):
            master = mastering.whole(deadline)
        notes = master.notes
        if times is not None:
            try:
                with timings.measure("words"):
                    found = times.find(partial(deadline.check, "words were being timed"))
                words += found
                yield Part(None, NOTHING, tuple(found))
            except OutOfTime as e:
                words = []
                notes = (*notes, f"there are no word times and subtitles: {e}")
        return Spoken(tuple(takes), master, tuple(words), notes)

    def takes(self, script: Script, options: SynthesisOptions, deadline: Deadline, timings: Timings) -> Iterator[Take]:
        """Yield a final take of each chunk, in order. Raises as `speak`."""
        coming = self._takes(script, options, deadline, timings)
        for done in count(1):
            with timings.measure("synthesis"):
                take = next(coming, None)
            if take is None:
                return
            if options.verify is None and done < len(script.chunks):
                deadline.check(f"{done} of {len(script.chunks)} chunks were spoken", done / len(script.chunks))
            yield take

    def _takes(self, script: Script, options: SynthesisOptions, deadline: Deadline, timings: Timings) -> Iterator[Take]:
        studio = Studio(self._engine, options.sampling, options.target_rms, self._kept, urgent=options.streamed)

        def listen(take: Take) -> Comparison:
            language = self._language(take.chunk.text, options.language)
            with timings.measure("verify"):
                heard = self._recogniser.transcribe(take.waveform, language)
            deadline.check("chunks were being verified")
            return compare(take.chunk.text, heard, take.chunk.voice.text, language)

        if options.verify is None:
            yield from studio.speak(script.chunks)
            return
        together: list[list[Chunk]] = [[chunk] for chunk in script.chunks] if options.streamed else [script.chunks]
        for chunks in together:
            yield from studio.speak_verified(chunks, listen, options.verify)

    def _language(self, spoken: str, told: str | None) -> str | None:
        """Return what a piece of text is heard in."""
        return text.language_of(spoken, told, self._languages)


def _may_wait(script: Script, takes: int, before_s: float, left_s: float) -> bool:
    """Whether the rest of the speech has time to spare, as fast as it was spoken up to now.

    Args:
        takes: how many there are.
        before_s: of the job's time, what was left when the first one was begun.
        left_s: what is left now.
    """
    done_s, rest_s = sum(script.durations_s[:takes]), sum(script.durations_s[takes:])
    return left_s == math.inf or left_s >= SPARE * (before_s - left_s) * rest_s / done_s
