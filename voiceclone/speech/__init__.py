"""From a text and voices to one recording: planned, spoken, listened to, mastered."""

from voiceclone.speech.dubbing import Dub, DubOptions, Slot, Track, plan_dub
from voiceclone.speech.mastering import MasterOptions, levelled, title_of
from voiceclone.speech.planning import Passage, Script, ScriptOptions, TextReader, plan
from voiceclone.speech.synthesis import Part, Spoken, SynthesisOptions, Synthesizer
from voiceclone.speech.takes import Take, Threshold

__all__ = [
    "Dub",
    "DubOptions",
    "MasterOptions",
    "Part",
    "Passage",
    "Script",
    "ScriptOptions",
    "Slot",
    "Spoken",
    "SynthesisOptions",
    "Synthesizer",
    "Take",
    "TextReader",
    "Threshold",
    "Track",
    "levelled",
    "plan",
    "plan_dub",
    "title_of",
]
