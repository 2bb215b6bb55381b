"""How good a recording is as a reference: what was measured, a verdict, and what to do about it. Pure functions.

Knows nothing of jobs or of how words are recognised. The bounds are of speech recorded with a phone or better; what
they say of clips made bad on purpose is measured in `tests/voices/test_checkup.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voiceclone.audio import FRAME_S, loudness_db, sounding
from voiceclone.listening import word_error_rate
from voiceclone.text import is_wide
from voiceclone.types import Finding, Transcript, Verdict, Waveform

ORDER: tuple[Verdict, ...] = ("good", "fair", "poor")

NEAR_PEAK = 0.98
"""Of the largest sample; speech comes so near to it in few places, clipped speech all the time."""
UNSURE, NO_SPEECH, APART = -0.7, 0.6, 0.2
"""A recogniser's mean log probability, its doubt that anyone speaks, and the word error rate between two hearings,
behind which more than every fifth word is wrong in most clips."""
PITCH_HZ = (60.0, 400.0)
PITCH_FRAME_S = 0.04
VOICED = 0.6
"""Autocorrelation at the pitch's period, relative to that at none, above which a frame is voiced."""
WINDOW_S = 1.0
"""One person's pitch is a median over this much speech."""


def worst(findings: Sequence[Finding]) -> Verdict:
    return max((finding.verdict for finding in findings), key=ORDER.index, default="good")


def check_up(
    recording: Waveform,
    kept: Waveform,
    text: str,
    heard: Transcript | None = None,
    is_told: bool = True,
    again: Transcript | None = None,
) -> tuple[Finding, ...]:
    """Look at a reference from every side.

    Args:
        recording: as it was sent.
        kept: what is used of it.
        text: what is said in `kept`, numbers in words.
        heard: what a recogniser hears in `kept`, where one was asked.
        is_told: whether a person has written down what is said; else `text` is what is heard.
        again: what is heard in `kept` a second time.
    """
    rate = _rate(kept, text, is_told)
    findings = (_duration(recording, kept), _clipping(recording), *_levels(recording), rate, _people(kept))
    if heard is None:
        return findings
    return (*findings, _language(heard), _transcript(text, heard) if is_told else _unchecked(heard, again))


def heard_twice(text: str, again: Transcript | None) -> tuple[str, ...]:
    """Return what a caller is told where a transcript is heard otherwise a second time; nothing where it is not."""
    if again is None or not word_error_rate(text, again.text, again.language):
        return ()
    return (f"the recording is heard in two ways, {text!r} and {again.text!r}: send what is said as `ref_text`",)


def _finding(what: str, value: float | str, unit: str, verdict: Verdict, advice: str) -> Finding:
    return Finding(what, value, unit, verdict, "" if verdict == "good" else advice)


def _graded(value: float, good: bool, fair: bool) -> Verdict:
    return "good" if good else "fair" if fair and np.isfinite(value) else "poor"


def _duration(recording: Waveform, kept: Waveform) -> Finding:
    seconds = round(kept.duration_s, 2)
    verdict = _graded(seconds, seconds >= 3, seconds >= 2)
    if verdict == "good" and seconds < 0.6 * recording.duration_s:
        advice = f"only {seconds:.1f} of {recording.duration_s:.1f} s are used: choose the best 3 to 10 s yourself"
        return _finding("duration", seconds, "s", "fair", advice)
    advice = "record 3 to 10 s of speech: so little tells little of a voice"
    return _finding("duration", seconds, "s", verdict, advice)


def _clipping(recording: Waveform) -> Finding:
    loud = np.abs(recording.samples)
    share = float((loud >= NEAR_PEAK * loud.max()).mean()) if len(loud) and loud.max() > 0 else 0.0
    advice = "the sound is cut off where it is loud: record with less gain"
    return _finding(
        "clipping", round(100 * share, 3), "% of samples", _graded(share, share < 5e-4, share < 5e-3), advice
    )


def _levels(recording: Waveform) -> list[Finding]:
    loudness = loudness_db(recording)
    speech = loudness[sounding(recording)]
    level = float(np.percentile(speech, 75)) if len(speech) else -120.0
    above = level - float(np.percentile(loudness, 5)) if len(loudness) else 0.0
    quiet = _graded(level, level >= -35, level >= -48)
    noisy = _graded(above, above >= 25, above >= 15)
    return [
        _finding("level", round(level, 1), "dB", quiet, "the speech is quiet: move closer to the microphone"),
        _finding(
            "signal to noise",
            round(above, 1),
            "dB",
            noisy,
            "there is noise behind the speech: record in a quieter room",
        ),
    ]


