"""Clone a voice with F5-TTS: speak, keep voices, read books aloud, and run the worker that does it."""

# argparse, for it comes with Python and is imported in milliseconds, and shtab completes from its parsers. A command's
# module is imported when it is asked for, so that help and completion never wait for torch, numpy or requests.
from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

COMMANDS = {
    "say": "speak a text",
    "check": "tell what would be said, in which chunks and how long, without speaking",
    "edit": "change words in a recording",
    "voices": "list, add and delete voices",
    "narrate": "make an audiobook of a text, Markdown or EPUB file",
    "dub": "give a film the speech of its subtitles",
    "result": "get the result of a job that was sent before",
    "info": "tell what the worker is and can do",
    "serve": "run the worker on this machine, over HTTP",
    "fetch": "download models to a volume",
    "deploy": "make or update the endpoint on the platform",
    "doctor": "tell what is wrong with this machine, volume, bucket and endpoint",
    "completion": "print what completes this command in a shell",
}
"""Each is a module of this package: `fill(parser)` gives its options, `run(options)` returns the exit status."""


def parser(filled: Iterable[str]) -> argparse.ArgumentParser:
    """Return the command line's parser, with the options of the commands named in `filled`."""
    top = argparse.ArgumentParser(
        prog="voiceclone", description=__doc__, epilog="`voiceclone COMMAND --help` tells the options of each."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in COMMANDS.items():
        command = commands.add_parser(
            name, help=about, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name in filled:
            module = import_module(f"voiceclone.cli.{name}")
            module.fill(command)
            command.set_defaults(run=module.run, parser=command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = parser(arguments[:1]).parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the encoding lacks is escaped; in a pipe a line is seen when it is printed.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        from voiceclone.client import PIPE_CLOSED

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else it is flushed once more, and fails
        return PIPE_CLOSED
    return status
