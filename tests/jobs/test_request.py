"""A request is understood as it is meant, and refused with every bad field's name."""

from __future__ import annotations

import base64
import json

import pytest

from voiceclone.errors import InvalidInput
from voiceclone.jobs.parsing import parse
from voiceclone.jobs.request import CheckRequest, InfoRequest, LinkRequest, SynthesisRequest
from voiceclone.jobs.speech_request import Verify
from voiceclone.settings import Settings
from voiceclone.voices.sources import BucketSource, InlineSource, WebSource

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


@pytest.mark.parametrize("action", ["synthesize", "check", "edit"])
def test_guidance_is_the_models_own_unless_the_job_names_another(action):
    said = {**RECORDED, "action": action}
    own, other = (parse({**said, **more}, SETTINGS, cfg_strength=1.0)[0] for more in ({}, {"cfg_strength": 2.0}))
    assert (own.cfg_strength, other.cfg_strength, parse(said, SETTINGS)[0].cfg_strength) == (1.0, 2.0, 2.0)
    assert parse({"action": "info"}, SETTINGS, cfg_strength=1.0)[0] == InfoRequest(action="info")


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


def test_the_former_workers_word_times_are_subtitles():
    request, _ = parse({**SAY, "endpoint": "tts", "return_word_timings": True, "timing_format": "ass"}, SETTINGS)
    assert (request.timestamps, request.subtitles) == (True, ["ass"])
    with pytest.raises(InvalidInput, match=r"timing_format.*'srt', 'vtt', 'ass' or 'json'"):
        parse({**SAY, "return_word_timings": True, "timing_format": "csv"}, SETTINGS)


def test_a_result_of_the_former_worker_is_asked_for_by_its_job():
    request, _ = parse({"endpoint": "download", "job_id": "mine"}, SETTINGS, "bucket")
    assert request == LinkRequest(action="link", job_id="mine")


@pytest.mark.parametrize("fields", [{}, {"key": "a", "job_id": "b"}])
def test_a_link_is_to_one_result(fields):
    with pytest.raises(InvalidInput, match="key: or job_id tells which result"):
        parse({"action": "link", **fields}, SETTINGS, "bucket")


def test_without_a_bucket_there_are_no_links():
    with pytest.raises(InvalidInput, match="key: cannot be linked: this worker has no bucket"):
        parse({"action": "link", "key": "output/a.wav"}, SETTINGS)


def test_a_check_takes_what_speech_takes():
    request, _ = parse({**SAY, "action": "check", "speed": 1.2}, SETTINGS)
    assert isinstance(request, CheckRequest)
    assert request.speed == 1.2


def test_turns_and_segments_bring_their_own_voices():
    assert parse({"text": "[anna] Hello. [bob] Hi."}, SETTINGS)
    assert parse({"segments": [{"text": "Hello.", "voice": "anna"}]}, SETTINGS)


