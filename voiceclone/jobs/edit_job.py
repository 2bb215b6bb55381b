"""Words changed in a recording: listened to, compared, refused or spoken, and told.

Knows nothing of how a stretch is spoken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from voiceclone import audio, text
from voiceclone.checkpoints import Checkpoint
from voiceclone.deadline import Deadline
from voiceclone.delivery import KeptChunks
from voiceclone.errors import BadAudio, InvalidInput, ModelUnavailable
from voiceclone.jobs.account import gone_on_later
from voiceclone.jobs.edit_request import LONGEST_STRETCH_S, MAX_CHANGES, EditRequest
from voiceclone.jobs.recipe import made_with, model_otherwise, words_in
from voiceclone.jobs.rehearsal import Means, words_told
from voiceclone.jobs.replies import model_of, timed_word
from voiceclone.listening import Recogniser, on_readings
from voiceclone.model import Sampling
from voiceclone.speech import MOST_CHANGED, Edited, EditOptions, Editor, EditPlan, apart, mixed, share_changed
from voiceclone.text import normalize
from voiceclone.timings import Timings
from voiceclone.types import File, Reading, Recording, Reply, Transcript, Waveform
from voiceclone.voices import check_up

MAX_EDITED_S = 600.0
"""Of a recording whose words are changed."""
MISHEARD = 0.55
"""Of the letters: where more are heard otherwise, a transcript is not the recording's. Of other texts 0.7 are."""
LEAST_KEPT_S = 1.0
"""Of speech around a change: with less there is no voice to go on with."""
NO_SPEECH = "no words are heard in the recording: send clear speech, without music or loud noise"


class Listened(NamedTuple):
    """A recording whose words are to change."""

    recording: Recording
    fingerprint: str
    said: str
    """As it is read out."""
    wanted: Sequence[Reading]
    plan: EditPlan
    language: str | None
    lexicon: Mapping[str, str]
    """The volume's words and the request's."""
    warnings: Sequence[str]


