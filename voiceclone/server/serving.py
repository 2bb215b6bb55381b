"""The process that serves: its port is open before the models are loaded, and it ends when it can no longer speak."""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from voiceclone.errors import ModelUnavailable
from voiceclone.server.connections import BoundedConnection, BoundedSession
from voiceclone.server.limits import USUAL, Limits
from voiceclone.server.routes import application
from voiceclone.server.site import Site
from voiceclone.settings import Settings

if TYPE_CHECKING:  # they import torch
    from voiceclone.jobs import Worker
    from voiceclone.model import BatchReport

    Build = Callable[[Callable[[BatchReport], None]], Worker]

log = logging.getLogger(__name__)

FAREWELL_S = 15.0
"""A process of the platform that cannot speak tells so for so long, and ends."""
FLUSH_S = 10
"""When all that ran is over, its last answers may be on their way for so long."""
BACKLOG = 2048
UNSENT = 2**17
"""Bytes that the kernel keeps of an answer, so that it is seen whether a client reads."""


class Server:
    """Listens as soon as it is made. One `run`."""

    def __init__(self, settings: Settings, build: Build, limits: Limits = USUAL) -> None:
        """
        Args:
            build: loads the models; called in a thread of its own, with what is to be told of each batch.
            limits: how much callers may have of this process.

        Raises:
            ValueError: the settings would let anybody in.
            OSError: somebody else listens there, or this process may not.
        """
        self._build = build
        self._farewell_s = FAREWELL_S if settings.on_platform else 0.0
        self.site = Site(settings, limits)
        self._sockets = [_listening(*address) for address in settings.addresses]
        config = uvicorn.Config(
            application(self.site),
            http=partial(BoundedConnection, limits=limits),  # type: ignore[arg-type] # it is only called
            ws=partial(BoundedSession, limits=limits),  # type: ignore[arg-type]
            ws_max_size=limits.message_bytes,
            ws_per_message_deflate=False,  # sound does not become smaller, and the loop would wait
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=math.ceil(limits.patience_s),
            timeout_graceful_shutdown=FLUSH_S,
        )
        self._server = Finishing(config, self.site)

    @property
    def port(self) -> int:
        """Of callers."""
        return int(self._sockets[0].getsockname()[1])

    def run(self) -> str | None:
        """Serve until somebody ends the process, or `stop` is called; returns why it had to end, if it had."""
        loading = threading.Thread(target=self._load, name="load", daemon=True)
        threading.Thread(target=self._end_when_unfit, name="fitness", daemon=True).start()
        loading.start()
        log.info("listening at port %d; the models are being loaded", self.port)
        self._server.run(self._sockets)
        if loading.is_alive() or self._server.force_exit:
            leave()
        self.site.closes()
        return self.site.unfit

    def stop(self) -> None:
        """Take no new requests, finish what runs, and let `run` return."""
        self._server.should_exit = True

    def _load(self) -> None:
        try:
            self.site.opens(self._build(self.site.metrics.spoke))
        except (ModelUnavailable, ValueError) as e:
            log.error("no model: %s", e)  # noqa: TRY400 - the message is the cure, a traceback hides it
            self.site.fails(str(e))
        except Exception as e:  # the boundary: /ping tells the reason
            log.exception("no model")
            self.site.fails(f"{type(e).__name__}: {e}")

    def _end_when_unfit(self) -> None:
        self.site.failed.wait()
        threading.Event().wait(self._farewell_s)
        self.stop()


class Finishing(uvicorn.Server):
    """Ends when what runs is over; asked a second time, at once."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # No more than this: it interrupts the main thread anywhere, within a line of the log too.
        self.force_exit = self.should_exit
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if self.should_exit and not self._site.is_closing:
            log.info("stopping when what runs is done; press Ctrl-C again to stop at once")
        self._site.is_closing = await super().on_tick(counter)
        is_over = not self._site.admission.taken and not self._site.jobs.is_awaited(self._site.limits.fetch_s)
        return self._site.is_closing and (is_over or self.force_exit)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.force_exit:  # else whatever runs would be cancelled, with a traceback each
            leave()
        await super().shutdown(sockets)


def leave() -> None:
    """End the process: a thread within torch's import or a kernel would crash the interpreter's end, or delay it."""
    logging.shutdown()
    os._exit(0)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        raise OSError(e.errno, f"cannot listen at {host}:{port}: {e.strerror}; set HOST or PORT") from e
    listener.listen(BACKLOG)
    return listener
