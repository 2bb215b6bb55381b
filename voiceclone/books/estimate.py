"""How long an audiobook will be, how long it takes and what it costs: before anything is spoken.

Knows nothing of how the figures are asked for. Prices are the platform's for flex workers, in dollars for a second of
a GPU, as they were when this was written: they change, `--price` with a number overrules them.
"""

from __future__ import annotations

from dataclasses import dataclass

from voiceclone.client import BadInput

PRICES = {
    **dict.fromkeys(("l4", "a5000", "3090"), 0.00019),
    "4090": 0.00031,
    "l40s": 0.00053,
    "a100": 0.00076,
    "h100": 0.00116,
}
"""By the name of the GPU."""
BYTES_PER_S = {"flac": 30_000, "opus": 8_000, "whole": 9_000}
"""What a second of speech takes on the disk: as a part, by its format, and in the audiobook."""


@dataclass(frozen=True)
class Estimate:
    """Of what is still to be made."""

    characters: int
    speech_s: float
    work_s: float | None
    """Of one worker; None where it is not known how fast it is."""


def extrapolated(characters: int, checked: int, speech_s: float, rtf: float | None) -> Estimate:
    """From a part of the text to all of it.

    Args:
        checked: characters of that part.
        speech_s: what the worker predicts for them.
        rtf: seconds of work for a second of speech.
    """
    total_s = speech_s * characters / checked
    return Estimate(characters, total_s, None if rtf is None else rtf * total_s)


def price_of(asked: str) -> float:
    """Dollars for a second, from a number or the name of a GPU. Raises BadInput."""
    if asked.lower() in PRICES:
        return PRICES[asked.lower()]
    try:
        price = float(asked)
    except ValueError:
        price = -1
    if not 0 <= price < 1:
        raise BadInput(f"--price {asked}: give dollars for a second, as 0.00031, or one of {', '.join(PRICES)}")
    return price


def room_bytes(to_make_s: float, whole_s: float, part_format: str) -> int:
    """Return what the parts that are still to be made and the whole audiobook take on the disk."""
    return round(to_make_s * BYTES_PER_S.get(part_format, BYTES_PER_S["flac"]) + whole_s * BYTES_PER_S["whole"])


def told(estimate: Estimate, price: float | None, in_flight: int) -> str:
    """For a person."""
    lines = [f"about {_span(estimate.speech_s)} of speech, by what the worker predicts for one part of it"]
    if estimate.work_s is None:
        lines.append("how long that takes is not known")
    else:
        at_once = f", {_span(estimate.work_s / in_flight)} if {in_flight} are at work" if in_flight > 1 else ""
        lines.append(f"about {_span(estimate.work_s)} of work for one worker{at_once}, without their starts")
        if price is not None:
            lines.append(f"about ${estimate.work_s * price:.2f} at ${price:g} a second, without starts and idle time")
    return "\n".join(lines)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
