"""Sound as files of the formats in which speech is delivered: whole, or as a stream while it is made.

Everything is in memory: no temp file, no external program; FFmpeg's threads end with the file that they write. Samples
are float32, mono; what is outside -1..1 is clipped. Knows nothing of where the bytes go.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from voiceclone.errors import InvalidInput
from voiceclone.types import AudioFormat, Recording, Samples, Waveform

if TYPE_CHECKING:
    import av

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
"""The rates that Opus knows, in Hertz."""
RATES = range(8_000, 48_001)
"""The rates of formats that know any, in Hertz."""
SOFTWARE = "voiceclone"
BLOCK = 65_536
"""Samples that are encoded at once: libsndfile's Vorbis encoder needs a stack for all of them, and dies without it."""
OPTIONS = {"fflags": "+bitexact", "metadata_header_padding": "0", "id3v2_version": "3", "write_id3v2": "1"}
"""Of FFmpeg's muxers: no mark of FFmpeg's version, no empty space behind FLAC's tags; MP3's tags as every
player reads them, and AAC has them too."""
STREAM_OPTIONS = {"flush_packets": "1", "page_duration": "20000", "write_xing": "0"}
"""Of a stream beside them: every packet goes out at once, Opus in pages of 20,000 microseconds, MP3 without a frame
that tells its length."""


@dataclass(frozen=True)
class _Encoding:
    """How a format is written."""

    content_type: str
    codec: str
    """FFmpeg's name of the encoder."""
    sample_format: Literal["s16", "flt", "fltp"]
    """What the encoder takes, by FFmpeg's name."""
    muxer: str
    """FFmpeg's name."""
    bit_rate: Callable[[int], int] = lambda _: 0
    """From the rate in Hertz, in bits a second."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the encoder."""
    gain: float = 1.0
    """What makes up for the encoder's: LAME takes 5 % away at constant bit rates."""


def _bit_rate(sample_rate: int) -> int:
    """Return a constant rate: by it players tell a stream's length, and libsndfile reads no further."""
    return min(80_000, 16_000 + 2 * sample_rate)


_ENCODINGS: dict[AudioFormat, _Encoding] = {
    "wav": _Encoding("audio/wav", "pcm_s16le", "s16", "wav"),
    "flac": _Encoding("audio/flac", "flac", "s16", "flac", options={"frame_size": "1024"}),
    "mp3": _Encoding("audio/mpeg", "libmp3lame", "fltp", "mp3", _bit_rate, gain=1 / 0.95),
    "ogg": _Encoding("audio/ogg", "vorbis", "fltp", "ogg"),
    "opus": _Encoding("audio/ogg", "libopus", "flt", "ogg", lambda sample_rate: 12_000 + sample_rate),
    "aac": _Encoding("audio/aac", "aac", "fltp", "adts", _bit_rate),
    "pcm": _Encoding("audio/pcm", "pcm_s16le", "s16", "s16le"),
}


class Encoder:
    """Speech as one file, part by part.

    A part's bytes come as early as the codec gives them: what it keeps comes with the next part, or at the end. A
    stream cannot be gone back in: its header does not tell how long it is. Decoders of MP3 and AAC hear the codec's
    delay as silence at the beginning: 1105 samples of MP3, 1024 of AAC; no other format has one. Some programs, as
    libsndfile, cannot read streamed FLAC to its end.
    """

    def __init__(self, audio_format: AudioFormat, sample_rate: int, title: str = "") -> None:
        """Begin a file. `sample_rate` is in Hertz. Raises InvalidInput if the format does not know it."""
        self._made = _Stream()
        self._writer = _writer(self._made, audio_format, sample_rate, title)

    def add(self, samples: Samples) -> bytes:
        """Return what can be sent once these samples, of shape (n,), are there too; it may be nothing."""
        for block in _blocks(samples):
            self._writer.write(block)
        return self._made.take()

    def finish(self) -> bytes:
        """Return the end of the file. Nothing can be added after it."""
        self._writer.close()
        return self._made.take()


def encode(
    waveform: Waveform, audio_format: AudioFormat, title: str = "", check: Callable[[], None] = lambda: None
) -> bytes:
    """Return the bytes of a sound file.

    `pcm` is 16-bit little-endian samples without a header; it has no title. Raises InvalidInput if the format does not
    know the rate.

    Args:
        check: called before each block of some seconds; what it raises ends the work.
    """
    file = io.BytesIO()
    writer = _writer(file, audio_format, waveform.sample_rate, title)
    for block in _blocks(waveform.samples):
        check()
        writer.write(block)
    writer.close()
    return file.getvalue()


