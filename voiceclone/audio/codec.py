"""Sound as arrays: resample, measure, make louder.

Knows nothing of voices, text or where bytes come from and go to. Everything is in memory: no temp file, no external
program. Samples are float32, mono, nominally within -1..1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from voiceclone.types import Samples, Waveform

SAMPLE_RATE = 24_000
"""The rate that F5-TTS hears and speaks at, in Hertz."""
HOP_S = 256 / SAMPLE_RATE
"""F5-TTS's speech is a whole number of these long."""
PEAK = 10 ** (-1 / 20)
"""Nothing is raised above it, -1 dB below full scale: what is decoded from a lossy format overshoots."""
TRIES, NEAR_DB, MAX_LIMITED_DB = 8, 0.2, 15.0
"""Of a gain that makes limited speech as loud as asked; which is good enough; and how much larger it may be than one
that would do without a limiter."""
LEAST_SLOPE, SLOPE = 0.2, 0.75
"""By how much limited speech becomes louder with a gain: at the least, and before that is known."""
_BLOCK = 65_536


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


def of_length(waveform: Waveform, samples: int) -> Waveform:
    """Cut, or with silence behind it."""
    kept = waveform.samples[:samples]
    return Waveform(np.pad(kept, (0, samples - len(kept))), waveform.sample_rate)


def loudness(waveform: Waveform) -> float:
    """Integrated loudness in LUFS by ITU-R BS.1770-4; -70 or less for silence and for what is shorter than 0.4 s."""
    return _filtered(waveform, ())[0]


def made_as_loud(waveform: Waveform, lufs: float, check: Callable[[], None] = lambda: None) -> tuple[Waveform, float]:
    """Return the waveform at an integrated loudness, or as near to it as can be, and the loudness that it has now.

    What would be above PEAK once it is played, between samples too, is made quieter for some milliseconds around: as
    long as before, and every sound in its place.

    Args:
        check: called before each block of some seconds; what it raises ends the work.
    """
    now, peak = _filtered(waveform, (), check)
    if now <= -70 or not peak:
        return waveform, now
    gain_db = lufs - now
    if peak * 10 ** (gain_db / 20) <= PEAK:
        return Waveform(waveform.samples * np.float32(10 ** (gain_db / 20)), waveform.sample_rate), lufs
    louder = Waveform(np.empty_like(waveform.samples), waveform.sample_rate)
    reached, step_db, slope, most_db = now, 0.0, SLOPE, gain_db + MAX_LIMITED_DB
    for _ in range(TRIES):
        former = reached
        reached, peak = _filtered(waveform, _limiter(gain_db, waveform.sample_rate), check, louder.samples)
        if abs(lufs - reached) <= NEAR_DB or gain_db == most_db:
            break
        if step_db:
            slope = min(1.0, max(LEAST_SLOPE, (reached - former) / step_db))
        step_db = min((lufs - reached) / slope, most_db - gain_db)
        gain_db += step_db
    excess = min(1.0, 0.995 * PEAK / peak)  # meters differ by hundredths of a dB
    np.multiply(louder.samples, np.float32(excess), out=louder.samples)
    return louder, reached + 20 * float(np.log10(excess))


def _limiter(gain_db: float, sample_rate: int) -> tuple[tuple[str, str], ...]:
    """FFmpeg's filters that raise a sound and keep its true peak below PEAK, which they see at four times its rate."""
    return (
        ("volume", f"{gain_db:.3f}dB:precision=float"),
        ("aresample", f"{4 * sample_rate}"),
        ("alimiter", f"limit={0.975 * PEAK:.4f}:attack=5:release=50:level=disabled:latency=1"),
        ("aresample", f"{sample_rate}"),
        ("aformat", "sample_fmts=flt"),
    )


def _filtered(
    waveform: Waveform,
    filters: Sequence[tuple[str, str]],
    check: Callable[[], None] = lambda: None,
    into: Samples | None = None,
) -> tuple[float, float]:
    """Return the loudness of a waveform in LUFS, and its true peak, behind FFmpeg's filters.

    Args:
        filters: names and options, one behind the other.
        into: gets the samples, if it is given.
    """
    import av
    from av.filter import Graph

    graph = Graph()
    last = graph.add_abuffer(sample_rate=waveform.sample_rate, format="flt", layout="mono")
    for name, options in (*filters, ("ebur128", "metadata=1:peak=true"), ("abuffersink", "")):
        following = graph.add(name, options)
        last.link_to(following)
        last = following
    graph.configure()
    measured, peak, done = -70.0, 0.0, 0
    blocks = range(0, len(waveform.samples), _BLOCK)
    for start in (*blocks, None):
        check()
        frame = None
        if start is not None:
            block = np.ascontiguousarray(waveform.samples[None, start : start + _BLOCK])
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
            frame.sample_rate = waveform.sample_rate
        graph.push(frame)
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                given = graph.pull()
                measured = float(given.metadata.get("lavfi.r128.I", measured))
                peak = max(peak, float(given.metadata.get("lavfi.r128.true_peak", 0)))
                if into is not None:
                    part = given.to_ndarray().reshape(-1)[: len(into) - done]
                    into[done : done + len(part)] = part
                    done += len(part)
    if into is not None:
        into[done:] = 0
    return measured, peak
