"""No recording harms who decodes it: it is the right sound or BadAudio, and the next one is decoded."""

from __future__ import annotations

import io
import resource
import signal
import subprocess
import sys
from pathlib import Path

import hostile
import numpy as np
import psutil
import pytest
import soundfile
from conftest import ROOT
from hostile import RATE, sounding, tone

from voiceclone.audio.decoding import Decoder
from voiceclone.background import in_background
from voiceclone.errors import BadAudio

WAV = io.BytesIO()
soundfile.write(WAV, tone(1), RATE, format="WAV")
MB = 10**6


@pytest.fixture
def decoder():
    """One of its own."""
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture(scope="module")
def shared():
    """One for recordings that no decoder is hurt by."""
    decoder = Decoder()
    yield decoder
    decoder.close()


def decoded(decoder, data, **how):
    """At 24 kHz, as a worker wants it."""
    return decoder.decode(data, 24_000, 60.0, **how).samples


def assert_tone(samples, seconds=1.0):
    """Of 440 Hz in each channel, as loud as it was."""
    assert len(samples) / 24_000 == pytest.approx(seconds, abs=0.1)
    samples = samples - samples.mean()
    assert np.abs(np.fft.rfft(samples[:24_000], 24_000)).argmax() == 440
    assert np.sqrt(np.mean(samples[2_400:21_600] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.2)


def peak_of(decoder):
    """Bytes of memory that its process has had at once."""
    (line,) = [line for line in Path(f"/proc/{decoder.pid}/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) * 1_024


SOUND = {
    "7.1 in M4A": lambda: sounding("ipod", "aac", "7.1"),
    "5.1 in M4A": lambda: sounding("ipod", "aac", "5.1"),
    "planar AAC of 3 channels": lambda: sounding("matroska", "aac", "3.0"),
    "planar FLAC of 8 channels": lambda: sounding("matroska", "flac", "7.1"),
    "planar Opus of 8 channels that nobody names": lambda: sounding(
        "matroska", "libopus", "8 channels", mapping_family="255"
    ),
    "PCM of 5 channels that nobody names": lambda: sounding("matroska", "pcm_s16le", "5 channels"),
    "eight covers of 48 MB": hostile.with_covers,
    "FLV whose sound starts late": hostile.late_in_flv,
    "FLV whose sound starts late, as its header says": lambda: hostile.late_in_flv(flags=5),
    "MPEG-TS whose sound starts late": hostile.late_in_mpegts,
}
REFUSED = {
    "AAC of 16 channels": (lambda: sounding("matroska", "aac", "hexadecagonal"), "16 channels: send one or two"),
    "Opus of 64 channels": (
        lambda: sounding("matroska", "libopus", "64 channels", mapping_family="255"),
        "64 channels: send one or two",
    ),
    "PCM of 9 channels": (lambda: sounding("matroska", "pcm_s16le", "9 channels"), "9 channels: send one or two"),
    "PCM of 64 channels": (lambda: sounding("matroska", "pcm_f32le", "64 channels"), "64 channels: send one or two"),
    "a rate of 1 Hz": (hostile.at_one_hertz, "a rate of 1 Hz: export it"),
    "a comment of 2 GB in a WAV": (hostile.with_a_long_comment, "not a sound file"),
    "a comment of 2 GB in an AVI": (lambda: hostile.with_a_long_comment(b"AVI "), "not a sound file"),
    "a damaged SDS file": (hostile.damaged_sds, "not a sound file"),
    "a picture alone": (lambda: hostile.film("flv", "flv"), "no sound"),
    "a codec that no recorder has": (lambda: sounding("matroska", "wavpack"), "not a sound file"),
}


def file_of(samples, kind="WAV", subtype="PCM_16"):
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind, subtype=subtype)
    return file.getvalue()


def without_length(kind, untold, behind=b"", at=None):
    """A second of a tone as a recorder leaves it that never knew how long it would be."""
    data = bytearray(file_of(tone(1), kind))
    at = data.index(b"data") + 4 if at is None else at
    data[at : at + 4] = untold
    if kind == "RF64":
        start = data.index(b"ds64") + 8
        data[start : start + 24] = bytes(24)
    return bytes(data) + behind


ZERO, ONES = bytes(4), b"\xff" * 4
LIST = b"LIST" + (4).to_bytes(4, "little") + b"INFO"
SOUND |= {
    "WAV without a length": lambda: without_length("WAV", ZERO),
    "WAV of the greatest length": lambda: without_length("WAV", ONES),
    "WAV of the greatest length but some": lambda: without_length("WAV", (0x7FFFF000).to_bytes(4, "little")),
    "WAV without any length": lambda: b"RIFF" + ZERO + without_length("WAV", ZERO)[8:],
    "WAV without a length, with words behind it": lambda: without_length("WAV", ZERO, LIST),
    "WAVEX without a length": lambda: without_length("WAVEX", ZERO),
    "RF64 without a length": lambda: without_length("RF64", ONES),
    "AU without a length": lambda: without_length("AU", ZERO, at=8),
    "one channel turned over": lambda: file_of(np.column_stack([tone(1), -tone(1)])),
    "one channel turned over, FLAC": lambda: file_of(np.column_stack([-tone(1), tone(1)]), "FLAC"),
    "one channel turned over and softer": lambda: file_of(np.column_stack([-0.8 * tone(1), tone(1)])),
    "one channel turned over, with noise": lambda: file_of(
        np.column_stack([tone(1), -tone(1)]) + np.random.default_rng(0).normal(0, 0.01, (RATE, 2))
    ),
    "one channel turned over, with an offset": lambda: file_of(np.column_stack([tone(1), -tone(1)]) + 0.2),
    "two of four channels turned over": lambda: file_of(np.column_stack([tone(1), -tone(1), tone(1), -tone(1)])),
    "two equal channels": lambda: file_of(np.column_stack([tone(1), tone(1)])),
}
PAGES = {
    "HTML": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a web page"),
    "HTML without a head": (b"\n  <!-- a --><HTML lang=en>", "a web page"),
    "HTML with a mark": (b"\xef\xbb\xbf<html>", "a web page"),
    "HTML in UTF-16": ("<html>Größe".encode("utf-16"), "a web page"),
    "HTML in Latin-1": ("<html><body>Größe".encode("latin-1"), "a web page"),
    "HTML cut within a letter": (b"<html>" + "对".encode() * 2_000, "a web page"),
    "XML": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
    "JSON": (b'{"error": "not found"}', "JSON"),
    "text": (b"404: Not Found", "a text"),
    "a pointer to a large file": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a text"),
}


@pytest.mark.parametrize(("data", "kind"), PAGES.values(), ids=PAGES)
def test_a_page_behind_a_link_is_named_with_the_cure(shared, data, kind):
    with pytest.raises(BadAudio, match=f"not a sound file of a known format but {kind}.*: send a direct link"):
        decoded(shared, data)


@pytest.mark.parametrize("make", SOUND.values(), ids=SOUND)
def test_an_unusual_recording_is_the_sound_that_it_holds(shared, make):
    assert_tone(decoded(shared, make()))
    assert peak_of(shared) < 200 * MB


def test_hostile_recordings_are_refused_in_silence_and_the_next_is_decoded(decoder, capfd):
    """And the same process decodes it."""
    decoder.start()
    before = decoder.pid
    for name, (make, message) in REFUSED.items():
        with pytest.raises(BadAudio, match=message):
            decoded(decoder, make())
        assert peak_of(decoder) < 200 * MB, name
        assert_tone(decoded(decoder, WAV.getvalue()))
        assert decoder.pid == before, name
        assert capfd.readouterr() == ("", ""), name


def test_streams_that_appear_late_do_not_disturb_the_sound(decoder):
    assert_tone(decoded(decoder, hostile.before_a_late_picture()), seconds=20)


@pytest.fixture(scope="module")
def slow():
    """Forty seconds that take as long to decode."""
    return hostile.in_frames_of_a_sample()


def test_what_takes_too_long_ends_when_the_jobs_time_does(decoder, slow):
    with pytest.raises(BadAudio, match="takes too long to decode: export it again"):
        decoded(decoder, slow, limit_s=0.5)
    assert_tone(decoded(decoder, WAV.getvalue()))


def test_what_takes_too_much_of_the_cpu_is_ended_by_the_kernel(slow):
    hasty = Decoder(cpu_s=-5.5)  # half a second for a minute of sound
    with pytest.raises(BadAudio, match="takes too long to decode: export it again"):
        decoded(hasty, slow)
    assert_tone(decoded(hasty, WAV.getvalue()))
    hasty.close()


def test_what_takes_too_much_memory_is_refused():
    small = Decoder(memory=90 * MB)
    with pytest.raises(BadAudio, match="takes too much memory to decode: export it again"):
        decoded(small, hostile.in_one_frame())
    assert_tone(decoded(small, WAV.getvalue()))
    small.close()


def test_the_kernel_holds_the_limits(decoder):
    """Of 25 MB, the largest that a worker takes: the process stays under 600 MB, and writes nothing to a disk."""
    with pytest.raises(BadAudio):
        decoded(decoder, bytes(25 * MB))
    assert resource.prlimit(decoder.pid, resource.RLIMIT_DATA)[0] < 500 * MB
    assert resource.prlimit(decoder.pid, resource.RLIMIT_CPU)[0] < 15
    assert resource.prlimit(decoder.pid, resource.RLIMIT_FSIZE) == (0, 0)
    assert resource.prlimit(decoder.pid, resource.RLIMIT_CORE) == (0, 0)
    assert peak_of(decoder) < 600 * MB


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_process_that_dies_within_a_recording_is_the_recordings_fault(decoder, slow, how):
    assert_tone(decoded(decoder, WAV.getvalue()))
    dying = psutil.Process(decoder.pid)
    before_s = dying.cpu_times().user
    seen = in_background("ask", lambda: decoded(decoder, slow))
    while not seen.done() and dying.cpu_times().user < before_s + 0.1:  # it is at work
        pass
    dying.send_signal(how)
    with pytest.raises(BadAudio, match="is damaged so that it cannot be decoded: export it again"):
        seen.result()
    assert_tone(decoded(decoder, WAV.getvalue()))
    assert not dying.is_running()


def test_a_process_that_died_between_recordings_is_replaced_unnoticed(decoder):
    assert_tone(decoded(decoder, WAV.getvalue()))
    dead = psutil.Process(decoder.pid)
    dead.kill()
    psutil.wait_procs([dead])
    assert_tone(decoded(decoder, WAV.getvalue()))
    assert not dead.is_running()


def test_one_process_serves_all_recordings_and_ends_when_it_is_closed(decoder):
    kept = set()
    for _ in range(3):
        assert_tone(decoded(decoder, WAV.getvalue()))
        kept.add(decoder.pid)
    (pid,) = kept
    decoder.close()
    assert not psutil.pid_exists(pid)


WORKER = """
import sys
from voiceclone.audio import decode
from voiceclone.audio.decoding import _decoder
from pathlib import Path
decode(Path(sys.argv[1]).read_bytes(), 24_000, 60.0)
print(_decoder.pid, flush=True)
exec(sys.argv[2])
"""
BUSY = "decode(Path(sys.argv[3]).read_bytes(), 24_000, 6_000.0)"


@pytest.mark.parametrize(
    ("then", "how"),
    [
        ("sys.stdin.read()", None),
        ("1 / len(sys.stdin.read())", None),
        ("sys.stdin.read()", signal.SIGKILL),
        ("sys.stdin.read()", signal.SIGTERM),
        (BUSY, signal.SIGKILL),
        (BUSY, signal.SIGTERM),
        (f"import os; os.fork() and {BUSY} or sys.stdin.read()", signal.SIGKILL),
    ],
    ids=["exit", "error", "idle, SIGKILL", "idle, SIGTERM", "busy, SIGKILL", "busy, SIGTERM", "pipe held by another"],
)
def test_no_process_is_left_when_its_worker_ends(slow, tmp_path, then, how):
    """Neither one that waits nor one that decodes, nor where another process has inherited the pipe."""
    (tmp_path / "a.wav").write_bytes(WAV.getvalue())
    (tmp_path / "slow.mkv").write_bytes(slow)
    command = [sys.executable, "-c", WORKER, str(tmp_path / "a.wav"), then, str(tmp_path / "slow.mkv")]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as worker:
        decoder = psutil.Process(int(worker.stdout.readline()))
        if how is None:
            worker.stdin.close()
        else:
            worker.send_signal(how)
        worker.wait(timeout=60)
        gone, alive = psutil.wait_procs([decoder], timeout=60)
        assert gone
        assert not alive
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "slow.mkv"]


def test_a_decoder_knows_no_secret_and_not_torch(decoder, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "known-secret-key")
    decoded(decoder, WAV.getvalue())
    process = psutil.Process(decoder.pid)
    assert {*process.environ()} <= {"PYTHONPATH", "LD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "LC_CTYPE"}
    assert not [each.path for each in process.memory_maps() if "torch" in Path(each.path).name]


def test_a_decoder_that_cannot_start_says_what_tells_why(decoder, monkeypatch, capfd):
    """That is no fault of a recording."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"python -m voiceclone\.audio\.decoder"):
        decoded(decoder, WAV.getvalue())
