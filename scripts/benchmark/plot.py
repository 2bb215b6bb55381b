"""Cold start and real-time factor as horizontal bars, in an SVG that is readable on light and dark backgrounds.

The same runs give the same bytes.
"""

from __future__ import annotations

import html
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.figures import THEIRS, Run, heading, number

WIDTH, MARGIN, LABELS, VALUES = 720, 16, 190, 70
BAR, GAP, LINE = 16, 6, 22
# Grey enough to be read on white and on black.
INK, OURS_FILL, THEIRS_FILL = "#7d8590", "#1a9e8f", "#8c959f"
TITLES = {
    "cold": "Cold start: seconds until the model is loaded",
    "chunk": "One chunk: seconds of work for a second of speech",
    "long": "Long text: seconds of work for a second of speech",
}
MEASURED = {"cold": "ready_s", "chunk": "rtf", "long": "rtf"}


@dataclass(frozen=True)
class Bar:
    """One side's median."""

    side: str
    value: float


def plot(runs: Sequence[Run], cases: Sequence[str] | None = None) -> str:
    """One panel for each run of `cold`, `chunk` or `long`; of the latter two only `cases`, if given."""
    body: list[str] = []
    y = MARGIN
    for run in runs:
        drawn, y = panel(run, cases, y)
        body += drawn
    title = "; ".join(TITLES[run.what] for run in runs)
    description = " / ".join(heading(run) for run in runs)
    return svg(y, title, [f"<desc>{html.escape(description)}</desc>", *body])


def svg(height: int, title: str, body: Sequence[str]) -> str:
    """The picture around its elements."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
            f' role="img" font-family="system-ui, sans-serif" font-size="13" fill="{INK}">',
            f"<title>{html.escape(title)}</title>",
            *body,
            "</svg>\n",
        ]
    )


def panel(run: Run, cases: Sequence[str] | None, y: int) -> tuple[list[str], int]:
    """A run's bars to one scale, from `y` downwards; and where they end."""
    if run.what not in TITLES:
        raise ValueError(f"{run.what} is not plotted, only {', '.join(TITLES)}")
    groups = {case: bars(run, case) for case in run.cases if run.what == "cold" or cases is None or case in cases}
    if not groups:
        raise ValueError(f"no such case; there are: {'; '.join(run.cases)}")
    largest = max(bar.value for group in groups.values() for bar in group)
    body = [words(MARGIN, y + 14, TITLES[run.what], bold=True)]
    y += LINE + GAP
    for case, group in groups.items():
        if run.what != "cold":
            body.append(words(MARGIN, y + 13, case))
            y += LINE
        for bar in group:
            body += drawn(bar, bar.value / largest, y)
            y += BAR + GAP
        y += GAP
    return body, y + GAP


def bars(run: Run, case: str) -> list[Bar]:
    return [Bar(side, statistics.median(run.values(case, side, MEASURED[run.what]))) for side in run.sides(case)]


def drawn(bar: Bar, share: float, y: int) -> list[str]:
    """Label, bar and value in a line."""
    left = MARGIN + LABELS
    width = max(1.0, share * (WIDTH - left - VALUES))
    fill = THEIRS_FILL if bar.side == THEIRS else OURS_FILL
    return [
        words(left - 8, y + 13, bar.side, anchor="end"),
        f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{fill}"/>',
        words(left + width + 6, y + 13, number(bar.value)),
    ]


def words(x: float, y: int, content: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{weight}>{html.escape(content)}</text>'
