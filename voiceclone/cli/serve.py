"""Run the worker on this machine, over HTTP: OpenAI's POST /v1/audio/speech, and the platform's /run and /status.

    voiceclone serve
    curl http://127.0.0.1:8000/v1/audio/speech -d '{"input": "Good morning.", "voice": "example-en"}' -o morning.mp3
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:8000 voiceclone say "Good morning." --voice example-en

Requests are spoken together. Ctrl-C takes no new ones and finishes those that run; docs/http.md tells the rest.

The model lies on $RUNPOD_VOLUME or ./runpod-volume, where `voiceclone fetch` puts it. Beyond this machine the server
wants a key of its own: API_KEY.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial

from voiceclone.cli.asking import with_status
from voiceclone.cli.local import require_packages, settings_here
from voiceclone.client import STATUSES, NoWorker


def fill(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.description, parser.epilog = __doc__, STATUSES
    parser.add_argument("--host", help="address to listen at (default: HOST, or 127.0.0.1)")
    parser.add_argument("--port", type=int, help="(default: PORT, or 8000)")


@with_status
def run(options: argparse.Namespace) -> None:
    """Serve until somebody ends the process. Raises NoWorker."""
    require_packages()
    from voiceclone import app
    from voiceclone.server import Server

    asked = {"SERVE": "http", "HOST": options.host or os.environ.get("HOST") or "127.0.0.1"}
    if options.port is not None:
        asked["PORT"] = str(options.port)
    environ = {**os.environ, **asked}
    app.start_logs(environ, ())
    try:
        settings = settings_here(environ)
        server = Server(settings, partial(app.build, settings, environ))
    except (ValueError, OSError) as e:
        raise NoWorker(str(e)) from e
    print(f"http://{asked['HOST']}:{server.port} answers; the model is being loaded; Ctrl-C ends it", file=sys.stderr)
    if reason := server.run():
        raise NoWorker(reason)
