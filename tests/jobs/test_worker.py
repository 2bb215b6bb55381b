"""A job's input goes in, speech and an honest reply come out."""

from __future__ import annotations

import base64
import json
import re
import shutil
import urllib.request
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import make_voices, with_bucket

from voiceclone.audio.codec import loudness, rms
from voiceclone.audio.decoding import decode
from voiceclone.delivery import delivery
from voiceclone.errors import OutOfMemory
from voiceclone.listening.whisper import Recogniser
from voiceclone.settings import Settings
from voiceclone.types import AUDIO_FORMATS, Waveform

SAY = {"text": "Hello there.", "voice": "example-en", "nfe_step": 1, "seed": 5}


def job(**fields):
    return {"id": "job-1", "input": {**SAY, **fields}}


def set_settings(worker, **changes):
    worker.settings = worker.delivery.settings = worker.settings.model_copy(update=changes)


def recording(worker):
    """The bytes of a clip that is long enough to be a reference."""
    return Path(worker.handle(job(text="A longer text for a clip."))["audio_path"]).read_bytes()


def test_the_reply_tells_all_there_is_to_know(worker):
    reply = worker.handle(job(text="Hello  there.\n"))
    assert reply["status"] == "completed"
    assert reply["job_id"] == "job-1"
    assert (reply["format"], reply["sample_rate"], reply["seed"]) == ("wav", 24_000, 5)
    assert (reply["text"], reply["normalized_text"]) == ("Hello  there.\n", "Hello there.")
    assert reply["voice"]["name"] == "example-en"
    assert reply["voice"]["ref_text"] == "Some call me nature, others call me mother nature."
    assert reply["chunks"] == [{"text": "Hello there.", "start": 0.0, "end": reply["duration"], "seed": 5}]
    assert reply["model"] == {"name": "random", "revision": worker.checkpoint.revision, "license": "CC0-1.0"}
    assert set(reply["timings"]) == {"voice", "synthesis", "encode", "store", "total"}
    assert reply["rtf"] == pytest.approx(reply["timings"]["synthesis"] / reply["duration"], rel=0.01)
    assert reply["warnings"] == []
    json.dumps(reply, allow_nan=False)


@pytest.mark.parametrize("audio_format", [each for each in AUDIO_FORMATS if each != "pcm"])
def test_every_format_arrives_as_sound(worker, audio_format):
    reply = worker.handle(job(format=audio_format))
    waveform = decode(Path(reply["audio_path"]).read_bytes(), 24_000, 60)
    assert waveform.duration_s == pytest.approx(reply["duration"], abs=0.1)
    assert rms(waveform.samples) > 1e-3


def test_a_seed_is_drawn_and_returned_and_gives_the_same_take(worker):
    first = worker.handle({"id": "a", "input": {k: v for k, v in SAY.items() if k != "seed"}})
    second = worker.handle({"id": "b", "input": {**SAY, "seed": first["seed"]}})
    samples = [soundfile.read(reply["audio_path"])[0] for reply in (first, second)]
    assert np.array_equal(*samples)


def test_long_text_becomes_chunks_with_a_seed_each(worker):
    text = "This is one sentence of several that are spoken here. " * 5
    reply = worker.handle(job(text=text))
    chunks = reply["chunks"]
    assert len(chunks) > 1
    assert [chunk["seed"] for chunk in chunks] == [5 + i for i in range(len(chunks))]
    assert " ".join(chunk["text"] for chunk in chunks) == text.strip()
    starts = [chunk["start"] for chunk in chunks]
    assert starts == sorted(starts)
    for before, after in pairwise(chunks):
        assert before["end"] - after["start"] == pytest.approx(0.15, abs=1e-3)
    assert chunks[-1]["end"] == pytest.approx(reply["duration"], abs=1e-3)


def test_a_recording_in_the_job_speaks(worker):
    clip = base64.b64encode(recording(worker))
    reply = worker.handle(
        {"id": "x", "input": {**SAY, "voice": None, "ref_audio": clip.decode(), "ref_text": "A longer text for a clip"}}
    )
    assert reply["voice"] == {"ref_text": "A longer text for a clip.", "duration": pytest.approx(2.6, abs=0.5)}


def test_what_the_vocabulary_lacks_is_said(worker):
    reply = worker.handle(job(text="Hello \U0001f600 there."))
    assert reply["warnings"] == ["the model's vocabulary lacks \U0001f600: left out"]
    assert reply["normalized_text"] == "Hello there."


