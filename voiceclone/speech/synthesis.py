"""A script spoken: takes as they are made, in the end one recording with the times of its words.

Knows nothing of jobs, replies or delivery.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from voiceclone import text
from voiceclone.deadline import Deadline
from voiceclone.errors import OutOfTime
from voiceclone.listening import Comparison, Recogniser, compare, in_order, on_readings
from voiceclone.model import AnyEngine, Sampling
from voiceclone.speech.mastering import Master, MasterOptions, mastered
from voiceclone.speech.planning import Script
from voiceclone.speech.takes import Studio, Take, Threshold
from voiceclone.timings import Timings
from voiceclone.types import Word


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
    urgent: bool = False
    """Whether somebody listens already."""


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

    def __init__(self, engine: AnyEngine, recogniser: Recogniser, languages: Sequence[str]) -> None:
        """`languages`: that the model speaks, ISO 639-1."""
        self._engine = engine
        self._recogniser = recogniser
        self._languages = languages

    def speak(
        self, script: Script, options: SynthesisOptions, deadline: Deadline, timings: Timings
    ) -> Generator[Take, None, Spoken]:
        """Yield every take as soon as it is final, in order; return the whole.

        Raises:
            OutOfTime: before all chunks were spoken and joined.
            SynthesisFailed, OutOfMemory, DeviceFailed: as the engine does.
        """
        takes: list[Take] = []
        coming = self._takes(script, options, deadline, timings)
        while True:
            with timings.measure("synthesis"):
                take = next(coming, None)
            if take is None:
                break
            takes.append(take)
            yield take
            if options.verify is None and len(takes) < len(script.chunks):
                share = len(takes) / len(script.chunks)
                deadline.check(f"{len(takes)} of {len(script.chunks)} chunks were spoken", share)
        with timings.measure("encode"):
            master = mastered(script, [take.waveform for take in takes], options.master, deadline)
        words: tuple[Word, ...] = ()
        notes = master.notes
        if options.word_times:
            try:
                with timings.measure("words"):
                    found = self._words(script, master, options.language, deadline)
                    words = tuple(in_order(found, master.waveform.duration_s))
            except OutOfTime as e:
                notes = (*notes, f"there are no word times and subtitles: {e}")
        return Spoken(tuple(takes), master, words, notes)

    def _takes(self, script: Script, options: SynthesisOptions, deadline: Deadline, timings: Timings) -> Iterator[Take]:
        studio = Studio(self._engine, options.sampling, options.target_rms, options.urgent)
        if options.verify is None:
            return studio.speak(script.chunks)

        def listen(take: Take) -> Comparison:
            language = self._language(take.chunk.text, options.language)
            with timings.measure("verify"):
                heard = self._recogniser.transcribe(take.waveform, language)
            deadline.check("chunks were being verified")
            return compare(take.chunk.text, heard, take.chunk.voice.text, language)

        return studio.speak_verified(script.chunks, listen, options.verify)

    def _words(self, script: Script, master: Master, language: str | None, deadline: Deadline) -> list[Word]:
        """Return when each word of the caller's text is said in the recording."""
        words: list[Word] = []
        ended = False
        heard = zip(master.parts, master.spans, strict=True)
        for line in script.lines:
            spoken: list[Word] = []
            for chunk, (part, span) in zip(line.chunks, heard, strict=False):
                deadline.check("words were being timed")
                aligned = self._recogniser.align(part, chunk.text, self._language(chunk.text, language))
                spoken += [replace(w, start_s=w.start_s + span.start_s, end_s=w.end_s + span.start_s) for w in aligned]
            found = on_readings(spoken, line.readings)
            if words and found:
                words[-1] = replace(words[-1], text=words[-1].text + _space(ended, words[-1].text, found[0].text))
            name = None if line.voice is None else line.voice.name
            words += [replace(word, voice=name) for word in found]
            ended = line.is_ended or (ended and not found)
        return words

    def _language(self, spoken: str, told: str | None) -> str | None:
        """Return what a piece of text is heard in."""
        return text.language_of(spoken, told, self._languages)


def _space(ended: bool, before: str, after: str) -> str:
    """Return what stands between two words: the end of a line, if one `ended`; nothing in scripts without spaces."""
    if ended:
        return "\n"
    return "" if text.is_wide(before[-1]) or text.is_wide(after[0]) else " "
