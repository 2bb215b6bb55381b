"""A voice is found by name or made of a recording; what cannot be a reference is refused with the cure."""

from __future__ import annotations

import dataclasses
import io
import sys
from pathlib import Path

import conftest
import numpy as np
import pytest
import recordings
import soundfile
import soxr
from benchmark.hearing import word_error_rate
from fuzzing import FORMATS_OF_PEOPLE, muxed

from voiceclone.audio import encode, rms
from voiceclone.errors import BadAudio, DownloadFailed, InvalidInput, ModelUnavailable, VoiceNotFound
from voiceclone.listening.whisper import Recogniser
from voiceclone.settings import Settings
from voiceclone.types import Chunk, Waveform
from voiceclone.voices.kept import load, save
from voiceclone.voices.sources import BucketSource, InlineSource, KeptSource, WebSource
from voiceclone.voices.voices import BuiltIn, NewVoice
from voiceclone.voices.web import fetch_web

RNG = np.random.default_rng(0)
CLIP = encode(Waveform(RNG.normal(0, 0.1, 72_000).astype(np.float32), 24_000), "wav")
TRANSCRIPT = "Three seconds of something. "


def make_voices(recogniser, bucket=None, **settings):
    return conftest.make_voices(Settings(**settings), recogniser, bucket)


class OneObject:
    """A bucket with a single object."""

    bucket = "mine"

    def put(self, key, data, content_type, expires_in_s):
        raise NotImplementedError

    def read(self, key, max_bytes, part=False):
        return None

    def entries(self, prefix):
        return ()

    def get(self, key, max_bytes):
        if key != "voices/me.wav":
            raise DownloadFailed("no such object")
        return CLIP


@pytest.fixture
def voices(recogniser, tmp_path):
    return make_voices(recogniser, OneObject(), volume=tmp_path)


@pytest.fixture
def on_volume(recogniser, tmp_path):
    """Voices that are kept on a volume."""
    return make_voices(recogniser, volume=tmp_path)


@pytest.mark.parametrize(
    ("name", "duration_s", "starts"), [("example-en", 5.3, "Some call me"), ("example-zh", 6.8, "对")]
)
def test_the_examples_of_f5_tts_are_built_in(voices, name, duration_s, starts):
    voice = voices.named(name)
    assert voice.waveform.sample_rate == 24_000
    assert voice.waveform.duration_s == pytest.approx(duration_s, abs=0.3)
    assert voice.text.startswith(starts)
    assert voice.name == name


def test_an_unknown_voice_lists_the_known_ones(voices):
    with pytest.raises(VoiceNotFound, match="example-en, example-zh"):
        voices.named("nobody")


def test_a_recording_in_the_job_or_in_the_bucket_becomes_a_voice(voices):
    inline = voices.recorded(InlineSource(CLIP), TRANSCRIPT)
    assert inline.waveform.duration_s == pytest.approx(3.1, abs=0.01)
    assert (inline.text, inline.name) == (TRANSCRIPT, None)
    stored = voices.recorded(BucketSource("mine", "voices/me.wav"), TRANSCRIPT)
    assert np.array_equal(stored.waveform.samples, inline.waveform.samples)


def test_another_bucket_is_never_read(voices, recogniser):
    for other in (voices, make_voices(recogniser)):
        with pytest.raises(DownloadFailed, match="no way to the bucket theirs"):
            other.recorded(BucketSource("theirs", "voices/me.wav"), TRANSCRIPT)
    with pytest.raises(DownloadFailed, match="no such object"):
        voices.recorded(BucketSource("mine", "other.wav"), TRANSCRIPT)


def sound(duration_s, level=0.1):
    return encode(Waveform(RNG.normal(0, level, int(duration_s * 24_000)).astype(np.float32), 24_000), "wav")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "not a sound file"),
        (sound(0.5), "holds 0.50 s of sound"),
        (sound(3, level=0), "silent"),
    ],
)
def test_a_recording_that_cannot_serve_is_refused(voices, data, message):
    with pytest.raises(BadAudio, match=message):
        voices.recorded(InlineSource(data), TRANSCRIPT)


