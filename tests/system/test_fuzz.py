"""Whatever is sent, the answer is a result or an error in the caller's terms, and nothing is left behind."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import gc
import itertools
import json
import logging
import random
import re
import struct
import sys
import tempfile
from pathlib import Path

import fuzzing
import numpy as np
import psutil
import pytest
from conftest import ROOT, make_voices
from hypothesis import given
from hypothesis import strategies as st

from s3_utils import LocalStore
from voiceclone import text
from voiceclone.audio import encode
from voiceclone.audio.decoding import Decoder, decode
from voiceclone.errors import BadAudio, InvalidInput, StorageFailed, WorkerError
from voiceclone.jobs.parsing import parse
from voiceclone.jobs.request import SCHEMAS
from voiceclone.settings import Settings
from voiceclone.text import lexicon, markup
from voiceclone.text.normalize import Lexicon, read
from voiceclone.types import ReferenceVoice, Waveform
from voiceclone.voices import kept as prepared
from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.library import Library, SavedVoice
from voiceclone.voices.sources import InlineSource

log = logging.getLogger(__name__)

# Every week twenty times as much of each is tried, with `--times 20`.
JOBS = 300
WARM_UP = 300
"""Jobs after which the caches are full: 32 references, the shapes that torch has prepared for."""
GROWTH_MB = 32
TEXTS = 250
RECORDINGS = 100
DAMAGED = 150
LANGUAGES = ("ar", "de", "en", "es", "fi", "fr", "hi", "it", "ja", "lv", "ru", "zh")
"""Of the registered models."""
DRAWS = st.randoms(use_true_random=False)
SETTINGS = Settings()
SAY = {"text": "Hello.", "voice": "example-en"}


# The schema


@given(DRAWS, st.sampled_from(list(SCHEMAS)))
def test_a_valid_request_of_any_action_is_accepted(draw, action):
    request, _ = parse(fuzzing.valid(draw, action), SETTINGS, "mine")
    assert request.action == action


@given(DRAWS, st.sampled_from(["spoiled", "former", "odd"]))
def test_any_other_is_accepted_or_its_problems_name_their_fields(draw, kind):
    good = fuzzing.valid(draw)
    data = {"spoiled": fuzzing.spoiled, "former": fuzzing.as_formerly, "odd": lambda draw, _: fuzzing.odd(draw)}[kind](
        draw, good
    )
    assert_refused_by_name_if_at_all(data)


@pytest.mark.parametrize(
    "field", ["text", "segments", "lexicon", "verify", "made_with", "ref_audio", "seeds", "takes", "x"]
)
def test_what_is_nested_too_deeply_is_refused_by_its_field(field):
    """In lists, and in objects."""
    for around, depth in itertools.product((lambda inside: [inside], lambda inside: {"a": inside}), (4, 40, 900)):
        problems = assert_refused_by_name_if_at_all({**SAY, field: fuzzing.nested(depth, around)})
        assert any(problem.field.startswith(field) for problem in problems), (around(0), depth)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"text": "Wait [pause:\ud800] here."}, "text"),
        ({"segments": [{"text": "[pause:\ud800]", "voice": "a"}], "text": None}, "segments[0].text"),
        ({"segments": [{"text": "a", "te\ud800xt": 1}], "text": None}, "segments[0].te?xt"),
        ({"lexicon": {"\udfff": 3}}, "lexicon.?"),
        ({"format": "\ud800"}, "format"),
        ({"made_with": {"model": "\ud800"}}, "made_with.model"),
        ({"endpoint": "\ud800"}, "endpoint"),
    ],
)
def test_half_of_a_surrogate_pair_never_gets_into_an_error(fields, named):
    assert named in [problem.field for problem in assert_refused_by_name_if_at_all({**SAY, **fields})]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ref_audio": "http://" + "a." * 5_000, "voice": None}, "ref_audio"),
        ({"made_with": {"model": "m" * 201, "revision": "r", "references": []}}, "made_with.model"),
    ],
)
def test_what_would_be_repeated_or_looked_up_has_a_length(fields, named):
    assert [problem.field for problem in assert_refused_by_name_if_at_all({**SAY, **fields})] == [named]


def assert_refused_by_name_if_at_all(data):
    """The problems that `parse` has with an input."""
    try:
        parse(data, SETTINGS)
    except InvalidInput as e:
        refused = e
    else:
        return ()
    sent = [name.encode("utf-8", "replace").decode()[:60] for name in data] if isinstance(data, dict) else []
    known = {name for schema in SCHEMAS.values() for name in schema.model_fields}
    for problem in refused.problems:
        assert any(problem.field.startswith(name) for name in ("input", *known, *filter(None, sent)))
        assert problem.message
    assert refused.problems
    assert len(str(refused).encode()) < 20_000
    return refused.problems


# Text


def test_any_text_is_read_in_every_language(times):
    """From marks to tokens; nothing that is written is lost on the way."""
    for seed in range(TEXTS * times):
        draw = random.Random(seed)
        try:
            turns = markup.turns(fuzzing.odd_text(draw))
        except ValueError:  # a mark without a meaning
            continue
        language = draw.choice(LANGUAGES)
        words = lexicon.checked({"GIF": "jiff", "5": "V"}) if draw.random() < 0.2 else {}
        for turn in turns:
            written = text.clean(turn.text)
            readings = read(written, language, Lexicon(words))
            spoken = "".join(reading.spoken for reading in readings)
            assert "".join(reading.written for reading in readings) == written, seed
            assert spoken == text.clean(spoken), seed
            pieces = text.split(spoken, draw.choice((4, 60, 200)))
            assert "".join("".join(pieces).split()) == "".join(spoken.split()), seed
            assert bool(text.tokenize(spoken, "pinyin")) == bool(spoken), seed
            assert not text.is_speakable(written) or text.as_transcript(written)


# Recordings


def test_of_hostile_recordings_each_is_a_voice_or_a_clear_error(recogniser, tmp_path, monkeypatch, times):
    """Nothing but our own errors, nothing left in the temp directory, memory as before."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    voices = make_voices(Settings(volume=tmp_path), recogniser)
    fuzzing.recordings()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = psutil.Process().memory_info().rss
    outcomes: collections.Counter[str] = collections.Counter()
    messages = []
    for seed in range(RECORDINGS * times):
        try:
            outcome = voices.recorded(InlineSource(fuzzing.hostile(random.Random(seed))), "Some call me nature. ")
        except (BadAudio, InvalidInput) as e:
            messages.append(str(e))
            outcomes[type(e).__name__] += 1
        else:
            assert np.isfinite(outcome.waveform.samples).all()
            assert np.isfinite(outcome.mel).all()
            outcomes["voice"] += 1
    assert outcomes["BadAudio"] > outcomes.total() / 4
    assert outcomes["voice"] > outcomes.total() / 10
    assert all(any(cure in message for cure in ("send", "holds no sound", "export")) for message in messages)
    assert list(temporary.iterdir()) == []
    assert peak_bytes() - before < 150e6


