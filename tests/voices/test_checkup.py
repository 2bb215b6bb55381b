"""Clips made bad on purpose get the verdict they deserve, with what to do about it; good ones get none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from voiceclone.checkpoints.registry import SHIPPED
from voiceclone.types import Transcript, Waveform, Word
from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.checkup import check_up, heard_twice, pitch, worst

BUILT_IN = BuiltIn(SHIPPED["demo"] / "voices")
ENGLISH = BUILT_IN.named("example-en")
CLEAN = ENGLISH.waveform.samples
RNG = np.random.default_rng(0)


def verdicts(samples, text=ENGLISH.text, heard=None, recording=None):
    waveform = Waveform(np.asarray(samples, np.float32), 24_000)
    found = check_up(recording or waveform, waveform, text, heard)
    assert all(bool(finding.advice) == (finding.verdict != "good") for finding in found)
    return {finding.what: finding.verdict for finding in found}


def transcript(text, probability=0.99):
    words = tuple(Word(f" {word}", i, i + 1, 1.0) for i, word in enumerate(text.split()))
    return Transcript(words, "en", probability)


@pytest.mark.parametrize("name", BUILT_IN.names)
def test_good_voices_are_not_complained_of(name):
    voice = BUILT_IN.named(name)
    assert worst(check_up(voice.waveform, voice.waveform, voice.text)) in ("good", "fair")


def chord(duration_s):
    t = np.arange(int(duration_s * 24_000)) / 24_000
    return sum(0.1 * np.sin(2 * np.pi * hz * t) * np.exp(-(t % 0.5) * 4) for hz in (261.6, 329.6, 392.0))


BAD = {
    "clipped": ("clipping", np.clip(CLEAN * 4, -1, 1)),
    "clipped and turned down": ("clipping", np.clip(CLEAN * 8, -1, 1) * 0.3),
    "noisy": ("signal to noise", CLEAN + RNG.normal(0, 0.05, len(CLEAN))),
    "quiet": ("level", CLEAN * 0.01),
    "three people": (
        "one voice",
        np.concatenate([BUILT_IN.named(n).waveform.samples for n in ("demo-deep", "example-en", "example-zh")]),
    ),
    "music": ("signal to noise", chord(5)),
    "short": ("duration", CLEAN[:24_000]),
}


@pytest.mark.parametrize("clip", BAD)
def test_a_bad_clip_is_found_out(clip):
    what, samples = BAD[clip]
    assert verdicts(samples)[what] == "poor"


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_more_noise_is_judged_worse(noise):
    order = ["good", "fair", "poor"]
    quieter, louder = (
        verdicts(CLEAN + RNG.normal(0, n, len(CLEAN)))["signal to noise"] for n in (noise / 3, noise * 3)
    )
    assert order.index(quieter) <= order.index(louder)


def test_a_wrong_transcript_is_found_out():
    assert verdicts(CLEAN, "Hi.")["speech rate"] == "poor"
    heard = transcript("Some call me nature others call me mother nature")
    assert verdicts(CLEAN, heard=heard)["transcript"] == "good"
    assert verdicts(CLEAN, "Nobody calls you anything, and nothing calls.", heard)["transcript"] == "poor"


@pytest.mark.parametrize(("is_told", "advice"), [(True, "write down exactly"), (False, "send `ref_text`")])
def test_whoever_wrote_nothing_is_not_told_to_write_exactly(is_told, advice):
    waveform = Waveform(CLEAN, 24_000)
    (rate,) = [each for each in check_up(waveform, waveform, "Hi.", is_told=is_told) if each.what == "speech rate"]
    assert (advice in rate.advice, "write down" in rate.advice) == (True, is_told)


SURE = transcript("The birch canoe slid on the smooth planks")


@pytest.mark.parametrize(
    ("heard", "again", "verdict", "is_warned_of"),
    [
        (SURE, SURE, "fair", False),
        (SURE, None, "fair", False),
        (SURE, transcript("the birch canoe slid, on the smooth planks!"), "fair", False),
        (SURE, transcript("The birch canoe slid on the zoom planks"), "fair", True),
        (SURE, transcript("The merch can use lid on the zoom planks"), "poor", True),
        (SURE, transcript(""), "poor", True),
        (dataclasses.replace(SURE, log_probability=-0.9), SURE, "poor", False),
        (dataclasses.replace(SURE, no_speech=0.8), SURE, "poor", False),
    ],
)
def test_what_was_only_heard_is_judged_by_the_recognisers_own_doubt(heard, again, verdict, is_warned_of):
    waveform = Waveform(CLEAN, 24_000)
    found = check_up(waveform, waveform, heard.text, heard, is_told=False, again=again)[-1]
    assert (found.what, found.value, found.verdict) == ("transcript", "heard, not checked", verdict)
    assert heard.text in found.advice
    assert bool(heard_twice(heard.text, again)) == is_warned_of


def test_an_unclear_language_is_said():
    assert verdicts(CLEAN, heard=transcript(ENGLISH.text, 0.3))["language"] == "poor"


def test_a_minute_of_which_little_is_kept_is_fair():
    recording = Waveform(np.tile(CLEAN, 12), 24_000)
    assert verdicts(CLEAN, recording=recording)["duration"] == "fair"


@pytest.mark.parametrize("hz", [70, 110, 180, 300])
def test_pitch_is_measured_without_octave_errors(hz):
    """Of a pulse train, which has every overtone."""
    t = np.arange(24_000) / 24_000
    voice = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 12))
    assert np.nanmedian(pitch(Waveform((0.1 * voice).astype(np.float32), 24_000))) == pytest.approx(hz, rel=0.03)
