#!/usr/bin/env python
"""Speak text in a voice, on an endpoint or here, and look after the voices.

    python scripts/say.py "Good morning." --voice example-en
    python scripts/say.py --file speech.txt --ref-audio anna.m4a --out speech.mp3 --subtitles srt
    fortune | python scripts/say.py --voice anna --out - | aplay
    python scripts/say.py add-voice anna anna.m4a --consent "Agreed by mail"
    python scripts/say.py voices
    python scripts/say.py check 'Dr. Smith paid $3.50.' --voice anna

Without a command the text is spoken; `say.py COMMAND --help` tells the options of each. The endpoint is the one that
RUNPOD_ENDPOINT_ID and RUNPOD_API_KEY name. RUNPOD_ENDPOINT_BASE_URL leads elsewhere: to
`runpod-handler.py --rp_serve_api` it is http://127.0.0.1:8000, without the other two.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from voiceclone.audio import FORMATS
from voiceclone.cli import cards
from voiceclone.cli.bar import job_bar
from voiceclone.cli.options import (
    chosen_place,
    place_options,
    stopped_by_signals,
    voice_input,
    voice_options,
)
from voiceclone.client import (
    PIPE_CLOSED,
    STATUSES,
    STOPPED,
    BadInput,
    Endpoint,
    Input,
    Place,
    Problem,
    Result,
    ResultGone,
    recording,
    text_of,
    write_whole,
)
from voiceclone.subtitles import FORMATS as SUBTITLES
from voiceclone.types import Reply

COMMANDS = ("speak", "check", "voices", "add-voice", "delete-voice", "info", "fetch")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        description=__doc__, epilog=STATUSES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    shared = argparse.ArgumentParser(add_help=False)
    place_options(shared)
    shared.add_argument("--json", action="store_true", help="print the worker's reply, without the audio")
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument(
        "--out",
        default="speech.wav",
        metavar="FILE",
        help=f"its ending is the format: {', '.join(FORMATS)}; `-` for standard output, as wav"
        " (default: %(default)s, which is written anew)",
    )

    def command(name: str, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=about, parents=[shared, *parents])

    for name, about, parents in (
        ("speak", "speak a text; the command when none is named", [out]),
        ("check", "what would be said, in which chunks and how long, without speaking", []),
    ):
        one = command(name, about, *parents)
        one.add_argument("text", nargs="?", help="what to say; `-` or nothing for standard input")
        one.add_argument("--file", type=Path, help="read the text from a file")
        voice_options(one)
        if name == "speak":
            one.add_argument(
                "--subtitles", action="append", default=[], choices=SUBTITLES, help="beside the audio; repeatable"
            )
    command("voices", "list the voices").add_argument("prefix", nargs="?", default="", help="whose names begin so")
    add = command("add-voice", "keep a recording as a voice, and tell how good it is")
    add.add_argument("name", help="letters, digits, '-', '_' and '.'")
    add.add_argument("recording", metavar="FILE|URL", help="1 to 12 s of one person speaking")
    add.add_argument("--ref-text", metavar="TEXT", help="what is said in it; without, it is listened to")
    add.add_argument("--language", metavar="CODE", help="of the recording, as en")
    add.add_argument("--consent", metavar="TEXT", help="who agreed to what; kept with the voice")
    add.add_argument("--overwrite", action="store_true", help="replace a voice of this name")
    command("delete-voice", "remove a voice that was added").add_argument("name")
    command("info", "what the worker is and can do")
    command("fetch", "the result of a job that was sent before", out).add_argument(
        "job", help="its id, or the key of its result in the bucket"
    )
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in (*COMMANDS, "-h", "--help"):
        arguments.insert(0, "speak")
    options = parser().parse_args(arguments)
    try:
        stop = threading.Event()
        # The worker in this process may be interrupted anywhere, a job elsewhere is to be cancelled.
        with nullcontext() if options.local else stopped_by_signals(stop):
            run(options, stop)
        sys.stdout.flush()
    except Problem as e:
        print(f"error: {e}", file=sys.stderr)
        return e.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else it is flushed once more, and fails
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return STOPPED
    return 0


def run(options: argparse.Namespace, stop: threading.Event) -> None:
    """Ask, and tell what comes back. Raises Problem."""
    data = request(options)
    speaks = options.command in ("speak", "fetch")
    if speaks and options.out == "-" and options.json:
        raise BadInput("--json and --out - both want standard output: give --out a file")
    with chosen_place(options, stop) as place:
        with job_bar() as report:
            reply = fetched(place, options.job) if options.command == "fetch" else place.ask(data, report)
            result = place.result(reply) if speaks else None
        health = place.health() if options.command == "info" and isinstance(place, Endpoint) else None
    if result is not None:
        keep(result, options.out)
    if told := cards.notes(reply):
        print(told, file=sys.stderr)
    if options.json:
        shown = {name: value for name, value in reply.items() if name != "audio_base64"}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    try:
        tell(options, reply, health)
    except KeyError as e:
        raise Problem(
            f"the reply has no {e}: another worker than this program's answers; --json shows all of it"
        ) from e


def tell(options: argparse.Namespace, reply: Reply, health: dict[str, Any] | None) -> None:
    """Print a reply for a person. Raises KeyError for one of another worker."""
    match options.command:
        case "speak" | "fetch":
            if options.out != "-":
                print(options.out)
            if "timings" in reply:
                print(cards.spoken(reply), file=sys.stderr)
        case "check":
            print(cards.checked(reply))
        case "voices":
            print(cards.voices(reply))
        case "add-voice":
            print(cards.check_up(reply))
        case "delete-voice":
            print(f"{options.name} is removed")
        case "info":
            print(cards.about(reply, health))


def request(options: argparse.Namespace) -> Input:
    """The job's input. Raises BadInput."""
    match options.command:
        case "speak":
            data = {**spoken(options), "format": "wav" if options.out == "-" else ending(options.out)}
            if options.subtitles:
                data["subtitles"] = options.subtitles
            return {**data, **dict(options.set)}
        case "check":
            return {"action": "check", **spoken(options)}
        case "voices":
            return {"action": "list_voices", "prefix": options.prefix}
        case "add-voice":
            data = {"action": "add_voice", "voice": options.name, "ref_audio": recording(options.recording)}
            asked = ("ref_text", "language", "consent")
            data |= {name: value for name in asked if (value := getattr(options, name)) is not None}
            return {**data, **({"overwrite": True} if options.overwrite else {})}
        case "delete-voice":
            return {"action": "delete_voice", "voice": options.name}
        case _:
            return {"action": "info"}


