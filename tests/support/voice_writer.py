"""A process that adds, replaces, deletes, lists and speaks a few voices as fast as it can, beside others that do too.

Each voice that it adds carries its number twice, in the text and in the sound. Run as a script, with the volume and
the environment of a bucket as JSON, it prints what was wrong as JSON.
"""

from __future__ import annotations

import collections
import json
import random
import re
import sys
import threading
import traceback
from pathlib import Path

import numpy as np

from s3_utils import LocalStore, store_from_env
from voiceclone import audio
from voiceclone.errors import VoiceNotFound
from voiceclone.settings import Settings
from voiceclone.types import Waveform
from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.library import Library, SavedVoice
from voiceclone.voices.voices import Voices

NAMES = ("anna", "anna-2", "bob")
NUMBERS = 900


def said(number):
    return f"This is number {number}."


def sound(number):
    """A level and a length that no other number has."""
    return audio.encode(Waveform(np.full(600 + number, number / 1000, np.float32), 24_000), "wav")


def number_of(text, waveform):
    """Which voice it is. Raises AssertionError for a mixture."""
    number = int(re.search(r"\d+", text)[0])
    assert len(waveform.samples) == 600 + number, text
    assert np.allclose(waveform.samples, number / 1000, atol=1e-4), text
    return number


def no_mel(_):
    return np.zeros((1, 100), np.float32)


def act(draw, voices, library, done):
    """One thing that a worker may be asked for."""
    name = draw.choice(NAMES)
    what = draw.choice(["add"] * 3 + ["delete", "list"] + ["speak"] * 3)
    done[what] += 1
    if what == "add":
        number = draw.randrange(NUMBERS)
        library.add(SavedVoice(name, said(number)), sound(number))
    elif what == "delete":
        voices.remove(name)
    elif what == "list":
        for voice in voices.saved():
            assert voice.text, voice
    else:
        voice = voices.named(name)
        number_of(voice.transcript, voice.waveform)
        done["spoken"] += 1


def work(shelf, volume, seed, rounds, done, wrong):
    """`wrong` gets what may not happen; that there is no such voice right now may."""
    draw, library = random.Random(seed), Library(shelf)
    voices = Voices(Settings(volume=volume, model="random"), None, None, no_mel, BuiltIn(), library)
    for _ in range(rounds):
        try:
            act(draw, voices, library, done)
        except VoiceNotFound:
            continue
        except Exception:  # noqa: BLE001 - whatever it is, it is told
            wrong.append(traceback.format_exc(limit=-3))


if __name__ == "__main__":
    place, environ, first_seed, rounds_each = json.loads(sys.argv[1])
    there = store_from_env(environ) or LocalStore(Path(place))
    counted, problems = collections.Counter(), []
    threads = [
        threading.Thread(target=work, args=(there, Path(place), first_seed + i, rounds_each, counted, problems))
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps([counted, problems]))
