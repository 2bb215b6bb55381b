"""Fill a volume with models ahead of time, so that no worker waits for a download.

Where the volume is mounted:

    voiceclone fetch --volume ./runpod-volume
    voiceclone fetch --volume /runpod-volume --model F5TTS_Base --model jpgallegoar/F5-Spanish
    voiceclone fetch --model large-v3-turbo             hears references that come without ref_text
    voiceclone fetch --list
    voiceclone fetch --volume /runpod-volume --verify   reads all that is there, and compares it

From anywhere, through the S3 API of a network volume:

    export RUNPOD_S3_ACCESS_KEY=user_... RUNPOD_S3_SECRET_KEY=rps_...       an S3 API key of the console's settings
    voiceclone fetch --volume-id VOLUME --datacenter EU-RO-1 --model F5TTS_v1_Base

The files pass through --volume, are kept there, and lie at the same paths on the network volume. What is there already
is checked and kept, what broke off goes on where it stopped: run the command again. A large file appears on the volume
when all of it has arrived; its parts wait in the volume's hidden .s3compat_uploads/. Each file is compared with what
was sent. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY serve where the keys above are not set.

For gated or private repositories set HF_TOKEN.
Exit status: 0 everything is there; 1 a model cannot be had or sent, or a file is damaged; 3 the hub or the S3 API
cannot be reached.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from voiceclone.checkpoints import (
    RECOGNISERS,
    REGISTRY,
    SHIPPED,
    Checkpoint,
    HubUnreachable,
    find_fault,
    has_hash,
    hub_cache,
    resolve,
    resolve_recogniser,
    use_models_dir,
)
from voiceclone.errors import ModelUnavailable

if TYPE_CHECKING:
    from voiceclone.deployment import NetworkVolume

UNAVAILABLE = 1
UNREACHABLE = 3
INTERRUPTED = 130


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
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
    parser.add_argument("--volume-id", help="network volume to send the files to; needs --datacenter")
    parser.add_argument("--datacenter", type=str.upper, help="where the network volume is, as EU-RO-1")
    parser.add_argument("--verify", action="store_true", help="compare every file with the hash it was stored by")
    parser.add_argument("--errors", type=Path, help=argparse.SUPPRESS)  # `scripts/demo` tells of them in its own words
    parser.add_argument("--list", action="store_true", help="print the registered models and stop")


def run(options: argparse.Namespace) -> int:
    """Fill, verify or list; returns the exit status."""
    volume: Path = options.volume.absolute()
    models: list[str] = options.model or ["F5TTS_v1_Base"]
    if options.revision and (len(models) > 1 or models[0] in RECOGNISERS):
        options.parser.error("--revision belongs to one --model, which is no whisper model")
    if bool(options.volume_id) != bool(options.datacenter):
        options.parser.error("--volume-id and --datacenter belong together")
    if options.list:
        list_models()
        return 0
    if options.verify:
        return verify(volume)
    try:
        network_volume = open_network_volume(options.volume_id, options.datacenter) if options.volume_id else None
    except ValueError as e:
        options.parser.error(str(e))
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("voiceclone").setLevel(logging.INFO)
    made = not volume.exists()
    try:
        use_volume(volume)
    except OSError as e:
        print(f"error: {volume} cannot be created: {e.strerror}", file=sys.stderr)
        return UNAVAILABLE
    try:
        with options.errors.open("w") if options.errors else nullcontext(sys.stderr) as errors:
            return max(fetch(model, options.revision, volume, network_volume, errors) for model in models)
    except KeyboardInterrupt:
        print("stopped: the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    finally:
        if made:
            remove_empty(volume)


def open_network_volume(volume_id: str, datacenter: str) -> NetworkVolume:
    """Return the network volume that files are to be sent to. Raises ValueError for what cannot be one."""
    from voiceclone.deployment import NetworkVolume, connect

    return NetworkVolume(connect(os.environ, datacenter), volume_id)


def list_models() -> None:
    for spec in REGISTRY.values():
        note = "" if spec.repo_id else "no weights published"
        print(f"{spec.name:44} {' '.join(spec.languages):8} {spec.license:14} {note}".rstrip())
    for name, directory in SHIPPED.items():
        print(f"{name:44} in {directory}")
    for name, need in RECOGNISERS.items():
        print(f"{name:44} whisper, {need.repo_id}")


def verify(volume: Path) -> int:
    """Read every cached file of the volume and compare it with the hash that its name promises; changes nothing."""
    damaged = 0
    for cache in (volume / "models" / "hub", volume / "huggingface-cache" / "hub"):
        for path in hub_cache.files(cache):
            fault, promised = str(find_fault(path) or ""), hub_cache.promised_hash(path)
            if not fault and promised and not has_hash(path, promised):
                fault = "holds other bytes than were published"
            word = "DAMAGED" if fault else "ok" if promised else "no hash"
            print(f"{word:8} {path.relative_to(volume)}", f"{fault}: remove it, and fetch it anew" if fault else "")
            damaged += bool(fault)
    return UNAVAILABLE if damaged else 0


def use_volume(volume: Path) -> None:
    """Create the volume in a directory that exists, and keep whatever the hub's client writes on it."""
    if volume.parent.is_dir():
        volume.mkdir(exist_ok=True)
    use_models_dir(volume / "models")


