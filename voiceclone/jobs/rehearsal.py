"""What comes before the first chunk of a job: its voices are found, its chunks planned, its size judged.

Knows nothing of how chunks are spoken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voiceclone.checkpoints import Checkpoint
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput, ModelUnavailable, VoiceNotFound
from voiceclone.jobs.limits import refuse_oversize
from voiceclone.jobs.recipe import made_otherwise
from voiceclone.jobs.replies import complaints
from voiceclone.jobs.request import SynthesisRequest
from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.listening import Recogniser
from voiceclone.model import AnyEngine
from voiceclone.settings import Settings
from voiceclone.speech import Script, TextReader, plan
from voiceclone.text import lexicon, normalize
from voiceclone.types import ReferenceVoice
from voiceclone.voices import Voices

log = logging.getLogger(__name__)

MAX_VOICES = 50
"""In one text: each is loaded before anything is spoken."""


@dataclass(frozen=True)
class Rehearsal:
    """All that is known of a job before it is spoken."""

    voices: Mapping[str | None, ReferenceVoice]
    """By what the text calls them; None for the request's own."""
    script: Script
    seed: int
    """From which chunks without one of their own count."""
    lexicon: Mapping[str, str]
    """The volume's words and the request's."""
    notes: Sequence[str]
    """For the caller."""

    @property
    def speakers(self) -> list[ReferenceVoice]:
        """Each voice once, whatever it is called."""
        return list({voice.name or "": voice for voice in self.voices.values()}.values())


class Means(NamedTuple):
    """What a rehearsal needs."""

    settings: Settings
    checkpoint: Checkpoint
    engine: AnyEngine
    voices: Voices


def rehearse(request: SynthesisRequest, means: Means, drawn: int, deadline: Deadline) -> Rehearsal:
    """Find the voices and plan the chunks; `drawn`: the seed where the request has none. Raises OutOfTime."""
    voices = _found(request, means.voices, deadline)
    job = prepared(request, voices, means, drawn)
    script = plan(request.passages, voices, means.engine, job.reader, request.script_options(job.seed), deadline)
    length_field = request.text_field if request.duration is None else "duration"
    refuse_oversize(script, script.duration_s(), length_field, request.text_field, means.settings)
    return Rehearsal(voices, script, job.seed, job.words, [*job.notes, *script.warnings])


class Preparation(NamedTuple):
    """What is known of a job whose voices are found."""

    reader: TextReader
    seed: int
    words: Mapping[str, str]
    """The volume's and the request's."""
    notes: Sequence[str]
    """For the caller."""


def prepared(
    request: SpeechRequest, voices: Mapping[str | None, ReferenceVoice], means: Means, drawn: int
) -> Preparation:
    """Return how a request's text is read, with which seed (`drawn` if it has none), and what is told of voices."""
    notes = list(dict.fromkeys(n for voice in voices.values() for n in (*voice.notes, *complaints(voice))))
    own = means.voices.built_in.model_names
    if means.checkpoint.own_voices_only and any(voice.name not in own for voice in voices.values()):
        notes.append(f"this model knows only its own voices: {', '.join(own)}")
    languages = means.checkpoint.languages
    if request.language and languages and request.language not in languages:
        notes.append(f"this model speaks {', '.join(languages)}, not {request.language}")
    if request.made_with is not None:
        notes += made_otherwise(request.made_with, means.checkpoint, voices.values())
    words, unread = words_told(request.lexicon, means.settings)
    notes += unread
    if not means.settings.volume.is_dir():  # once it was: the model came from it
        notes.append("the volume is gone: its lexicon, voices and kept references are missing; look after it")
    seed = drawn if request.seed is None else request.seed
    read_in = request.language or next(iter(languages), "") if request.normalize_text else ""
    reader = TextReader(read_in, normalize.Lexicon(words), told=request.language is not None)
    return Preparation(reader, seed, words, notes)


def words_told(asked: Mapping[str, str], settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Return how words are said by the volume's lexicon and a request's, and what to tell of a volume's unread one."""
    try:
        return lexicon.load(settings.lexicon_file) | dict(asked), []
    except ValueError as e:
        return dict(asked), [str(e)]


def require_recogniser(recogniser: Recogniser) -> None:
    """Load the recogniser. Raises ModelUnavailable, in the caller's terms."""
    try:
        recogniser.load()
    except ModelUnavailable as e:
        log.warning("a job cannot be listened to: %s", e)  # with paths that are not the caller's
        raise ModelUnavailable(
            "this worker has no recogniser for verify, timestamps and subtitles: leave them out, or have the"
            f" operator put it on the volume: voiceclone fetch --model {recogniser.name}"
        ) from e


def _found(request: SynthesisRequest, known: Voices, deadline: Deadline) -> dict[str | None, ReferenceVoice]:
    """Return every voice of the text, by what it is called there; None for the request's own."""
    called = {passage.voice for passage in request.passages}
    if len(called) > MAX_VOICES:
        raise InvalidInput.at(
            request.text_field, f"names {len(called)} voices, at most {MAX_VOICES} are allowed: send several jobs"
        )
    voices: dict[str | None, ReferenceVoice] = {}
    for passage in request.passages:
        if passage.voice in voices or not (passage.text or passage.voice):
            continue
        deadline.check("voices were being prepared")
        if passage.voice is not None:
            try:
                voices[passage.voice] = known.named(passage.voice)
            except VoiceNotFound as e:
                in_text = passage.voice_field == passage.field
                hint = f"; to have the word read, write \\[{passage.voice}]" if in_text else ""
                raise VoiceNotFound(f"{passage.voice_field}: {e}{hint}") from e
        elif request.voice is not None:
            voices[None] = known.named(request.voice)
        else:
            voices[None] = known.recorded(*request.recording, request.language, deadline.left_s)
    return voices
