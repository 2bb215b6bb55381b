"""Timed words as subtitles: SRT, WebVTT, ASS and JSON. Pure functions.

Knows nothing of audio, of the language or of how the words were timed. How much is shown for how long is Netflix's
https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617-Timed-Text-Style-Guide-General-Requirements and its
guides for languages; where cues and lines break, and which pauses are left blank, is the BBC's
https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/.

A column is the width of a Latin character; a full-width one takes two, an accent that stands over another none.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf
from typing import Literal, get_args

from voiceclone.text import SENTENCE_ENDS, is_abbreviated, is_speakable, is_wide
from voiceclone.types import Word

SubtitleFormat = Literal["srt", "vtt", "ass", "json"]
FORMATS: tuple[SubtitleFormat, ...] = get_args(SubtitleFormat)

LINE_COLUMNS = 42
FULL_WIDTH_LINE_COLUMNS = 32
"""Of a line with letters of a full-width script: 16 characters, of which narrow ones count half."""
COLUMNS_PER_S = 18
"""Read with ease: 17 to 20 characters a second, 9 to 11 full-width ones."""
MIN_MS, MAX_MS = 834, 7000
"""Of a cue: 5/6 s where there is room, never over 7 s."""
GAP_MS = 84
"""Two frames at 24 a second: cues touch or are so far apart."""
BLANK_MS = 500
"""A cue stays until the next one if less than this lies between: a shorter blank flickers."""
PAUSE_MS, LONG_PAUSE_MS = 500, 1500
"""Over the first a cue ends gladly, over the second always."""
TICK_MS = 10
"""What ASS can tell apart. Cues that start within one are merged: they alone have more than two lines."""

_CLAUSE_ENDS = ",;:،؛，；：、–—"
_CLOSING = "\"'”’»)]}」』）】》"
# What a cue costs that stops at no end of a sentence. Emptiness costs up to 2, too little time to read up to 8.
_AT_CLAUSE, _AT_PAUSE, _AT_WORD, _AT_PUNCTUATION = 1.0, 1.5, 4.0, 8.0
_SENTENCE_INSIDE, _PAUSE_INSIDE = 1.5, 5.0
_WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Atom:
    """A word as it is shown, and the words with nothing to show that stand beside it."""

    words: tuple[Word, ...]
    text: str
    """White space is one space at most, and stands nowhere else than behind or before the word."""
    start_ms: int
    end_ms: int
    voice: str | None
    """Name of whoever says it."""


@dataclass(frozen=True)
class Cue:
    """What is shown at once."""

    start_ms: int
    end_ms: int
    lines: tuple[tuple[Atom, ...], ...]

    @property
    def voice(self) -> str | None:
        """Name of whoever speaks."""
        return self.lines[0][0].voice

    @property
    def text(self) -> str:
        return "\n".join("".join(atom.text for atom in line).strip() for line in self.lines)


def content_type(subtitle_format: SubtitleFormat) -> str:
    """Media type of a subtitle file; all are UTF-8."""
    types = {"srt": "application/x-subrip", "vtt": "text/vtt", "ass": "text/x-ssa", "json": "application/json"}
    return types[subtitle_format]


def render(words: Sequence[Word], subtitle_format: SubtitleFormat, duration_s: float) -> str:
    """Return a subtitle file.

    Args:
        words: in order; one after the other they are the whole text.
        subtitle_format: one of FORMATS.
        duration_s: of the audio in seconds; no cue goes beyond.
    """
    cues = to_cues(words, duration_s)
    match subtitle_format:
        case "srt":
            return _srt(cues)
        case "vtt":
            return _vtt(cues)
        case "ass":
            return _ass(cues)
        case "json":
            return _json(cues, duration_s)


def to_cues(words: Sequence[Word], duration_s: float) -> list[Cue]:
    """Lay words out in time and in lines: every word in one cue, in order; none if nothing can be shown of them.

    A cue starts with its first word, and holds words of one voice. It ends with its last word, or later: once it is
    read, or as the next one starts.
    """
    duration_ms = int(duration_s * 1000 + 1e-6)
    atoms = _atoms(words, duration_ms)
    if not atoms or duration_ms < TICK_MS:
        return []
    layout = _Layout(atoms)
    cuts = [0]
    for cut in _cuts(atoms, layout, duration_ms)[1:-1]:
        is_late = atoms[cut].start_ms - atoms[cuts[-1]].start_ms >= TICK_MS
        if is_late or atoms[cut].voice != atoms[cut - 1].voice:
            cuts.append(cut)
    cues = []
    starts = [*_starts([atoms[cut].start_ms for cut in cuts], duration_ms), duration_ms]
    for (i, j), (start, next_start) in zip(pairwise([*cuts, len(atoms)]), pairwise(starts), strict=True):
        is_last = j == len(atoms)
        latest = min(next_start, start + MAX_MS)
        end = min(max(atoms[j - 1].end_ms, start + layout.reading_ms(i, j)), latest)
        if not is_last and next_start - end < BLANK_MS:
            end = next_start if next_start == latest else min(end, next_start - GAP_MS)
        cues.append(Cue(start, end, tuple(tuple(atoms[a:b]) for a, b in pairwise(layout.lines(i, j)))))
    return cues


def _starts(told_ms: Sequence[int], duration_ms: int) -> list[int]:
    """When cues start, each so long before the next that both can be told apart."""
    starts = [told_ms[0]]
    for start_ms in told_ms[1:]:
        starts.append(max(start_ms, starts[-1] + TICK_MS))
    latest_ms = duration_ms - TICK_MS
    for i in reversed(range(len(starts))):
        starts[i] = max(0, min(starts[i], latest_ms))
        latest_ms = starts[i] - TICK_MS
    return starts


def _atoms(words: Sequence[Word], duration_ms: int) -> list[Atom]:
    groups: list[list[tuple[Word, str]]] = []
    for word, text in zip(words, _visible(words), strict=True):
        if not groups or (text.strip() and any(before for _, before in groups[-1])):
            groups.append([])
        groups[-1].append((word, text))
    atoms = []
    for group in groups:
        # The last words may have no time of their own left.
        start_ms = min(round(group[0][0].start_s * 1000), duration_ms - TICK_MS)
        end_ms = min(round(group[-1][0].end_s * 1000), duration_ms)
        voice = next((word.voice for word, text in group if text.strip()), None)
        atoms.append(
            Atom(tuple(word for word, _ in group), "".join(text for _, text in group), start_ms, end_ms, voice)
        )
    return [atom for atom in atoms if atom.text]


def _visible(words: Sequence[Word]) -> Iterator[str]:
    """Yield the words without control characters, every run of white space one space, across words too."""
    spaced = True
    for word in words:
        text = "".join(c for c in word.text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
        text = re.sub(r"\s+", " ", text).removeprefix(" " if spaced else "")
        spaced = text.endswith(" ") if text else spaced
        yield text


class _Layout:
    """Where lines may break. Stretches of atoms are `i` to before `j`."""

    def __init__(self, atoms: Sequence[Atom]) -> None:
        behind = list(accumulate((_columns(atom.text) for atom in atoms), initial=0))
        self._begins = [c + atom.text.startswith(" ") for c, atom in zip(behind, atoms, strict=False)]
        self._ends = [c - atom.text.endswith(" ") for c, atom in zip(behind[1:], atoms, strict=True)]
        wide = (any(is_wide(c) and c.isalnum() for c in atom.text) for atom in atoms)
        self._wide = list(accumulate(wide, initial=0))
        self.breaks = [0.0, *(_break_cost(before, after) for before, after in pairwise(atoms)), 0.0]
        """Cost of stopping before each atom, and at the end."""
        self.farthest: list[int] = []
        """Where a line that begins with each atom has to stop. A word that is wider than a line has one to itself."""
        stop = 0
        for i in range(len(atoms)):
            stop = max(stop, i + 1)
            while stop < len(atoms) and self.columns(i, stop + 1) <= self.limit(i, stop + 1):
                stop += 1
            self.farthest.append(stop)

    def columns(self, i: int, j: int) -> int:
        return self._ends[j - 1] - self._begins[i]

    def limit(self, i: int, j: int) -> int:
        return FULL_WIDTH_LINE_COLUMNS if self._wide[j] > self._wide[i] else LINE_COLUMNS

    def reading_ms(self, i: int, j: int) -> int:
        return max(MIN_MS, -(-1000 * self.columns(i, j) // COLUMNS_PER_S))

    def lines(self, i: int, j: int) -> list[int]:
        """Return where the lines begin, and the last one's end: one line if all fits, else two, balanced."""
        if self.farthest[i] >= j:
            return [i, j]
        middles = [k for k in range(i + 1, self.farthest[i] + 1) if self.farthest[k] >= j]
        if not middles:
            return [i, *self.lines(self.farthest[i], j)]
        return [i, min(middles, key=lambda k: self._imbalance(i, k, j)), j]

    def _imbalance(self, i: int, k: int, j: int) -> float:
        top, bottom = self.columns(i, k), self.columns(k, j)
        return ((top - bottom) / self.limit(i, j)) ** 2 + 0.175 * self.breaks[k] + 0.1 * (top > bottom)


