"""A request is understood as it is meant, and refused with every bad field's name."""

from __future__ import annotations

import base64
import json

import pytest

from voiceclone.errors import InvalidInput
from voiceclone.request import BucketSource, InfoRequest, InlineSource, SynthesisRequest, WebSource, parse
from voiceclone.settings import Settings

SETTINGS = Settings()
SAY = {"text": "Hello.", "voice": "example-en"}
RECORDED = {"text": "Hello.", "ref_audio": "https://example.com/a.wav", "ref_text": "Hi there."}


def test_the_least_a_job_must_say():
    request, warnings = parse(SAY, SETTINGS)
    assert isinstance(request, SynthesisRequest)
    assert (request.text, request.voice, request.steps, request.format) == ("Hello.", "example-en", 32, "wav")
    assert warnings == []


def test_info_takes_nothing_else():
    assert parse({"action": "info"}, SETTINGS)[0] == InfoRequest(action="info")
    with pytest.raises(InvalidInput, match="text: is not known"):
        parse({"action": "info", "text": "a"}, SETTINGS)


@pytest.mark.parametrize(("quality", "steps"), [("fast", 7), ("balanced", 16), ("best", 32)])
def test_quality_is_a_number_of_steps_that_nfe_step_overrides(quality, steps):
    assert parse({**SAY, "quality": quality}, SETTINGS)[0].steps == steps
    assert parse({**SAY, "quality": quality, "nfe_step": 5}, SETTINGS)[0].steps == 5


SOUND = b"RIFF some bytes"


@pytest.mark.parametrize(
    ("ref_audio", "source"),
    [
        ("https://example.com/a.wav?sig=1", WebSource("https://example.com/a.wav?sig=1")),
        ("s3://bucket/voices/a b.wav", BucketSource("bucket", "voices/a b.wav")),
        ("s3://bucket/what?#1.wav", BucketSource("bucket", "what?#1.wav")),
        (base64.b64encode(SOUND).decode(), InlineSource(SOUND)),
        (base64.encodebytes(SOUND * 20).decode(), InlineSource(SOUND * 20)),
        ("data:audio/wav;base64," + base64.b64encode(SOUND).decode(), InlineSource(SOUND)),
    ],
)
def test_a_reference_comes_four_ways(ref_audio, source):
    request, _ = parse({**RECORDED, "ref_audio": ref_audio}, SETTINGS, bucket="bucket")
    assert request.ref_audio == source
    assert request.ref_text == "Hi there. "


@pytest.mark.parametrize(
    ("former", "current"),
    [
        ({"endpoint": "tts", "text": "Hi", "local_voice": "example-en.wav"}, {"text": "Hi", "voice": "example-en"}),
        ({"endpoint": "tts", "text": "Hi", "voice_name": "example-zh"}, {"text": "Hi", "voice": "example-zh"}),
        (
            {"text": "Hi", "local_voice": "https://e.com/v.wav", "ref_text": "a"},
            {"text": "Hi", "ref_audio": "https://e.com/v.wav", "ref_text": "a"},
        ),
        (
            {"text": "Hi", "voice_file_url": "https://e.com/v.wav", "ref_text": "a", "job_id": "mine"},
            {"text": "Hi", "ref_audio": "https://e.com/v.wav", "ref_text": "a", "job_id": "mine"},
        ),
        ({**SAY, "return_word_timings": False}, SAY),
        ({"text": "Hi", "voice": None, "local_voice": "example-en"}, {"text": "Hi", "voice": "example-en"}),
    ],
)
def test_requests_of_the_former_worker_stay_valid(former, current):
    assert parse(former, SETTINGS) == parse(current, SETTINGS)


def test_what_has_no_effect_is_said():
    _, warnings = parse({**SAY, "return_word_timings": False, "timing_format": "srt"}, SETTINGS)
    assert warnings == ["timing_format has no effect without return_word_timings"]


