"""What the log looks like: one JSON object a line on the platform, lines to read in a terminal.

Knows nothing of what is logged. Whatever it is, the values of secret variables and the queries of addresses, which may
be signatures, are not in it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from pythonjsonlogger.json import JsonFormatter

OURS = ("voiceclone", "runpod-handler", "s3_utils")
"""Loggers whose level can be chosen. Others only warn: boto3's debug lines, for one, quote signatures."""
MIN_SECRET = 8
"""Characters. A shorter value is a word that may stand anywhere."""
HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?\"'<>\\]+|/[^\s?\"'<>\\]*)\?[^\s\"'<>\\]+", re.IGNORECASE)
_USER = re.compile(r"(\w://)[^\s/@\"'<>\\]+@")

_job_id: ContextVar[str | None] = ContextVar("job_id", default=None)


@contextmanager
def about_job(job_id: str) -> Iterator[None]:
    """Whatever is logged within carries the job's id."""
    token = _job_id.set(job_id)
    try:
        yield
    finally:
        _job_id.reset(token)


def id_of(job: Mapping[str, Any]) -> str:
    """The job's id, whatever it is, in one line that UTF-8 can hold."""
    return "".join(c if c.isprintable() else "?" for c in str(job.get("id", "local")))


def facts(**named: object) -> dict[str, object]:
    """For `extra` of a logging call: values that a machine reads from the line by their names."""
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


def hider(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes secrets out of a line, however they are quoted there."""
    values = {v.strip() for name, v in environ.items() if _SECRET_NAME.search(name) and len(v.strip()) >= MIN_SECRET}
    quoted = {form for value in values for form in _written(value)}
    # The longest first: one secret may be the beginning of another.
    secrets = re.compile("|".join(map(re.escape, sorted(quoted, key=len, reverse=True)))) if quoted else None

    def hide(line: str) -> str:
        line = _USER.sub(rf"\1{HIDDEN}@", _QUERY.sub(rf"\1?{HIDDEN}", line))
        return secrets.sub(HIDDEN, line) if secrets else line

    return hide


def _written(value: str) -> tuple[str, ...]:
    """All the ways in which a text stands in a line."""
    in_json = (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    return value, quote(value), quote(value, safe=""), *(text[1:-1] for text in in_json)


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
        return {**log_data, **told}

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
        return f"{super().formatMessage(record)}{told}{job}"

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


def _with_job_id(record: logging.LogRecord) -> bool:
    record.requestId = _job_id.get()
    return True
