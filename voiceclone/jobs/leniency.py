"""What tools without code send, as it is meant. Pure functions.

One rule: what can mean only one thing is read as that. What is not filled in was not sent; a number or a truth value
may stand in quotes; a number without a fraction is an integer; a name from a list may be written in any case. What is
left is for the schema to judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

RANDOM_SEED = -1
"""As f5-tts's own programs write it."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8}){0,4}(?:\.[a-z0-9-]{1,12})?")
"""A language with script, region and encoding: `en`, `pt-BR`, `zh_Hans_CN`, `en_US.UTF-8`."""
MAX_LANGUAGE_CHARS = 60
_TOLD_BY_THEIR_OWN_NAMES = (
    *("ar", "de", "en", "es", "fi", "fr", "hi", "it", "ja", "ko"),
    *("lv", "nl", "pl", "pt", "ru", "tr", "uk", "zh"),
)

_OTHERS_NAMES = {
    "text": "gen_text input prompt tts_text input_text target_text script content message sentence",
    "ref_audio": "reference_audio ref_file ref_wav ref_audio_path ref_audio_url reference ref_url prompt_audio"
    " speaker_wav voice_url audio audio_url audio_base64 sample voice_sample",
    "ref_text": "reference_text prompt_text transcript reference_transcript ref_transcript",
    "voice": "voice_id speaker speaker_id narrator",
    "language": "lang locale language_code lang_code",
    "speed": "tempo rate speaking_rate pace",
    "nfe_step": "steps nfe num_steps n_steps sampling_steps inference_steps num_inference_steps",
    "cfg_strength": "cfg cfg_scale guidance_scale guidance",
    "format": "response_format output_format audio_format file_type container",
    "sample_rate": "sampling_rate sr rate_hz",
    "duration": "fix_duration length seconds",
    "normalize_text": "normalise_text normalize normalization",
    "timestamps": "word_timestamps word_times timings",
    "expires_in": "expiry ttl url_expiry url_expiry_s",
    "action": "command task operation type",
}
_MEANT = {other: name for name, others in _OTHERS_NAMES.items() for other in others.split()}


def meant_name(unknown: str) -> str:
    """Return the name of the field that f5-tts and other services call so; the name in our spelling where none does."""
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-\s.]+", "_", unknown).lower().strip("_")
    return _MEANT.get(spelled, spelled)


def is_empty(value: object) -> bool:
    """Whether a field was not filled in."""
    return value is None or (isinstance(value, str) and not value.strip())


def as_meant(schema: type[BaseModel], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were sent to a schema, those of its parts as well, without the ones not filled in."""
    meant = {}
    for name, value in sent.items():
        field = schema.model_fields.get(name)
        if value is None or (is_empty(value) and not (field and field.is_required())):
            continue
        read = value if field is None else _read(value, field.annotation)
        if name != "seed" or read != RANDOM_SEED:
            meant[name] = read
    return meant


def as_boolean(value: object) -> object:
    """Return `true` and `false` in quotes as what they spell."""
    return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


def as_language(value: object) -> object:
    """Return the code of a language that is told with its region, or by its name in English or itself."""
    if not isinstance(value, str) or len(value) > MAX_LANGUAGE_CHARS:
        return value
    wanted = value.strip().lower()
    if found := _LOCALE.fullmatch(wanted):
        from babel.core import get_global

        code = found[1]
        return str(get_global("language_aliases").get(code, code)).partition("_")[0] if len(code) == 3 else code
    return _by_name().get(re.sub(r"\s*\([^()]*\)$", "", wanted), value)


@cache
def _by_name() -> dict[str, str]:
    """Return codes of languages by their names in small letters."""
    from babel import Locale

    own = {str(Locale(code).get_language_name(code)).lower(): code for code in _TOLD_BY_THEIR_OWN_NAMES}
    # Those of two letters come last and win; a variety, as `pt_BR`, is the language.
    codes = sorted(Locale("en").languages.items(), key=lambda named: (-len(named[0].partition("_")[0]), named))
    return {**{name.lower(): code.partition("_")[0] for code, name in codes}, **own, "mandarin": "zh"}


def _read(value: Any, hint: Any) -> Any:  # noqa: PLR0911 - one for each kind
    """Return a value as a field of this type means it; as it is where it means nothing there."""
    if get_origin(hint) is Annotated:
        return _read(value, get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return next((read for kind in get_args(hint) if (read := _read(value, kind)) is not value), value)
    if get_origin(hint) is Literal:
        return _option(value, get_args(hint))
    if get_origin(hint) is list:
        (kind,) = get_args(hint)
        if isinstance(value, str) and get_origin(kind) is Literal:
            value = value.split(",")
        return [_read(part, kind) for part in value] if isinstance(value, list) else value
    if get_origin(hint) is dict and isinstance(value, Mapping):
        return {key: part for key, part in value.items() if part is not None}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return as_meant(hint, value) if isinstance(value, Mapping) else as_boolean(value)
    if hint is bool:
        return as_boolean(value)
    return _number(value, hint) if hint in (int, float) else value


def _option(value: Any, options: Sequence[Any]) -> Any:
    """Return the one of the options that is spelled so, in any case and with a dot in front as endings have it."""
    if not isinstance(value, str) or isinstance(options[0], int):
        return _number(value, int)
    spelled = re.sub(r"[-\s]+", "_", value.strip().lower().lstrip("."))
    return spelled if spelled in options else value


def _number(value: Any, kind: type[int] | type[float]) -> Any:
    """Return a number in quotes, or one without a fraction where an integer is wanted, as that."""
    if isinstance(value, str) and _NUMBER.fullmatch(spelled := value.strip()):
        number: int | float = int(spelled) if spelled.lstrip("+-").isdecimal() else float(spelled)
    elif isinstance(value, float):
        number = value
    else:
        return value
    if kind is int and isinstance(number, float):
        return int(number) if number.is_integer() else value
    return number if abs(number) != float("inf") else value