def test_of_any_number_of_damaged_recordings_none_gets_out_of_the_decoder(times):
    """With `--times 300 --log-cli-level INFO` it takes a quarter of an hour, and tells what became of them."""
    decoder = Decoder()
    decoder.start()
    outcomes: collections.Counter[str] = collections.Counter()
    peak = 0
    for seed in range(DAMAGED * times):
        before = decoder.pid
        try:
            samples = decoder.decode(fuzzing.hostile(random.Random(seed)), 24_000, 60.0).samples
        except BadAudio as e:
            outcomes[re.sub(r"\d+", "N", str(e))] += 1
        else:
            outcomes["sound"] += 1
            assert np.isfinite(samples).all()
            assert 0 < len(samples) <= 60.1 * 24_000
        outcomes["died"] += decoder.pid != before
        peak = max(peak, peak_bytes(decoder.pid))
    decoder.close()
    log.info("%s, %d MB at most", dict(outcomes), peak / 1e6)
    assert outcomes["sound"] > outcomes.total() / 10
    assert outcomes["died"] < outcomes.total() / 100
    assert peak < 600e6


def peak_bytes(process="self"):
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


CLIP = Waveform(np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32), 24_000)
WAV = encode(CLIP, "wav")


def wav_with(at, form, value):
    """A WAV with one number of its header changed."""
    size = struct.calcsize(form)
    return WAV[:at] + struct.pack(form, value) + WAV[at + size :]


def mp4_with(atom, after, value):
    """An MP4 with four bytes changed so far behind an atom's name."""
    data = bytearray(fuzzing.recordings()[5])
    at = data.index(atom) + after
    data[at : at + 4] = struct.pack(">I", value)
    return bytes(data)


