"""Replies for a person to read. Pure functions from a reply to text.

Knows nothing of where replies come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voiceclone.types import Reply

LINE = 78
"""Characters of a line that is cut."""


def notes(reply: Reply) -> str:
    """Return what the caller should know beside the result; empty where there is nothing."""
    lines = [f"warning: {warning}" for warning in reply.get("warnings", ())]
    if degraded := reply.get("degraded"):
        lines.append(f"warning: it could not be delivered by {degraded.get('delivery')}: {degraded.get('reason')}")
    return "\n".join(lines)


def spoken(reply: Reply) -> str:
    """Return one line on what was made."""
    said = f"{reply['duration']:.2f} s of {reply['format']} at {reply['sample_rate']} Hz, seed {reply['seed']}"
    return f"{said}, made in {reply['timings']['total']:.1f} s"


def voices(reply: Reply) -> str:
    """Return a table."""
    rows = [("voice", "language", "seconds", "check-up", "added")]
    for voice in reply["voices"]:
        length = f"{voice['duration']:.1f}" if "duration" in voice else ""
        added = "built in" if voice.get("built_in") else str(voice.get("created", ""))[:10]
        rows.append((voice["name"], voice.get("language", ""), length, voice.get("verdict", ""), added))
    return _columns(rows)


def check_up(reply: Reply) -> str:
    """Return a voice that was added: what was found in its recording, and what to do about it."""
    voice, found = reply["voice"], reply["check_up"]
    lines = [
        f"{voice['name']}: {found['verdict']}",
        f"  {voice['duration']:.1f} s, {voice.get('language', 'language unknown')}: {_short(voice['ref_text'])}",
        "",
    ]
    rows = [(f"  {each['what']}", f"{each['value']} {each['unit']}", each["verdict"]) for each in found["findings"]]
    lines.append(_columns(rows))
    advice = [each["advice"] for each in found["findings"] if each.get("advice") and each["verdict"] != "good"]
    if advice:
        lines += ["", "to make it better:", *(f"  - {each}" for each in advice)]
    return "\n".join(lines)


def checked(reply: Reply) -> str:
    """Return what would be said, in which chunks and how long."""
    rows = [
        (f"{i}", f"{chunk['duration']:.1f} s", *([chunk["voice"]] if chunk.get("voice") else []), _short(chunk["text"]))
        for i, chunk in enumerate(reply["chunks"], 1)
    ]
    predicted = reply["predicted"]
    took = predicted.get("synthesis")
    lines = [
        _columns(rows),
        "",
        f"{predicted['duration']:.1f} s of audio"
        + (f", made in about {took:.1f} s" if took is not None else "; how fast, the worker knows when it has spoken"),
    ]
    if unknown := reply["unknown_characters"]:
        lines.append(f"left out, for the model does not know them: {' '.join(unknown)}")
    return "\n".join(lines)


def changes(reply: Reply) -> str:
    """Return what would change in a recording, and where."""
    rows = [("from", "to", "new", "was", "now")]
    rows += [
        (
            f"{change['was_start']:.2f} s",
            f"{change['was_end']:.2f} s",
            f"{change['duration']:.2f} s",
            _short(change["was"]) or "-",
            _short(change["now"]) or "-",
        )
        for change in reply["changes"]
    ]
    return _columns(rows)


def about(reply: Reply, health: Mapping[str, Any] | None = None) -> str:
    """Return what the worker is and can do; `health`: the endpoint's counts."""
    model, limits = reply["model"], reply["limits"]
    rows = [
        ("model", f"{model['name']} {model['revision'] or ''}".strip()),
        ("licence", f"{model['license']}"),
        ("languages", ", ".join(reply["languages"])),
        ("voices", ", ".join(reply["voices"])),
        ("device", f"{reply['device']}, {reply['dtype']}"),
        ("hears with", str(reply["recogniser"])),
        ("delivers", f"by {reply['delivery']}, as {', '.join(reply['formats'])}"),
        *((name.replace("_", " "), str(value)) for name, value in limits.items() if value is not None),
    ]
    for what in ("workers", "jobs"):
        if health and (counts := health.get(what)):
            rows.append((what, ", ".join(f"{value} {name}" for name, value in counts.items())))
    return _columns(rows)


def _columns(rows: Iterable[Sequence[str]]) -> str:
    table = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in table if i < len(row)) for i in range(max(map(len, table), default=0))]
    return "\n".join("  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in table)


def _short(text: str) -> str:
    return text if len(text) <= LINE else f"{text[: LINE - 3].rstrip()}..."
