"""Sound survives decoding, resampling, joining and encoding; what is not sound is refused."""

from __future__ import annotations

import io
import resource
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.audio import FORMATS, content_type, decode, encode, join, resample, rms
from voiceclone.errors import BadAudio
from voiceclone.types import Waveform


def tone(duration_s=1.0, sample_rate=24_000, frequency=440.0):
    t = np.arange(int(duration_s * sample_rate)) / sample_rate
    return Waveform(0.3 * np.sin(2 * np.pi * frequency * t).astype(np.float32), sample_rate)


def as_wav(samples, sample_rate, subtype="PCM_16"):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize("audio_format", FORMATS)
def test_every_format_comes_back_as_it_went(audio_format):
    """Same length within a codec's padding, same level, same pitch."""
    waveform = tone()
    decoded = decode(encode(waveform, audio_format), 24_000, 30)
    assert decoded.sample_rate == 24_000
    assert abs(decoded.duration_s - waveform.duration_s) < 0.08
    assert rms(decoded.samples) == pytest.approx(rms(waveform.samples), rel=0.05)
    assert np.abs(np.fft.rfft(decoded.samples[:24_000])).argmax() == pytest.approx(440, abs=2)


def test_wav_is_24_khz_mono_16_bit():
    with soundfile.SoundFile(io.BytesIO(encode(tone(), "wav"))) as file:
        assert (file.samplerate, file.channels, file.subtype) == (24_000, 1, "PCM_16")


def test_loud_samples_are_clipped_not_wrapped():
    loud = Waveform(np.full(1000, 1.7, np.float32), 24_000)
    assert decode(encode(loud, "wav"), 24_000, 30).samples.min() > 0.99


def test_ten_minutes_of_vorbis_can_be_encoded():
    """libsndfile's encoder overflows its stack when it is given so much in one piece."""
    assert len(encode(Waveform(np.zeros(24_000 * 600, np.float32), 24_000), "ogg")) > 1000


def test_content_types_are_of_audio():
    assert {content_type(f) for f in FORMATS} == {"audio/wav", "audio/flac", "audio/mpeg", "audio/ogg"}


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


PARTS = st.lists(st.integers(1, 400), min_size=1, max_size=6)


@given(lengths=PARTS, cross_fade_s=st.sampled_from([0.0, 0.05, 0.15, 1.0]))
def test_joining_keeps_the_level_and_tells_where_each_part_lies(lengths, cross_fade_s):
    """Parts of constant one join to constant one: nothing dips or doubles at a fade."""
    rate = 1000
    joined, spans = join((np.ones(n, np.float32) for n in lengths), lengths, rate, cross_fade_s)
    assert np.allclose(joined.samples, 1, atol=1e-6)
    assert spans[0].start_s == 0
    assert spans[-1].end_s * rate == pytest.approx(len(joined.samples))
    for n, span in zip(lengths, spans, strict=True):
        assert (span.end_s - span.start_s) * rate == pytest.approx(n)


def test_joining_fades_linearly_as_f5_tts_does():
    joined, spans = join([np.full(100, 2, np.float32), np.full(100, 4, np.float32)], [100, 100], 1000, 0.05)
    assert np.allclose(joined.samples[50:100], np.linspace(2, 4, 50))
    assert (spans[0].end_s, spans[1].start_s) == (0.1, 0.05)


def test_joining_without_a_fade_lays_end_to_end():
    joined, _ = join([np.full(10, 1, np.float32), np.full(10, 2, np.float32)], [10, 10], 1000, 0)
    assert joined.samples.tolist() == [1] * 10 + [2] * 10


def test_what_lies_beyond_the_limit_is_not_read():
    assert decode(as_wav(np.zeros(24_000 * 3, np.float32), 24_000), 24_000, 2).duration_s == pytest.approx(2)
