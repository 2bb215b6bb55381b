"""What tools without code send is read as it is meant, and only where it can mean but one thing."""

from __future__ import annotations

import base64
import itertools
import typing

import pytest

from voiceclone.errors import InvalidInput
from voiceclone.jobs.parsing import parse
from voiceclone.jobs.request import SCHEMAS, SynthesisRequest
from voiceclone.jobs.speech_request import Verify
from voiceclone.settings import Settings

SETTINGS = Settings()
SAY = {"text": "Hello.", "voice": "example-en"}
ADD = {"action": "add_voice", "voice": "anna", "ref_audio": "https://example.com/a.wav"}
OPTIONAL = {
    action: [name for name, field in schema.model_fields.items() if name != "action" and not field.is_required()]
    for action, schema in SCHEMAS.items()
}
DUB = {"subtitles": "1\n00:00:01,000 --> 00:00:02,000\nHello.", "voice": "example-en"}
LEAST = {
    "check": SAY,
    "dub": DUB,
    "check_dub": DUB,
    "add_voice": ADD,
    "delete_voice": {"voice": "anna"},
    "edit": {"ref_audio": "https://example.com/a.wav", "text": "Hello."},
    "link": {"key": "a.wav"},
}


@pytest.mark.parametrize("action", [action for action, names in OPTIONAL.items() if names])
def test_a_field_that_is_not_filled_in_was_not_sent(action):
    least = {**LEAST.get(action, {} if action == "list_voices" else SAY), "action": action}
    meant = parse(least, SETTINGS, "bucket")
    sent = [{name: empty} for name in OPTIONAL[action] if name not in least for empty in (None, "", "  ")]
    assert [each for each in sent if parse({**least, **each}, SETTINGS, "bucket") != meant] == []


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"action": None}, {"action": "synthesize"}),
        ({"action": " Synthesize"}, {"action": "synthesize"}),
        ({"endpoint": None, "local_voice": None, "return_word_timings": None, "timing_format": ""}, {}),
        ({"unheard_of": None}, {}),
        ({"seed": 42.0}, {"seed": 42}),
        ({"seed": "42"}, {"seed": 42}),
        ({"seed": " 42.0 "}, {"seed": 42}),
        ({"seed": "4294967295"}, {"seed": 4294967295}),
        ({"seed": -1}, {"seed": None}),
        ({"seed": "-1"}, {"seed": None}),
        ({"seed": -1.0, "seeds": [7]}, {"seed": None, "seeds": [7]}),
        ({"seeds": [1.0, "2"]}, {"seeds": [1, 2]}),
        ({"nfe_step": "16"}, {"steps": 16}),
        ({"sample_rate": "48000"}, {"sample_rate": 48_000}),
        ({"sample_rate": 48_000.0}, {"sample_rate": 48_000}),
        ({"expires_in": 3600.0}, {"expires_in": 3600}),
        ({"speed": "1.2"}, {"speed": 1.2}),
        ({"speed": 1}, {"speed": 1.0}),
        ({"loudness": "-16"}, {"loudness": -16.0}),
        ({"duration": "1e1"}, {"duration": 10.0}),
        ({"timestamps": "true"}, {"timestamps": True}),
        ({"remove_silence": "False", "duration": "3"}, {"remove_silence": False, "duration": 3.0}),
        ({"verify": "true"}, {"verify": Verify()}),
        ({"verify": "false"}, {"verify": None}),
        ({"verify": {"max_wer": None, "attempts": "5"}}, {"verify": Verify(attempts=5)}),
        ({"lexicon": {"GIF": "jiff", "": None}}, {"lexicon": {"GIF": "jiff"}}),
        ({"format": "MP3"}, {"format": "mp3"}),
        ({"format": ".mp3"}, {"format": "mp3"}),
        ({"format": " .Opus"}, {"format": "opus"}),
        ({"quality": "Best"}, {"quality": "best"}),
        ({"delivery": "Base64"}, {"delivery": "base64"}),
        ({"subtitles": ["SRT", ".vtt"]}, {"subtitles": ["srt", "vtt"]}),
        ({"subtitles": "srt, VTT"}, {"subtitles": ["srt", "vtt"]}),
        ({"subtitles": "srt"}, {"subtitles": ["srt"]}),
        ({"return_word_timings": "true", "timing_format": "SRT"}, {"timestamps": True, "subtitles": ["srt"]}),
        ({"return_word_timings": "false"}, {"timestamps": False}),
        *(
            ({"language": spelled}, {"language": code})
            for code, every in {
                "en": "en|EN|en-US|en_US|en-gb|en_US.UTF-8|English|english |eng|English (US)|American English",
                "zh": "zh|zh-CN|zh_Hans_CN|zh-Hant|zh_CN.utf8|Chinese|中文|cmn|zho|chi|Simplified Chinese|Mandarin",
                "de": "de-AT|German|Deutsch|deu|ger",
                "pt": "pt-BR|pt_br|Portuguese|português|Brazilian Portuguese",
                "ja": "Japanese|日本語|jpn",
                "fr": "français|FRENCH|fr-CA",
                "es": "es-419|Spanish|español",
                "hi": "Hindi|हिन्दी",
                "fi": "Finnish|suomi",
                "yue": "yue|Cantonese|yue-HK",
            }.items()
            for spelled in every.split("|")
        ),
    ],
)
def test_what_can_mean_only_one_thing_is_read_as_that(sent, meant):
    request, warnings = parse({**SAY, **sent}, SETTINGS)
    assert {name: getattr(request, name) for name in meant} == meant
    assert warnings == []


