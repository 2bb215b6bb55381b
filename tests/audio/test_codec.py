"""Sound survives decoding, resampling and joining; what is not sound is refused."""

from __future__ import annotations

import io
import resource
import struct

import numpy as np
import pytest
import recordings
import soundfile
import soxr

from voiceclone.audio.codec import (
    loudness,
    made_as_loud,
    resample,
    rms,
)
from voiceclone.audio.decoding import decode
from voiceclone.audio.encoding import encode
from voiceclone.errors import BadAudio
from voiceclone.types import Waveform


def tone(duration_s=1.0, sample_rate=24_000, frequency=440.0):
    t = np.arange(int(duration_s * sample_rate)) / sample_rate
    return Waveform(0.3 * np.sin(2 * np.pi * frequency * t).astype(np.float32), sample_rate)


def as_wav(samples, sample_rate, subtype="PCM_16"):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


def test_stereo_is_mixed_and_resampled():
    left, right = tone(sample_rate=44_100).samples, np.zeros(44_100, np.float32)
    decoded = decode(as_wav(np.stack([left, right], axis=1), 44_100), 24_000, 30)
    assert len(decoded.samples) == 24_000
    assert rms(decoded.samples) == pytest.approx(rms(left) / 2, rel=0.02)


@pytest.mark.parametrize("rate", [8_000, 11_127, 44_101, 47_999, 96_001])
def test_any_rate_is_resampled_in_bounded_memory(rate):
    """A filter by the ratio of the rates would take gigabytes: the process may not grow by more than 200 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decoded = decode(as_wav(tone(sample_rate=rate).samples, rate), 24_000, 30)
    assert decoded.duration_s == pytest.approx(1, abs=0.01)
    assert np.abs(np.fft.rfft(decoded.samples[:23_900], 24_000)).argmax() == pytest.approx(440, abs=2)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize("rate", [1, 3_999, 400_000])
def test_a_rate_that_no_recorder_has_is_refused(rate):
    with pytest.raises(BadAudio, match=f"rate of {rate} Hz"):
        decode(as_wav(np.ones(1000, np.float32), rate), 24_000, 2000)


def test_resampling_to_the_same_rate_is_the_same_waveform():
    waveform = tone()
    assert resample(waveform, 24_000) is waveform


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a sound file"),
        (b"not sound at all, but long enough to be looked at" * 10, "not a sound file"),
        (encode(tone(), "flac")[:40], "not a sound file"),
        (as_wav(np.zeros(0, np.float32), 24_000), "no sound"),
        (as_wav(np.array([0.1, np.nan], np.float32), 24_000, "FLOAT"), "not numbers"),
    ],
    ids=["nothing", "text", "a cut header", "no samples", "NaN"],  # libsndfile writes the time into a header
)
def test_what_cannot_be_a_reference_is_refused(data, message):
    with pytest.raises(BadAudio, match=message):
        decode(data, 24_000, 2)


def test_a_header_that_lies_about_the_length_does_not_reserve_memory():
    """The data chunk claims 2 GB and holds 2 bytes; the process may not grow by more than 50 MB."""
    wav = bytearray(as_wav(np.zeros(1, np.float32), 24_000))
    wav[40:44] = struct.pack("<I", 2**31)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(decode(bytes(wav), 24_000, 12).samples) <= 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def sounds(seconds=3, rate=24_000, level=0.1):
    return Waveform((level * np.sin(np.arange(seconds * rate) * 997 / rate * 2 * np.pi)).astype(np.float32), rate)


def test_loudness_is_that_of_the_recommendation():
    """EBU Tech 3341: a sine of 997 Hz at -23 dB below full scale in one channel of a stereo pair is -26 LUFS or, as a
    single channel, 3.01 dB less than its level."""
    assert loudness(sounds(level=10 ** (-23 / 20))) == pytest.approx(-26.0, abs=0.1)
    assert loudness(Waveform(np.zeros(48_000, np.float32), 24_000)) <= -70


@pytest.mark.parametrize("lufs", [-30.0, -23.0, -16.0])
def test_speech_is_made_as_loud_as_asked(lufs):
    louder, reached = made_as_loud(sounds(level=0.02), lufs)
    assert reached == pytest.approx(lufs, abs=0.01)
    assert loudness(louder) == pytest.approx(lufs, abs=0.15)


def true_peak_db(waveform):
    """Between samples too: of eight times as many."""
    rate = waveform.sample_rate
    return 20 * np.log10(np.abs(soxr.resample(waveform.samples.astype(np.float64), rate, 8 * rate)).max())


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize(("name", "lufs"), [("main", -16), ("town", -16), ("town", -12), ("basic_ref_en", -14)])
def test_speech_with_peaks_is_as_loud_as_asked_and_every_sound_stays_in_its_place(name, lufs, rate):
    """A gain alone makes it up to 5 LU too quiet."""
    speech = resample(recordings.recording(name).waveform, rate)
    louder, reached = made_as_loud(speech, lufs)
    assert loudness(louder) == pytest.approx(lufs, abs=0.5)
    assert loudness(louder) == pytest.approx(reached, abs=0.1)
    assert true_peak_db(louder) <= -1
    assert len(louder.samples) == len(speech.samples)
    lag = np.correlate(louder.samples, speech.samples[300:-300], "valid").argmax() - 300
    assert lag == 0


def test_loudness_that_a_limiter_cannot_reach_is_told_as_it_is():
    louder, reached = made_as_loud(recordings.recording("main").waveform, -5.0)
    assert reached == pytest.approx(loudness(louder), abs=0.1)
    assert reached < -6
    assert true_peak_db(louder) <= -1


def test_whoever_waits_for_the_loudness_can_give_up():
    class Late(Exception):
        pass

    def late():
        raise Late

    with pytest.raises(Late):
        made_as_loud(sounds(), -16.0, late)


def test_peaks_limit_how_loud_it_gets():
    louder, reached = made_as_loud(sounds(), -1.0)
    assert np.abs(louder.samples).max() <= 0.9
    assert reached == pytest.approx(loudness(louder), abs=0.15)
    assert reached < -1


def test_silence_is_not_made_louder():
    silent = Waveform(np.zeros(48_000, np.float32), 24_000)
    assert made_as_loud(silent, -20.0)[0] is silent


def test_what_lies_beyond_the_limit_is_not_read():
    assert decode(as_wav(np.zeros(24_000 * 3, np.float32), 24_000), 24_000, 2).duration_s == pytest.approx(2)
