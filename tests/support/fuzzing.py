"""What a worker may be sent: jobs from good to nonsense, damaged recordings, text of every script.

Every generator draws from a `random.Random`: one number names an input, and hypothesis, which brings a `Random` of its
own, makes what it finds small. Requests are made from the schema itself: a new field is tried without a word here.
"""

from __future__ import annotations

import base64
import io
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import av
import numpy as np
from hostile import sounding, with_covers
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from voiceclone.audio import OPUS_RATES, encode, resample
from voiceclone.jobs.dub_request import DubRequest
from voiceclone.jobs.fields import ReadSubtitles
from voiceclone.jobs.request import SCHEMAS, SynthesisRequest
from voiceclone.types import Waveform
from voiceclone.voices.builtin import BuiltIn

# Text

SCRIPTS = [
    (0x0000, 0x001F), (0x0020, 0x007E), (0x00A0, 0x024F), (0x0300, 0x036F), (0x0370, 0x03FF), (0x0400, 0x052F),
    (0x0590, 0x05FF), (0x0600, 0x06FF), (0x0900, 0x097F), (0x0E00, 0x0E7F), (0x1100, 0x11FF), (0x1F00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x20CF), (0x2100, 0x218F), (0x2460, 0x24FF), (0x2600, 0x27BF), (0x3000, 0x30FF),
    (0x3200, 0x33FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xD800, 0xDFFF), (0xE000, 0xE0FF), (0xFB00, 0xFDFF),
    (0xFE00, 0xFFFF), (0x10000, 0x10FFF), (0x1D400, 0x1D7FF), (0x1F000, 0x1FAFF), (0xE0000, 0xE01EF),
]  # fmt: skip
"""Of letters, signs and what is neither: the first and the last code point."""
MARKS = [
    "[", "]", "[[", "]]", "\\[", "\\", "[pause]", "[pause:1s]", "[pause:1e9s]", "[pause:-1s]", "[pause:nan]",
    "[pause:\ud800]", "[PAUSE= .5 ]", "[pause:999999.999999s]", "<break>", "<break time=...>", '<break time="1ms"/>',
    "<break time='61s'>", "[main]", "[Main]", "[example-en]", "[short]", "[..]", "[a.b]", "[a/b]", "[1]", "[١]", "[-]",
    "<b>", "</", "<!--", "{", "%s", "{0}", "$(id)", "\r\n", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ufeff",
]  # fmt: skip
TRICKY = [
    "$3.50", "1/2", "10:30", "5'10\"", "1,234,567.89", "9" * 60, "1e999999999", "10^99999", "2024-02-30", "½", "²", "Ⅷ",
    "①", "٣", "१२", "㎏", "ﷺ", "ß", "ΐ", "ſ", "İ", "ﬁ", "e\u0301\u0301", "🏳️‍🌈", "👩‍👩‍👧", "www.a.b", "a@b.c", "http://",
    "XIV.", "Dr.", "z. B.", "第", "年", "点", "¥", "г.", "№", "°C", "km/h", "-", "–", "'", "\"", "(", "…", "。", "、",
]  # fmt: skip
WORDS = ["Hello", "there,", "I", "am", "a", "voice.", "Yes!", "Why?", "you", "5", "你好", "и", "Straße"]


def good_text(draw):
    """A few words, which some of the marks may stand between."""
    pieces = [draw.choice(WORDS) for _ in range(draw.randint(1, 5))]
    if draw.random() < 0.2:
        pieces.insert(draw.randrange(len(pieces)), draw.choice(("[pause:0.1s]", "[short]", "\\[", "[1]")))
    return " ".join(pieces)


def odd_text(draw):
    """Anything; seldom something that can be said."""
    pieces = []
    for _ in range(draw.randint(1, 6)):
        first, last = draw.choice(SCRIPTS)
        letters = "".join(chr(draw.randint(first, last)) for _ in range(draw.randint(1, 6)))
        piece = draw.choice((letters, draw.choice(MARKS), draw.choice(TRICKY), draw.choice(WORDS), " "))
        pieces.append(piece * draw.choice((1, 1, 1, 1, 2, 50)))
    return "".join(pieces)