def test_segments_are_read_like_the_whole():
    sent = {"text": "Hi.", "voice": None, "speed": "1.5", "seed": -1, "pause_after": "", "unheard_of": None}
    request, _ = parse({**SAY, "text": None, "segments": [sent]}, SETTINGS)
    (segment,) = request.segments
    assert (segment.voice, segment.speed, segment.seed, segment.pause_after) == (None, 1.5, None, None)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"seed": 42.5}, "seed: must be a valid integer"),
        ({"seed": "seven"}, "seed: must be a valid integer"),
        ({"seed": "1_000"}, "seed: must be a valid integer"),
        ({"seed": True}, "seed: must be a valid integer"),
        ({"seed": -2}, "seed: must be greater than or equal to 0"),
        ({"seeds": [1, None]}, r"seeds\[1\]: must be a valid integer"),
        ({"speed": "1,2"}, "speed: must be a valid number"),
        ({"speed": "1e999"}, "speed: must be a valid number"),
        ({"speed": "nan"}, "speed: must be a valid number"),
        ({"speed": "9"}, "speed: must be less than"),
        ({"timestamps": "yes"}, "timestamps: must be a valid boolean"),
        ({"timestamps": 1}, "timestamps: must be a valid boolean"),
        ({"return_word_timings": "no"}, "return_word_timings: must be true or false"),
        ({"format": "mp4"}, "format: must be 'wav'"),
        ({"language": "Klingonese"}, "language: may hold a language's code"),
        ({"language": ["en"]}, "language: must be a valid string"),
        ({"subtitles": "srt, doc"}, r"subtitles\[1\]: must be"),
        ({"gen_text": "Hi."}, r"gen_text: is not known: did you mean text\?"),
        ({"genText": "Hi."}, r"genText: is not known: did you mean text\?"),
        ({"input": "Hi."}, r"input: is not known: did you mean text\?"),
        ({"reference_text": "Hi."}, r"reference_text: is not known: did you mean ref_text\?"),
        ({"refText": "Hi."}, r"refText: is not known: did you mean ref_text\?"),
        ({"ref-audio": "Hi."}, r"ref-audio: is not known: did you mean ref_audio\?"),
        ({"reference_audio": "Hi."}, r"reference_audio: is not known: did you mean ref_audio\?"),
        ({"ref_file": "Hi."}, r"ref_file: is not known: did you mean ref_audio\?"),
        ({"Speed": 1}, r"Speed: is not known: did you mean speed\?"),
        ({"tempo": 1}, r"tempo: is not known: did you mean speed\?"),
        ({"nfe_steps": 1}, r"nfe_steps: is not known: did you mean nfe_step\?"),
        ({"response_format": "mp3"}, r"response_format: is not known: did you mean format\?"),
        ({"lang": "en"}, r"lang: is not known: did you mean language\?"),
        ({"voice_id": "anna"}, r"voice_id: is not known: did you mean voice\?"),
        ({"weather": "fine"}, "weather: is not known: leave it out"),
        ({"text": None, "segments": [{"text": "Hi.", "speaker": "x"}]}, r"segments\[0\]\.speaker: .*mean voice\?"),
        ({"text": None, "segments": [{"text": None}]}, r"segments\[0\]\.text: is missing"),
        ({"text": None, "segments": [{"text": ""}]}, r"segments\[0\]\.text: has no letter"),
        ({"made_with": {"model": "m", "revision": None, "references": []}}, r"made_with\.revision: is missing"),
        ({"action": "add_voice", "text": None, "voice": "", "ref_audio": "https://e.com/a"}, "voice: is missing"),
    ],
)
def test_what_may_mean_more_than_one_thing_is_refused(sent, problem):
    with pytest.raises(InvalidInput, match=problem):
        parse({**SAY, **sent}, SETTINGS)