LIARS = {
    "no channels": lambda: wav_with(22, "<H", 0),
    "65535 channels": lambda: wav_with(22, "<H", 65_535),
    "no rate": lambda: wav_with(24, "<I", 0),
    "a rate of 4 GHz": lambda: wav_with(24, "<I", 2**32 - 1),
    "no bits": lambda: wav_with(34, "<H", 0),
    "65535 bits": lambda: wav_with(34, "<H", 65_535),
    "an unknown coding": lambda: wav_with(20, "<H", 0x1234),
    "4 GB of samples": lambda: wav_with(40, "<I", 2**32 - 1),
    "a header of 4 GB": lambda: wav_with(16, "<I", 2**32 - 1),
    "nothing behind the header": lambda: WAV[:44],
    "a FLAC of 2^36 samples": lambda: encode(CLIP, "flac")[:21] + b"\xff" * 5 + encode(CLIP, "flac")[26:],
    "years of MP4": lambda: mp4_with(b"mdhd", 20, 2**32 - 1),
    "no time scale in an MP4": lambda: mp4_with(b"mdhd", 16, 0),
    "4 billion samples in an MP4": lambda: mp4_with(b"stsz", 12, 2**32 - 1),
    "4 billion chunks in an MP4": lambda: mp4_with(b"stco", 8, 2**32 - 1),
    "an atom of 4 GB": lambda: mp4_with(b"moov", -4, 2**32 - 1),
    "two formats, one behind the other": lambda: fuzzing.recordings()[5] + WAV,
    "a zip": lambda: b"PK\x03\x04" + b"\0" * 26 + WAV,
    "a gzip": lambda: b"\x1f\x8b\x08\0" + WAV,
    "a picture": lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x02\0\0\0" + WAV,
    "a page": lambda: b"<!DOCTYPE html><html><body>404</body></html>",
    "a playlist": lambda: b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/a.ts\n",
    "a script for FFmpeg": lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "subtitles": lambda: b"1\n00:00:00,000 --> 99:59:59,999\nHello\n",
    "an ID3 tag of 256 MB": lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + encode(CLIP, "mp3"),
    "an Ogg of one page again and again": lambda: encode(CLIP, "ogg")[:4_000] * 20,
}


@pytest.mark.parametrize("make", LIARS.values(), ids=LIARS)
def test_a_file_that_is_not_what_it_says_is_an_error_or_a_minute_of_sound_at_most(make):
    data = make()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = psutil.Process().memory_info().rss
    with contextlib.suppress(BadAudio):
        assert decode(data, 24_000, 60.0).duration_s <= 60.1
    assert peak_bytes() - before < 100e6


def test_a_transcript_of_megabytes_costs_no_time(recogniser, tmp_path):
    """Neither one to be cut with a recording of more than a minute, nor one of a minute that is mostly silent."""
    voices = make_voices(Settings(volume=tmp_path), recogniser)
    speech = BuiltIn().named("example-en").waveform.samples
    pause = np.zeros(12_000, np.float32)
    for samples in (np.concatenate([speech, pause] * 11), np.concatenate([speech, np.zeros(24_000 * 60, np.float32)])):
        recording = InlineSource(encode(Waveform(samples, 24_000), "flac"))
        with pytest.raises(InvalidInput, match="ref_text"):
            voices.recorded(recording, "w" * 300_000)


# What others put on the volume


def test_a_prepared_reference_with_damaged_bytes_is_made_again(tmp_path):
    path = tmp_path / "cache" / "references" / "a.npz"
    prepared.save(path, ReferenceVoice(CLIP, "Hi. ", mel=np.zeros((10, 100), np.float32)))
    good = path.read_bytes()
    heads = [at for at in range(len(good)) if good[at : at + 4] in (b"PK\3\4", b"PK\1\2", b"PK\5\6", b"\x93NUM")]
    found = set()
    for seed in range(500):
        draw = random.Random(seed)
        data = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            data[min(draw.choice(heads) + draw.randrange(130), len(data) - 1)] = draw.randrange(256)
        path.write_bytes(data)
        found.add(type(prepared.load(path)))
    assert found == {ReferenceVoice, type(None)}


def test_a_voice_that_another_program_described_is_sent_as_json_or_is_damaged(tmp_path):
    library = Library(LocalStore(tmp_path))
    good = dataclasses.asdict(library.add(SavedVoice("a", "Hi."), WAV))
    head = (tmp_path / "voices/a.wav").read_bytes()[:16]
    outcomes = set()
    for seed in range(500):
        draw = random.Random(seed)
        about = {**good, draw.choice([*good, "x"]): fuzzing.odd(draw)}
        told = json.dumps(about).encode()
        (tmp_path / "voices/a.wav").write_bytes(head + len(told).to_bytes(4, "little") + told)
        try:
            voice = library.find("a")
        except (BadAudio, StorageFailed):
            outcomes.add("damaged")
        else:
            json.dumps(dataclasses.asdict(voice), ensure_ascii=False, allow_nan=False).encode()
            outcomes.add("whole")
    assert outcomes == {"damaged", "whole"}


