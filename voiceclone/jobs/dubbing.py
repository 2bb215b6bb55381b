"""A job that dubs: who speaks each cue, in how much time, laid on one track, and what is told of it.

Knows nothing of how chunks are spoken or results delivered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from voiceclone import audio
from voiceclone.deadline import Deadline
from voiceclone.errors import BadAudio, DownloadFailed, FieldProblem, InvalidInput, VoiceNotFound
from voiceclone.jobs.dub_request import MAX_SPEAKERS, DubRequest, SpeakerVoice
from voiceclone.jobs.limits import refuse_oversize
from voiceclone.jobs.rehearsal import Means, prepared
from voiceclone.jobs.replies import described_voice
from voiceclone.settings import GRACE_S
from voiceclone.speech import Dub, Slot, Take, Track, levelled, plan_dub
from voiceclone.subtitles import Cue, best_stretch, cut
from voiceclone.types import ReferenceVoice, Reply, Waveform
from voiceclone.voices import InlineSource

MAX_TOLD = 20
"""Cues that one warning names."""
WHOLE_S = 1.0
"""By so much a source may be longer than a job's audio, so that it is known that it is."""


@dataclass(frozen=True)
class DubRehearsal:
    """All that is known of a dub before it is spoken."""

    voices: Mapping[str | None, ReferenceVoice]
    """By the speakers' names; None: of cues that name nobody."""
    dub: Dub
    seed: int
    """From which the chunks count, where the request has no seeds."""
    lexicon: Mapping[str, str]
    notes: Sequence[str]
    """For the caller."""
    source: Waveform | None
    source_s: float | None
    """How long the track should be, where that is told."""


def rehearse_dub(request: DubRequest, means: Means, drawn: int, deadline: Deadline) -> DubRehearsal:
    """Find the voices, and plan each cue. Raises InvalidInput, OutOfTime, and what voices do.

    `drawn`: the seed where the request has none.
    """
    if not request.cues:
        raise InvalidInput.at("subtitles", "have nothing to say beside names and descriptions of sounds")
    source = _source(request, means, deadline)
    voices = dict(_cast(request, source, means, deadline))
    job = prepared(request, voices, means, drawn)
    options = request.dub_options(job.seed, None if source is None else source.duration_s)
    dub = plan_dub(request.cues, voices, means.engine, job.reader, options, deadline)
    script = dub.script
    length_field = "subtitles" if source is None and request.duration is None else "source" if source else "duration"
    refuse_oversize(script, dub.duration_s, length_field, "subtitles", means.settings)
    notes = [*job.notes, *script.warnings, *complaints_of(dub, options.duration_s)]
    return DubRehearsal(voices, dub, job.seed, job.words, notes, source, options.duration_s)


def complaints_of(dub: Dub, source_s: float | None) -> list[str]:
    """Return what of a dub does not fit, for the caller."""
    late = [slot for slot in dub.slots if slot.over_s]
    told = []
    if late:
        named = ", ".join(f"{slot.cue.index} by {slot.over_s:.2f} s" for slot in late[:MAX_TOLD])
        more = f" and {len(late) - MAX_TOLD} more" if len(late) > MAX_TOLD else ""
        told.append(
            f"{len(late)} of {len(dub.slots)} cues are too long for their time, cue {named}{more}: shorten their texts,"
            " or raise max_rate or borrow; nothing of them is cut"
        )
    if source_s is not None and dub.duration_s > source_s + 1e-3:
        told.append(
            f"the last words end {dub.duration_s - source_s:.2f} s behind the source: the track is so much longer"
        )
    return told


def described(rehearsal: DubRehearsal, takes: Sequence[Sequence[Take]] | None = None) -> Reply:
    """Return what is told of the cues: when each is spoken, how fast, and whether it fits.

    Args:
        takes: the chunks of each, if they were spoken.
    """
    slots = rehearsal.dub.slots
    told = [
        _told(slot, over, rehearsal.voices[slot.cue.speaker], of_it)
        for slot, over, of_it in zip(slots, rehearsal.dub.overlapped(), takes or [()] * len(slots), strict=True)
    ]
    voices = [
        {**({"speaker": name} if name is not None else {}), **described_voice(voice)}
        for name, voice in rehearsal.voices.items()
    ]
    return {"cues": told, "fits": all(cue["fits"] for cue in told), "voices": voices}


def laid(
    request: DubRequest, rehearsal: DubRehearsal, takes: Sequence[Take], deadline: Deadline
) -> tuple[Waveform, Sequence[str]]:
    """Return the track of all takes, over the source where that is wanted, and notes. Raises OutOfTime."""
    track = Track(rehearsal.dub, request.sample_rate)
    for take in takes:
        track.add(take.waveform)
    waveform, notes = levelled(track.waveform, request.loudness, deadline)
    if request.mix and rehearsal.source is not None:
        in_time = partial(deadline.check, "the speech was being laid over its source", grace_s=GRACE_S)
        if request.loudness is None:
            waveform = audio.as_loud_as(waveform, rehearsal.source, in_time)
        source = audio.of_length(audio.resample(rehearsal.source, request.sample_rate), len(waveform.samples))
        ducking = audio.Ducking(track.spans, request.ducking, request.sample_rate)
        waveform = audio.laid_over(source, waveform, ducking, in_time)
    return waveform, notes


