"""The story of a job: parse, find the voices, plan the chunks, speak, verify, join, time the words, deliver, reply.

Knows every room by what it does, none by how. Builds nothing itself: it is given the engine, the voices and the
stores. The only place where an error becomes a reply.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any

from voiceclone import audio, lexicon, text
from voiceclone.asr import Recogniser
from voiceclone.checkpoints import Checkpoint
from voiceclone.checkup import worst
from voiceclone.delivery import Delivery, require_sendable
from voiceclone.engine import Engine
from voiceclone.errors import ModelUnavailable, OutOfTime, VoiceNotFound, WorkerError
from voiceclone.failures import failures_named
from voiceclone.legacy import as_formerly, is_legacy
from voiceclone.limits import Deadline, refuse_oversize
from voiceclone.logs import about_job, facts, id_of
from voiceclone.mastering import Master, mastered, title_of
from voiceclone.planning import Manner, Script, plan
from voiceclone.progress import Progress, Report, nobody
from voiceclone.recipe import made_otherwise, recipe
from voiceclone.replies import (
    complaints,
    error_reply,
    misses,
    saved_voice,
    speakers,
    spoken_chunk,
    summary,
    timed_word,
)
from voiceclone.request import (
    AddVoiceRequest,
    CheckRequest,
    DeleteVoiceRequest,
    InfoRequest,
    LinkRequest,
    ListVoicesRequest,
    Request,
    SynthesisRequest,
    parse,
)
from voiceclone.sampling import Sampling
from voiceclone.settings import Settings
from voiceclone.subtitles import FORMATS as SUBTITLE_FORMATS
from voiceclone.subtitles import content_type, render
from voiceclone.takes import Studio, Take
from voiceclone.timings import Timings
from voiceclone.types import SEEDS, File, ReferenceVoice, Reply, Result, Word
from voiceclone.verification import Comparison, compare
from voiceclone.voices import Voices
from voiceclone.word_times import in_order, on_readings

log = logging.getLogger(__name__)

STORE_S = 150
"""What a bucket that is down may cost, with all its tries."""
MAX_ID_CHARS = 128
"""Of the job's id, in the name of its result."""


@dataclass(frozen=True)
class Rehearsal:
    """All that is known of a job before it is spoken."""

    voices: Mapping[str | None, ReferenceVoice]
    """By what the text calls them; None for the request's own."""
    script: Script
    lexicon: Mapping[str, str]
    """The volume's words and the request's."""
    notes: Sequence[str]
    """For the caller."""

    @property
    def speakers(self) -> list[ReferenceVoice]:
        """Each voice once, whatever it is called."""
        return list({voice.name or "": voice for voice in self.voices.values()}.values())


