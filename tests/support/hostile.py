"""Recordings that are unusual, damaged or made to do harm."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from fractions import Fraction

import av
import numpy as np
import soundfile
from av.stream import Disposition

RATE = 48_000
SEGMENT, CLUSTER, CUES = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75", b"\x1c\x53\xbb\x6b"
"""Of Matroska. A size of eight bytes, all but the first bits ones, is unknown."""
FRAMES = 55
"""Of a film."""


def tone(seconds, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * 440 / rate * np.arange(round(seconds * rate)))).astype(np.float32)


def sounding(container, codec, layout="mono", *, seconds=1.0, rate=RATE, block=None, **options):
    """A tone in every channel, by FFmpeg. `block`: samples of a frame, where the codec leaves that open."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, options=options)
        context = stream.codec_context
        packed = np.repeat(tone(seconds, rate), av.AudioLayout(layout).nb_channels)[None]
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        # Planes of many channels are not touched here either.
        size = block or context.frame_size or 1_024
        resampler = av.AudioResampler(format=context.format, layout=layout, rate=rate, frame_size=size)
        for given in (frame, None):
            for piece in resampler.resample(given):
                output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def at_one_hertz():
    """Matroska whose sound claims to last for hours."""
    data = sounding("matroska", "pcm_s16le", seconds=0.25)
    before, after = (b"\xb5\x88" + struct.pack(">d", rate) for rate in (RATE, 1.0))
    assert before in data
    return data.replace(before, after)


def in_frames_of_a_sample(seconds=40):
    """Matroska that takes longer to decode than to play."""
    data = sounding("matroska", "pcm_u8", seconds=0.5, rate=24_000, block=1)
    clusters = data[data.index(CLUSTER) : data.rindex(CUES)]
    size = data.index(SEGMENT) + len(SEGMENT)
    return data[:size] + b"\x01" + b"\xff" * 7 + data[size + 8 : data.index(CLUSTER)] + clusters * (2 * seconds)


def in_one_frame(seconds=200):
    """Matroska with all of its sound in a single frame."""
    return sounding("matroska", "pcm_u8", seconds=seconds, block=seconds * RATE)


def picture(side):
    """A black PNG, which has a thousandth of its pixels' bytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    pack = zlib.compressobj()
    lines = b"".join(pack.compress(bytes(1 + 3 * side)) for _ in range(side)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def with_covers(count=8, side=4_000):
    """A second of AAC in MP4, with pictures of 48 MB each."""
    file = io.BytesIO()
    cover = picture(side)
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=RATE, layout="mono")
        packets = []
        with av.open(io.BytesIO(cover)) as source:
            for _ in range(count):
                packet = av.Packet(cover)
                packet.stream = output.add_stream_from_template(source.streams.video[0])
                packet.stream.disposition = Disposition.attached_pic
                packet.pts = packet.dts = 0
                packets.append(packet)
        frame = av.AudioFrame.from_ndarray(tone(1)[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*packets, *stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return file.getvalue()


def with_a_long_comment(kind=b"WAVE"):
    """62 bytes of RIFF with a comment of 2 GB."""
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    comment = b"INFOICMT" + struct.pack("<I", 0x7FFF0000) + b"abcdef"
    return b"RIFF" + struct.pack("<I", 0x7FFFFFF0) + kind + form + b"LIST" + struct.pack("<I", 0x7FFFFFF0) + comment


@functools.cache
def film(container, codec, *, sound=False):
    """Noise to look at, of 5 MB or more: FFmpeg looks at no more by itself. `sound`: a second, behind all of it."""
    file = io.BytesIO()
    noise = np.random.default_rng(0)
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 640, "yuv420p", 20_000_000
        voice = output.add_stream("aac", rate=44_100, layout="mono") if sound else None
        for _ in range(FRAMES):
            seen = noise.integers(0, 255, (640, 640, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(seen, format="rgb24")))
        output.mux(stream.encode(None))
        if voice is not None:
            frame = av.AudioFrame.from_ndarray(tone(1, 44_100)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 44_100, Fraction(1, 44_100), FRAMES * 44_100 // 25
            output.mux(voice.encode(frame))
            output.mux(voice.encode(None))
    return file.getvalue()


FLV_HEADER = 13
FLV_FLAGS = 4
"""Where a byte says whether there is sound, 4, and a picture, 1."""


def flv(flags, *parts):
    """The tags of some FLV files one behind the other."""
    header = bytearray(parts[0][:FLV_HEADER])
    header[FLV_FLAGS] = flags
    return bytes(header) + b"".join(part[FLV_HEADER:] for part in parts)


def late_in_flv(flags=1):
    """The sound stands behind all of the picture; by its header there is none."""
    return flv(flags, film("flv", "flv"), sounding("flv", "aac", rate=44_100))


def before_a_late_picture():
    """FLV that says nothing of a picture, which comes behind all of the sound."""
    return flv(4, sounding("flv", "aac", rate=44_100, seconds=20), film("flv", "flv"))


def late_in_mpegts():
    return film("mpegts", "mpeg2video", sound=True)


def damaged_sds():
    """MIDI samples with an error in each block, and libsndfile has a line for each of them."""
    file = io.BytesIO()
    soundfile.write(file, tone(1), RATE, format="SDS", subtype="PCM_16")
    data = bytearray(file.getvalue())
    for at in range(21, len(data), 127):
        data[at : at + 4] = bytes(4)
    return bytes(data)
