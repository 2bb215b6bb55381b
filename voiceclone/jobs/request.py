"""What a job may ask for: the only schema of it.

The tables of the documents are rendered from these classes by `scripts/render_docs.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, Field

from voiceclone.audio import MARGIN_S
from voiceclone.jobs.dub_request import CheckDubRequest, DubRequest
from voiceclone.jobs.edit_request import EditRequest
from voiceclone.jobs.fields import (
    MAX_DURATION_S,
    MAX_SEGMENTS,
    RECORDING,
    JobId,
    Language,
    Prefix,
    Recording,
    RefText,
    Seed,
    Text,
    VoiceName,
    callable_name,
    each_once,
    short_enough,
)
from voiceclone.jobs.parts import Strict
from voiceclone.jobs.speech_request import NEEDED, SpeechRequest
from voiceclone.settings import LinkLife
from voiceclone.speech import MasterOptions, Passage, ScriptOptions, SynthesisOptions
from voiceclone.subtitles import FORMATS as SUBTITLE_FORMATS
from voiceclone.subtitles import SubtitleFormat
from voiceclone.text import markup
from voiceclone.voices import NewVoice

SLOWEST, FASTEST = markup.SLOWEST, markup.FASTEST


class InfoRequest(Strict):
    """What this worker is and can do."""

    action: Literal["info"]


class ListVoicesRequest(Strict):
    """The voices that jobs may ask for by name."""

    action: Literal["list_voices"]
    prefix: Prefix = Field("", description="only voices whose names begin so")


class DeleteVoiceRequest(Strict):
    """Remove a voice that was added, and the speech in it that is kept."""

    action: Literal["delete_voice"]
    voice: VoiceName = Field(description="its name")


class AddVoiceRequest(Strict):
    """Keep a recording as a voice."""

    action: Literal["add_voice"]
    voice: Annotated[VoiceName, AfterValidator(callable_name)] = Field(
        description="a name for it: letters, digits, `-`, `_`, `.`"
    )
    ref_audio: Recording = Field(description=f"{RECORDING}")
    ref_text: RefText | None = Field(None, description="exactly what is said in it; absent: it is listened to")
    language: Language | None = Field(None, description="of the recording, as `en`; absent: what is heard")
    overwrite: bool = Field(False, description="replace a voice of this name")
    consent: str | None = Field(
        None, max_length=2_000, description="who agreed to what; kept with the date, and returned by `list_voices`"
    )

    @property
    def new_voice(self) -> NewVoice:
        return NewVoice(self.voice, self.ref_audio, self.ref_text, self.language, self.consent, self.overwrite)


class LinkRequest(Strict):
    """A fresh link to an earlier result."""

    action: Literal["link"]
    key: Annotated[str, AfterValidator(short_enough)] | None = Field(None, description="of the result, from its reply")
    job_id: JobId | None = Field(
        None, description="instead of `key`: the latest result of this job, if it was given no key of its own"
    )
    expires_in: LinkLife | None = Field(None, description="life of the link in seconds; absent: `URL_EXPIRY_S`")


class Segment(Strict):
    """A part of the text with its own voice and pace."""

    text: Text
    voice: VoiceName | None = None
    speed: float | None = Field(None, ge=SLOWEST, le=FASTEST)
    seed: Seed | None = None
    pause_after: float | None = Field(None, ge=0, le=markup.MAX_PAUSE_S)


class SynthesisRequest(SpeechRequest):
    """Text to speak in a voice."""

    action: Literal["synthesize"] = Field("synthesize", description="what to do; the other actions are below")
    text: Text | None = Field(
        None,
        json_schema_extra={NEEDED: "`segments`"},
        description="what to say; may hold pauses, `[pause:0.5s]`, and turns of voices, `[anna] Hello.`",
    )
    segments: list[Segment] | None = Field(
        None,
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="instead of `text`, a list of `{text, voice?, speed?, seed?, pause_after?}`",
    )
    speed: float = Field(1.0, ge=SLOWEST, le=FASTEST, description="speech rate relative to the reference")
    duration: float | None = Field(
        None, ge=0.1, le=MAX_DURATION_S, description="wanted length of the audio in seconds, pauses included"
    )
    cross_fade_duration: float = Field(0.15, ge=0, le=1, description="overlap of neighbouring chunks in seconds")
    remove_silence: bool = Field(
        False, description="shorten long pauses of the voice and cut silence around chunks; pauses that you wrote stay"
    )
    timestamps: bool = Field(False, description="when each word of the text is said")
    subtitles: Annotated[list[SubtitleFormat], AfterValidator(each_once)] = Field(
        default_factory=list, description=f"any of {', '.join(f'`{each}`' for each in SUBTITLE_FORMATS)}"
    )
    streamed: bool = Field(
        False,
        description="cut the text so that its beginning can be heard soon: the first chunk is a clause, the others "
        "grow; a stream's `recipe` has it",
    )

    @property
    def fade_s(self) -> float:
        """Overlap of neighbouring chunks. Without silence around them more would lay word over word."""
        return min(self.cross_fade_duration, MARGIN_S) if self.remove_silence else self.cross_fade_duration

    @property
    def written(self) -> str:
        """The text as it was sent."""
        return self.text if self.text is not None else " ".join(segment.text for segment in self.segments or ())

    @property
    def notes(self) -> list[str]:
        """What of the text's marks has no effect, for the caller."""
        texts = [self.text] if self.segments is None else [segment.text for segment in self.segments]
        return list(dict.fromkeys(note for text in texts for note in cast("markup.Marked", text).notes))

    @property
    def text_field(self) -> str:
        """The field that the text came in."""
        return "text" if self.segments is None else "segments"

    @cached_property
    def passages(self) -> list[Passage]:
        """The text by voice and pause, in order."""
        if self.segments is None:
            return _passages("text", self.text or "", None, self.speed, None)
        found = []
        for i, segment in enumerate(self.segments):
            speed = self.speed if segment.speed is None else segment.speed
            parts = _passages(f"segments[{i}].text", segment.text, segment.voice, speed, segment.seed)
            if segment.pause_after is not None:
                told_s = parts[-1].pause_after_s if parts[-1].is_told else 0.0
                parts[-1] = replace(parts[-1], pause_after_s=told_s + segment.pause_after, is_told=True)
            found += parts
        return found

    def script_options(self, seed: int) -> ScriptOptions:
        """Return what the planner is to know; `seed`: of the first chunk."""
        return ScriptOptions(seed, self.seeds, self.duration, self.fade_s, self.text_field, self.streamed, self.former)

    @property
    def synthesis_options(self) -> SynthesisOptions:
        """How it is to be spoken."""
        return SynthesisOptions(
            self.sampling,
            self.target_rms,
            MasterOptions(self.sample_rate, self.duration, self.loudness, self.remove_silence),
            self.language,
            self.threshold,
            self.timestamps or bool(self.subtitles),
            self.streamed,
        )

    @property
    def is_listened_to(self) -> bool:
        """Whether a recogniser is needed."""
        return bool(self.verify or self.timestamps or self.subtitles)


