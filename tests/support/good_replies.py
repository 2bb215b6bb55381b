"""Replies as a worker gives them, by what was asked of it."""

from __future__ import annotations

import base64

import numpy as np

from voiceclone import audio
from voiceclone.types import Waveform

WAV = audio.encode(Waveform(np.zeros(2400, np.float32), 24_000), "wav")
MODEL = {"name": "F5TTS_v1_Base", "revision": "84e5a4", "license": "CC-BY-NC-4.0"}
SPEECH = {
    "job_id": "job-1-u1",
    "status": "completed",
    "audio_base64": base64.b64encode(WAV).decode(),
    "subtitles": {"srt": "1\n00:00:00,000 --> 00:00:00,100\nHello.\n"},
    "format": "wav",
    "sample_rate": 24_000,
    "duration": 0.1,
    "text": "Hello.",
    "seed": 5,
    "voice": {"name": "anna", "ref_text": "Good morning.", "duration": 4.2},
    "chunks": [{"text": "Hello.", "start": 0.0, "end": 0.1, "seed": 5}],
    "model": MODEL,
    "timings": {"synthesis": 0.1, "total": 0.2},
    "rtf": 1.0,
    "warnings": ["the reference is noisy"],
    "degraded": {"delivery": "s3", "reason": "there is no such bucket"},
}
PLAN = {
    "status": "completed",
    "chunks": [{"text": "Hello.", "voice": "anna", "duration": 0.1, "seed": 5}],
    "predicted": {"duration": 0.1, "synthesis": 0.2},
    "unknown_characters": ["\u2603"],
    "warnings": [],
}
VOICES = {
    "status": "completed",
    "voices": [
        {"name": "example-en", "built_in": True},
        {
            "name": "anna",
            "built_in": False,
            "language": "en",
            "duration": 4.2,
            "verdict": "fair",
            "created": "2026-01-02",
        },
    ],
}
ADDED = {
    "status": "completed",
    "voice": {"name": "anna", "built_in": False, "ref_text": "Good morning.", "language": "en", "duration": 4.2},
    "check_up": {
        "verdict": "poor",
        "findings": [{"what": "noise", "value": 9.5, "unit": "dB", "verdict": "poor", "advice": "Record it anew."}],
    },
    "warnings": [],
}
ABOUT = {
    "model": MODEL,
    "languages": ["en"],
    "voices": ["example-en"],
    "formats": ["wav"],
    "device": "cuda:0",
    "dtype": "float16",
    "recogniser": None,
    "delivery": "base64",
    "limits": {"max_text_chars": 100_000, "max_job_s": None, "max_speech_min": 60.0},
    "warnings": [],
}
EDIT = {
    "status": "completed",
    "changes": [{"was": "nature", "now": "time", "was_start": 1.0, "was_end": 1.5, "duration": 0.4}],
    "warnings": [],
}
