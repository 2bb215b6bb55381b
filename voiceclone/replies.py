"""What the caller is told: voices, chunks, words and errors as JSON. Pure functions.

Knows nothing of jobs or of how anything is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceclone.checkup import worst
from voiceclone.errors import InvalidInput, VoiceNotFound, WorkerError
from voiceclone.library import SavedVoice
from voiceclone.takes import Take
from voiceclone.types import ReferenceVoice, Reply, Span, Word


def saved_voice(voice: SavedVoice) -> Reply:
    """A voice that was added, for a caller."""
    about = {
        "ref_text": voice.text,
        "language": voice.language,
        "duration": voice.duration_s,
        "created": voice.created,
        "verdict": worst(voice.findings) if voice.findings else None,
        "consent": voice.consent,
        "size": voice.size,
    }
    return {"name": voice.name, "built_in": False, **{key: value for key, value in about.items() if value is not None}}


def complaints(voice: ReferenceVoice) -> list[str]:
    """What is poor about the reference, and the cure."""
    return [
        f"the reference's {finding.what} is poor ({finding.value} {finding.unit}): {finding.advice}"
        for finding in voice.findings
        if finding.verdict == "poor"
    ]


def speakers(voices: Sequence[ReferenceVoice]) -> Reply:
    """Who speaks: `voice`, or `voices` where there are several."""
    described = [
        {
            **({"name": voice.name} if voice.name else {}),
            **({"language": voice.language} if voice.language else {}),
            "ref_text": voice.text.strip(),
            "duration": round(voice.waveform.duration_s, 4),
        }
        for voice in voices
    ]
    return {"voice": described[0]} if len(described) == 1 else {"voices": described}


def spoken_chunk(take: Take, span: Span, of_several: bool) -> Reply:
    """A chunk, for a caller."""
    chunk, comparison = take.chunk, take.comparison
    reply: Reply = {
        "text": chunk.text,
        "start": round(span.start_s, 4),
        "end": round(span.end_s, 4),
        "seed": chunk.seed,
    }
    if of_several:
        reply["voice"] = chunk.voice.name
    if comparison is not None:
        reply |= {"wer": round(comparison.wer, 4), "attempts": take.attempts}
    return reply


def timed_word(word: Word) -> Reply:
    """A word of the caller's, in seconds of the delivered audio."""
    return {
        "word": word.text.strip(),
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "confidence": round(word.probability, 3),
    }


def misses(takes: Sequence[Take], max_wer: float) -> list[str]:
    """Chunks that were spoken as often as allowed, and are not heard as they should."""
    found = []
    for i, take in enumerate(takes):
        if take.comparison is not None and not take.comparison.is_good(max_wer):
            what = (
                "begins with the reference's words" if take.comparison.leaked else f"has WER {take.comparison.wer:.2f}"
            )
            found.append(f"chunk {i} {what} after {take.attempts} attempts: listen to it")
    return found


def error_reply(error: WorkerError) -> Reply:
    """What the caller sees of an error."""
    reply: Reply = {"error": f"{error.code}: {error}", "error_code": error.code}
    if isinstance(error, InvalidInput):
        reply["details"] = [{"field": problem.field, "message": problem.message} for problem in error.problems]
    if error.refresh_worker:
        reply["refresh_worker"] = True
    return reply


def summary(reply: Reply) -> Reply:
    """What is logged of a reply: nothing of the text, and no address."""
    code = reply.get("error_code")
    if code == InvalidInput.code:  # its sentences quote the text
        return {"outcome": code, "fields": [problem["field"] for problem in reply["details"]]}
    if code is not None:
        return {"outcome": code} | ({} if code == VoiceNotFound.code else {"error": reply["error"]})
    told: Reply = {"outcome": "degraded" if "degraded" in reply else "completed"}
    if "chunks" in reply and "timings" in reply:
        ways = [way for way in ("audio_url", "audio_path", "audio_base64") if way in reply]
        told |= {"audio_s": reply["duration"], "chunks": len(reply["chunks"]), "delivered": ways}
        told |= {"rtf": reply["rtf"], "timings": reply["timings"], "warnings": len(reply["warnings"])}
    return told