def spoken(options: argparse.Namespace) -> Input:
    """Text and voice. Raises BadInput."""
    if options.file is not None and options.text is not None:
        raise BadInput("there is a text and a --file: give one of them")
    if options.file is not None:
        text = text_of(options.file)
    elif options.text not in (None, "-"):
        text = options.text
    elif sys.stdin.isatty() and options.text is None:
        raise BadInput("there is nothing to say: give a text, --file, or a pipe; --help tells more")
    else:
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError as e:
            raise BadInput("standard input is not in UTF-8") from e
    data = {"text": text, **voice_input(options)}
    # In a text of turns, "[anna] Hello.", each may have its own.
    if not {"voice", "ref_audio", "segments"} & data.keys() and "[" not in text:
        raise BadInput("there is no voice: give --voice NAME or --ref-audio FILE; `say.py voices` lists the names")
    return data


def ending(out: str) -> str:
    """The format that a file's name asks for. Raises BadInput."""
    found = Path(out).suffix.lower().removeprefix(".")
    if found not in FORMATS:
        raise BadInput(f"--out {out}: the ending must be one of {', '.join(FORMATS)}")
    if not Path(out).absolute().parent.is_dir():
        raise BadInput(f"--out {out}: there is no directory {Path(out).parent}")
    return found


def fetched(place: Place, job: str) -> Reply:
    """The reply of an earlier job, from the platform or out of the bucket. Raises Problem."""
    if "/" not in job:
        try:
            with job_bar() as report:
                return place.take_up(job, report)
        except ResultGone:
            return place.ask({"action": "link", "job_id": job})
    return place.ask({"action": "link", "key": job})


def keep(result: Result, out: str) -> None:
    """Write the audio, and the subtitles beside it. Raises BadInput where that cannot be."""
    if out == "-":
        sys.stdout.buffer.write(result.audio)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    files = {path.with_suffix(f".{kind}"): text.encode() for kind, text in result.subtitles.items()}
    try:
        for name, data in {**files, path: result.audio}.items():
            write_whole(name, data)
    except OSError as e:
        raise BadInput(f"{e.filename or path} cannot be written: {e.strerror}") from e


if __name__ == "__main__":
    sys.exit(main())
