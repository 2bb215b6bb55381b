"""What is encoded can be decoded: whole, or part by part while it is made."""

from __future__ import annotations

import functools
import gc
import io
import resource
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import recordings
import soundfile
import sounds
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voiceclone.audio.codec import resample, rms
from voiceclone.audio.decoding import decode, decode_exactly
from voiceclone.audio.encoding import Encoder, as_16_bit, content_type, encode, encode_exactly
from voiceclone.errors import BadAudio, InvalidInput
from voiceclone.types import AUDIO_FORMATS, Waveform

FILES = [each for each in AUDIO_FORMATS if each != "pcm"]
LOSSLESS = ["wav", "flac", "pcm"]
LOSSY = [each for each in AUDIO_FORMATS if each not in LOSSLESS]
STREAM_DELAY = {"mp3": 1105, "aac": 1024}
"""Samples of silence that a decoder hears first."""
FILE_DELAY = {"aac": 1024}
MOST_SILENT_END = 2 * 1152
"""Samples behind the sound of formats that do not tell their length: they have whole frames only."""
HELD = {"wav": 1, "pcm": 1, "flac": 1024, "opus": 960, "mp3": 3 * 576, "aac": 2 * 1024, "ogg": 24_000}
"""Samples at 24 kHz after which there is something to send, at the latest."""
CASES = [
    (audio_format, rate)
    for audio_format in AUDIO_FORMATS
    for rate in ((8_000, 16_000, 24_000, 48_000) if audio_format == "opus" else (8_000, 22_050, 24_000, 44_100, 48_000))
]


@functools.cache
def speech(rate=24_000, seconds=3.0):
    waveform = resample(recordings.recording("main").waveform, rate)
    return Waveform(waveform.samples[: int(seconds * rate)], rate)


def streamed(waveform, audio_format, lengths=(2_400,), title=""):
    """Encoded in parts of these lengths, again and again."""
    encoder, start, turn, made = Encoder(audio_format, waveform.sample_rate, title), 0, 0, []
    while start < len(waveform.samples):
        end = start + lengths[turn % len(lengths)]
        made.append(encoder.add(waveform.samples[start:end]))
        start, turn = end, turn + 1
    return b"".join((*made, encoder.finish()))


def decoded(data, audio_format, rate):
    """By another program than the one that wrote it, where there is one for it."""
    if audio_format == "pcm":
        return np.frombuffer(data, "<i2") / 32768
    if audio_format in ("ogg", "aac") or data[22:26] == bytes(4):  # libsndfile fails at an end that FLAC has not told
        with av.open(io.BytesIO(data)) as file:
            samples = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
            assert file.streams.audio[0].rate == rate
            return samples / (32768 if samples.dtype == np.int16 else 1)
    samples, read_rate = soundfile.read(io.BytesIO(data))
    assert read_rate == rate
    return samples


def assert_same_sound(data, audio_format, waveform, delay):
    sound = decoded(data, audio_format, waveform.sample_rate)
    samples = waveform.samples
    if audio_format in LOSSLESS:
        assert np.array_equal(sound, as_16_bit(samples) / 32768)
        return
    assert 0 <= len(sound) - len(samples) - delay <= (MOST_SILENT_END if delay else 0)
    heard = sound[delay : delay + len(samples)]
    assert np.corrcoef(heard, samples)[0, 1] > (0.95 if audio_format == "opus" else 0.99)
    assert abs(np.correlate(heard, samples[50:-50], "valid").argmax() - 50) <= 1, "neither earlier nor later"
    assert rms(heard) == pytest.approx(rms(samples), rel=0.03 if audio_format == "opus" else 0.01)


@pytest.mark.parametrize(("audio_format", "rate"), CASES)
def test_a_stream_is_the_sound_that_was_given(audio_format, rate):
    """Every sample of it in its place, behind the codec's delay where that cannot be told."""
    waveform = speech(rate)
    assert_same_sound(streamed(waveform, audio_format), audio_format, waveform, STREAM_DELAY.get(audio_format, 0))


