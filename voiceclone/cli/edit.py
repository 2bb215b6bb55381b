"""Change words in a recording, on an endpoint or here: all other sound stays as it is, sample by sample.

    voiceclone edit talk.wav "We meet on Friday." --out talk-2.wav
    voiceclone edit talk.flac --file new.txt --ref-text "We meet on Monday." --check

The recording is a file, a link, or the key of an earlier result. Without --ref-text it is listened to.
"""

from __future__ import annotations

import argparse
import re

from voiceclone.cli import cards
from voiceclone.cli.asking import ask, asked_place, audio_format, keep, out_option, reply_options, show, with_status
from voiceclone.cli.options import FIELD, given_text, json_field, text_options
from voiceclone.client import BadInput, recording

FORMATS = ("wav", "flac")
_RESULT = re.compile(r"(?:[\w.-]+/)*output/[\w./-]+")
"""The key of a result, as replies have it."""


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.add_argument("recording", help="a file, an address, or the key of an earlier result")
    text_options(parser, "what it should say")
    parser.add_argument("--ref-text", metavar="TEXT", help="exactly what it says now; without, it is listened to")
    parser.add_argument("--language", metavar="CODE", help="of both, as en")
    parser.add_argument("--seed", type=int, help="the same seed gives the same audio")
    parser.add_argument("--quality", choices=["fast", "balanced", "best"], help="best by default")
    parser.add_argument("--check", action="store_true", help="tell what would change, without speaking")
    parser.add_argument("--set", action="append", type=json_field, default=[], metavar="FIELD=JSON", help=FIELD)
    out_option(parser)
    reply_options(parser)


@with_status
def run(options: argparse.Namespace) -> None:
    """Change the words. Raises Problem."""
    where = options.recording
    asked = {name: getattr(options, name) for name in ("ref_text", "language", "seed", "quality")}
    data = {
        "action": "edit",
        "ref_audio": where if _RESULT.fullmatch(where) else recording(where),
        "text": given_text(options),
        **{name: value for name, value in asked.items() if value is not None},
        **dict(options.set),
    }
    if options.check:
        with asked_place(options) as place:
            show(ask(place, {**data, "check": True}), options, cards.changes)
        return
    wanted = audio_format(options)
    if wanted not in FORMATS:
        raise BadInput(f"--out {options.out}: the ending must be {' or '.join(FORMATS)}, which keep every sample")
    with asked_place(options) as place:
        reply = ask(place, {"format": wanted, **data})
        result = place.result(reply, wanted, ())
    keep(reply, result, options)
