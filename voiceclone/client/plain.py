"""What others wrote, as it may stand in a line on a terminal.

Knows nothing of who wrote it.
"""

from __future__ import annotations

from typing import Any

UNSEEN = {
    code: " " if chr(code).isspace() else None
    for first, last in ((0, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069))
    for code in range(first, last + 1)
}
"""Control characters (C0, C1), line breaks and marks that turn the direction of writing: what each becomes."""


def plain(value: Any) -> Any:
    """Return a text, or the texts anywhere in a value of JSON, each as one line without control characters."""
    if isinstance(value, str):
        return value.translate(UNSEEN)
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value
