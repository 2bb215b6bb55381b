"""What a person gives as a file, as a request takes it."""

from __future__ import annotations

import base64
from pathlib import Path

from voiceclone.client.errors import BadInput

ADDRESSES = ("http://", "https://", "s3://", "data:", "kept:")


def recording(where: str) -> str:
    """Return a recording as a request takes it: an address as it is, a file's content. Raises BadInput."""
    if where.lower().startswith(ADDRESSES):
        return where
    try:
        return base64.b64encode(Path(where).read_bytes()).decode()
    except OSError as e:
        raise BadInput(f"the recording {where} cannot be read: {e.strerror}") from e


def text_of(path: Path) -> str:
    """Return a text file's content. Raises BadInput where it cannot be read, or is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as e:
        raise BadInput(f"{path} is not in UTF-8: save it so") from e
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror}") from e