# Requests, by the schema

NAMES = ["Anna", "b.c", "a-1_", "example-en", "short", "x" * 64]
_STRINGS = {
    "text": good_text,
    "ref_text": lambda draw: draw.choice(
        ("Hello there.", "Some call me nature, others call me mother nature.", "你好")
    ),
    "voice": lambda draw: draw.choice(NAMES),
    "prefix": lambda draw: draw.choice(("", "a", "example", "..")),
    "language": lambda draw: draw.choice(("en", "zh", "de", "ru", "ar", "fin", "xx")),
    "key": lambda draw: draw.choice(("a", "a/b", "a.wav", "a.wav/b", "k-_.9", "x" * 200)),
    "job_id": lambda draw: draw.choice(("mine", "0", "a.b-c_d", "x" * 128)),
    "ref_audio": lambda draw: draw.choice(sources()),
    "source": lambda draw: draw.choice(sources()),
}
"""What a field takes that its type does not tell."""
_OTHER_STRINGS = ("Agreed by mail", "jiff", "a", "x" * 200)


def of_field(draw, name, kind, limits=()):
    """A value that a field of this name, type and range takes."""
    if isinstance(kind, FieldInfo):
        return of_field(draw, name, kind.annotation, kind.metadata)
    if name in _STRINGS:
        return _STRINGS[name](draw)
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        more = [limit for each in inside[1:] for limit in (each.metadata if isinstance(each, FieldInfo) else (each,))]
        return of_field(draw, name, inside[0], [*limits, *more])
    if origin in (Union, UnionType):
        return of_field(draw, name, draw.choice(inside), limits)
    if origin is Literal:
        return draw.choice(inside)
    if origin is list:
        return [of_field(draw, name.removesuffix("s"), inside[0]) for _ in range(draw.randint(1, 3))]
    if origin is dict:
        return {draw.choice(("GIF", "SQL", "你")): draw.choice(("jiff", "sequel"))}
    if kind is ReadSubtitles:
        return subtitles(draw)
    if kind is NoneType:
        return None
    if kind is bool:
        return draw.random() < 0.5
    if kind is str:
        return draw.choice(_OTHER_STRINGS)
    if kind in (int, float):
        return _number(draw, kind, limits)
    assert issubclass(kind, BaseModel), f"{name}: say how a {kind} is drawn"
    return of_schema(draw, kind)


def _number(draw, kind, limits):
    least = next(limit.ge for limit in limits if hasattr(limit, "ge"))
    most = next(
        (limit.le if hasattr(limit, "le") else limit.lt - 1)
        for limit in limits
        if hasattr(limit, "le") or hasattr(limit, "lt")
    )
    between = draw.randint(least, most) if kind is int else draw.uniform(least, most)
    return draw.choice((least, most, between))


def of_schema(draw, schema):
    """Every field that must be there, and some of the others."""
    fields = schema.model_fields.items()
    return {name: of_field(draw, name, field) for name, field in fields if field.is_required() or draw.random() < 0.3}


def valid(draw, action=None):
    """A request that must be accepted where there is a bucket."""
    action = action or draw.choice(list(SCHEMAS))
    fields = of_schema(draw, SCHEMAS[action]) | {"action": action}
    if action == "link":
        fields = {name: fields[name] for name in ("action", "expires_in") if name in fields}
        name = draw.choice(("key", "job_id"))
        return {**fields, name: _STRINGS[name](draw)}
    if action == "add_voice":
        return {**fields, "voice": draw.choice(NAMES)}
    if action == "edit":  # without marks
        return {**fields, "text": fields["text"].replace("[", "(")}
    if issubclass(SCHEMAS[action], DubRequest):
        _make_dubbed(draw, fields)
    elif issubclass(SCHEMAS[action], SynthesisRequest):
        _make_agree(draw, fields)
    return fields


