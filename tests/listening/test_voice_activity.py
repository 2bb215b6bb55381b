"""Where nobody speaks that is known before anyone listens; speech is never taken for silence, however quiet it is."""

from __future__ import annotations

import functools
import importlib.resources

import numpy as np
import pytest
from conftest import ROOT

from voiceclone import audio
from voiceclone.listening.voice_activity import may_hold_speech
from voiceclone.types import Waveform

RATE = 16_000
RNG = np.random.default_rng(0)


def at_level(samples, level_db):
    """Scaled to a level below full scale."""
    return samples * 10 ** (level_db / 20) / np.sqrt(np.mean(np.square(samples)))


def noise(size, exponent=0.0):
    """White noise; pink with an exponent of 1, brown with 2."""
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    return np.fft.irfft(np.fft.rfft(RNG.normal(0, 1, size)) * np.maximum(frequencies, 20) ** (-exponent / 2), size)


def hum(size, pitch_hz=50):
    """A mains hum, with its harmonics."""
    phase = 2 * np.pi * pitch_hz * np.arange(size) / RATE
    return sum(np.sin(k * phase + k) / k for k in range(1, 12))


def breath(size, count):
    """So many breaths: a noise that grows and fades."""
    spectrum = np.fft.rfft(noise(size, 1))
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 4000)] = 0
    return np.fft.irfft(spectrum, size) * np.abs(np.sin(np.pi * count * np.arange(size) / size)) ** 2


def clicks(size):
    """One a second, of 2.5 ms."""
    samples = np.zeros(size)
    for start in range(RATE // 3, size - 40, RATE):
        samples[start : start + 40] = RNG.normal(0, 0.3, 40)
    return samples


SOUNDS = {
    "silence": np.zeros,
    "dither": lambda size: np.round(RNG.normal(0, 0.5, size)) / 2**15,
    "an offset": lambda size: np.full(size, 0.1),
    "hiss": lambda size: at_level(noise(size), -30),
    "quiet hiss": lambda size: at_level(noise(size), -60),
    "pink noise": lambda size: at_level(noise(size, 1), -40),
    "rumble": lambda size: at_level(noise(size, 2), -20),
    "a tone": lambda size: at_level(np.sin(2 * np.pi * 440 * np.arange(size) / RATE), -20),
    "hum": lambda size: at_level(hum(size), -30),
    "hum and hiss": lambda size: at_level(hum(size, 120), -30) + at_level(noise(size), -45),
    "clicks": lambda size: clicks(size) + at_level(noise(size), -70),
}


@pytest.mark.parametrize("duration_s", [0.0, 0.01, 0.5, 3.0, 12.0])
@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_a_sound_that_goes_on_evenly_is_no_speech(sound, duration_s):
    size = int(duration_s * RATE)
    samples = sound(size) if size else np.zeros(0)
    assert not may_hold_speech(Waveform(samples.astype(np.float32), RATE))


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("noise_db", [-90, -50])
def test_breath_is_no_speech(count, noise_db):
    size = 4 * RATE
    samples = at_level(breath(size, count), -30) + at_level(noise(size), noise_db)
    assert not may_hold_speech(Waveform(samples.astype(np.float32), RATE))


def whispered(samples):
    """The same words without a voice: in frames of 25 ms, noise with the outline of the speech's spectrum."""
    size, hop = 400, 100
    window, padded = np.hanning(size), np.pad(samples, size)
    sound, spoken = RNG.normal(0, 1, len(padded)), np.zeros(len(padded))
    for start in range(0, len(padded) - size, hop):
        frame = slice(start, start + size)
        cepstrum = np.fft.irfft(np.log(np.abs(np.fft.rfft(padded[frame] * window)) + 1e-6))
        cepstrum[20:-20] = 0  # the harmonics of the voice
        outline = np.exp(np.fft.rfft(cepstrum).real)
        spoken[frame] += np.fft.irfft(np.fft.rfft(sound[frame] * window) * outline, size) * window
    return spoken[size:-size]


def behind(sound):
    """As loud as the speech."""
    return lambda samples: at_level(samples, -20) + at_level(sound(len(samples)), -20)


MANNERS = {
    "as it is": np.copy,
    "in white noise": behind(noise),
    "in pink noise": behind(lambda size: noise(size, 1)),
    "in a rumble": behind(lambda size: noise(size, 2)),
    "in hum": behind(hum),
    "whispered": whispered,
    "whispered in white noise": lambda samples: at_level(whispered(samples), -20) + at_level(noise(len(samples)), -30),
}
EXAMPLES = importlib.resources.files("f5_tts") / "infer/examples"
RECORDINGS = [
    *(EXAMPLES / name for name in ("basic/basic_ref_en.wav", "basic/basic_ref_zh.wav")),
    *(EXAMPLES / f"multi/{name}.flac" for name in ("main", "town", "country")),
    *sorted((ROOT / "voiceclone/demo/voices").glob("*.wav")),
]


@functools.cache
def samples_of(recording):
    return audio.decode(recording.read_bytes(), RATE, 30).samples.astype(np.float64)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name)
@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_speech_is_never_taken_for_silence(recording, manner):
    """At -20 and at -50 and -70 dB, and any second of it that is not a pause."""
    samples = manner(samples_of(recording))
    for level_db in (-20, -50, -70):
        assert may_hold_speech(Waveform(at_level(samples, level_db).astype(np.float32), RATE))
    if manner is np.copy:
        parts = [samples[start : start + RATE] for start in range(0, len(samples) - RATE, RATE // 2)]
        spoken = [part for part in parts if np.std(part) > 0.3 * np.std(samples)]
        assert spoken
        assert all(may_hold_speech(Waveform(part.astype(np.float32), RATE)) for part in spoken)