class Edits:
    """Answers requests that change words."""

    def __init__(self, means: Means, recogniser: Recogniser, kept: KeptChunks) -> None:
        self._editor = Editor(means.engine, recogniser, kept)
        self._recogniser = recogniser
        self._kept = kept
        self._means = means
        self._checkpoint = means.checkpoint

    def _listened(self, request: EditRequest, drawn: int, deadline: Deadline) -> Listened:
        """Find out what is to change; `drawn`: the first seed where the request has none.

        Raises:
            DownloadFailed, BadAudio: the recording cannot be had, or holds no speech.
            InvalidInput: nothing would change, or nearly everything; or the transcript is not the recording's.
            ModelUnavailable: there is no recogniser.
        """
        data = self._means.voices.fetch(request.ref_audio, deadline.left_s)
        recording = audio.decode_exactly(data, MAX_EDITED_S, deadline.left_s)
        if recording.samples.shape[1] > 2:
            channels = recording.samples.shape[1]
            raise BadAudio(f"the recording has {channels} channels: send one or two")
        own = mixed(recording)
        mono = audio.resample(own, audio.SAMPLE_RATE)
        heard = self._heard(mono, request.language)
        written = request.ref_text or heard.text
        language = text.language_of(text.clean(written), request.language or heard.language, self._checkpoint.languages)
        words, warnings = words_told(request.lexicon, self._means.settings)
        lexicon = normalize.Lexicon(words)
        said, wanted = (_read(each, language, lexicon) for each in (written, request.text))
        spoken = _spoken(said)
        if apart(spoken, _spoken(_read(heard.text, language, lexicon))) > MISHEARD:
            raise InvalidInput.at(
                "ref_text",
                f"is not what is heard in ref_audio ({heard.text[:80]!r}): send the exact transcript, or none",
            )
        timed = self._editor.timed(mono, spoken, heard, language)
        if not timed:
            raise BadAudio(NO_SPEECH)
        deadline.check("the recording was being listened to")
        seeds = request.seeds or [drawn if request.seed is None else request.seed]
        plan = self._editor.plan(recording, mono, timed, _spoken(wanted), seeds, request.durations or ())
        self._refuse(plan, request)
        findings = check_up(mono, mono, spoken, heard, request.ref_text is not None)
        warnings += [
            f"the recording's {each.what} is poor ({f'{each.value} {each.unit}'.strip()}), so that what is new may not"
            f" fit in: {each.advice}"
            for each in findings
            if each.verdict == "poor" and each.what != "duration"
        ]
        samples = recording.samples
        if samples.shape[1] == 2 and not (samples[:, 0] == samples[:, 1]).all():
            warnings.append("the recording is in stereo: what is new has one place in it, the voice's, and no room")
        if own.sample_rate > audio.SAMPLE_RATE:
            warnings.append("the model speaks at 24000 Hz: what is new has no sound above 12000 Hz")
        if request.format == "flac" and max(samples.max(), -samples.min()) > 1:
            warnings.append("the recording goes above full scale, where flac clips it: ask for wav, which does not")
        if unknown := self._editor.unknown_characters(_spoken(wanted)):
            warnings.append(f"the model's vocabulary lacks {' '.join(unknown)[:40]}: each is read as a space")
        fingerprint = hashlib.sha256(data).hexdigest()[:16]
        if request.made_with is not None:
            warnings += model_otherwise(request.made_with, self._checkpoint)
            if request.made_with.references != [fingerprint]:
                warnings.append("the recording is not the one that the edit was made with: it will be another")
        return Listened(recording, fingerprint, spoken, wanted, plan, language, words, warnings)

    def answer(
        self, request: EditRequest, drawn: int, deadline: Deadline, timings: Timings
    ) -> tuple[Reply, File | None]:
        """Change the words; returns what is told, and the recording as it is now: None where only that is asked.

        `drawn`: the first seed where the request has none. Raises as `_listened`; OutOfTime; SynthesisFailed,
        OutOfMemory, DeviceFailed.
        """
        with timings.measure("voice"):
            listened = self._listened(request, drawn, deadline)
        _refuse_oversize(listened.plan, self._means.settings.max_frames)
        reply: Reply = {
            "status": "completed",
            "text": request.text.strip(),
            "model": model_of(self._checkpoint),
            "warnings": list(listened.warnings),
        }
        if request.check:
            return {**reply, **told(listened, None)}, None
        sampling = Sampling(request.steps, request.cfg_strength, request.sway_sampling_coef)
        how = EditOptions(sampling, request.target_rms, request.attempts, listened.language)
        with gone_on_later(self._kept, request, listened.plan.seeds[0]):
            edited = self._editor.make(listened.plan, how, deadline, timings)
        reply["warnings"] += _misheard(listened.plan, edited)
        if request.timestamps:
            with timings.measure("words"):
                reply["words"] = self._words(listened, edited)
        with timings.measure("encode"):
            data = audio.encode_exactly(edited.recording, request.format)
        length = len(edited.recording.samples)
        reply |= {
            **told(listened, edited),
            "format": request.format,
            "sample_rate": edited.recording.sample_rate,
            "duration": round(length / edited.recording.sample_rate, 6),
            "samples": length,
            "seed": edited.fills[0].seed,
            "recipe": recipe_of(request, listened, edited, self._checkpoint),
        }
        return reply, File(request.format, data, audio.content_type(request.format))

    def _words(self, listened: Listened, edited: Edited) -> list[Reply]:
        """Return the words of the recording as it is now, as the caller has written them."""
        said = self._editor.words(listened.plan, edited, listened.language)
        return [timed_word(word, of_several=False) for word in on_readings(said, listened.wanted)]

    def _heard(self, mono: Waveform, language: str | None) -> Transcript:
        try:
            heard = self._recogniser.transcribe(mono, language)
        except ModelUnavailable as e:
            raise ModelUnavailable(
                "this worker has no recogniser, which finds the words of a recording: have the operator put the whisper"
                " model that ASR_MODEL names on the volume"
            ) from e
        if not text.is_speakable(heard.text):
            raise BadAudio(NO_SPEECH)
        return heard

    def _refuse(self, plan: EditPlan, request: EditRequest) -> None:
        """Raise InvalidInput for what cannot be done well."""
        said = [word.text for word in plan.said]
        count = len(plan.changes)
        if not count:
            raise InvalidInput.at("text", "has the words that the recording has: change at least one")
        if count > MAX_CHANGES:
            raise InvalidInput.at("text", f"changes {count} places, at most {MAX_CHANGES} are allowed: edit in steps")
        if (share := share_changed(said, plan.wanted, plan.changes)) > MOST_CHANGED:
            raise InvalidInput.at(
                "text",
                f"changes {share:.0%} of the words, at most {MOST_CHANGED:.0%} are allowed: speak it with synthesize,"
                " this recording being its ref_audio",
            )
        for field, values in (("durations", request.durations), ("seeds", request.seeds)):
            if values is not None and len(values) != count:
                raise InvalidInput.at(field, f"has {len(values)} entries, and {count} places change: see `check`")
        for change, cut, context in zip(plan.changes, plan.cuts, plan.contexts, strict=True):
            if cut.duration_s > LONGEST_STRETCH_S:
                raise InvalidInput.at(
                    "text",
                    f"has {cut.duration_s:.0f} s of new speech in one place, at most 15 are allowed: edit in steps",
                )
            if context.end_s - context.start_s - (cut.end_s - cut.start_s) < LEAST_KEPT_S:
                raise InvalidInput.at(
                    "text", f"leaves too little of the speech around {plan.now(change)!r}: send a longer recording"
                )


