"""The story of a job: parse, find the voice, plan the chunks, speak, encode, deliver, reply.

Knows every room by what it does, none by how. Builds nothing itself: it is given the engine, the voices and the
stores. The only place where an error becomes a reply.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from voiceclone import audio, text
from voiceclone.checkpoints import Checkpoint
from voiceclone.checkup import worst
from voiceclone.engine import Engine
from voiceclone.errors import InvalidInput, StorageFailed, WorkerError
from voiceclone.library import SavedVoice
from voiceclone.request import (
    MB,
    AddVoiceRequest,
    DeleteVoiceRequest,
    Delivery,
    InfoRequest,
    ListVoicesRequest,
    Request,
    SynthesisRequest,
    is_legacy,
    parse,
)
from voiceclone.sampling import Sampling
from voiceclone.settings import Settings
from voiceclone.timings import Timings
from voiceclone.types import Artifact, Bucket, Chunk, ReferenceVoice, Store
from voiceclone.voices import Voices

log = logging.getLogger(__name__)

Reply = dict[str, Any]
SEEDS = 2**32
MAX_SHOWN = 40
"""Characters of the caller's text in a warning."""


class Worker:
    """Turns jobs into replies. One job at a time."""

    def __init__(
        self,
        settings: Settings,
        checkpoint: Checkpoint,
        engine: Engine,
        voices: Voices,
        bucket: Bucket | None,
        directory: Store,
    ) -> None:
        """
        Args:
            bucket: where `s3` delivery puts audio; None where none is configured.
            directory: where `local` delivery puts it, and what could not be delivered otherwise.
        """
        self.settings = settings
        self.checkpoint = checkpoint
        self.engine = engine
        self.voices = voices
        self.bucket = bucket
        self.directory = directory
        self.startup: Mapping[str, float] = {}
        """Seconds of each part of the start, for `info`."""

    def handle(self, job: Mapping[str, Any]) -> Reply:
        """Answer a job. Never raises: what goes wrong becomes an `error` in the caller's terms."""
        job_id = str(job.get("id", "local"))
        try:
            request, warnings = parse(job.get("input"), self.settings, self.bucket.bucket if self.bucket else None)
            return self._answer(request, job_id, job["input"], warnings)
        except WorkerError as e:
            log.warning("job %s: %s: %s", job_id, e.code, e)
            return error_reply(e)
        except Exception:  # the boundary: the platform would post a traceback to the caller
            log.exception("job %s: unexpected error", job_id)
            return error_reply(WorkerError("the worker failed unexpectedly; its log has the details for this job's id"))

    def _answer(self, request: Request, job_id: str, data: object, warnings: Sequence[str]) -> Reply:
        match request:
            case SynthesisRequest():
                return self.synthesize(request, request.job_id or job_id, _digest(data), warnings)
            case AddVoiceRequest():
                return self.add_voice(request, is_legacy(data))
            case ListVoicesRequest():
                return self.list_voices(request, is_legacy(data))
            case DeleteVoiceRequest():
                self.voices.remove(request.voice)
                return {"status": "completed", "voice": request.voice}
            case InfoRequest():
                return self.info()

    def info(self) -> Reply:
        """What this worker is and can do."""
        settings = self.settings
        return {
            "model": self._model(),
            "languages": list(self.checkpoint.languages),
            "voices": self.voices.built_in.names,
            "formats": list(audio.FORMATS),
            "device": str(self.engine.dit.device),
            "dtype": str(self.engine.dit.dtype).removeprefix("torch."),
            "delivery": self._way("auto"),
            "limits": {
                "max_text_chars": settings.max_text_chars,
                "max_audio_mb": settings.max_audio_mb,
                "max_reference_s": settings.max_reference_s,
                "max_inline_mb": settings.max_inline_mb,
                "url_expiry_s": settings.url_expiry_s,
            },
            "startup": dict(self.startup),
            "versions": {name: version(name) for name in ("f5-tts", "runpod", "torch", "torchaudio")},
        }

    def add_voice(self, request: AddVoiceRequest, legacy: bool) -> Reply:
        """Keep a recording as a voice, and tell how good it is."""
        saved, voice = self.voices.add(request)
        if legacy:
            return {
                "status": f"Voice '{saved.name}.wav' uploaded successfully",
                "message": f"What is said in it: {saved.text}",
            }
        return {
            "status": "completed",
            "voice": _described(saved),
            "check_up": {"verdict": worst(voice.findings), "findings": [asdict(each) for each in voice.findings]},
            "warnings": [*voice.notes, *_complaints(voice)],
        }

    def list_voices(self, request: ListVoicesRequest, legacy: bool) -> Reply:
        """Every voice that a job may name."""
        saved = self.voices.saved(request.prefix)
        if legacy:
            old = [{"name": f"{v.name}.wav", "size": v.size, "last_modified": v.created} for v in saved]
            return {"status": "success", "voices": old, "count": len(old)}
        built_in = [name for name in self.voices.built_in.names if name.startswith(request.prefix)]
        described = [{"name": name, "built_in": True} for name in built_in]
        return {"status": "completed", "voices": [*described, *map(_described, saved)]}

    def synthesize(self, request: SynthesisRequest, job_id: str, digest: str, warnings: Sequence[str]) -> Reply:
        """Speak the request's text and deliver it; `digest` tells this input from others of the same job id."""
        way = self._way(request.delivery)
        timings = Timings()
        with timings.measure("voice"):
            voice = self._voice(request)
        seed = secrets.randbelow(SEEDS) if request.seed is None else request.seed
        spoken = request.normalized_text(self.checkpoint.languages)
        chunks, plan_warnings = self._plan(spoken, request.speed, voice, seed)
        with timings.measure("synthesis"):
            sampling = Sampling(request.steps, request.cfg_strength, request.sway_sampling_coef)
            speech = self.engine.speak(chunks, voice, sampling, request.target_rms, request.cross_fade_duration)
        with timings.measure("encode"):
            data = audio.encode(speech.waveform, request.format)
        with timings.measure("store"):
            delivered = self._deliver(data, _key(request, job_id, digest), way, request)
        took = timings.report()
        duration_s = speech.waveform.duration_s
        log.info(
            "job %s: %.1f s of speech in %.2f s, %d chunks, %s",
            job_id,
            duration_s,
            took["total"],
            len(chunks),
            way,
        )
        return {
            "job_id": job_id,
            "status": "completed",
            **delivered,
            "format": request.format,
            "sample_rate": speech.waveform.sample_rate,
            "duration": round(duration_s, 4),
            "text": request.text,
            "normalized_text": spoken,
            "seed": seed,
            "voice": {
                **({"name": voice.name} if voice.name else {}),
                **({"language": voice.language} if voice.language else {}),
                "ref_text": voice.text.strip(),
                "duration": round(voice.waveform.duration_s, 4),
            },
            "chunks": [
                {"text": chunk.text, "start": round(span.start_s, 4), "end": round(span.end_s, 4), "seed": chunk.seed}
                for chunk, span in zip(chunks, speech.spans, strict=True)
            ],
            "model": self._model(),
            "timings": took,
            "rtf": round(took["synthesis"] / duration_s, 4),
            "warnings": [*warnings, *voice.notes, *_complaints(voice), *plan_warnings],
        }

    def _voice(self, request: SynthesisRequest) -> ReferenceVoice:
        if request.voice is not None:
            return self.voices.named(request.voice)
        return self.voices.recorded(*request.recording, request.language)

    def _plan(self, spoken: str, speed: float, voice: ReferenceVoice, seed: int) -> tuple[list[Chunk], list[str]]:
        """The text in pieces that the model says well, each with its own seed; and what will not be said as written."""
        pieces = text.split(spoken, self.engine.max_chunk_size(voice, speed))
        speakable: list[str] = []
        silent: list[str] = []
        for piece in pieces:
            (speakable if text.is_speakable(piece) else silent).append(piece)
        warnings = []
        if silent:
            warnings.append(f"punctuation alone is not spoken: {' '.join(silent)[:MAX_SHOWN]}")
        if self.checkpoint.own_voices_only and voice.name not in self.voices.built_in.model_names:
            warnings.append(f"this model knows only its own voices: {', '.join(self.voices.built_in.model_names)}")
        if unknown := self.engine.unknown_characters(voice.text + spoken):
            warnings.append(f"the model's vocabulary lacks {' '.join(unknown)[:MAX_SHOWN]}: each is read as a space")
        return [Chunk(piece, (seed + i) % SEEDS, speed) for i, piece in enumerate(speakable)], warnings

    def _way(self, asked: Delivery) -> Delivery:
        """How the audio is delivered where the request leaves it open."""
        if asked != "auto":
            return asked
        if self.bucket is not None:
            return "s3"
        return "base64" if self.settings.on_platform else "local"

    def _deliver(self, data: bytes, key: str, way: Delivery, request: SynthesisRequest) -> Reply:
        """Hand the audio over; what cannot go the asked way is kept in the directory, or sent inside the reply.

        Raises StorageFailed with every reason where no way is left.
        """
        reasons: list[str] = []
        for attempt in dict.fromkeys((way, "local", "base64")):
            try:
                delivered = self._hand_over(data, key, attempt, request)
            except StorageFailed as e:
                log.warning("delivery by %s failed: %s", attempt, e)
                reasons.append(str(e))
                continue
            if reasons:
                delivered["degraded"] = {"delivery": way, "reason": "; ".join(reasons)}
            return delivered
        raise StorageFailed("; ".join(reasons))

    def _hand_over(self, data: bytes, key: str, way: str, request: SynthesisRequest) -> Reply:
        expires_in_s = request.expires_in or self.settings.url_expiry_s
        media_type = audio.content_type(request.format)
        if way == "base64":
            return {"audio_base64": self._inline(data)}
        if way == "s3" and self.bucket is not None:
            return _located(self.bucket.put(f"output/{key}", data, media_type, expires_in_s))
        return _located(self.directory.put(key, data, media_type, expires_in_s))

    def _inline(self, data: bytes) -> str:
        if len(data) > self.settings.max_inline_mb * MB:
            raise StorageFailed(
                f"the audio has {len(data) / MB:.1f} MB, a reply holds {self.settings.max_inline_mb} MB:"
                " ask for opus or mp3, or configure a bucket"
            )
        return base64.b64encode(data).decode()

    def _model(self) -> Reply:
        checkpoint = self.checkpoint
        return {"name": checkpoint.name, "revision": checkpoint.revision, "license": checkpoint.license}


