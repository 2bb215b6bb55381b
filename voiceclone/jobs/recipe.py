"""An input that gives a take again, and what has changed since it was made. Pure functions.

Knows nothing of how anything is spoken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from voiceclone.checkpoints import Checkpoint
from voiceclone.jobs.dub_request import DubRequest
from voiceclone.jobs.parts import MadeWith
from voiceclone.jobs.request import SynthesisRequest
from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.speech import Take
from voiceclone.types import ReferenceVoice, Reply
from voiceclone.voices import KEPT

NOT_OF_A_TAKE = {
    *("ref_audio", "ref_text", "seed", "seeds", "takes", "made_with", "verify", "quality", "nfe_step", "lexicon"),
    "cfg_strength",
    *("delivery", "key", "expires_in", "job_id"),
}
"""Fields of a request that its recipe leaves out, or tells in another way."""
NOT_OF_A_TRACK = {"subtitles", "voice", "voices", "source", "mix", "ducking", "duration"}
"""Likewise, of one that dubs."""


def recipe(
    request: SynthesisRequest,
    voices: Mapping[str | None, ReferenceVoice],
    lexicon: Mapping[str, str],
    checkpoint: Checkpoint,
    takes: Sequence[Take],
) -> Reply:
    """Return an input that gives this take again.

    Args:
        voices: by what the text calls them; None for the request's own.
        lexicon: the words of the volume and of the request.
        takes: the chunks as they were spoken.
    """
    fields = request.model_dump(mode="json", exclude=NOT_OF_A_TAKE, exclude_defaults=True)
    for segment in fields.get("segments", ()):
        segment.pop("seed", None)
    fields |= words_in(request.written, lexicon)
    own = voices.get(None)
    if own is not None and own.kept_as is not None:
        fields["ref_audio"] = KEPT + own.kept_as
    return {**fields, **_made(request, voices, checkpoint, takes)}


def dub_recipe(
    request: DubRequest,
    voices: Mapping[str | None, ReferenceVoice],
    lexicon: Mapping[str, str],
    checkpoint: Checkpoint,
    takes: Sequence[Take],
    duration_s: float | None,
) -> Reply:
    """Return an input that gives this track again; where it was laid over the source, without that.

    Args:
        voices: by the speakers' names; None for cues without one.
        lexicon, takes: as of `recipe`.
        duration_s: of the source, where it was told.
    """
    fields = request.model_dump(mode="json", exclude=NOT_OF_A_TAKE | NOT_OF_A_TRACK, exclude_defaults=True)
    fields |= words_in(request.written, lexicon)
    if named := {name: _voice(voice) for name, voice in voices.items() if name is not None}:
        fields["voices"] = named
    if None in voices:
        fields |= _voice(voices[None])
    if duration_s is not None:
        fields["duration"] = duration_s
    fields["subtitles"] = request.subtitles.written
    return {**fields, **_made(request, voices, checkpoint, takes)}


def _voice(voice: ReferenceVoice) -> Reply:
    return {"ref_audio": KEPT + voice.kept_as} if voice.kept_as is not None else {"voice": voice.name}


def _made(
    request: SpeechRequest,
    voices: Mapping[str | None, ReferenceVoice],
    checkpoint: Checkpoint,
    takes: Sequence[Take],
) -> Reply:
    told = [{"text": take.chunk.text, "seed": take.chunk.seed} for take in takes]
    made = made_with(checkpoint, _references(voices.values()))
    return {"takes": told, "nfe_step": request.steps, "cfg_strength": request.cfg_strength, "made_with": made}


def made_with(checkpoint: Checkpoint, references: Sequence[str]) -> Reply:
    """Return what tells later whether a take would be another; `references`: fingerprints of what it was made of."""
    return {"model": checkpoint.name, "revision": checkpoint.revision, "references": list(references)}


def words_in(written: str, lexicon: Mapping[str, str]) -> Reply:
    """Return the field of a recipe with the words of a text whose way to be said was told: the volume's may change."""
    written = written.casefold()
    words = {word: said for word, said in lexicon.items() if word.casefold() in written}
    return {"lexicon": words} if words else {}


def made_otherwise(then: MadeWith, checkpoint: Checkpoint, voices: Iterable[ReferenceVoice]) -> list[str]:
    """Return what is not as it was when a take was made, for the caller."""
    changed = model_otherwise(then, checkpoint)
    if then.references != _references(voices):
        changed.append("a voice is not the one that the take was made with: it will be another")
    return changed


def model_otherwise(then: MadeWith, checkpoint: Checkpoint) -> list[str]:
    """Return whether the model is another than a take was made with, for the caller."""
    if (then.model, then.revision) == (checkpoint.name, checkpoint.revision):
        return []
    was, now = f"{then.model} {then.revision}", f"{checkpoint.name} {checkpoint.revision}"
    return [f"the take was made with {was}, this worker has {now}: it will be another"]


def _references(voices: Iterable[ReferenceVoice]) -> list[str]:
    return [voice.fingerprint for voice in voices]