def test_punctuation_alone_is_not_spoken(worker, monkeypatch):
    monkeypatch.setattr(worker.engine, "max_chunk_size", lambda *_: 8)
    reply = worker.handle(job(text="Hello. !!!!!!! there."))
    assert [chunk["text"] for chunk in reply["chunks"]] == ["Hello.", "there."]
    assert reply["warnings"] == ["punctuation alone is not spoken: !!!!!!!"]


def test_the_transcript_is_looked_at_as_well(worker):
    clip = base64.b64encode(recording(worker))
    recorded = {"voice": None, "ref_audio": clip.decode(), "ref_text": "A longer \u2603 text"}
    warnings = worker.handle(job(**recorded))["warnings"]
    assert "the model's vocabulary lacks \u2603: each is read as a space" in warnings


def test_info_names_model_device_and_limits_without_secrets(worker, s3):
    info = with_bucket(worker, s3[0]).handle({"id": "i", "input": {"action": "info"}})
    assert "known-secret-key" not in json.dumps(info)
    assert str(worker.settings.volume) not in json.dumps(info)
    assert info["model"]["name"] == "random"
    assert info["device"] == "cpu"
    assert info["dtype"] == "float32"
    assert info["voices"] == ["example-en", "example-zh"]
    assert info["versions"]["f5-tts"] == "1.1.22"
    assert info["limits"]["max_text_chars"] == 100_000
    json.dumps(info)


# Several voices, pauses, lengths

TURNS = "One voice says this. [pause:0.5s] [example-zh] Another answers. [pause:250ms] [main] And the first again."


def spoken(reply):
    samples, rate = soundfile.read(reply["audio_path"], dtype="float32")
    return samples, rate


def test_a_dialogue_has_its_voices_and_exact_pauses(worker):
    reply = worker.handle(job(text=TURNS))
    assert [voice["name"] for voice in reply["voices"]] == ["example-en", "example-zh"]
    assert [chunk["voice"] for chunk in reply["chunks"]] == ["example-en", "example-zh", "example-en"]
    samples, rate = spoken(reply)
    for before, after, pause_s in zip(reply["chunks"], reply["chunks"][1:], (0.5, 0.25), strict=False):
        start, end = round(before["end"] * rate), round(after["start"] * rate)
        assert end - start == pytest.approx(pause_s * rate, abs=3)  # times are told to a tenth of a millisecond
        assert not samples[start + 3 : end - 3].any()
    assert len(samples) == pytest.approx(reply["duration"] * rate, abs=2)
    assert reply["normalized_text"] == "One voice says this. Another answers. And the first again."


def test_segments_are_spoken_like_turns(worker):
    segments = [
        {"text": "One voice says this.", "pause_after": 0.5},
        {"text": "Another answers.", "voice": "example-zh", "pause_after": 0.25},
        {"text": "And the first again."},
    ]
    asked = {key: value for key, value in SAY.items() if key != "text"}
    by_segments = worker.handle({"id": "s", "input": {**asked, "segments": segments}})
    assert np.array_equal(spoken(by_segments)[0], spoken(worker.handle(job(text=TURNS)))[0])


def test_an_unknown_tag_is_an_error_that_lists_the_voices_and_says_how_to_have_it_read(worker):
    reply = worker.handle(job(text="He said so. [nobody] Really?"))
    assert reply["error_code"] == "voice_not_found"
    assert "'nobody'; known: example-en, example-zh" in reply["error"]
    assert r"write \[nobody]" in reply["error"]
    assert (
        worker.handle(job(text=r"He said so. \[nobody] Really?"))["normalized_text"] == "He said so. [nobody] Really?"
    )


@pytest.mark.parametrize(
    ("text", "spoken", "warnings"),
    [
        ("He said [sic] so.", "He said [sic] so.", []),
        ("See [GitHub](https://github.com).", "See GitHub.", []),
        ("He [really] did.", "He [really] did.", ["no voice has these names, which are read as words: [really]"]),
        ("<emphasis>So</emphasis> it is.", "So it is.", ["mark-up that has no effect here is left out: emphasis"]),
    ],
)
def test_brackets_and_tags_that_are_no_voices_do_not_fail_a_job(worker, text, spoken, warnings):
    reply = worker.handle({"id": "c", "input": {**SAY, "action": "check", "text": text}})
    assert (reply["normalized_text"], reply["warnings"]) == (spoken, warnings)


