"""Tell what the worker is and can do, and how many workers the endpoint has."""

from __future__ import annotations

import argparse
from functools import partial

from voiceclone.cli import cards
from voiceclone.cli.asking import ask, asked_place, reply_options, show, with_status
from voiceclone.client import Endpoint


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    reply_options(parser)


@with_status
def run(options: argparse.Namespace) -> None:
    """Ask the worker, and the endpoint for its counts. Raises Problem."""
    with asked_place(options) as place:
        reply = ask(place, {"action": "info"})
        health = place.health() if isinstance(place, Endpoint) else None
    show(reply, options, partial(cards.about, health=health))
