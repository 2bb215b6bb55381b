"""The platform's REST API, as far as it is needed here: templates, endpoints and network volumes.

Knows no plan. Questions are asked again where the platform is busy. What makes something new is not: whether it was
made is looked up by its name before a second try, so that nothing is made twice. Errors hold no secrets.

The fields are those of the platform's OpenAPI document, https://rest.runpod.io/v1/openapi.json.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Literal

import requests
from bearer import Bearer
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from voiceclone.fetch import BUSY

Kind = Literal["templates", "endpoints"]

TRIES = 4
TIMEOUT_S = (10, 60)
"""To connect, and for the answer."""
LONGEST_REASON = 300


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

    def find(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """The template or endpoint of this name, with its `id`; None if there is none.

        Raises PlatformError, also for several.
        """
        # A template that an endpoint uses is left out otherwise. An endpoint's name may have got " -fb", for FlashBoot.
        names = {name, f"{name} -fb"} if kind == "endpoints" else {name}
        query = {"includeEndpointBoundTemplates": "true"} if kind == "templates" else {}
        found = [each for each in self._list(kind, query) if each.get("name") in names]
        if len(found) > 1:
            ids = ", ".join(str(each.get("id")) for each in found)
            raise PlatformError(f"there are {len(found)} {kind} named {name} ({ids}): rename or remove all but one")
        return found[0] if found else None

    def volumes(self) -> list[dict[str, Any]]:
        """All network volumes: `id`, `name`, `dataCenterId`, `size` in GB. Raises PlatformError."""
        return self._list("networkvolumes", {}, ("id", "dataCenterId"))

    def create(self, kind: Kind, body: dict[str, Any]) -> str:
        """Make a template or an endpoint, once; returns its id. Raises PlatformError."""
        for turn in range(1, TRIES):
            try:
                return self._make(kind, body)
            except _Unsure:
                time.sleep(self._wait_s * turn)
                if made := self.find(kind, body["name"]):
                    return str(made["id"])
        return self._make(kind, body)

    def change(self, kind: Kind, id: str, body: dict[str, Any]) -> None:
        """Change fields of a template or an endpoint. Raises PlatformError; to try again does no harm."""
        self._call("PATCH", f"{kind}/{id}", body)

    def _make(self, kind: Kind, body: dict[str, Any]) -> str:
        made = self._call("POST", kind, body)
        if not isinstance(made, dict) or not made.get("id"):
            raise _Unsure(f"POST /{kind}: the answer names no id: look in the console, then run this again")
        return str(made["id"])

    def _list(self, path: str, query: dict[str, str], needed: tuple[str, ...] = ("id",)) -> list[dict[str, Any]]:
        found = self._call("GET", path, query=query)
        whole = isinstance(found, list) and all(isinstance(each, dict) and all(map(each.get, needed)) for each in found)
        if not whole:
            raise PlatformError(f"the platform's list of {path} cannot be read: check RUNPOD_REST_API_URL")
        return found

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, str] | None = None
    ) -> Any:
        what = f"{method} /{path}"
        try:
            answer = self._session.request(
                method,
                f"{self._url}/{path}",
                json=body,
                params=query,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as e:  # its own words may quote the request
            raise _Unsure(f"{what}: {type(e).__name__}: check the network, then run this again") from None
        if answer.status_code in BUSY:
            raise _Unsure(f"{what}: the platform answered {answer.status_code}: run this again later")
        if answer.status_code in {401, 403}:
            raise PlatformError(f"{what}: refused ({answer.status_code}): check RUNPOD_API_KEY and what it may do")
        if not answer.ok:
            raise PlatformError(f"{what}: refused ({answer.status_code}): {self._shown(answer.text)}")
        try:
            return answer.json()
        except requests.JSONDecodeError:
            raise _Unsure(f"{what}: the answer is no JSON: check RUNPOD_REST_API_URL, then run this again") from None

    def _shown(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "(hidden)")
        return " ".join(text.split())[:LONGEST_REASON]
