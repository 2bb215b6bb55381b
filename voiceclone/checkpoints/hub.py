"""How the hub is asked: its answers, its refusals, its moods.

Knows nothing of volumes. The environment is read here, and told to the hub's client, nowhere else.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from voiceclone.background import in_background
from voiceclone.errors import ModelUnavailable
from voiceclone.http import retry_context
from voiceclone.keys import key_in

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

log = logging.getLogger(__name__)

T = TypeVar("T")

UNREACHABLE = (ConnectionError, TimeoutError, RuntimeError)
"""What the hub's client raises beside its own errors; Xet's part of it says RuntimeError for nearly everything."""
XET_TRIES = "2"
"""Of a request to Xet's store; the client's own five take minutes where it cannot be reached."""


class HubUnreachable(ModelUnavailable):
    """A file is missing and the hub could not be asked for it."""


@dataclass(frozen=True)
class Hub:
    """How the hub and the other workers on the volume are dealt with."""

    endpoint: str | None = None
    """None: HF_ENDPOINT, or the public hub."""
    answer_s: float = 8.0
    """How long the hub may take for a question, name look-up and every address it has included."""
    patience_s: float = 120.0
    """How long a hub that is busy is waited for, with its own word on when to ask again."""
    beat_s: float = 5.0
    """How often the worker that downloads gives a sign of life."""
    stale_s: float = 30.0
    """Without a sign for so long, another worker takes the download over."""
    may_be_asked: bool = True
    """False where it is only looked what is on a volume: then nothing is downloaded."""

    def ask(self, repo_id: str, revision: str, file: str) -> HfFileMetadata:
        """Return the hub's word on a file: its commit, size and ETag. Raises ModelUnavailable or HubUnreachable."""
        if not self.may_be_asked:
            raise HubUnreachable("not all of it is on the volume")
        try:
            key_in(os.environ, "HF_TOKEN")
        except ValueError as e:
            raise ModelUnavailable(str(e)) from e
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        endpoint, answer_s = self.endpoint, self.answer_s
        url = hf_hub_url(repo_id, file, revision=revision, endpoint=endpoint)
        with hub_errors(repo_id, revision, file):
            published = self.patiently(
                lambda: _within(answer_s, lambda: get_hf_file_metadata(url, timeout=answer_s, endpoint=endpoint))
            )
        if not published.commit_hash or not published.etag:
            raise HubUnreachable(f"what answers for {repo_id} is no hub: look for a proxy or a log-in page in between")
        return published

    def patiently(self, call: Callable[[], T]) -> T:
        """Return the call's result; a hub that is busy is waited for."""
        for attempt in retry_context(_busy_for, attempts=None, timeout=self.patience_s, wait_initial=1):
            with attempt:
                return call()
        raise AssertionError("the last attempt returns or raises")


def use_models_dir(models_dir: Path) -> None:
    """Let the hub's client keep everything below a directory of the volume. To be called before it is imported."""
    os.environ["HF_HOME"] = str(models_dir)
    os.environ["HF_HUB_CACHE"] = str(models_dir / "hub")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # it asks the hub even where nothing is to be fetched
    os.environ.setdefault("HF_XET_CLIENT_RETRY_MAX_ATTEMPTS", XET_TRIES)


@contextmanager
def hub_errors(repo_id: str, revision: str, file: str) -> Iterator[None]:
    """Say what the hub's refusals mean here. Its own texts are left out: they may hold signed URLs."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled as e:
        raise HubUnreachable("HF_HUB_OFFLINE is set, so the hub may not be asked: unset it to download") from e
    except errors.GatedRepoError as e:
        raise ModelUnavailable(
            f"{repo_id} is gated: accept its terms on its page and set HF_TOKEN to a token of the same account"
        ) from e
    except errors.RevisionNotFoundError as e:
        raise ModelUnavailable(f"{repo_id} has no revision {revision}: give F5_REVISION another, or unset it") from e
    except errors.RemoteEntryNotFoundError as e:
        raise ModelUnavailable(f"{repo_id} has no {file} at {revision}: give another revision") from e
    except errors.RepositoryNotFoundError as e:
        raise ModelUnavailable(f"the hub shows no repository {repo_id}: if it is private, set HF_TOKEN") from e
    except errors.HfHubHTTPError as e:
        status = e.response.status_code
        if status in {401, 403}:
            raise ModelUnavailable(f"the hub refused {repo_id} ({status}): check HF_TOKEN") from e
        advice = "" if os.environ.get("HF_TOKEN") else ", and set HF_TOKEN: anonymous addresses share a small allowance"
        raise HubUnreachable(f"the hub answered {status} for {repo_id}: try again later{advice}") from e
    except (*UNREACHABLE, httpx2.HTTPError, errors.LocalEntryNotFoundError, errors.FileMetadataError) as e:
        cause = e.__cause__ if isinstance(e, errors.LocalEntryNotFoundError) and e.__cause__ else e
        raise HubUnreachable(f"{hosts_of(cause)} cannot be reached ({type(cause).__name__}): check the network") from e
    except OSError as e:
        if e.errno is None:  # the client's word for fewer bytes than were announced
            raise HubUnreachable(f"{file} of {repo_id} did not arrive whole ({type(e).__name__}): try again") from e
        raise


def _busy_for(error: Exception) -> bool | float:
    """Return whether the hub asks to be left alone for a while, and for how many seconds if it says so."""
    from huggingface_hub import errors

    busy = error if isinstance(error, errors.HfHubHTTPError) else error.__cause__
    if not isinstance(busy, errors.HfHubHTTPError) or busy.response.status_code not in {429, 503}:
        return False
    told = busy.response.headers.get("Retry-After", "")
    log.info("the hub is busy (%d), it is asked again%s", busy.response.status_code, f" in {told} s" if told else "")
    return float(told) if told.isdecimal() else True


def errno_of(error: OSError | RuntimeError) -> int | None:
    """Return the number of an error of the disk; Xet's client tells it in words, and those of the network too."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"IO Error: .*\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


def hosts_of(error: BaseException) -> str:
    """Return the hosts that an error names, without the rest of their addresses, which may be signed."""
    request = getattr(error, "_request", None)
    text = f"{error} {request.url if request else ''}"
    return ", ".join(dict.fromkeys(re.findall(r"https?://([^/\s:?#)]+)", text))) or "the hub"


@contextmanager
def without_xet() -> Iterator[None]:
    """Let the client download as if it had no Xet; it reads its environment only once."""
    from huggingface_hub import constants

    before, constants.HF_HUB_DISABLE_XET = constants.HF_HUB_DISABLE_XET, True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return the call's result, or raise TimeoutError: a slow resolver and many addresses know no common deadline."""
    try:
        return in_background("hub", call).result(timeout=seconds)
    except FutureTimeout:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
