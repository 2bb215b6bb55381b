"""Words with times as cues of subtitles, in the formats that players read; and cues that somebody wrote."""

from voiceclone.subtitles.cues import MAX_SUBTITLES_BYTES, Cue, read_cues, subtitles_text, told_apart, written_srt
from voiceclone.subtitles.formats import FORMATS, SubtitleFormat, content_type, render
from voiceclone.subtitles.references import best_stretch, cut

__all__ = [
    "FORMATS",
    "MAX_SUBTITLES_BYTES",
    "Cue",
    "SubtitleFormat",
    "best_stretch",
    "content_type",
    "cut",
    "read_cues",
    "render",
    "subtitles_text",
    "told_apart",
    "written_srt",
]
