"""What the log looks like: one JSON object a line on the platform, lines to read in a terminal.

Knows nothing of what is logged. Whatever it is, the values of secret variables are not in it, of addresses the hosts
alone, and no line begins but where an event does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from voiceclone.hiding import hider, printable, without_addresses

OURS = ("voiceclone", "runpod-handler", "s3_utils")
"""Loggers whose level can be chosen. Others only warn: boto3's debug lines, for one, quote signatures."""

_job_id: ContextVar[str | None] = ContextVar("job_id", default=None)


@contextmanager
def about_job(job_id: str) -> Iterator[None]:
    """Add the job's id to whatever is logged within."""
    token = _job_id.set(job_id)
    try:
        yield
    finally:
        _job_id.reset(token)


def id_of(job: Mapping[str, Any]) -> str:
    """Return the job's id, whatever it is, in one line that UTF-8 can hold."""
    return "".join(c if c.isprintable() else "?" for c in str(job.get("id", "local")))


def facts(**named: object) -> dict[str, object]:
    """Return values for `extra` of a logging call, which a machine reads from the line by their names."""
    return {"facts": named}


def configure(level: str, as_json: bool, environ: Mapping[str, str]) -> None:
    """Send the log of this process to standard error.

    Args:
        environ: where secrets are looked for, by their variables' names.
    """
    hide = hider(environ)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(hide) if as_json else ReadableLines(hide))
    handler.addFilter(_with_job_id)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


class JsonLines(JsonFormatter):
    """`time`, `level`, `logger`, `message`, `requestId` as the SDK's own lines have it, and the facts."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s %(requestId)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"},
            json_ensure_ascii=False,
        )
        self._hide = hide

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        told = log_data.pop("facts", {})
        return {name: without_addresses(v) if isinstance(v, str) else v for name, v in (log_data | told).items()}

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


class ReadableLines(logging.Formatter):
    """Time, level, logger, the job's id if there is one, message, and the facts as `name=value`."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._hide = hide

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        job = f" [{record.__dict__['requestId']}]" if record.__dict__["requestId"] else ""
        told = "".join(f" {name}={value}" for name, value in getattr(record, "facts", {}).items())
        record.message = without_addresses(record.message)
        return printable(f"{super().formatMessage(record)}{told}{job}")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        lines = without_addresses(super().formatException(ei)).split("\n")
        return "\n".join(f"    {printable(line)}" for line in lines)

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


def _with_job_id(record: logging.LogRecord) -> bool:
    record.requestId = _job_id.get()
    return True
