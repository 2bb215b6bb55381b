"""Sound as arrays: decode, resample, join, measure, encode.

Knows nothing of voices, text or where bytes come from and go to. Everything is in memory: no temp file, no external
program. Samples are float32, mono, nominally within -1..1.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from voiceclone.errors import BadAudio
from voiceclone.types import Samples, Span, Waveform

SAMPLE_RATE = 24_000
"""The rate that F5-TTS hears and speaks at, in Hertz."""
SOURCE_RATES = range(4_000, 384_001)
"""Rates of a recording that are believed, in Hertz."""

AudioFormat = Literal["wav", "flac", "mp3", "ogg", "opus"]
FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)


@dataclass(frozen=True)
class _Encoding:
    content_type: str
    container: str
    """libsndfile's name of the container."""
    codec: str
    """libsndfile's name of the sample encoding."""


_ENCODINGS: dict[AudioFormat, _Encoding] = {
    "wav": _Encoding("audio/wav", "WAV", "PCM_16"),
    "flac": _Encoding("audio/flac", "FLAC", "PCM_16"),
    "mp3": _Encoding("audio/mpeg", "MP3", "MPEG_LAYER_III"),
    "ogg": _Encoding("audio/ogg", "OGG", "VORBIS"),
    "opus": _Encoding("audio/ogg", "OGG", "OPUS"),
}
# libsndfile's Vorbis encoder needs a stack for the whole of what it is given at once, and dies without it.
_BLOCK = 65_536


def decode(data: bytes, sample_rate: int, max_duration_s: float) -> Waveform:
    """Decode a file of any format that libsndfile reads, mix it to mono and resample it.

    Raises:
        BadAudio: not a sound file, empty, longer than `max_duration_s`, or with samples that are not finite.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.samplerate not in SOURCE_RATES:
                raise BadAudio(f"the reference claims a rate of {file.samplerate} Hz: export it at 24000 or 44100")
            limit = int(max_duration_s * file.samplerate)
            # Read one sample past the limit rather than trust the header: a small file can hold hours of silence.
            samples = file.read(limit + 1, dtype="float32", always_2d=True)
            source_rate = file.samplerate
    except (soundfile.LibsndfileError, ValueError) as e:
        raise BadAudio("the reference is not a sound file of a known format: send WAV, FLAC, MP3, OGG or Opus") from e
    if len(samples) > limit:
        raise BadAudio(
            f"the reference is longer than {max_duration_s:g} s: cut it, and its transcript at the same word"
        )
    if len(samples) == 0:
        raise BadAudio("the reference holds no sound")
    if not np.isfinite(samples).all():
        raise BadAudio("the reference holds samples that are not numbers: export it again")
    return resample(Waveform(samples.mean(axis=1), source_rate), sample_rate)


def resample(waveform: Waveform, sample_rate: int) -> Waveform:
    """Band-limited resampling; the same waveform where the rates are equal.

    By soxr: torchaudio's filter grows with the ratio of the rates, to gigabytes between 47,999 and 24,000 Hz.
    """
    if waveform.sample_rate == sample_rate:
        return waveform
    import soxr

    return Waveform(soxr.resample(waveform.samples, waveform.sample_rate, sample_rate), sample_rate)


def rms(samples: Samples) -> float:
    """Root mean square of the samples, 0 for none."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def join(
    parts: Iterable[Samples], lengths: Sequence[int], sample_rate: int, cross_fade_s: float
) -> tuple[Waveform, tuple[Span, ...]]:
    """Lay parts one after the other, each faded linearly into the next, and say where each lies.

    The parts are taken one by one, so that no more than the result is in memory; `lengths` tells theirs beforehand.
    The fade is shortened where a part is too short for it: a sample belongs to two parts at the most.
    """
    fade = int(cross_fade_s * sample_rate)
    overlaps = [0]
    for before, after in pairwise(lengths):
        overlaps.append(min(fade, before - overlaps[-1], after))
    joined = np.zeros(sum(lengths) - sum(overlaps), np.float32)
    spans, end = [], 0
    for part, length, overlap in zip(parts, lengths, overlaps, strict=True):
        start = end - overlap
        ramp = np.linspace(0, 1, overlap, dtype=np.float32)
        joined[start:end] = joined[start:end] * (1 - ramp) + part[:overlap] * ramp
        joined[end : start + length] = part[overlap:]
        end = start + length
        spans.append(Span(start / sample_rate, end / sample_rate))
    return Waveform(joined, sample_rate), tuple(spans)


def encode(waveform: Waveform, audio_format: AudioFormat) -> bytes:
    """The bytes of a sound file; samples outside -1..1 are clipped."""
    import soundfile

    encoding = _ENCODINGS[audio_format]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", waveform.sample_rate, channels=1, format=encoding.container, subtype=encoding.codec
    ) as file:
        for start in range(0, len(waveform.samples), _BLOCK):
            file.write(np.clip(waveform.samples[start : start + _BLOCK], -1, 1))
    return buffer.getvalue()


def content_type(audio_format: AudioFormat) -> str:
    """The media type of a format."""
    return _ENCODINGS[audio_format].content_type
