"""The types of a request's fields: what each may hold, and what is said of what it may not.

Knows no request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
)

from voiceclone import text as text_rules
from voiceclone.jobs.leniency import as_language
from voiceclone.settings import Settings
from voiceclone.subtitles import MAX_SUBTITLES_BYTES, Cue, SubtitleFormat, read_cues, subtitles_text
from voiceclone.text import lexicon, markup
from voiceclone.types import MB, SEEDS
from voiceclone.voices import VOICE_NAME, AudioSource, BucketSource, InlineSource, parse_source

MAX_TOLD_CHARS = 200
"""Of what a recipe names and a warning repeats."""
MAX_SEGMENTS = 10_000
MAX_CHUNK_CHARS = 10_000
"""Of what is spoken at once: half a minute, as fast as anyone speaks."""
MAX_TRANSCRIPT_CHARS = 20_000
"""Half an hour of speech."""
MAX_DURATION_S = 10_800
"""Of audio whose length is asked for."""
SampleRate = Literal[8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
# 200 characters fit into a file's name with what a store adds to it.
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_JOB_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def _speakable(value: str, info: ValidationInfo) -> markup.Marked:
    limit = context_of(info).settings.max_text_chars
    if len(value) > limit:
        raise ValueError(f"has {len(value)} characters, at most {limit} are allowed: split it into several jobs")
    marked = context_of(info).marked(value)
    if not any(text_rules.is_speakable(turn.text) for turn in marked.turns):
        raise ValueError("has no letter or digit to say")
    return marked


def _transcript(value: str) -> str:
    if len(value) > MAX_TRANSCRIPT_CHARS:
        raise ValueError(
            f"has {len(value)} characters, at most {MAX_TRANSCRIPT_CHARS} are allowed: send a shorter recording"
        )
    if not text_rules.is_speakable(value):
        raise ValueError("has no letter or digit: write down what is said in the reference")
    return text_rules.as_transcript(value)


def _source(value: Any, info: ValidationInfo) -> AudioSource:
    if not isinstance(value, str):
        raise ValueError("must be a string: an http(s):// URL, s3://bucket/key, a data: URI or base64")
    source = parse_source(value, context_of(info).settings.max_audio_mb * MB)
    if isinstance(source, BucketSource) and source.bucket != context_of(info).bucket:
        raise ValueError("must lie in the bucket that this worker is configured with")
    return source


def short_enough(value: str) -> str:
    if len(value) > 512:
        raise ValueError("has more than 512 characters: shorten it")
    return value


def _free(value: str) -> str:
    if value.startswith("undelivered/"):
        raise ValueError("must not begin with undelivered/: what could not be delivered is kept there")
    return value


def _like(pattern: re.Pattern[str], what: str) -> AfterValidator:
    """Refuse what the pattern does not match as a whole."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"may hold {what}")
        return value

    return AfterValidator(check)


def each_once(value: list[SubtitleFormat]) -> list[SubtitleFormat]:
    return list(dict.fromkeys(value))


def switched_on(value: Any) -> Any:
    """`true` asks for the defaults."""
    return {} if value is True else None if value is False else value


@dataclass(frozen=True)
class ReadSubtitles:
    """Subtitles that came with a job."""

    written: str
    cues: tuple[Cue, ...]


def _subtitles(value: Any, info: ValidationInfo) -> ReadSubtitles:
    if not isinstance(value, str):
        raise ValueError("must be a string: the text of an SRT or WebVTT file, or its base64")
    written = value
    if "-->" not in value:
        try:
            source = parse_source(value, MAX_SUBTITLES_BYTES)
        except ValueError:
            source = None
        if not isinstance(source, InlineSource):
            raise ValueError("must be the text of an SRT or WebVTT file, or its base64; a link is not followed")
        written = subtitles_text(source.data)
    cues = read_cues(written)
    limit = context_of(info).settings.max_text_chars
    if (chars := sum(len(cue.text) for cue in cues)) > limit:
        raise ValueError(f"have {chars} characters, at most {limit} are allowed: split them into several jobs")
    if not any(text_rules.is_speakable(cue.text) for cue in cues):
        raise ValueError("have no letter or digit to say")
    return ReadSubtitles(written, tuple(cues))


RECORDING = "an `http(s)://` URL, `s3://bucket/key` of the configured bucket, a `data:` URI or base64"
Text = Annotated[str, AfterValidator(_speakable)]
Lexicon = Annotated[dict[str, str], AfterValidator(lexicon.checked)]
Seed = Annotated[int, Field(ge=0, lt=SEEDS)]
RefText = Annotated[str, AfterValidator(_transcript)]
Recording = Annotated[AudioSource, BeforeValidator(_source)]
Subtitles = Annotated[ReadSubtitles, BeforeValidator(_subtitles)]


def callable_name(value: str) -> str:
    if value.isdecimal() or value.lower() in (markup.MAIN, markup.PAUSE):
        raise ValueError(f"could not be called in a text, where [{value}] means something else: choose another")
    return value


VoiceName = Annotated[str, _like(VOICE_NAME, "letters, digits, '-', '_' and '.', not starting with a dot, up to 64")]
Prefix = Annotated[str, _like(re.compile(r"[A-Za-z0-9._-]{0,64}"), "letters, digits, '-', '_' and '.', up to 64")]
JobId = Annotated[str, _like(_JOB_ID, "letters, digits, '-', '_' and '.', not starting with a dot, up to 128")]
Language = Annotated[
    str, BeforeValidator(as_language), _like(_LANGUAGE, "a language's code of two or three letters, as `en` (ISO 639)")
]
Key = Annotated[
    str,
    AfterValidator(short_enough),
    AfterValidator(_free),
    _like(_KEY, "names of letters, digits, '-', '_' and '.', up to 200 each, joined by '/', none starting with a dot"),
]


@dataclass(frozen=True)
class Context:
    """What a request is checked against."""

    settings: Settings
    bucket: str | None
    voices: markup.VoiceNames | None = None
    """Names of those that there are; None: any name may be a voice's."""
    _marked: dict[str, markup.Marked] = field(default_factory=dict)

    def marked(self, text: str) -> markup.Marked:
        """Return the text with its turns; it is searched for marks once. Raises ValueError for a wrong mark."""
        if text not in self._marked:
            self._marked[text] = markup.Marked(text, self.voices)
        return self._marked[text]


def context_of(info: ValidationInfo) -> Context:
    return cast(Context, info.context)