def by_cue(dub: Dub, takes: Sequence[Take]) -> list[list[Take]]:
    """Return the chunks of each cue."""
    left = iter(takes)
    return [[next(left) for _ in slot.script.chunks] for slot in dub.slots]


def _told(slot: Slot, overlapped: Sequence[int], voice: ReferenceVoice, takes: Sequence[Take]) -> Reply:
    cue = slot.cue
    chunks = [take.chunk for take in takes] or slot.script.chunks
    return {
        "index": cue.index,
        "start": cue.start_s,
        "end": cue.end_s,
        "text": slot.script.spoken,
        **({"speaker": cue.speaker} if cue.speaker is not None else {}),
        **({"voice": voice.name} if voice.name is not None else {}),
        "spoken_start": cue.start_s,
        "spoken_end": round(slot.end_s, 4),
        "rate": round(slot.rate, 4),
        "fits": not slot.over_s,
        **({"over_by": round(slot.over_s, 4)} if slot.over_s else {}),
        **({"overlaps": list(overlapped)} if overlapped else {}),
        "seeds": [chunk.seed for chunk in chunks],
        **({"kept": True} if takes and all(take.kept for take in takes) else {}),
    }


def _source(request: DubRequest, means: Means, deadline: Deadline) -> Waveform | None:
    if request.source is None:
        return None
    most_s = 60.0 * means.settings.max_speech_min
    try:
        rate = max(request.sample_rate, audio.SAMPLE_RATE)  # voices are learnt from it
        sound = means.voices.sound(request.source, rate, most_s + WHOLE_S, deadline.left_s)
    except BadAudio as e:
        raise BadAudio(f"source: {e}") from e
    if sound.duration_s > most_s:
        raise InvalidInput.at(
            "source",
            f"is longer than {means.settings.max_speech_min} minutes: send it in parts with their subtitles, or raise"
            " MAX_SPEECH_MIN",
        )
    return sound


def _cast(
    request: DubRequest, source: Waveform | None, means: Means, deadline: Deadline
) -> Iterator[tuple[str | None, ReferenceVoice]]:
    """Yield every speaker with a voice."""
    first: dict[str | None, Cue] = {}
    for cue in request.cues:
        first.setdefault(cue.speaker, cue)
    if len(first) > MAX_SPEAKERS:
        raise InvalidInput.at(
            "subtitles", f"name {len(first)} speakers, at most {MAX_SPEAKERS} are allowed: send several jobs"
        )
    told = {name.casefold(): (name, voice) for name, voice in request.voices.items()}
    for_all: ReferenceVoice | None = None
    for speaker, cue in first.items():
        deadline.check("voices were being prepared")
        if speaker is not None and speaker.casefold() in told:
            yield speaker, _voice_of(*told[speaker.casefold()], means, deadline)
        elif request.voice is not None or request.ref_audio is not None:
            if for_all is None:
                own = SpeakerVoice.model_construct(
                    voice=request.voice, ref_audio=request.ref_audio, ref_text=request.ref_text
                )
                for_all = _voice_of(None, own, means, deadline, request.language)
            yield speaker, for_all
        elif source is not None:
            yield speaker, _heard(request.cues, speaker, source, means, deadline)
        elif speaker is None:
            raise InvalidInput.at("voice", f"is missing: cue {cue.index} names no speaker, send a voice for such cues")
        else:
            raise InvalidInput.at(
                "voices", f"has none for {speaker!r}, who speaks cue {cue.index}: send one, or a voice for all others"
            )


def _voice_of(
    speaker: str | None, asked: SpeakerVoice, means: Means, deadline: Deadline, language: str | None = None
) -> ReferenceVoice:
    try:
        if asked.voice is None and asked.ref_audio is not None:
            return means.voices.recorded(asked.ref_audio, asked.ref_text, language, deadline.left_s)
        return means.voices.named(asked.voice or "")
    except InvalidInput as e:
        where = "" if speaker is None else f"voices.{speaker}."
        raise InvalidInput([FieldProblem(f"{where}{each.field}", each.message) for each in e.problems]) from e
    except (VoiceNotFound, BadAudio, DownloadFailed) as e:
        raise type(e)(str(e) if speaker is None else f"voices.{speaker}: {e}") from e


def _heard(
    cues: Sequence[Cue], speaker: str | None, source: Waveform, means: Means, deadline: Deadline
) -> ReferenceVoice:
    """Return a speaker's own voice, cut from the source where it is heard best."""
    who = "the speaker" if speaker is None else repr(speaker)
    stretch = best_stretch(cues, speaker, partial(cut, source), source.duration_s)
    if stretch is None:
        raise InvalidInput.at(
            "source", f"has no stretch of 1.5 s in which {who} speaks alone: send a voice for this speaker in voices"
        )
    where = f"the voice of {who} is cut from the source at {stretch[0]:.1f} to {stretch[1]:.1f} s"
    clip = audio.encode(cut(source, *stretch), "wav")
    try:
        voice = means.voices.recorded(InlineSource(clip), None, None, deadline.left_s)
    except BadAudio as e:
        raise BadAudio(f"source: {where}, and cannot be used: {e}; send a voice for this speaker in voices") from e
    return replace(voice, notes=(where, *voice.notes))
