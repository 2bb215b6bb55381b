"""Get the result of a job that was sent before, from the platform or out of the bucket."""

from __future__ import annotations

import argparse

from voiceclone.cli.asking import (
    ask,
    asked_place,
    audio_format,
    keep,
    out_option,
    reply_options,
    subtitles_option,
    with_status,
)
from voiceclone.cli.bar import job_bar
from voiceclone.client import Place, ResultGone
from voiceclone.types import Reply


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.add_argument("job", help="its id, or the key of its result in the bucket")
    out_option(parser)
    subtitles_option(parser)
    reply_options(parser)


@with_status
def run(options: argparse.Namespace) -> None:
    """Find the result and write it. Raises Problem."""
    asked = audio_format(options)
    with asked_place(options) as place:
        reply = find(place, options.job)
        result = place.result(reply, asked, options.subtitles)
    keep(reply, result, options)


def find(place: Place, job: str) -> Reply:
    """Return the reply of an earlier job. Raises Problem."""
    if "/" in job:
        return ask(place, {"action": "link", "key": job})
    try:
        with job_bar() as report:
            return place.take_up(job, report)
    except ResultGone:
        return ask(place, {"action": "link", "job_id": job})
