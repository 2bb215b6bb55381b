#!/usr/bin/env python
"""Draw `say.py` and `narrate.py` at work, as a person sees them.

    python scripts/render_terminal.py      .github/say.svg and .github/narrate.svg

The commands are typed into a shell on a pseudo-terminal and speak with the small model that comes with the code, on the
CPU: what is drawn was written there, at that time, only long waits are shortened. A picture moves where motion is
welcome, and else shows the end. Knows nothing of what the commands do, and of colours: they use none.
"""

from __future__ import annotations

import html
import os
import pty
import re
import select
import signal
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmark.hearing import shipped_model

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 84, 40
SILENT_S = 180
"""With nothing new for so long a command hangs."""
AT_ONCE_S = 0.02
"""What is written within this time is drawn together."""
WAIT_S, END_S = 1.5, 8.0
"""The longest wait that is shown, and the last one. So long is waited before a line is typed, too: people read."""

CELL, LINE, MARGIN = 8.2, 19, 16
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Of ordinary spaces a picture keeps one, and none at the beginning."""
STYLE = """
rect { fill: #f6f8fa; stroke: #d0d7de }
text { fill: #1f2328 }
.typed { fill: #0b6e62; font-weight: 600 }
.gone { visibility: hidden }
@media (prefers-color-scheme: dark) {
rect { fill: #161b22; stroke: #30363d }
text { fill: #e6edf3 }
.typed { fill: #4cc9b8 }
}
"""

DIALOGUE = """\
[demo-high] Would you tell me, please, which way I ought to go from here?
[demo-deep] That depends a good deal on where you want to get to.
[demo-high] I don't much care where, so long as I get somewhere.
[demo-deep] Oh, you're sure to do that, if you only walk long enough.
[demo-high] What sort of people live about here?
[demo-deep] In that direction lives a Hatter, and in that one a March Hare.
[demo-high] But I don't want to go among mad people.
[demo-deep] Oh, you can't help that. We're all mad here. I'm mad. You're mad.
"""
BOOK = """\
---
title: Alice's Adventures in Wonderland
author: Lewis Carroll
lang: en
---
# Down the Rabbit-Hole

Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do. Once or twice
she had peeped into the book her sister was reading, but it had no pictures or conversations in it.

# The Pool of Tears

'Curiouser and curiouser!' cried Alice. She was so much surprised, that for the moment she quite forgot how to speak
good English. 'Now I'm opening out like the largest telescope that ever was! Good-bye, feet!'

# A Caucus-Race and a Long Tale

They were indeed a queer-looking party that assembled on the bank, the birds with draggled feathers, the animals with
their fur clinging close to them, and all dripping wet, cross, and uncomfortable.
"""
NOISE = 0.012
"""So that there is something to advise."""
SHELL = "$"
Lines = tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """What is typed at which question, and where the result is drawn."""

    name: str
    title: str
    dialogue: tuple[tuple[str, str], ...]


PICTURES = (
    Picture(
        "say",
        "say.py speaks a text of two voices with subtitles, and checks a recording that becomes a voice",
        (
            (SHELL, "export F5_MODEL=demo"),
            (SHELL, "cat cat.txt"),
            (SHELL, "python scripts/say.py --local --file cat.txt --out cat.mp3 --subtitles srt"),
            (SHELL, "head -n 3 cat.srt"),
            (SHELL, "python scripts/say.py add-voice nature memo.wav --local"),
        ),
    ),
    Picture(
        "narrate",
        "narrate.py makes an audiobook of a Markdown file: chapters, forecast, question, progress, result",
        (
            (SHELL, "export F5_MODEL=demo"),
            (SHELL, "python scripts/narrate.py alice.md --local --voice demo-middle"),
            ("start? [y/N]", "y"),
        ),
    ),
)


@dataclass(frozen=True)
class Shot:
    """The screen from a time on, in seconds."""

    at_s: float
    lines: Lines


@dataclass(frozen=True)
class Span:
    """What stands in a row, and the times between which it does."""

    row: int
    text: str
    start_s: float
    end_s: float


class Terminal:
    """A shell in a directory, with a screen and a memory of all that was on it."""

    def __init__(self, descriptor: int) -> None:
        import pyte

        self._descriptor = descriptor
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.shots: list[Shot] = []

    def until(self, question: str) -> None:
        """Watch until the cursor stands behind the question. Raises RuntimeError for a command that failed or hangs."""
        line = ""
        while line != question:
            if re.fullmatch(r"\d+" + re.escape(SHELL), line):
                raise RuntimeError(f"a command failed with {line[:-1]}:\n" + "\n".join(self.shots[-1].lines))
            wait_s: float = SILENT_S
            while select.select([self._descriptor], [], [], wait_s)[0]:
                self._stream.feed(os.read(self._descriptor, 65536))
                wait_s = AT_ONCE_S
            if wait_s == SILENT_S:
                raise RuntimeError(f"nothing new for {SILENT_S} s, and no {question!r}")
            lines = tuple(row.rstrip() for row in self._screen.display)
            self.shots.append(Shot(time.monotonic(), lines))
            line = lines[self._screen.cursor.y]

    def type(self, line: str) -> None:
        time.sleep(WAIT_S)
        os.write(self._descriptor, f"{line}\n".encode())


@contextmanager
def terminal(directory: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """A shell whose prompt begins with the status of a command that failed; it ends with the block."""
    process, descriptor = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting"], dict(environ))  # noqa: S606 # it is one
    try:
        termios.tcsetwinsize(descriptor, (ROWS, COLUMNS))
        yield Terminal(descriptor)
    finally:
        os.killpg(process, signal.SIGHUP)
        os.close(descriptor)
        os.waitpid(process, 0)


def record(picture: Picture, directory: Path) -> list[Shot]:
    """Type the dialogue in a directory; returns what was seen. Raises RuntimeError."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "PS1": f"${{?#0}}{SHELL} ",
        "RUNPOD_VOLUME": str(directory / "volume"),
        "ASR_MODEL": str(shipped_model()),
        "F5_DEVICE": "cpu",
    }
    with terminal(directory, environ) as shell:
        for question, line in picture.dialogue:
            shell.until(question)
            shell.type(line)
        shell.until(SHELL)
        return shell.shots


def furnish(directory: Path) -> None:
    """What the commands find: the scripts, an empty volume, texts, and a recording with noise in it."""
    import numpy as np
    import soundfile

    (directory / "volume").mkdir()
    (directory / "scripts").symlink_to(ROOT / "scripts")
    (directory / "cat.txt").write_text(DIALOGUE)
    (directory / "alice.md").write_text(BOOK)
    with (files("f5_tts") / "infer/examples/basic/basic_ref_en.wav").open("rb") as file:
        samples, rate = soundfile.read(file)
    noise = np.random.default_rng(0).normal(0, NOISE, samples.shape)
    soundfile.write(directory / "memo.wav", samples + noise, rate)


def paced(shots: Sequence[Shot]) -> list[Shot]:
    """From time 0 on, with long waits shortened."""
    at_s = 0.0
    timed = [Shot(at_s, shots[0].lines)]
    for before, shot in pairwise(shots):
        at_s += min(shot.at_s - before.at_s, WAIT_S)
        timed.append(Shot(at_s, shot.lines))
    return timed


def spans(shots: Sequence[Shot], end_s: float) -> Iterator[Span]:
    """What stands in each row, row by row; nothing for empty ones."""
    for row in range(ROWS):
        changes = [(shots[0].at_s, shots[0].lines[row])]
        for shot in shots:
            if shot.lines[row] != changes[-1][1]:
                changes.append((shot.at_s, shot.lines[row]))
        for (start_s, text), (until_s, _) in pairwise([*changes, (end_s, "")]):
            if text:
                yield Span(row, text, start_s, until_s)


def draw(picture: Picture, shots: Sequence[Shot]) -> str:
    """An SVG of a window with a plain background of its own, light or dark as the reader's system."""
    end_s = shots[-1].at_s + END_S
    found = list(spans(shots, end_s))
    width = 2 * MARGIN + COLUMNS * CELL
    height = 2 * MARGIN + LINE * (max(span.row for span in found) + 1)
    texts, frames = [], []
    for i, span in enumerate(found):
        typed = any(span.text.startswith(f"{question} ") for question, _ in picture.dialogue)
        classes = ["gone"] * (span.end_s < end_s) + ["typed"] * typed
        marked = f' class="{" ".join(classes)}"' if classes else ""
        texts.append(
            f'<text{marked} style="animation-name:s{i}" x="{MARGIN}"'
            f' y="{MARGIN + LINE * span.row + 14}" textLength="{len(span.text) * CELL:.1f}"'
            f' lengthAdjust="spacingAndGlyphs">{html.escape(span.text, quote=False).replace(" ", NO_BREAK)}</text>'
        )
        start, end = (f"{100 * at_s / end_s:.2f}%" for at_s in (span.start_s, span.end_s))
        hidden, visible = "{visibility:hidden}", "{visibility:visible}"
        frames.append(f"@keyframes s{i}{{0%{hidden}{start}{visible}{end}{hidden}}}")
    moving = f"text {{ animation: {end_s:.1f}s step-end infinite }}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" role="img"'
            f' viewBox="0 0 {width:.0f} {height}" font-size="13.5"'
            ' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, Liberation Mono, monospace">',
            f"<title>{html.escape(picture.title)}</title>",
            f"<style>{STYLE}@media (prefers-reduced-motion: no-preference) {{\n{moving}\n}}",
            *frames,
            "</style>",
            f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>',
            *texts,
            "</svg>\n",
        ]
    )


def main() -> None:
    for picture in PICTURES:
        with tempfile.TemporaryDirectory(prefix="terminal-") as directory:
            furnish(Path(directory))
            shots = record(picture, Path(directory))
        (ROOT / f".github/{picture.name}.svg").write_text(draw(picture, paced(shots)))


if __name__ == "__main__":
    main()