def test_hostile_mark_up_is_refused_by_its_field(worker):
    reply = worker.handle(job(text='<!DOCTYPE a [<!ENTITY b "c">]><speak>&b;</speak>'))
    assert (reply["error_code"], [problem["field"] for problem in reply["details"]]) == ("invalid_input", ["text"])


def test_who_says_a_word_is_told_where_several_speak_and_no_cue_holds_two_voices(worker):
    text = "[example-en] You really came back! [example-zh] I said that I would. [example-en] So."
    reply = worker.handle(job(text=text, timestamps=True, subtitles=["vtt", "ass", "json"]))
    spans = [(chunk["start"], chunk["end"]) for chunk in reply["chunks"]]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    said = [(word["word"], word["voice"]) for word in reply["words"]]
    assert said[3:6] == [("back!", "example-en"), ("I", "example-zh"), ("said", "example-zh")]
    cues = json.loads(Path(reply["subtitles"]["json"]).read_text())["cues"]
    assert [(cue["voice"], " ".join(cue["text"].split())) for cue in cues] == [
        ("example-en", "You really came back!"),
        ("example-zh", "I said that I would."),
        ("example-en", "So."),
    ]
    assert "<v example-zh>I said that I would." in Path(reply["subtitles"]["vtt"]).read_text()
    assert ",Default,example-zh,0,0,0,," in Path(reply["subtitles"]["ass"]).read_text()
    assert "voice" not in worker.handle(job(text="One voice.", timestamps=True))["words"][0]


@pytest.mark.parametrize("rate", [24_000, 44_100, 8_000])
def test_the_audio_has_the_asked_length_and_rate_to_the_sample(worker, rate):
    samples, found = spoken(worker.handle(job(text=TURNS, duration=7.0123, sample_rate=rate)))
    assert (found, len(samples)) == (rate, round(7.0123 * rate))


def test_loudness_is_as_asked_or_the_reply_says_why_not(worker):
    reply = worker.handle(job(text="Rather a long sentence, so that there is something to measure.", loudness=-30))
    samples, rate = spoken(reply)
    assert loudness(Waveform(samples, rate)) == pytest.approx(-30, abs=0.3)
    assert reply["warnings"] == []
    (warning,) = worker.handle(job(text="No.", speed=2, loudness=-9))["warnings"]
    assert "LUFS, not -9.0, 61.0 LU too quiet" in warning


def test_without_silence_the_speech_is_shorter_and_its_pauses_stay(worker, monkeypatch):
    """Silence within what the model says goes; what was written as a pause does not."""
    from voiceclone.audio import silence

    shortened = []
    tidy = silence.tidy
    monkeypatch.setattr(silence, "tidy", lambda waveform: shortened.append(tidy(waveform)) or shortened[-1])
    samples, rate = spoken(worker.handle(job(text=TURNS, remove_silence=True)))
    assert len(shortened) == 3
    assert len(samples) == sum(len(part.samples) for part in shortened) + 0.75 * rate


def test_the_title_is_the_beginning_of_the_text(worker):
    reply = worker.handle(job(text="The quick brown fox jumps over the lazy dog, and does so again and again."))
    with soundfile.SoundFile(reply["audio_path"]) as file:
        assert file.title == "The quick brown fox jumps over the lazy dog, and does so"


# Words and subtitles


def test_words_are_timed_as_the_caller_wrote_them(worker):
    text = "It cost $5 in 2024. [pause:0.5s] [example-zh] Really? Yes!"
    reply = worker.handle(job(text=text, timestamps=True))
    words = reply["words"]
    assert [word["word"] for word in words] == ["It", "cost", "$5", "in", "2024.", "Really?", "Yes!"]
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= reply["duration"]
    pause_starts, pause_ends = reply["chunks"][0]["end"], reply["chunks"][1]["start"]
    assert words[4]["end"] <= pause_starts + 1e-3
    assert words[5]["start"] >= pause_ends - 1e-3
    assert reply["timings"]["words"] > 0


def test_subtitles_lie_beside_the_audio(worker):
    reply = worker.handle(job(text="Hello there. Nice to meet you.", subtitles=["srt", "vtt", "ass", "json"]))
    assert "words" not in reply
    for ending, path in reply["subtitles"].items():
        assert Path(path) == Path(reply["audio_path"]).with_suffix(f".{ending}")
        assert "meet" in Path(path).read_text()


