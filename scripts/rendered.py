"""A file that is rendered from the code: written anew, or only compared.

Knows nothing of what stands in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def command(about: str | None, path: Path, render: Callable[[str], str]) -> int:
    """Run a script's command line; returns the exit status.

    Args:
        about: for --help.
        render: from the file's text to what it should be.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = path.read_text()
    rendered = render(text)
    if arguments.check:
        return int(rendered != text)
    path.write_text(rendered)
    return 0
