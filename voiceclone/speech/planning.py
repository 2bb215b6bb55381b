"""From passages of a text to chunks: what is said in each, in whose voice, with which seed, for how long.

Knows nothing of the network: it is told what a voice says well in one pass and how long a chunk will be.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import NamedTuple, Protocol

from voiceclone import audio, text
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput
from voiceclone.speech import former
from voiceclone.speech.former import Former, Place
from voiceclone.speech.pacing import Pace
from voiceclone.speech.reading import TextReader
from voiceclone.text import markup
from voiceclone.types import SEEDS, Chunk, Reading, ReferenceVoice

MAX_GROWTH, ALWAYS_READ = 10, 10_000
"""How many times as long a text may become when it is read out, and the characters that may be added to any."""
TURN_PAUSE_S = 0.3
"""Between two voices. Who answers in a conversation begins about 0.2 s after the other; whoever listens to a recording,
and does not see who speaks, is given a little more."""
UNFADED_S = 1e-9
"""A pause of no sample: one voice is never faded into another."""
MAX_SHOWN = 40
"""Characters of the caller's text in a warning."""
_SPACES = re.compile(" +")
PACED_BY = 1_000
"""Characters that tell how fast a passage is spoken."""
STRETCH = (1 / 3, 1 / 0.3)
"""How much shorter or longer than by itself a text may be spoken."""


class Speaker(Protocol):
    """What is asked of the engine."""

    def max_chunk_size(self, voice: ReferenceVoice, speed: float) -> int: ...

    def unknown_characters(self, chunk_text: str) -> list[str]: ...

    def duration_s(self, chunk: Chunk) -> float: ...


@dataclass(frozen=True)
class Passage:
    """A part of the text that one voice says at one pace."""

    field: str
    """Where the caller wrote it, for errors."""
    text: str
    """Clean; may be empty: a pause at the very beginning."""
    voice: str | None
    """What the voice is called; None: the one that speaks where nothing is said."""
    voice_field: str
    """Where its voice is named, for errors."""
    speed: float
    """Relative to the reference."""
    seed: int | None
    """Of the first chunk of all passages of one field; the others count on. None: as all others count."""
    pause_after_s: float
    is_told: bool = False
    """Whether the pause was asked for, so that no other is made there."""
    is_ended: bool = False
    """Whether a line or a paragraph ends here: if no sign says so, the voice is to be told."""
    said: Sequence[markup.Said] = ()
    """Parts of the text that are said otherwise than they are written."""


@dataclass(frozen=True)
class ScriptOptions:
    """What holds for a script as a whole."""

    seed: int
    """Of the first chunk; the others count on."""
    seeds: Sequence[int] | None = None
    """One for each chunk, instead."""
    duration_s: float | None = None
    """Wanted length of the audio, pauses included."""
    cross_fade_s: float = 0.15
    """How far neighbouring chunks overlap."""
    field: str = "text"
    """Where the caller wrote the text, for errors."""
    streamed: bool = False
    """Whether the first chunk is short, and the others grow: each can be spoken while those before are heard."""
    takes: Sequence[Former] = ()
    """Of an earlier take: what of the text is the same becomes the same chunks, with their seeds."""


@dataclass(frozen=True)
class Line:
    """A passage, ready to be spoken."""

    readings: tuple[Reading, ...]
    chunks: tuple[Chunk, ...]
    pause_after_s: float
    is_told: bool = False
    """Whether the pause was asked for."""
    is_ended: bool = False
    """Whether a line or a paragraph ends here."""

    @property
    def voice(self) -> ReferenceVoice | None:
        """Whoever says it; None where nothing is said."""
        return self.chunks[0].voice if self.chunks else None

    @property
    def spoken(self) -> str:
        return "".join(reading.spoken for reading in self.readings)