def test_text_is_cleaned():
    request, _ = parse({**SAY, "text": " Hello\n\tthere \u200b!"}, SETTINGS)
    assert request.normalized_text(["en"]) == "Hello there !"
    assert request.text == " Hello\n\tthere \u200b!"


def test_every_bad_field_is_reported_at_once():
    with pytest.raises(InvalidInput) as caught:
        parse({"text": "", "speed": 9, "seed": -1, "format": "aiff", "spede": 1, "nfe_step": 0}, SETTINGS)
    assert {p.field for p in caught.value.problems} == {"text", "voice", "speed", "seed", "format", "spede", "nfe_step"}
    assert "did you mean speed?" in str(caught.value)


def test_the_bucket_is_the_configured_one():
    with pytest.raises(InvalidInput, match="bucket that this worker is configured with"):
        parse({**RECORDED, "ref_audio": "s3://theirs/a.wav"}, SETTINGS, bucket="mine")


def test_an_error_stays_small_whatever_is_sent():
    """The platform drops a reply over its limit in silence."""
    with pytest.raises(InvalidInput) as caught:
        parse({**SAY, **{f"{i}{'x' * 10_000}": i for i in range(3000)}}, SETTINGS)
    assert len(str(caught.value)) < 10_000


def test_characters_without_a_meaning_are_named_when_they_are_left_out():
    request, warnings = parse({**SAY, "text": "Hello \ue000there."}, SETTINGS)
    assert request.normalized_text(["en"]) == "Hello there."
    assert warnings == ["characters without a meaning are left out: U+E000"]


