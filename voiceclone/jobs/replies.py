"""What the caller is told: speech, voices, plans and errors as JSON, and the files beside them. Pure functions.

Knows nothing of how anything is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial

from voiceclone import audio
from voiceclone.checkpoints import Checkpoint
from voiceclone.deadline import Deadline
from voiceclone.errors import InvalidInput, VoiceNotFound, WorkerError
from voiceclone.jobs.edit_request import EditRequest
from voiceclone.jobs.request import SynthesisRequest
from voiceclone.jobs.speech_request import SpeechRequest, Verify
from voiceclone.settings import GRACE_S
from voiceclone.speech import Script, Spoken, Take, title_of
from voiceclone.subtitles import content_type, render
from voiceclone.types import SEEDS, File, ReferenceVoice, Reply, Span, Waveform, Word
from voiceclone.voices import SavedVoice, worst

MAX_ID_CHARS = 128
"""Of the job's id, in the name of its result."""


def saved_voice(voice: SavedVoice) -> Reply:
    """Return a voice that was added, for a caller."""
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
    """Return what is poor about the reference, and the cure."""
    return [
        f"the reference's {finding.what} is poor ({f'{finding.value} {finding.unit}'.strip()}): {finding.advice}"
        for finding in voice.findings
        if finding.verdict == "poor"
    ]


def described_voice(voice: ReferenceVoice) -> Reply:
    """Return a voice that speaks, for a caller."""
    return {
        **({"name": voice.name} if voice.name else {}),
        **({"language": voice.language} if voice.language else {}),
        "ref_text": voice.transcript,
        "duration": round(voice.waveform.duration_s, 4),
    }


def speakers(voices: Sequence[ReferenceVoice]) -> Reply:
    """Who speaks: `voice`, or `voices` where there are several."""
    described = list(map(described_voice, voices))
    return {"voice": described[0]} if len(described) == 1 else {"voices": described}


def speech(request: SynthesisRequest, script: Script, spoken: Spoken, voices: Sequence[ReferenceVoice]) -> Reply:
    """Return what is told of a recording, without where it is; `voices`: everybody who speaks, once."""
    master = spoken.master
    return {
        "status": "completed",
        "format": request.format,
        "sample_rate": master.waveform.sample_rate,
        "duration": round(master.waveform.duration_s, 4),
        "text": request.written,
        "normalized_text": script.spoken,
        "seed": script.chunks[0].seed,
        **speakers(voices),
        "chunks": [
            spoken_chunk(take, span, len(voices) > 1) for take, span in zip(spoken.takes, master.spans, strict=True)
        ],
        **(
            {"words": [timed_word(word, len(voices) > 1) for word in spoken.words]}
            if request.timestamps and spoken.words
            else {}
        ),
    }


def sound_file(request: SpeechRequest, waveform: Waveform, title: str, deadline: Deadline) -> File:
    """Return a recording as a file. Raises OutOfTime."""
    in_time = partial(deadline.check, "the recording was being encoded", grace_s=GRACE_S)
    data = audio.encode(waveform, request.format, title_of(title), in_time)
    return File(request.format, data, audio.content_type(request.format))


def subtitle_files(request: SynthesisRequest, spoken: Spoken) -> list[File]:
    """Return the subtitles that were asked for, if the words have times."""
    duration_s = spoken.master.waveform.duration_s
    return [
        File(each, render(spoken.words, each, duration_s).encode(), content_type(each))
        for each in (request.subtitles if spoken.words else ())
    ]


def track(request: SpeechRequest, waveform: Waveform, seed: int) -> Reply:
    """Return what is told of a track of dubbed cues, without where it is; `seed`: of the first chunk."""
    return {
        "status": "completed",
        "format": request.format,
        "sample_rate": waveform.sample_rate,
        "duration": round(waveform.duration_s, 4),
        "seed": seed,
    }


