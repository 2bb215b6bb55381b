"""List the voices, add a recording as one, or delete one.

voiceclone voices
voiceclone voices add anna anna.m4a --consent "Agreed by mail"
voiceclone voices delete anna
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from voiceclone.cli import cards
from voiceclone.cli.asking import ask, asked_place, reply_options, show, with_status
from voiceclone.client import Input, recording
from voiceclone.types import Reply


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.set_defaults(ask_for=to_list, prefix="")
    reply_options(parser)
    # Given behind the name of the action as well, without taking back what stands before it.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    reply_options(shared)
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, ask_for: AskFor, about: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=about, description=about, parents=[shared])
        added.set_defaults(ask_for=ask_for)
        return added

    listing = action("list", to_list, "list the voices; what is done where no action is named")
    listing.add_argument("prefix", nargs="?", default="", help="whose names begin so")
    add = action("add", to_add, "keep a recording as a voice, and tell how good it is")
    add.add_argument("name", help="letters, digits, '-', '_' and '.'")
    add.add_argument("recording", metavar="FILE|URL", help="1 to 12 s of one person speaking")
    add.add_argument("--ref-text", metavar="TEXT", help="what is said in it; without, it is listened to")
    add.add_argument("--language", metavar="CODE", help="of the recording, as en")
    add.add_argument("--consent", metavar="TEXT", help="who agreed to what; kept with the voice")
    add.add_argument("--overwrite", action="store_true", help="replace a voice of this name")
    action("delete", to_delete, "remove a voice that was added").add_argument("name")


@with_status
def run(options: argparse.Namespace) -> None:
    """List, add or delete. Raises Problem."""
    data, card = options.ask_for(options)
    with asked_place(options) as place:
        reply = ask(place, data)
    show(reply, options, card)


AskFor = Callable[[argparse.Namespace], tuple[Input, Callable[[Reply], str]]]
"""Returns the job's input, and what makes text of its reply."""


def to_list(options: argparse.Namespace) -> tuple[Input, Callable[[Reply], str]]:
    return {"action": "list_voices", "prefix": options.prefix}, cards.voices


def to_add(options: argparse.Namespace) -> tuple[Input, Callable[[Reply], str]]:
    """Raises BadInput for a recording that cannot be read."""
    data: Input = {"action": "add_voice", "voice": options.name, "ref_audio": recording(options.recording)}
    asked = ("ref_text", "language", "consent")
    data |= {name: value for name in asked if (value := getattr(options, name)) is not None}
    return {**data, **({"overwrite": True} if options.overwrite else {})}, cards.check_up


def to_delete(options: argparse.Namespace) -> tuple[Input, Callable[[Reply], str]]:
    return {"action": "delete_voice", "voice": options.name}, lambda _reply: f"{options.name} is removed"
