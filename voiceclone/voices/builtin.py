"""Voices that need no caller: f5-tts's examples, and those that come with the model."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from voiceclone import audio, text
from voiceclone.errors import BadAudio, VoiceNotFound
from voiceclone.files import text_in
from voiceclone.types import ReferenceVoice
from voiceclone.voices.transcripts import said

MAX_RECORDING_S = 60.0
"""No more of a recording is listened to."""


@dataclass(frozen=True)
class _Example:
    file: str
    """Path inside f5-tts's `infer/examples`."""
    language: str
    text: str


EXAMPLES = {
    "example-en": _Example("basic/basic_ref_en.wav", "en", "Some call me nature, others call me mother nature."),
    "example-zh": _Example("basic/basic_ref_zh.wav", "zh", "对，这就是我，万人敬仰的太乙真人。"),
}


class BuiltIn:
    """The voices that need no caller: f5-tts's examples, and those that come with the model. Prepared by hand."""

    def __init__(self, model_voices: Path | None = None, languages: Sequence[str] = ("en", "zh")) -> None:
        """
        Args:
            model_voices: a directory of `<name>.wav` and `<name>.txt`.
            languages: that the model speaks, ISO 639-1; without them, those of f5-tts's own.
        """
        self.languages = languages
        found = sorted(model_voices.glob("*.wav")) if model_voices else []
        self._recordings = {path.stem: path for path in found if _has_transcript(path)}

    @property
    def model_names(self) -> list[str]:
        """Of the voices that come with the model."""
        return list(self._recordings)

    @property
    def names(self) -> list[str]:
        """Of all voices; the model's own come first."""
        return [*self._recordings, *EXAMPLES]

    def named(self, name: str) -> ReferenceVoice:
        """Return a voice by name. Raises VoiceNotFound listing the names, BadAudio for one that is damaged."""
        language = None
        if name in self._recordings:
            path = self._recordings[name]
            data, transcript = path.read_bytes(), _transcript_of(path)
        elif name in EXAMPLES:
            example = EXAMPLES[name]
            data = (importlib.resources.files("f5_tts") / "infer/examples" / example.file).read_bytes()
            transcript, language = example.text, example.language
        else:
            raise VoiceNotFound(f"there is no voice {name!r}; known: {', '.join(self.names)}")
        waveform = audio.decode(data, audio.SAMPLE_RATE, MAX_RECORDING_S)
        spoken = said(transcript, language, self.languages)
        return ReferenceVoice(waveform, spoken, name, written=text.as_transcript(transcript).strip())


def _has_transcript(recording: Path) -> bool:
    """Whether something is written beside it; what cannot be read is told when the voice is asked for."""
    with suppress(BadAudio):
        return text.is_speakable(_transcript_of(recording))
    return True


def _transcript_of(recording: Path) -> str:
    """Return what stands in the text file beside it; empty where there is none. Raises BadAudio for what is no text."""
    path = recording.with_suffix(".txt")
    try:
        return text_in(path.read_bytes()) if path.is_file() else ""
    except ValueError as e:
        raise BadAudio(f"{path.name} {e}") from e
