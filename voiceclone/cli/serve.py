"""Run the worker on this machine, behind the SDK's imitation of the platform's API: /run, /runsync and /status.

    voiceclone serve
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:8000 voiceclone say "Good morning." --voice example-en

A job is answered when it is done, others wait meanwhile; Ctrl-C finishes it first. /status wants POST here, where the
platform takes GET, and a job that fails is told without its `error_code`.

The model lies on $RUNPOD_VOLUME or ./runpod-volume, where `voiceclone fetch` puts it. Nobody is asked for a key: leave
the host at 127.0.0.1 unless the network is your own.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from voiceclone.cli.asking import with_status
from voiceclone.cli.local import build_here, require_packages
from voiceclone.client import STATUSES


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description, parser.epilog = __doc__, STATUSES
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")


@with_status
def run(options: argparse.Namespace) -> None:
    """Serve until somebody ends the process. Raises NoWorker."""
    arguments = ["--rp_serve_api", "--rp_api_host", options.host, "--rp_api_port", str(options.port)]
    os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")  # the SDK's own default prints every reply
    require_packages()
    print(f"loading the model; then http://{options.host}:{options.port} answers, until Ctrl-C", file=sys.stderr)
    worker = build_here(os.environ, arguments)
    from voiceclone import sdk
    from voiceclone.jobs import terminal_bar

    sdk.start_sooner()
    import runpod

    def handler(job: dict[str, Any]) -> dict[str, Any]:
        with terminal_bar() as report:
            return worker.handle(job, report)

    sys.argv[1:] = arguments  # where the SDK looks for them
    sdk.tell_of_ctrl_c(arguments)
    runpod.serverless.start({"handler": handler})
