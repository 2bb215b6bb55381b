"""Tables in Markdown, and files that are rendered: written anew, or only compared.

Knows nothing of what stands in them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put_table(text: str, name: str, made: str) -> str:
    """Return the text with this table between the markers of `name`. Raises ValueError where one of them is missing."""
    between = re.compile(rf"(<!-- {name}: rendered by [^\n]* -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"there is no place for the table {name!r}: put its two markers back")
    return between.sub(lambda markers: f"{markers[1]}{made}\n{markers[2]}", text, count=1)


def command(about: str | None, files: Mapping[Path, Callable[[str], str]]) -> int:
    """Run a script's command line; returns the exit status.

    Args:
        about: for --help.
        files: what makes of each file's text what it should be.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    behind = False
    for path, render in files.items():
        text = path.read_text()
        rendered = render(text)
        behind |= rendered != text
        if not arguments.check:
            path.write_text(rendered)
    return int(arguments.check and behind)