@dataclass(frozen=True)
class Script:
    """All that is to be spoken."""

    lines: tuple[Line, ...]
    pause_before_s: float
    cross_fade_s: float
    durations_s: tuple[float, ...]
    """Of each chunk, as predicted."""
    left_out: tuple[str, ...]
    """Characters that the vocabulary lacks."""
    warnings: tuple[str, ...]

    @property
    def chunks(self) -> list[Chunk]:
        return [chunk for line in self.lines for chunk in line.chunks]

    @property
    def spoken(self) -> str:
        return " ".join(line.spoken for line in self.lines if line.spoken)

    @property
    def pauses_s(self) -> list[float]:
        """Before the first chunk, and behind each; 0 where neighbours are faded into each other."""
        pauses = [self.pause_before_s]
        is_told = False
        voice: ReferenceVoice | None = None
        for line in self.lines:
            if line.voice is not None:
                if voice is not None and line.voice.name != voice.name:
                    pauses[-1] = max(pauses[-1], UNFADED_S if is_told else TURN_PAUSE_S)
                pauses += [0.0] * len(line.chunks)
                is_told, voice = False, line.voice
            # Of a line without chunks: it changes the pause before it.
            if line.is_told:
                pauses[-1] = line.pause_after_s + (pauses[-1] if is_told else 0.0)
                is_told = True
            elif not is_told:
                pauses[-1] = max(pauses[-1], line.pause_after_s)
        return pauses

    def duration_s(self, stretch: float = 1.0) -> float:
        """Of the whole, if its chunks are so many times as long as predicted."""
        rate = audio.SAMPLE_RATE
        lengths = [round(duration_s * stretch * rate) for duration_s in self.durations_s]
        return audio.joined_length(lengths, self.pauses_s, rate, self.cross_fade_s) / rate


def plan(
    passages: Sequence[Passage],
    voices: Mapping[str | None, ReferenceVoice],
    speaker: Speaker,
    reader: TextReader,
    options: ScriptOptions,
    deadline: Deadline,
) -> Script:
    """Make chunks of passages; `voices`: by what the passages call them.

    Raises:
        OutOfTime: the deadline passes before all is planned.
        InvalidInput: there is nothing to say; the seeds are not as many as the chunks; or the duration cannot be.
    """
    means = _Means(voices, speaker, reader, deadline)
    # A wanted length tells how long chunks may be: by the text alone, so that an unchanged one is cut as it was.
    script = _script(passages, means, options if options.duration_s is None else replace(options, takes=()))
    if not script.chunks:
        raise InvalidInput.at(
            options.field,
            "has nothing that the model's vocabulary can say: choose a model of its language, or another lexicon",
        )
    if options.duration_s is not None:
        _require_possible(script, options.duration_s)
        # Slower, less text fits into the time that the model was trained on.
        stretch = max(1.0, options.duration_s / script.duration_s())
        if stretch > 1.0 or options.takes:
            script = _script(passages, means, options, stretch)
        script = _fitted(script, options.duration_s, speaker)
    return script if options.seeds is None else _seeded(script, options.seeds)


class _Means(NamedTuple):
    """What a script is made with."""

    voices: Mapping[str | None, ReferenceVoice]
    speaker: Speaker
    reader: TextReader
    deadline: Deadline


