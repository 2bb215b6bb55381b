"""An S3 server on the loopback that knows one pair of credentials and verifies every signature."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import uvicorn
from nanio.app import build_app
from nanio.auth.credentials import StaticCredentialResolver
from nanio.config import Settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY": "wJalr-example-secret"}


@contextmanager
def nanio_server(directory):
    """Serves as long as it lasts; gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))  # listens already: a client waits instead of being refused
    known = StaticCredentialResolver({KEYS["AWS_ACCESS_KEY_ID"]: KEYS["AWS_SECRET_ACCESS_KEY"]})
    app = build_app(Settings(data_dir=directory, credentials=known))
    server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()
