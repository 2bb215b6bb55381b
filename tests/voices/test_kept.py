"""A prepared reference that another program wrote is one that can be spoken with and told of, or is made again."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from voiceclone.types import Finding, ReferenceVoice, Waveform
from voiceclone.voices import kept

FINDING = Finding("clipping", 0.5, "%", "good", "")
VOICE = ReferenceVoice(
    Waveform(np.zeros(24_000, np.float32), 24_000),
    "Hello. ",
    language="en",
    mel=np.zeros((93, 100), np.float32),
    notes=("it was cut",),
    findings=(FINDING,),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cache/references/a.npz"
    kept.save(path, VOICE)
    return path


def test_what_is_kept_is_found_as_it_was(path):
    found = kept.load(path)
    assert (found.text, found.language, found.notes, found.findings) == ("Hello. ", "en", VOICE.notes, (FINDING,))
    assert np.array_equal(found.mel, VOICE.mel)


@pytest.mark.parametrize(
    "changed",
    [
        {"text": ""},
        {"text": " . "},
        {"text": "\ud800"},
        {"text": 5},
        {"text": None},
        {"language": 5},
        {"language": "\udfff"},
        {"notes": "cut"},
        {"notes": [5]},
        {"findings": [{**FINDING.__dict__, "value": float("inf")}]},
        {"findings": [{**FINDING.__dict__, "value": float("nan")}]},
        {"findings": [{**FINDING.__dict__, "verdict": "odd"}]},
        {"findings": {}},
        {"sample_rate": "24000"},
        {"sample_rate": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_what_could_not_be_told_of_is_made_again(path, changed):
    with np.load(path) as found:
        arrays = {name: found[name] for name in ("samples", "mel")}
        about = {**json.loads(str(found["about"])), **changed}
    # Infinity as others write it: JSON has no word for it, but numbers of any size.
    np.savez(path, about=json.dumps(about).replace("Infinity", "1e400"), **arrays)
    assert kept.load(path) is None


def test_a_pipe_is_not_waited_for(path):
    path.unlink()
    os.mkfifo(path)
    assert kept.load(path) is None