def _columns(text: str) -> int:
    return sum(1 + is_wide(c) for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf"))


def _break_cost(before: Atom, after: Atom) -> float:
    text = before.text.rstrip()
    if not is_speakable(after.text) or unicodedata.category(text[-1]) in ("Ps", "Pi"):
        return _AT_PUNCTUATION
    ending = text.rstrip(_CLOSING)[-1:] or " "
    if "\n" in before.words[-1].text or (ending in SENTENCE_ENDS and not is_abbreviated(text, len(text))):
        return 0.0
    if ending in _CLAUSE_ENDS:
        return _AT_CLAUSE
    return _AT_PAUSE if after.start_ms - before.end_ms > PAUSE_MS else _AT_WORD


def _cuts(atoms: Sequence[Atom], layout: _Layout, duration_ms: int) -> list[int]:
    """Return where cues begin, and the last one's end, at the least cost in all, as TeX finds a paragraph's lines."""
    count = len(atoms)
    pauses = [0, *(after.start_ms - before.end_ms for before, after in pairwise(atoms)), 0]
    # What the breaks up to each atom cost if no cue stops there.
    inside = list(
        accumulate(
            _SENTENCE_INSIDE * (cost == 0) + _PAUSE_INSIDE * (pause > PAUSE_MS)
            for cost, pause in zip(layout.breaks, pauses, strict=True)
        )
    )
    costs, origins = [0.0, *[inf] * count], [0] * (count + 1)
    for i, start in enumerate(atom.start_ms for atom in atoms):
        line = layout.farthest[i]
        for j in range(i + 1, (layout.farthest[line] if line < count else count) + 1):
            next_start = atoms[j].start_ms if j < count else duration_ms
            closes = j < count and pauses[j] < BLANK_MS
            if j > i + 1:
                if atoms[j - 1].voice != atoms[i].voice:
                    break
                if pauses[j - 1] > LONG_PAUSE_MS or atoms[j - 1].end_ms - start > MAX_MS:
                    break
                if closes and next_start - start > MAX_MS:
                    continue
            empty = 1 - min(1.0, layout.columns(i, j) / (2 * layout.limit(i, j)))
            hurry = 1 - min(1.0, (next_start - start) / layout.reading_ms(i, j))
            cost = costs[i] + layout.breaks[j] + inside[j - 1] - inside[i] + 2 * empty**2 + 8 * hurry
            if cost < costs[j]:
                costs[j], origins[j] = cost, i
    cuts = [count]
    while cuts[-1]:
        cuts.append(origins[cuts[-1]])
    return cuts[::-1]


def _clock(ms: int, mark: str) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def _is_dialogue(cues: Sequence[Cue]) -> bool:
    """Whether several voices speak, so that it is told which."""
    return len({cue.voice for cue in cues}) > 1


def _srt(cues: Sequence[Cue]) -> str:
    """SubRip has no escapes: an invisible word joiner keeps players from taking text for markup.

    Against one habit there is no help: players on libass hide what stands in braces.
    """
    blocks = []
    for number, cue in enumerate(cues, 1):
        text = re.sub(r"<(?=\s*/?\s*[A-Za-z])|\\(?=[Nnh{}])|\{(?=\\|\w:)|--(?=>)", rf"\g<0>{_WORD_JOINER}", cue.text)
        blocks.append(f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{text}\n")
    return "\n".join(blocks)


def _vtt(cues: Sequence[Cue]) -> str:
    """Without times inside cues: some readers, as pysubs2, take a line with two of them for the start of another."""
    blocks = ["WEBVTT\n"]
    is_dialogue = _is_dialogue(cues)
    for cue in cues:
        times = f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}"
        voice = f"<v {cue.voice}>" if is_dialogue and cue.voice else ""
        blocks.append(f"{times}\n{voice}{html.escape(cue.text, quote=False)}\n")
    return "\n".join(blocks)


_STYLE = "Arial,64,&H00FFFFFF,&H00A0A0A0,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,54"
_ASS_HEADER = f"""[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,{_STYLE},1
Style: RightToLeft,{_STYLE},-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def _ass(cues: Sequence[Cue]) -> str:
    r"""Return an ASS file in which every word turns from grey to white when it is said.

    That is `\k`: `\kf` fills a word little by little, but from the left in every script. Players lay out what follows a
    tag by itself and put the parts from left to right, so a cue with words written from the right has a single tag.
    """
    events = []
    is_dialogue = _is_dialogue(cues)
    for cue in cues:
        start, end = cue.start_ms // TICK_MS, cue.end_ms // TICK_MS
        if any(unicodedata.bidirectional(c) in ("R", "AL") for c in cue.text):
            style, text = "RightToLeft", rf"{{\k{end - start}}}{_ass_escaped(cue.text)}"
        else:
            stops = [min(atom.start_ms // TICK_MS, end) for line in cue.lines for atom in line]
            tags = iter([rf"{{\k{stop - begin}}}" for begin, stop in pairwise([*stops, end])])
            lines = ("".join(next(tags) + _ass_escaped(atom.text) for atom in line) for line in cue.lines)
            style, text = "Default", r"\N".join(line.rstrip() for line in lines)
        times = ",".join(_clock(time * TICK_MS, ".")[:-1].removeprefix("0") for time in (start, end))
        voice = cue.voice if is_dialogue and cue.voice else ""
        events.append(f"Dialogue: 0,{times},{style},{voice},0,0,0,,{text}\n")
    return _ASS_HEADER + "".join(events)


def _ass_escaped(text: str) -> str:
    r"""As FFmpeg escapes: a player that does not know `\{` shows the backslash, and takes no text for a tag."""
    return text.replace("\\", f"\\{_WORD_JOINER}").replace("{", r"\{{}").replace("\n", r"\N")


def _json(cues: Sequence[Cue], duration_s: float) -> str:
    """Times in seconds. A line feed separates the lines of a text; words are as they were given, spaces and all."""
    content = []
    is_dialogue = _is_dialogue(cues)
    for cue in cues:
        voice = {"voice": cue.voice} if is_dialogue else {}
        words = [
            {
                "word": word.text,
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
                "confidence": round(word.probability, 3),
                **({"voice": word.voice} if is_dialogue else {}),
            }
            for line in cue.lines
            for atom in line
            for word in atom.words
        ]
        times = {"start": cue.start_ms / 1000, "end": cue.end_ms / 1000}
        content.append({**times, **voice, "text": cue.text, "words": words})
    written = json.dumps({"duration": round(duration_s, 3), "cues": content}, ensure_ascii=False)
    # Half a surrogate pair is no character, and cannot be stored.
    return written.encode(errors="ignore").decode()
