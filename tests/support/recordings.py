"""Real speech, and when each of its words is said: f5-tts's example recordings.

The times are those of PocketSphinx 5.1.1's forced alignment, an acoustic model of phones in frames of 10 ms, and so
nothing like the recogniser that is tested with them.
"""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass
from functools import cache

import numpy as np

from voiceclone import audio
from voiceclone.types import Waveform, Word

RATE = audio.SAMPLE_RATE
_SAID = {
    "basic/basic_ref_en.wav": """Some 0.37 0.92 call 0.92 1.26 me 1.26 1.43 nature, 1.43 1.95 others 2.94 3.47
        call 3.50 3.79 me 3.79 4.09 mother 4.18 4.50 nature. 4.50 5.03""",
    "multi/main.flac": """Six 0.69 0.98 spoons 0.98 1.34 of 1.34 1.41 fresh 1.41 1.73 snow 1.73 2.04 peas, 2.04 2.60
        five 2.80 3.04 thick 3.04 3.23 slabs 3.23 3.65 of 3.65 3.73 blue 3.73 4.05 cheese, 4.05 4.43 and 4.43 4.52
        maybe 4.52 4.77 a 4.77 4.80 snack 4.80 5.11 for 5.11 5.24 her 5.24 5.33 brother 5.33 5.59 Bob. 5.59 5.93""",
    "multi/town.flac": """The 0.83 0.91 difference 0.91 1.35 in 1.35 1.42 the 1.42 1.50 rainbow 1.50 1.91
        depends 1.91 2.37 considerably 2.37 3.05 upon 3.05 3.29 the 3.29 3.35 size 3.35 3.76 of 3.76 3.82 the 3.82 3.92
        drops, 3.92 4.44 and 4.74 4.87 the 4.87 4.93 width 4.93 5.29 of 5.29 5.37 the 5.37 5.45 colored 5.45 5.82
        band 5.82 6.23 increases 6.23 6.85 as 6.85 6.95 the 6.95 7.02 size 7.02 7.52 of 7.52 7.65 the 7.65 7.75
        drops 7.75 8.14 increases. 8.14 9.05""",
}


@dataclass(frozen=True)
class Recording:
    waveform: Waveform
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    def part(self, first: int, last: int) -> Recording:
        """From one of its words to another."""
        words = self.words[first : last + 1]
        start, end = (round(at_s * RATE) for at_s in (words[0].start_s, words[-1].end_s))
        return Recording(Waveform(self.waveform.samples[start:end], RATE), _moved(words, -start / RATE))


@cache
def recording(name: str) -> Recording:
    """One of f5-tts's examples, at 24 kHz, by the name of its file."""
    (file,) = (file for file in _SAID if name in file)
    data = (importlib.resources.files("f5_tts") / "infer/examples" / file).read_bytes()
    told = _SAID[file].split()
    words = [Word(told[i], float(told[i + 1]), float(told[i + 2]), 1.0) for i in range(0, len(told), 3)]
    return Recording(audio.decode(data, RATE, 30), tuple(words))


def joined(*parts: Recording | float) -> Recording:
    """Recordings one behind the other; a number is a pause of so many seconds."""
    samples, words, length = [], [], 0
    for part in parts:
        if isinstance(part, Recording):
            samples.append(part.waveform.samples)
            words += _moved(part.words, length / RATE)
        else:
            samples.append(np.zeros(round(part * RATE), np.float32))
        length += len(samples[-1])
    return Recording(Waveform(np.concatenate(samples), RATE), tuple(words))


def _moved(words: tuple[Word, ...], by_s: float) -> tuple[Word, ...]:
    return tuple(Word(w.text, w.start_s + by_s, w.end_s + by_s, w.probability) for w in words)
