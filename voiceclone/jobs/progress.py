"""How far a job has come, told between batches and never right before its result; and how fast jobs are.

Knows nothing of who is told. An update that is sent while the result is on its way may arrive behind it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.speech import Script, Take
from voiceclone.timings import Timings
from voiceclone.types import Reply

Report = Callable[[dict[str, float]], None]
"""Is told `chunks_done`, `chunks`, `percent` and `seconds_left`."""

EVERY_S = 1.0
LEAST_LEFT_S = 2.0
"""With less speech to come the result may be the next news."""


def nobody(update: dict[str, float]) -> None:
    """Where no one wants to know."""


@contextmanager
def terminal_bar() -> Iterator[Report]:
    """Draws a bar, if there is a terminal to draw it on."""
    if not sys.stderr.isatty():
        yield nobody
        return
    from tqdm import tqdm

    with tqdm(total=100, unit="%", leave=False, bar_format="{l_bar}{bar}| {elapsed}<{postfix}") as bar:

        def report(update: dict[str, float]) -> None:
            bar.n = update["percent"]
            bar.set_postfix_str(f"{update['seconds_left']:.0f} s")

        yield report


class Progress:
    """Counts what is done of a job."""

    def __init__(
        self, report: Report, chunks: int, duration_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`duration_s` is of all the speech that is to come."""
        self._report = report
        self._chunks = chunks
        self._duration_s = duration_s
        self._clock = clock
        self._started = self._told = clock()
        self._done = 0
        self._done_s = 0.0

    def advance(self, duration_s: float) -> None:
        """One more chunk is done, this long."""
        self._done += 1
        self._done_s += duration_s
        now = self._clock()
        left_s = (now - self._started) * (self._duration_s / self._done_s - 1)
        if now - self._told < EVERY_S or left_s < LEAST_LEFT_S or self._done == self._chunks:
            return
        self._told = now
        self._report(
            {
                "chunks_done": self._done,
                "chunks": self._chunks,
                "percent": round(100 * self._done_s / self._duration_s, 1),
                "seconds_left": round(left_s, 1),
            }
        )


class Pace:
    """How fast a worker speaks, as its last job had it."""

    def __init__(self) -> None:
        self._measured: float | None = None
        """Seconds of synthesis for a second of speech and an evaluation of the network."""

    def noted(self, request: SpeechRequest, takes: Sequence[Take], length_s: float, timings: Timings) -> float:
        """Note how fast takes were spoken; returns the seconds of synthesis for a second of the recording."""
        synthesis_s = timings.report()["synthesis"]
        if not any(take.kept for take in takes):  # what is found tells nothing of how long speaking takes
            spoken_s = sum(take.waveform.duration_s * take.attempts for take in takes)
            self._measured = synthesis_s / spoken_s / request.evaluations
        return round(synthesis_s / length_s, 4)

    def predicted(self, script: Script, length_s: float, request: SpeechRequest) -> Reply:
        """Return how long a recording would be, and how long speaking it would take, if that is known."""
        reply: Reply = {"duration": round(length_s, 4), "synthesis": None}
        if self._measured is not None:
            reply["synthesis"] = round(self._measured * sum(script.durations_s) * request.evaluations, 2)
        return reply
