r"""Marks in a text for the voice: who speaks, and where there is a pause. Pure functions.

    [anna] Is it ready? [pause:0.5s] [bob] Nearly. <break time="300ms"/> Wait.

Knows nothing of which voices there are. `[` followed by a voice's name and `]` gives the word to that voice, `[main]`
back to the one that the request names; `\[` is a bracket to be read. Brackets around anything but a name, as `[1]` or
`[he laughed]`, are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PAUSE_S = 60.0
MAIN, PAUSE = "main", "pause"
_LENGTH = r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(ms|s)?"
_MARK = re.compile(
    r"\\(?P<escaped>[\[<])"
    r"|\[pause(?:[:= ]\s*(?P<pause>[^\]\n]{0,40}))?\]"
    r"|<break\b(?P<break>[^<>\n]{0,80})>"
    r"|\[(?P<voice>[A-Za-z0-9_-][A-Za-z0-9._-]{0,63})\]",
    re.IGNORECASE,
)
_TIME = re.compile(rf"\s*time\s*=\s*[\"']?{_LENGTH}[\"']?\s*/?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Turn:
    """What one voice says before a pause or another voice."""

    text: str
    """May be empty: a pause at the very beginning."""
    voice: str | None
    """None: whoever speaks where no mark names a voice."""
    pause_after_s: float


class Marked(str):
    """A text as it was written, and its turns."""

    __slots__ = ("turns",)
    turns: tuple[Turn, ...]

    def __new__(cls, text: str) -> Marked:
        """Raise ValueError if a pause has no length that can be read, or one above MAX_PAUSE_S."""
        marked = super().__new__(cls, text)
        marked.turns = tuple(turns(text))
        return marked


def turns(text: str) -> list[Turn]:
    """Take the marks out of a text.

    Raises:
        ValueError: a pause has no length that can be read, or one above MAX_PAUSE_S.
    """
    found: list[Turn] = []
    said: list[str] = []
    speaker: str | None = None

    def close(pause_s: float) -> None:
        spoken = "".join(said)
        said.clear()
        if spoken.strip():
            found.append(Turn(spoken, speaker, pause_s))
        elif pause_s and found:
            last = found[-1]
            found[-1] = Turn(last.text, last.voice, last.pause_after_s + pause_s)
        elif pause_s:
            found.append(Turn("", speaker, pause_s))

    for mark in _marks(text):
        if isinstance(mark, str):
            said.append(mark)
        elif mark["escaped"]:
            said.append(mark["escaped"])
        elif mark["voice"] is None:
            close(_pause(mark))
        elif mark["voice"].isdecimal():
            said.append(mark[0])
        else:
            close(0.0)
            speaker = None if mark["voice"].lower() == MAIN else mark["voice"]
    close(0.0)
    return found


def _marks(text: str) -> Iterator[str | re.Match[str]]:
    """The text between marks, and the marks."""
    start = 0
    for mark in _MARK.finditer(text):
        yield text[start : mark.start()]
        yield mark
        start = mark.end()
    yield text[start:]


def _pause(mark: re.Match[str]) -> float:
    """Length of a pause in seconds."""
    length = re.fullmatch(_LENGTH, (mark["pause"] or "").strip(), re.IGNORECASE) or _TIME.fullmatch(mark["break"] or "")
    if length is None:
        raise ValueError(f'has a pause without a length, {mark[0]}: write [pause:0.5s] or <break time="500ms"/>')
    seconds = float(length[1]) / (1000 if (length[2] or "s").lower() == "ms" else 1)
    if seconds > MAX_PAUSE_S:
        raise ValueError(f"has a pause of {seconds:g} s, {mark[0]}: at most {MAX_PAUSE_S:g} s are allowed")
    return seconds
