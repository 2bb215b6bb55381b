"""From a text and voices to one recording: planned, spoken, listened to, mastered."""

from voiceclone.speech.dubbing import Dub, DubOptions, Slot, Track, plan_dub
from voiceclone.speech.editing import MOST_CHANGED, apart, share_changed
from voiceclone.speech.edits import Edited, EditOptions, Editor, EditPlan, mixed
from voiceclone.speech.former import Former
from voiceclone.speech.mastering import MasterOptions, levelled, title_of
from voiceclone.speech.planning import Passage, Script, ScriptOptions, plan
from voiceclone.speech.reading import TextReader
from voiceclone.speech.synthesis import Part, Spoken, SynthesisOptions, Synthesizer
from voiceclone.speech.takes import Take, Threshold

__all__ = [
    "MOST_CHANGED",
    "Dub",
    "DubOptions",
    "EditOptions",
    "EditPlan",
    "Edited",
    "Editor",
    "Former",
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
    "apart",
    "levelled",
    "mixed",
    "plan",
    "plan_dub",
    "share_changed",
    "title_of",
]
