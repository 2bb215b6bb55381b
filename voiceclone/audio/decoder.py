"""The process that decodes recordings: python -m voiceclone.audio.decoder PID, of the process that asks.

Reads requests from its input and writes replies to its output, as `decoding.py` has them, within limits of memory and
time. Everything is in memory: no temp file, no external program. Ends with the process that asks.
"""

from __future__ import annotations

import io
import math
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NoReturn

import av
import numpy as np
import soundfile
import soxr

from voiceclone.audio.decoding import READY, REPLY, REQUEST, TOO_LARGE
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
UNKNOWN = "the recording is not a sound file of a known format: send WAV, FLAC, MP3, M4A, OGG, Opus or WebM"
_BLOCK = 65_536
_Block = tuple[int, Samples]
"""A rate in Hertz and mono samples."""


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
        answer, fine = decode(data, sample_rate, max_duration_s).tobytes(), True
    except BadAudio as e:
        answer, fine = str(e).encode(), False
    replies.write(REPLY.pack(fine, len(answer)))
    replies.write(answer)


def decode(data: bytes, sample_rate: int, max_duration_s: float) -> Samples:
    """Decode as `Decoder.decode` says. Raises BadAudio."""
    for blocks in (_by_libsndfile(data), _by_ffmpeg(data)):
        with suppress(_UnknownFormat):
            return _joined(blocks, sample_rate, max_duration_s)
    raise BadAudio(UNKNOWN)


class _UnknownFormat(Exception):
    """The library cannot read the recording."""


def _joined(blocks: Iterator[_Block], sample_rate: int, max_duration_s: float) -> Samples:
    """The sound of the blocks at one rate. Raises BadAudio, _UnknownFormat."""
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
        raise BadAudio("the recording holds no sound")
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


def _by_libsndfile(data: bytes) -> Iterator[_Block]:
    try:
        with soundfile.SoundFile(_Seekable(data)) as file:
            if file.format not in LIBSNDFILE:
                raise _UnknownFormat
            _check_channels(file.channels)
            # Mixed as it is read: many channels at a high rate would fill the memory.
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                yield file.samplerate, block.mean(axis=1)
    except (soundfile.LibsndfileError, ValueError) as e:
        raise _UnknownFormat from e


def _by_ffmpeg(data: bytes) -> Iterator[_Block]:
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
                raise BadAudio("the recording holds no sound")
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
                    samples = piece.to_ndarray().reshape(-1, frame.layout.nb_channels)
                    yield frame.sample_rate, samples.mean(axis=1)
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
