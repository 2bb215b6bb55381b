#!/usr/bin/env python
"""Fill a volume with models ahead of time, so that no worker waits for a download.

    python scripts/fetch_models.py --volume ./runpod-volume
    python scripts/fetch_models.py --volume /runpod-volume --model F5TTS_Base --model jpgallegoar/F5-Spanish
    python scripts/fetch_models.py --model large-v3-turbo             hears references that come without ref_text
    python scripts/fetch_models.py --list

What is there already is checked and kept. For gated or private repositories set HF_TOKEN.
Exit status: 0 everything is there, 1 a model cannot be had, 3 the hub cannot be reached.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voiceclone.checkpoints import RECOGNISERS, REGISTRY, SHIPPED, Checkpoint, resolve, resolve_recogniser
from voiceclone.errors import ModelUnavailable
from voiceclone.hub import HubUnreachable

UNAVAILABLE = 1
UNREACHABLE = 3


def main() -> int:
    """Run the command line; returns the exit status."""
    arguments = parse_arguments()
    if arguments.list:
        list_models()
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("voiceclone").setLevel(logging.INFO)
    try:
        use_volume(arguments.volume)
    except OSError as e:
        print(f"error: {arguments.volume} cannot be created: {e.strerror}", file=sys.stderr)
        return UNAVAILABLE
    return max(fetch(model, arguments.revision, arguments.volume) for model in arguments.model)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--volume",
        type=Path,
        default=Path(os.environ.get("RUNPOD_VOLUME") or "runpod-volume"),
        help="directory to fill; created if only itself is missing (default: $RUNPOD_VOLUME or ./runpod-volume)",
    )
    parser.add_argument(
        "--model", action="append", help="name from --list, or a model's directory; repeatable (default: F5TTS_v1_Base)"
    )
    parser.add_argument("--revision", help="commit, branch or tag of the model's repository, not the registered one")
    parser.add_argument("--list", action="store_true", help="print the registered models and stop")
    arguments = parser.parse_args()
    arguments.volume = arguments.volume.absolute()
    arguments.model = arguments.model or ["F5TTS_v1_Base"]
    if arguments.revision and (len(arguments.model) > 1 or arguments.model[0] in RECOGNISERS):
        parser.error("--revision belongs to one --model, which is no whisper model")
    return arguments


def list_models() -> None:
    for spec in REGISTRY.values():
        note = f"made by {spec.made_by}" if spec.made_by else "" if spec.repo_id else "no weights published"
        print(f"{spec.name:44} {' '.join(spec.languages):8} {spec.license:14} {note}".rstrip())
    for name, directory in SHIPPED.items():
        print(f"{name:44} in {directory}")
    for name, need in RECOGNISERS.items():
        print(f"{name:44} whisper, {need.repo_id}")


def use_volume(volume: Path) -> None:
    """Create the volume in a directory that exists, and keep whatever the hub's client writes on it."""
    if volume.parent.is_dir():
        volume.mkdir(exist_ok=True)
    # The client reads these when it is first imported, which is at the first download.
    os.environ["HF_HOME"] = str(volume / "models")
    os.environ["HF_HUB_CACHE"] = str(volume / "models" / "hub")


def fetch(model: str, revision: str | None, volume: Path) -> int:
    """Have one model on the volume and say where; returns the exit status."""
    try:
        if model in RECOGNISERS:
            directory = resolve_recogniser(model, volume)
            tell(model, sorted(path for path in directory.iterdir() if path.is_file()))
            return 0
        checkpoint = resolve(model, revision, volume)
    except ModelUnavailable as e:
        print(f"error: {e}", file=sys.stderr)
        return UNREACHABLE if isinstance(e, HubUnreachable) else UNAVAILABLE
    tell(f"{checkpoint.name} {checkpoint.revision} ({checkpoint.license})", files_of(checkpoint))
    return 0


def tell(heading: str, files: Iterable[Path]) -> None:
    print(heading)
    for path in files:
        print(f"  {path.stat().st_size / 1e6:10.3f} MB  {path}")


def files_of(checkpoint: Checkpoint) -> tuple[Path, ...]:
    return (checkpoint.weights, checkpoint.vocab, checkpoint.vocoder_config, checkpoint.vocoder_weights)


if __name__ == "__main__":
    sys.exit(main())