class Worker:
    """Turns jobs into replies. One job at a time."""

    def __init__(
        self,
        settings: Settings,
        checkpoint: Checkpoint,
        engine: Engine,
        recogniser: Recogniser,
        voices: Voices,
        delivery: Delivery,
    ) -> None:
        self.settings = settings
        self.checkpoint = checkpoint
        self.engine = engine
        self.recogniser = recogniser
        self.voices = voices
        self.delivery = delivery
        self.startup: Mapping[str, float] = {}
        """Seconds of each part of the start, for `info`."""
        self._pace: float | None = None
        """Seconds of synthesis for a second of speech and an evaluation of the network, as the last job had it."""

    def handle(self, job: Mapping[str, Any], report: Report = nobody) -> Reply:
        """Answer a job. Never raises: what goes wrong becomes an `error` in the caller's terms.

        `report` is told of the progress of a long one.
        """
        job_id = id_of(job)
        started = time.perf_counter()
        with about_job(job_id):
            action, reply = self._attempt(job, job_id, report)
            told = summary(reply)
            level = logging.WARNING if "error_code" in reply else logging.INFO
            seconds = round(time.perf_counter() - started, 3)
            log.log(level, "%s", told["outcome"], extra=facts(action=action, seconds=seconds, **told))
        return reply

    def _attempt(self, job: Mapping[str, Any], job_id: str, report: Report) -> tuple[str | None, Reply]:
        """What the job asked for, if that can be told, and the reply."""
        action = None
        try:
            bucket = self.delivery.bucket
            request, warnings = parse(job.get("input"), self.settings, bucket.bucket if bucket else None)
            action = request.action
            with failures_named():  # memory may run out anywhere
                reply = self._answer(request, job_id, job["input"], warnings, report)
        except WorkerError as e:
            return action, error_reply(e)
        except Exception:  # the boundary: the platform would post a traceback to the caller
            log.exception("unexpected error")
            bug = WorkerError("the worker failed unexpectedly; its log has the details for this job's id")
            return action, error_reply(bug)
        return action, reply

    def _answer(self, request: Request, job_id: str, data: object, warnings: Sequence[str], report: Report) -> Reply:
        match request:
            case CheckRequest():
                reply = self.check(request, warnings)
            case SynthesisRequest():
                reply = self.synthesize(request, request.job_id or job_id, _digest(data), warnings, report)
            case AddVoiceRequest():
                reply = self.add_voice(request, warnings)
            case ListVoicesRequest():
                reply = self.list_voices(request)
            case DeleteVoiceRequest():
                self.voices.remove(request.voice)
                reply = {"status": "completed", "voice": request.voice}
            case LinkRequest():
                reply = self.delivery.link(request)
            case InfoRequest():
                reply = self.info()
        if is_legacy(data):
            reply = as_formerly(request.action, reply)
        require_sendable(reply)
        return reply

    def info(self) -> Reply:
        """What this worker is and can do."""
        settings = self.settings
        return {
            "model": self._model(),
            "languages": list(self.checkpoint.languages),
            "voices": self.voices.built_in.names,
            "formats": list(audio.FORMATS),
            "subtitles": list(SUBTITLE_FORMATS),
            "recogniser": self.recogniser.name,
            "device": str(self.engine.dit.device),
            "dtype": str(self.engine.dit.dtype).removeprefix("torch."),
            "delivery": self.delivery.way("auto"),
            "limits": {
                "max_text_chars": settings.max_text_chars,
                "max_speech_min": settings.max_speech_min,
                "max_frames": settings.max_frames,
                "max_job_s": settings.job_limit_s if math.isfinite(settings.job_limit_s) else None,
                "max_audio_mb": settings.max_audio_mb,
                "max_reference_s": settings.max_reference_s,
                "max_inline_mb": settings.max_inline_mb,
                "url_expiry_s": settings.url_expiry_s,
            },
            "startup": dict(self.startup),
            "warnings": [self.checkpoint.warning] if self.checkpoint.warning else [],
            "versions": {name: version(name) for name in ("f5-tts", "faster-whisper", "runpod", "torch")},
        }

    def add_voice(self, request: AddVoiceRequest, warnings: Sequence[str]) -> Reply:
        """Keep a recording as a voice, and tell how good it is."""
        saved, voice = self.voices.add(request)
        return {
            "status": "completed",
            "voice": saved_voice(saved),
            "check_up": {"verdict": worst(voice.findings), "findings": [asdict(each) for each in voice.findings]},
            "warnings": [*warnings, *voice.notes, *complaints(voice)],
        }

    def list_voices(self, request: ListVoicesRequest) -> Reply:
        """Every voice that a job may name."""
        saved = self.voices.saved(request.prefix)
        built_in = [name for name in self.voices.built_in.names if name.startswith(request.prefix)]
        described = [{"name": name, "built_in": True} for name in built_in]
        return {"status": "completed", "voices": [*described, *map(saved_voice, saved)]}

    def check(self, request: CheckRequest, warnings: Sequence[str]) -> Reply:
        """What `synthesize` would say, in which chunks and how long, without speaking."""
        rehearsal = self._rehearse(request)
        script = rehearsal.script
        spoken_s = sum(script.durations_s)
        synthesis_s = None if self._pace is None else round(self._pace * spoken_s * request.evaluations, 2)
        return {
            "status": "completed",
            "text": request.written,
            "normalized_text": script.spoken,
            "unknown_characters": list(script.left_out),
            "chunks": [
                {"text": chunk.text, "voice": chunk.voice.name, "duration": round(duration_s, 4), "seed": chunk.seed}
                for chunk, duration_s in zip(script.chunks, script.durations_s, strict=True)
            ],
            "predicted": {"duration": round(script.duration_s(), 4), "synthesis": synthesis_s},
            "model": self._model(),
            "warnings": [*warnings, *rehearsal.notes],
        }

    def synthesize(
        self, request: SynthesisRequest, job_id: str, digest: str, warnings: Sequence[str], report: Report
    ) -> Reply:
        """Speak the request's text and deliver it; `digest` tells this input from others of the same job id."""
        way = self.delivery.way(request.delivery)
        deadline = Deadline(self.settings.job_limit_s)
        timings = Timings()
        with timings.measure("voice"):
            rehearsal = self._rehearse(request)
            script = rehearsal.script
            if request.verify or request.timestamps or request.subtitles:
                self._require_recogniser()  # before anything is spoken that it should hear
        with timings.measure("synthesis"):
            takes = self._speak(request, script, timings, report, deadline)
        with timings.measure("encode"):
            master = mastered(request, script, [take.waveform for take in takes])
            data = audio.encode(master.waveform, request.format, title_of(script.spoken))
            file = File(request.format, data, audio.content_type(request.format))
        duration_s = master.waveform.duration_s
        notes = list(master.notes)
        words: list[Word] = []
        if request.timestamps or request.subtitles:
            try:
                with timings.measure("words"):
                    words = in_order(self._words(request, script, master, deadline), duration_s)
            except OutOfTime as e:
                notes.append(f"there are no word times and subtitles: {e}")
        subtitles = [
            File(each, render(words, each, duration_s).encode(), content_type(each))
            for each in (request.subtitles if words else ())
        ]
        missed = misses(takes, request.verify.max_wer) if request.verify else []
        spoken_s = sum(take.waveform.duration_s * take.attempts for take in takes)
        synthesis_s = timings.report()["synthesis"]
        self._pace = synthesis_s / spoken_s / request.evaluations
        seeds = [take.chunk.seed for take in takes]
        reply: Reply = {
            "job_id": job_id,
            "status": "completed",
            "format": request.format,
            "sample_rate": master.waveform.sample_rate,
            "duration": round(duration_s, 4),
            "text": request.written,
            "normalized_text": script.spoken,
            "seed": script.chunks[0].seed,
            **speakers(rehearsal.speakers),
            "chunks": [
                spoken_chunk(take, span, len(rehearsal.speakers) > 1)
                for take, span in zip(takes, master.spans, strict=True)
            ],
            **({"words": [timed_word(word) for word in words]} if request.timestamps and words else {}),
            "model": self._model(),
            "recipe": recipe(request, rehearsal.voices, rehearsal.lexicon, self.checkpoint, seeds),
            "rtf": round(synthesis_s / duration_s, 4),
            "warnings": [*warnings, *rehearsal.notes, *missed, *notes],
        }
        with timings.measure("store"):
            result = Result(_stem(request, job_id, digest), file, subtitles)
            in_time = deadline.left_s > STORE_S
            reply |= self.delivery.deliver(result, way, request.expires_in, reply, in_time=in_time)
        return {**reply, "timings": timings.report()}

    def _require_recogniser(self) -> None:
        try:
            self.recogniser.load()
        except ModelUnavailable as e:
            log.warning("a job cannot be listened to: %s", e)  # with paths that are not the caller's
            raise ModelUnavailable(
                "this worker has no recogniser for verify, timestamps and subtitles: leave them out, or have the"
                " operator put the whisper model that ASR_MODEL names on the volume"
            ) from e

    def _rehearse(self, request: SynthesisRequest) -> Rehearsal:
        """Find the voices and plan the chunks."""
        voices = self._voices(request)
        notes = list(dict.fromkeys(n for voice in voices.values() for n in (*voice.notes, *complaints(voice))))
        own = self.voices.built_in.model_names
        if self.checkpoint.own_voices_only and any(voice.name not in own for voice in voices.values()):
            notes.append(f"this model knows only its own voices: {', '.join(own)}")
        languages = self.checkpoint.languages
        if request.language and languages and request.language not in languages:
            notes.append(f"this model speaks {', '.join(languages)}, not {request.language}")
        if request.made_with is not None:
            notes += made_otherwise(request.made_with, self.checkpoint, voices.values())
        try:
            words = lexicon.load(self.settings.lexicon_file)
        except ValueError as e:
            words = {}
            notes.append(str(e))
        if not self.settings.volume.is_dir():  # once it was: the model came from it
            notes.append("the volume is gone: its lexicon, voices and kept references are missing; look after it")
        words |= request.lexicon
        seed = secrets.randbelow(SEEDS) if request.seed is None else request.seed
        read_in = request.language or next(iter(languages), "") if request.normalize_text else ""
        script = plan(request, voices, self.engine, Manner(read_in, words), seed)
        refuse_oversize(script, request, self.settings)
        return Rehearsal(voices, script, words, [*notes, *script.warnings])

    def _voices(self, request: SynthesisRequest) -> dict[str | None, ReferenceVoice]:
        """Every voice of the text, by what it is called there; None for the request's own."""
        voices: dict[str | None, ReferenceVoice] = {}
        for passage in request.passages():
            if passage.voice in voices or not (passage.text or passage.voice):
                continue
            if passage.voice is not None:
                try:
                    voices[passage.voice] = self.voices.named(passage.voice)
                except VoiceNotFound as e:
                    in_text = passage.voice_field == passage.field
                    hint = f"; to have the word read, write \\[{passage.voice}]" if in_text else ""
                    raise VoiceNotFound(f"{passage.voice_field}: {e}{hint}") from e
            elif request.voice is not None:
                voices[None] = self.voices.named(request.voice)
            else:
                voices[None] = self.voices.recorded(*request.recording, request.language)
        return voices

    def _speak(
        self, request: SynthesisRequest, script: Script, timings: Timings, report: Report, deadline: Deadline
    ) -> list[Take]:
        chunks = script.chunks
        progress = Progress(report, len(chunks), sum(script.durations_s))
        sampling = Sampling(request.steps, request.cfg_strength, request.sway_sampling_coef)
        studio = Studio(self.engine, sampling, request.target_rms)
        if request.verify is not None:

            def listen(take: Take) -> Comparison:
                language = self._language(request, take.chunk.text)
                with timings.measure("verify"):
                    heard = self.recogniser.transcribe(take.waveform, language)
                deadline.check("chunks were being verified")
                return compare(take.chunk.text, heard, take.chunk.voice.text, language)

            return studio.speak_verified(chunks, listen, request.verify, progress.advance)
        takes = []
        for take in studio.speak(chunks):
            takes.append(take)
            progress.advance(take.waveform.duration_s)
            if len(takes) < len(chunks):
                deadline.check(f"{len(takes)} of {len(chunks)} chunks were spoken", len(takes) / len(chunks))
        return takes

    def _words(self, request: SynthesisRequest, script: Script, master: Master, deadline: Deadline) -> list[Word]:
        """When each word of the caller's text is said in the delivered audio."""
        words: list[Word] = []
        heard = zip(master.parts, master.spans, strict=True)
        for line in script.lines:
            spoken: list[Word] = []
            for chunk, (part, span) in zip(line.chunks, heard, strict=False):
                deadline.check("words were being timed")
                aligned = self.recogniser.align(part, chunk.text, self._language(request, chunk.text))
                spoken += [replace(w, start_s=w.start_s + span.start_s, end_s=w.end_s + span.start_s) for w in aligned]
            found = on_readings(spoken, line.readings)
            if words and found and not (text.is_wide(words[-1].text[-1]) or text.is_wide(found[0].text[0])):
                words[-1] = replace(words[-1], text=words[-1].text + " ")
            words += found
        return words

    def _language(self, request: SynthesisRequest, spoken: str) -> str | None:
        """What a piece of text is heard in."""
        return text.language_of(spoken, request.language, self.checkpoint.languages)

    def _model(self) -> Reply:
        checkpoint = self.checkpoint
        return {"name": checkpoint.name, "revision": checkpoint.revision, "license": checkpoint.license}


def _digest(data: object) -> str:
    """Short hash of a job's input."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _stem(request: SynthesisRequest, job_id: str, digest: str) -> str:
    """The asked key without its ending, or one made of the job: the same job run twice writes one object."""
    safe = (c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in job_id)
    safe_id = "".join(safe).lstrip(".")[:MAX_ID_CHARS]
    return (request.key or f"{safe_id}-{digest}").removesuffix(f".{request.format}")