def test_subtitles_come_inside_the_reply_with_the_audio(worker):
    reply = worker.handle(job(subtitles=["vtt"], delivery="base64"))
    assert reply["subtitles"]["vtt"].startswith("WEBVTT")


def test_a_long_dialogue_has_its_length_to_the_sample_and_subtitles_that_follow_each_other(worker):
    """Three voices, pauses, chunks of all of them in one job; read by a parser that is not ours."""
    import pysubs2

    names = ("example-en", "example-zh", "main")
    clip = base64.b64encode(recording(worker)).decode()
    own = {"voice": None, "ref_audio": clip, "ref_text": "A longer text for a clip"}
    turns = [
        f"[{names[i % 3]}] Sentence number {i} is said here, and it is not short. [pause:{i % 4}00ms]" for i in range(4)
    ]
    reply = worker.handle(job(text=" ".join(turns), subtitles=["srt", "ass"], timestamps=True, **own))
    assert {chunk["voice"] for chunk in reply["chunks"]} == {"example-en", "example-zh", None}
    durations_s = [chunk["end"] - chunk["start"] for chunk in reply["chunks"]]
    fades_s = sum(max(0, a["end"] - b["start"]) for a, b in pairwise(reply["chunks"]))
    pauses_s = sum(range(4)) / 10
    samples, rate = spoken(reply)
    assert len(samples) == pytest.approx((sum(durations_s) - fades_s + pauses_s) * rate, abs=len(durations_s) * 3)
    assert len(samples) == pytest.approx(reply["duration"] * rate, abs=2)
    times = [time for word in reply["words"] for time in (word["start"], word["end"])]
    assert times == sorted(times), "turns that are cross-faded keep their words apart"
    assert times[-1] <= reply["duration"]
    for path in reply["subtitles"].values():
        cues = pysubs2.load(path)
        assert all(before.end <= after.start for before, after in pairwise(cues))
        assert cues[-1].end <= reply["duration"] * 1000 + 10
        shown = " ".join(cue.plaintext for cue in cues).split()
        assert shown == [word["word"] for word in reply["words"]]


def test_the_former_worker_told_word_times_under_other_names(worker):
    reply = worker.handle(job(endpoint="tts", return_word_timings=True))
    assert reply["timing_format"] == "srt"
    assert reply["timing_files"] == reply["subtitles"]
    assert reply["word_count"] == 2
    assert 0 <= reply["timing_confidence"] <= 1


def test_without_a_recogniser_nothing_is_spoken_that_it_should_hear(worker, monkeypatch):
    monkeypatch.setattr(worker, "recogniser", Recogniser("none", lambda: Path("/nowhere"), "cpu"))
    monkeypatch.setattr(worker.engine, "speak", None)
    for asked in ({"timestamps": True}, {"subtitles": ["srt"]}, {"verify": True}):
        reply = worker.handle(job(**asked))
        assert reply["error_code"] == "model_unavailable"
        assert "nowhere" not in reply["error"]


# Planning, progress, the same take again


def test_a_check_tells_what_would_be_said_without_saying_it(worker, monkeypatch):
    asked = {"text": "Pay 3 \U0001f600 [example-zh] now. " * 8, "seed": 5}
    reply = worker.handle(job(**asked))
    monkeypatch.setattr(worker.engine, "speak", None)
    checked = worker.handle(job(**asked, action="check"))
    assert checked["normalized_text"] == reply["normalized_text"]
    assert [(c["text"], c["seed"]) for c in checked["chunks"]] == [(c["text"], c["seed"]) for c in reply["chunks"]]
    assert checked["predicted"]["duration"] == pytest.approx(reply["duration"], abs=1e-3)
    assert checked["predicted"]["synthesis"] == pytest.approx(reply["timings"]["synthesis"], abs=0.01)
    assert checked["unknown_characters"] == ["\U0001f600"]
    assert checked["warnings"] == reply["warnings"]


def test_progress_is_told_between_chunks(worker, monkeypatch):
    monkeypatch.setattr("voiceclone.jobs.progress.EVERY_S", 0)
    monkeypatch.setattr("voiceclone.jobs.progress.LEAST_LEFT_S", 0)
    updates = []
    reply = worker.handle(job(text="A sentence of several that are spoken one by one. " * 9), updates.append)
    assert [update["chunks_done"] for update in updates] == list(range(1, len(reply["chunks"])))
    assert [update["percent"] for update in updates] == sorted(update["percent"] for update in updates)


