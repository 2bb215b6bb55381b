"""What a job that dubs may say beside what every request for speech may."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voiceclone.jobs.fields import MAX_DURATION_S, RECORDING, Recording, RefText, Subtitles, VoiceName, short_enough
from voiceclone.jobs.parts import Strict
from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.speech import DubOptions, MasterOptions, SynthesisOptions
from voiceclone.subtitles import Cue, told_apart

MAX_SPEAKERS = 50
"""Each one's voice is loaded before anything is spoken."""
MAX_RATE = 3.0
MAX_BORROW_S = 60.0


class SpeakerVoice(Strict):
    """The voice of one speaker: a voice by name, or a recording."""

    voice: VoiceName | None = None
    ref_audio: Recording | None = None
    ref_text: RefText | None = None


def _by_name(value: Any) -> Any:
    """A name alone is that of a voice."""
    return {"voice": value} if isinstance(value, str) else value


class DubRequest(SpeechRequest):
    """Subtitles spoken: a track as long as its source, each cue at its own time"""

    action: Literal["dub"]
    subtitles: Subtitles = Field(description="SRT or WebVTT: the file's text, or its bytes as base64")
    voices: dict[Annotated[str, BeforeValidator(short_enough)], Annotated[SpeakerVoice, BeforeValidator(_by_name)]] = (
        Field(
            default_factory=dict,
            max_length=MAX_SPEAKERS,
            description="a voice for each speaker whom the cues name (`<v Anna>`, `Anna:`, `[anna]`):"
            ' `{"Anna": "anna", "Ben": {"ref_audio": "https://...", "ref_text": "..."}}`; `voice` or `ref_audio`'
            " speaks for all others",
        )
    )
    source: Recording | None = Field(
        None,
        description="the sound that is dubbed: who has no other voice speaks with the one that is heard in it at their"
        f" best cue, and the track is as long; {RECORDING}",
    )
    duration: float | None = Field(
        None, ge=0.1, le=MAX_DURATION_S, description="length of the track in seconds, where there is no `source`"
    )
    max_rate: float = Field(
        1.3, ge=1, le=MAX_RATE, description="how many times faster than by itself a voice may speak to fit its cue"
    )
    borrow: float = Field(
        2.0, ge=0, le=MAX_BORROW_S, description="how many seconds of the silence behind a cue may be spoken in"
    )
    mix: bool = Field(False, description="lay the speech over `source`, which is made quieter meanwhile (ducked)")
    ducking: float = Field(15.0, ge=0, le=60, description="by how many dB")

    @cached_property
    def cues(self) -> list[Cue]:
        """What is said, each by one speaker, by their starts."""
        return told_apart(self.subtitles.cues, list(self.voices), not self.voices or self.source is not None)

    @property
    def written(self) -> str:
        """What is said."""
        return " ".join(cue.text for cue in self.cues)

    def dub_options(self, seed: int, duration_s: float | None) -> DubOptions:
        """Return what the planner is to know.

        Args:
            seed: of the first chunk.
            duration_s: of the source, where there is one.
        """
        return DubOptions(seed, self.seeds, self.max_rate, self.borrow, duration_s or self.duration, self.former)

    @property
    def synthesis_options(self) -> SynthesisOptions:
        """How it is to be spoken."""
        master = MasterOptions(self.sample_rate, None, self.loudness)
        return SynthesisOptions(self.sampling, self.target_rms, master, self.language, self.threshold)


class CheckDubRequest(DubRequest):
    """Which cues would not fit, without speaking"""

    action: Literal["check_dub"]  # type: ignore[assignment]