def remove_empty(directory: Path) -> None:
    """Remove a directory, and those in it, as far as there is no file in them."""
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):
                path.rmdir()
    with suppress(OSError):
        directory.rmdir()


def fetch(model: str, revision: str | None, volume: Path, network_volume: NetworkVolume | None, errors: TextIO) -> int:
    """Have one model on the volume, and on the network volume if there is one; returns the exit status.

    `errors`: where it is written why a model cannot be had.
    """
    try:
        heading, files = find(model, revision, volume)
    except ModelUnavailable as e:
        print(f"error: {e}", file=errors)
        return UNREACHABLE if isinstance(e, HubUnreachable) else UNAVAILABLE
    tell(heading, files)
    if network_volume is None:
        return 0
    if not files[0].is_relative_to(volume):
        print(f"error: {files[0].parent} does not lie in {volume}: copy it there, then it can be sent", file=sys.stderr)
        return UNAVAILABLE
    return send(files_around(files, volume), volume, network_volume)


def find(model: str, revision: str | None, volume: Path) -> tuple[str, list[Path]]:
    """Return what to say of a model, and its files. Raises ModelUnavailable."""
    if model in RECOGNISERS:
        directory = resolve_recogniser(model, volume)
        return model, sorted(path for path in directory.iterdir() if path.is_file())
    checkpoint = resolve(model, revision, volume)
    return f"{checkpoint.name} {checkpoint.revision} ({checkpoint.license})", list(files_of(checkpoint))


def tell(heading: str, files: Iterable[Path]) -> None:
    print(heading)
    for path in files:
        print(f"  {path.stat().st_size / 1e6:10.3f} MB  {path}")


def files_of(checkpoint: Checkpoint) -> tuple[Path, ...]:
    return (checkpoint.weights, checkpoint.vocab, checkpoint.vocoder_config, checkpoint.vocoder_weights)


def files_around(files: Iterable[Path], volume: Path) -> list[Path]:
    """Return all that lies with these files on the volume, whole snapshots and directories, then the refs by which
    a snapshot is found.
    """
    around: dict[Path, None] = {}
    refs: dict[Path, None] = {}
    for path in files:
        if not path.is_relative_to(volume):
            continue  # a vocabulary that the image has
        directory = path.parent
        if snapshot := next((p for p in path.parents if p.parent.name == "snapshots"), None):
            directory = snapshot
            named = (ref for ref in snapshot.parents[1].glob("refs/**/*") if ref.is_file())
            refs |= dict.fromkeys(ref for ref in named if ref.read_text().strip() == snapshot.name)
        around |= dict.fromkeys(sorted(file for file in directory.rglob("*") if file.is_file()))
    return [*around, *refs]


def send(files: list[Path], volume: Path, network_volume: NetworkVolume) -> int:
    """Have these files at the same paths on the network volume; returns the exit status."""
    from tqdm import tqdm

    from voiceclone.deployment import UploadFailed, VolumeUnreachable

    often_s = 0.1 if sys.stderr.isatty() else 10
    total = sum(path.stat().st_size for path in files)
    with tqdm(total=total, unit="B", unit_scale=True, mininterval=often_s, desc="sent", leave=False) as bar:
        for path in files:
            key = path.relative_to(volume).as_posix()
            try:
                sent = network_volume.send(path, key, bar.update)
            except UploadFailed as e:
                bar.close()
                print(f"error: {e}", file=sys.stderr)
                return UNREACHABLE if isinstance(e, VolumeUnreachable) else UNAVAILABLE
            tqdm.write(f"  {'sent' if sent else 'there'}  {network_volume.volume_id}/{key}", file=sys.stdout)
    return 0
