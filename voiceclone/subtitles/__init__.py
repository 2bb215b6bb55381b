"""Words with times as cues of subtitles, in the formats that players read."""

from voiceclone.subtitles.formats import FORMATS, SubtitleFormat, content_type, render

__all__ = ["FORMATS", "SubtitleFormat", "content_type", "render"]
