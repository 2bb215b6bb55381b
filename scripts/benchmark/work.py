"""What both sides say, and how much work that is."""

from __future__ import annotations

import importlib.resources
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SENTENCES = Path(__file__).parent / "sentences.txt"
"""Everyday sentences that the model `demo` was not trained on, one a line."""
TRANSCRIPT = "Some call me nature, others call me mother nature."
FIRST_TEXT = "Good morning."
"""What a side says first."""
REFERENCE_S = 5.333
FRAMES_PER_S = 24_000 / 256
BYTES_PER_S = (len(TRANSCRIPT) + 1) / REFERENCE_S
"""Both sides speak at the reference's rate, and count the space behind its transcript."""
MEL_DIM = 100
CONV_KERNEL = 31
CONV_GROUPS = 16
WORDS = (  # as good as any
    "a and the river mountain walked slowly under over bright evening morning when nobody because they found quiet"
    " houses light between summer winter garden window remembered never always another story children water stone"
    " opened closed carried letters through towards beautiful small large forgotten road"
)


def reference() -> Path:
    """The clip that comes with f5-tts, in this environment."""
    return Path(str(importlib.resources.files("f5_tts") / "infer/examples/basic/basic_ref_en.wav"))


def sentences() -> Iterator[str]:
    """Without end, of 3 to 24 words, the same every time."""
    draw = random.Random(0)
    while True:
        words = draw.choices(WORDS.split(), k=draw.randint(3, 24))
        yield " ".join(words).capitalize() + draw.choice(".....?!") + " "


def text_of(seconds: float) -> str:
    """English sentences that take about so long to say in the reference's voice."""
    size = max(2, round(seconds * BYTES_PER_S))
    text, more = "", sentences()
    while len(text) < size:
        text += next(more)
    return text[: size - 1].rstrip(" .?!").ljust(size - 1, "e") + "."


def frames_of(speech_s: float) -> int:
    """Frames that the network saw for one chunk: the reference's and the speech's."""
    # Both sides count whole frames of the reference; samples lie between the speech's frames.
    return int(REFERENCE_S * FRAMES_PER_S) + round(speech_s * FRAMES_PER_S) + 1


def flop(arch: Mapping[str, Any], frames: int, steps: int) -> float:
    """Floating-point operations of the network's matrix products for one chunk of n frames, with guidance.

    With d the width, i = heads * dim_head, f = ff_mult, a step of either guidance row takes

        depth * (2 n (4 d i + 2 f d^2) + 4 n^2 i)           queries, keys, values, output, feed-forward; attention
        + 2 n d (2 mel + text + mel) + 2 * 2 n 31 d^2 / 16  input and output projections; two grouped convolutions

    Time and text are seen once for each schedule or chunk and are left out, as is the vocoder.
    """
    dim, inner = arch["dim"], arch["heads"] * arch.get("dim_head", 64)
    linear = 2 * frames * (4 * dim * inner + 2 * arch["ff_mult"] * dim**2)
    attention = 4 * frames**2 * inner
    projections = 2 * frames * dim * (2 * MEL_DIM + arch["text_dim"] + MEL_DIM)
    convolutions = 2 * 2 * frames * CONV_KERNEL * dim**2 / CONV_GROUPS
    return float(steps * 2 * (arch["depth"] * (linear + attention) + projections + convolutions))
