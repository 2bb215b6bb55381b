"""Lengths of pauses and rates of speech, as marks write them. Pure functions.

Knows nothing of where marks stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_PAUSE_S = 60.0
# As long as those that speakers make: between phrases about a quarter of a second, between sentences half a second,
# between topics a second or more.
PAUSES_S = {
    **{"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.25},
    **{"short": 0.25, "long": 1.0},
}
"""By SSML's strengths, and by the names that writers give them."""
PAUSE_S = PAUSES_S["medium"]
"""Of a pause without a length."""
RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}
"""By SSML's names: a fifth to two fifths slower, a quarter to a half faster, which a voice still says well."""
SLOWEST, FASTEST = 0.3, 3.0
_LENGTH = re.compile(
    r"\+?(\d{1,6}(?:[.,]\d{0,6})?|[.,]\d{1,6})\s*(ms|msecs?|milliseconds?|s|secs?|seconds?)?", re.IGNORECASE
)
_PERCENT = re.compile(r"([+-]?)(\d{1,3}(?:\.\d{1,3})?)%")
_FACTOR = re.compile(r"\d{1,2}(?:\.\d{1,3})?|\.\d{1,3}")


def seconds_of(length: str, mark: str) -> float:
    """Return the length of a pause. Without a unit numbers up to 60 are seconds, larger ones milliseconds.

    Raises:
        ValueError: it cannot be read, or is above MAX_PAUSE_S. `mark` is shown then.
    """
    match = _LENGTH.fullmatch(length.strip())
    if match is None:
        raise ValueError(f'has a pause without a length, {mark}: write [pause:0.5s] or <break time="500ms"/>')
    number = float(match[1].replace(",", "."))
    unit = (match[2] or ("s" if number <= MAX_PAUSE_S else "ms")).lower()
    seconds = number / 1000 if unit.startswith("m") else number
    if seconds > MAX_PAUSE_S:
        raise ValueError(f"has a pause of {seconds:g} s, {mark}: at most {MAX_PAUSE_S:g} s are allowed")
    return seconds


def break_s(attributes: Mapping[str, str], mark: str) -> float:
    """Return the length of SSML's `break`. Raise ValueError as `seconds_of`."""
    if "time" in attributes:
        return seconds_of(attributes["time"].removesuffix("/"), mark)
    return PAUSES_S.get(attributes.get("strength", "medium").lower(), PAUSE_S)


def rate_of(written: str) -> float | None:
    """Return SSML's `prosody rate` as a factor of the speed, None if it cannot be read.

    `80%` is four fifths as fast, `-20%` as well.
    """
    written = written.strip().lower().removesuffix("/")
    if written in RATES:
        return RATES[written]
    if percent := _PERCENT.fullmatch(written):
        share = float(percent[2]) / 100
        factor = {"": share, "+": 1 + share, "-": 1 - share}[percent[1]]
    elif _FACTOR.fullmatch(written):
        factor = float(written)
    else:
        return None
    return factor if factor > 0 else None