def test_verify_may_be_a_switch():
    assert parse({**SAY, "verify": True}, SETTINGS)[0].verify == Verify(max_wer=0.15, attempts=3)
    assert parse({**SAY, "verify": {"attempts": 5}}, SETTINGS)[0].verify.attempts == 5
    assert parse({**SAY, "verify": False}, SETTINGS)[0].verify is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"text": "Hi. [anna] Hello."}, "voice: is missing"),
        ({"segments": [{"text": "a", "voice": "x"}, {"text": "b"}]}, r"segments\[1\]\.voice: is missing"),
        ({"segments": [{"text": "a", "voice": "x", "sped": 2}]}, r"segments\[0\]\.sped: .* did you mean speed"),
        ({"segments": [{"text": "a", "voice": "x", "speed": 9.0}]}, r"segments\[0\]\.speed: must be less than"),
        ({"segments": [{"text": "...", "voice": "x"}]}, r"segments\[0\]\.text: has no letter"),
        ({"segments": []}, "segments: .*at least 1"),
        ({**SAY, "segments": [{"text": "a"}]}, "segments: comes with text"),
        ({"voice": "anna"}, "text: is missing: send text or segments"),
        ({**SAY, "text": "[pause:1s]"}, "text: has no letter"),
        ({**SAY, "text": "Wait [pause:long] here."}, "text: has a pause without a length"),
        ({**SAY, "verify": {"max_wr": 0.1}}, r"verify\.max_wr: .* did you mean max_wer"),
        ({**SAY, "verify": 3}, "verify: must be"),
        ({**SAY, "subtitles": ["srt", "doc"]}, r"subtitles\[1\]: must be"),
        ({**SAY, "sample_rate": 12_345}, "sample_rate: must be 8000, 16000"),
        ({**SAY, "format": "opus", "sample_rate": 44_100}, "sample_rate: must be one that Opus knows"),
        ({**SAY, "duration": 3.0, "remove_silence": True}, "remove_silence: would change the duration"),
        ({**SAY, "loudness": -5.0}, "loudness: must be less than"),
        ({"segments": [{"text": "a\ud800b", "voice": "x"}]}, r"segments\[0\]\.text: holds half of a surrogate"),
        ({**SAY, "lexicon": {"a": "b\ud800"}}, r"lexicon\.a: holds half"),
        ({"segments": [{"text": "a" * 60_000, "voice": "x"}] * 2}, "segments: have 120000 characters"),
        ({**SAY, "seed": 1, "seeds": [1]}, "seeds: comes with seed"),
        ({"segments": [{"text": "a", "voice": "x", "seed": 1}], "seeds": [1]}, "seeds: comes with seed"),
        ({**SAY, "seeds": [1], "takes": [{"text": "a", "seed": 1}]}, "takes: comes with seeds"),
        ({**SAY, "takes": [{"text": "a"}]}, r"takes\[0\]\.seed: is missing"),
        ({**SAY, "takes": [{"text": "a" * 10_001, "seed": 1}]}, r"takes\[0\]\.text: .*10000"),
        ({**SAY, "takes": [{"text": "a", "seed": 1, "voice": "x"}]}, r"takes\[0\]\.voice: is not known"),
        ({"text": "a", "ref_audio": "kept:" + "0" * 64, "ref_text": "b"}, "ref_text: is kept with the reference"),
        (
            {"action": "add_voice", "voice": "Main", "ref_audio": "https://e.com/a"},
            r"voice: could not be called in a text",
        ),
        ({"action": "add_voice", "voice": "007", "ref_audio": "https://e.com/a"}, r"voice: could not be called"),
        ({**SAY, "return_word_timings": "no"}, "return_word_timings: must be true or false"),
        ({**SAY, "lexicon": {"GIF": "..."}}, "lexicon: cannot replace 'GIF'"),
        ({**SAY, "lexicon": {"GIF": 3}}, r"lexicon\.GIF: must be"),
        ({**SAY, "seeds": [1, -1]}, r"seeds\[1\]: must be greater"),
        ({"text": "a", "ref_audio": "kept:../../x"}, "ref_audio: is not the name of a reference"),
        ({**SAY, "made_with": {"model": "a"}}, r"made_with\.revision: is missing"),
        ({**SAY, "made_with": 3}, "made_with: must be an object"),
        ({**SAY, "lexicon": ["GIF"]}, "lexicon: must be an object"),
    ],
)
def test_each_part_of_a_request_is_refused_by_its_path(fields, problem):
    with pytest.raises(InvalidInput, match=problem):
        parse(fields, SETTINGS)


def test_what_has_no_effect_is_said():
    _, warnings = parse({**SAY, "return_word_timings": False, "timing_format": "srt"}, SETTINGS)
    assert warnings == ["timing_format has no effect without return_word_timings"]


def test_text_is_cleaned():
    request, _ = parse({**SAY, "text": " Hello\n\tthere \u200b!"}, SETTINGS)
    assert [passage.text for passage in request.passages] == ["Hello there !"]
    assert request.text == " Hello\n\tthere \u200b!"