def again(worker, reply):
    """Return the reply to its recipe, where nothing is kept of what was spoken."""
    worker.kept.flush()
    shutil.rmtree(worker.settings.chunks_dir)
    return worker.handle({"id": "again", "input": reply["recipe"]})


def test_the_recipe_gives_the_same_take(worker):
    first = worker.handle(job(text=TURNS, seed=None, speed=1.2, sample_rate=16_000, lexicon={"again": "once more"}))
    second = again(worker, json.loads(json.dumps(first)))
    assert np.array_equal(spoken(first)[0], spoken(second)[0])
    assert second["warnings"] == []
    assert second["recipe"] == first["recipe"]


def test_the_recipe_of_a_stream_cuts_the_text_as_the_stream_did(worker):
    """Its seeds fit no other chunks; and they are more and shorter than those of a job that nobody waits for."""
    text = "A sentence, and what is said behind its comma, until it comes to an end."
    first = worker.handle(job(text=text, streamed=True))
    assert first["chunks"][0]["text"] == "A sentence,"
    assert len(first["recipe"]["takes"]) > len(worker.handle(job(text=text))["chunks"])
    second = again(worker, json.loads(json.dumps(first)))
    assert np.array_equal(spoken(first)[0], spoken(second)[0])
    assert second["recipe"] == first["recipe"]


def test_the_recipe_finds_a_recording_that_came_with_the_job(worker):
    """On the volume, so that another worker finds it too; and says so when it is no longer there."""
    clip = base64.b64encode(recording(worker)).decode()
    asked = {**SAY, "voice": None, "ref_audio": clip, "ref_text": "A longer text for a clip"}
    first = worker.handle({"id": "x", "input": asked})
    assert clip not in json.dumps(first["recipe"])
    worker.voices = make_voices(worker.settings, worker.recogniser)
    assert np.array_equal(spoken(first)[0], spoken(again(worker, first))[0])
    for kept in worker.settings.references_dir.iterdir():
        kept.unlink()
    worker.voices = make_voices(worker.settings, worker.recogniser)
    reply = again(worker, first)
    assert reply["error_code"] == "voice_not_found"
    assert "send ref_audio again" in reply["error"]


def test_the_recipe_of_segments_and_of_the_volumes_words_gives_the_same_take(worker, monkeypatch, tmp_path):
    monkeypatch.setattr(Settings, "lexicon_file", tmp_path / "lexicon.json")
    (tmp_path / "lexicon.json").write_text('{"GIF": "jiff"}')
    segments = [{"text": "A GIF.", "seed": 3, "pause_after": 0.1}, {"text": "Another.", "voice": "example-zh"}]
    asked = {key: value for key, value in SAY.items() if key != "text"}
    first = worker.handle({"id": "s", "input": {**asked, "segments": segments}})
    (tmp_path / "lexicon.json").unlink()
    second = again(worker, first)
    assert np.array_equal(spoken(first)[0], spoken(second)[0])
    assert second["seed"] == 3


def test_a_recipe_of_another_model_or_voice_says_that_the_take_will_differ(worker):
    recipe = worker.handle(job())["recipe"]
    made_with = {**recipe["made_with"], "revision": "0000", "references": ["ffff"]}
    reply = worker.handle({"id": "x", "input": {**recipe, "made_with": made_with}})
    assert len(reply["warnings"]) == 2
    assert "random 0000" in reply["warnings"][0]
    assert "a voice is not the one" in reply["warnings"][1]


def test_words_of_the_volumes_lexicon_are_said_as_it_tells(worker, monkeypatch, tmp_path):
    monkeypatch.setattr(Settings, "lexicon_file", tmp_path / "lexicon.json")
    (tmp_path / "lexicon.json").write_text('{"GIF": "jiff", "SQL": "sequel"}')
    reply = worker.handle(job(text="A GIF in SQL.", lexicon={"SQL": "S Q L"}))
    assert reply["normalized_text"] == "A jiff in S Q L."
    (tmp_path / "lexicon.json").write_text("[]")
    (warning,) = worker.handle(job())["warnings"]
    assert warning.startswith("lexicon.json must hold words")


# Where the audio goes


