"""Requests and replies of the worker that this one replaces. Pure functions.

Knows today's names and the former ones, and nothing of what is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceclone.errors import FieldProblem
from voiceclone.jobs.leniency import as_boolean, is_empty
from voiceclone.subtitles import FORMATS as SUBTITLE_FORMATS

ACTIONS = {"tts": "synthesize", "upload": "add_voice", "list_voices": "list_voices", "download": "link"}


def modernise(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[FieldProblem], list[str]]:
    """Requests of the worker that this one replaces, under today's names.

    Returns:
        The fields, the former name of each field that had one, problems and warnings.
    """
    former: dict[str, str] = {}
    problems: list[FieldProblem] = []
    warnings: list[str] = []

    def rename(old: str, new: str, value: Any) -> None:
        if fields.get(new) is not None:
            problems.append(FieldProblem(old, f"is the former name of {new}: send one of them"))
        else:
            fields[new] = value
            former[new] = old

    endpoint = fields.pop("endpoint", None)
    if endpoint in ("upload", "list_voices"):
        fields.pop("job_id", None)
    if endpoint is not None:
        rename("endpoint", "action", ACTIONS.get(endpoint, endpoint) if isinstance(endpoint, str) else endpoint)
    for old in ("local_voice", "voice_name"):
        voice = fields.pop(old, None)
        if isinstance(voice, str) and "://" in voice:
            rename(old, "ref_audio", voice)
        elif voice is not None:
            rename(old, "voice", voice.removesuffix(".wav") if isinstance(voice, str) else voice)
    url = fields.pop("voice_file_url", None)
    if url is not None:
        rename("voice_file_url", "ref_audio", url)
    timing_format = fields.pop("timing_format", None)
    wanted = as_boolean(fields.pop("return_word_timings", False))
    if not isinstance(wanted, bool | None):
        problems.append(FieldProblem("return_word_timings", "must be true or false"))
    elif wanted:
        rename("return_word_timings", "timestamps", True)
        rename("timing_format", "subtitles", [timing_format or SUBTITLE_FORMATS[0]])
    elif timing_format is not None:
        warnings.append("timing_format has no effect without return_word_timings")
    return fields, former, problems, warnings


def is_legacy(data: object) -> bool:
    """Whether a job's input is one of the worker that this one replaces, and wants to be answered as by that."""
    return isinstance(data, Mapping) and not is_empty(data.get("endpoint"))


def as_formerly(action: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to an action, with the keys that callers of the former worker look for."""
    if action == "add_voice":
        voice = reply["voice"]
        return {
            "status": f"Voice '{voice['name']}.wav' uploaded successfully",
            "message": f"What is said in it: {voice['ref_text']}",
            "warnings": reply["warnings"],
        }
    if action == "list_voices":
        old = [
            {"name": f"{v['name']}.wav", "size": v.get("size"), "last_modified": v.get("created")}
            for v in reply["voices"]
            if not v["built_in"]
        ]
        return {"status": "success", "voices": old, "count": len(old)}
    if "words" in reply:
        words, subtitles = reply["words"], reply.get("subtitles", {})
        confidence = sum(word["confidence"] for word in words) / max(1, len(words))
        return {
            **reply,
            "timing_files": subtitles,
            "timing_format": next(iter(subtitles), None),
            "word_count": len(words),
            "timing_confidence": round(confidence, 3),
        }
    return reply
