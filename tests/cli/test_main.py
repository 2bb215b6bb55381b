"""The command line itself: it is read without the commands' modules, and says what it does not know."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from voiceclone.cli.main import COMMANDS, main, parser


def run(*arguments, **options):
    command = [sys.executable, "-m", "voiceclone", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([], "required: COMMAND"), (["sing"], "invalid choice: 'sing'"), (["doctor", "--sing"], "unrecognized arguments")],
)
def test_what_is_no_command_ends_with_2(capsys, arguments, told):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert told in capsys.readouterr().err


def test_the_arguments_of_the_process_are_read_where_none_are_given(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["voiceclone", "fetch", "--list"])
    assert main() == 0
    assert "F5TTS_v1_Base" in capsys.readouterr().out


def test_a_commands_module_is_imported_when_it_is_asked_for():
    looked = "import sys; from voiceclone.cli import main; main.parser(sys.argv[1:]); print(*sys.modules)"
    for asked in ([], ["completion"]):
        done = subprocess.run(
            [sys.executable, "-c", looked, *asked], cwd=ROOT, capture_output=True, text=True, check=True
        )
        mine = {name for name in done.stdout.split() if name.startswith("voiceclone.cli.")}
        assert mine == {"voiceclone.cli.main", *(f"voiceclone.cli.{name}" for name in asked)}


def test_every_command_says_what_it_does_and_is_run():
    filled = parser(COMMANDS)
    for name in COMMANDS:
        options = {
            "say": ["x"],
            "edit": ["x"],
            "narrate": ["x"],
            "dub": ["x", "y"],
            "result": ["x"],
            "voices": ["list"],
            "completion": ["bash"],
        }
        read = filled.parse_args([name, *options.get(name, [])])
        assert callable(read.run)
        assert read.parser.description


def test_a_module_is_the_command():
    done = run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: voiceclone ")


def test_whoever_stops_reading_is_told_nothing():
    """141, as a program that SIGPIPE ends."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "voiceclone", "fetch", "--list"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