def test_a_transcript_that_cannot_belong_to_the_recording_is_refused(voices):
    with pytest.raises(InvalidInput, match="ref_text: cannot be what is said"):
        voices.recorded(InlineSource(sound(10)), "a. ")
    with pytest.raises(InvalidInput, match="ref_text: cannot be what is said"):
        voices.recorded(InlineSource(CLIP), "far too many words for this " * 20)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "[::1]", "[fd00::1]", "0.0.0.0"]
)
def test_addresses_inside_the_network_are_never_fetched(voices, host):
    with pytest.raises(DownloadFailed, match="is not public"):
        voices.recorded(WebSource(f"https://{host}/secret?token=1"), TRANSCRIPT)


def test_a_host_that_cannot_be_found_is_a_failed_download():
    with pytest.raises(DownloadFailed, match="cannot be found"):
        fetch_web("https://no-such-host.invalid/clip.wav", 1000)


# Prepared once
class Counting:
    """The suite's recogniser, counting."""

    def __init__(self, recogniser):
        self._recogniser, self.calls, self.name = recogniser, 0, recogniser.name

    def transcribe(self, *arguments):
        self.calls += 1
        return self._recogniser.transcribe(*arguments)


ENGLISH = BuiltIn().named("example-en")
SPOKEN = encode(ENGLISH.waveform, "wav")


def test_a_recording_without_a_transcript_is_listened_to(voices):
    voice = voices.recorded(InlineSource(SPOKEN), None)
    assert word_error_rate([(ENGLISH.text, voice.text)]) == 0
    assert voice.text.endswith(". ")
    assert voice.language == "en"
    assert voice.notes == ()


def test_a_reference_is_prepared_once_in_a_worker_and_once_on_a_volume(recogniser, tmp_path, monkeypatch):
    """The second job neither decodes nor listens nor computes the mel, nor does the first one of another worker."""
    counting = Counting(recogniser)
    first = make_voices(counting, volume=tmp_path)
    voice = first.recorded(InlineSource(SPOKEN), None)
    assert counting.calls == 1

    def never(*_):
        raise AssertionError

    monkeypatch.setattr("voiceclone.voices.voices.audio.decode", never)
    assert first.recorded(InlineSource(SPOKEN), None) is voice
    monkeypatch.setattr(conftest, "reference_mel", never)
    second = make_voices(counting, volume=tmp_path)
    again = second.recorded(InlineSource(SPOKEN), None)
    assert (again.text, again.language, again.notes) == (voice.text, voice.language, voice.notes)
    assert np.array_equal(again.waveform.samples, voice.waveform.samples)
    assert np.array_equal(again.mel, voice.mel)
    assert counting.calls == 1


def test_other_settings_and_transcripts_make_other_references(recogniser, tmp_path):
    voices = make_voices(recogniser, volume=tmp_path)
    heard = voices.recorded(InlineSource(SPOKEN), None)
    told = voices.recorded(InlineSource(SPOKEN), "Some call me Nature; others call me Mother Nature. ")
    assert told.text == "Some call me Nature; others call me Mother Nature. "
    assert told.language is None
    padded = make_voices(recogniser, volume=tmp_path, reference_pad_s=0.5).recorded(InlineSource(SPOKEN), None)
    assert padded.waveform.duration_s == pytest.approx(heard.waveform.duration_s + 0.4, abs=0.001)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", SPOKEN[:1000]])
def test_a_damaged_reference_on_the_volume_is_made_again(recogniser, tmp_path, damage):
    made = make_voices(recogniser, volume=tmp_path).recorded(InlineSource(SPOKEN), TRANSCRIPT)
    (path,) = (tmp_path / "cache/references").iterdir()
    path.write_bytes(damage)
    again = make_voices(recogniser, volume=tmp_path).recorded(InlineSource(SPOKEN), TRANSCRIPT)
    assert np.array_equal(again.mel, made.mel)
    assert load(path) is not None