def subtitles(draw):
    """Some cues, which may overlap, by somebody or nobody."""
    cues = []
    for i in range(draw.randint(1, 4)):
        start = draw.randint(0, 8)
        who = draw.choice(("", "", "GIF: ", "<v SQL>", "[music] "))
        text = f"{who}{good_text(draw).replace('[', '(')}"
        cues.append(f"{i + 1}\n00:00:0{start},000 --> 00:00:0{start + 1},5{draw.randint(0, 99):02}\n{text}\n")
    return "\n".join(cues)


def _make_dubbed(draw, fields):
    """Bring what is dubbed, and keep one of what excludes each other."""
    fields["subtitles"] = subtitles(draw)
    for voice in fields.get("voices", {}).values():
        if isinstance(voice, dict):
            voice.pop("voice" if draw.random() < 0.5 else "ref_audio", None)
    fields.pop("voices" if draw.random() < 0.7 else "x", None)
    fields.pop("source" if draw.random() < 0.7 else "duration", None)
    if not fields.get("source"):
        fields.pop("mix", None)
    else:
        fields.pop("duration", None)
    fields["text"] = None
    _make_agree(draw, fields)
    for name in ("text", "segments"):
        fields.pop(name, None)


def _make_agree(draw, fields):
    """Keep one of fields that exclude each other, and bring what others need."""
    fields.pop("segments" if draw.random() < 0.7 else "text", None)
    if not fields.get("segments"):
        fields.pop("segments", None)
        fields["text"] = good_text(draw)
    fields.pop("voice" if draw.random() < 0.2 else "ref_audio", None)
    if not fields.get("ref_audio"):
        fields |= {"voice": draw.choice(NAMES), "ref_audio": None, "ref_text": None}
    elif fields["ref_audio"].startswith("kept:"):
        fields.pop("ref_text", None)
    if fields.get("seeds") is not None:
        fields.pop("takes", None)
        fields.pop("seed", None)
        for segment in fields.get("segments", ()):
            segment.pop("seed", None)
    if fields.get("duration") is not None:
        fields.pop("remove_silence", None)
    if fields.get("format") == "opus" and fields.get("sample_rate", 24_000) not in OPUS_RATES:
        fields.pop("sample_rate")


# Requests that nobody should send

_VALUES = [
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 5e-324, 1e308, -1e308, float("nan"), float("inf"), float("-inf"),
    2**32, 2**63, -(2**64), 10**400, "", " ", "1", "true", "nan", "null", "\0", "\ud800", "\udc00\ud800", "é\u0301",
    "..", "../..", "/", "/etc/passwd", "a/../b", ".hidden", "a.b", "C:\\", "-", "'; --", "x" * 65, "x" * 5_001,
    "x" * 200_000, "http://127.0.0.1/a.wav", "https://user:pass@[::1]:80/a", "http://no-such-host.invalid/a",
    "http://127.0.0.1:99999/", "http://\0/", "http://" + "a." * 5_000, "file:///etc/passwd", "s3://mine/../a",
    "s3://theirs/a", "data:,x", "data:;base64,", "data:audio/wav;base64,!!!!", "kept:" + "0" * 64, "kept:../a",
    [], {}, [[]], [None], {"": ""}, {"a": None}, {"text": "Hi."}, [{"text": "Hi."}], [{"text": "Hi.", "voice": 5}],
    {"max_wer": 2}, {"attempts": "3"}, {"model": "m", "revision": "r", "references": [1]}, ["srt", "srt"], ["doc"],
]  # fmt: skip
FORMER = {
    "endpoint": ("tts", "upload", "list_voices", "download", "status"),
    "local_voice": ("short.wav", "short", "http://127.0.0.1/a.wav", ".wav"),
    "voice_name": ("short", "example-en.wav", ""),
    "voice_file_url": ("http://127.0.0.1/a.wav", ""),
    "return_word_timings": (False, False, False, None, "yes"),
    "timing_format": ("srt", "csv", None),
    "job_id": ("mine", "a/b"),
}
"""The former worker's fields, with some values."""
_UNKNOWN = [
    "Text", "spede", "", " ", "a.b", "a[0]", "__class__", "te\ud800xt", "te?xt", "x" * 10_000, "ref_audio ", "名",
]  # fmt: skip