MALFORMED = [
    ("input", None),
    ("input", []),
    ("input", "say hello"),
    ("input", 7),
    ("text", {"voice": "example-en"}),
    ("text", {**SAY, "text": ""}),
    ("text", {**SAY, "text": "   \n"}),
    ("text", {**SAY, "text": "...!?"}),
    ("text", {**SAY, "text": "\U0001f600"}),
    ("text", {**SAY, "text": None}),
    ("text", {**SAY, "text": 5}),
    ("text", {**SAY, "text": ["Hello."]}),
    ("text", {**SAY, "text": {"en": "Hello."}}),
    ("text", {**SAY, "text": "a" * 100_001}),
    ("text", {**SAY, "text": "half a pair: \ud800"}),
    ("ref_text", {**RECORDED, "ref_text": "half a pair: \ud800"}),
    ("te?xt", {**SAY, "te\ud800xt": "Hello."}),
    ("voice", {"text": "Hello."}),
    ("voice", {"text": "Hello.", "voice": None}),
    ("voice", {**SAY, "voice": ""}),
    ("voice", {**SAY, "voice": "../../etc/passwd"}),
    ("voice", {**SAY, "voice": ".hidden"}),
    ("voice", {**SAY, "voice": "a" * 65}),
    ("voice", {**SAY, "voice": "a\x00b"}),
    ("voice", {**SAY, "voice": 3}),
    ("ref_audio", {**SAY, "ref_audio": "https://example.com/a.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "ftp://example.com/a.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "file:///etc/passwd"}),
    ("ref_audio", {**RECORDED, "ref_audio": "ftp://example.com/a.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "https://"}),
    ("ref_audio", {**RECORDED, "ref_audio": "https://[::1"}),
    ("ref_audio", {**RECORDED, "ref_audio": "https://example.com:99999/a.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "https://example.com:abc/a.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "https://a..b/x.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": f"https://{'a' * 70}.com/x.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "s3://bucket/key.wav"}),
    ("ref_audio", {**RECORDED, "ref_audio": "s3://bucket"}),
    ("ref_audio", {**RECORDED, "ref_audio": "s3:///key"}),
    ("ref_audio", {**RECORDED, "ref_audio": ""}),
    ("ref_audio", {**RECORDED, "ref_audio": "data:audio/wav,plain"}),
    ("ref_audio", {**RECORDED, "ref_audio": "data:;base64,"}),
    ("ref_audio", {**RECORDED, "ref_audio": "not/base64!"}),
    ("ref_audio", {**RECORDED, "ref_audio": "/etc/passwd"}),
    ("ref_audio", {**RECORDED, "ref_audio": "A" * 40_000_000}),
    ("ref_audio", {**RECORDED, "ref_audio": ["https://example.com/a.wav"]}),
    ("ref_text", {**RECORDED, "ref_text": ""}),
    ("ref_text", {**RECORDED, "ref_text": "--"}),
    ("ref_text", {**SAY, "ref_text": "Hi."}),
    ("speed", {**SAY, "speed": 0}),
    ("speed", {**SAY, "speed": -1}),
    ("speed", {**SAY, "speed": "fast"}),
    ("speed", {**SAY, "speed": True}),
    ("speed", {**SAY, "speed": float("nan")}),
    ("speed", {**SAY, "speed": float("inf")}),
    ("speed", {**SAY, "speed": 10**400}),
    ("seed", {**SAY, "seed": 2**32}),
    ("seed", {**SAY, "seed": 1.5}),
    ("seed", {**SAY, "seed": "7"}),
    ("nfe_step", {**SAY, "nfe_step": 65}),
    ("nfe_step", {**SAY, "nfe_step": True}),
    ("quality", {**SAY, "quality": "ultra"}),
    ("cfg_strength", {**SAY, "cfg_strength": -0.1}),
    ("sway_sampling_coef", {**SAY, "sway_sampling_coef": 2}),
    ("cross_fade_duration", {**SAY, "cross_fade_duration": 1.5}),
    ("target_rms", {**SAY, "target_rms": 0}),
    ("format", {**SAY, "format": "exe"}),
    ("format", {**SAY, "format": None}),
    ("delivery", {**SAY, "delivery": "email"}),
    ("delivery", {**SAY, "delivery": "s3"}),
    ("key", {**SAY, "key": "../escape.wav"}),
    ("key", {**SAY, "key": "/absolute.wav"}),
    ("key", {**SAY, "key": "a//b.wav"}),
    ("key", {**SAY, "key": "a/.hidden"}),
    ("key", {**SAY, "key": ""}),
    ("key", {**SAY, "key": "a" * 201}),
    ("key", {**SAY, "key": "a/" * 300 + "a"}),
    ("expires_in", {**SAY, "expires_in": 59}),
    ("expires_in", {**SAY, "expires_in": 604_801}),
    ("job_id", {**SAY, "job_id": "a/b"}),
    ("action", {**SAY, "action": "explode"}),
    ("action", {**SAY, "action": None}),
    ("action", {**SAY, "action": {}}),
    ("endpoint", {"endpoint": "download", "job_id": "x"}),
    ("local_voice", {"text": "Hello.", "local_voice": "ftp://example.com/a.wav", "ref_text": "Hi."}),
    ("endpoint", {**SAY, "endpoint": "tts", "action": "synthesize"}),
    ("local_voice", {**SAY, "local_voice": "example-zh"}),
    ("return_word_timings", {**SAY, "return_word_timings": True}),
    ("tempo", {**SAY, "tempo": 1}),
    ("Text", {**SAY, "Text": "again"}),
]


@pytest.mark.parametrize(("field", "data"), MALFORMED, ids=lambda value: repr(value)[:60])
def test_malformed_input_is_refused_by_its_field(worker, field, data):
    """Through the whole worker: `invalid_input`, the field's name, no traceback."""
    reply = worker.handle({"id": "job", "input": data})
    assert reply["error_code"] == "invalid_input"
    assert field in [detail["field"] for detail in reply["details"]]
    assert reply["error"].startswith("invalid_input: ")
    assert "Traceback" not in reply["error"]
    assert str(worker.settings.volume) not in reply["error"]
    json.dumps(reply, ensure_ascii=False, allow_nan=False).encode()  # as the SDK sends it
