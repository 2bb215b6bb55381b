#!/usr/bin/env python
"""Look at what this project takes from the world, and tell what is no longer as it was.

    python scripts/world.py                     all four parts; needs the internet, 3 GB of disk and some minutes
    python scripts/world.py --only files api

files    every file of every registered model, of Vocos and of whisper: is it there at its pin, and how large;
         where no commit is pinned, which one the branch stands for today
speech   the real model and Vocos speak a sentence on this machine, and a real whisper hears it
api      what `voiceclone deploy` sends and reads, held against the platform's own OpenAPI document
clients  the newest LiveKit and Pipecat, set up as docs/http.md says, play a sentence that this machine speaks

Exit status: 0 all is as it was, 1 something is not; each such thing is told.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from voiceclone.checkpoints import RECOGNISERS, REGISTRY, VOCOS, Hub, Need, need_of
from voiceclone.cli.local import local_worker
from voiceclone.client import Problem
from voiceclone.deployment import differences
from voiceclone.errors import ModelUnavailable

ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "Some call me nature, and others call me mother nature."
MAX_WER = 0.2
"""Of the sentence; whisper's smallest model hears a good take without a mistake."""
OPENAPI = "https://api.runpod.io/v2/openapi.json"
CLIENTS = {"livekit": "livekit-plugins-openai", "pipecat": "pipecat-ai[openai]"}
"""What is installed for each; scripts/clients plays with it."""
HTTP = ROOT / "docs/http.md"
ADDRESS = "http://127.0.0.1:8000"
"""Of the server, in the document."""
LOADING_S = 300
"""The small model takes some seconds."""
MIN_HEARD_S = 0.5
"""Of a sentence that takes more than a second."""


def main() -> int:
    """Run the command line; returns the exit status."""
    parts = {"files": files, "speech": speech, "api": api, "clients": clients}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--model", default="F5TTS_v1_Base", help="the one that speaks (default: %(default)s)")
    parser.add_argument("--voice", default="example-en", help="in whose voice (default: %(default)s)")
    parser.add_argument("--asr-model", default="tiny", help="the whisper model that hears it (default: %(default)s)")
    parser.add_argument("--openapi", default=OPENAPI, help="address or file of the document (default: %(default)s)")
    options = parser.parse_args()
    problems = []
    for name in options.only:
        print(f"{name}:", flush=True)
        for problem in parts[name](options):
            problems.append(problem)
            print(f"  PROBLEM {problem}", flush=True)
    print(f"{len(problems)} problems" if problems else "all is as it was")
    return 1 if problems else 0


def files(_options: argparse.Namespace) -> Iterator[str]:
    """Ask the hub for every file, and yield what it does not have."""
    models = [need_of(spec) for spec in REGISTRY.values() if spec.repo_id]
    hub = Hub()
    for need in dict.fromkeys([*models, VOCOS, *RECOGNISERS.values()]):
        yield from _published(hub, need)


def _published(hub: Hub, need: Need) -> Iterator[str]:
    for file in need.files:
        try:
            found = hub.ask(need.repo_id, need.revision, file)
        except ModelUnavailable as e:
            yield str(e)
            continue
        moved = "" if need.revision == found.commit_hash else f"  {need.revision} is {found.commit_hash}"
        print(f"  {(found.size or 0) / 1e6:9.3f} MB  {found.etag}  {need.repo_id} {file}{moved}", flush=True)


def speech(options: argparse.Namespace) -> Iterator[str]:
    """Speak the sentence through the whole worker, and yield how it is not heard."""
    environ = {**os.environ, "F5_MODEL": options.model, "ASR_MODEL": options.asr_model, "F5_DEVICE": "cpu"}
    job = {"text": SENTENCE, "voice": options.voice, "seed": 1, "quality": "balanced", "verify": {"attempts": 1}}
    try:
        with local_worker(environ) as worker:
            reply = worker.ask(job)
    except Problem as e:
        yield str(e)
        return
    wer = max(chunk["wer"] for chunk in reply["chunks"])
    print(
        f"  {reply['model']['name']} {reply['model']['revision']}: {reply['duration']} s, rtf {reply['rtf']}, WER {wer}"
    )
    if wer > MAX_WER:
        yield f"the sentence is heard with a word error rate of {wer}, {MAX_WER} is the most"


def api(options: argparse.Namespace) -> Iterator[str]:
    """Compare what is sent to the platform with its own document, and yield where they differ."""
    try:
        if options.openapi.startswith("http"):
            answer = requests.get(options.openapi, timeout=60)
            answer.raise_for_status()
            document = answer.json()
        else:
            document = json.loads(Path(options.openapi).read_text(encoding="utf-8"))
    except (requests.RequestException, OSError, ValueError) as e:
        yield f"{options.openapi} cannot be read: {e}"
        return
    print(f"  {document['info']['title']} {document['info']['version']}")
    yield from differences(document)


def clients(_options: argparse.Namespace) -> Iterator[str]:
    """Install each client in an environment of its own, play a sentence through it, and yield which do not play."""
    with tempfile.TemporaryDirectory() as directory, _served(Path(directory)) as url:
        for client, package in CLIENTS.items():
            try:
                version, seconds = _played(client, package, url, Path(directory, client))
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as e:
                yield f"{client}: {e}; {str(e.stderr)[-1000:]}"
                continue
            print(f"  {package} {version}: {seconds:.2f} s of sound", flush=True)
            if seconds < MIN_HEARD_S:
                yield f"{client}: of a sentence {seconds:.2f} s are heard"


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    """Serve the small model that comes with the code, and yield the address."""
    from voiceclone import app
    from voiceclone.server import Server
    from voiceclone.settings import Settings

    places = {"RUNPOD_VOLUME": str(directory), "OUTPUT_DIR": str(directory)}
    model = {"F5_MODEL": "demo", "F5_DEVICE": "cpu", "VOICE_NAMES": "alloy=example-en"}
    environ = {**places, **model, "SERVE": "http", "PORT": "0"}  # and nothing of this machine's
    settings = Settings.from_env(environ)
    server = Server(settings, partial(app.build, settings, environ))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        if not server.site.ready.wait(LOADING_S):
            raise TimeoutError(server.site.unfit or "the model is not loaded yet")
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()


def _played(client: str, package: str, url: str, directory: Path) -> tuple[str, float]:
    """Return a client's version, and the seconds that it plays. Raises CalledProcessError, TimeoutExpired."""

    def run(*command: str | Path, **environ: str) -> str:
        done = subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, check=True, timeout=600
        )
        return done.stdout

    run("uv", "venv", "--quiet", directory)
    python = directory / "bin/python"
    run("uv", "pip", "install", "--quiet", "--python", python, package)
    (directory / "told.py").write_text(setup_of(client).replace(ADDRESS, url), encoding="utf-8")
    script = ROOT / f"scripts/clients/play_{client}.py"
    version, seconds = run(python, script, "Good morning, this is a test.", PYTHONPATH=str(directory)).split()
    return version, float(seconds)


def setup_of(client: str) -> str:
    """Return the lines of docs/http.md that set a client up in Python."""
    blocks = re.findall(r"```python\n(.*?)```", HTTP.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = (block for block in blocks if client in block)
    return str(block)


if __name__ == "__main__":
    sys.exit(main())
