"""The process that decodes recordings: python -m voiceclone.audio.decoder PID, of the process that asks.

Reads requests from its input and writes replies to its output, as `decoding.py` has them, within limits of memory and
time. Everything is in memory: no temp file, no external program. Ends with the process that asks.
"""

from __future__ import annotations

import codecs
import io
import math
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, NoReturn

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from voiceclone.audio.decoding import EXACT, MOST_PER_S, READY, REPLY, REQUEST, TOO_LARGE
from voiceclone.errors import BadAudio
from voiceclone.types import Samples

SOURCE_RATES = range(4_000, 384_001)
"""Rates of a recording that are believed, in Hertz."""
MAX_CHANNELS = 8
LIBSNDFILE = {"AIFF", "AU", "CAF", "FLAC", "MP3", "OGG", "RF64", "W64", "WAV", "WAVEX"}
"""What libsndfile may take a recording for, by its names."""
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,adts,amr,asf,aiff,caf,mp3,ogg,flac,wav,avi,flv,mpeg,mpegts"
"""What FFmpeg may take a recording for, by its names."""
CODECS = (
    "aac,aac_fixed,aac_latm,ac3,ac3_fixed,eac3,alac,flac,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,libopus,vorbis,"
    "libvorbis,speex,libspeex,gsm,gsm_ms,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,nellymoser,wmav1,wmav2,wmapro,"
    "wmalossless,wmavoice,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,pcm_s16be,"
    "pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_bluray,pcm_dvd"
)
"""What decodes sound, by FFmpeg's names. Pictures beside it are not decoded."""
UNKNOWN = "the recording is not a sound file of a known format"
CURE = "send WAV, FLAC, MP3, M4A, OGG, Opus or WebM"
PAGE_CURE = "send a direct link to the sound file, one that downloads it, or the file itself"
NO_SOUND = "the recording holds no sound"
TEXT_BYTES = 4096
"""Of a file, by which text is told from sound."""
TEXT = 0.8
"""Of them, that can be read."""
UNTOLD = 2**32 - 1
"""What recorders write, beside 0, where they do not know how long the sound will be."""
BITS = {"PCM_S8": 16, "PCM_U8": 16, "ULAW": 16, "ALAW": 16, "PCM_16": 16, "PCM_24": 24}
"""That hold a sample of an encoding, by libsndfile's names."""
CANCELLED = 0.5
"""Of the energy that the mean of unrelated channels has."""
_BLOCK = 65_536
_Block = tuple[int, Samples]
"""A rate in Hertz and samples."""
_Mixer = Callable[[NDArray[np.float32]], Samples]
"""Makes what is wanted of a block of shape (samples, channels)."""