def test_what_is_kept_is_bounded(recogniser, tmp_path, monkeypatch):
    monkeypatch.setattr("voiceclone.voices.kept.KEPT", 3)
    monkeypatch.setattr("voiceclone.voices.voices.KEPT_IN_MEMORY", 4)
    voices = make_voices(recogniser, volume=tmp_path)
    for i in range(6):
        voices.recorded(InlineSource(SPOKEN), f"This is the transcript number {i}. ")
    assert len(voices._ready) == 4
    assert len(list((tmp_path / "cache/references").iterdir())) == 3


def test_a_volume_that_cannot_be_written_costs_time_alone(recogniser, tmp_path, caplog):
    """And one that is not there is not made up."""
    missing = tmp_path / "missing"
    voice = make_voices(recogniser, volume=missing).recorded(InlineSource(SPOKEN), TRANSCRIPT)
    assert voice.text == TRANSCRIPT
    assert "not kept" in caplog.text
    assert not missing.exists()


def no_model():
    raise ModelUnavailable("/runpod-volume/models: nothing there")


def test_without_a_recogniser_a_transcript_is_asked_for(tmp_path):
    """The error tells the cure, and no path of the container."""
    voices = make_voices(Recogniser("tiny", no_model, "cpu"), volume=tmp_path)
    with pytest.raises(ModelUnavailable, match="send ref_text, or have the operator") as caught:
        voices.recorded(InlineSource(SPOKEN), None)
    assert "runpod-volume" not in str(caught.value)
    assert voices.recorded(InlineSource(SPOKEN), TRANSCRIPT).text == TRANSCRIPT
    long = encode(Waveform(np.tile(ENGLISH.waveform.samples, 3), 24_000), "wav")
    with pytest.raises(BadAudio, match="longer than 12 s and this worker has no recogniser"):
        voices.recorded(InlineSource(long), "Some call me nature, again and again, for longer than it may be. ")


# Formats
@pytest.mark.parametrize("name", FORMATS_OF_PEOPLE)
def test_every_format_gives_the_same_reference(voices, name):
    """Within 1 % of the level and 20 ms of the length, whatever the encoder put around it."""
    room = np.zeros(6_000, np.float32)
    clip = Waveform(np.concatenate([room, ENGLISH.waveform.samples, room]), 24_000)
    plain = voices.recorded(InlineSource(encode(clip, "wav")), TRANSCRIPT).waveform
    other = voices.recorded(InlineSource(FORMATS_OF_PEOPLE[name](clip)), TRANSCRIPT).waveform
    assert other.duration_s == pytest.approx(plain.duration_s, abs=0.02)
    assert rms(other.samples) == pytest.approx(rms(plain.samples), rel=0.01)


def test_a_picture_is_no_recording(voices):
    silent_film = muxed(Waveform(np.zeros(0, np.float32), 24_000), "mp4", "aac", video=True)
    with pytest.raises(BadAudio):
        voices.recorded(InlineSource(silent_film), TRANSCRIPT)


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        "<Representation><BaseURL>{path}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    ],
)
def test_a_playlist_makes_the_worker_open_nothing(voices, tmp_path, playlist):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(SPOKEN)
    opened = []

    def watch(event, arguments):
        if event in ("open", "socket.connect"):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    with pytest.raises(BadAudio, match="not a sound file of a known format"):
        voices.recorded(InlineSource(playlist.format(path=secret).encode()), TRANSCRIPT)
    assert str(secret) not in opened


# Transcripts
SPOONS = encode(recordings.recording("main").waveform, "wav")
WITH_DIGITS = "6 spoons of fresh snow peas, 5 thick slabs of blue CHEESE and maybe a snack for her brother Bob."
IN_WORDS = "six spoons of fresh snow peas, five thick slabs of blue cheese and maybe a snack for her brother Bob. "
PLAIN = "Six spoons of fresh snow peas, five thick slabs of blue cheese and maybe a snack for her brother Bob. "


