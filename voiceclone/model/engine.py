"""Chunks of text in, speech out: durations, batches, memory, vocoder.

Knows nothing of jobs, voice names, formats or stores, nor of how chunks are joined. `Engine.load` reads the models of
one checkpoint; `Engine.speak` runs them. One call at a time.

The mathematics follows f5-tts 1.1 (`CFM.sample` and `infer_batch_process`); with the same weights, noise and dtype
the mel agrees to rounding.
"""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voiceclone import audio, text
from voiceclone.checkpoints import Checkpoint, Copies
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory, SynthesisFailed
from voiceclone.failures import failures_named
from voiceclone.model import attention
from voiceclone.model.device import glibc, use_the_cpu_well
from voiceclone.model.dit import DiT
from voiceclone.model.graphs import FRAMES_STEP, RECORDED_FRAMES, Graphs, cuda_recorder
from voiceclone.model.loader import Loader, default_dtype
from voiceclone.model.mel import HOP_LENGTH, MEL_DIM, N_FFT, log_mel
from voiceclone.model.sampling import Batch, Eager, Follower, Plan, Sampling, Schedule, sample
from voiceclone.model.variants import TAKEN, use_variants
from voiceclone.model.vocos import Vocos
from voiceclone.types import Chunk, Mel, ReferenceVoice, Samples, Tokenizer, Waveform

log = logging.getLogger(__name__)

FRAMES_PER_S = audio.SAMPLE_RATE / HOP_LENGTH
UNKNOWN_TOKEN = 0
"""f5-tts reads a character that the vocabulary lacks as its first entry, the space."""

TRAINED_S = 22.0
"""Reference and speech of one chunk together: upstream's margin below the 30 s that the models were trained on."""
MIN_SPEECH_S = 0.6
"""Shortest speech of a chunk: a single word needs time for its attack and release that no count of bytes predicts."""
MIN_CHUNK_SIZE = 20
"""Fewer bytes would cut words apart, however slow the voice."""
MAX_BATCH_FRAMES = 8192
"""Rows of matrix products enough, with guidance 16,384, to fill the largest GPU: reckoned, not measured."""
MEMORY_SHARE = 0.8
"""Of the GPU's free memory, for a batch."""
SILENCE_RMS = 1e-4
"""-80 dB below full scale: quieter is not speech."""
TARGET_RMS = 0.1
"""The level of a reference where nobody asks for another."""
KEPT_SCHEDULES = 8
TRIAL_FRAMES = RECORDED_FRAMES - FRAMES_STEP // 2
"""Of what is computed in both ways: the largest recorded size, not quite filled."""
TRIAL_TOLERANCE = 0.02
"""How far the mel of recorded steps may be from that of plain ones, relative: half precision allows no less."""


def reference_mel(waveform: Waveform, target_rms: float = TARGET_RMS) -> Mel:
    """Return what the model hears of a reference at 24 kHz, raised to `target_rms` if it is quieter: (frames, m)."""
    return log_mel(torch.from_numpy(waveform.samples) * _gain(waveform, target_rms)).numpy()


def _reference(voice: ReferenceVoice, target_rms: float) -> Tensor:
    """Return the mel of the voice's recording at this level: (frames, m)."""
    kept = voice.mel if target_rms == TARGET_RMS else None
    return torch.from_numpy(reference_mel(voice.waveform, target_rms) if kept is None else kept)


def _gain(waveform: Waveform, target_rms: float) -> float:
    """Return what raises a waveform to the level, if it is quieter."""
    level = audio.rms(waveform.samples)
    return max(1.0, target_rms / level) if level else 1.0


