"""Answers over HTTP: errors as the dialect has them, and sound as bytes or as events. Pure functions.

Knows nothing of how sound is made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from starlette.responses import JSONResponse, Response

from voiceclone.server.dialect import Refusal
from voiceclone.types import Reply


def refused(error: Refusal) -> Response:
    """Return the answer that tells of an error."""
    return JSONResponse(error.body, error.status, dict(error.headers))


class Form(Protocol):
    """How speech is written into an answer."""

    def part(self, sound: bytes, words: Sequence[Reply]) -> Iterator[bytes]:
        """Yield what is sent for a part of the sound, and the words that are said in it."""
        ...

    def end(self, sound: bytes, reply: Reply) -> Iterator[bytes]:
        """Yield what is sent with the last of the sound; `reply`: what a job's caller would be told."""
        ...

    def broken(self, error: Refusal) -> Iterator[bytes]:
        """Yield what is sent when no more sound comes."""
        ...


class AsBytes:
    """Sound and nothing else."""

    def part(self, sound: bytes, words: Sequence[Reply]) -> Iterator[bytes]:
        if sound:
            yield sound

    def end(self, sound: bytes, reply: Reply) -> Iterator[bytes]:
        if sound:
            yield sound

    def broken(self, error: Refusal) -> Iterator[bytes]:
        return iter(())


class AsEvents:
    """Server-sent events: OpenAI's for sound, and our own for words and for what goes wrong."""

    def part(self, sound: bytes, words: Sequence[Reply]) -> Iterator[bytes]:
        if sound:
            yield _event("speech.audio.delta", audio=base64.b64encode(sound).decode())
        if words:
            yield _event("speech.audio.words", words=list(words))

    def end(self, sound: bytes, reply: Reply) -> Iterator[bytes]:
        yield from self.part(sound, ())
        usage = _usage(reply)
        yield _event("speech.audio.done", usage=usage, speech=reply)

    def broken(self, error: Refusal) -> Iterator[bytes]:
        yield _event("error", **error.body)


def _event(kind: str, **fields: Any) -> bytes:
    return f"data: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def _usage(reply: Mapping[str, Any]) -> dict[str, int]:
    """Return characters that were read out and mel frames of speech, under the names that clients count tokens by."""
    from voiceclone.model import FRAMES_PER_S

    read, frames = len(reply["normalized_text"]), round(reply["duration"] * FRAMES_PER_S)
    return {"input_tokens": read, "output_tokens": frames, "total_tokens": read + frames}
