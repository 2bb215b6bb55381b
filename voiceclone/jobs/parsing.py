"""From a job's raw JSON to a request, or to every problem at once, each under its field's path.

Knows nothing of voices, audio or the model.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import (
    BaseModel,
    ValidationError,
)

from voiceclone import text as text_rules
from voiceclone.audio import OPUS_RATES
from voiceclone.errors import FieldProblem, InvalidInput, sentence_of
from voiceclone.jobs.dub_request import DubRequest, SpeakerVoice
from voiceclone.jobs.fields import Context, SampleRate
from voiceclone.jobs.legacy import modernise
from voiceclone.jobs.leniency import as_meant, is_empty, meant_name
from voiceclone.jobs.parts import FormerTake, MadeWith
from voiceclone.jobs.request import SCHEMAS, LinkRequest, Request, Segment, SynthesisRequest
from voiceclone.jobs.speech_request import SpeechRequest, Verify
from voiceclone.settings import Settings
from voiceclone.text import markup
from voiceclone.voices import KEPT

Place = tuple[str | int, ...]
"""A path below `input`, by its steps."""
# An error must fit into a reply, whatever was sent.
MAX_PROBLEMS = 30
MAX_DEPTH = 3
"""Of what a field holds: `made_with.references[0]` is as deep as any."""
MAX_NAME_CHARS = 64
# No field holds more, so that nothing is computed from it.
MAX_FIELDS = 100
MAX_ENTRIES = 10_000


def parse(
    data: object,
    settings: Settings,
    bucket: str | None = None,
    voices: markup.VoiceNames | None = None,
    cfg_strength: float | None = None,
) -> tuple[Request, list[str]]:
    """Check a job's input.

    Args:
        bucket: name of the configured bucket; None where there is none.
        voices: names of those that there are, asked for where a text may name one; None: any name may be a voice's.
        cfg_strength: the model's own, where the job names none; None: the field's default.

    Returns:
        The request, and warnings about what was changed on the caller's behalf.

    Raises:
        InvalidInput: names every bad field, by the name that the caller used.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput.at("input", 'must be an object such as {"text": "...", "voice": "example-en"}')
    if len(data) > MAX_FIELDS:
        raise InvalidInput.at("input", f"has {len(data)} fields: there are not so many, look at the documentation")
    broken: list[tuple[Place, str]] = []
    sent = {(name := _encodable(str(key))): _repaired(value, (name,), broken) for key, value in data.items()}
    sent = {name: value for name, value in sent.items() if not is_empty(value)}
    fields, former, problems, warnings = modernise(sent)
    problems += [FieldProblem(_path(path), what) for path, what in broken]
    context = Context(settings, bucket, voices)
    action = fields.setdefault("action", "synthesize")
    if isinstance(action, str):
        action = fields["action"] = re.sub(r"[-\s]+", "_", action[:MAX_NAME_CHARS].strip().lower())
    schema = SCHEMAS.get(action) if isinstance(action, str) else None
    if schema is None:
        problems.append(FieldProblem("action", f"must be one of: {', '.join(SCHEMAS)}"))
    else:
        fields = as_meant(schema, fields)
        if cfg_strength is not None and "cfg_strength" in schema.model_fields:
            fields.setdefault("cfg_strength", cfg_strength)
        try:
            request = schema.model_validate(fields, context=context)
        except ValidationError as e:
            problems += [_problem(error, schema) for error in e.errors(include_url=False)[:MAX_PROBLEMS]]
        problems += _across(schema, fields, context)
    if problems:
        raise InvalidInput(_told(FieldProblem(_formerly(p.field, former), p.message) for p in problems))
    if isinstance(request, SynthesisRequest):
        warnings += request.notes
    if isinstance(request, SynthesisRequest | DubRequest) and (lost := text_rules.dropped(request.written)):
        warnings.append(f"characters without a meaning are left out: {' '.join(f'U+{ord(c):04X}' for c in lost)}")
    return request, warnings


def _across(schema: type[Request], fields: Mapping[str, Any], context: Context) -> list[FieldProblem]:
    """Return what is wrong with several fields together."""
    problems = []
    if issubclass(schema, SynthesisRequest):
        problems += [*_together(fields), *_who_speaks(fields, context), *_too_long(fields, context.settings)]
    if issubclass(schema, DubRequest):
        problems += _who_dubs(fields)
    if issubclass(schema, SpeechRequest):
        problems += _together_always(fields)
    if schema is LinkRequest:
        problems += _which_result(fields, context.bucket)
    return problems


