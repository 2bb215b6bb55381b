"""Which address leads where, and what guards it."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from voiceclone.server import catalog, job_api, page, pieces, speaking
from voiceclone.server.answers import refused
from voiceclone.server.dialect import Refusal
from voiceclone.server.guard import Bodies, Keys, Origins
from voiceclone.server.metrics import CONTENT_TYPE
from voiceclone.server.requests import Requests
from voiceclone.server.site import Site, site_of

CORS: dict[str, Any] = {
    "allow_methods": ["*"],
    "allow_headers": ["*"],
    "expose_headers": ["x-request-id", "x-seed", "retry-after"],
}


async def ping(request: Request) -> Response:
    """Tell whether this process speaks: 204 while it loads, 200, or 503 with the reason."""
    site = site_of(request)
    if site.is_loading:
        return Response(status_code=204)
    if site.unfit is not None:
        return JSONResponse({"status": "unhealthy", "reason": site.unfit}, 503)
    if site.is_closing:
        return JSONResponse({"status": "closing"}, 503)
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    """Tell what an operator watches."""
    return Response(site_of(request).metrics.page(), media_type=CONTENT_TYPE)


async def greeting(_request: Request) -> Response:
    """Tell what is here: LiveKit warms up its connection with this."""
    return PlainTextResponse("voiceclone: POST /v1/audio/speech\n")


ROUTES: list[BaseRoute] = [
    Route("/", page.page),
    Route("/v1/", greeting),
    Mount("/page", page.Files()),
    Route("/ping", ping),
    Route("/metrics", metrics),
    Route("/v1/audio/speech", speaking.speech, methods=["POST"]),
    WebSocketRoute("/v1/audio/speech/stream", pieces.stream),
    Route("/v1/models", catalog.models),
    Route("/v1/audio/models", catalog.audio_models),
    Route("/v1/audio/voices", catalog.voices, methods=["GET"]),
    Route("/v1/audio/voices", catalog.add_voice, methods=["POST"]),
    Route("/v1/audio/voices/{name}", catalog.delete_voice, methods=["DELETE"]),
    Route("/run", job_api.run, methods=["POST"]),
    Route("/runsync", job_api.runsync, methods=["POST"]),
    Route("/status/{job_id}", job_api.status),
    Route("/cancel/{job_id}", job_api.cancel, methods=["POST"]),
    Route("/health", job_api.health),
]


def application(site: Site) -> Starlette:
    """Return the server's routes, behind what guards them."""
    settings = site.settings
    guards = [Middleware(Requests)]
    if settings.cors_origins:  # before the key: a browser asks first without it
        guards.append(Middleware(CORSMiddleware, allow_origins=settings.cors_origins, **CORS))
    if not settings.knows_callers:
        guards.append(Middleware(Origins, named=settings.cors_origins))
    key = settings.api_key.get_secret_value() if settings.api_key else None
    guards += [Middleware(Keys, key=key), Middleware(Bodies, limits=site.limits)]
    handlers: Any = {Refusal: _refused, HTTPException: _not_found}
    app = Starlette(routes=ROUTES, middleware=guards, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.site = site
    return app


async def _refused(_request: Request, error: Refusal) -> Response:
    return refused(error)


async def _not_found(request: Request, error: HTTPException) -> Response:
    """Tell in the dialect what Starlette itself refuses."""
    told = {
        404: f"there is no {request.url.path[:100]}: see docs/http.md for what there is",
        405: f"{request.method} is not for this address",
    }
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_input")
    message = told.get(error.status_code, str(error.detail))
    return refused(Refusal(message, error.status_code, code, headers=error.headers or {}))
