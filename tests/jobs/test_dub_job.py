"""Subtitles go in, a track comes out on which each cue is spoken at its time, and a true report of it."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voiceclone import audio
from voiceclone.errors import InvalidInput
from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings
from voiceclone.types import Waveform
from voiceclone.voices.builtin import BuiltIn

SRT = """1
00:00:00,500 --> 00:00:03,500
Anna: Hello there.

2
00:00:04,001 --> 00:00:04,300
Ben: This is far too long for its time.

3
00:00:05,000 --> 00:00:08,000
[door slams] Anna: <i>Good</i> bye.
"""
SHORT = "1\n00:00:01,000 --> 00:00:02,000\nHi."
DUB = {
    "action": "dub",
    "subtitles": SRT,
    "voices": {"Anna": "example-en", "Ben": "example-en"},
    "nfe_step": 1,
    "cfg_strength": 0.0,
    "seed": 5,
    "duration": 9.0,
}


def job(**fields):
    return {"id": "job-1", "input": {**DUB, **fields}}


def sound(reply):
    return soundfile.read(reply["audio_path"], dtype="float32")[0]


def encoded(samples, rate=24_000):
    return base64.b64encode(audio.encode(Waveform(samples, rate), "wav")).decode()


def test_each_cue_is_told_and_heard_at_its_time(worker):
    reply = worker.handle(job())
    first, second, third = reply["cues"]
    assert [cue["text"] for cue in reply["cues"]] == ["Hello there.", "This is far too long for its time.", "Good bye."]
    assert [cue["speaker"] for cue in reply["cues"]] == ["Anna", "Ben", "Anna"]
    assert (first["rate"], first["fits"], third["fits"]) == (1.0, True, True)
    assert first["spoken_end"] < 3.5
    assert (second["rate"], second["fits"]) == (pytest.approx(1.3, abs=0.02), False)
    assert second["over_by"] == pytest.approx(second["spoken_end"] - 5.0, abs=1e-3)
    assert second["overlaps"] == [3]
    assert [cue["seeds"] for cue in reply["cues"]] == [[5], [6], [7]]
    assert (reply["status"], reply["duration"], reply["fits"], reply["seed"]) == ("completed", 9.0, False, 5)
    assert {voice["speaker"] for voice in reply["voices"]} == {"Anna", "Ben"}
    assert any("1 of 3 cues are too long for their time, cue 2 by " in warning for warning in reply["warnings"])
    heard = sound(reply)
    assert len(heard) == 9 * 24_000
    assert not heard[:12_000].any()
    assert heard[12_000:12_200].any()
    end = round(first["spoken_end"] * 24_000)
    assert heard[end - 200 : end].any()
    assert not heard[end : round(4.001 * 24_000)].any()


def test_check_dub_tells_the_same_without_speaking(worker):
    checked = worker.handle(job(action="check_dub"))
    spoken = worker.handle(job())
    assert checked["cues"] == spoken["cues"]
    assert checked["predicted"]["duration"] == spoken["duration"]
    assert "audio_path" not in checked


def test_the_recipe_gives_the_same_track_and_finds_what_was_spoken(worker):
    first = worker.handle(job(seed=None))
    again = worker.handle({"id": "again", "input": first["recipe"]})
    assert np.array_equal(sound(first), sound(again))
    assert again["cues"] == [{**cue, "kept": True} for cue in first["cues"]]


def test_a_job_that_is_run_again_finds_what_it_has_spoken(worker):
    first, again = (worker.handle(job(seed=None)) for _ in range(2))
    assert again["seed"] == first["seed"]
    assert all(cue["kept"] for cue in again["cues"])


def test_a_voice_speaks_for_all_who_have_none(worker):
    reply = worker.handle(job(voices={"Anna": "example-en"}, voice="example-en"))
    assert [cue["speaker"] for cue in reply["cues"] if "speaker" in cue] == ["Anna", "Anna"]
    assert reply["cues"][1]["text"] == "Ben: This is far too long for its time."


@pytest.mark.parametrize("action", ["dub", "check_dub"])
def test_over_http_it_is_a_job_as_any(http, action):
    sent = {**DUB, "action": action, "delivery": "base64"}
    answer = http.post("/runsync", json={"input": sent}).json()
    assert answer["status"] == "COMPLETED"
    assert [cue["fits"] for cue in answer["output"]["cues"]] == [True, False, True]
    assert ("audio_base64" in answer["output"]) == (action == "dub")
    refused = http.post("/runsync", json={"input": {**sent, "subtitles": "none"}}).json()
    assert "subtitles: are neither SRT nor VTT" in str(refused)


def test_subtitles_may_come_as_base64_in_old_encodings(worker):
    written = base64.b64encode("1\n00:00:00,000 --> 00:00:02,000\nCaf\u00e9.".encode("cp1252")).decode()
    reply = worker.handle(job(action="check_dub", subtitles=written, voices=None, voice="example-en"))
    assert [cue["text"] for cue in reply["cues"]] == ["Caf\u00e9."]


def test_who_has_no_voice_speaks_with_their_own_from_the_source(worker):
    """Cut where they are heard alone, and listened to; the track is as long as the source to the sample."""
    reader = BuiltIn().named("example-en").waveform.samples
    source = np.concatenate([np.zeros(12_000, np.float32), reader, np.zeros(12_345, np.float32)])
    end_ms = 500 + len(reader) // 24
    srt = (
        "1\n00:00:00,000 --> 00:00:00,400\nAnna: Hello.\n\n"
        f"2\n00:00:00,500 --> 00:00:0{end_ms // 1000},{end_ms % 1000:03}\n<v Ben>Good bye.\n"
    )
    asked = {**DUB, "subtitles": srt, "voices": {"Anna": "example-en"}, "duration": None, "source": encoded(source)}
    reply = worker.handle({"id": "own", "input": asked})
    anna, ben = reply["voices"]
    assert (anna["speaker"], anna["name"], ben["speaker"]) == ("Anna", "example-en", "Ben")
    assert "mother nature" in ben["ref_text"].lower()
    assert f"the voice of 'Ben' is cut from the source at 0.5 to {end_ms / 1000:.1f} s" in reply["warnings"]
    assert len(sound(reply)) == len(source)
    assert reply["recipe"]["voices"]["Anna"] == {"voice": "example-en"}
    assert reply["recipe"]["voices"]["Ben"]["ref_audio"].startswith("kept:")
    again = worker.handle({"id": "again", "input": reply["recipe"]})
    assert np.array_equal(sound(reply), sound(again))


def test_mixed_with_its_source_that_is_ducked_meanwhile(worker):
    """Elsewhere the source is as it was, and nothing is clipped."""
    noise = np.random.default_rng(0).normal(0, 0.2, 9 * 24_000).astype(np.float32)
    both = sound(worker.handle(job(source=encoded(noise), mix=True, duration=None, ducking=20)))
    assert len(both) == 9 * 24_000
    quiet = slice(0, 8_000)
    assert audio.rms(both[quiet]) == pytest.approx(audio.rms(noise[quiet]), rel=0.1)
    first = worker.handle(job(action="check_dub"))["cues"][0]
    spoken = slice(round(first["spoken_start"] * 24_000), round(first["spoken_end"] * 24_000))
    left = np.dot(both[spoken], noise[spoken]) / np.dot(noise[spoken], noise[spoken])
    assert left == pytest.approx(0.1, abs=0.05)
    assert np.abs(both).max() < 1.0


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"subtitles": "Hello."}, "subtitles: must be the text of an SRT or WebVTT file, or its base64"),
        ({"subtitles": "https://example.com/a.srt"}, "subtitles: .* a link is not followed"),
        ({"subtitles": 5}, "subtitles: must be a string"),
        ({"subtitles": None}, "subtitles: is missing"),
        (
            {"subtitles": "1\n00:00:01,000 --> 00:00:00,500\nHi"},
            "subtitles: cue 1 ends at 0.5 s, before it starts at 1 s",
        ),
        ({"subtitles": "1\n-0:00:01,000 --> 00:00:02,500\nHi"}, "subtitles: line 2"),
        ({"subtitles": "1\n00:00:01,000 --> 00:00:02,500\n<b></b>"}, "subtitles: have no letter or digit to say"),
        ({"subtitles": "1\n00:00:01,000 --> 00:00:02,500\n" + "a " * 60_000}, "subtitles: have 119999 characters"),
        ({"voices": None}, "voice: is missing: send voice, ref_audio, voices, or the source"),
        ({"voices": {"Anna": {"ref_text": "Hi."}}}, "voices.Anna: needs a voice or a ref_audio"),
        ({"voices": {"Anna": {"pitch": 2}}}, "voices.Anna.pitch: is not known"),
        ({"voices": {"Anna": "../a"}}, "voices.Anna.voice: may hold letters"),
        ({"mix": True}, "source: is missing: send what mix lays the speech over"),
        ({"source": "https://example.com/a.mp4"}, "duration: comes with source, whose length counts"),
        ({"max_rate": 0.5}, "max_rate: must be greater than or equal to 1"),
        ({"borrow": -1}, "borrow: must be greater than or equal to 0"),
        ({"format": "opus", "sample_rate": 22_050}, "sample_rate: must be one that Opus knows"),
        ({"text": "Hello."}, "text: is not known"),
    ],
)
def test_what_cannot_be_dubbed_is_refused_by_its_field(fields, problem):
    with pytest.raises(InvalidInput, match=problem):
        parse({**DUB, **fields}, Settings())


@pytest.mark.parametrize(
    ("fields", "code", "problem"),
    [
        ({"voices": {"Anna": "example-en", "Ben": "nobody"}}, "voice_not_found", "voices.Ben: there is no voice"),
        (
            {"subtitles": SRT.replace("Ben:", "<v Ben>"), "voices": {"Anna": "example-en"}},
            "invalid_input",
            "voices: has none for 'Ben', who speaks cue 2",
        ),
        ({"subtitles": SRT.replace("Ben:", "So:")}, "invalid_input", "voice: is missing: cue 2 names no speaker"),
        ({"duration": 4.5}, "invalid_input", "subtitles[3]: begins at 5 s, the source ends at 4.5 s"),
        (
            {"subtitles": "1\n99:00:00,000 --> 99:00:01,000\nAnna: Hi.", "duration": None},
            "invalid_input",
            "subtitles: would be 5940.0 minutes of audio",
        ),
        (
            {
                "source": encoded(np.full(240_000, 0.1, np.float32)),
                "duration": None,
                "voices": None,
                "subtitles": SHORT,
            },
            "invalid_input",
            "source: has no stretch of 1.5 s in which the speaker speaks alone",
        ),
        ({"source": "bm8gc291bmQ=", "duration": None}, "bad_audio", "source: the recording is not a sound file"),
        (
            {"voices": {"Anna": "example-en", "Ben": {"ref_audio": "bm8gc291bmQ=", "ref_text": "Hi."}}},
            "bad_audio",
            "voices.Ben: the recording is not a sound file",
        ),
        ({"seeds": [1]}, "invalid_input", "seeds: has 1 entries and the cues make 3 chunks"),
    ],
)
def test_what_is_found_out_later_is_told_as_well(worker, fields, code, problem):
    sent = job(**fields, **({"seed": None} if "seeds" in fields else {}))
    reply = worker.handle(sent)
    assert reply["error_code"] == code
    assert problem in reply["error"]
    assert list(Path(worker.settings.output_dir).glob("*")) == []
