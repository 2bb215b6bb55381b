"""Cues as jobs: groups of some minutes that the workers share, each with the voices of whoever speaks in it.

Knows nothing of who speaks them, or of films.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voiceclone import audio
from voiceclone.books import Part
from voiceclone.client import BadInput, Input
from voiceclone.subtitles import Cue, best_stretch, written_srt
from voiceclone.types import Waveform

GROUP_S = 180.0
"""Of a film, about: little to say again when a worker dies, and enough of them to share."""
MOST_CUES = 200


@dataclass(frozen=True)
class Group(Part):
    """Cues that one job speaks."""

    cues: Sequence[Cue]
    """In the film's time."""

    @property
    def has_words(self) -> bool:
        return False

    @property
    def written(self) -> str:
        return " ".join(cue.text for cue in self.cues)

    @property
    def start_ms(self) -> int:
        """Of its track, in the film's time."""
        return self.cues[0].start_ms

    @property
    def title(self) -> str:
        """For a person."""
        return f"cues {self.cues[0].index} to {self.cues[-1].index}"


def groups_of(cues: Sequence[Cue], asked: Input, voices: Mapping[str, Any], duration_s: float) -> list[Group]:
    """Return all jobs in order. They are parted where nobody speaks, or nothing would tell who speaks into whom.

    Args:
        cues: of the whole film, by their starts.
        asked: what each job says beside.
        voices: by the speakers' names.
        duration_s: of the film.
    """
    runs: list[list[Cue]] = [[]]
    until_ms = 0
    for cue in cues:
        run = runs[-1]
        is_long = run and (cue.start_ms - run[0].start_ms > 1000 * GROUP_S or len(run) >= MOST_CUES)
        if is_long and cue.start_ms >= until_ms:
            runs.append([])
        runs[-1].append(cue)
        until_ms = max(until_ms, cue.end_ms)
    ends_s = [*(run[0].start_s for run in runs[1:]), duration_s]
    found = []
    for i, (run, end_s) in enumerate(zip(runs, ends_s, strict=True)):
        heard = {cue.speaker for cue in run}
        own = {name: voice for name, voice in voices.items() if name in heard}
        start_s = run[0].start_s
        data = {
            **asked,
            **({"voices": own} if own else {}),
            "subtitles": written_srt(run, run[0].start_ms),
            "duration": round(max(end_s - start_s, 0.1), 3),
        }
        found.append(Group(i, data, run))
    return found


def cast(
    cues: Sequence[Cue], told: Mapping[str, Any], part: Callable[[float, float], Waveform] | None, film_s: float
) -> tuple[dict[str, Any], Any, list[str]]:
    """Return a voice for each speaker, one for cues without, None if there is none, and what to tell of it.

    Args:
        told: those that somebody chose, by the speakers' names.
        part: returns what is heard in a part of the film, from which all others are cut; None: nobody is.

    Raises BadInput where somebody is not heard alone for long enough.
    """
    voices = {name.casefold(): voice for name, voice in told.items()}
    found: dict[str, Any] = {}
    unnamed = None
    notes = []
    for speaker in dict.fromkeys(cue.speaker for cue in cues):
        if speaker is not None and speaker.casefold() in voices:
            found[speaker] = voices[speaker.casefold()]
            continue
        if part is None:
            continue
        stretch = best_stretch(cues, speaker, part, film_s)
        who = speaker or "the speaker"
        if stretch is None:
            raise BadInput(f"{who} is nowhere heard alone for 1.5 s: give --speaker {who!r}=VOICE, or --voice for all")
        start_s, end_s = stretch
        notes.append(f"{who}: the voice at {start_s:.1f} to {end_s:.1f} s of the film")
        recording = {"ref_audio": base64.b64encode(audio.encode(part(start_s, end_s), "flac")).decode()}
        if speaker is None:
            unnamed = recording
        else:
            found[speaker] = recording
    return found, unnamed, notes
