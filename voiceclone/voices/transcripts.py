"""From what is written down of a recording to what is said in it: the one place where that is told. Pure functions.

Knows nothing of recordings. A person writes "In 1984", and whisper does too; the speech has more letters than that, by
which the length of all other speech is told, and the network has learnt from words.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceclone import text
from voiceclone.text import normalize


def said(written: str, language: str | None, spoken: Sequence[str]) -> str:
    """Return a transcript as the network is given it: read out, and ending a sentence.

    Args:
        written: has a letter or a digit.
        language: of the recording, ISO 639-1; None: the first of those that the model speaks that has its script.
        spoken: languages of the model; where they are not known either, it stays as it is written.
    """
    clean = text.clean(written)
    read_out = normalize.normalize(clean, text.language_of(clean, language, spoken) or "")
    return text.as_transcript(read_out if text.is_speakable(read_out) else clean)
