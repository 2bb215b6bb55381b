"""Films of a few pictures, with any sound."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

FPS = 5


def write_film(path, sound=None, rate=48_000, seconds=None, picture="mpeg4", codec="aac"):
    """Noise to look at, which no encoder makes twice alike, and sound of shape (n,); None: a silent film."""
    seconds = seconds or len(sound) / rate
    with av.open(str(path), "w") as out:
        video = out.add_stream(picture, rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        track = None if sound is None else out.add_stream(codec, rate=48_000, layout="stereo")
        rng = np.random.default_rng(0)
        for _ in range(round(seconds * FPS)):
            image = av.VideoFrame.from_ndarray(rng.integers(0, 255, (64, 64, 3), np.uint8), format="rgb24")
            out.mux(video.encode(image))
        out.mux(video.encode(None))
        if track is not None:
            size = track.codec_context.frame_size or 1024
            resampler = av.AudioResampler(track.codec_context.format.name, "stereo", 48_000, frame_size=size)
            for start in range(0, len(sound), rate):
                block = sound[None, start : start + rate].astype(np.float32)
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
                for piece in resampler.resample(frame):
                    out.mux(track.encode(piece))
            for piece in [*resampler.resample(None), None]:
                out.mux(track.encode(piece))
    return path


def pictures(path):
    """The bytes of every packet of the picture."""
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(film.streams.video[0]) if packet.size]


def heard(path, track=0, rate=24_000):
    """The samples of one of its tracks of sound, mono."""
    with av.open(str(path)) as film:
        resampler = av.AudioResampler("flt", "mono", rate)
        frames = [piece for frame in film.decode(film.streams.audio[track]) for piece in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def streams(path):
    """Kind, codec and language of each."""
    with av.open(str(path)) as film:
        return [(s.type, s.codec_context.name, s.metadata.get("language")) for s in film.streams]


def shown(path):
    """The texts of its subtitles, with their starts in seconds."""
    with av.open(str(path)) as film:
        (stream,) = film.streams.subtitles
        packets = [packet for packet in film.demux(stream) if packet.size]
        counted = stream.codec_context.name == "mov_text"
        texts = [(float(p.pts * p.time_base), bytes(p)[2:] if counted else bytes(p)) for p in packets]
        return [(round(start, 3), text.decode()) for start, text in texts if text]


def begins(path):
    """When each track of pictures and sound begins, in seconds by the film's own clock."""
    with av.open(str(path)) as film:
        return [float(s.start_time * s.time_base) for s in film.streams if s.type in ("audio", "video")]
