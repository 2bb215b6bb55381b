"""What there is: models and voices, and voices that come and go."""

from __future__ import annotations

import base64
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from voiceclone.server.dialect import OPENAI_MODELS, Refusal
from voiceclone.server.site import site_of
from voiceclone.types import Reply

CREATED = 1_728_345_600
"""When F5-TTS was published, in seconds since 1970: clients want a time, and no file of a model tells one."""
UPLOADED = {"audio_sample": "ref_audio", "name": "voice"}
"""Fields of an upload, and those of `add_voice`."""
TEXTS = {"name", "consent", "ref_text", "language", "overwrite"}


async def models(request: Request) -> Response:
    """List the model that speaks, and OpenAI's names for it."""
    own = site_of(request).worker.checkpoint.name
    listed = [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "voiceclone"} for name in (own, *OPENAI_MODELS)
    ]
    return JSONResponse({"object": "list", "data": listed})


async def audio_models(request: Request) -> Response:
    """List the model that speaks, as Open WebUI asks for it."""
    return JSONResponse({"models": [{"id": site_of(request).worker.checkpoint.name}]})


async def voices(request: Request) -> Response:
    """List the voices that may be named, those of VOICE_NAMES too."""
    site = site_of(request)
    reply = await site.answer(request.state.id, {"action": "list_voices"})
    there = [{"id": each["name"], **each} for each in reply["voices"]]
    called = [{"id": name, "name": name, "means": meant} for name, meant in site.settings.voice_names.items()]
    return JSONResponse({"voices": [*there, *called]})


async def add_voice(request: Request) -> Response:
    """Keep an uploaded recording as a voice, with its check-up."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refusal("send multipart/form-data, with audio_sample (a file) and name")
    site = site_of(request)
    async with request.form(max_files=1, max_fields=len(TEXTS) + 1, max_part_size=site.limits.body_bytes) as form:
        data: dict[str, Any] = {"action": "add_voice"}
        for name, value in form.multi_items():
            if name == "audio_sample" and isinstance(value, UploadFile):
                data["ref_audio"] = base64.b64encode(await value.read()).decode()
            elif name in TEXTS and isinstance(value, str):
                data[UPLOADED.get(name, name)] = value
            elif name in {"audio_sample", *TEXTS}:
                raise Refusal.at(name, "must be a file" if isinstance(value, str) else "must be a text, not a file")
            else:
                raise Refusal.at(name, f"is not known: send audio_sample (a file), {', '.join(sorted(TEXTS))}")
    for theirs, ours in UPLOADED.items():
        if ours not in data:
            raise Refusal.at(theirs, "is missing")
    names = {ours: theirs for theirs, ours in UPLOADED.items()}
    reply = await site.answer(request.state.id, data, names)
    return JSONResponse(_told(reply))


async def delete_voice(request: Request) -> Response:
    """Forget a voice that was added."""
    name = request.path_params["name"]
    await site_of(request).answer(request.state.id, {"action": "delete_voice", "voice": name})
    return JSONResponse({"id": name, "object": "voice", "deleted": True})


def _told(reply: Reply) -> dict[str, Any]:
    voice = reply["voice"]
    return {
        "id": voice["name"],
        "object": "voice",
        **voice,
        "check_up": reply["check_up"],
        "warnings": reply["warnings"],
    }