def encode_exactly(recording: Recording, audio_format: Literal["wav", "flac"]) -> bytes:
    """Return the bytes of a sound file that decodes to the very samples; FLAC keeps 24 bits of floating point."""
    import soundfile

    file = io.BytesIO()
    bits = min(recording.bits, 24) if audio_format == "flac" else recording.bits
    samples: NDArray[Any] = recording.samples
    if bits != 32:  # libsndfile would scale them by one less than a power of two
        full = 2 ** (bits - 1)
        whole = np.clip(np.rint(samples.astype(np.float64) * full), -full, full - 1).astype(np.int32)
        samples = whole << (32 - bits)
    subtype = "FLOAT" if bits == 32 else f"PCM_{bits}"
    soundfile.write(file, samples, recording.sample_rate, subtype, format=audio_format.upper())
    return file.getvalue()


def content_type(audio_format: AudioFormat) -> str:
    """Return the media type of a format."""
    return _ENCODINGS[audio_format].content_type


def as_16_bit(samples: Samples) -> NDArray[np.int16]:
    """Return samples as they lie in every format without loss: the nearest of 65,536 values, clipped."""
    return np.clip(np.rint(samples * np.float32(32_768)), -32_768, 32_767).astype("<i2")


def _blocks(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), BLOCK):
        yield samples[start : start + BLOCK]


class _Stream(io.BytesIO):
    """A file that holds only what nobody has taken yet."""

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        made = self.getvalue()
        self.seek(0)
        self.truncate()
        return made


def _writer(file: io.BytesIO, audio_format: AudioFormat, sample_rate: int, title: str) -> _Writer | _VorbisWriter:
    """Begin a file. Raises InvalidInput."""
    import av

    encoding = _ENCODINGS[audio_format]
    known = av.Codec(encoding.codec, "w").audio_rates
    if sample_rate not in (known or RATES):
        rates = ", ".join(map(str, sorted(known))) if known else f"{RATES[0]} to {RATES[-1]}"
        raise InvalidInput.at("sample_rate", f"must be one that {audio_format} knows: {rates}; it is {sample_rate}")
    if audio_format == "ogg":
        return _VorbisWriter(file, sample_rate, title)
    return _Writer(file, encoding, sample_rate, title)


class _Writer:
    """Writes what FFmpeg makes of samples."""

    def __init__(self, file: io.BytesIO, encoding: _Encoding, sample_rate: int, title: str) -> None:
        import av

        self._sample_format, self._gain = encoding.sample_format, np.float32(encoding.gain)
        self._tick = Fraction(1, sample_rate)
        self._done = 0
        options = OPTIONS if file.seekable() else OPTIONS | STREAM_OPTIONS
        self._container = av.open(file, "w", format=encoding.muxer, container_options=options)
        self._container.metadata.update({"encoded_by": SOFTWARE} | ({"title": title} if title else {}))
        stream: Any = self._container.add_stream(
            encoding.codec,
            rate=sample_rate,
            layout="mono",
            format=encoding.sample_format,
            bit_rate=encoding.bit_rate(sample_rate),
            options=dict(encoding.options),
        )
        self._stream = cast("av.AudioStream", stream)
        self._container.start_encoding()

    def write(self, samples: Samples) -> None:
        import av

        packed: Any = as_16_bit(samples) if self._sample_format == "s16" else np.clip(samples, -1, 1) * self._gain
        frame = av.AudioFrame.from_ndarray(packed[None], format=self._sample_format, layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = self._tick.denominator, self._tick, self._done
        self._done += len(samples)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


class _VorbisWriter:
    """Writes Ogg Vorbis by libsndfile: FFmpeg's own encoder is an experiment that knows stereo only."""

    def __init__(self, file: io.BytesIO, sample_rate: int, title: str) -> None:
        import soundfile

        self._file = soundfile.SoundFile(file, "w", sample_rate, channels=1, format="OGG", subtype="VORBIS")
        self._file.software = SOFTWARE
        if title:
            self._file.title = title

    def write(self, samples: Samples) -> None:
        self._file.write(np.clip(samples, -1, 1))

    def close(self) -> None:
        self._file.close()
