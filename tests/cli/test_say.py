"""`voiceclone say` and its neighbours: text becomes a file, faults a status, and a pipe stays a pipe."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from conftest import ROOT
from endpoint_server import EndpointServer, until
from forked import Forked
from recordings import recording as recorded

from voiceclone import audio
from voiceclone.cli.main import main
from voiceclone.cli.options import stopped_by_signals
from voiceclone.voices.builtin import BuiltIn

EASY = ["--set", "nfe_step=1", "--seed", "5"]
SAY = ["say", "Hello there.", "--voice", "example-en", *EASY]
COMMAND = [sys.executable, "-m", "voiceclone"]


@pytest.fixture
def endpoint(worker, monkeypatch, tmp_path):
    """An endpoint with a real worker, which the environment leads to; the working directory is empty."""

    def answer(data, tell):
        asks = {"delivery": "base64"} if "text" in data and data.get("action") is None else {}
        return worker.handle({"id": "job", "input": {**asks, **data}}, tell)

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with EndpointServer(answer) as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield server


def test_a_text_becomes_the_file_that_is_asked_for(endpoint, capsys, monkeypatch, tmp_path):
    """By argument, file and pipe; the ending is the format, subtitles lie beside it, the name alone is printed."""
    assert main([*SAY, "--out", "a.flac", "--set", "sample_rate=16000", "--subtitles", "srt"]) == 0
    told = capsys.readouterr()
    assert told.out == "a.flac\n"
    assert "seed 5" in told.err
    made = soundfile.info("a.flac")
    assert (made.format, made.samplerate) == ("FLAC", 16_000)
    assert (tmp_path / "here/a.srt").read_text().startswith("1\n00:00:")
    (tmp_path / "text.txt").write_text("\ufeffHello there.", "utf-8")
    assert main(["say", "--file", str(tmp_path / "text.txt"), "--voice", "example-en", *EASY]) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello there."))
    assert main(["say", "-", "--voice", "example-en", *EASY, "--out", "b.wav", "--json"]) == 0
    reply = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert "audio_base64" not in reply
    assert reply["text"] == "Hello there."
    assert np.array_equal(soundfile.read("speech.wav")[0], soundfile.read("b.wav")[0])
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["a.flac", "a.srt", "b.wav", "speech.wav"]


def test_a_recording_of_ones_own_is_a_voice_once_and_for_all(endpoint, capsys, tmp_path):
    """Sent with the text; or kept, checked up, listed, called by its name and removed."""
    speech = recorded("basic_ref_en")
    recording = tmp_path / "anna.wav"
    recording.write_bytes(audio.encode(speech.waveform, "wav"))
    words = ["--ref-text", "Some call me nature, others call me mother nature."]
    assert main(["say", "Hello.", "--ref-audio", str(recording), *words, *EASY]) == 0
    assert endpoint.submitted[0]["ref_text"] == words[1]
    assert main(["voices", "add", "anna", str(recording), *words, "--consent", "hers"]) == 0
    card = capsys.readouterr().out
    assert "anna: " in card
    assert "signal to noise" in card
    assert main(["voices", "list", "an"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["voice", "anna"]
    assert main(["say", "Hello.", "--voice", "anna", *EASY]) == 0
    assert main(["voices", "delete", "anna"]) == 0
    assert main(["say", "Hello.", "--voice", "anna", *EASY]) == 2
    assert "voice_not_found" in capsys.readouterr().err


def test_check_and_info_are_read_by_people_and_programs(endpoint, capsys):
    assert main(["check", "Dr. Smith paid $3.50. \u2603", "--voice", "example-en"]) == 0
    card = capsys.readouterr().out
    assert "Doctor Smith paid three dollars" in card
    assert "s of audio" in card
    assert "\u2603" in card
    assert main(["info"]) == 0
    card = capsys.readouterr().out
    assert "max text chars" in card
    assert "1 idle" in card
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["name"] == "random"


def test_what_the_worker_warns_of_is_told(endpoint, capsys):
    assert main([*SAY, "--language", "fi"]) == 0
    assert "warning: this model speaks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["say", "Hello."], 2, "--voice NAME or --ref-audio"),
        (["say", "Hello.", "--voice", "a", "--out", "a.xyz"], 2, "wav, flac, mp3"),
        (["say", "Hello.", "--voice", "a", "--out", "gone/a.wav"], 2, "no directory"),
        (["say", "Hello.", "--ref-audio", "gone.wav"], 2, "gone.wav cannot be read"),
        (["say", "--file", "gone.txt", "--voice", "a"], 2, "gone.txt cannot be read"),
        (["say", "Hello.", "--file", "gone.txt", "--voice", "a"], 2, "give one of them"),
        (["say", "Hello.", "--voice", "a", "--out", "-", "--json"], 2, "give --out a file"),
        (["say", "Hello.", "--voice", "example-en", "--speed", "9"], 2, "speed: "),
        (["say", "Hello.", "--voice", "example-en", "--set", "sped=1"], 2, "did you mean speed"),
        (["result", "job-9-u1"], 2, "no bucket"),
    ],
)
def test_what_cannot_be_used_is_named(endpoint, capsys, tmp_path, arguments, status, told):
    assert main(arguments) == status
    assert told in capsys.readouterr().err
    assert not list((tmp_path / "here").iterdir())


def test_a_refused_key_and_a_failed_job_have_statuses_of_their_own(endpoint, capsys, monkeypatch):
    monkeypatch.setattr(endpoint, "answer", lambda *_: {"error": "synthesis_failed: silence", "error_code": "x"})
    assert main(SAY) == 1
    assert "silence" in capsys.readouterr().err
    monkeypatch.setenv("RUNPOD_API_KEY", "wrong")
    assert main(SAY) == 3
    assert "RUNPOD_API_KEY" in capsys.readouterr().err
    monkeypatch.delenv("RUNPOD_API_KEY")
    monkeypatch.delenv("RUNPOD_ENDPOINT_BASE_URL")
    assert main(SAY) == 2
    assert "RUNPOD_API_KEY is not set" in capsys.readouterr().err


def test_a_job_that_was_left_alone_is_fetched(endpoint, capsys):
    """By the id that a broken network leaves behind."""
    from voiceclone.client.endpoint import Endpoint

    job = Endpoint.from_env(os.environ).submit({"text": "Hello.", "voice": "example-en", "nfe_step": 1})
    assert main(["result", job, "--out", "a.wav"]) == 0
    assert soundfile.info("a.wav").frames


def shown_on(terminal, what):
    """Read until that is there."""
    shown = b""
    while what not in shown:
        shown += os.read(terminal, 1024)


@contextmanager
def on_a_terminal(server, directory):
    """The script, and the terminal that it draws its bar on."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 160))
    process = subprocess.Popen(
        [*COMMAND, *SAY], cwd=directory, env={**os.environ, **server.environ}, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def test_ctrl_c_cancels_the_job_and_a_terminal_shows_where_it_is(tmp_path):
    with EndpointServer() as server, on_a_terminal(server, tmp_path) as (process, terminal):
        shown_on(terminal, b"waiting for a worker")
        process.send_signal(signal.SIGINT)
        shown_on(terminal, b"stopping")
        assert process.wait(timeout=30) == 130
    assert server.jobs["job-1-u1"]["status"] == "CANCELLED"
    assert server.requests["cancel"] == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_never_waits_for_the_thread_that_it_interrupts(number):
    """Which may hold the event's lock, in its wait: another thread sets the event."""

    class Noted(threading.Event):
        def set(self):
            self.by = threading.current_thread()
            super().set()

    stop = Noted()
    with stopped_by_signals(stop):
        signal.raise_signal(number)
        assert stop.wait(30)
    assert stop.by is not threading.current_thread()


def test_a_job_that_cannot_be_cancelled_is_told(tmp_path):
    """On a line of its own, from which the bar is taken away."""
    with EndpointServer() as server, on_a_terminal(server, tmp_path) as (process, terminal):
        server.faults.append(("cancel", 403))
        shown_on(terminal, b"waiting for a worker")
        process.send_signal(signal.SIGTERM)
        shown_on(terminal, b"\rjob job-1-u1 could not be cancelled, and goes on: the key may not use")
        assert process.wait(timeout=30) == 130


def test_nothing_but_audio_goes_into_a_pipe_and_its_end_is_no_fault(endpoint, tmp_path):
    environ = {**os.environ, **endpoint.environ}
    done = subprocess.run([*COMMAND, *SAY, "--out", "-"], cwd=tmp_path, env=environ, capture_output=True, check=True)
    assert len(soundfile.read(io.BytesIO(done.stdout))[0])
    assert b"%" not in done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*COMMAND, *SAY, "--out", "-"], env=environ, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 141
    assert b"Traceback" not in told