def test_every_bad_field_is_reported_at_once():
    with pytest.raises(InvalidInput) as caught:
        parse({"text": "", "speed": 9, "seed": -2, "format": "aiff", "spede": 1, "nfe_step": 0}, SETTINGS)
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
    assert [passage.text for passage in request.passages] == ["Hello there."]
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
    ("ref_audio", {**RECORDED, "ref_audio": "data:audio/wav,plain"}),
    ("ref_audio", {**RECORDED, "ref_audio": "data:;base64,"}),
    ("ref_audio", {**RECORDED, "ref_audio": "not/base64!"}),
    ("ref_audio", {**RECORDED, "ref_audio": "/etc/passwd"}),
    ("ref_audio", {**RECORDED, "ref_audio": "A" * 40_000_000}),
    ("ref_audio", {**RECORDED, "ref_audio": ["https://example.com/a.wav"]}),
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
    ("nfe_step", {**SAY, "nfe_step": 65}),
    ("nfe_step", {**SAY, "nfe_step": True}),
    ("quality", {**SAY, "quality": "ultra"}),
    ("cfg_strength", {**SAY, "cfg_strength": -0.1}),
    ("sway_sampling_coef", {**SAY, "sway_sampling_coef": 2}),
    ("cross_fade_duration", {**SAY, "cross_fade_duration": 1.5}),
    ("target_rms", {**SAY, "target_rms": 0}),
    ("format", {**SAY, "format": "exe"}),
    ("delivery", {**SAY, "delivery": "email"}),
    ("delivery", {**SAY, "delivery": "s3"}),
    ("key", {**SAY, "key": "../escape.wav"}),
    ("key", {**SAY, "key": "/absolute.wav"}),
    ("key", {**SAY, "key": "a//b.wav"}),
    ("key", {**SAY, "key": "a/.hidden"}),
    ("key", {**SAY, "key": "a" * 201}),
    ("key", {**SAY, "key": "a/" * 300 + "a"}),
    ("expires_in", {**SAY, "expires_in": 59}),
    ("expires_in", {**SAY, "expires_in": 604_801}),
    ("job_id", {**SAY, "job_id": "a/b"}),
    ("action", {**SAY, "action": "explode"}),
    ("action", {**SAY, "action": {}}),
    ("job_id", {"endpoint": "download", "job_id": "x"}),
    ("endpoint", {"endpoint": "status", "job_id": "x"}),
    ("local_voice", {"text": "Hello.", "local_voice": "ftp://example.com/a.wav", "ref_text": "Hi."}),
    ("endpoint", {**SAY, "endpoint": "tts", "action": "synthesize"}),
    ("local_voice", {**SAY, "local_voice": "example-zh"}),
    ("timing_format", {**SAY, "return_word_timings": True, "timing_format": "csv"}),
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


HUGE = 1_000_000
SURROGATES = {f"f{i}": "\ud800" * 1_000 for i in range(90)}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"subtitles": [0] * HUGE}, "subtitles", "has 1000000 entries, at most 10000"),
        ({"seeds": ["x"] * HUGE}, "seeds", "has 1000000 entries, at most 10000"),
        ({"seeds": ["x"] * 10_000}, "seeds[0]", "must be a valid integer"),
        ({"segments": [{}] * HUGE, "text": None}, "segments", "has 1000000 entries, at most 10000"),
        ({"lexicon": {str(i): "a" for i in range(20_000)}}, "lexicon", "has 20000 entries"),
        ({"lexicon": {str(i): "a" for i in range(2_000)}}, "lexicon", "has 2000 entries, at most 1000"),
        ({"made_with": {"model": "m", "revision": "r", "references": ["x" * HUGE]}}, "made_with.references[0]", "200"),
        ({"ref_audio": "https://a.b/" + "c" * HUGE, "voice": None}, "ref_audio", "at most 8000"),
        ({"ref_audio": "s3://mine/" + "c" * HUGE, "voice": None}, "ref_audio", "a key 1024 bytes"),
        ({"ref_audio": f"s3://{'b' * HUGE}/k", "voice": None}, "ref_audio", "a bucket has 63 characters"),
        ({"ref_audio": "https://a.b/c", "voice": None, "ref_text": "a" * HUGE}, "ref_text", "at most 20000"),
        ({"voice": "v" * HUGE}, "voice", "up to 64"),
        ({"key": "k" * HUGE}, "key", "more than 512 characters"),
        ({"job_id": "k" * HUGE}, "job_id", "up to 128"),
        ({"language": "e" * HUGE}, "language", "two or three"),
        ({"format": "wav" * HUGE}, "format", "must be"),
        ({"action": "a" * HUGE}, "action", "must be one of"),
        ({"text": "a " * HUGE}, "text", "at most 100000"),
        ({"x" * HUGE: 1}, "x" * 64, "is not known"),
        ({str(i): 1 for i in range(50_000)}, "input", "there are not so many"),
        (SURROGATES, "f0", "half of a surrogate pair"),
        ({"endpoint": "e" * HUGE}, "endpoint", "must be one of"),
        ({"local_voice": "e" * HUGE, "voice": None}, "local_voice", "up to 64"),
        ({"timing_format": "e" * HUGE, "return_word_timings": True}, "timing_format", "must be"),
    ],
)
def test_every_field_has_a_bound_and_its_error_is_short(fields, field, message):
    """Whatever its size, a field is refused by name, in a reply that the platform takes."""
    with pytest.raises(InvalidInput) as caught:
        parse({"text": "Hello.", "voice": "anna", **fields}, SETTINGS, "mine")
    told = {problem.field: problem.message for problem in caught.value.problems}
    assert message in told[field]
    assert len(told) <= 31
    assert len(str(caught.value).encode()) < 20_000


def test_many_problems_are_counted():
    with pytest.raises(InvalidInput) as caught:
        parse({"text": "Hello.", "voice": "anna", **SURROGATES}, SETTINGS)
    assert caught.value.problems[-1].field == "input"
    assert "more problems" in caught.value.problems[-1].message
