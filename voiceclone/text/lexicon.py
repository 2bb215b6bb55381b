"""How words are said: entries of a request, and of `lexicon.json` on the volume.

    {"GIF": "jiff", "Nguyen": "win"}

Knows nothing of how text is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from voiceclone.files import text_in
from voiceclone.text.splitting import clean, is_speakable

MAX_ENTRIES = 1_000
MAX_CHARS = 400
"""Of a word and of how it is said together."""
MAX_BYTES = 1_000_000


def checked(entries: Mapping[str, str]) -> dict[str, str]:
    """Return the entries, both sides clean. Raises ValueError for one that is no word, and for too many."""
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"has {len(entries)} entries, at most {MAX_ENTRIES} are allowed")
    for written, said in entries.items():
        if not (is_speakable(said) and clean(written) and len(written + said) <= MAX_CHARS):
            raise ValueError(
                f"cannot replace {written[:40]!r} by {said[:40]!r}: write words, {MAX_CHARS} characters at most"
            )
    return {clean(written): clean(said) for written, said in entries.items()}


def load(path: Path) -> dict[str, str]:
    """Return the words of a file; none where there is no file.

    Raises:
        ValueError: it holds something else. The message names the file alone, not where it lies.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ValueError(f"{path.name} is no file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"{path.name} has more than {MAX_BYTES} bytes: keep fewer words in it")
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise ValueError(f"{path.name} cannot be read: {type(e).__name__}") from e
    try:
        written = text_in(data)
    except ValueError as e:
        raise ValueError(f"{path.name} {e}") from e
    try:
        entries = json.loads(written)
    except (json.JSONDecodeError, RecursionError) as e:
        raise ValueError(f"{path.name} cannot be read: {type(e).__name__}") from e
    if not isinstance(entries, dict) or not all(isinstance(said, str) for said in entries.values()):
        raise ValueError(f'{path.name} must hold words and how they are said: {{"GIF": "jiff"}}')
    try:
        return checked(entries)
    except ValueError as e:
        raise ValueError(f"{path.name} {e}") from e
