"""An input that gives a take again, and what has changed since it was made. Pure functions.

Knows nothing of how anything is spoken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from voiceclone.checkpoints import Checkpoint
from voiceclone.jobs.parts import MadeWith
from voiceclone.jobs.request import SynthesisRequest
from voiceclone.speech import Take
from voiceclone.types import ReferenceVoice, Reply
from voiceclone.voices import KEPT

NOT_OF_A_TAKE = {
    *("ref_audio", "ref_text", "seed", "seeds", "takes", "made_with", "verify", "quality", "nfe_step", "lexicon"),
    *("delivery", "key", "expires_in", "job_id"),
}
"""Fields of a request that its recipe leaves out, or tells in another way."""


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
    # The volume's may be others by then.
    written = request.written.casefold()
    if words := {word: said for word, said in lexicon.items() if word.casefold() in written}:
        fields["lexicon"] = words
    own = voices.get(None)
    if own is not None and own.kept_as is not None:
        fields["ref_audio"] = KEPT + own.kept_as
    made_with = {"model": checkpoint.name, "revision": checkpoint.revision, "references": _references(voices.values())}
    told = [{"text": take.chunk.text, "seed": take.chunk.seed} for take in takes]
    return {**fields, "nfe_step": request.steps, "takes": told, "made_with": made_with}


def made_otherwise(made_with: MadeWith, checkpoint: Checkpoint, voices: Iterable[ReferenceVoice]) -> list[str]:
    """Return what is not as it was when a take was made, for the caller."""
    changed = model_otherwise(made_with, checkpoint)
    if made_with.references != _references(voices):
        changed.append("a voice is not the one that the take was made with: it will be another")
    return changed


def model_otherwise(made_with: MadeWith, checkpoint: Checkpoint) -> list[str]:
    """Return whether the model is another than a take was made with, for the caller."""
    changed = []
    if (made_with.model, made_with.revision) != (checkpoint.name, checkpoint.revision):
        then, now = f"{made_with.model} {made_with.revision}", f"{checkpoint.name} {checkpoint.revision}"
        changed.append(f"the take was made with {then}, this worker has {now}: it will be another")
    return changed


def _references(voices: Iterable[ReferenceVoice]) -> list[str]:
    return [voice.fingerprint for voice in voices]