def _told(problems: Iterable[FieldProblem]) -> list[FieldProblem]:
    """Return the first problem of each field, as many as fit into a reply."""
    by_field: dict[str, FieldProblem] = {}
    for problem in problems:
        by_field.setdefault(problem.field, problem)
    first = list(by_field.values())
    more = len(first) - MAX_PROBLEMS
    return first if more <= 0 else [*first[:MAX_PROBLEMS], FieldProblem("input", f"has {more} more problems")]


def _formerly(path: str, former: Mapping[str, str]) -> str:
    """Return the field's name as the caller wrote it."""
    return former.get(re.split(r"[.\[]", path, maxsplit=1)[0], path)


def _together(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """Fields that need or exclude each other."""
    there = {name for name, value in fields.items() if value is not None}
    problems = []
    if {"text", "segments"} <= there:
        problems.append(FieldProblem("segments", "comes with text: send one of them"))
    if not {"text", "segments"} & there:
        problems.append(FieldProblem("text", "is missing: send text or segments"))
    seeded = [segment for _, segment in _segments(fields) if segment.get("seed") is not None]
    if "seeds" in there and seeded:
        problems.append(FieldProblem("seeds", "comes with seed: send one of them"))
    if fields.get("duration") is not None and fields.get("remove_silence"):
        problems.append(FieldProblem("remove_silence", "would change the duration that is asked for: send one of them"))
    return problems


def _together_always(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """Fields of any speech that need or exclude each other."""
    there = {name for name, value in fields.items() if value is not None}
    problems = []
    if {"voice", "ref_audio"} <= there:
        problems.append(FieldProblem("ref_audio", "comes with voice: send one of them"))
    if "ref_text" in there and "ref_audio" not in there:
        problems.append(FieldProblem("ref_text", "goes with ref_audio: a voice has its own transcript"))
    if isinstance(kept := fields.get("ref_audio"), str) and kept.startswith(KEPT) and "ref_text" in there:
        problems.append(FieldProblem("ref_text", "is kept with the reference of an earlier take: leave it out"))
    if {"seeds", "seed"} <= there:
        problems.append(FieldProblem("seeds", "comes with seed: send one of them"))
    if {"seeds", "takes"} <= there:
        problems.append(FieldProblem("takes", "comes with seeds: send one of them"))
    rate = fields.get("sample_rate", 24_000)
    if fields.get("format") == "opus" and isinstance(rate, int) and rate not in OPUS_RATES:
        rates = ", ".join(str(each) for each in OPUS_RATES if each in get_args(SampleRate))
        problems.append(FieldProblem("sample_rate", f"must be one that Opus knows: {rates}"))
    return problems


def _who_dubs(fields: Mapping[str, Any]) -> list[FieldProblem]:
    """A voice for each speaker as far as that can be told before the cues are read, and what goes with the source."""
    there = {name for name, value in fields.items() if value is not None}
    problems = []
    if not {"voice", "ref_audio", "voices", "source"} & there:
        problems.append(
            FieldProblem("voice", "is missing: send voice, ref_audio, voices, or the source whose voices speak")
        )
    if fields.get("mix") and "source" not in there:
        problems.append(FieldProblem("source", "is missing: send what mix lays the speech over"))
    if {"duration", "source"} <= there:
        problems.append(FieldProblem("duration", "comes with source, whose length counts: send one of them"))
    voices = fields.get("voices")
    for name, voice in voices.items() if isinstance(voices, Mapping) else ():
        if not isinstance(voice, Mapping):
            continue
        told = {key for key in ("voice", "ref_audio") if voice.get(key) is not None}
        field = f"voices.{name[:MAX_NAME_CHARS]}"
        if len(told) != 1:
            problems.append(FieldProblem(field, "needs a voice or a ref_audio: send one of them"))
        if "ref_audio" not in told and voice.get("ref_text") is not None:
            problems.append(FieldProblem(field, "has a ref_text without ref_audio: a voice has its own transcript"))
    return problems


def _segments(fields: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Those that are objects, and which they are."""
    segments = fields.get("segments")
    return [(i, s) for i, s in enumerate(segments if isinstance(segments, list) else ()) if isinstance(s, Mapping)]


def _who_speaks(fields: Mapping[str, Any], context: Context) -> list[FieldProblem]:
    """Return a voice for every passage."""
    if fields.get("voice") is not None or fields.get("ref_audio") is not None:
        return []
    if fields.get("segments") is None:
        if _has_voices(fields.get("text"), context):
            return []
        return [FieldProblem("voice", "is missing: send voice (a name, such as example-en) or ref_audio")]
    for i, segment in _segments(fields):
        if segment.get("voice") is None and not _has_voices(segment.get("text"), context):
            return [FieldProblem(f"segments[{i}].voice", "is missing: send it, or voice or ref_audio for all")]
    return []


def _has_voices(text: Any, context: Context) -> bool:
    """Whether every turn names who says it."""
    try:
        turns = context.marked(text).turns if isinstance(text, str) else ()
    except ValueError:  # a mark that is a problem of its own
        return True
    return bool(turns) and all(turn.voice or not turn.text for turn in turns)


def _too_long(fields: Mapping[str, Any], settings: Settings) -> list[FieldProblem]:
    """Refuse segments that together are longer than one text may be."""
    texts = [segment.get("text") for _, segment in _segments(fields)]
    size = sum(len(text) for text in texts if isinstance(text, str))
    if size <= settings.max_text_chars:
        return []
    return [FieldProblem("segments", f"have {size} characters, at most {settings.max_text_chars} are allowed")]


def _which_result(fields: Mapping[str, Any], bucket: str | None) -> list[FieldProblem]:
    there = [name for name in ("key", "job_id") if fields.get(name) is not None]
    if len(there) != 1:
        return [FieldProblem("key", "or job_id tells which result: send one of them")]
    if bucket is None:
        return [FieldProblem(there[0], "cannot be linked: this worker has no bucket; set S3_BUCKET and its keys")]
    return []


def _problem(error: Mapping[str, Any], schema: type[BaseModel]) -> FieldProblem:
    """Return one of pydantic's errors in the caller's terms."""
    path = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        known = _PARTS.get(str(error["loc"][0]), schema).model_fields
        meant = meant_name(str(error["loc"][-1])[:MAX_NAME_CHARS])
        close = [meant] if meant in known else difflib.get_close_matches(meant, known, n=1)
        return FieldProblem(path, f"is not known: did you mean {close[0]}?" if close else "is not known: leave it out")
    if error["type"] == "missing":
        return FieldProblem(path, "is missing")
    if error["type"] in ("dict_type", "model_type"):
        return FieldProblem(path, "must be an object")
    return FieldProblem(path, sentence_of(error["msg"]))


_PARTS: dict[str, type[BaseModel]] = {
    "voices": SpeakerVoice,
    "segments": Segment,
    "verify": Verify,
    "takes": FormerTake,
    "made_with": MadeWith,
}


def _repaired(value: Any, place: Place, broken: list[tuple[Place, str]]) -> Any:
    """Return the value as UTF-8 can hold it, without lists that are too long: what repeats anything else is never sent.

    Args:
        place: where the value stands.
        broken: is told what was wrong, and where.
    """
    if isinstance(value, str):
        if value != (whole := _encodable(value)):
            broken.append((place, "holds half of a surrogate pair: send valid Unicode"))
        return whole
    if isinstance(value, Mapping | list) and len(value) > MAX_ENTRIES:
        broken.append((place, f"has {len(value)} entries, at most {MAX_ENTRIES} are allowed"))
        return None
    if not isinstance(value, Mapping | list):
        return value
    if len(place) > MAX_DEPTH:
        return None  # such a field is refused, and whoever walks through all of it runs out of stack
    if isinstance(value, list):
        return [_repaired(part, (*place, i), broken) for i, part in enumerate(value)]
    repaired = {}
    for key, part in value.items():
        inside = (*place, _encodable(str(key)))
        repaired[_repaired(key, inside, broken)] = _repaired(part, inside, broken)
    return repaired


def _path(steps: Sequence[str | int]) -> str:
    """As a caller would write it: `segments[2].text`."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:MAX_NAME_CHARS]}" for step in steps)
    return path.removeprefix(".") or "input"


def _encodable(text: str) -> str:
    """Return the text with what UTF-8 cannot hold replaced: a reply that echoes it would never be sent."""
    return text.encode("utf-8", "replace").decode()
