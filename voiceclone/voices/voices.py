"""Which voice speaks: built-in ones and the model's own by name, and recordings that come with a job.

Knows nothing of the model's network. Fetches a recording from the web, the configured bucket or the job itself, makes a
reference of it and keeps that: in memory for the next job, on the volume for the next worker.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from voiceclone import audio, text
from voiceclone.audio import silence
from voiceclone.errors import BadAudio, DownloadFailed, InvalidInput, ModelUnavailable, VoiceNotFound
from voiceclone.listening import Recogniser
from voiceclone.settings import Settings
from voiceclone.types import MB, Bucket, Mel, ReferenceVoice, Transcript, Waveform
from voiceclone.voices import cutting as reference
from voiceclone.voices import kept as prepared
from voiceclone.voices.builtin import MAX_RECORDING_S, BuiltIn
from voiceclone.voices.checkup import check_up, heard_twice
from voiceclone.voices.library import Library, SavedVoice
from voiceclone.voices.sources import AudioSource, BucketSource, InlineSource, KeptSource, WebSource
from voiceclone.voices.transcripts import said
from voiceclone.voices.web import FETCH_DEADLINE_S, fetch_web

log = logging.getLogger(__name__)

MIN_REFERENCE_S = 1.0
QUIET_RMS = 1e-3
"""-60 dB below full scale: a room without a speaker."""
SILENT_PEAK = 1e-4
"""-80 dB below full scale, three steps of 16 bits: nothing was recorded."""
SPEECH_RATE = (3.0, 90.0)
"""Bytes of text per second that anyone speaks: slow Latin text to fast Devanagari with three bytes a character."""
MAX_LISTED = 50
"""Names in an error."""
KEPT_IN_MEMORY = 32
"""References of 1.6 MB at most."""
PREPARATION = 4
"""To be raised whenever references are prepared in another way: what is kept of the former is passed over."""


@dataclass(frozen=True)
class NewVoice:
    """A voice that is to be kept."""

    name: str
    ref_audio: AudioSource
    ref_text: str | None
    """What is said in it; None: it is listened to."""
    language: str | None
    """Of the recording, ISO 639-1; None: what is heard."""
    consent: str | None
    """Who agreed to what."""
    overwrite: bool
    """Whether it may take the place of a voice of this name."""


class Voices:
    """Finds and prepares the reference of a job. Its methods may be called by several threads."""

    def __init__(
        self,
        settings: Settings,
        bucket: Bucket | None,
        recogniser: Recogniser,
        mel_of: Callable[[Waveform], Mel],
        built_in: BuiltIn,
        library: Library,
    ) -> None:
        """
        Args:
            recogniser: hears what is said where nobody tells.
            mel_of: what the model hears of a reference.
            library: the voices that were added.
        """
        self._settings = settings
        self._bucket = bucket
        self._recogniser = recogniser
        self._mel_of = mel_of
        self.built_in = built_in
        self._library = library
        self._ready: OrderedDict[str, ReferenceVoice] = OrderedDict()

    def named(self, name: str) -> ReferenceVoice:
        """Return a voice by name.

        Raises:
            VoiceNotFound: lists the names that exist.
            BadAudio: it was stored, and is damaged or cannot serve.
            StorageFailed: the stored voices cannot be read.
        """
        if name in self.built_in.names:
            return self._once(name, lambda: self._with_mel(self.built_in.named(name)))
        saved = self._library.find(name)
        if saved is not None and (ready := self._ready.get(repr(saved))) is not None:
            return replace(self._once(repr(saved), lambda: ready), name=name, kept_as=None)
        loaded = self._library.load(name, self._settings.max_audio_mb * MB)
        if loaded is None:
            raise VoiceNotFound(f"there is no voice {name!r}; known: {_listed(self.names())}")
        make = self._saved if loaded[0].prepared else self._found
        return replace(self._once(repr(loaded[0]), lambda: make(*loaded)), name=name, kept_as=None)

    def names(self, prefix: str = "") -> list[str]:
        """Of all voices, the model's own first. Raises StorageFailed."""
        own = [name for name in self.built_in.names if name.startswith(prefix)]
        return [*own, *(name for name in self._library.names(prefix) if name not in self.built_in.names)]

    def saved(self, prefix: str = "") -> list[SavedVoice]:
        """Return what is known of the voices that were added; the damaged ones are left out. Raises StorageFailed."""
        return [voice for voice in self._library.all(prefix) if voice.name not in self.built_in.names]

    def recorded(
        self, source: AudioSource, transcript: str | None, language: str | None = None, limit_s: float = math.inf
    ) -> ReferenceVoice:
        """Return a voice from a recording.

        Args:
            transcript: what is said in it; None: it is listened to.
            language: a hint for listening, ISO 639-1.
            limit_s: how long fetching may take, and then decoding.

        Raises:
            DownloadFailed: the recording cannot be fetched.
            VoiceNotFound: it was kept of an earlier job, and no longer is.
            BadAudio: it is not a sound file, too short or silent, or nothing is said in it.
            InvalidInput: the transcript cannot belong to the recording.
            ModelUnavailable: it must be listened to, and there is no recogniser.
        """
        if isinstance(source, KeptSource):
            return self._once(source.key, lambda: self._kept_earlier(source.key))
        return self._reference(self.fetch(source, limit_s), transcript, language, limit_s)

    def sound(self, source: AudioSource, sample_rate: int, most_s: float, limit_s: float = math.inf) -> Waveform:
        """Return a recording as it is, up to `most_s`, at a rate in Hertz. Raises DownloadFailed, BadAudio."""
        return audio.decode(self.fetch(source, limit_s), sample_rate, most_s, limit_s)

    def add(self, new: NewVoice, limit_s: float = math.inf) -> tuple[SavedVoice, ReferenceVoice]:
        """Keep a recording as a voice, with its check-up. Raises as `recorded`, and StorageFailed."""
        name = new.name
        if name in self.built_in.names:
            raise InvalidInput.at("voice", "is the name of a built-in voice: choose another")
        if not new.overwrite and name in self._library.names(name):
            raise InvalidInput.at("voice", f"{name} is there already: send overwrite, or choose another name")
        # Not kept among the prepared: whoever deletes the voice deletes all that the volume has of it.
        data = self.fetch(new.ref_audio, limit_s)
        voice = replace(self._prepare(data, new.ref_text, new.language, limit_s, to_keep=True), name=name)
        consent = {"text": new.consent, "date": datetime.now(UTC).date().isoformat()} if new.consent else None
        saved = SavedVoice(
            name,
            text=voice.transcript,
            language=voice.language,
            duration_s=round(voice.waveform.duration_s, 4),
            consent=consent,
            findings=voice.findings,
        )
        return self._library.add(saved, audio.encode(voice.waveform, "wav")), voice

    def remove(self, name: str) -> None:
        """Forget a voice that was added. Raises VoiceNotFound, StorageFailed."""
        if name in self.built_in.names:
            raise InvalidInput.at("voice", "is built in and cannot be deleted")
        if not self._library.remove(name):
            raise VoiceNotFound(f"there is no voice {name!r}; known: {_listed(self.names())}")

    def _saved(self, saved: SavedVoice, data: bytes) -> ReferenceVoice:
        """Return a voice as it was prepared when it was added."""
        voice = ReferenceVoice(
            self._decoded(data), saved.text or "", saved.name, saved.language, findings=saved.findings
        )
        return self._with_mel(self._as_said(voice))

    def _found(self, saved: SavedVoice, data: bytes) -> ReferenceVoice:
        """Return a voice that is a sound file alone; what is heard in the whole of it is written beside it."""
        transcript = saved.text if saved.text and text.is_speakable(saved.text) else None
        try:
            voice = self._reference(data, transcript and text.clean(transcript), None)
        except InvalidInput as e:
            raise BadAudio(f"voice {saved.name} and its transcript do not belong together: add the voice again") from e
        except ModelUnavailable as e:
            raise ModelUnavailable(
                f"this worker has no recogniser to hear what voice {saved.name} says: put {saved.name}.txt beside it"
            ) from e
        if transcript is None and not voice.notes:
            self._library.note_transcript(saved, voice.transcript)
            self._once(repr(replace(saved, text=voice.transcript)), lambda: voice)
        return voice

    def _reference(
        self, data: bytes, transcript: str | None, language: str | None, limit_s: float = math.inf
    ) -> ReferenceVoice:
        """Return a recording prepared, or as it was prepared before."""
        settings = self._settings
        made_by = (PREPARATION, settings.max_reference_s, settings.reference_pad_s, self._recogniser.name)
        key = hashlib.sha256(repr((made_by, transcript, language)).encode() + data).hexdigest()

        def prepare() -> ReferenceVoice:
            return self._prepare(data, transcript, language, limit_s)

        return self._once(key, lambda: replace(self._kept(key, prepare), kept_as=key))

    def _once(self, key: str, make: Callable[[], ReferenceVoice]) -> ReferenceVoice:
        """Return a prepared voice; the last few are kept in memory."""
        voice = self._ready.pop(key, None) or make()
        self._ready[key] = voice
        if len(self._ready) > KEPT_IN_MEMORY:
            self._ready.popitem(last=False)
        return voice

    def _kept_earlier(self, key: str) -> ReferenceVoice:
        voice = prepared.load(self._place_of(key))
        if voice is None:
            raise VoiceNotFound("the reference of that take is no longer kept: send ref_audio again")
        return replace(self._as_said(voice), kept_as=key)

    def _place_of(self, key: str) -> Path:
        return self._settings.references_dir / f"{key}.npz"

    def _kept(self, key: str, make: Callable[[], ReferenceVoice]) -> ReferenceVoice:
        """From the volume, if any worker has made it before. What the volume refuses costs time alone."""
        voice = prepared.load(self._place_of(key))
        if voice is not None:
            return self._as_said(voice)
        voice = make()
        prepared.save(self._place_of(key), voice)
        return voice

    def _as_said(self, voice: ReferenceVoice) -> ReferenceVoice:
        """Return a voice whose text is as it is written, with it as it is said."""
        written = text.as_transcript(voice.text).strip()
        return replace(voice, text=self._said(voice.text, voice.language), written=written)

    def _said(self, written: str, language: str | None) -> str:
        return said(written, language, self.built_in.languages)

    def _prepare(
        self, data: bytes, transcript: str | None, language: str | None, limit_s: float, to_keep: bool = False
    ) -> ReferenceVoice:
        """`to_keep`: a voice that many will speak with is listened to once more than it must."""
        recording = silence.without_offset(self._decoded(data, limit_s))
        more = "more than " if recording.duration_s > MAX_RECORDING_S - 0.1 else ""
        waveform = silence.tidy(recording)
        _check(waveform, recording)
        is_long = waveform.duration_s > self._settings.max_reference_s
        if transcript is not None and not (more and is_long):
            _check_rate(self._said(transcript, language), waveform)
        is_told = transcript is not None
        notes: tuple[str, ...] = ()
        heard: Transcript | None = None
        if is_long:
            waveform, transcript, heard = self._cut(waveform, transcript, language)
            _check(waveform, recording)
            kept = f"{waveform.duration_s:.1f} of {more}{recording.duration_s:.1f} s"
            notes = (f"the recording was cut to {kept}, and its transcript with it: {transcript}",)
        elif transcript is None:
            heard = self._hear(waveform, language)
            transcript = text.clean(heard.text)
        elif to_keep:
            heard = self._heard_if_possible(waveform, language)
        language = _language_of(language, heard, is_told)
        spoken = self._said(transcript, language)
        if not is_told and _rate(spoken, waveform) > SPEECH_RATE[1]:  # noise is heard as a phrase on and on
            raise BadAudio("no words are heard in the recording: send 3 to 10 s of clear speech")
        again = self._recogniser.transcribe(waveform, language, True) if to_keep and heard and not is_told else None
        notes += heard_twice(transcript, again)
        findings = check_up(recording, waveform, spoken, heard, is_told, again)
        waveform = reference.pad(waveform, self._settings.reference_pad_s)
        voice = ReferenceVoice(waveform, transcript, language=language, notes=notes, findings=findings)
        return self._with_mel(self._as_said(voice))

    def _decoded(self, data: bytes, limit_s: float = math.inf) -> Waveform:
        return audio.decode(data, audio.SAMPLE_RATE, MAX_RECORDING_S, limit_s)

    def _cut(
        self, waveform: Waveform, transcript: str | None, language: str | None
    ) -> tuple[Waveform, str, Transcript]:
        """Sound and text that end together, and what is heard in them."""
        longest_s = self._settings.max_reference_s - self._settings.reference_pad_s
        try:
            # A little more than is kept: the words behind the cut tell where it may lie.
            heard = self._recogniser.transcribe(reference.start_of(waveform, longest_s + 5), language)
        except ModelUnavailable as e:
            log.warning("a long recording cannot be cut: %s", e)
            raise BadAudio(
                f"the recording is longer than {self._settings.max_reference_s} s and this worker has no recogniser to"
                " cut it: cut it yourself, and its transcript at the same word"
            ) from e
        # Comparing takes time as long as the text: no more than anyone says before the cut.
        told = transcript and transcript[: round(SPEECH_RATE[1] * (longest_s + 5))]
        spoken_in = _language_of(language, heard, transcript is not None)
        found = reference.cut(waveform, heard.words, longest_s, told, spoken_in)
        if found is None and transcript is not None:
            raise InvalidInput.at(
                "ref_text",
                f"is not what is heard in ref_audio ({heard.text[:80]!r}), so that the recording, which is longer than"
                f" {self._settings.max_reference_s} s, cannot be cut: send the exact transcript, or none",
            )
        if found is None or not text.is_speakable(found.text):
            raise BadAudio("no words are heard in the recording: send 3 to 10 s of clear speech")
        return reference.start_of(waveform, found.end_s), text.clean(found.text), replace(heard, words=found.words)

    def _heard_if_possible(self, waveform: Waveform, language: str | None) -> Transcript | None:
        try:
            return self._recogniser.transcribe(waveform, language)
        except ModelUnavailable as e:
            log.warning("the transcript of a new voice is not checked: %s", e)
            return None

    def _hear(self, waveform: Waveform, language: str | None) -> Transcript:
        try:
            heard = self._recogniser.transcribe(waveform, language)
        except ModelUnavailable as e:
            log.warning("a recording without a transcript cannot be used: %s", e)
            raise ModelUnavailable(
                "this worker has no recogniser to hear what is said in ref_audio: send ref_text, or have the operator"
                " put the whisper model that ASR_MODEL names on the volume"
            ) from e
        if not text.is_speakable(heard.text):
            raise BadAudio("no words are heard in the recording: send 3 to 10 s of clear speech, or ref_text")
        return heard

    def _with_mel(self, voice: ReferenceVoice) -> ReferenceVoice:
        return replace(voice, mel=self._mel_of(voice.waveform))

    def fetch(self, source: AudioSource, limit_s: float) -> bytes:
        """Return a recording's file. Raises DownloadFailed; InvalidInput for one that is kept as a reference."""
        limit = self._settings.max_audio_mb * MB
        match source:
            case InlineSource(data):
                return data
            case WebSource(url):
                return fetch_web(url, limit, min(FETCH_DEADLINE_S, limit_s))
            case BucketSource(bucket, key):
                # The request was checked against the bucket's name; here it is only a matter of not reading another.
                if self._bucket is None or bucket != self._bucket.bucket:
                    raise DownloadFailed(f"ref_audio: there is no way to the bucket {bucket}")
                return self._bucket.get(key, limit)
            case KeptSource():
                raise InvalidInput.at("ref_audio", "is of an earlier take and speaks only: send the recording itself")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _language_of(language: str | None, heard: Transcript | None, is_told: bool) -> str | None:
    """Of a transcript: what a recogniser has written down is in the language that it has heard."""
    heard_in = heard.language if heard else None
    return language or heard_in if is_told else heard_in or language