def _refuse_oversize(plan: EditPlan, max_frames: int) -> None:
    """Raise InvalidInput for more work than a job's may be."""
    parts = zip(plan.cuts, plan.contexts, strict=True)
    seconds = sum(cut.duration_s - (cut.end_s - cut.start_s) + part.end_s - part.start_s for cut, part in parts)
    if (frames := round(seconds / audio.HOP_S)) > max_frames:
        raise InvalidInput.at(
            "text",
            f"would be {frames} frames in {len(plan.changes)} changes, the speech around counted with each, at most"
            f" {max_frames} are allowed: edit in steps, or raise MAX_FRAMES",
        )


def _misheard(plan: EditPlan, edited: Edited) -> list[str]:
    """Return a warning for each change that was spoken as often as allowed, and is not heard as it should."""
    return [
        f"changes[{i}] is not heard as {plan.now(change)!r} after {fill.attempts} attempts: listen to it"
        for i, (change, fill) in enumerate(zip(plan.changes, edited.fills, strict=True))
        if fill.faults
    ]


def told(listened: Listened, edited: Edited | None) -> Reply:
    """Return what changes, in seconds of the recording as it was and as it is now."""
    plan = listened.plan
    rate = listened.recording.sample_rate
    found = []
    for i, (change, cut) in enumerate(zip(plan.changes, plan.cuts, strict=True)):
        reply: Reply = {"was": plan.was(change), "now": plan.now(change)}
        if edited is None:
            reply |= {"was_start": round(cut.start_s, 4), "was_end": round(cut.end_s, 4)}
            reply |= {"duration": round(cut.duration_s, 4)}
        else:
            stretch = edited.stretches[i]
            reply |= {"was_start": stretch.former_start / rate, "was_end": stretch.former_end / rate}
            reply |= {"start": stretch.start / rate, "end": (stretch.start + stretch.length) / rate}
            reply |= {"duration": stretch.length / rate, "seed": edited.fills[i].seed}
            reply["attempts"] = edited.fills[i].attempts
            if edited.fills[i].kept:
                reply["kept"] = True
            reply |= {"fade_before": stretch.fades[0] / rate, "fade_after": stretch.fades[1] / rate}
            reply = {name: round(value, 6) if isinstance(value, float) else value for name, value in reply.items()}
        found.append(reply)
    return {"ref_text": listened.said.strip(), "normalized_text": _spoken(listened.wanted), "changes": found}


def recipe_of(request: EditRequest, listened: Listened, edited: Edited, checkpoint: Checkpoint) -> Reply:
    """Return an input that makes this edit again, once the recording is added as `ref_audio`."""
    kept = ("language", "sway_sampling_coef", "target_rms", "timestamps", "format", "durations", "text")
    fields = request.model_dump(mode="json", include=set(kept), exclude_defaults=True)
    return {
        "action": "edit",
        **fields,
        **words_in(f"{request.ref_text or ''} {request.text}", listened.lexicon),
        "ref_text": listened.said,
        "nfe_step": request.steps,
        "cfg_strength": request.cfg_strength,
        "seeds": [fill.seed for fill in edited.fills],
        "attempts": 1,
        "made_with": made_with(checkpoint, [listened.fingerprint]),
    }


def _read(written: str, language: str | None, lexicon: normalize.Lexicon) -> list[Reading]:
    return normalize.read(text.clean(written), language or "", lexicon)


def _spoken(readings: Sequence[Reading]) -> str:
    return "".join(reading.spoken for reading in readings)
