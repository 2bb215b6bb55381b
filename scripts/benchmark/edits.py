"""Whether a recogniser hears words that were changed in a recording: the demo model's, in sentences it has not learnt.

PYTHONPATH=.:scripts python scripts/benchmark/edits.py [--steps 16] [--attempts 3] [--voice demo-middle]
"""

from __future__ import annotations

import argparse
import base64
import tempfile
from pathlib import Path

from benchmark.hearing import recogniser
from benchmark.work import SENTENCES
from s3_utils import LocalStore
from voiceclone import audio
from voiceclone.checkpoints import resolve
from voiceclone.delivery import Delivery, KeptChunks, Undelivered
from voiceclone.jobs import Worker
from voiceclone.model import Engine, Sampling, reference_mel
from voiceclone.settings import Settings
from voiceclone.types import Chunk, Waveform
from voiceclone.voices import BuiltIn, Library, Voices

EDITS = [
    ("on Tuesday", "on Sunday"),
    ("old map", "old letter"),
    ("the rain", "the music"),
    ("a warm coat", "a very warm coat"),
    ("more water", "more coffee"),
    ("wooden bridge", "narrow bridge"),
    ("the garage", "the window"),
    ("these boxes upstairs", "these boxes"),
    ("salt", "butter"),
    ("apple trees", "orange trees"),
]
"""Of each sentence in turn, what becomes what."""


def main() -> None:
    """Print each edit as it is heard, and how many are heard as they should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--attempts", type=int, default=3)
    parser.add_argument("--voice", default="demo-middle")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        good = sum(_is_heard(i, options, worker) for worker in [_worker(Path(place))] for i in range(len(EDITS)))
    print(f"{good} of {len(EDITS)}")


def _worker(place: Path) -> Worker:
    settings = Settings(volume=place, model="demo", output_dir=place / "output")
    checkpoint = resolve("demo", None, place)
    store, ears = LocalStore(place), recogniser()
    voices = Voices(
        settings, None, ears, reference_mel, BuiltIn(checkpoint.voices, checkpoint.languages), Library(store)
    )
    delivery = Delivery(settings, None, LocalStore(place / "output"), Undelivered(store, 0))
    engine = Engine.load(checkpoint, "cpu", "float32")
    return Worker(settings, checkpoint, engine, ears, voices, delivery, KeptChunks(place, 0, ""))


def _is_heard(i: int, options: argparse.Namespace, worker: Worker) -> bool:
    """Whether the new words are heard, and the old ones no more."""
    said = SENTENCES.read_text().splitlines()[i]
    was, now = EDITS[i]
    wanted = said.replace(was, now)
    chunk = Chunk(said, worker.voices.named(options.voice), i)
    (samples,) = worker.engine.speak([chunk], Sampling(options.steps))
    data = audio.encode(Waveform(samples, audio.SAMPLE_RATE), "wav")
    asked = {"action": "edit", "ref_audio": base64.b64encode(data).decode(), "ref_text": said, "text": wanted}
    how = {"nfe_step": options.steps, "attempts": options.attempts, "seed": i, "delivery": "local"}
    reply = worker.handle({"id": f"edit-{i}", "input": {**asked, **how}})
    if "error" in reply:
        print("not heard", f"{was!r} -> {now!r}: {reply['error']}", flush=True)
        return False
    edited = audio.decode(Path(reply["audio_path"]).read_bytes(), audio.SAMPLE_RATE, 60)
    heard = worker.recogniser.transcribe(edited, "en").text
    former, new = (each.lower().split() for each in (was, now))
    words = heard.lower().replace(".", "").split()
    good = {*new} - {*former} <= {*words} and not ({*former} - {*new}) & {*words}
    attempts = [change["attempts"] for change in reply["changes"]]
    print("heard" if good else "not heard", f"{was!r} -> {now!r}: {heard} (attempts: {attempts})", flush=True)
    return good


if __name__ == "__main__":
    main()