def _script(passages: Sequence[Passage], means: _Means, options: ScriptOptions, stretch: float = 1.0) -> Script:
    """As `plan`, before anything is fitted; chunks are short enough to be `stretch` times as long."""
    voices, speaker, reader, deadline = means
    spell = _Speller(speaker)
    seeds = count(options.seed)
    own_seeds: dict[str, count[int]] = {}
    lines: list[Line] = []
    silent: list[str] = []
    pause_before_s = 0.0
    pace = Pace(options.cross_fade_s) if options.streamed else None
    read = _read_out(passages, means, spell)
    texts = ["".join(each.spoken for each in readings) for readings in read]
    # What is only a pause has no voice.
    said_by = [voices[passage.voice] if passage.text else None for passage in passages]
    paces = [passage.speed / stretch for passage in passages]
    sizes = [speaker.max_chunk_size(voice, speed) if voice else 0 for voice, speed in zip(said_by, paces, strict=True)]
    places = former.find(texts, options.takes, sizes)
    for i, (passage, voice) in enumerate(zip(passages, said_by, strict=True)):
        deadline.check("planning the speech")
        chunks: tuple[Chunk, ...] = ()
        if voice is not None:
            sample = Chunk(texts[i][:PACED_BY], voice, 0, paces[i])
            size_per_s = text.size(sample.text) / speaker.duration_s(sample) if pace and texts[i] else 0.0
            pieces = _pieces(texts[i], places[i], sizes[i], pace, size_per_s)
            silent += [piece for piece, _ in pieces if not text.is_speakable(piece)]
            if passage.seed is not None:
                own_seeds.setdefault(passage.field, count(passage.seed))
            counted = own_seeds.get(passage.field, seeds)
            said = [(piece, seed, next(counted) % SEEDS) for piece, seed in pieces if text.is_speakable(piece)]
            chunks = tuple(
                Chunk(piece, voice, own if seed is None else seed, passage.speed) for piece, seed, own in said
            )
        if not chunks and not any(line.chunks for line in lines):
            pause_before_s += passage.pause_after_s if passage.is_told else 0.0
        else:
            lines.append(Line(tuple(read[i]), chunks, passage.pause_after_s, passage.is_told, passage.is_ended))
    warnings = [f"punctuation alone is not spoken: {' '.join(silent)[:MAX_SHOWN]}"] if silent else []

    pictures = dict.fromkeys(c for passage in passages for c in passage.text if unicodedata.category(c) == "So")

    # The normaliser reads out what it can of them.
    def is_silent(c: str) -> bool:
        return unicodedata.category(c) == "So" and not any(each.spoken for each in reader.read(c))

    unread = filter(is_silent, pictures)
    lost = tuple(dict.fromkeys((*spell.left_out, *unread)))
    if lost:
        warnings.append(f"the model's vocabulary lacks {' '.join(lost)[:MAX_SHOWN]}: left out")
    # Words may be read otherwise than their characters, and what a transcript means by a picture is not ours to say.
    written = (c for voice in voices.values() for c in voice.transcript if is_silent(c))
    told = (*(line.spoken for line in lines), *(voice.text for voice in voices.values()), *written)
    if unknown := speaker.unknown_characters("".join(told)):
        warnings.append(f"the model's vocabulary lacks {' '.join(unknown)[:MAX_SHOWN]}: each is read as a space")
    durations_s = tuple(speaker.duration_s(chunk) for line in lines for chunk in line.chunks)
    return Script(tuple(lines), pause_before_s, options.cross_fade_s, durations_s, lost, tuple(warnings))


def _read_out(passages: Sequence[Passage], means: _Means, spell: _Speller) -> list[list[Reading]]:
    """Return each passage as it is said. Raises OutOfTime, InvalidInput where that is too long."""
    read: list[list[Reading]] = []
    room = ALWAYS_READ + MAX_GROWTH * sum(len(passage.text) for passage in passages)
    for passage in passages:
        means.deadline.check("planning the speech")
        readings = means.reader.read(passage.text, passage.said) if passage.text else []
        room -= sum(len(reading.spoken) for reading in readings)
        if room < 0:
            raise InvalidInput.at(
                passage.field,
                f"becomes more than {MAX_GROWTH} times as long when it is read out: shorten the lexicon's entries,"
                " or send normalize_text: false",
            )
        read.append(spell(_ended(readings) if passage.is_ended else readings))
    return read


def _pieces(
    spoken: str, places: Sequence[Place], max_size: int, pace: Pace | None, size_per_s: float
) -> list[tuple[str, int | None]]:
    """Return what is said in each pass of the network, with its seed where it was said before.

    Args:
        pace: of a stream.
        size_per_s: bytes of this text in a second of its speech.
    """
    found: list[tuple[str, int | None]] = []
    at = 0
    for place in (*places, Place(len(spoken), len(spoken), 0)):
        rest = spoken[at : place.start]
        new = pace.split(rest, max_size, size_per_s) if pace else text.split(rest, max_size)
        found += [(piece, None) for piece in new]
        at = place.stop
        if at > place.start:
            found.append((spoken[place.start : at], place.seed))
            if pace:
                pace.add(text.size(found[-1][0]) / size_per_s)
    return found


