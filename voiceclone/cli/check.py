"""Tell what would be said, in which chunks and how long, without speaking.

voiceclone check 'Dr. Smith paid $3.50.' --voice anna
"""

from __future__ import annotations

import argparse

from voiceclone.cli import cards
from voiceclone.cli.asking import ask, asked_place, reply_options, show, with_status
from voiceclone.cli.options import spoken_input, text_options, voice_options


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    text_options(parser)
    voice_options(parser)
    reply_options(parser)


@with_status
def run(options: argparse.Namespace) -> None:
    """Check. Raises Problem."""
    data = {"action": "check", **spoken_input(options)}
    with asked_place(options) as place:
        reply = ask(place, data)
    show(reply, options, cards.checked)