def main() -> None:
    """Answer requests until there are no more."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):  # libraries write there what they think of a recording
        os.dup2(nothing, standard)
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    while True:
        replies.write(READY)
        replies.flush()
        head = requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return
        size, sample_rate, max_duration_s, cpu_s, memory = REQUEST.unpack(head)
        _limit(resource.RLIMIT_DATA, memory)
        _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + cpu_s)
        try:
            _answer(requests.read(size), sample_rate, max_duration_s, replies)
        except MemoryError:  # whatever is still held goes with the process
            os._exit(TOO_LARGE)


def _end_with(parent: int) -> NoReturn:
    """End this process when its parent has ended: by then it may be at work, and another may hold its input open.

    The kernel's own signal for it comes too soon, with the end of the thread that started this process.
    """
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    with suppress(ValueError):  # not every system can limit memory; Linux can
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _answer(data: bytes, sample_rate: int, max_duration_s: float, replies: IO[bytes]) -> None:
    try:
        if sample_rate:
            answer, fine = decode(data, sample_rate, max_duration_s).tobytes(), True
        else:
            answer, fine = decode_exactly(data, max_duration_s), True
    except BadAudio as e:
        answer, fine = str(e).encode(), False
    replies.write(REPLY.pack(fine, len(answer)))
    replies.write(answer)


def decode(data: bytes, sample_rate: int, max_duration_s: float) -> Samples:
    """Decode as `Decoder.decode` says. Raises BadAudio."""
    if kind := kind_of_text(data):
        raise BadAudio(f"{UNKNOWN} but {kind}: {PAGE_CURE}")
    data = with_length(data)
    for read in (_by_libsndfile, _by_ffmpeg):
        with suppress(_UnknownFormat):
            mix = _Mix()
            samples = _joined(read(data, mix), sample_rate, max_duration_s)
            return _joined(read(data, _Mix(mix.loudest)), sample_rate, max_duration_s) if mix.cancels else samples
    raise BadAudio(f"{UNKNOWN}: {CURE}")


def decode_exactly(data: bytes, max_duration_s: float) -> bytes:
    """Decode as `Decoder.decode_exactly` says: the samples of all channels behind an EXACT. Raises BadAudio."""
    if kind := kind_of_text(data):
        raise BadAudio(f"{UNKNOWN} but {kind}: {PAGE_CURE}")
    data = with_length(data)
    for read, bits in ((_by_libsndfile, _bits(data)), (_by_ffmpeg, 32)):
        with suppress(_UnknownFormat):
            rate, samples = _as_they_are(read(data, lambda block: block), int(max_duration_s * MOST_PER_S))
            return EXACT.pack(rate, samples.shape[1], bits) + samples.tobytes()
    raise BadAudio(f"{UNKNOWN}: {CURE}")


def _as_they_are(blocks: Iterator[_Block], most: int) -> tuple[int, NDArray[np.float32]]:
    """Return the rate and the samples, (n, channels), no more than `most` in all. Raises BadAudio, _UnknownFormat."""
    rates, pieces, count = set(), [], 0
    for rate, block in blocks:
        rates.add((rate, block.shape[1]))
        pieces.append(block)
        count += block.size
        if rate not in SOURCE_RATES or len(rates) > 1:
            raise BadAudio(
                "the recording changes its rate or channels, or claims odd ones: export it at 24000 or 44100"
            )
        if count > most:
            raise BadAudio(f"the recording is longer than {most // MOST_PER_S} s at 48 kHz in stereo: cut it in parts")
        if not np.isfinite(block).all():
            raise BadAudio("the recording holds samples that are not numbers: export it again")
    if not count:
        raise BadAudio(NO_SOUND)
    return rates.pop()[0], np.concatenate(pieces)


def _bits(data: bytes) -> int:
    """Return with how many bits each sample is written; 32 where that is in floating point or with loss."""
    with suppress(soundfile.LibsndfileError, ValueError), soundfile.SoundFile(_Seekable(data)) as file:
        return BITS.get(file.subtype, 32)
    return 32


def kind_of_text(data: bytes) -> str | None:
    """Return what kind of text this is, as a page behind a link or a server's answer; None for what is none."""
    head = data[:TEXT_BYTES]
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    # Of a page in another encoding the letters beyond ASCII are left out, of sound most of it.
    text = head.decode(encoding, "ignore")
    kept = len(text.encode(encoding)) / max(1, len(head))
    text = text.removeprefix("\ufeff").strip()
    if kept <= TEXT or not text or not all(c.isprintable() or c.isspace() for c in text):
        return None
    if re.search(r"<(?:!doctype\s+html|html|head|body|script)\b", text, re.IGNORECASE):
        return "a web page (HTML)"
    return {"<": "XML", "{": "JSON", "[": "JSON"}.get(text[:1], "a text")


def with_length(data: bytes) -> bytes:
    """Return a file whose recorder has never written how long its sound is, a WAV or AU, with its length."""
    if data[:4] == b".snd" and data[8:12] == bytes(4):
        return data[:8] + UNTOLD.to_bytes(4) + data[12:]
    if data[:4] not in (b"RIFF", b"RF64") or data[8:12] != b"WAVE":
        return data
    start, size, told = 12, 0, 0
    while (name := data[start : start + 4]) != b"data":
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        if name == b"ds64":
            told = int.from_bytes(data[start + 16 : start + 24], "little")
        start += 8 + size + size % 2
        if start >= len(data):
            return data
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    if size not in (0, UNTOLD) or (size == UNTOLD and 0 < told <= len(data) - start - 8):
        return data
    end = len(data)
    for name in (b"LIST", b"id3 "):  # what some write behind the sound
        tail = data.rfind(name, start + 8)
        if 0 <= end - tail - 8 - int.from_bytes(data[tail + 4 : tail + 8], "little") <= 1 and tail >= 0:
            end = tail
    head = b"RIFF" + (end - 8).to_bytes(4, "little") + data[8:start].replace(b"ds64", b"JUNK", 1)
    return head + b"data" + (end - start - 8).to_bytes(4, "little") + data[start + 8 : end]


class _UnknownFormat(Exception):
    """The library cannot read the recording."""


class _Mix:
    """Channels mixed to one, as they come."""

    def __init__(self, channel: int | None = None) -> None:
        """`channel`: the only one that is taken; None: the mean of all."""
        self._channel = channel
        self._count = 0
        self._sums: NDArray[np.float64] = np.zeros((2, 1))
        """Of the samples of each channel and of the mean, and of their squares."""

    def __call__(self, block: NDArray[np.float32]) -> Samples:
        """`block`: of shape (samples, channels)."""
        channels = block.shape[1]
        if channels == 1 or self._channel is not None:
            return block[:, min(self._channel or 0, channels - 1)]
        mean = block.mean(axis=1)
        if self._sums.shape[1] in (1, channels + 1):  # some recordings go on with other channels
            told = np.column_stack([block, mean]).astype(np.float64)
            self._count += len(block)
            self._sums = self._sums + np.stack([told.sum(axis=0), np.square(told).sum(axis=0)])
        return mean

    @property
    def _energies(self) -> NDArray[np.float64]:
        """Of each channel and of their mean, without what is constant in it."""
        sums, squares = self._sums
        energies: NDArray[np.float64] = squares - sums**2 / max(1, self._count)
        return energies

    @property
    def cancels(self) -> bool:
        """Whether channels are so much against each other that their mean has half the energy of unrelated ones."""
        *channels, mean = self._energies
        return bool(mean < CANCELLED * sum(channels) / max(1, len(channels)) ** 2)

    @property
    def loudest(self) -> int:
        """Of the channels."""
        return int(np.argmax(self._energies[:-1]))