def _ended(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings with a sign that ends a sentence behind the last letter: a voice goes on else."""
    ended = list(readings)
    for i in reversed(range(len(ended))):
        spoken = ended[i].spoken
        if text.is_speakable(spoken):
            if spoken[-1].isalnum() and not any(each.spoken.strip() for each in ended[i + 1 :]):
                ended[i] = Reading(ended[i].written, spoken + ("。" if text.is_wide(spoken[-1]) else "."))
            break
    return ended


class _Speller:
    """Replaces what the vocabulary lacks by what is read alike, and remembers what cannot be said."""

    def __init__(self, speaker: Speaker) -> None:
        self._is_known: Callable[[str], bool] = cache(lambda character: not speaker.unknown_characters(character))
        self._left_out: dict[str, None] = {}

    def __call__(self, readings: Sequence[Reading]) -> list[Reading]:
        spelled = []
        end = " "
        for reading in readings:
            spoken = "".join(map(self._spell, reading.spoken))
            # A sign that is left out leaves its spaces behind.
            spoken = _SPACES.sub(" ", spoken)
            spoken = spoken.lstrip() if end == " " else spoken
            end = (spoken or end)[-1]
            spelled.append(Reading(reading.written, spoken))
        return spelled

    def _spell(self, character: str) -> str:
        if self._is_known(character):
            return character
        alike = text.respelled(character, self._is_known)
        if alike is None:
            self._left_out[character] = None
        return alike or ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Characters that cannot be said, each once."""
        return tuple(self._left_out)


def _seeded(script: Script, seeds: Sequence[int]) -> Script:
    chunks = script.chunks
    if len(seeds) != len(chunks):
        raise InvalidInput.at(
            "seeds", f"has {len(seeds)} entries and the text makes {len(chunks)} chunks: send seed instead"
        )
    return with_chunks(script, [replace(chunk, seed=seed) for chunk, seed in zip(chunks, seeds, strict=True)])


def _require_possible(script: Script, duration_s: float) -> None:
    shortest, natural_s, longest = map(script.duration_s, (STRETCH[0], 1.0, STRETCH[1]))
    if not shortest <= duration_s <= longest:
        # Rounded inwards: what is told is allowed.
        least, most = math.ceil(shortest * 10) / 10, math.floor(longest * 10) / 10
        raise InvalidInput.at(
            "duration", f"cannot be: this text takes {natural_s:.1f} s, and may be made {least:.1f} to {most:.1f} s"
        )


def _fitted(script: Script, duration_s: float, speaker: Speaker) -> Script:
    """With chunks each so much longer or shorter that the whole has this length, to a frame."""
    low, high = STRETCH[0] / 2, STRETCH[1] * 2  # its chunks may be others than those that were asked
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if script.duration_s(middle) < duration_s else (low, middle)
    fitted, end_s, end_hops = [], 0.0, 0
    for chunk, natural_s in zip(script.chunks, script.durations_s, strict=True):
        end_s += natural_s * low
        # Rounded at the ends, so that what is lost by one chunk is made good by the next.
        hops = round(end_s / audio.HOP_S) - end_hops
        end_hops += hops
        fitted.append(replace(chunk, duration_s=hops * audio.HOP_S))
        if speaker.duration_s(fitted[-1]) > hops * audio.HOP_S + audio.HOP_S / 2:
            raise InvalidInput.at("duration", "is too short for the model to say so many letters: allow more time")
    return replace(with_chunks(script, fitted), durations_s=tuple(map(speaker.duration_s, fitted)))


def with_chunks(script: Script, chunks: Sequence[Chunk]) -> Script:
    """Return the script with other chunks, as many."""
    left = iter(chunks)
    lines = [replace(line, chunks=tuple(next(left) for _ in line.chunks)) for line in script.lines]
    return replace(script, lines=tuple(lines))
