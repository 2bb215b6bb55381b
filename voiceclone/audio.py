"""Sound as arrays: decode, resample, join, measure, encode.

Knows nothing of voices, text or where bytes come from and go to. Everything is in memory: no temp file, no external
program. Samples are float32, mono, nominally within -1..1.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal, get_args

import numpy as np

from voiceclone.errors import BadAudio
from voiceclone.types import Samples, Span, Waveform

SAMPLE_RATE = 24_000
"""The rate that F5-TTS hears and speaks at, in Hertz."""
SOURCE_RATES = range(4_000, 384_001)
"""Rates of a recording that are believed, in Hertz."""

MAX_CHANNELS = 8
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,adts,amr,asf,aiff,caf,mp3,ogg,flac,wav,avi,flv,mpeg,mpegts"
"""What FFmpeg may take a recording for, by its names."""

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
    """Decode a file of any format that people have, mix it to mono and resample it. What it holds decides, not a name.

    No more than `max_duration_s` is read, whatever the file holds or claims: a small one can hold hours of silence.
    Raises BadAudio: not a sound file, empty, or with samples that are not finite.
    """
    found = _decode_by_libsndfile(data, max_duration_s) or _decode_by_ffmpeg(data, max_duration_s)
    if found.sample_rate not in SOURCE_RATES:
        raise BadAudio(f"the recording claims a rate of {found.sample_rate} Hz: export it at 24000 or 44100")
    if len(found.samples) == 0:
        raise BadAudio("the recording holds no sound")
    if not np.isfinite(found.samples).all():
        raise BadAudio("the recording holds samples that are not numbers: export it again")
    peak = float(np.abs(found.samples).max())
    # Floating-point files may go above full scale, where every other format would clip them.
    level = Waveform(found.samples / peak, found.sample_rate) if peak > 1 else found
    return resample(level, sample_rate)


def _decode_by_libsndfile(data: bytes, max_duration_s: float) -> Waveform | None:
    """None where it does not know the format."""
    import soundfile

    pieces: list[Samples] = []
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = file.samplerate
            if file.channels > MAX_CHANNELS:
                raise BadAudio(f"the recording has {file.channels} channels: send one or two")
            left = int(max_duration_s * rate) if rate in SOURCE_RATES else 0
            # Mixed as it is read: many channels at a high rate would fill the memory.
            while left > 0 and len(block := file.read(min(left, _BLOCK), dtype="float32", always_2d=True)):
                pieces.append(block.mean(axis=1))
                left -= len(block)
    except (soundfile.LibsndfileError, ValueError):
        return None
    return Waveform(np.concatenate([np.zeros(0, np.float32), *pieces]), rate)


def _decode_by_ffmpeg(data: bytes, max_duration_s: float) -> Waveform:
    import av

    pieces: list[Samples] = []
    left = int(max_duration_s * SAMPLE_RATE)
    try:
        # A playlist would make it fetch what it names: only containers, and from this memory alone.
        options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
        with av.open(io.BytesIO(data), "r", options=options, metadata_errors="ignore") as file:
            if not file.streams.audio:
                raise BadAudio("the recording holds no sound")
            # Not to mono: FFmpeg would make two equal channels louder by 3 dB.
            resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
            for frame in chain(file.decode(file.streams.audio[0]), (None,)):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray().mean(axis=0)[:left])
                    left -= len(pieces[-1])
                if left <= 0:
                    break
    except (av.FFmpegError, ValueError, MemoryError) as e:
        raise BadAudio(
            "the recording is not a sound file of a known format: send WAV, FLAC, MP3, M4A, OGG, Opus or WebM"
        ) from e
    return Waveform(np.concatenate([np.zeros(0, np.float32), *pieces]), SAMPLE_RATE)


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