def _check(waveform: Waveform, recording: Waveform) -> None:
    """Raise BadAudio where there is too little of a sound left of a recording, or too quiet a one."""
    if not len(waveform.samples) or audio.rms(waveform.samples) < QUIET_RMS:
        loudest = float(np.abs(recording.samples).max(initial=0))
        if loudest < SILENT_PEAK:
            raise BadAudio("the recording is silent: send 3 to 10 s of clear speech")
        raise BadAudio(
            f"the recording is nearly silent, its peak is {20 * math.log10(loudest):.0f} dBFS: move closer to the"
            " microphone, or raise its gain, and send 3 to 10 s of clear speech"
        )
    if waveform.duration_s < MIN_REFERENCE_S:
        raise BadAudio(f"the recording holds {waveform.duration_s:.2f} s of sound: send 3 to 10 s of clear speech")


def _rate(transcript: str, waveform: Waveform) -> float:
    """Bytes of text per second."""
    return text.size(transcript) / waveform.duration_s


def _check_rate(transcript: str, waveform: Waveform) -> None:
    rate = _rate(transcript, waveform)
    if not SPEECH_RATE[0] <= rate <= SPEECH_RATE[1]:
        raise InvalidInput.at(
            "ref_text",
            f"cannot be what is said in {waveform.duration_s:.1f} s of audio: it would be {rate:.1f} bytes of text"
            " per second; send the exact transcript",
        )
