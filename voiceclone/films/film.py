"""A film as it lies on the disk: how long it is, and what is heard in it. Read as it goes, never as a whole.

Knows nothing of subtitles. Times are in seconds from the film's first moment, as players count them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voiceclone import audio
from voiceclone.client import BadInput
from voiceclone.types import Waveform

if TYPE_CHECKING:
    import av

RATE = 48_000
"""Of a film's sound, in Hertz: every millisecond is a whole number of samples."""
TOLERANCE_S = 0.05
"""By so much the times of a film's sound may drift before samples are moved."""


@dataclass(frozen=True)
class Film:
    """What is known of a film."""

    path: Path
    duration_s: float
    has_sound: bool

    def part(self, start_s: float, end_s: float) -> Waveform:
        """Return what is heard in a part of it, mono at 24 kHz. Raises BadInput."""
        samples = self._blocks(audio.SAMPLE_RATE, "mono", start_s, end_s)
        heard = np.concatenate([np.zeros((1, 0), np.float32), *samples], axis=1)[0]
        return Waveform(heard, audio.SAMPLE_RATE)

    def sound(self) -> Iterator[NDArray[np.float32]]:
        """Yield all that is heard, of shape (2, n) at RATE. Raises BadInput."""
        return self._blocks(RATE, "stereo", 0.0, self.duration_s)

    def loudness(self) -> float:
        """Return how loud it is as a whole, in LUFS by ITU-R BS.1770; -70 for silence. Raises BadInput."""
        from av.filter import Graph

        graph = Graph()
        measured = -70.0
        source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="stereo")
        meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink", "")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        for block in self.sound():
            graph.push(_frame(block, RATE))
            with suppress(BlockingIOError, EOFError):
                while True:
                    measured = float(graph.pull().metadata.get("lavfi.r128.I", measured))
        return measured

    def _blocks(self, rate: int, layout: str, start_s: float, end_s: float) -> Iterator[NDArray[np.float32]]:
        """Yield sound from the one to the other, silence where there is none."""
        import av

        first, last = round(start_s * rate), round(end_s * rate)
        done = first
        with _opened(self.path) as file:
            begins_s = (file.start_time or 0) / av.time_base
            stream = file.streams.audio[0]
            if start_s > 1:
                file.seek(round((start_s + begins_s - 1) * av.time_base))
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            place: int | None = None
            try:
                for frame in file.decode(stream):
                    if frame.time is not None:
                        told = round((frame.time - begins_s) * rate)
                        if place is None or abs(told - place) > TOLERANCE_S * rate:
                            place = told
                    for piece in resampler.resample(frame):
                        samples = piece.to_ndarray().astype(np.float32, copy=False)
                        start = place or 0
                        place = start + samples.shape[1]
                        if start > done:
                            yield np.zeros((len(samples), min(start, last) - done), np.float32)
                            done = min(start, last)
                        kept = samples[:, max(0, done - start) : max(0, last - start)]
                        if kept.shape[1]:
                            yield kept
                            done += kept.shape[1]
                    if done >= last:
                        return
            except av.FFmpegError as e:
                raise BadInput(f"the sound of {self.path} cannot be decoded: {e}") from e
        channels = 1 if layout == "mono" else 2
        if done < last:
            yield np.zeros((channels, last - done), np.float32)


def opened_film(path: Path) -> Film:
    """Return a film. Raises BadInput where it cannot be read, or nothing tells how long it is."""
    import av

    with _opened(path) as file:
        lengths = [float(s.duration * s.time_base) for s in file.streams if s.duration and s.time_base]
        duration_s = (file.duration or 0) / av.time_base or max(lengths, default=0.0)
        if duration_s <= 0:
            raise BadInput(f"{path} does not tell how long it is: mux it anew")
        if not file.streams.audio and not file.streams.video:
            raise BadInput(f"{path} has neither picture nor sound: name the film first, then its subtitles")
        return Film(path, duration_s, bool(file.streams.audio))


def _opened(path: Path) -> av.container.InputContainer:
    import av

    try:
        return av.open(str(path), "r", metadata_errors="ignore")
    except OSError as e:
        raise BadInput(f"the film {path} cannot be read: {e.strerror or e}") from e


def _frame(block: NDArray[np.float32], rate: int) -> av.AudioFrame:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
    frame.sample_rate = rate
    return frame