def _joined(blocks: Iterator[_Block], sample_rate: int, max_duration_s: float) -> Samples:
    """Return the sound of the blocks at one rate. Raises BadAudio, _UnknownFormat."""
    pieces: list[Samples] = []
    peak = 1.0
    of_source = left = 0
    resampler = None
    for rate, block in blocks:
        if rate not in SOURCE_RATES:
            raise BadAudio(f"the recording claims a rate of {rate} Hz: export it at 24000 or 44100")
        if not of_source:
            of_source, left = rate, int(max_duration_s * rate)
            # By soxr: torchaudio's filter grows with the ratio of the rates, to gigabytes from 47,999 to 24,000 Hz.
            resampler = soxr.ResampleStream(rate, sample_rate, 1) if rate != sample_rate else None
        if rate != of_source:
            raise BadAudio(f"the recording goes from {of_source} to {rate} Hz: export it again, at one rate")
        for start in range(0, min(left, len(block)), _BLOCK):
            samples = block[start : min(start + _BLOCK, left)]
            if not np.isfinite(samples).all():
                raise BadAudio("the recording holds samples that are not numbers: export it again")
            peak = max(peak, float(np.abs(samples).max()))
            pieces.append(resampler.resample_chunk(samples) if resampler else samples)
        left -= len(block)
        if left <= 0:
            break
    if resampler:
        pieces.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    if not any(len(piece) for piece in pieces):
        raise BadAudio(NO_SOUND)
    # Floating-point files may go above full scale, where every other format would clip them.
    return np.concatenate(pieces) / np.float32(peak)


class _Seekable(io.BytesIO):
    """A file in memory in which what cannot be sought is not moved to.

    A damaged file sends libsndfile before its beginning.
    """

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with suppress(ValueError):
            return super().seek(offset, whence)
        return self.tell()


def _by_libsndfile(data: bytes, mix: _Mixer) -> Iterator[_Block]:
    try:
        with soundfile.SoundFile(_Seekable(data)) as file:
            if file.format not in LIBSNDFILE:
                raise _UnknownFormat
            _check_channels(file.channels)
            # Mixed as it is read: many channels at a high rate would fill the memory.
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                yield file.samplerate, mix(block)
    except (soundfile.LibsndfileError, ValueError) as e:
        raise _UnknownFormat from e


def _by_ffmpeg(data: bytes, mix: _Mixer) -> Iterator[_Block]:
    # A playlist would make it fetch what it names: only containers, and from this memory alone. It looks at all of the
    # recording before it says what is in it: the sound may start late.
    options = {
        "format_whitelist": CONTAINERS,
        "codec_whitelist": CODECS,
        "protocol_whitelist": "none",
        "probesize": str(max(32, len(data))),
        "analyzeduration": str(10**15),
    }
    try:
        with av.open(io.BytesIO(data), "r", options=options, metadata_errors="ignore") as file:
            if not file.streams.audio:
                raise BadAudio(NO_SOUND)
            stream = file.streams.audio[0]
            if stream.codec_context is None or stream.codec_context.name not in CODECS.split(","):
                raise _UnknownFormat
            for other in file.streams:
                if other is not stream:
                    other.discard = av.stream.Discard.all
            packed = None
            for frame in file.decode(stream):
                _check_channels(frame.layout.nb_channels)
                shape = (frame.format.name, frame.layout, frame.sample_rate)
                if packed is None or shape != packed[0]:
                    # Into one plane, for PyAV reads behind the last of eight planes or more. Not to mono: FFmpeg would
                    # make two equal channels louder by 3 dB.
                    packed = shape, av.AudioResampler(format="flt")
                for piece in packed[1].resample(frame):
                    samples = piece.to_ndarray().reshape(-1, frame.layout.nb_channels).astype(np.float32, copy=False)
                    yield frame.sample_rate, mix(samples)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError, IndexError) as e:
        raise _UnknownFormat from e


def _check_channels(channels: int) -> None:
    """Raise BadAudio if there are more than a recording of people has."""
    if channels > MAX_CHANNELS:
        raise BadAudio(f"the recording has {channels} channels: send one or two")


if __name__ == "__main__":
    main()
