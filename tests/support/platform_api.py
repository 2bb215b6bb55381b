"""A stand-in for the platform's REST API v2 on loopback: endpoints, and what they are made of.

It is held to the published contract: every request and every answer is validated by the project's own contract.json,
and by the platform's whole OpenAPI document where RUNPOD_OPENAPI names a file. What differs fails the test, at the end
of its `with`. The contract's rules in prose are kept as well. It misbehaves on request.
"""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections import defaultdict, deque

from openapi import Contract, documents

KEY = "rpa_KEY-OF-THE-ACCOUNT"
VOLUME = {"id": "vol1", "name": "voices", "size": 50, "dataCenter": "EU-RO-1", "type": "STANDARD"}
GPUS = {
    "ADA_24": {"NVIDIA GeForce RTX 4090": "RTX 4090"},
    "AMPERE_24": {"NVIDIA L4": "L4", "NVIDIA RTX A5000": "RTX A5000", "NVIDIA GeForce RTX 3090": "RTX 3090"},
    "ADA_48_PRO": {"NVIDIA L40": "L40", "NVIDIA L40S": "L40S", "NVIDIA RTX 6000 Ada Generation": "RTX 6000 Ada"},
    "AMPERE_80": {"NVIDIA A100 80GB PCIe": "A100 PCIe", "NVIDIA A100-SXM4-80GB": "A100 SXM"},
    None: {"NVIDIA GeForce RTX 3070": "RTX 3070", "AMD Instinct MI300X OAM": "MI300X"},
}
REQUEST_URLS = {
    "QUEUE": {
        "run": "https://api.runpod.ai/v2/ID/run",
        "runSync": "https://api.runpod.ai/v2/ID/runsync",
        "status": "https://api.runpod.ai/v2/ID/status/{job_id}",
        "stream": "https://api.runpod.ai/v2/ID/stream/{job_id}",
        "cancel": "https://api.runpod.ai/v2/ID/cancel/{job_id}",
        "retry": "https://api.runpod.ai/v2/ID/retry/{job_id}",
        "purgeQueue": "https://api.runpod.ai/v2/ID/purge-queue",
        "health": "https://api.runpod.ai/v2/ID/health",
    },
    "LOAD_BALANCER": {"base": "https://ID.api.runpod.ai", "health": "https://ID.api.runpod.ai/ping"},
}


def catalogue():
    return [_gpu(pool, id, name) for pool, types in GPUS.items() for id, name in types.items()]


def _gpu(pool, id, name):
    return {
        "id": id,
        "name": name,
        "pool": pool,
        "manufacturer": id.partition(" ")[0],
        "memory": 24,
        "secure": True,
        "community": False,
        "price": {"secure": 0.5, "community": 0.4},
        "maxCount": {"secure": 8, "community": 4},
    }


CONTRACTS = [Contract(document) for document in documents()]


class Refusal(Exception):
    def __init__(self, status, detail):
        self.status, self.detail = status, detail