def locally(places, **environ):
    """Return the status of the command that speaks here, and what it has told."""
    with Forked(places, "-m", "voiceclone", *SAY, "--local", env=environ) as process:
        return process.wait(timeout=120), process.said


def test_the_same_command_speaks_on_a_laptop(places, capsys, monkeypatch):
    """With the worker in its own process, and with one behind the SDK's local API: to the sample the same."""
    root, _ = places
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = str(ROOT / "runpod-handler.py"), "--rp_serve_api", "--rp_api_port", str(port), "--rp_api_host", "127.0.0.1"
    monkeypatch.chdir(root / "cwd")
    with Forked(places, *api) as served:
        # An endpoint's name in the environment does not make a laptop a platform.
        status, told = locally(places, RUNPOD_ENDPOINT_ID="ep")
        assert status == 0, told
        until(lambda: "Uvicorn running" in served.said)
        for name in ("RUNPOD_ENDPOINT_ID", "RUNPOD_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("RUNPOD_ENDPOINT_BASE_URL", f"http://127.0.0.1:{port}")
        assert main([*SAY, "--out", "api.wav"]) == 0
        assert main(["info"]) == 0
        assert main(["say", "Hello.", "--voice", "nobody"]) == 2
        assert "voice_not_found" in capsys.readouterr().err
        assert main(["result", "test-1"]) == 2
    assert np.array_equal(soundfile.read("speech.wav")[0], soundfile.read("api.wav")[0])
    assert not list((root / "tmp").iterdir()), "nothing is left behind"


def test_a_local_worker_without_a_model_says_so(places):
    status, told = locally(places, RUNPOD_VOLUME=str(places[0] / "missing"))
    assert status == 3
    assert "RUNPOD_VOLUME" in told


def test_words_are_changed_in_a_recording(endpoint, capsys):
    """A file becomes another, which keeps the beginning; `--check` tells what would change."""
    waveform = BuiltIn().named("example-en").waveform
    soundfile.write("talk.flac", waveform.samples, 24_000, "PCM_16")
    said = "Some call me nature, others call me mother nature."
    edit = ["edit", "talk.flac", said.replace("mother nature", "a realist"), "--ref-text", said]
    assert main([*edit, "--check"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 2
    assert rows[1].split("  ")[-2:] == ["mother nature.", "a realist."]
    cheap = [*EASY, "--set", "attempts=1", "--set", "delivery=base64"]
    assert main([*edit, "--out", "new.flac", *cheap]) == 0, capsys.readouterr().err
    before, after = (soundfile.read(name, dtype="int16")[0] for name in ("talk.flac", "new.flac"))
    assert np.array_equal(before[:72_000], after[:72_000])
    assert not np.array_equal(before, after)
    assert main([*edit, "--out", "new.mp3"]) == 2
    assert "wav or flac" in capsys.readouterr().err