class Engine:
    """F5-TTS and Vocos on one device."""

    def __init__(
        self, loader: Loader, dit: DiT, vocoder: Vocos, vocabulary: Mapping[str, int], tokenizer: Tokenizer
    ) -> None:
        frames = (dit.arch.mel_dim, vocoder.arch.mel_dim, vocoder.arch.n_fft, vocoder.arch.hop_length)
        if frames != (MEL_DIM, MEL_DIM, N_FFT, HOP_LENGTH):
            raise ModelUnavailable(
                f"network and vocoder must use {MEL_DIM} mel bins of {N_FFT} samples every {HOP_LENGTH}, not {frames}"
            )
        if len(vocabulary) != dit.vocabulary_size:
            raise ModelUnavailable(
                f"vocab.txt has {len(vocabulary)} entries, the checkpoint was trained with {dit.vocabulary_size}:"
                " take both from the same repository"
            )
        if vocabulary.get(" ") != UNKNOWN_TOKEN:
            raise ModelUnavailable(
                f"{loader.checkpoint.vocab} must begin with a line that is one space: an editor may have taken it away;"
                " fetch the file again and leave it as it is"
            )
        self.dit = dit
        self.vocoder = vocoder
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
        self.max_batch_frames = MAX_BATCH_FRAMES if dit.device.type == "cuda" else 1
        """Frames of chunks that are spoken together; a longer chunk is spoken alone. On a CPU company saves nothing."""
        self._loader = loader
        self._follow: Follower = Eager(dit)
        self._exact: Eager | None = None
        self._libc = glibc() if dit.device.type == "cpu" else None
        self._schedules: OrderedDict[tuple[int, float], Schedule] = OrderedDict()

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        device: str,
        dtype: str | None = None,
        copies: Copies | None = None,
    ) -> Engine:
        """Read a checkpoint's files.

        Args:
            dtype: torch's name of what the network computes in; None takes `default_dtype`.
            copies: where a copy that is read sooner may be; None: nowhere.

        Raises:
            ModelUnavailable: a file is damaged, or the files do not belong together.
        """
        use_the_cpu_well(device)
        computed_in: torch.dtype = getattr(torch, dtype) if dtype else default_dtype(device)
        loader = Loader(checkpoint, device, computed_in, copies)
        vocabulary = read_vocabulary(checkpoint.vocab)
        return cls(loader, loader.dit(), loader.vocoder(), vocabulary, checkpoint.tokenizer)

    def warm_up(self, variants: Sequence[str] = TAKEN) -> None:
        """Speak to nobody: what happens at a first use happens now, and a GPU's fastest safe way is found.

        `variants`: what to try there, of VARIANTS.
        """
        noise = np.random.default_rng(0).normal(0, 0.1, audio.SAMPLE_RATE // 4).astype(np.float32)
        voice = ReferenceVoice(Waveform(noise, audio.SAMPLE_RATE), "Zero. ")
        try:
            list(self.speak([Chunk("One.", voice, 0, speed=3.0)], Sampling(1)))
        except DeviceFailed:
            raise
        except SynthesisFailed as e:  # one step from noise need not be audible
            log.info("the warm-up was not audible: %s", e)
        with torch.inference_mode():
            self._schedule(Sampling())
            if self.dit.device.type == "cuda":
                if attention.has_flash(self.dit.device, self.dit.dtype):
                    self._record(variants)
                self.max_batch_frames = self._affordable_frames()

    def keep_copy(self) -> None:
        """Write the copy that the next start reads sooner. Takes seconds, and may run beside `speak`."""
        self._loader.keep_copy()

    def _trial(self, frames: int, steps: int = 1) -> Tensor:
        """Return the mel of noise in place of a chunk."""
        reference, tokens = torch.zeros(frames // 4, MEL_DIM), torch.arange(frames // 8) % self.dit.vocabulary_size
        plan = Plan(reference, tokens, frames, 0)
        return sample(self._follow, self._schedule(Sampling(steps)), [plan], Sampling().cfg_strength)

    def _affordable_frames(self) -> int:
        """Return how many frames a batch may have, by what one of known size took."""
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        measured = RECORDED_FRAMES + FRAMES_STEP  # what is recorded holds its memory already
        self.vocoder(self._trial(measured), [measured])
        bytes_per_frame = (torch.cuda.max_memory_allocated() - before) / measured
        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info()
        frames = min(MAX_BATCH_FRAMES, int(MEMORY_SHARE * free / bytes_per_frame))
        log.info("%.0f kB a frame, %.1f GB free: batches of %d frames", bytes_per_frame / 1e3, free / 1e9, frames)
        return frames

    def _record(self, variants: Sequence[str]) -> None:
        """Take steps by recorded graphs from now on, if they compute what plain ones do: by variants, else without."""
        plain, plain_mel = self._follow, self._trial(TRIAL_FRAMES, steps=2)
        for names in dict.fromkeys([tuple(variants), ()]):
            try:
                use_variants(self.dit, names)
                self.dit.use_flash = True
                self._follow = Graphs(self.dit, cuda_recorder)
                _require_alike(self._trial(TRIAL_FRAMES, steps=2), plain_mel)
                # The largest first: the others find room in its memory.
                for frames in range(RECORDED_FRAMES, 0, -FRAMES_STEP):
                    self._trial(frames)
            except (RuntimeError, TypeError, AttributeError):  # the kernel's interface is torch's own affair
                log.exception("steps cannot be recorded on this GPU with the variants (%s)", ", ".join(names))
                use_variants(self.dit, ())
                self.dit.use_flash, self._follow = False, plain
            else:
                return

    def check_device(self) -> None:
        """Raise RuntimeError if the device no longer computes a product: a lost GPU fails here, not in a job."""
        ones = torch.ones(8, 8, device=self.dit.device, dtype=self.dit.dtype)
        if float((ones @ ones).sum()) != 8**3:
            raise RuntimeError(f"{self.dit.device} computes wrong results")

    def max_chunk_size(self, voice: ReferenceVoice, speed: float) -> int:
        """Return how many bytes of text the model says well in one pass in this voice (upstream's rule)."""
        rate = text.size(voice.text) / voice.waveform.duration_s
        return max(MIN_CHUNK_SIZE, int(rate * (TRAINED_S - voice.waveform.duration_s) * speed))

    def unknown_characters(self, chunk_text: str) -> list[str]:
        """Return what the vocabulary lacks, in order of appearance, each once."""
        tokens = text.tokenize(chunk_text, self.tokenizer)
        return list(dict.fromkeys(token for token in tokens if token not in self.vocabulary))

    def duration_s(self, chunk: Chunk) -> float:
        """Return how long the chunk will be."""
        return (self._frames(chunk, len(self._tokens(chunk))) - 1) * HOP_LENGTH / audio.SAMPLE_RATE

    def speak(
        self, chunks: Sequence[Chunk], sampling: Sampling = Sampling(), target_rms: float = TARGET_RMS
    ) -> Iterator[Samples]:
        """Speak every chunk in its voice; the samples of each at 24 kHz, in order, batch by batch.

        Args:
            chunks: their voices at 24 kHz.
            target_rms: a quieter reference is raised to this level for the model, and the speech lowered again.

        Raises:
            SynthesisFailed: a chunk came out silent or not finite, in fp32 too; DeviceFailed, if the GPU broke down.
            OutOfMemory: the device has too little memory.
        """
        references: dict[int, Tensor] = {}
        for chunk in chunks:
            if id(chunk.voice) not in references:
                references[id(chunk.voice)] = _reference(chunk.voice, target_rms)
        plans = [self._plan(chunk, references[id(chunk.voice)]) for chunk in chunks]
        try:
            for chunk, samples in zip(chunks, self._speak(plans, sampling), strict=True):
                yield samples / _gain(chunk.voice.waveform, target_rms)
        finally:
            self._exact = None  # twice the memory of the other: not kept for a job that may not need it

    def _tokens(self, chunk: Chunk) -> list[str]:
        return text.tokenize(chunk.voice.text + chunk.text, self.tokenizer)

    def _frames(self, chunk: Chunk, tokens: int) -> int:
        """Return the frames of the new speech, without the reference."""
        reference_frames = len(chunk.voice.waveform.samples) // HOP_LENGTH
        if chunk.duration_s is not None:
            frames = round(chunk.duration_s * FRAMES_PER_S) + 1
        else:
            frames = int(reference_frames / text.size(chunk.voice.text) * text.size(chunk.text) / chunk.speed)
            frames = max(frames, math.ceil(MIN_SPEECH_S * FRAMES_PER_S / chunk.speed))
        # The network needs a frame for each token.
        return max(frames, tokens + 1 - reference_frames)

    def _plan(self, chunk: Chunk, reference: Tensor) -> Plan:
        """Return a chunk's reference, tokens, length and seed, as the network takes them."""
        tokens = self._tokens(chunk)
        ids = torch.tensor([self.vocabulary.get(token, UNKNOWN_TOKEN) for token in tokens])
        return Plan(reference, ids, len(reference) + self._frames(chunk, len(tokens)), chunk.seed)

    def _speak(self, plans: Sequence[Plan], sampling: Sampling) -> Iterator[Samples]:
        """Yield the samples of each plan, batch by batch; out of memory, once more with what is held given back."""
        again = False
        ready: Batch | None = None
        while plans:
            batch = ready.plans if ready else first_batch(plans, self.max_batch_frames)
            try:
                spoken, ready = self._speak_batch(batch, ready, plans[len(batch) :], sampling)
            except OutOfMemory:
                if again:
                    raise
                spoken, ready = [], None
            if not spoken:  # outside of the handler, which would keep the batch's tensors alive
                again = True
                self._make_room(batch)
                continue
            yield from spoken
            plans = plans[len(batch) :]
            if plans and self._libc:
                # Chunks of other lengths leave holes that the next does not fit into: they would add up.
                self._libc.malloc_trim(0)

    def _speak_batch(
        self, plans: Sequence[Plan], ready: Batch | None, later: Sequence[Plan], sampling: Sampling
    ) -> tuple[list[Samples], Batch | None]:
        """Return the samples of each plan. What is unusable in half precision is spoken once more in float32.

        Args:
            ready: the batch of these plans, if it was made before.
            later: the plans that follow; their first batch is made, and returned, while the device is busy.
        """
        guided = sampling.cfg_strength > 0
        with failures_named(), torch.inference_mode():
            samples = self._voice(
                self._follow,
                self._schedule(sampling),
                ready or Batch.of(self._follow, plans, guided),
                sampling.cfg_strength,
            )
            following = first_batch(later, self.max_batch_frames) if later else None
            ready = Batch.of(self._follow, following, guided) if following else None
            spoken = _fetch(samples, plans)
            bad = [i for i, samples in enumerate(spoken) if not _is_sound(samples)]
            if bad and self.dit.dtype != torch.float32:
                log.warning("%d of %d chunks unusable in %s: in float32", len(bad), len(plans), self.dit.dtype)
                self._exact = self._exact or Eager(self._loader.exact_dit())
                schedule = self._loader.schedule(sampling, torch.float32)
                for i in bad:
                    alone = Batch.of(self._exact, [plans[i]], guided)
                    (spoken[i],) = _fetch(self._voice(self._exact, schedule, alone, sampling.cfg_strength), alone.plans)
        if not all(_is_sound(spoken[i]) for i in bad):
            raise SynthesisFailed("the model produced silence or invalid samples: try another seed or reference")
        return spoken, ready

    def _voice(self, follow: Follower, schedule: Schedule, batch: Batch, cfg_strength: float) -> Tensor:
        """Make mels of noise, and samples of mels, one plan's after the other's, without waiting for the device."""
        mels = batch.follow(follow, schedule, cfg_strength).split([plan.frames for plan in batch.plans])
        speech = [mel[len(plan.reference) :] for mel, plan in zip(mels, batch.plans, strict=True)]
        return self.vocoder(torch.cat(speech), [len(mel) for mel in speech])

    def _schedule(self, sampling: Sampling) -> Schedule:
        """Return the steps of a sampling; the last few are kept across jobs."""
        key = (sampling.nfe_step, sampling.sway_sampling_coef)
        schedule = self._schedules.pop(key, None) or self._loader.schedule(sampling, self.dit.dtype)
        self._schedules[key] = schedule
        if len(self._schedules) > KEPT_SCHEDULES:
            self._schedules.popitem(last=False)
        return schedule

    def _make_room(self, refused: Sequence[Plan]) -> None:
        """Give back what is held only to be faster; let batches be half of the refused one, now and in later jobs."""
        if len(refused) == 1:
            log.warning("out of memory with one chunk: once more, with what was kept given back")
        else:
            self.max_batch_frames = sum(plan.frames for plan in refused) // 2
            log.warning("out of memory: batches of %d frames from now on", self.max_batch_frames)
        self._exact = None
        if isinstance(self._follow, Graphs):
            self._follow.forget()
        self.free_cache()

    def free_cache(self) -> None:
        """Give memory that torch keeps for its next tensors back to the GPU, for another library to take."""
        if self.dit.device.type == "cuda":
            torch.cuda.empty_cache()


def first_batch(plans: Sequence[Plan], max_frames: int) -> list[Plan]:
    """Return the first plans, so many that all plans take few batches of about the same size; a longer one alone."""
    frames = sum(plan.frames for plan in plans)
    share = frames / math.ceil(frames / max_frames)
    batch: list[Plan] = []
    taken = 0
    for plan in plans:
        # Up to the share as nearly as whole chunks allow.
        if batch and (taken + plan.frames > max_frames or taken + plan.frames / 2 > share):
            break
        batch.append(plan)
        taken += plan.frames
    return batch


def read_vocabulary(path: Path) -> dict[str, int]:
    """Read the ids of tokens, one a line. Only the line's end is stripped, and the mark that Windows puts first."""
    with path.open(encoding="utf-8-sig") as lines:
        return {line.rstrip("\n"): i for i, line in enumerate(lines)}


def _require_alike(mel: Tensor, plain: Tensor) -> None:
    error = float((mel - plain).norm() / plain.norm())
    if not error <= TRIAL_TOLERANCE:
        raise RuntimeError(f"the mel of recorded steps is off by {error:.2g}")


def _fetch(samples: Tensor, plans: Sequence[Plan]) -> list[Samples]:
    """Wait for the device; return the samples of each plan."""
    sizes = [(plan.frames - len(plan.reference) - 1) * HOP_LENGTH for plan in plans]
    return [part.numpy() for part in samples.cpu().split(sizes)]


def _is_sound(samples: Samples) -> bool:
    return bool(np.isfinite(samples).all()) and audio.rms(samples) > SILENCE_RMS
