"""Whose voice speaks: recordings found, fetched, checked, cut, and kept by name."""

from voiceclone.voices.builtin import BuiltIn
from voiceclone.voices.checkup import check_up, pitch, worst
from voiceclone.voices.library import VOICE_NAME, Library, SavedVoice
from voiceclone.voices.sources import KEPT, AudioSource, BucketSource, InlineSource, parse_source
from voiceclone.voices.voices import NewVoice, Voices

__all__ = [
    "KEPT",
    "VOICE_NAME",
    "AudioSource",
    "BucketSource",
    "BuiltIn",
    "InlineSource",
    "Library",
    "NewVoice",
    "SavedVoice",
    "Voices",
    "check_up",
    "parse_source",
    "pitch",
    "worst",
]
