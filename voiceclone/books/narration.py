"""The parts of a book spread over the workers: so many at a time, and each until it is made.

Knows nothing of books. A part is found again rather than made again: in its file, by the id of the job that was sent
for it, or in the bucket by its key.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace

from voiceclone.books.manifest import Entry, Manifest, Take
from voiceclone.books.parts import WORDS, Part
from voiceclone.client import JobFailed, Place, Problem, ResultGone
from voiceclone.types import SEEDS, Reply

OUTPUT = "output/"
"""Under it the worker keeps results in its bucket, before the key that they were asked for with."""
SILENT = "synthesis_failed"
"""The code of an error that another seed may mend."""
ALIKE = 4
"""Former parts that a part may be made of: its text has been changed, or has come to lie in two."""


@dataclass(frozen=True)
class Failure:
    """A part that was not made."""

    part: Part
    problem: Problem


class Narration:
    """Makes parts, several at a time."""

    def __init__(
        self,
        place: Place,
        manifest: Manifest,
        titles: Sequence[str],
        attempts: int,
        tell: Callable[[Part, float], None],
        stop: threading.Event,
    ) -> None:
        """
        Args:
            titles: of the chapters.
            attempts: how often a part is tried.
            tell: is told of each part how much of it is done, 0..1, by several threads.
            stop: when it is set, `make` raises KeyboardInterrupt and no job is left behind.
        """
        self._place = place
        self._manifest = manifest
        self._titles = titles
        self._former: Sequence[Sequence[Take]] = ()
        """Chunks of parts that are no longer in the book as they were."""
        self._attempts = attempts
        self._tell = tell
        self._stop = stop
        self.warnings: dict[str, None] = {}
        """What the worker told, each once."""

    def make(self, parts: Iterable[Part], in_flight: int) -> list[Failure]:
        """Make what is not made yet of a book's parts; returns what could not be. Raises KeyboardInterrupt, OSError."""
        parts = list(parts)
        self._former = self._manifest.former_takes({part.name for part in parts})
        todo = {part.name: part for part in parts if not self._manifest.made(part.name)}
        failures = []
        with ThreadPoolExecutor(in_flight, "part") as pool:
            running = {pool.submit(self._make, part): part for part in todo.values()}
            try:
                waiting = set(running)
                while waiting and not self._stop.is_set():
                    done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                    for future in done:
                        try:
                            future.result()
                        except Problem as e:
                            failures.append(Failure(running[future], e))
            except BaseException:
                self._stop.set()  # whoever follows a job cancels it
                raise
            finally:
                pool.shutdown(cancel_futures=True)
        if self._stop.is_set():
            raise KeyboardInterrupt
        return failures

    def _make(self, part: Part) -> None:
        for left in reversed(range(self._attempts)):
            try:
                self._make_once(part)
            except Problem as e:
                if not left or e.is_final:
                    raise
            else:
                return

    def _make_once(self, part: Part) -> None:
        try:
            reply = self._reply(part)
            result = self._place.result(reply)
        except (JobFailed, KeyboardInterrupt) as e:
            state = "stopped" if isinstance(e, KeyboardInterrupt) else "failed"
            # With the same seed it goes on where it was; but silence, with another one, may be speech.
            seed = None if isinstance(e, JobFailed) and e.code == SILENT else self._seed(part)
            self._manifest.note(part.name, Entry(state, self._title(part), seed=seed))
            raise
        except ResultGone:
            entry = self._manifest.entry(part.name)
            if entry is not None:  # by its key alone it may still be found
                self._manifest.note(part.name, replace(entry, state="sending", job=None))
            raise
        for warning in (*reply.get("warnings", ()), *([reply["degraded"]["reason"]] if "degraded" in reply else ())):
            self.warnings[f"{self._title(part)}: {warning}"] = None
        file = f"{part.name}.{part.data['format']}"
        takes = (reply.get("recipe") or {}).get("takes", ())
        beside = {}
        if takes:
            told = [{"text": take["text"], "seed": take["seed"]} for take in takes]
            beside[self._manifest.takes(part.name)] = json.dumps(told)
        if WORDS in result.subtitles:
            beside[self._manifest.words(part.name)] = result.subtitles[WORDS]
        self._manifest.keep(part.name, file, result.audio, beside)
        self._tell(part, 1.0)

    def _reply(self, part: Part) -> Reply:
        def report(_state: str, progress: Mapping[str, float]) -> None:
            self._tell(part, progress.get("percent", 0) / 100)

        def sent(job_id: str) -> None:
            self._manifest.note(part.name, Entry("sent", self._title(part), job_id, seed=seed))

        entry = self._manifest.entry(part.name)
        if entry is not None and entry.state == "sent" and entry.job:
            try:
                return self._place.take_up(entry.job, report)
            except ResultGone:
                pass
        if entry is not None and entry.state in ("sent", "sending") and "key" in part.data:
            try:
                return self._from_bucket(part)
            except JobFailed:
                pass  # it never got there
        seed = self._seed(part)
        seed = secrets.randbelow(SEEDS) if seed is None else seed
        self._manifest.note(part.name, Entry("sending", self._title(part), seed=seed))
        takes = [asdict(take) for take in taken_up(part, self._former)]
        return self._place.ask({"seed": seed, **({"takes": takes} if takes else {}), **part.data}, report, sent)

    def _seed(self, part: Part) -> int | None:
        """Return the seed that the part was asked for with before."""
        entry = self._manifest.entry(part.name)
        return entry.seed if entry else None

    def _from_bucket(self, part: Part) -> Reply:
        """Return what a job left there that the platform no longer knows. Raises JobFailed where there is nothing."""
        stem = f"{OUTPUT}{part.data['key']}"
        reply = self._place.ask({"action": "link", "key": f"{stem}.{part.data['format']}"})
        if part.has_words:
            words = self._place.ask({"action": "link", "key": f"{stem}.{WORDS}"})
            reply["subtitles"] = {WORDS: words["audio_url"]}
        return reply

    def _title(self, part: Part) -> str:
        return self._titles[part.chapter]


def taken_up(part: Part, former: Sequence[Sequence[Take]]) -> list[Take]:
    """Return the chunks of the former parts that have most of a part's text, in its order."""
    text = " ".join(part.written.split())
    alike = []
    for takes in former:
        places = [text.find(take.text) for take in takes]
        if there := [place for place in places if place >= 0]:
            alike.append((len(there), there[0], takes))
    best = sorted(alike, key=lambda each: -each[0])[:ALIKE]
    return [take for _, _, takes in sorted(best, key=lambda each: each[1]) for take in takes]