def odd(draw):
    """Any JSON at all."""
    kind = draw.randint(0, 9)
    if kind == 0:
        return nested(draw.randint(4, 700), draw.choice((lambda inside: [inside], lambda inside: {"a": inside})))
    if kind == 1:
        return {draw.choice((*_UNKNOWN, "text", "voice")): draw.choice(_VALUES) for _ in range(draw.randint(0, 4))}
    if kind == 2:
        return [draw.choice(_VALUES) for _ in range(draw.randint(0, 4))]
    return odd_text(draw) if kind == 3 else draw.choice(_VALUES)


def nested(depth, around):
    value = None
    for _ in range(depth):
        value = around(value)
    return value


def spoiled(draw, fields):
    """With one thing wrong, or two, or three; what is wrong may be fine by chance."""
    fields = dict(fields)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        action = fields.get("action")
        known = SCHEMAS.get(action if isinstance(action, str) else "", SynthesisRequest).model_fields
        name = draw.choice([*known, *known, *fields, draw.choice(_UNKNOWN), draw.choice([*FORMER])])
        inside = fields.get(name)
        if isinstance(inside, list) and inside and isinstance(inside[0], dict) and draw.random() < 0.7:
            fields[name] = [*inside[1:], {**inside[0], draw.choice([*inside[0], "seed", "x"]): odd(draw)}]
        elif isinstance(inside, dict) and inside and draw.random() < 0.7:
            fields[name] = {**inside, draw.choice([*inside, "x"]): odd(draw)}
        elif draw.random() < 0.15:
            fields.pop(name, None)
        else:
            fields[name] = odd(draw)
    return fields


def as_formerly(draw, fields):
    """As the former worker was asked, or nearly."""
    fields = {name: value for name, value in fields.items() if name in ("text", "ref_text", "nfe_step", "cfg_strength")}
    return fields | {name: draw.choice(values) for name, values in FORMER.items() if draw.random() < 0.5}


def job(draw):
    """A job as the platform may hand it over: some are good, and cheap where they are spoken, most are spoiled."""
    actions = ["synthesize"] * 4 + ["check"] * 12 + ["dub", "check_dub", "list_voices", "delete_voice", "info", "link"]
    action = draw.choice(actions) if draw.random() < 0.995 else "add_voice"
    fields = valid(draw, action)
    if action in ("synthesize", "check", "dub", "check_dub"):
        _make_cheap(draw, fields)
    if fields.get("ref_audio") and draw.random() < 0.3:
        fields["ref_audio"] = base64.b64encode(hostile(draw)).decode()
    if action == "delete_voice" and fields["voice"] == "short":
        fields["voice"] = "Anna"
    kind = draw.random()
    if kind > 0.3:
        fields = spoiled(draw, fields) if kind < 0.8 else as_formerly(draw, fields) if kind < 0.9 else odd(draw)
    sent = {"id": f"job-{draw.randrange(100)}", "input": fields}
    if draw.random() < 0.05:
        name = draw.choice(("id", "webhook", "policy"))
        sent[name] = draw.choice((None, 7, 1.5, True, [], {}, "", "../a", "\ud800", "x" * 5_000))
    if draw.random() < 0.01:
        sent.pop(draw.choice(("id", "input")))
    return sent


def _make_cheap(draw, fields):
    """Mostly in a voice of a second, in one step and unheard: listening takes ten times as long as speaking."""
    fields |= {"nfe_step": 1, "cfg_strength": 0.0}
    if fields.get("voice") and draw.random() < 0.8:
        fields["voice"] = "short"
    if fields.get("ref_audio"):
        fields.setdefault("ref_text", "Hello there.")
    for segment in fields.get("segments", ()):
        segment["pause_after"] = 0.5
    dropped = ("delivery", "duration", "seeds", "timestamps", "subtitles", "verify")
    for name in dropped if isinstance(fields.get("subtitles"), list | None) else ("delivery", "seeds", "verify"):
        if draw.random() < (0.99 if name in ("timestamps", "subtitles", "verify") else 0.8):
            fields.pop(name, None)


# Recordings


