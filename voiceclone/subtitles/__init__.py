"""Words with times as cues of subtitles, in the formats that players read; and cues that somebody wrote."""

from voiceclone.subtitles.formats import FORMATS, SubtitleFormat, content_type, render
from voiceclone.subtitles.reading import MAX_SUBTITLES_BYTES, Cue, read_cues, subtitles_text, told_apart, written_srt

__all__ = [
    "FORMATS",
    "MAX_SUBTITLES_BYTES",
    "Cue",
    "SubtitleFormat",
    "content_type",
    "read_cues",
    "render",
    "subtitles_text",
    "told_apart",
    "written_srt",
]