def told(voices, tmp_path):
    return voices.recorded(InlineSource(SPOONS), WITH_DIGITS)


def heard(voices, tmp_path):
    """Whisper writes digits."""
    return voices.recorded(InlineSource(SPOONS), None)


def kept_of_an_earlier_take(voices, tmp_path):
    return voices.recorded(KeptSource(told(voices, tmp_path).kept_as), None)


def kept_by_an_earlier_version(voices, tmp_path):
    """Which thought that what is written is said."""
    voice = voices.recorded(InlineSource(SPOONS), PLAIN)
    stale = dataclasses.replace(voice, text=f"{WITH_DIGITS} ", written="")
    save(tmp_path / "cache/references" / f"{'0' * 64}.npz", stale)
    return voices.recorded(KeptSource("0" * 64), None)


def added(voices, tmp_path):
    voices.add(NewVoice("spoons", InlineSource(SPOONS), WITH_DIGITS, None, None, overwrite=True))
    assert [voice.text for voice in voices.saved()] == [WITH_DIGITS]
    return voices.named("spoons")


def added_without_a_transcript(voices, tmp_path):
    voices.add(NewVoice("spoons", InlineSource(SPOONS), None, None, None, overwrite=True))
    return voices.named("spoons")


def put_there(voices, tmp_path):
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices/spoons.wav").write_bytes(SPOONS)
    (tmp_path / "voices/spoons.txt").write_text(WITH_DIGITS, "utf-16")
    return voices.named("spoons")


def of_the_model(voices, tmp_path):
    (tmp_path / "spoons.wav").write_bytes(SPOONS)
    (tmp_path / "spoons.txt").write_text(WITH_DIGITS, "utf-8-sig")
    return BuiltIn(tmp_path, ["en"]).named("spoons")


@pytest.mark.parametrize(
    "way",
    [
        *(told, heard, kept_of_an_earlier_take, kept_by_an_earlier_version),
        *(added, added_without_a_transcript, put_there, of_the_model),
    ],
)
def test_a_reference_that_says_numbers_has_as_many_letters_as_are_said(on_volume, engine, tmp_path, way):
    """Or all speech in its voice would be too slow. Who asks is told what was written."""
    voice = way(on_volume, tmp_path)
    assert voice.text == IN_WORDS
    assert voice.transcript.casefold() == WITH_DIGITS.casefold()
    plain = on_volume.recorded(InlineSource(SPOONS), PLAIN)
    lasts_s = [engine.duration_s(Chunk("This is a sentence of some length.", each, 1)) for each in (voice, plain)]
    assert lasts_s[0] == pytest.approx(lasts_s[1], rel=0.05)
    rates = [finding for finding in voice.findings if finding.what == "speech rate"]
    assert all(finding.verdict == "good" for finding in rates)


@pytest.mark.parametrize("transcript", [None, WITH_DIGITS, PLAIN.strip()])
def test_a_long_recording_is_cut_where_words_are_said_that_are_written_as_digits(voices, transcript):
    """Whoever writes them so: the recogniser, the caller, or both."""
    pause = np.zeros(12_000, np.float32)
    samples = recordings.recording("main").waveform.samples
    long = encode(Waveform(np.concatenate([samples, pause] * 2), 24_000), "wav")
    voice = voices.recorded(InlineSource(long), transcript and " ".join([transcript] * 2))
    assert voice.waveform.duration_s < 12
    assert word_error_rate([(PLAIN, voice.text)]) == 0
    assert voice.transcript.rstrip(" .") in voice.notes[0]