def muxed(waveform, container, codec, *, video=False):
    """A file as phones and browsers make it, by FFmpeg."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        if video:
            picture = output.add_stream("mpeg4", rate=5)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream = output.add_stream(codec, rate=48_000, layout="stereo", bit_rate=128_000)
        samples = resample(waveform, 48_000).samples
        frame = av.AudioFrame.from_ndarray(np.stack([samples, samples]), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        if video:
            for _ in range(5):
                output.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
            output.mux(picture.encode(None))
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=48_000)
        fifo = av.AudioFifo()
        for piece in resampler.resample(frame):
            piece.pts = None
            fifo.write(piece)
        while block := fifo.read(stream.codec_context.frame_size or 1024, partial=True):
            output.mux(stream.encode(block))
        output.mux(stream.encode(None))
    return file.getvalue()


FORMATS_OF_PEOPLE = {
    **{name: lambda clip, name=name: encode(clip, name) for name in ("wav", "flac", "mp3", "ogg")},
    "opus": lambda clip: muxed(clip, "ogg", "libopus"),
    "m4a": lambda clip: muxed(clip, "ipod", "aac"),
    "webm": lambda clip: muxed(clip, "webm", "libopus"),
    "mp4": lambda clip: muxed(clip, "mp4", "aac", video=True),
}
_RARER = [
    ("adts", "aac"), ("matroska", "aac"), ("mpegts", "aac"), ("avi", "mp3"), ("flv", "mp3"), ("mov", "pcm_s16le"),
    ("aiff", "pcm_s16be"), ("caf", "pcm_s16le"), ("asf", "wmav2"), ("3gp", "aac"),
]  # fmt: skip
_SURROUND = [
    ("ipod", "aac", "7.1"), ("matroska", "flac", "7.1"), ("matroska", "pcm_s16le", "3 channels"),
    ("mp4", "alac", "stereo"), ("matroska", "aac", "hexadecagonal"), ("w64", "adpcm_ms", "stereo"),
]  # fmt: skip


@cache
def recordings():
    """One clip in every container."""
    clip = Waveform(BuiltIn().named("example-en").waveform.samples[:48_000], 24_000)
    files = [make(clip) for make in FORMATS_OF_PEOPLE.values()]
    files += [muxed(clip, container, codec) for container, codec in _RARER]
    return [*files, *(sounding(*kind, seconds=0.5) for kind in _SURROUND), with_covers(2, 1_000)]


@cache
def sources():
    """Where a request may say that its recording lies: fine, but not all of them there."""
    flac = base64.b64encode(recordings()[1]).decode()
    addresses = ("http://127.0.0.1/a.wav", "https://no-such-host.invalid/a?b#c", "s3://mine/a.wav", "kept:" + "0" * 64)
    return [*addresses, flac, f"data:audio/flac;base64,{flac}"]


def hostile(draw):
    """A recording of some format, cut off, with parts changed, left out or put in twice, or of two formats."""
    files = recordings()
    data = bytearray(draw.choice(files))
    head = min(len(data), draw.choice((64, 512, 4_096)))  # where containers say what they hold
    for _ in range(draw.choice((0, 1, 3, 20, 400))):
        at = draw.randrange(head if draw.random() < 0.6 else len(data))
        match draw.randrange(4):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                data[at] ^= 1 << draw.randrange(8)
            case 2:  # lengths, rates, channels
                data[at : at + 4] = draw.choice(
                    (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
                )
            case 3:
                other = draw.choice(files)
                start = draw.randrange(len(other))
                data[at : at + 64] = other[start : start + 64]
    match draw.randrange(7):
        case 0:
            del data[draw.randrange(len(data)) :]
        case 1:
            start = draw.randrange(len(data))
            del data[start : start + draw.randrange(1, 2_000)]
        case 2:
            start = draw.randrange(len(data))
            data[start:start] = data[start : start + draw.randrange(2_000)]
        case 3:
            data[: draw.randrange(200)] = draw.choice(files)[: draw.randrange(200)]
        case 4:
            data = bytearray(draw.randbytes(draw.randrange(1, 5_000)))
    return bytes(data)
