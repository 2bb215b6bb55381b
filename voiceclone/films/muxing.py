"""A film written anew with one more track of sound, and its subtitles: pictures are copied packet by packet.

Knows nothing of how the track was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voiceclone.client import BadInput
from voiceclone.films.film import RATE, Film
from voiceclone.subtitles import Cue

if TYPE_CHECKING:
    import av

CODECS = ("aac", "opus", "mp3", "flac")
"""Of sound, by FFmpeg's names: the first one that the container takes."""
ENCODERS = {"opus": "libopus", "mp3": "libmp3lame"}
TAKEN_BY_MPEGTS = {"aac", "ac3", "eac3", "mp2", "mp3"}
SUBTITLES = ("mov_text", "subrip", "webvtt")
"""Likewise."""
BIT_RATE = 96_000
"""Of one channel."""
AHEAD_S = 1.0
"""So far the new track is written before the pictures that belong to it."""
HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour,"
    b" SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, BorderStyle, Outline, Shadow, Alignment,"
    b" MarginL, MarginR, MarginV, AlphaLevel, Encoding\nStyle: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,1,1,0,"
    b"2,10,10,10,0,0\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
"""What FFmpeg's encoders of subtitles begin with: the look of a player's own."""


@dataclass(frozen=True)
class Dubbing:
    """What is new in a film."""

    sound: Iterator[NDArray[np.float32]]
    """At RATE, of shape (channels, n), one block behind the other."""
    channels: int
    cues: Sequence[Cue]
    """Empty: no subtitles."""
    language: str | None
    """ISO 639-2, as `spa`."""
    replaces: bool
    """Whether the film's own sound is left out."""


def require_container(out: Path) -> str:
    """Return FFmpeg's name of a container by a file's ending. Raises BadInput for one that takes no film."""
    import av

    names = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".ts": "mpegts"}
    names |= {".avi": "avi", ".mka": "matroska", ".m4a": "mp4"}
    name = names.get(out.suffix.lower())
    if name is None or name not in av.formats_available:
        raise BadInput(f"--out {out}: the ending must be one of {', '.join(names)}")
    return name


def write_film(film: Film, file: Any, container: str, dubbing: Dubbing) -> list[str]:
    """Write the film with its new track first among the sounds; returns what could not be taken over.

    Raises BadInput where the container does not take the film's pictures or its sound, and what the new sound raises.
    """
    import av

    try:
        return _written(film, file, container, dubbing)
    except av.FFmpegError as e:
        raise BadInput(_not_as(container, e.strerror or str(e), film)) from e


def _written(film: Film, file: Any, container: str, dubbing: Dubbing) -> list[str]:
    import av

    notes: list[str] = []
    with av.open(str(film.path), "r", metadata_errors="ignore") as source, av.open(file, "w", format=container) as out:
        out.metadata.update(source.metadata)
        begins_s = (source.start_time or 0) / av.time_base
        taken: dict[int, Any] = {}
        for stream in source.streams.video:
            try:
                taken[stream.index] = out.add_stream_from_template(stream)
            except ValueError as e:
                raise BadInput(_not_as(container, str(e), film)) from e
            taken[stream.index].metadata.update(stream.metadata)
        sound = _Sound(out, dubbing, max(0.0, begins_s))
        others = [*([] if dubbing.replaces else source.streams.audio), *source.streams.subtitles]
        for other in others:
            context = other.codec_context
            if context is None or context.codec.canonical_name not in _taken_by(out):
                notes.append(f"the {other.type} track {other.index} is left out: a {container} file does not take it")
                continue
            taken[other.index] = out.add_stream_from_template(other)
            taken[other.index].metadata.update(other.metadata)
        words = _Words(out, dubbing, max(0.0, begins_s)) if dubbing.cues else None
        if words is not None and words.stream is None:
            notes.append(f"the subtitles are left out: a {container} file takes none")
        kept = [stream for stream in source.streams if stream.index in taken]
        for packet in source.demux(kept) if kept else ():
            if packet.dts is None and packet.pts is None:  # the end of a stream
                continue
            at = packet.dts if packet.dts is not None else packet.pts
            now_s = float((at or 0) * packet.time_base) - begins_s if packet.time_base else 0.0
            sound.write(now_s + AHEAD_S)
            if words is not None:
                words.write(now_s + AHEAD_S)
            packet.stream = taken[packet.stream.index]
            out.mux(packet)
        sound.write(None)
        if words is not None:
            words.write(None)
    return notes