def _rate(kept: Waveform, text: str, is_told: bool) -> Finding:
    letters = sum(c.isalnum() for c in text)
    seconds = float(sounding(kept).sum()) * FRAME_S
    rate = letters / seconds if seconds else float("inf")
    good, fair = ((2.5, 8.0), (1.5, 10.0)) if any(is_wide(c) for c in text) else ((7.0, 20.0), (4.5, 26.0))
    verdict = _graded(rate, good[0] <= rate <= good[1], fair[0] <= rate <= fair[1])
    cure = "write down exactly what is said" if is_told else "what is heard may be wrong, send `ref_text`"
    advice = f"speech and transcript are of unequal length: {cure}"
    return _finding("speech rate", round(min(rate, 999.0), 1), "letters/s", verdict, advice)


def _people(kept: Waveform) -> Finding:
    """Return how far apart the pitches of parts of the speech lie: one person's lie within less than an octave."""
    pitches = pitch(kept)
    voiced = pitches[np.isfinite(pitches)]
    if not len(voiced):
        return _finding("one voice", 0.0, "semitones", "poor", "no voice is found: send a recording of clear speech")
    size = int(WINDOW_S / (PITCH_FRAME_S / 2))
    parts = [float(np.median(voiced[i : i + size])) for i in range(0, max(1, len(voiced) - size // 2), size)]
    spread = 12 * float(np.log2(max(parts) / min(parts)))
    advice = "more than one person seems to speak, or one with very unequal pitch: use a part by one"
    return _finding("one voice", round(spread, 1), "semitones", _graded(spread, spread <= 8, spread <= 11), advice)


def _language(heard: Transcript) -> Finding:
    sure = heard.language_probability
    advice = "the language is not clear: send `language`, or a clearer recording"
    return _finding("language", heard.language or "", "", _graded(sure, sure >= 0.8, sure >= 0.5), advice)


def _transcript(text: str, heard: Transcript) -> Finding:
    rate = word_error_rate(text, heard.text, heard.language)
    advice = f"what is heard is not the transcript: {heard.text[:120]!r}; correct `ref_text`"
    return _finding("transcript", round(rate, 3), "word error rate", _graded(rate, rate <= 0.1, rate <= 0.3), advice)


def _unchecked(heard: Transcript, again: Transcript | None) -> Finding:
    """Judge a transcript that was only heard. It is never good: a recogniser may hear a wrong word clearly, twice."""
    apart = word_error_rate(heard.text, again.text, heard.language) if again is not None else 0.0
    is_sure = heard.log_probability > UNSURE and heard.no_speech < NO_SPEECH and apart <= APART
    advice = "read it through, and send what is said as `ref_text` where a word is wrong"
    advice = f"{advice if is_sure else f'the recogniser is not sure: {advice}'}: {heard.text!r}"
    return _finding("transcript", "heard, not checked", "", "fair" if is_sure else "poor", advice)


def pitch(waveform: Waveform) -> NDArray[np.float64]:
    """Fundamental frequency in Hertz every 20 ms, nan where nothing is voiced.

    The largest normalised autocorrelation of each frame, as in https://www.fon.hum.uva.nl/paul/papers/Proceedings_1993.pdf.
    """
    rate = waveform.sample_rate
    size, hop = int(PITCH_FRAME_S * rate), int(PITCH_FRAME_S * rate / 2)
    if len(waveform.samples) < size:
        return np.full(0, np.nan)
    frames = np.lib.stride_tricks.sliding_window_view(waveform.samples.astype(np.float64), size)[::hop]
    window = np.hanning(size)
    loud = np.sqrt(np.square(frames).mean(axis=1))
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, :size]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
    normalised = correlation / np.maximum(correlation[:, :1], 1e-12) * (own[0] / np.maximum(own, 1e-3 * own[0]))
    shortest, longest = int(rate / PITCH_HZ[1]), int(rate / PITCH_HZ[0])
    within = normalised[:, shortest : longest + 1]
    best = within.max(axis=1)
    # The first period that is nearly as good as the best: twice the period is as good in a steady voice.
    lag = shortest + np.argmax(within >= 0.9 * best[:, None], axis=1)
    voiced = (best > VOICED) & (loud > 0.1 * np.percentile(loud, 95))
    return np.where(voiced, rate / lag, np.nan)
