"""Make or update the worker's endpoint on the platform, as one small TOML file describes it.

    voiceclone deploy --example > deploy.toml       every field is explained in it
    export RUNPOD_API_KEY=...
    voiceclone deploy deploy.toml --dry-run
    voiceclone deploy deploy.toml

The plan is shown first, and nothing is done before you agree. The endpoint is found by the file's `name`: to run this
again does nothing, changes what the file has changed, or finishes what broke off. Where its workers fail, or the
platform has lowered their number, that is told. Secrets are not written in the file but named there:
{ from_env = "AWS_SECRET_ACCESS_KEY" } is read here, "{{ RUNPOD_SECRET_name }}" is kept by the platform. They are never
shown.

Exit status: 0 all is as the file says (or the plan was only to be shown), 1 the platform refused or cannot be reached,
2 the file or the command line cannot be used, 3 you did not agree.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from voiceclone import deployment
from voiceclone.cli.options import agreed
from voiceclone.deployment import (
    ConfigError,
    Deployment,
    Found,
    Platform,
    PlatformError,
    attention,
    choose,
    endpoint_step,
    read,
    selection,
)
from voiceclone.keys import key_in

API = "https://api.runpod.io/v2"
SPEECH = "https://{}.api.runpod.ai/v1/audio/speech"
"""Where a load-balancing endpoint of this id speaks."""
EXAMPLE = Path(deployment.__file__).with_name("example.toml")
FAILED, UNUSABLE, DECLINED, INTERRUPTED = 1, 2, 3, 130


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description = __doc__
    parser.add_argument("file", type=Path, nargs="?", help="the worker's description")
    parser.add_argument("--example", action="store_true", help="print a description to begin with, and stop")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Deploy; returns the exit status."""
    if options.example:
        print(EXAMPLE.read_text(encoding="utf-8"), end="")
        return 0
    if options.file is None:
        options.parser.error("give the worker's description; --example prints one")
    try:
        wanted = read(options.file)
        environment = wanted.environment(os.environ)
        secrets = [environment[name] for name in wanted.secrets()]
        platform = Platform(os.environ.get("RUNPOD_REST_API_URL") or API, api_key(), secrets)
        return deploy(wanted, environment, platform, options)
    except ConfigError as e:
        print(f"error: {e}", file=sys.stderr)
        return UNUSABLE
    except PlatformError as e:
        print(f"error: {e}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nstopped: the same command finishes what was begun", file=sys.stderr)
        return INTERRUPTED


def api_key() -> str:
    """Raises ConfigError."""
    try:
        if key := key_in(os.environ, "RUNPOD_API_KEY"):
            return key
    except ValueError as e:
        raise ConfigError([str(e)]) from e
    raise ConfigError(["RUNPOD_API_KEY is not set: create a key in the console's settings"])


def deploy(
    deployment: Deployment, environment: Mapping[str, str], platform: Platform, arguments: argparse.Namespace
) -> int:
    """Plan, show, ask and do; returns the exit status. Raises ConfigError or PlatformError."""
    found = look(deployment, platform)
    step = endpoint_step(deployment, environment, found)
    print(step)
    if deployment.is_balanced and (arguments.dry_run or not step.id):
        print(called(deployment, step.id or "ID"))
    warnings = deployment.warnings()
    if live := found.endpoint:
        warnings += attention(deployment, live, platform.workers(live["id"]))
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if arguments.dry_run:
        return 0
    if step.fields and not (arguments.yes or may_start()):
        return DECLINED
    if live is None:
        live = platform.create(step.fields)
    elif step.fields:
        platform.change(live["id"], step.fields)
    print(called(deployment, live["id"]))
    return 0


def called(deployment: Deployment, id_: str) -> str:
    """Return how an endpoint is called."""
    if deployment.is_balanced:
        return f"requests go to {SPEECH.format(id_)}, with RUNPOD_API_KEY as their Bearer token"
    return f"export RUNPOD_ENDPOINT_ID={id_}"


def look(deployment: Deployment, platform: Platform) -> Found:
    """Find on the platform what the file names. Raises ConfigError or PlatformError."""
    volumes = platform.volumes() if deployment.volume else []
    registries = platform.registries() if deployment.registry_auth else []
    return Found(
        gpus=selection(deployment.gpu.types, platform.gpus()),
        volume=choose("volume", deployment.volume, volumes),
        registry=choose("registry_auth", deployment.registry_auth, registries),
        endpoint=platform.find(deployment.name),
    )


def may_start() -> bool:
    if not sys.stdin.isatty():
        print("error: there is nobody to ask: give --yes", file=sys.stderr)
        return False
    return agreed("Do this?")
