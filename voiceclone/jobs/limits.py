"""How large a job may be: what is too large is refused before it costs GPU time.

Knows nothing of how speech is made.
"""

from __future__ import annotations

import math

from voiceclone import audio
from voiceclone.errors import InvalidInput
from voiceclone.settings import Settings
from voiceclone.speech import Script
from voiceclone.types import Reply

STORE_S = 150
"""What a bucket that is down may cost, with all its tries."""


def refuse_oversize(script: Script, length_s: float, length_field: str, text_field: str, settings: Settings) -> None:
    """Raise InvalidInput for a script that is longer, or more work, than a job's may be.

    Args:
        length_s: of the recording.
        length_field: what makes it so long.
        text_field: where the text came in.
    """
    if (minutes := length_s / 60) > settings.max_speech_min:
        raise InvalidInput.at(
            length_field,
            f"would be {minutes:.1f} minutes of audio with its pauses, at most {settings.max_speech_min} are allowed:"
            " split it into several jobs, or raise MAX_SPEECH_MIN",
        )
    references_s = sum(chunk.voice.waveform.duration_s for chunk in script.chunks)
    frames = round((sum(script.durations_s) + references_s) / audio.HOP_S)
    if frames > settings.max_frames:
        raise InvalidInput.at(
            text_field,
            f"would be {frames} frames in {len(script.chunks)} chunks, the reference counted with each, at most"
            f" {settings.max_frames} are allowed: use longer parts or a shorter reference, split it into several jobs,"
            " or raise MAX_FRAMES",
        )


def limits_of(settings: Settings) -> Reply:
    """Return how large and long a job may be here, for a caller."""
    return {
        "max_text_chars": settings.max_text_chars,
        "max_speech_min": settings.max_speech_min,
        "max_frames": settings.max_frames,
        "max_job_s": settings.job_limit_s if math.isfinite(settings.job_limit_s) else None,
        "max_audio_mb": settings.max_audio_mb,
        "max_reference_s": settings.max_reference_s,
        "max_inline_mb": settings.max_inline_mb,
        "url_expiry_s": settings.url_expiry_s,
    }