def checked(written: str, script: Script) -> Reply:
    """Return what is told of a script that is not spoken."""
    return {
        "status": "completed",
        "text": written,
        "normalized_text": script.spoken,
        "unknown_characters": list(script.left_out),
        "chunks": [
            {"text": chunk.text, "voice": chunk.voice.name, "duration": round(duration_s, 4), "seed": chunk.seed}
            for chunk, duration_s in zip(script.chunks, script.durations_s, strict=True)
        ],
    }


def spoken_chunk(take: Take, span: Span, of_several: bool) -> Reply:
    """Return a chunk, for a caller."""
    chunk, comparison = take.chunk, take.comparison
    reply: Reply = {
        "text": chunk.text,
        "start": round(span.start_s, 4),
        "end": round(span.end_s, 4),
        "seed": chunk.seed,
    }
    if of_several:
        reply["voice"] = chunk.voice.name
    if take.kept:
        reply["kept"] = True
    if comparison is not None:
        reply |= {"wer": round(comparison.wer, 4), "attempts": take.attempts}
    return reply


def model_of(checkpoint: Checkpoint) -> Reply:
    """Return what speaks, for a caller."""
    return {"name": checkpoint.name, "revision": checkpoint.revision, "license": checkpoint.license}


def timed_word(word: Word, of_several: bool) -> Reply:
    """Return a word of the caller's, in seconds of the delivered audio."""
    return {
        "word": word.text.strip(),
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "confidence": round(word.probability, 3),
        **({"voice": word.voice} if of_several else {}),
    }


def misses(takes: Sequence[Take], verify: Verify | None) -> list[str]:
    """Return a warning for each chunk that was spoken as often as allowed, and is not heard as it should."""
    found = []
    for i, take in enumerate(takes):
        if verify is not None and take.comparison is not None and not take.comparison.is_good(verify.max_wer):
            what = (
                "begins with the reference's words" if take.comparison.leaked else f"has WER {take.comparison.wer:.2f}"
            )
            found.append(f"chunk {i} {what} after {take.attempts} attempts: listen to it")
    return found


def error_reply(error: WorkerError) -> Reply:
    """Return what the caller sees of an error."""
    reply: Reply = {"error": f"{error.code}: {error}", "error_code": error.code}
    if isinstance(error, InvalidInput):
        reply["details"] = [{"field": problem.field, "message": problem.message} for problem in error.problems]
    if error.refresh_worker:
        reply["refresh_worker"] = True
    return reply


def summary(reply: Reply) -> Reply:
    """Return what is logged of a reply: nothing of the text, and no address."""
    code = reply.get("error_code")
    if code == InvalidInput.code:  # its sentences quote the text
        return {"outcome": code, "fields": [problem["field"] for problem in reply["details"]]}
    if code is not None:
        return {"outcome": code} | ({} if code == VoiceNotFound.code else {"error": reply["error"]})
    told: Reply = {"outcome": "degraded" if "degraded" in reply else "completed"}
    parts = reply.get("chunks", reply.get("cues"))
    if parts is not None and "timings" in reply:
        ways = [way for way in ("audio_url", "audio_path", "audio_base64") if way in reply]
        told |= {"audio_s": reply["duration"], "chunks": len(parts), "delivered": ways}
        told |= {"kept": sum("kept" in part for part in parts), "rtf": reply["rtf"]}
        told |= {"timings": reply["timings"], "warnings": len(reply["warnings"])}
    return told


def stem_of(request: SpeechRequest | EditRequest, job_id: str, digest: str) -> str:
    """Return the asked key without its ending, or one made of the job: the same job run twice writes one object."""
    safe = (c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in job_id)
    safe_id = "".join(safe).lstrip(".")[:MAX_ID_CHARS]
    return (request.key or f"{safe_id}-{digest}").removesuffix(f".{request.format}")


def digest_of(data: object) -> str:
    """Short hash of a job's input."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


def seed_of(job_id: str, digest: str) -> int:
    """Return a seed for a job: the same one if it is run again, so that what it has spoken is found."""
    return int(hashlib.sha256(f"{job_id} {digest}".encode()).hexdigest(), 16) % SEEDS
