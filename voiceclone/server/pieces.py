"""WS /v1/audio/speech/stream: text that comes in pieces, spoken sentence by sentence as it is complete.

To the server: `session.config` with the fields of /v1/audio/speech, `input.text` with `text`, `input.done`; and
`session.close`, which stops at once. From it, for what is spoken together: `audio.start` with `sentence_index`,
`sentence_text` and `format`, its sound in binary frames, a file of its own, `audio.done`; in the end `session.done`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.websockets import WebSocket, WebSocketDisconnect

from voiceclone import text
from voiceclone.server.dialect import Refusal, Wish, wish
from voiceclone.server.site import Site, site_of
from voiceclone.server.speaking import Sounding
from voiceclone.server.threads import Steps

MAX_SENTENCE_CHARS = 1_000
"""A longer one is spoken before it is complete."""
NORMAL, POLICY = 1000, 1008
"""Why a connection is closed: all is said, or what was sent is no use."""


async def stream(websocket: WebSocket) -> None:
    """Serve one session."""
    await websocket.accept()
    site = site_of(websocket)
    try:
        with site.sessions.place():
            await Session(websocket, site).run()
    except Refusal as error:
        await _send(websocket, {"type": "error", "message": error.message, **error.body})
        await websocket.close(POLICY)
    except WebSocketDisconnect:
        pass  # nobody is there to be told


class Session:
    """Text comes in, sound goes out, at the same time."""

    def __init__(self, websocket: WebSocket, site: Site) -> None:
        self._websocket = websocket
        self._site = site
        self._config: Mapping[str, Any] = {}
        self._spoken = 0
        """Sentences, or what was spoken as one."""
        self._waiting = 0
        """Characters that have come and are not being spoken yet."""

    async def run(self) -> None:
        """Serve until all is said. Raises Refusal, WebSocketDisconnect."""
        first = await self._message()
        if first.pop("type") != "session.config":
            raise Refusal("the first message must be session.config, with voice and response_format")
        self._config = {"response_format": "wav", **first}
        self._wish("Hello.")  # what is wrong is told before any text comes
        said, heard = anyio.create_memory_object_stream[str](max_buffer_size=math.inf)  # `_listen` bounds it
        try:
            # `said` is closed only when all is said, or when nobody speaks any more: else `session.done` would be sent.
            with said, heard:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._speak, heard)
                    if await self._listen(said):
                        said.close()
                    else:
                        await self._websocket.close(NORMAL)
                        group.cancel_scope.cancel()
        except ExceptionGroup as e:  # both tasks raise the same kinds, one at a time
            raise e.exceptions[0] from None

    async def _listen(self, said: MemoryObjectSendStream[str]) -> bool:
        """Pass whole sentences on as they come; returns whether the rest is to be spoken."""
        pending = ""
        while True:
            message = await self._message()
            match message["type"]:
                case "input.text" if isinstance(message.get("text"), str):
                    self._waiting += len(message["text"])
                    if self._waiting > self._site.settings.max_text_chars:
                        raise Refusal("the text comes faster than it is spoken: wait for audio.done now and then")
                    pending = self._passed_on(pending + message["text"], said)
                case "input.done":
                    self._pass_on(pending, said)
                    return True
                case "session.close":
                    return False
                case _:
                    raise Refusal("messages are input.text with text, input.done and session.close")

    def _passed_on(self, pending: str, said: MemoryObjectSendStream[str]) -> str:
        """Return what is left of a text once its whole sentences are on their way, none of the pieces too long."""
        end = text.sentences_end(pending)
        start = 0
        while start < end or len(pending) - start > MAX_SENTENCE_CHARS:
            most = start + MAX_SENTENCE_CHARS
            stop = end if start < end <= most else _good_end(pending, start, most)
            self._pass_on(pending[start:stop], said)
            start = stop
        return pending[start:]

    def _pass_on(self, piece: str, said: MemoryObjectSendStream[str]) -> None:
        if text.is_speakable(piece):
            said.send_nowait(piece)
        else:  # a line of stars or a smile between two sentences: there is nothing to say
            self._waiting -= len(piece)

    async def _speak(self, heard: MemoryObjectReceiveStream[str]) -> None:
        """Speak what there is, again and again, until all is said."""
        async for sentence in heard:
            together = sentence
            while heard.statistics().current_buffer_used and len(together) < MAX_SENTENCE_CHARS:
                together += heard.receive_nowait()
            self._waiting -= len(together)
            await self._say(together.strip())
        await _send(self._websocket, {"type": "session.done", "total_sentences": self._spoken})
        await self._websocket.close(NORMAL)

    async def _say(self, sentence: str) -> None:
        wished = self._wish(sentence)
        about = {"sentence_index": self._spoken}
        with self._site.admission.place():
            sounding = Sounding(self._site, self._site.worker, wished, self._websocket.state.id)
            steps = Steps(sounding.pieces(), self._site.threads)
            size = 0
            try:
                while (piece := await steps.next()) is not None:
                    if not size:
                        start = {"type": "audio.start", **about, "sentence_text": sentence}
                        sound = {"format": wished.audio_format, "sample_rate": sounding.sample_rate}
                        await _send(self._websocket, {**start, **sound})
                    size += len(piece)
                    await self._websocket.send_bytes(piece)
            finally:
                steps.close()
        self._spoken += 1
        await _send(self._websocket, {"type": "audio.done", **about, "total_bytes": size, "error": sounding.broke_off})

    def _wish(self, sentence: str) -> Wish:
        settings, own = self._site.settings, self._site.worker.checkpoint.name
        wished = wish({**self._config, "input": sentence}, own, settings.voice_names)
        if wished.as_events:
            raise Refusal.at("stream_format", "must be audio: sound comes in binary frames here")
        return wished

    async def _message(self) -> dict[str, Any]:
        silence_s = self._site.limits.silence_s
        try:
            with anyio.fail_after(silence_s):
                received = await self._websocket.receive()
        except TimeoutError:
            raise Refusal(f"nothing was said for {silence_s:g} s", 408, "too_slow") from None
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", NORMAL))
        try:
            message = json.loads(received.get("text") or "")
        except (ValueError, RecursionError):
            raise Refusal("a message is no JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Refusal('a message must be an object with a type, as {"type": "input.text", "text": "Hello."}')
        return message


def _good_end(pending: str, start: int, most: int) -> int:
    """Where to end a piece that must end before `most`: behind a sentence, else behind a word."""
    end = text.sentences_end(pending[start:most])
    return start + end if end else pending.rfind(" ", start, most) + 1 or most


async def _send(websocket: WebSocket, message: Mapping[str, Any]) -> None:
    await websocket.send_text(json.dumps(message, ensure_ascii=False))
