"""Which voice speaks: built-in ones and the model's own by name, and recordings that come with a job.

Knows nothing of the model's network. Fetches a recording from the web, the configured bucket or the job itself, decodes
it and checks that it can serve as a reference.
"""

from __future__ import annotations

import functools
import importlib.resources
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from voiceclone import audio, text
from voiceclone.errors import BadAudio, DownloadFailed, InvalidInput, VoiceNotFound
from voiceclone.request import MB, AudioSource, BucketSource, HttpsSource, InlineSource
from voiceclone.settings import Settings
from voiceclone.types import Bucket, ReferenceVoice, Waveform

log = logging.getLogger(__name__)

MIN_REFERENCE_S = 1.0
QUIET_RMS = 1e-3
"""-60 dB below full scale: a room without a speaker."""
SPEECH_RATE = (3.0, 90.0)
"""Bytes of text per second that anyone speaks: slow Latin text to fast Devanagari with three bytes a character."""
FETCH_TIMEOUT_S = 20
FETCH_DEADLINE_S = 60
FETCH_BLOCK = 65_536


@dataclass(frozen=True)
class _Example:
    file: str
    """Path inside f5-tts's `infer/examples`."""
    text: str


EXAMPLES = {
    "example-en": _Example("basic/basic_ref_en.wav", "Some call me nature, others call me mother nature."),
    "example-zh": _Example("basic/basic_ref_zh.wav", "对，这就是我，万人敬仰的太乙真人。"),
}


class Voices:
    """Finds and prepares the reference of a job."""

    def __init__(self, settings: Settings, bucket: Bucket | None, model_voices: Path | None = None) -> None:
        """`model_voices`: a directory of `<name>.wav` and `<name>.txt` that come with the model."""
        self._settings = settings
        self._bucket = bucket
        found = sorted(model_voices.glob("*.wav")) if model_voices else []
        self._recordings = {path.stem: path for path in found if path.with_suffix(".txt").is_file()}

    @property
    def model_names(self) -> list[str]:
        """Of the voices that come with the model."""
        return list(self._recordings)

    @property
    def names(self) -> list[str]:
        """Of all voices; the model's own come first."""
        return [*self._recordings, *EXAMPLES]

    def named(self, name: str) -> ReferenceVoice:
        """A voice by name. Raises VoiceNotFound listing the names that exist."""
        if name in self._recordings:
            return _recording(self._recordings[name])
        if name not in EXAMPLES:
            raise VoiceNotFound(f"there is no voice {name!r}; known: {', '.join(self.names)}")
        return _example(name)

    def recorded(self, source: AudioSource, transcript: str) -> ReferenceVoice:
        """A voice from a recording and what is said in it.

        Raises:
            DownloadFailed: the recording cannot be fetched.
            BadAudio: it is not a sound file, too long, too short or silent.
            InvalidInput: the transcript cannot belong to the recording.
        """
        waveform = audio.decode(self._fetch(source), audio.SAMPLE_RATE, self._settings.max_reference_s)
        _check(waveform)
        rate = text.size(transcript) / waveform.duration_s
        if not SPEECH_RATE[0] <= rate <= SPEECH_RATE[1]:
            raise InvalidInput.at(
                "ref_text",
                f"cannot be what is said in {waveform.duration_s:.1f} s of audio: it would be {rate:.1f} bytes of text"
                " per second; send the exact transcript",
            )
        return ReferenceVoice(waveform, transcript)

    def _fetch(self, source: AudioSource) -> bytes:
        limit = self._settings.max_audio_mb * MB
        match source:
            case InlineSource(data):
                return data
            case HttpsSource(url):
                return fetch_https(url, limit)
            case BucketSource(bucket, key):
                # The request was checked against the bucket's name; here it is only a matter of not reading another.
                if self._bucket is None or bucket != self._bucket.bucket:
                    raise DownloadFailed(f"ref_audio: there is no way to the bucket {bucket}")
                return self._bucket.get(key, limit)


def fetch_https(url: str, max_bytes: int) -> bytes:
    """The body behind a public URL; addresses inside the network are refused by the SDK, redirects included.

    Raises DownloadFailed with the reason and the cure, never with the URL's query (it may be signed).
    """
    import requests
    import urllib3
    from runpod.serverless.utils import rp_ssrf

    deadline = time.monotonic() + FETCH_DEADLINE_S
    try:
        with rp_ssrf.safe_get(url, timeout=FETCH_TIMEOUT_S) as response:
            if not response.ok:
                raise DownloadFailed(f"the server of ref_audio answered {response.status_code}: check the link's life")
            body = bytearray()
            # As it arrives: waiting for whole blocks would wait for a server that sends a byte a second.
            while block := response.raw.read1(FETCH_BLOCK, decode_content=True):
                body += block
                if len(body) > max_bytes:
                    raise DownloadFailed(f"ref_audio is larger than {max_bytes // MB} MB: link to a shorter clip")
                if time.monotonic() > deadline:
                    raise DownloadFailed(f"ref_audio took longer than {FETCH_DEADLINE_S} s: link to a faster server")
            return bytes(body)
    except rp_ssrf.SSRFError as e:
        log.info("refused to fetch a reference: %s", e)
        raise DownloadFailed("ref_audio: its host cannot be found, is not public, or redirects in vain") from e
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as e:
        raise DownloadFailed(
            f"ref_audio could not be fetched ({type(e).__name__}): check the link, or send base64"
        ) from e


@functools.cache
def _example(name: str) -> ReferenceVoice:
    example = EXAMPLES[name]
    file = importlib.resources.files("f5_tts") / "infer/examples" / example.file
    return _trusted(file.read_bytes(), example.text, name)


@functools.cache
def _recording(path: Path) -> ReferenceVoice:
    return _trusted(path.read_bytes(), path.with_suffix(".txt").read_text(encoding="utf-8"), path.stem)


def _trusted(data: bytes, transcript: str, name: str) -> ReferenceVoice:
    """A voice that no caller sent."""
    waveform = audio.decode(data, audio.SAMPLE_RATE, max_duration_s=30)
    return ReferenceVoice(waveform, text.as_transcript(transcript), name)


def _check(waveform: Waveform) -> None:
    if waveform.duration_s < MIN_REFERENCE_S:
        raise BadAudio(f"the reference is {waveform.duration_s:.2f} s long: send 3 to 10 s of clear speech")
    if audio.rms(waveform.samples) < QUIET_RMS:
        raise BadAudio("the reference is silent: send 3 to 10 s of clear speech")