class CheckRequest(SynthesisRequest):
    """What would be said, in which chunks and how long, without speaking"""

    action: Literal["check"]  # type: ignore[assignment]


def _passages(field: str, text: str, voice: str | None, speed: float, seed: int | None) -> list[Passage]:
    own = f"{field.removesuffix('text')}voice"
    return [
        Passage(
            field,
            turn.text,
            turn.voice or voice,
            own if turn.voice in (None, voice) else field,
            min(max(speed * turn.speed, SLOWEST), FASTEST),
            seed,
            turn.pause_after_s,
            turn.is_told,
            turn.is_ended,
            turn.said,
        )
        for turn in (each.cleaned() for each in cast("markup.Marked", text).turns)
    ]


Request = (
    SynthesisRequest
    | CheckRequest
    | DubRequest
    | CheckDubRequest
    | AddVoiceRequest
    | ListVoicesRequest
    | DeleteVoiceRequest
    | EditRequest
    | LinkRequest
    | InfoRequest
)
SCHEMAS: dict[str, type[Request]] = {
    "synthesize": SynthesisRequest,
    "check": CheckRequest,
    "dub": DubRequest,
    "check_dub": CheckDubRequest,
    "add_voice": AddVoiceRequest,
    "list_voices": ListVoicesRequest,
    "delete_voice": DeleteVoiceRequest,
    "edit": EditRequest,
    "link": LinkRequest,
    "info": InfoRequest,
}
"""By action."""