@pytest.mark.parametrize("data", ["Größe".encode("latin-1"), "Hello".encode("utf-16-le")])
def test_a_transcript_that_would_be_garbled_is_refused_by_its_name(on_volume, tmp_path, data):
    for directory in (tmp_path / "voices", tmp_path / "model"):
        directory.mkdir()
        (directory / "spoons.wav").write_bytes(SPOONS)
        (directory / "spoons.txt").write_bytes(data)
    for place in (on_volume, BuiltIn(tmp_path / "model")):
        with pytest.raises(BadAudio, match=r"spoons\.txt is no text in UTF-8: save it as UTF-8"):
            place.named("spoons")


def worse(samples, noise=0.0, rate=24_000):
    """With noise, through a line that lets less than half of `rate` pass."""
    samples = soxr.resample(soxr.resample(samples, 24_000, rate), rate, 24_000)
    level = noise * rms(samples)
    return samples + np.random.default_rng(1).normal(0, level, len(samples)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "harm", "verdict", "is_warned_of"),
    [
        ("basic_ref_en", {}, "fair", False),
        ("main", {}, "fair", False),
        ("main", {"noise": 1.0, "rate": 8_000}, "poor", True),
    ],
)
def test_what_was_heard_alone_is_never_called_good_and_is_shown_whole(on_volume, name, harm, verdict, is_warned_of):
    """A recogniser is heard out against itself: its own doubt, and a second hearing in another way."""
    samples = worse(recordings.recording(name).waveform.samples, **harm)
    clip = InlineSource(encode(Waveform(samples, 24_000), "wav"))
    saved, voice = on_volume.add(NewVoice("spoons", clip, None, None, None, overwrite=True))
    (finding,) = [finding for finding in saved.findings if finding.what == "transcript"]
    assert (finding.value, finding.verdict) == ("heard, not checked", verdict)
    assert saved.text.rstrip(".") in finding.advice
    assert "send what is said as `ref_text`" in finding.advice
    assert any("is heard in two ways" in note for note in voice.notes) == is_warned_of
    assert on_volume.add(NewVoice("spoons", clip, None, None, None, overwrite=True))[1].findings == voice.findings


@pytest.mark.parametrize(("transcript", "calls"), [(None, 2), (PLAIN, 1)])
def test_a_new_voice_is_listened_to_twice_at_the_most(recogniser, tmp_path, transcript, calls):
    counting = Counting(recogniser)
    voices = make_voices(counting, volume=tmp_path)
    voices.add(NewVoice("spoons", InlineSource(SPOONS), transcript, None, None, overwrite=True))
    assert counting.calls == calls


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(72_000), "the recording is silent"),
        (np.full(72_000, 0.2), "the recording is silent"),
        (ENGLISH.waveform.samples * 0.002, "is nearly silent, its peak is -55 dBFS: move closer"),
    ],
    ids=["silence", "an offset alone", "nearly silent"],
)
def test_a_recording_without_a_sound_says_how_quiet_it_is(voices, samples, message):
    file = io.BytesIO()
    soundfile.write(file, samples, 24_000, format="WAV", subtype="PCM_24")
    with pytest.raises(BadAudio, match=message):
        voices.recorded(InlineSource(file.getvalue()), TRANSCRIPT)


def test_an_offset_changes_nothing_of_a_reference(voices):
    plain = voices.recorded(InlineSource(SPOKEN), TRANSCRIPT).waveform
    offset = voices.recorded(InlineSource(encode(Waveform(ENGLISH.waveform.samples + 0.2, 24_000), "wav")), TRANSCRIPT)
    assert offset.waveform.duration_s == pytest.approx(plain.duration_s, abs=0.05)
    assert rms(offset.waveform.samples) == pytest.approx(rms(plain.samples), rel=0.02)


# Long recordings
@pytest.fixture(scope="module")
def long_recording():
    """17 s: three sentences by one voice, with pauses, and what is said in them."""
    pause = np.zeros(12_000, np.float32)
    samples = np.concatenate([part for _ in range(3) for part in (ENGLISH.waveform.samples, pause)])
    return encode(Waveform(samples, 24_000), "wav"), " ".join([ENGLISH.text.strip()] * 3)