class PlatformApi:
    """Use as a context manager."""

    def __init__(self):
        self.endpoints = []
        self.volumes, self.registries = [dict(VOLUME)], [{"id": "reg1", "name": "mine"}]
        self.gpus = catalogue()
        self.workers = dict.fromkeys(["running", "idle", "initializing", "throttled", "unhealthy"], 0)
        self.faults = defaultdict(deque)
        """By (method, kind), for the requests to come: a status; "lost", not taken and not answered; "unheard", taken
        and not answered; "nameless", taken and answered without an id; "hold", neither before `release`."""
        self.requests = []
        """(method, kind, body)"""
        self.violations = []
        """Of the contract."""
        self.is_faithful = True
        """False: its answers need not be the contract's."""
        self.held, self.release = threading.Event(), threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self.url = f"http://127.0.0.1:{self._server.server_port}/v2"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert self.violations == []

    def count(self, method):
        return sum(request[0] == method for request in self.requests)

    def listed(self, kind):
        match kind:
            case "serverless":
                return {"endpoints": self.endpoints}
            case "network-volumes":
                return {"networkVolumes": self.volumes}
            case "registries":
                return {"registries": self.registries}
            case "catalog/gpus":
                return {"gpus": self.gpus}
            case "serverless/workers":
                states = [state for state, number in self.workers.items() for _ in range(number)]
                return {
                    "workers": [
                        {"id": f"worker-{i}", "status": state.upper(), "gpuCount": 1, "isStale": False}
                        for i, state in enumerate(states)
                    ],
                    "summary": {**self.workers, "total": len(states)},
                }

    def _make(self, body):
        id = f"endpoint-{len(self.requests)}"
        made = {
            "id": id,
            "requestUrls": {name: url.replace("ID", id) for name, url in REQUEST_URLS[body["type"]].items()},
            "args": "",
            "ports": [],
            "env": {},
            "registry": None,
            "gpu": {"pools": [], "allowedCudaVersions": [], "minCudaVersion": None},
            "workers": {"min": 0, "max": 3, "idleTimeout": 10},
            "dataCenterIds": [],
            "networkVolumes": [],
            "timeout": 300_000,
            "flashboot": "OFF",
            "createdAt": "2026-06-01T12:00:00Z",
        }
        changed = self._changed(made, body)
        self.endpoints.append(changed)
        return 201, changed

    def _change(self, id, body):
        kept = next(each for each in self.endpoints if each["id"] == id)
        kept.update(self._changed(kept, body))
        return 200, kept

    def _changed(self, kept, body):
        """The contract's rules in prose."""
        made = {**kept, **body}
        if gpu := body.get("gpu"):
            selection = {} if "pools" in gpu else kept["gpu"]  # one replaces the other as a whole
            made["gpu"] = {"allowedCudaVersions": [], "minCudaVersion": None, **selection, **gpu}
            if "pools" in gpu and "allowedCudaVersions" not in gpu:
                made["gpu"]["allowedCudaVersions"] = kept["gpu"]["allowedCudaVersions"]
            types = {each["id"] for each in self.gpus if each["pool"] in made["gpu"]["pools"]}
            excluded = set(made["gpu"].get("excludedTypes", []))
            if not excluded <= types or types == excluded:
                raise Refusal(400, "excludedTypes: not of the pools, or all of them")
            if made["gpu"]["allowedCudaVersions"] and made["gpu"]["minCudaVersion"]:
                raise Refusal(400, "a set of versions and a floor exclude each other")
        if "workers" in body:
            made["workers"] = {**kept["workers"], **body["workers"]}
        if made["type"] == "QUEUE" and made["scaling"]["type"] == "REQUEST_COUNT":
            if "idleTimeout" in body.get("workers", {}):
                raise Refusal(400, "workers.idleTimeout: not for a queue that scales on requestCount")
            made["workers"].pop("idleTimeout", None)
        if made["type"] == "LOAD_BALANCER" and made["scaling"]["type"] != "REQUEST_COUNT":
            raise Refusal(400, "a load balancer scales on requestCount")
        if not set(made["networkVolumes"]) <= {volume["id"] for volume in self.volumes}:
            raise Refusal(404, "no such network volume")
        return made

    def _handler(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer goes out as one packet, and nobody waits for the second

            def _serve(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                found = re.fullmatch(r"/v2/(?:(serverless)/([^/]+)(/\w+)?|([\w/-]+))", self.path)
                kind, id = (found[4], None) if found[4] else (found[1] + (found[3] or ""), found[2])
                api.requests.append((self.command, kind, body))
                faults = api.faults[self.command, kind]
                fault = faults.popleft() if faults else None
                if fault == "hold":
                    api.held.set()
                    api.release.wait()
                if fault in {"hold", "lost"}:
                    return self._hang_up()
                try:
                    status, answer = self._done(kind, id, body, fault)
                except Refusal as e:
                    title = self.responses[e.status][0]
                    status = e.status
                    answer = {"title": title, "status": status, "detail": e.detail, "errors": ["why"]}
                if api.is_faithful:
                    for contract in CONTRACTS:
                        api.violations += contract.problems(self.command, self.path, body, status, answer)
                if fault == "nameless":
                    answer = {"name": body["name"]}
                return self._hang_up() if fault == "unheard" else self._answer(status, answer)

            def _done(self, kind, id, body, fault):
                if self.headers["Authorization"] != f"Bearer {KEY}":
                    raise Refusal(401, "missing bearer token")
                if isinstance(fault, int):
                    raise Refusal(fault, f"as told, of {json.dumps(body)}")
                if self.command == "GET":
                    return 200, api.listed(kind)
                if self.command == "POST":
                    return api._make(body)
                return api._change(id, body)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the server's names

            def _hang_up(self):
                self.close_connection = True

            def _answer(self, status, answer):
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        return Handler
