"""A job is read, handed to whoever does it, and answered. The only place where an error becomes a reply.

Knows every room by what it does, none by how. Builds nothing itself: it is given the engine, the voices and the stores.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from voiceclone.checkpoints import Checkpoint
from voiceclone.deadline import Deadline
from voiceclone.delivery import Delivery, KeptChunks, require_sendable
from voiceclone.errors import WorkerError
from voiceclone.files import try_to_write
from voiceclone.jobs.account import Account, errors_named, gone_on_later
from voiceclone.jobs.dub_request import CheckDubRequest, DubRequest
from voiceclone.jobs.dubbing import by_cue, described, laid, rehearse_dub
from voiceclone.jobs.edit_job import Edits
from voiceclone.jobs.edit_request import EditRequest
from voiceclone.jobs.legacy import as_formerly, is_legacy
from voiceclone.jobs.limits import STORE_S, limits_of
from voiceclone.jobs.names import Names
from voiceclone.jobs.parsing import parse
from voiceclone.jobs.progress import Pace, Progress, Report, nobody
from voiceclone.jobs.recipe import dub_recipe, recipe
from voiceclone.jobs.rehearsal import Means, Rehearsal, rehearse, require_recogniser
from voiceclone.jobs.replies import (
    checked,
    complaints,
    digest_of,
    error_reply,
    misses,
    model_of,
    saved_voice,
    seed_of,
    sound_file,
    speech,
    stem_of,
    subtitle_files,
    timed_word,
    track,
)
from voiceclone.jobs.request import (
    AddVoiceRequest,
    CheckRequest,
    DeleteVoiceRequest,
    InfoRequest,
    LinkRequest,
    ListVoicesRequest,
    Request,
    SynthesisRequest,
)
from voiceclone.jobs.speech_request import SpeechRequest
from voiceclone.listening import Recogniser
from voiceclone.logs import about_job, id_of
from voiceclone.model import AnyEngine
from voiceclone.settings import Settings
from voiceclone.speech import Script, Spoken, Synthesizer, Take
from voiceclone.subtitles import FORMATS as SUBTITLE_FORMATS
from voiceclone.timings import Timings
from voiceclone.types import AUDIO_FORMATS, SEEDS, Reply, Result, Samples
from voiceclone.voices import Voices, worst

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """What is new of speech that is sent while it is made."""

    samples: Samples
    """Directly behind those of the piece before."""
    sample_rate: int
    """In Hertz."""
    seed: int
    """Of the first chunk."""
    words: Sequence[Reply]
    """With times in the whole recording, where they were asked for."""


class Worker:
    """Turns jobs into replies, one at a time; several where the engine is shared."""

    def __init__(  # noqa: PLR0913, PLR0917 - so many parts has a worker
        self,
        settings: Settings,
        checkpoint: Checkpoint,
        engine: AnyEngine,
        recogniser: Recogniser,
        voices: Voices,
        delivery: Delivery,
        kept: KeptChunks,
    ) -> None:
        self.settings = settings
        self.checkpoint = checkpoint
        self.engine = engine
        self.recogniser = recogniser
        self.voices = voices
        self.delivery = delivery
        self.kept = kept
        self.clock: Callable[[], float] = time.monotonic
        """Tells the seconds by which a job's time is counted."""
        self._synthesizer = Synthesizer(engine, recogniser, checkpoint.languages, kept)
        self._edits = Edits(self._means, recogniser, kept)
        self.startup: Mapping[str, float] = {}
        """Seconds of each part of the start, for `info`."""
        self._pace = Pace()

    def close(self) -> None:
        """Speak no more: whoever waits is told so."""
        self.engine.close()

    def require_fit(self) -> None:
        """Raise DeviceFailed if this worker can no longer speak.

        It stands for the SDK's own checks, which the image switches off. A worker that was built has spoken once:
        driver, GPU and memory are there. A volume without room is only logged: speech goes to a bucket or a reply.
        """
        self.engine.check_device()
        try:
            try_to_write(self.settings.volume)
        except OSError as e:
            log.warning(
                "nothing can be kept on the volume %s (%s): free space, enlarge it, or let the worker write there",
                self.settings.volume,
                e.strerror,
            )

    def handle(self, job: Mapping[str, Any], report: Report = nobody) -> Reply:
        """Answer a job. Never raises: what goes wrong becomes an `error` in the caller's terms.

        `report` is told of the progress of a long one.
        """
        job_id = id_of(job)
        with about_job(job_id):
            account = Account()
            try:
                with errors_named():
                    request, warnings = self._parsed(job)
                    account.action = request.action
                    reply = self._answer(request, job_id, job["input"], warnings, report)
            except WorkerError as e:
                reply = error_reply(e)
            account.close(reply)
        return reply

    def stream(self, job: Mapping[str, Any]) -> Generator[Piece, None, Reply]:
        """Speak a job's text, yield the sound while it is made, and return what is told of the whole.

        The chunks and samples are those of the same job with `streamed`. Nothing is delivered.

        Raises:
            WorkerError: in the caller's terms, whatever goes wrong.
        """
        with about_job(id_of(job)):
            account = Account("synthesize")
            reply: Reply = {"error_code": "hung_up", "error": "the caller has hung up"}
            try:
                with errors_named():
                    request, warnings = self._parsed(
                        {"input": {**job["input"], "action": "synthesize", "streamed": True}}
                    )
                    assert isinstance(request, SynthesisRequest)  # noqa: S101 - the action says so
                    reply = yield from self._streamed(request, warnings)
            except WorkerError as e:
                reply = error_reply(e)
                raise
            finally:
                account.close(reply)
        return reply

    def _parsed(self, job: Mapping[str, Any]) -> tuple[Request, list[str]]:
        bucket = self.delivery.bucket
        named = bucket.bucket if bucket else None
        return parse(job.get("input"), self.settings, named, Names(self.voices), self.checkpoint.cfg_strength)

    def _streamed(self, request: SynthesisRequest, warnings: Sequence[str]) -> Generator[Piece, None, Reply]:
        deadline, timings = Deadline(self.settings.job_limit_s, self.clock), Timings()
        rehearsal = self._ready(request, secrets.randbelow(SEEDS), deadline, timings)
        script = rehearsal.script
        of_several = len(rehearsal.speakers) > 1
        speaking = self._synthesizer.speak(script, request.synthesis_options, deadline, timings)
        while True:
            try:
                part = next(speaking)
            except StopIteration as end:
                return self._told(request, rehearsal, end.value, warnings, timings)
            words = [timed_word(word, of_several) for word in part.words]
            yield Piece(part.samples, request.sample_rate, script.chunks[0].seed, words)

    def _answer(self, request: Request, job_id: str, data: object, warnings: Sequence[str], report: Report) -> Reply:
        match request:
            case CheckDubRequest():
                reply = self.check_dub(request, warnings)
            case DubRequest():
                reply = self.dub(request, request.job_id or job_id, digest_of(data), warnings, report)
            case CheckRequest():
                reply = self.check(request, warnings)
            case SynthesisRequest():
                reply = self.synthesize(request, request.job_id or job_id, digest_of(data), warnings, report)
            case EditRequest():
                reply = self.edit(request, request.job_id or job_id, digest_of(data), warnings)
            case AddVoiceRequest():
                reply = self.add_voice(request, warnings)
            case ListVoicesRequest():
                reply = self.list_voices(request)
            case DeleteVoiceRequest():
                self.voices.remove(request.voice)
                self.kept.drop(request.voice)
                reply = {"status": "completed", "voice": request.voice}
            case LinkRequest():
                reply = self.delivery.link(request.key, request.job_id, request.expires_in)
            case InfoRequest():
                reply = self.info()
        if is_legacy(data):
            reply = as_formerly(request.action, reply)
        require_sendable(reply)
        return reply

    def info(self) -> Reply:
        """Tell what this worker is and can do."""
        return {
            "model": model_of(self.checkpoint),
            "languages": list(self.checkpoint.languages),
            "voices": self.voices.built_in.names,
            "formats": list(AUDIO_FORMATS),
            "subtitles": list(SUBTITLE_FORMATS),
            "recogniser": self.recogniser.name,
            "device": str(self.engine.dit.device),
            "dtype": str(self.engine.dit.precision).removeprefix("torch."),
            "delivery": self.delivery.way("auto"),
            "limits": limits_of(self.settings),
            "startup": dict(self.startup),
            "warnings": [self.checkpoint.warning] if self.checkpoint.warning else [],
            "versions": {name: version(name) for name in ("f5-tts", "faster-whisper", "runpod", "torch")},
        }

    def add_voice(self, request: AddVoiceRequest, warnings: Sequence[str]) -> Reply:
        """Keep a recording as a voice, and tell how good it is."""
        saved, voice = self.voices.add(request.new_voice, self.settings.job_limit_s)
        self.kept.drop(request.voice)  # of one that it replaces
        return {
            "status": "completed",
            "voice": saved_voice(saved),
            "check_up": {"verdict": worst(voice.findings), "findings": [asdict(each) for each in voice.findings]},
            "warnings": [*warnings, *voice.notes, *complaints(voice)],
        }

    def list_voices(self, request: ListVoicesRequest) -> Reply:
        """Return every voice that a job may name."""
        saved = self.voices.saved(request.prefix)
        built_in = [name for name in self.voices.built_in.names if name.startswith(request.prefix)]
        described = [{"name": name, "built_in": True} for name in built_in]
        return {"status": "completed", "voices": [*described, *map(saved_voice, saved)]}

    def check(self, request: CheckRequest, warnings: Sequence[str]) -> Reply:
        """Tell what `synthesize` would say, in which chunks and how long, without speaking."""
        deadline = Deadline(self.settings.job_limit_s, self.clock)
        rehearsal = rehearse(request, self._means, secrets.randbelow(SEEDS), deadline)
        script = rehearsal.script
        predicted = self._pace.predicted(script, script.duration_s(), request)
        reply = {**checked(request.written, script), "predicted": predicted, "model": model_of(self.checkpoint)}
        return {**reply, "warnings": [*warnings, *rehearsal.notes]}

    def synthesize(
        self, request: SynthesisRequest, job_id: str, digest: str, warnings: Sequence[str], report: Report
    ) -> Reply:
        """Speak the request's text and deliver it; `digest` tells this input from others of the same job id."""
        deadline, timings = Deadline(self.settings.job_limit_s, self.clock), Timings()
        rehearsal = self._ready(request, seed_of(job_id, digest), deadline, timings)
        with gone_on_later(self.kept, request, rehearsal.seed):
            spoken = self._speak(request, rehearsal.script, timings, report, deadline)
            with timings.measure("encode"):
                sound = sound_file(request, spoken.master.waveform, rehearsal.script.spoken, deadline)
                result = Result(stem_of(request, job_id, digest), sound, subtitle_files(request, spoken))
        reply = {"job_id": job_id, **self._told(request, rehearsal, spoken, warnings, timings)}
        return self._delivered(request, result, reply, deadline, timings)

    def edit(self, request: EditRequest, job_id: str, digest: str, warnings: Sequence[str]) -> Reply:
        """Change words in a recording and deliver it; `digest` as for `synthesize`."""
        deadline, timings = Deadline(self.settings.job_limit_s, self.clock), Timings()
        told, sound = self._edits.answer(request, seed_of(job_id, digest), deadline, timings)
        told["warnings"] = [*warnings, *told["warnings"]]
        if sound is None:
            return told
        result = Result(stem_of(request, job_id, digest), sound)
        return self._delivered(request, result, {"job_id": job_id, **told}, deadline, timings)

    def check_dub(self, request: CheckDubRequest, warnings: Sequence[str]) -> Reply:
        """Tell which cues `dub` could not fit into their time, without speaking."""
        deadline = Deadline(self.settings.job_limit_s, self.clock)
        rehearsal = rehearse_dub(request, self._means, secrets.randbelow(SEEDS), deadline)
        script = rehearsal.dub.script
        predicted = self._pace.predicted(script, rehearsal.dub.duration_s, request)
        reply = {"status": "completed", **described(rehearsal), "unknown_characters": list(script.left_out)}
        return {
            **reply,
            "predicted": predicted,
            "model": model_of(self.checkpoint),
            "warnings": [*warnings, *rehearsal.notes],
        }

    def dub(self, request: DubRequest, job_id: str, digest: str, warnings: Sequence[str], report: Report) -> Reply:
        """Speak the cues of subtitles, each at its own time, and deliver the track; otherwise as `synthesize`."""
        deadline, timings = Deadline(self.settings.job_limit_s, self.clock), Timings()
        with timings.measure("voice"):
            rehearsal = rehearse_dub(request, self._means, seed_of(job_id, digest), deadline)
            if request.verify:
                require_recogniser(self.recogniser)
        script, takes = rehearsal.dub.script, list[Take]()
        progress = Progress(report, len(script.chunks), sum(script.durations_s))
        with gone_on_later(self.kept, request, rehearsal.seed):
            for take in self._synthesizer.takes(script, request.synthesis_options, deadline, timings):
                takes.append(take)
                progress.advance(take.waveform.duration_s)
            with timings.measure("encode"):
                waveform, notes = laid(request, rehearsal, takes, deadline)
                sound = sound_file(request, waveform, script.spoken, deadline)
        reply = {
            "job_id": job_id,
            **track(request, waveform, takes[0].chunk.seed),
            **described(rehearsal, by_cue(rehearsal.dub, takes)),
            "model": model_of(self.checkpoint),
            "recipe": dub_recipe(
                request, rehearsal.voices, rehearsal.lexicon, self.checkpoint, takes, rehearsal.source_s
            ),
            "rtf": self._pace.noted(request, takes, waveform.duration_s, timings),
            "warnings": [*warnings, *rehearsal.notes, *misses(takes, request.verify), *notes],
        }
        return self._delivered(request, Result(stem_of(request, job_id, digest), sound), reply, deadline, timings)

    def _delivered(
        self, request: SpeechRequest | EditRequest, result: Result, reply: Reply, deadline: Deadline, timings: Timings
    ) -> Reply:
        """Hand a result over; returns the whole reply. Raises StorageFailed."""
        reply = {**reply, "timings": timings.report()}
        way, in_time = self.delivery.way(request.delivery), deadline.left_s > STORE_S
        with timings.measure("store"):
            located = self.delivery.deliver(result, way, request.expires_in, reply, in_time=in_time)
        return {**reply, **located, "timings": timings.report()}

    def _ready(self, request: SynthesisRequest, drawn: int, deadline: Deadline, timings: Timings) -> Rehearsal:
        """Do everything that comes before the first chunk; `drawn`: the seed where the request has none."""
        with timings.measure("voice"):
            rehearsal = rehearse(request, self._means, drawn, deadline)
            if request.is_listened_to:
                require_recogniser(self.recogniser)  # before anything is spoken that it should hear
        return rehearsal

    def _told(
        self,
        request: SynthesisRequest,
        rehearsal: Rehearsal,
        spoken: Spoken,
        warnings: Sequence[str],
        timings: Timings,
    ) -> Reply:
        """Return what is told of speech, without where it is."""
        return {
            **speech(request, rehearsal.script, spoken, rehearsal.speakers),
            "model": model_of(self.checkpoint),
            "recipe": recipe(request, rehearsal.voices, rehearsal.lexicon, self.checkpoint, spoken.takes),
            "rtf": self._pace.noted(request, spoken.takes, spoken.master.waveform.duration_s, timings),
            "warnings": [*warnings, *rehearsal.notes, *misses(spoken.takes, request.verify), *spoken.notes],
            "timings": timings.report(),
        }

    def _speak(
        self, request: SynthesisRequest, script: Script, timings: Timings, report: Report, deadline: Deadline
    ) -> Spoken:
        """Speak a script to its end, and tell of each take on the way."""
        progress = Progress(report, len(script.chunks), sum(script.durations_s))
        speaking = self._synthesizer.speak(script, request.synthesis_options, deadline, timings)
        while True:
            try:
                take = next(speaking).take
            except StopIteration as end:
                spoken: Spoken = end.value
                return spoken
            if take is not None:
                progress.advance(take.waveform.duration_s)

    @property
    def _means(self) -> Means:
        return Means(self.settings, self.checkpoint, self.engine, self.voices)
