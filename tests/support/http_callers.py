"""Somebody who asks a server for a long text in one way or another, and can hang up."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack

from raw_http import raw, request
from websockets.sync.client import connect

LONG = "One two three four five six seven. Eight nine ten, eleven twelve. " * 20
SAY = {"voice": "example-en", "nfe_step": 1, "response_format": "pcm"}
WAYS = ["audio", "sse", "session"]


class Caller:
    """Somebody who asks for a long text in one way or another, and can hang up."""

    def __init__(self, served, way):
        self._way = way
        self._open = ExitStack()
        if way == "session":
            address = f"{served.url.replace('http', 'ws', 1)}/v1/audio/speech/stream"
            self._session = self._open.enter_context(connect(address))
            self._session.send(json.dumps({"type": "session.config", **SAY}))
            self._session.send(json.dumps({"type": "input.text", "text": LONG}))
        else:
            self._client = self._open.enter_context(raw(served.server.port))
            body = json.dumps({**SAY, "input": LONG, "stream_format": way}).encode()
            self._client.send(request("POST", "/v1/audio/speech", body))

    def hear(self):
        """Wait for the first sound."""
        if self._way == "session":
            while isinstance(self._session.recv(), str):
                pass
        else:
            assert self._client.socket.recv(1)

    def hang_up(self):
        if self._way == "session":
            self._session.socket.shutdown(socket.SHUT_RDWR)
        self._open.close()