@pytest.mark.parametrize(("audio_format", "rate"), CASES)
def test_a_file_is_as_long_as_its_sound(audio_format, rate):
    """All but AAC tell their delay."""
    waveform = speech(rate)
    assert_same_sound(encode(waveform, audio_format), audio_format, waveform, FILE_DELAY.get(audio_format, 0))


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
@given(lengths=st.lists(st.sampled_from([0, 1, 1, 2, 575, 576, 577, 5_000]), min_size=1, max_size=12))
def test_nothing_is_heard_of_where_a_stream_was_cut(audio_format, lengths):
    waveform = speech(seconds=0.1)
    cut, whole = (streamed(waveform, audio_format, (*each, 10**6)) for each in (lengths, ()))
    if audio_format == "ogg":  # its stream has a number by chance, and its first block looks at as much as it is given
        cut, whole = (decoded(each, audio_format, 24_000) for each in (cut, whole))
        assert np.abs(cut - whole).max() < 1e-3
    else:
        assert cut == whole


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_sound_is_sent_as_early_as_the_codec_allows(audio_format):
    """The first bytes that follow the header, and all the others."""
    encoder, step = Encoder(audio_format, 24_000, "Früh"), 1 if HELD[audio_format] == 1 else 240
    encoder.add(np.zeros(0, np.float32))
    samples, sent = speech().samples, [0]
    for end in range(step, len(samples), step):
        if encoder.add(samples[end - step : end]):
            sent.append(end)
        if step == 1 and end > 1000:
            break
    if audio_format == "ogg":  # whose header comes with the first samples
        del sent[1]
    assert max(after - before for before, after in pairwise(sent)) < HELD[audio_format] + step


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_a_stream_of_eight_minutes_takes_no_memory(audio_format):
    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    encoder, part = Encoder(audio_format, 8_000), speech(8_000, 1).samples
    for _ in range(10):
        encoder.add(part)
    before = held()
    for _ in range(8 * 60 // 10):
        encoder.add(np.zeros(80_000, np.float32))
    assert held() - before < 5_000_000
    encoder.finish()


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_a_stream_that_is_given_up_leaves_nothing(audio_format, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def alive():
        gc.collect()
        return [sorted(path.name for path in Path("/proc/self", kind).iterdir()) for kind in ("task", "fd")]

    before = alive()
    encoder = Encoder(audio_format, 24_000)
    encoder.add(speech().samples)
    del encoder
    assert alive() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_no_sound_is_a_file_without_sound(audio_format):
    nothing = Waveform(np.zeros(0, np.float32), 24_000)
    assert streamed(nothing, audio_format)[:3] == encode(nothing, audio_format)[:3]


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
@pytest.mark.parametrize("rate", [0, 7_000, 96_001, 2_000_000])
def test_a_rate_that_a_format_does_not_know_is_refused(audio_format, rate):
    with pytest.raises(InvalidInput, match=rf"^sample_rate: must be one that {audio_format} knows: .*; it is {rate}$"):
        Encoder(audio_format, rate)


@pytest.mark.parametrize("way", [encode, streamed])
@pytest.mark.parametrize("audio_format", FILES)
@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_a_file_has_its_title_and_its_rate(way, audio_format, rate):
    data = way(speech(rate, 1), audio_format, title="Früh am Morgen 你好")
    with av.open(io.BytesIO(data)) as file:
        stream = file.streams.audio[0]
        tags = {key.lower(): value for key, value in {**file.metadata, **stream.metadata}.items()}
        assert tags["title"] == "Früh am Morgen 你好"
        assert any("voiceclone" in value for value in tags.values())
        assert stream.rate == (48_000 if audio_format == "opus" else rate)  # Opus always decodes at 48 kHz


@pytest.mark.parametrize("audio_format", FILES)
def test_what_is_made_can_be_a_reference(audio_format):
    waveform = speech()
    heard = decode(encode(waveform, audio_format), 24_000, 30)
    assert heard.duration_s == pytest.approx(waveform.duration_s, abs=0.1)
    assert rms(heard.samples) == pytest.approx(rms(waveform.samples), rel=0.05)


def test_the_header_of_a_streamed_wav_leaves_its_lengths_open():
    head = Encoder("wav", 24_000, "Hi!").add(np.zeros(0, np.float32))
    assert head == (
        b"RIFF\xff\xff\xff\xffWAVE"
        b"fmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0"  # PCM, mono, 24,000 Hz, 48,000 bytes a second
        b"LIST\x24\0\0\0INFOINAM\x04\0\0\0Hi!\0ITCH\x0b\0\0\0voiceclone\0\0"
        b"data\xff\xff\xff\xff"
    )


def test_wav_is_24_khz_mono_16_bit():
    with soundfile.SoundFile(io.BytesIO(encode(speech(), "wav"))) as file:
        assert (file.samplerate, file.channels, file.subtype) == (24_000, 1, "PCM_16")


@given(arrays(np.float32, st.integers(1, 50), elements=st.floats(-3, 3, width=32)))
def test_samples_are_rounded_to_the_nearest_value_and_clipped_not_wrapped(samples):
    values = as_16_bit(samples)
    assert np.abs(values / 32768 - np.clip(samples, -1, 32767 / 32768)).max() <= 0.5 / 32768
    assert np.array_equal(as_16_bit((values / 32768).astype(np.float32)), values), "what is read is written the same"


@pytest.mark.parametrize("audio_format", LOSSY)
def test_loud_samples_are_clipped(audio_format):
    loud = Waveform((4 * speech().samples / np.abs(speech().samples).max()).astype(np.float32), 24_000)
    clipped = Waveform(np.clip(loud.samples, -1, 1), 24_000)
    sounds = (decoded(encode(each, audio_format), audio_format, 24_000) for each in (loud, clipped))
    assert np.array_equal(*sounds)


def test_content_types_are_of_audio():
    assert {content_type(each) for each in AUDIO_FORMATS} == {
        "audio/wav",
        "audio/flac",
        "audio/mpeg",
        "audio/ogg",
        "audio/aac",
        "audio/pcm",
    }


def test_ten_minutes_of_vorbis_can_be_encoded():
    """libsndfile's encoder overflows its stack when it is given so much in one piece."""
    assert len(encode(Waveform(np.zeros(24_000 * 600, np.float32), 24_000), "ogg")) > 1000


def test_whoever_waits_for_a_file_can_give_up():
    class Late(Exception):
        pass

    def late():
        raise Late

    with pytest.raises(Late):
        encode(speech(), "mp3", check=late)


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
@pytest.mark.parametrize(("bits", "rate"), [(16, 16_000), (24, 44_100), (16, 48_000), (24, 24_000)])
@pytest.mark.parametrize("channels", [1, 2])
def test_whole_samples_come_back_equal_whatever_their_rate_bits_and_channels(audio_format, bits, rate, channels):
    """Written by others, decoded, encoded, and read by others again: the very integers."""
    full = 2**31
    whole = np.random.default_rng(bits).integers(-full, full, (3_000, channels), dtype=np.int64).astype(np.int32)
    whole[:2] = [[-full] * channels, [full - 1] * channels]
    whole = whole >> (32 - bits) << (32 - bits)
    sent = io.BytesIO()
    soundfile.write(sent, whole, rate, f"PCM_{bits}", format=audio_format.upper())
    recording = decode_exactly(sent.getvalue(), 10)
    assert (recording.sample_rate, recording.bits, recording.samples.shape) == (rate, bits, whole.shape)
    with soundfile.SoundFile(io.BytesIO(encode_exactly(recording, audio_format))) as file:
        assert (file.samplerate, file.subtype) == (rate, f"PCM_{bits}")
        assert np.array_equal(file.read(dtype="int32", always_2d=True), whole)


def test_what_is_decoded_of_a_lossy_file_is_kept_as_it_is():
    sent = encode(Waveform(sounds.noise(0.5), 24_000), "opus")
    recording = decode_exactly(sent, 10)
    again = decode_exactly(encode_exactly(recording, "wav"), 10)
    assert (recording.bits, again.bits) == (32, 32)
    assert np.array_equal(again.samples, recording.samples)


def test_more_samples_than_may_be_are_refused():
    sent = encode(Waveform(sounds.noise(5), 24_000), "wav")
    with pytest.raises(BadAudio, match="longer than 1 s"):
        decode_exactly(sent, 1)
