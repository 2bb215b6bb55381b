#!/usr/bin/env python
"""Let the demo model speak the README's sample, and draw it.

    python scripts/render_sample.py      .github/sample.mp3 and .github/sample.svg

One sentence in each of the model's voices, one after the other. The picture shows for each how loud it is, its pitch,
and when each word is said. The same model gives the same sample.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmark.hearing import median_pitch, recogniser
from benchmark.plot import MARGIN, OURS_FILL, WIDTH, svg, words

from voiceclone import audio
from voiceclone.checkpoints import resolve
from voiceclone.model import Engine, Sampling
from voiceclone.types import Chunk, Waveform, Word
from voiceclone.voices import BuiltIn, pitch

ROOT = Path(__file__).resolve().parent.parent
SENTENCE = "Good morning. This is what I sound like when I read to you."
STEPS = 32
SEED = 7
PAUSE_S = 0.4
HEIGHT, LINE, BARS = 84, 22, 232
LOW, HIGH = 60, 240
"""The pitches that are drawn at the bottom and at the top, in Hertz."""
PITCH_FILL = "#d9822b"


@dataclass(frozen=True)
class Take:
    voice: str
    waveform: Waveform
    timed: tuple[Word, ...]


def takes() -> Iterator[Take]:
    """The sentence in each voice."""
    checkpoint = resolve("demo", None, ROOT)
    engine = Engine.load(checkpoint, "cpu", "float32")
    voices = BuiltIn(checkpoint.voices, checkpoint.languages)
    listener = recogniser()
    for name in voices.model_names:
        (samples,) = engine.speak([Chunk(SENTENCE, voices.named(name), SEED)], Sampling(STEPS, checkpoint.cfg_strength))
        waveform = Waveform(samples, audio.SAMPLE_RATE)
        yield Take(name, waveform, listener.align(waveform, SENTENCE, "en"))


def picture(spoken: list[Take]) -> str:
    """An SVG with a panel for each take, one below the other."""
    body = [words(MARGIN, MARGIN + 14, f"“{SENTENCE}”", bold=True)]
    y = MARGIN + LINE
    for take in spoken:
        body += panel(take, y)
        y += LINE + HEIGHT + LINE
    y += MARGIN
    title = f"{SENTENCE} Loudness and pitch in the voices {', '.join(take.voice for take in spoken)}"
    return svg(y, title, body)


def panel(take: Take, y: int) -> list[str]:
    """Loudness as bars around the middle, pitch as dots, low ones at the bottom, words below where they are said."""
    samples = take.waveform.samples
    pitches = pitch(take.waveform)
    middle = median_pitch(take.waveform)
    width = WIDTH - 2 * MARGIN
    body = [words(MARGIN, y + 16, f"{take.voice}: {take.waveform.duration_s:.1f} s, {middle:.0f} Hz")]
    top = y + LINE
    loudest = max(float(np.abs(samples).max()), 1e-6)
    for i, piece in enumerate(np.array_split(samples, BARS)):
        height = max(1.0, float(np.abs(piece).max()) / loudest * HEIGHT)
        x = MARGIN + i * width / BARS
        body.append(
            f'<rect x="{x:.1f}" y="{top + (HEIGHT - height) / 2:.1f}" width="{width / BARS - 1:.1f}"'
            f' height="{height:.1f}" fill="{OURS_FILL}" opacity="0.55"/>'
        )
    for i, hz in enumerate(pitches):
        if np.isfinite(hz):
            x = MARGIN + i / len(pitches) * width
            body.append(
                f'<circle cx="{x:.1f}" cy="{top + HEIGHT * (HIGH - min(hz, HIGH)) / (HIGH - LOW):.1f}" r="1.8"'
                f' fill="{PITCH_FILL}"/>'
            )
    for word in take.timed:
        start, end = (MARGIN + time / take.waveform.duration_s * width for time in (word.start_s, word.end_s))
        body.append(f'<path d="M{start:.1f} {top + HEIGHT + 3}v4H{end:.1f}v-4" fill="none" stroke="{OURS_FILL}"/>')
        label = html.escape(word.text.strip())
        body.append(
            f'<text x="{(start + end) / 2:.1f}" y="{top + HEIGHT + 19}" text-anchor="middle" font-size="10.5">'
            f"{label}</text>"
        )
    return body


def main() -> None:
    spoken = list(takes())
    rate = spoken[0].waveform.sample_rate
    pause = np.zeros(int(PAUSE_S * rate), np.float32)
    whole = np.concatenate([part for take in spoken for part in (take.waveform.samples, pause)])
    (ROOT / ".github/sample.mp3").write_bytes(audio.encode(Waveform(whole, rate), "mp3"))
    (ROOT / ".github/sample.svg").write_text(picture(spoken))


if __name__ == "__main__":
    main()
