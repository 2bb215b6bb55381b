"""Speak text in a voice, on an endpoint or here.

    voiceclone say "Good morning." --voice example-en
    voiceclone say --file speech.txt --ref-audio anna.m4a --out speech.mp3 --subtitles srt
    fortune | voiceclone say --voice anna --out - | aplay

The endpoint is the one that RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY name. RUNPOD_ENDPOINT_BASE_URL leads elsewhere: to
`voiceclone serve` it is http://127.0.0.1:8000, without the other two.
"""

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
from voiceclone.cli.options import spoken_input, text_options, voice_options


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    text_options(parser)
    voice_options(parser)
    out_option(parser)
    subtitles_option(parser)
    reply_options(parser)


@with_status
def run(options: argparse.Namespace) -> None:
    """Speak. Raises Problem."""
    subtitles = {"subtitles": options.subtitles} if options.subtitles else {}
    data = {"format": audio_format(options), **subtitles, **spoken_input(options)}
    with asked_place(options) as place:
        reply = ask(place, data)
        kinds = data.get("subtitles")
        result = place.result(reply, str(data["format"]), kinds if isinstance(kinds, list) else ())
    keep(reply, result, options)