SOUND = bytes(range(256)) * 3 + b"end"
ENCODED = base64.b64encode(SOUND).decode()


SOUNDS = [SOUND, SOUND + b"1", SOUND + b"12", b"ID3" + b"\xfb\xef\xbe" * 30 + b"\0", b"RIFF\xff\xfe\xfb"]


@pytest.mark.parametrize(
    "written",
    [
        lambda data: base64.b64encode(data).decode(),
        lambda data: base64.b64encode(data).decode().rstrip("="),
        lambda data: base64.b64encode(data).decode() + "==",
        lambda data: base64.urlsafe_b64encode(data).decode(),
        lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
        lambda data: base64.b64encode(data).decode().replace("+", " "),
        lambda data: base64.b64encode(data).decode().replace("+", "%2B").replace("=", "%3D"),
        lambda data: base64.encodebytes(data).decode(),
        lambda data: base64.encodebytes(data).decode().replace("\n", "\r\n"),
        lambda data: base64.encodebytes(data).decode().replace("\n", "\\r\\n"),
        lambda data: base64.encodebytes(data).decode().replace("\n", " "),
        lambda data: str(base64.b64encode(data)),
        lambda data: f'"{base64.b64encode(data).decode()}"',
        lambda data: "data:audio/wav;base64," + base64.b64encode(data).decode(),
        lambda data: "DATA:Audio/Mpeg;codecs=mp3;BASE64, " + base64.b64encode(data).decode(),
        lambda data: "data:audio/wav; base64," + base64.encodebytes(data).decode(),
        lambda data: "data:;base64," + base64.b64encode(data).decode(),
        lambda data: "data:base64," + base64.b64encode(data).decode(),
        lambda data: "audio/wav;base64," + base64.b64encode(data).decode(),
        lambda data: "base64," + base64.urlsafe_b64encode(data).decode().rstrip("="),
    ],
)
def test_base64_is_taken_in_every_way_that_tools_write_it(written):
    for sound in SOUNDS:
        request, _ = parse({"text": "Hi.", "ref_audio": written(sound)}, SETTINGS)
        assert request.ref_audio.data == sound


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("/home/anna/voice.wav", "is a path"),
        ("data:audio/wav," + ENCODED, "without ';base64,'"),
        (ENCODED.rstrip("=")[:-3], "a part of it may be missing"),
        (ENCODED[:20] + "=" + ENCODED[20:], "not base64"),
        (ENCODED[:20] + "!" + ENCODED[20:], "not base64"),
        ("data:audio/wav;base64,", "is empty"),
        ("====", "is empty"),
    ],
)
def test_what_is_no_base64_is_told_why(written, problem):
    with pytest.raises(InvalidInput, match=f"ref_audio: .*{problem}"):
        parse({"text": "Hi.", "ref_audio": written}, SETTINGS)


def test_every_field_that_may_be_left_out_is_tried():
    assert {*itertools.chain(*OPTIONAL.values())} >= set(SynthesisRequest.model_fields) - {"action"}
    assert typing.get_args(SynthesisRequest.model_fields["action"].annotation) == ("synthesize",)
