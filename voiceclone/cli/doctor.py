"""Tell what is wrong with this machine, its volume and settings, the hub, the bucket and the endpoint.

    voiceclone doctor
    voiceclone doctor --volume /runpod-volume --write
    voiceclone doctor --endpoint YOUR-ENDPOINT-ID --json

Nothing is changed and nothing is downloaded. Where the worker's packages are not installed, GPU, volume and hub are
left out; --volume brings the latter two back. No secret is told.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone.hiding import hider, printable, without_addresses

if TYPE_CHECKING:
    from voiceclone.doctor import Diagnosis

FOUND = 1
"""The exit status where there is a problem."""


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.epilog = f"exit status: 0 all is well, or there are only warnings; {FOUND} there is a problem"
    parser.add_argument(
        "--volume",
        type=Path,
        help="instead of $RUNPOD_VOLUME; without either /runpod-volume or ./runpod-volume",
    )
    parser.add_argument("--endpoint", metavar="ID", help="of the endpoint to ask (default: $RUNPOD_ENDPOINT_ID)")
    parser.add_argument(
        "--write", action="store_true", help="store a small object in the bucket, fetch it by its link, and remove it"
    )
    parser.add_argument("--json", action="store_true", help="print a list of name, level, found and cure")


def run(options: argparse.Namespace) -> int:
    """Examine, print each finding; returns the exit status."""
    from voiceclone.client import STOPPED

    logging.basicConfig(level=logging.CRITICAL)  # what is tried in vain is told as a finding
    told = []
    try:
        for diagnosis in examined(options):
            told.append(diagnosis)
            if not options.json:
                show(diagnosis)
    except KeyboardInterrupt:
        return STOPPED
    if options.json:
        print(json.dumps([asdict(each) for each in told], indent=2, ensure_ascii=False))
    return FOUND if any(each.level == "problem" for each in told) else 0


def examined(options: argparse.Namespace) -> Iterator[Diagnosis]:
    """Yield what each check says, without secrets."""
    from voiceclone.doctor import Examination

    environ = {**os.environ, **({"RUNPOD_ENDPOINT_ID": options.endpoint} if options.endpoint else {})}
    hide = hider(environ)

    def safe(text: str) -> str:
        return printable(hide(without_addresses(text)))

    for found in Examination(environ, options.volume, options.write).diagnoses():
        yield replace(found, found=safe(found.found), cure=safe(found.cure))


def show(diagnosis: Diagnosis) -> None:
    """Print a line, and what to do below it."""
    print(f"{diagnosis.level:8} {diagnosis.name:11} {diagnosis.found}", flush=True)
    if diagnosis.cure:
        print(f"{'':8} {'':11} {diagnosis.cure}", flush=True)
