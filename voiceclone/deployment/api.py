"""The platform's REST API v2, as far as it is needed here: endpoints, their workers, and what a file may name.

Knows no plan. Questions are asked again where the platform is busy. What makes something new is not: whether it was
made is looked up by its name before a second try, so that nothing is made twice. Errors hold no secrets.

What is sent and what is read stands in contract.json.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from voiceclone.http import BUSY, Bearer

TRIES = 4
TIMEOUT_S = (10, 60)
"""To connect, and for the answer."""
LONGEST_REASON = 300
_PAGES = re.compile("next|cursor|more|page", re.IGNORECASE)
"""How the field would be called that tells of further pages. The contract knows none."""


class PlatformError(Exception):
    """The platform refused, or did not answer."""


class _Unsure(PlatformError):
    """Whether it was done is not known."""


class Platform:
    """Speaks for the owner of one API key."""

    def __init__(self, url: str, key: str, secrets: Iterable[str] = (), wait_s: float = 2.0) -> None:
        """`secrets` are kept out of errors, as the key is; between two tries lie `wait_s` seconds and more."""
        self._url = url.rstrip("/")
        self._hidden = sorted({key, *secrets} - {""}, key=len, reverse=True)
        self._wait_s = wait_s
        self._session = requests.Session()
        self._session.auth = Bearer(key)
        retry = Retry(
            total=TRIES - 1,
            allowed_methods={"GET"},
            status_forcelist=BUSY,
            backoff_factor=wait_s / 2,
            backoff_jitter=wait_s / 4,
            raise_on_status=False,
        )
        self._session.mount(self._url, HTTPAdapter(max_retries=retry))

    def find(self, name: str) -> dict[str, Any] | None:
        """Return the endpoint of this name, None if there is none. Raises PlatformError, also for several."""
        # The API's first version, and the console, wrote " -fb" behind a name for FlashBoot.
        names = {name, f"{name} -fb"}
        found = [each for each in self._list("serverless", "endpoints", ("id", "workers")) if each.get("name") in names]
        if len(found) > 1:
            ids = ", ".join(str(each["id"]) for each in found)
            raise PlatformError(f"there are {len(found)} endpoints named {name} ({ids}): rename or remove all but one")
        return found[0] if found else None

    def volumes(self) -> list[dict[str, Any]]:
        """Return all network volumes, each with `id`, `name` and `dataCenter`. Raises PlatformError."""
        return self._list("network-volumes", "networkVolumes", ("id", "dataCenter"))

    def registries(self) -> list[dict[str, Any]]:
        """Return the credentials for registries, each with `id` and `name`. Raises PlatformError."""
        return self._list("registries", "registries")

    def gpus(self) -> list[dict[str, Any]]:
        """Return all types of GPUs, each with `id`, `name`, `pool` and `manufacturer`. Raises PlatformError."""
        return self._list("catalog/gpus", "gpus", ("id", "name", "manufacturer"))

    def workers(self, endpoint_id: str) -> Mapping[str, int]:
        """Count an endpoint's workers by what they do, and all of them as `total`. Raises PlatformError."""
        found = self._call("GET", f"serverless/{endpoint_id}/workers")
        summary = found.get("summary") if isinstance(found, dict) else None
        if not isinstance(summary, dict):
            raise PlatformError("the platform's list of workers cannot be read: check RUNPOD_REST_API_URL")
        return summary

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make an endpoint, once; returns it. Raises PlatformError."""
        for turn in range(1, TRIES):
            try:
                return self._make(body)
            except _Unsure:
                time.sleep(self._wait_s * turn)
                if made := self.find(body["name"]):
                    return made
        return self._make(body)

    def change(self, endpoint_id: str, body: dict[str, Any]) -> None:
        """Change fields of an endpoint. Raises PlatformError; to try again does no harm."""
        self._call("PATCH", f"serverless/{endpoint_id}", body)

    def _make(self, body: dict[str, Any]) -> dict[str, Any]:
        made = self._call("POST", "serverless", body)
        if not isinstance(made, dict) or not made.get("id"):
            raise _Unsure("POST /serverless: the answer names no id: look in the console, then run this again")
        return made

    def _list(self, path: str, kind: str, needed: tuple[str, ...] = ("id",)) -> list[dict[str, Any]]:
        answer = self._call("GET", path)
        found = answer.get(kind) if isinstance(answer, dict) else None
        if not isinstance(found, list) or not all(isinstance(e, dict) and all(map(e.get, needed)) for e in found):
            raise PlatformError(f"the platform's list of {kind} cannot be read: check RUNPOD_REST_API_URL")
        if more := [name for name, value in answer.items() if value and _PAGES.search(name)]:
            raise PlatformError(f"the platform's list of {kind} goes on ({more[0]}), which is new: update the project")
        return found

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        what = f"{method} /{path}"
        try:
            answer = self._session.request(
                method, f"{self._url}/{path}", json=body, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as e:  # its own words may quote the request
            raise _Unsure(f"{what}: {type(e).__name__}: check the network, then run this again") from None
        match answer.status_code:
            case status if status in BUSY:
                raise _Unsure(f"{what}: the platform is busy ({self._reason(answer)}): run this again later")
            case 401 | 403:
                reason = self._reason(answer)
                raise PlatformError(f"{what}: refused ({reason}): check RUNPOD_API_KEY and what it may do")
            case 410:
                raise PlatformError(
                    f"{what}: the platform has retired this version of its API (410): update the project, or check"
                    " RUNPOD_REST_API_URL"
                )
            case _ if not answer.ok or answer.is_redirect:
                raise PlatformError(f"{what}: refused ({self._reason(answer)})")
        try:
            return answer.json()
        except requests.JSONDecodeError:
            raise _Unsure(f"{what}: the answer is no JSON: check RUNPOD_REST_API_URL, then run this again") from None

    def _reason(self, answer: requests.Response) -> str:
        """Return the status and what a problem document (RFC 9457) or another text says, without secrets."""
        text = answer.text
        with suppress(requests.JSONDecodeError):
            problem = answer.json()
            if isinstance(problem, dict) and "title" in problem:
                errors = problem.get("errors") or []
                text = "; ".join(map(str, filter(None, [problem["title"], problem.get("detail"), *errors])))
        for secret in self._hidden:
            text = text.replace(secret, "(hidden)")
        return " ".join(f"{answer.status_code} {text}".split())[:LONGEST_REASON]