def test_with_a_bucket_the_reply_is_a_link(worker, s3):
    environ, _ = s3
    reply = with_bucket(worker, environ).handle(job(format="flac", expires_in=600))
    assert reply["key"].startswith("team/output/job-1-")
    with urllib.request.urlopen(reply["audio_url"]) as response:
        assert response.headers["Content-Type"] == "audio/flac"
        assert decode(response.read(), 24_000, 60).duration_s == pytest.approx(reply["duration"], abs=0.01)
    left = datetime.fromisoformat(reply["expires_at"]) - datetime.now(UTC)
    assert 500 < left.total_seconds() <= 600
    assert "audio_path" not in reply


def test_subtitles_are_links_of_their_own(worker, s3):
    environ, _ = s3
    reply = with_bucket(worker, environ).handle(job(subtitles=["srt"], key="film"))
    with urllib.request.urlopen(reply["subtitles"]["srt"]) as response:
        assert response.headers["Content-Type"] == "application/x-subrip"
        assert b"-->" in response.read()
    assert reply["key"] == "team/output/film.wav"


def test_a_result_is_linked_again(worker, s3):
    """By its key or its job, which is not taken for one whose id begins alike."""
    environ, _ = s3
    worker = with_bucket(worker, environ)
    reply = worker.handle({**job(subtitles=["json"]), "id": "linked"})
    for other in ({**job(), "id": "linked-2"}, {**job(key="linked-by-name")}):
        worker.handle(other)
    for asked in ({"key": reply["key"]}, {"job_id": "linked"}):
        link = worker.handle({"id": "l", "input": {"action": "link", "expires_in": 60, **asked}})
        assert link["key"] == reply["key"]
        with urllib.request.urlopen(link["audio_url"]) as response:
            assert response.headers["Content-Type"] == "audio/wav"


@pytest.mark.parametrize(
    "asked",
    [
        *(
            {"key": f"team/{key}"}
            for key in ("voices/me.json", "output/none.wav", "output/", "output/../voices/me.json")
        ),
        *(
            {"key": key}
            for key in ("", "output", "/", "undelivered/a.wav", "output/a\x00.wav", "output//a.wav", "output/./a.wav")
        ),
        {"job_id": "none"},
    ],
)
def test_what_is_no_result_is_not_linked(worker, s3, asked):
    worker = with_bucket(worker, s3[0])
    worker.delivery.bucket.write("voices/me.json", b"{}", "application/json")
    assert worker.handle({"id": "l", "input": {"action": "link", **asked}})["error_code"] == "invalid_input"


def test_a_reference_may_lie_in_the_bucket(worker, s3):
    environ, client = s3
    clip = recording(worker)
    client.put_object(Bucket=environ["S3_BUCKET"], Key="voices/me.wav", Body=clip)
    reply = with_bucket(worker, environ).handle(
        {
            "id": "x",
            "input": {
                **SAY,
                "voice": None,
                "ref_audio": f"s3://{environ['S3_BUCKET']}/voices/me.wav",
                "ref_text": "A longer text",
            },
        }
    )
    assert reply["status"] == "completed"


def test_the_same_job_run_twice_writes_one_object(worker, s3):
    """The platform may run a job again: the second result takes the place of the first."""
    environ, client = s3
    keys = {with_bucket(worker, environ).handle({**job(), "id": "twice"})["key"] for _ in range(2)}
    listed = client.list_objects_v2(Bucket=environ["S3_BUCKET"], Prefix="team/output/twice")["Contents"]
    assert [item["Key"] for item in listed] == list(keys)
    assert with_bucket(worker, environ).handle({**job(text="Other."), "id": "twice"})["key"] not in keys


def test_speech_is_not_lost_when_the_bucket_fails(worker, s3):
    environ, _ = s3
    reply = with_bucket(worker, {**environ, "S3_BUCKET": "missing"}).handle(job())
    assert reply["status"] == "completed"
    assert reply["degraded"]["delivery"] == "s3"
    assert "bucket" in reply["degraded"]["reason"]
    assert soundfile.info(reply["audio_path"]).duration == pytest.approx(reply["duration"], abs=0.01)
    assert "known-secret-key" not in json.dumps(reply)


@pytest.mark.parametrize(("on_platform", "where"), [(True, "audio_base64"), (False, "audio_path")])
def test_without_a_bucket_the_platform_gets_base64_and_a_laptop_a_file(worker, on_platform, where):
    set_settings(worker, on_platform=on_platform)
    assert where in worker.handle(job())