def _described(voice: SavedVoice) -> Reply:
    """A voice that was added, for a caller."""
    told = {
        "ref_text": voice.text,
        "language": voice.language,
        "duration": voice.duration_s,
        "created": voice.created,
        "verdict": worst(voice.findings) if voice.findings else None,
        "consent": voice.consent,
    }
    return {"name": voice.name, "built_in": False, **{key: value for key, value in told.items() if value is not None}}


def _complaints(voice: ReferenceVoice) -> list[str]:
    """What is poor about the reference, and the cure."""
    return [
        f"the reference's {finding.what} is poor ({finding.value} {finding.unit}): {finding.advice}"
        for finding in voice.findings
        if finding.verdict == "poor"
    ]


def error_reply(error: WorkerError) -> Reply:
    """What the caller sees of an error."""
    reply: Reply = {"error": f"{error.code}: {error}", "error_code": error.code}
    if isinstance(error, InvalidInput):
        reply["details"] = [{"field": problem.field, "message": problem.message} for problem in error.problems]
    if error.refresh_worker:
        reply["refresh_worker"] = True
    return reply


def _located(artifact: Artifact) -> Reply:
    reply: Reply = {"key": artifact.key}
    if artifact.url is not None:
        reply["audio_url"] = artifact.url
    if artifact.expires_at is not None:
        reply["expires_at"] = artifact.expires_at.isoformat()
    if artifact.path is not None:
        reply["audio_path"] = artifact.path
    return reply


def _digest(data: object) -> str:
    """Short hash of a job's input."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _key(request: SynthesisRequest, job_id: str, digest: str) -> str:
    """The asked key, or one made of the job: the same job run twice writes one object."""
    safe_id = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in job_id).lstrip(".")
    return (request.key or f"{safe_id}-{digest}").removesuffix(f".{request.format}") + f".{request.format}"
