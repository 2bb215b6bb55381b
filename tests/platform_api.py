"""A stand-in for the platform's REST API on loopback: templates, endpoints and volumes, kept as the platform does.

It knows the quirks that matter: it takes only the fields that its OpenAPI document names, a template's name is unique,
a template in use is listed only on request, FlashBoot shows in an endpoint's name and nowhere else, and data centres
may come back as one string. It misbehaves on request.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections import defaultdict, deque
from urllib.parse import parse_qs, urlsplit

KEY = "rpa_KEY-OF-THE-ACCOUNT"
VOLUME = {"id": "vol1", "name": "voices", "dataCenterId": "EU-RO-1", "size": 50}
TEMPLATE = {"name", "imageName", "containerDiskInGb", "containerRegistryAuthId", "env", "isServerless", "volumeInGb"}
ENDPOINT = {
    "name", "templateId", "computeType", "gpuTypeIds", "gpuCount", "allowedCudaVersions", "networkVolumeId",
    "dataCenterIds", "workersMin", "workersMax", "idleTimeout", "executionTimeoutMs", "scalerType", "scalerValue",
    "flashboot",
}  # fmt: skip
TAKEN = {
    ("POST", "templates"): TEMPLATE,
    ("PATCH", "templates"): TEMPLATE - {"isServerless"},
    ("POST", "endpoints"): ENDPOINT,
    ("PATCH", "endpoints"): ENDPOINT - {"computeType"},
}


class PlatformApi:
    """Use as a context manager."""

    def __init__(self):
        self.templates, self.endpoints, self.networkvolumes = [], [], [dict(VOLUME)]
        self.faults = defaultdict(deque)
        """By (method, kind), for the requests to come: a status; "lost", not taken and not answered; "unheard", taken
        and not answered; "nameless", taken and answered without an id; "hold", neither before `release`."""
        self.requests = []
        """(method, kind, body)"""
        self.held, self.release = threading.Event(), threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, method):
        return sum(request[0] == method for request in self.requests)

    def _listed(self, kind, query):
        if kind == "templates" and query.get("includeEndpointBoundTemplates") != ["true"]:
            bound = {endpoint["templateId"] for endpoint in self.endpoints}
            return [template for template in self.templates if template["id"] not in bound]
        return getattr(self, kind)

    def _make(self, kind, body):
        if kind == "templates" and any(each["name"] == body["name"] for each in self.templates):
            return 400, {"error": "template name must be unique", "given": body}
        made = {"id": f"{kind}-{len(self.requests)}"}
        getattr(self, kind).append(made)
        return self._change(made, body)

    def _change(self, kept, body):
        flashboot = body.pop("flashboot", None)
        kept.update(body)
        if isinstance(kept.get("dataCenterIds"), list):
            kept["dataCenterIds"] = ",".join(kept["dataCenterIds"])
        if flashboot is not None:
            kept["name"] = kept["name"].removesuffix(" -fb") + " -fb" * flashboot
        return 200, kept

    def _handler(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self):
                path = urlsplit(self.path)
                kind, _, id = path.path.removeprefix("/v1/").partition("/")
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                api.requests.append((self.command, kind, body and dict(body)))
                if self.headers["Authorization"] != f"Bearer {KEY}":
                    return self._answer(401, {"error": "unauthorized"})
                faults = api.faults[self.command, kind]
                fault = faults.popleft() if faults else None
                if isinstance(fault, int):
                    return self._answer(fault, {"error": "as told", "given": body})
                if fault == "hold":
                    api.held.set()
                    api.release.wait()
                if fault in {"hold", "lost"}:
                    return self._hang_up()
                answer = self._done(kind, id, body, parse_qs(path.query))
                if fault == "nameless":
                    return self._answer(200, {"name": body["name"]})
                return self._hang_up() if fault == "unheard" else self._answer(*answer)

            def _done(self, kind, id, body, query):
                if self.command == "GET":
                    return 200, api._listed(kind, query)
                if unknown := body.keys() - TAKEN[self.command, kind]:
                    return 400, {"error": f"unknown fields {sorted(unknown)}"}
                if self.command == "POST":
                    return api._make(kind, body)
                return api._change(next(each for each in getattr(api, kind) if each["id"] == id), body)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the server's names

            def _hang_up(self):
                self.close_connection = True

            def _answer(self, status, answer):
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        return Handler