# The whole worker


def codes(error=WorkerError):
    return {error.code, *(code for each in error.__subclasses__() for code in codes(each))}


@pytest.fixture
def fuzzed(worker, tmp_path, monkeypatch, caplog):
    """A worker with a voice of its own on the volume, small limits, and empty places for what should not be written."""
    for name in ("tmp", "cwd", "volume/voices"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "cwd")
    caplog.set_level("ERROR")  # it keeps all that is logged
    limits = worker.settings.model_copy(update={"max_frames": 1_500, "max_text_chars": 5_000})
    worker.settings = limits
    (tmp_path / "volume/voices/short.wav").write_bytes(WAV)
    (tmp_path / "volume/voices/short.txt").write_text("Hello there.")
    return worker


def test_nothing_escapes_from_hundreds_of_jobs(fuzzed, tmp_path, caplog, times):
    """Good, nearly good and nonsense: each has a reply that can be sent, and the worker is as before."""
    outcomes: collections.Counter[str] = collections.Counter()
    delivered: set[Path] = set()
    process = psutil.Process()
    places = (str(tmp_path), str(ROOT), sys.prefix, "Traceback")

    def answer(seed):
        job = fuzzing.job(random.Random(seed))
        reply = fuzzed.handle(job)
        sent = json.dumps(reply, ensure_ascii=False, allow_nan=False).encode()
        assert isinstance(reply, dict)
        assert len(sent) < 10_000_000
        if "error" in reply:
            code = reply["error_code"]
            assert code in codes() - {"internal"}, (seed, caplog.text[-3_000:])
            assert reply["error"].startswith(f"{code}: ")
            assert len(reply["error"]) > len(code) + 10
            assert not any(place in reply["error"] for place in places), seed
            assert code != "invalid_input" or all(problem["field"] for problem in reply["details"])
        else:
            code = reply.get("status", "info")
            assert code in ("completed", "success", "info") or code.endswith("uploaded successfully"), seed
            told = [*reply.get("warnings", ()), *reply.get("degraded", {}).values()]
            assert not any(place in line for line in told for place in places), seed
            if "audio_path" in reply:
                delivered.add(Path(reply["audio_path"]).with_suffix(""))
                code = "spoken"
        outcomes[code] += 1

    def held():
        gc.collect()  # a descriptor in a circle is closed with it
        return process.num_fds(), process.num_threads()

    def memory():
        """In bytes, without what is free and only kept for the next job."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return process.memory_info().rss

    fuzzed.handle({"id": "warm-up", "input": {**SAY, "nfe_step": 1, "timestamps": True, "delivery": "base64"}})
    fuzzed.recogniser.transcribe(BuiltIn().named("example-en").waveform)  # starts tqdm's thread
    for seed in range(WARM_UP):
        answer(seed)
    held_before, memory_before = held(), memory()
    for seed in range(WARM_UP, WARM_UP + JOBS * times):
        answer(seed)
    assert held() == held_before
    assert memory() - memory_before < GROWTH_MB * 1e6
    assert outcomes["spoken"] > outcomes.total() / 20
    assert {"completed", "info", "invalid_input", "voice_not_found", "bad_audio", "download_failed"} <= {*outcomes}

    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "cwd").iterdir()) == []
    results = (tmp_path / "output", tmp_path / "volume/output")
    left = {path.with_suffix("") for place in results for path in place.rglob("*") if path.is_file()}
    assert left == delivered, "subtitles lie beside their audio, and nothing lies alone"
    assert {path.name for path in (tmp_path / "volume").iterdir()} <= {"voices", "cache", "output"}
    assert {path.name for path in (tmp_path / "volume/cache").iterdir()} == {"chunks", "references"}
    assert len(list((tmp_path / "volume/cache/references").iterdir())) <= prepared.KEPT
    added = set(fuzzed.voices.names()) - set(fuzzed.voices.built_in.names)
    kept = (tmp_path / "volume/voices").iterdir()
    assert {path.name.removesuffix(path.suffix) for path in kept if path.name != ".data"} == added