def _not_as(container: str, why: str, film: Film) -> str:
    cure = f"name --out *{film.path.suffix}, or leave the film's own sound out with --replace"
    return f"the film cannot be written as {container} ({why}): {cure}"


def _taken_by(out: av.container.OutputContainer) -> set[str]:
    """Return the codecs that a container takes. FFmpeg does not tell those of MPEG-TS."""
    return out.supported_codecs | (TAKEN_BY_MPEGTS if out.format.name == "mpegts" else set())


class _Sound:
    """Encodes the new track as far as the pictures are."""

    def __init__(self, out: av.container.OutputContainer, dubbing: Dubbing, begins_s: float) -> None:
        """`begins_s`: when the film's first moment is, by its own clock."""
        codec = next((each for each in CODECS if each in _taken_by(out)), None)
        if codec is None:
            raise BadInput(f"a {out.format.name} file takes none of {', '.join(CODECS)}: name --out otherwise")
        self._out, self._blocks, self._done = out, dubbing.sound, 0
        self._begins = round(begins_s * RATE)
        self._layout = "mono" if dubbing.channels == 1 else "stereo"
        stream: Any = out.add_stream(
            ENCODERS.get(codec, codec), rate=RATE, layout=self._layout, bit_rate=BIT_RATE * dubbing.channels
        )
        if dubbing.language:
            stream.metadata["language"] = dubbing.language
        self._stream = stream
        self._resampler: Any = None

    def write(self, until_s: float | None) -> None:
        """Write up to a moment; None: to the end."""
        import av

        if self._resampler is None:
            form = self._stream.codec_context.format.name
            self._resampler = av.AudioResampler(form, self._layout, RATE, frame_size=_frame_size(self._stream))
        while self._blocks is not None and (until_s is None or self._done < until_s * RATE):
            block = next(self._blocks, None)
            if block is None:
                self._blocks = iter(())
                break
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self._layout)
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self._begins + self._done
            self._done += block.shape[1]
            self._encode(self._resampler.resample(frame))
        if until_s is None:
            self._encode(chain(self._resampler.resample(None), [None]))

    def _encode(self, frames: Any) -> None:
        for frame in frames:
            self._out.mux(self._stream.encode(frame))


def _frame_size(stream: Any) -> int | None:
    size = stream.codec_context.frame_size
    return size or None


class _Words:
    """Writes the subtitles as far as the pictures are."""

    def __init__(self, out: av.container.OutputContainer, dubbing: Dubbing, begins_s: float) -> None:
        name = next((each for each in SUBTITLES if each in out.supported_codecs), None)
        self._out, self._left = out, list(reversed(dubbing.cues))
        self._begins_ms = round(begins_s * 1000)
        self.stream: Any = None
        if name is None:
            return
        stream: Any = out.add_stream(name)
        stream.codec_context.subtitle_header = HEADER
        if dubbing.language:
            stream.metadata["language"] = dubbing.language
        self.stream = stream
        self._counted = name == "mov_text"

    def write(self, until_s: float | None) -> None:
        """Write the cues that begin up to a moment; None: all that are left."""
        import av

        while self.stream is not None and self._left and (until_s is None or self._left[-1].start_s <= until_s):
            cue = self._left.pop()
            data = cue.text.encode()
            packet = av.Packet((len(data).to_bytes(2, "big") if self._counted else b"") + data)
            packet.stream, packet.time_base = self.stream, Fraction(1, 1000)
            packet.pts = packet.dts = self._begins_ms + cue.start_ms
            packet.duration = max(1, cue.end_ms - cue.start_ms)
            self._out.mux(packet)