def test_base64_is_the_file(worker):
    reply = worker.handle(job(delivery="base64"))
    waveform = decode(base64.b64decode(reply["audio_base64"]), 24_000, 60)
    assert waveform.duration_s == pytest.approx(reply["duration"], abs=1e-3)


def test_what_is_too_large_for_a_reply_is_kept(worker):
    """The platform drops a reply over its limit in silence."""
    set_settings(worker, max_inline_mb=0)
    reply = worker.handle(job(delivery="base64"))
    assert "audio_base64" not in reply
    assert "ask for opus" in reply["degraded"]["reason"]
    assert soundfile.info(reply["audio_path"]).samplerate == 24_000


def test_s3_without_a_bucket_is_refused_before_anything_is_spoken(worker, monkeypatch):
    monkeypatch.setattr(worker.engine, "speak", None)
    reply = worker.handle(job(delivery="s3"))
    assert reply["error_code"] == "invalid_input"
    assert reply["details"][0]["field"] == "delivery"


@pytest.mark.parametrize(
    ("key", "file"), [("a/b", "a/b.wav"), ("a.wav", "a.wav"), ("v1.2", "v1.2.wav"), ("a.mp3", "a.mp3.wav")]
)
def test_a_key_gets_the_formats_ending(worker, key, file):
    reply = worker.handle(job(key=key))
    assert reply["key"] == file
    assert (worker.settings.local_output_dir / file).is_file()


def test_the_callers_own_id_replaces_the_platforms(worker):
    reply = worker.handle(job(job_id="mine"))
    assert reply["job_id"] == "mine"
    assert reply["key"].startswith("mine-")


def test_a_hostile_job_id_stays_in_the_output_directory(worker):
    reply = worker.handle({"id": "../../etc/x\u00e9", "input": SAY})
    assert reply["key"].startswith("-..-etc-x--")


@pytest.mark.parametrize("job_id", ["x" * 5000, "\ud800", "a\nb\x1b[31m", None, {"a": [1]}, 7])
def test_any_id_of_a_job_names_a_file(worker, job_id):
    reply = worker.handle({"id": job_id, "input": SAY})
    assert (reply["status"], "degraded" in reply) == ("completed", False)


# What goes wrong


def test_an_unknown_voice_is_its_own_error(worker):
    reply = worker.handle(job(voice="nobody"))
    assert reply["error_code"] == "voice_not_found"
    assert reply["error"] == "voice_not_found: there is no voice 'nobody'; known: example-en, example-zh"


def test_an_error_that_spoils_the_process_asks_for_a_new_one(worker, monkeypatch):
    def speak(*_):
        raise OutOfMemory("the GPU has too little memory")

    monkeypatch.setattr(worker.engine, "speak", speak)
    reply = worker.handle(job())
    assert (reply["error_code"], reply["refresh_worker"]) == ("out_of_memory", True)


def test_a_bug_shows_the_caller_no_traceback(worker, monkeypatch, caplog):
    def speak(*_):
        raise KeyError("/secret/path")

    monkeypatch.setattr(worker.engine, "speak", speak)
    reply = worker.handle(job())
    assert reply["error_code"] == "internal"
    assert "secret" not in reply["error"]
    assert "/secret/path" in caplog.text


def block(*directories):
    """A file stands where each of the directories should be."""
    for directory in directories:
        directory.write_text("in the way")


def test_speech_that_no_directory_takes_comes_inside_the_reply(worker, s3):
    """Neither the bucket nor the volume can be written: small audio is sent, and both reasons are told."""
    block(worker.settings.volume / "output")
    reply = with_bucket(worker, {**s3[0], "S3_BUCKET": "missing"}).handle(job())
    assert decode(base64.b64decode(reply["audio_base64"]), 24_000, 60).duration_s > 0.5
    assert "audio_path" not in reply
    assert "NoSuchBucket" in reply["degraded"]["reason"]
    assert "could not be written" in reply["degraded"]["reason"]


def test_where_no_way_is_left_delivery_fails_with_every_reason(worker, tmp_path):
    """Files stand where the directories should be, and the reply has no room."""
    block(tmp_path / "output", worker.settings.volume / "output")
    set_settings(worker, max_inline_mb=0)
    reply = worker.handle(job())
    assert reply["error_code"] == "storage_failed"
    assert "could not be written" in reply["error"]
    assert "ask for opus" in reply["error"]
    assert str(tmp_path) not in reply["error"]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "cache" not in path.parts]
    assert sorted(path.name for path in left) == ["output", "output"]


