"""Subtitles that somebody wrote, SRT or WebVTT, as cues: what is said from when to when, and by whom. Pure functions.

pysubs2 reads them. What it would misread is refused or taken away before: times that are none, comments and names of
cues in WebVTT, times inside of a line. Knows nothing of voices or sound.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voiceclone.text import clean, is_speakable, size

MAX_SUBTITLES_BYTES = 4_000_000
MAX_CUES = 10_000
"""A film of three hours has about 3,000."""
MAX_SHOWN = 60
"""Characters of a line in an error."""
MAX_NAME = 40
"""Characters of a speaker's name in front of a line."""
TIMES = "00:00:01,000 --> 00:00:02,500"
_SRT_TIME = r"\d{1,2}:[0-5]?\d:[0-5]?\d[.,]\d{1,3}"
_VTT_TIME = r"(?:\d{2,4}:)?[0-5]\d:[0-5]\d\.\d{3}"
_SRT = re.compile(rf"\s*{_SRT_TIME}\s*-->\s*{_SRT_TIME}(?:\s.*)?", re.ASCII)
_VTT = re.compile(rf"\s*({_VTT_TIME}\s+-->\s+{_VTT_TIME})(?:\s.*)?", re.ASCII)
_STAMP = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}|\d{2}:\d{2}\.\d{2,3}", re.ASCII)
_STAMP_TAG = re.compile(r"<[\d:.,]{1,20}>", re.ASCII)
_BREAK = re.compile(r"<\s*br\s*/?>|\\N|\\n", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>\n]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z!][^<>\n]*>|<\s*/?\s*(?:[ibus]|font)\s*>", re.IGNORECASE)
"""`a < b and b > c` is none."""
_OPEN, _CLOSE = "\x02", "\x03"
_TOLD = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_DASH = re.compile(r"^\s*[-–—‐]\s*")
_PREFIX = re.compile(
    rf"\s*(?:\[([^\[\]\n]{{1,{MAX_NAME}}})\]\s*:?|([^\[\]:：\n]{{1,{MAX_NAME}}})[:：](?!//|\d))\s*(?=\S)"
)
_DESCRIPTION = re.compile(r"\[([^\[\]\n]*)\]")
ASKED_TWICE = 2
"""So many cues begin with a name that nobody has told, before it is taken for one."""


@dataclass(frozen=True)
class Cue:
    """What one person says from when to when."""

    index: int
    """Its number in the file, from 1; parts by several speakers have the same."""
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    """As the subtitles name whoever says it."""

    @property
    def start_s(self) -> float:
        return self.start_ms / 1000

    @property
    def end_s(self) -> float:
        return self.end_ms / 1000


