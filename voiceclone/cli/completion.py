"""Print what completes this command in a shell.

voiceclone completion bash > ~/.local/share/bash-completion/completions/voiceclone
voiceclone completion zsh > ~/.zfunc/_voiceclone
"""

from __future__ import annotations

import argparse

import shtab

from voiceclone.cli import main


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS)


def run(options: argparse.Namespace) -> int:
    """Print; returns the exit status."""
    print(shtab.complete(main.parser(main.COMMANDS), options.shell))
    return 0