def test_speech_that_could_not_be_delivered_is_sent_when_it_is_asked_for_again(worker, s3):
    """Kept on the volume with its subtitles, inside the reply as well; the link brings both to the bucket."""
    environ, client = s3
    reply = with_bucket(worker, {**environ, "S3_BUCKET": "missing"}).handle({**job(subtitles=["srt"]), "id": "late"})
    audio = base64.b64decode(reply["audio_base64"])
    assert Path(reply["audio_path"]).read_bytes() == audio
    assert "-->" in reply["subtitles"]["srt"]
    assert "action link" in reply["degraded"]["reason"]
    mended = with_bucket(worker, environ)
    by_job = mended.handle({"id": "l", "input": {"action": "link", "job_id": "late"}})
    with urllib.request.urlopen(by_job["audio_url"]) as response:
        assert (response.read(), response.headers["Content-Type"]) == (audio, "audio/wav")
    srt = by_job["key"].replace(".wav", ".srt")
    assert client.get_object(Bucket=environ["S3_BUCKET"], Key=srt)["ContentType"] == "application/x-subrip"
    assert not list(worker.settings.undelivered_dir.glob("*"))
    by_key = mended.handle({"id": "l", "input": {"action": "link", "key": reply["key"]}})
    assert by_key["key"] == by_job["key"] == reply["key"]


def test_speech_is_kept_before_it_is_sent_where_there_is_no_time_for_a_bucket_that_is_down(worker, s3, monkeypatch):
    """The platform would end the job, and the worker, within the upload; once it is sent nothing is kept."""
    environ, _ = s3
    worker = with_bucket(worker, environ)
    set_settings(worker, max_job_s=100)
    put, there = worker.delivery.bucket.put, []

    def looking(*what):
        there.extend(path.name for path in worker.settings.undelivered_dir.iterdir())
        return put(*what)

    monkeypatch.setattr(worker.delivery.bucket, "put", looking)
    reply = worker.handle(job(key="late"))
    assert there == ["late.wav"]
    assert not worker.settings.undelivered_dir.exists()
    assert reply["key"] == "team/output/late.wav"
    assert "degraded" not in reply


def test_speech_is_kept_whatever_goes_wrong_with_its_upload(worker, s3, monkeypatch):
    """A bug is told as one; the action link finds the speech."""
    environ, _ = s3
    broken = with_bucket(worker, environ)
    monkeypatch.setattr(broken.delivery.bucket, "put", {}.pop)
    assert broken.handle({**job(), "id": "bug"})["error_code"] == "internal"
    link = with_bucket(worker, environ).handle({"id": "l", "input": {"action": "link", "job_id": "bug"}})
    with urllib.request.urlopen(link["audio_url"]) as response:
        assert decode(response.read(), 24_000, 60).duration_s > 0.5


def test_results_are_not_mixed_with_what_could_not_be_delivered(worker):
    assert worker.handle(job(key="undelivered/a"))["details"][0]["field"] == "key"


def test_a_reply_that_the_platform_would_drop_is_an_error_that_says_where_the_speech_is(worker, monkeypatch):
    monkeypatch.setattr(delivery, "MAX_REPLY_BYTES", 1500)
    reply = worker.handle(job(text="A few words in several chunks, each of which is told with its text. " * 5))
    assert reply["error_code"] == "storage_failed"
    assert re.search(
        r"the reply has \S+ MB, .* the speech is stored as job-1-\w+\.wav: leave timestamps out", reply["error"]
    )
    assert len(list(worker.settings.local_output_dir.glob("*.wav"))) == 1


def test_audio_that_does_not_fit_beside_the_rest_of_the_reply_is_kept(worker, monkeypatch):
    monkeypatch.setattr(delivery, "MAX_REPLY_BYTES", 20_000)
    reply = worker.handle(job(delivery="base64"))
    assert "audio_base64" not in reply
    assert soundfile.info(reply["audio_path"]).duration == pytest.approx(reply["duration"], abs=0.01)


@pytest.mark.parametrize("broken", [{}, {"id": "x"}, {"input": None}, {"id": None, "input": []}])
def test_a_job_without_input_is_refused(worker, broken):
    assert worker.handle(broken)["error_code"] == "invalid_input"