def test_sound_and_transcript_of_a_long_recording_are_cut_at_the_same_word(recogniser, tmp_path, long_recording):
    """Whoever wrote the transcript: what is left of it is what is heard in what is left of the sound."""
    data, transcript = long_recording
    for given in (None, transcript):
        voice = make_voices(recogniser, volume=tmp_path).recorded(InlineSource(data), given)
        assert 5 < voice.waveform.duration_s <= 12
        heard = recogniser.transcribe(voice.waveform, "en").text
        assert word_error_rate([(voice.text, heard)]) == 0
        (note,) = voice.notes
        assert note.startswith("the recording was cut to")


def test_a_strangers_transcript_is_not_taken_for_a_long_recording(recogniser, tmp_path, long_recording):
    """A few letters that both share are no place to cut."""
    data, _ = long_recording
    wrong = "The mother of all questions is what to cook for others, and nobody knows the nature of soup. " * 2
    with pytest.raises(InvalidInput, match="ref_text: is not what is heard"):
        make_voices(recogniser, volume=tmp_path).recorded(InlineSource(data), wrong)


def test_floating_point_above_full_scale_is_lowered(voices):
    loud = io.BytesIO()
    soundfile.write(loud, ENGLISH.waveform.samples * 3, 24_000, format="WAV", subtype="FLOAT")
    voice = voices.recorded(InlineSource(loud.getvalue()), TRANSCRIPT)
    assert np.abs(voice.waveform.samples).max() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recording_in_which_nobody_speaks_is_refused(voices, seed):
    """Whether nothing is heard in the noise, or a phrase again and again."""
    noise = np.random.default_rng(seed).normal(0, 0.1, 72_000).astype(np.float32)
    with pytest.raises(BadAudio, match="no words are heard"):
        voices.recorded(InlineSource(encode(Waveform(noise, 24_000), "wav")), None)


def test_a_transcript_that_is_not_what_is_heard_cannot_be_cut(recogniser, tmp_path, long_recording):
    data, _ = long_recording
    wrong = "Zzz, qqq! " * 20
    with pytest.raises(InvalidInput, match=r"ref_text: is not what is heard in ref_audio \('Some call me"):
        make_voices(recogniser, volume=tmp_path).recorded(InlineSource(data), wrong)


def test_the_longest_reference_is_a_setting(recogniser, tmp_path):
    voices = make_voices(recogniser, volume=tmp_path, max_reference_s=4)
    voice = voices.recorded(InlineSource(SPOKEN), None)
    assert voice.waveform.duration_s <= 4
    assert voice.text == "Some call me nature. "


def test_hours_of_silence_in_a_small_file_do_no_harm(voices):
    """No more than a minute of it is ever in memory: 4 hours would be 460 MB."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8_000, channels=1, format="FLAC", subtype="PCM_16") as sound:
        for _ in range(240):
            sound.write(np.zeros(480_000, np.int16))
    assert_harmless(voices, file.getvalue())


def test_many_channels_at_a_high_rate_do_no_harm(voices):
    """Mixed as they are read: half a minute of them would be 370 MB."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 384_000, channels=8, format="FLAC", subtype="PCM_16") as sound:
        for _ in range(30):
            sound.write(np.zeros((384_000, 8), np.int16))
    assert_harmless(voices, file.getvalue())
    many = io.BytesIO()
    soundfile.write(many, np.zeros((1000, 20)), 24_000, format="WAV")
    with pytest.raises(BadAudio, match="has 20 channels"):
        voices.recorded(InlineSource(many.getvalue()), None)


def assert_harmless(voices, data):
    """Refused, in little memory."""
    assert len(data) < 2_000_000
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = memory_mb("VmRSS")
    with pytest.raises(BadAudio, match="silent"):
        voices.recorded(InlineSource(data), None)
    assert memory_mb("VmHWM") - before < 250


def memory_mb(name):
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) / 1e3
