"""Audio and subtitles of a reply, by whichever way they come: as links, inside it, or as files of this machine.

Knows nothing of jobs, and has no key: links open by themselves.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from voiceclone import files
from voiceclone.client.errors import JobFailed, NoWorker, ResultGone
from voiceclone.http import BUSY
from voiceclone.types import Reply

TIMEOUTS_S = (10, 60)
"""To connect, and between two pieces of an answer."""
TRIES = 3
"""Of a download that breaks off."""


@dataclass(frozen=True)
class Result:
    """What a job has made."""

    audio: bytes
    subtitles: dict[str, str]
    """By their endings."""


def read(reply: Reply) -> Result:
    """Fetch what a reply holds or leads to, whole.

    Raises:
        ResultGone: a link has expired, or the worker could keep the speech only where this machine does not reach.
        NoWorker: the storage cannot be reached.
        JobFailed: there is no audio in the reply.
    """
    subtitles: dict[str, str] = reply.get("subtitles", {})
    if url := reply.get("audio_url"):
        return Result(download(url), {ending: download(link).decode() for ending, link in subtitles.items()})
    if encoded := reply.get("audio_base64"):
        try:
            return Result(base64.b64decode(encoded, validate=True), subtitles)
        except binascii.Error as e:
            raise JobFailed("the audio inside the reply is damaged") from e
    if path := reply.get("audio_path"):
        try:
            return Result(Path(path).read_bytes(), {e: Path(file).read_text("utf-8") for e, file in subtitles.items()})
        except OSError as e:
            raise ResultGone(_elsewhere(reply)) from e
    raise JobFailed("the reply has no audio")


def _elsewhere(reply: Reply) -> str:
    if degraded := reply.get("degraded"):
        return (
            f"the speech is made, but could not be delivered: {degraded.get('reason')}. When the bucket is mended:"
            f" voiceclone result {reply.get('key')}"
        )
    return "the worker has written its result to a disk of its own: ask for --set delivery=base64, or give it a bucket"


def write_whole(path: Path, data: bytes) -> None:
    """A file that is there is whole. Raises OSError."""
    files.write_whole(path, lambda file: file.write(data))


def download(url: str) -> bytes:
    """The whole of what a link leads to: urllib3 compares with the length that was promised."""
    broken = ""
    with requests.Session() as session:
        patient = Retry(TRIES, backoff_factor=0.5, backoff_jitter=0.5, status_forcelist=BUSY)
        session.mount("http://", HTTPAdapter(max_retries=patient))
        session.mount("https://", HTTPAdapter(max_retries=patient))
        for _ in range(TRIES):
            try:
                answer = session.get(url, timeout=TIMEOUTS_S)
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as e:
                broken = type(e).__name__
                continue
            except requests.RequestException as e:
                # Its own words would repeat the link, signature and all.
                raise NoWorker(f"the storage of the result cannot be reached ({type(e).__name__}): try again") from e
            if answer.ok:
                return answer.content
            if answer.status_code in (403, 404, 410):
                raise ResultGone(f"the link to the result is no longer valid ({answer.status_code})")
            raise NoWorker(f"the storage of the result answered {answer.status_code}: try again")
    raise NoWorker(f"the result broke off {TRIES} times on its way ({broken}): try again")