def subtitles_text(data: bytes) -> str:
    """Return a file's text: UTF-8, UTF-16 with its mark, else Windows' Western European. Raises ValueError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_cues(written: str) -> list[Cue]:
    """Return the cues in order of their starts; who speaks is still in their texts, for `told_apart`.

    Raises ValueError in a caller's words: too large, no subtitles, or a cue whose times cannot be.
    """
    if len(written.encode("utf-8", "replace")) > MAX_SUBTITLES_BYTES:
        raise ValueError(f"have more than {MAX_SUBTITLES_BYTES // 10**6} MB: split them into several jobs")
    if (found := written.count("-->")) > MAX_CUES:
        raise ValueError(f"have {found} cues, at most {MAX_CUES} are allowed: split them into several jobs")
    lines = _CONTROLS.sub("", written.removeprefix("\ufeff")).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_vtt = next(filter(str.strip, lines), "").startswith("WEBVTT")
    for number, line in enumerate(lines, 1):
        _check(line, number, is_vtt)
    if not found:
        raise ValueError(f"are neither SRT nor VTT: there is no line of times as {TIMES}")
    import pysubs2

    prepared = "\n".join(_vtt_cues(lines) if is_vtt else [*lines, "", "0", ""])
    prepared = _BLANKS.sub("\n\n", prepared)  # in a run of them pysubs2 looks for a number from each
    events = pysubs2.SSAFile.from_string(prepared, format_="vtt" if is_vtt else "srt", keep_html_tags=True)
    cues = [Cue(i, each.start, each.end, _plain(each.text)) for i, each in enumerate(events, 1)]
    for cue in cues:
        if cue.end_ms < cue.start_ms:
            raise ValueError(f"cue {cue.index} ends at {cue.end_s:g} s, before it starts at {cue.start_s:g} s: mend it")
    return sorted(cues, key=lambda cue: cue.start_ms)


def told_apart(cues: Sequence[Cue], speakers: Collection[str], others: bool) -> list[Cue]:
    """Return what is to be said, each cue by one speaker.

    `<v Anna>` names one always; `Anna:` and `[anna]` in front of a line do where the name is known. What else stands in
    brackets is a sound's description, and is not said. A cue of several speakers is divided by the length of their
    texts; one with nothing to say is left out.

    Args:
        speakers: names that are known, in any case.
        others: whether a name with which at least two cues begin is known too.
    """
    known = {name.casefold(): name for name in speakers}
    for name in (name for cue in cues for name in _TOLD.findall(cue.text)):
        known.setdefault(name.casefold(), name)
    if others:
        spelled = [name for cue in cues for name in dict.fromkeys(_names_in(cue.text))]
        counted = Counter(name.casefold() for name in spelled)
        for name in spelled:
            if counted[name.casefold()] >= ASKED_TWICE:
                known.setdefault(name.casefold(), name)
    found: list[Cue] = []
    for cue in cues:
        turns = [(name, said) for name, said in _turns(cue.text, known) if is_speakable(said)]
        whole, done = sum(size(said) for _, said in turns), 0
        for name, said in turns:
            start_ms = cue.start_ms + (cue.end_ms - cue.start_ms) * done // whole
            done += size(said)
            end_ms = cue.start_ms + (cue.end_ms - cue.start_ms) * done // whole
            found.append(Cue(cue.index, start_ms, end_ms, said, name))
    return sorted(found, key=lambda cue: cue.start_ms)


def written_srt(cues: Sequence[Cue], offset_ms: int = 0) -> str:
    """Return the cues as SRT, each so much earlier, with their speakers as WebVTT names them."""
    written = []
    for i, cue in enumerate(cues, 1):
        voice = "" if cue.speaker is None else f"<v {cue.speaker}>"
        times = f"{_clock(cue.start_ms - offset_ms)} --> {_clock(cue.end_ms - offset_ms)}"
        written.append(f"{i}\n{times}\n{voice}{html.escape(cue.text, quote=False)}\n")
    return "\n".join(written)


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def _check(line: str, number: int, is_vtt: bool) -> None:
    """Raise ValueError for a line whose times would be misread."""
    if "-->" in line:
        if not (_VTT if is_vtt else _SRT).fullmatch(line):
            raise ValueError(
                f"line {number}, {line.strip()[:MAX_SHOWN]!r}, does not tell two times as {TIMES}: mend it"
            )
    elif len(_STAMP.findall(_STAMP_TAG.sub("", line))) > 1:
        raise ValueError(f"line {number} has two times and no arrow: write {TIMES}")


def _vtt_cues(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the cues alone, numbered: no header, comment, style, region or name of a cue."""
    inside = False
    number = 0
    yield "WEBVTT\n"
    for line in lines:
        if times := _VTT.fullmatch(line):
            number, inside = number + 1, True
            yield f"\n{number}\n{times[1]}"
        elif not line.strip():
            inside = False
        elif inside:
            yield _STAMP_TAG.sub("", line)
    yield "\n0\n"


def _plain(written: str) -> str:
    """Return a cue's text without tags; speakers that were told by one are marked."""
    written = _BREAK.sub("\n", _OVERRIDE.sub("", written)).replace("\\h", " ")
    written = _VOICE.sub(lambda told: f"{_OPEN}{' '.join(told[1].split())}{_CLOSE}", written)
    return html.unescape(_TAG.sub("", written)).replace("\u00a0", " ").strip()


def _names_in(written: str) -> Iterator[str]:
    for line in written.split("\n"):
        rest = _DASH.sub("", line)
        while found := _PREFIX.match(rest):
            if name := _name(found):
                yield name
            if found[1] is None:
                break
            rest = rest[found.end() :]  # behind a sound's description there may be a name


def _name(found: re.Match[str]) -> str | None:
    """Return what may be somebody's name; None for a clause in front of a colon."""
    name = (found[1] or found[2]).strip()
    bare = found[2] is not None and (len(name.split()) > 3 or name[:1].islower() or name[:1].isdigit())
    return None if bare or not is_speakable(name) or "<" in name or ">" in name else name


def _turns(written: str, known: Mapping[str, str]) -> Iterator[tuple[str | None, str]]:
    """Yield who says what, as far as that is told; `known`: names as they are spelled, by their small letters."""
    speaker: str | None = None
    said: list[str] = []
    for piece in re.split(rf"(?={_OPEN})|\n", written):
        told = _TOLD.match(piece)
        line = _DESCRIPTION.sub(lambda found: found[0] if found[1].strip().casefold() in known else " ", piece)
        line = _DASH.sub("", _TOLD.sub("", line))
        name = told[1] if told else None
        if name is None and (found := _PREFIX.match(line)):
            asked = (found[1] or found[2]).strip()
            if asked.casefold() in known:
                name, line = asked, line[found.end() :]
        name = None if name is None else known.get(name.casefold(), name)
        if name is not None and name != speaker:
            yield speaker, clean(" ".join(said))
            speaker, said = name, []
        said.append(_DESCRIPTION.sub(" ", line))
    yield speaker, clean(" ".join(said))
