"""Audio and subtitles of a reply, by whichever way they come: as links, or inside it.

Knows nothing of jobs, and has no key: links open by themselves.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from voiceclone import files
from voiceclone.addresses import SWITCH, may_lead_to
from voiceclone.client.bodies import body_of, session_with, within
from voiceclone.client.errors import JobFailed, NoWorker, ResultGone
from voiceclone.http import BUSY
from voiceclone.subtitles import FORMATS
from voiceclone.types import Reply

TIMEOUTS_S = (10, 60)
"""To connect, and between two pieces of an answer."""
TRIES = 3
"""Of a download that breaks off."""
MAX_REDIRECTS = 5
MAX_AUDIO_BYTES = 1_100_000_000
"""Three hours at 48 kHz as wav."""
MAX_SUBTITLES_BYTES = 50_000_000
MOST_S = 3600
"""A download takes no longer, with all its redirects and tries."""
BEGINNINGS = {
    "wav": re.compile(b"RIFF....WAVE", re.DOTALL),
    "flac": re.compile(b"fLaC"),
    "mp3": re.compile(b"ID3|\xff[\xe0-\xff]"),
    "ogg": re.compile(b"OggS"),
    "opus": re.compile(b"OggS"),
    "aac": re.compile(b"ID3|\xff[\xf0-\xff]"),
}
"""How files of these formats begin."""


@dataclass(frozen=True)
class Result:
    """What a job has made."""

    audio: bytes
    subtitles: dict[str, str]
    """By their endings."""

    def require(self, audio_format: str | None) -> Result:
        """Return itself. Raises JobFailed where there is no sound of this format in it; None: any."""
        begins = BEGINNINGS.get(audio_format or "")
        if not self.audio or (begins is not None and not begins.match(self.audio)):
            raise JobFailed(
                f"what came is no {audio_format or 'audio'}: name the file by the format that the job has asked for, or"
                " look at who answers"
            )
        return self


def read(
    reply: Reply, audio_format: str | None = None, kinds: Collection[str] = FORMATS, inside: bool = False
) -> Result:
    """Fetch what a reply of `replies` holds or links to, whole; nothing is read from this machine.

    Args:
        audio_format: what the audio has to be; None: anything.
        kinds: of the subtitles that are wanted.
        inside: whether links may lead into this network.

    Raises:
        ResultGone: a link has expired, or the worker could keep the speech only where this machine does not reach.
        NoWorker: the storage cannot be reached.
        JobFailed: there is no audio in the reply, or it is no audio, or a link leads where no result may lie.
    """
    subtitles: dict[str, str] = {kind: each for kind, each in reply.get("subtitles", {}).items() if kind in kinds}
    if url := reply.get("audio_url"):
        audio = download(url, inside=inside)
        try:
            texts = {kind: download(link, MAX_SUBTITLES_BYTES, inside).decode() for kind, link in subtitles.items()}
        except UnicodeDecodeError as e:
            raise JobFailed("the subtitles are no text: look at who answers") from e
        return Result(audio, texts).require(audio_format)
    if encoded := reply.get("audio_base64"):
        try:
            return Result(base64.b64decode(encoded, validate=True), subtitles).require(audio_format)
        except ValueError as e:
            raise JobFailed("the audio inside the reply is damaged") from e
    if reply.get("audio_path"):
        raise ResultGone(_elsewhere(reply))
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


def download(url: str, max_bytes: int | None = None, inside: bool = False) -> bytes:
    """Return the whole of what a link leads to.

    Args:
        inside: whether it may lead into this network or to this machine, as the endpoint that was asked lies there.

    Raises:
        ResultGone: it has expired.
        JobFailed: it leads where no result may lie.
        NoWorker: the storage cannot be reached.
    """

    def judge(address: str) -> None:
        if not may_lead_to(address, inside):
            cure = f"; if the store is yours, set {SWITCH}=true" if may_lead_to(address, inside=True) else ""
            raise JobFailed(f"a link of the reply leads to {address}, which is not public: look at who answers{cure}")

    with session_with(TRIES, judge, backoff_factor=0.5, backoff_jitter=0.5, status_forcelist=BUSY) as session:
        return within(MOST_S, lambda: _download(session, url, max_bytes or MAX_AUDIO_BYTES))


def _download(session: requests.Session, url: str, max_bytes: int) -> bytes:
    broken: list[str] = []
    redirects = 0
    while len(broken) < TRIES:
        try:
            with session.get(url, timeout=TIMEOUTS_S, stream=True) as answer:
                if answer.is_redirect:
                    url, redirects = urljoin(url, answer.headers["Location"]), redirects + 1
                elif answer.ok:
                    return body_of(answer, max_bytes)
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as e:
            broken.append(type(e).__name__)
            continue
        # ValueError and urllib3's own: for an address that cannot be one.
        except (requests.RequestException, HTTPError, ValueError) as e:
            # Its own words would repeat the link, signature and all.
            raise NoWorker(f"the storage of the result cannot be reached ({type(e).__name__}): try again") from e
        if answer.status_code in (403, 404, 410):
            raise ResultGone(f"the link to the result is no longer valid ({answer.status_code})")
        if not answer.is_redirect:
            raise NoWorker(f"the storage of the result answered {answer.status_code}: try again")
        if redirects > MAX_REDIRECTS:
            raise NoWorker(f"the link to the result leads on more than {MAX_REDIRECTS} times: look at who answers")
    raise NoWorker(f"the result broke off {TRIES} times on its way ({broken[-1]}): try again")
