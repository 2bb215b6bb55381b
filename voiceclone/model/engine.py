"""Chunks of text in, speech out: batches, memory, precision, vocoder.

Knows nothing of jobs, voice names, formats or stores, nor of how chunks are joined. `Engine.load` reads the models of
one checkpoint; `Engine.run` runs them on what a supply has, and `Engine.speak` on the chunks of a call. One call at a
time.

The mathematics follows f5-tts 1.1 (`CFM.sample` and `infer_batch_process`); with the same weights, noise and dtype
the mel agrees to rounding.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voiceclone import audio
from voiceclone.checkpoints import Checkpoint, Copies
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory, SynthesisFailed
from voiceclone.failures import failures_named
from voiceclone.model import attention
from voiceclone.model.any_engine import UNKNOWN_TOKEN, AnyEngine, read_vocabulary
from voiceclone.model.device import glibc, use_the_cpu_well
from voiceclone.model.dit import DiT
from voiceclone.model.graphs import FRAMES_STEP, RECORDED_FRAMES, Graphs, cuda_recorder
from voiceclone.model.loader import Loader, default_dtype
from voiceclone.model.mel import HOP_LENGTH, MEL_DIM, N_FFT
from voiceclone.model.sampling import Batch, Eager, Follower, Plan, Sampling, Schedule, sample
from voiceclone.model.supply import Load, Result, Row, Supply
from voiceclone.model.variants import TAKEN, use_variants
from voiceclone.model.vocos import Vocos
from voiceclone.types import Chunk, ReferenceVoice, Samples, Tokenizer, Waveform

log = logging.getLogger(__name__)

MAX_BATCH_FRAMES = 8192
"""Rows of matrix products enough, with guidance 16,384, to fill the largest GPU: reckoned, not measured."""
MEMORY_SHARE = 0.8
"""Of the GPU's free memory, for a batch."""
SILENCE_RMS = 1e-4
"""-80 dB below full scale: quieter is not speech."""
UNUSABLE = "the model produced silence or invalid samples: try another seed or reference"
KEPT_SCHEDULES = 8
TRIAL_FRAMES = RECORDED_FRAMES - FRAMES_STEP // 2
"""Of what is computed in both ways: the largest recorded size, not quite filled."""
TRIAL_TOLERANCE = 0.02
"""How far the mel of recorded steps may be from that of plain ones, relative: half precision allows no less."""


@dataclass(frozen=True)
class Outcome:
    """A batch that was spoken."""

    load: Load
    results: Sequence[Result]
    """Of each plan."""
    seconds: float
    """That it took."""


class Engine(AnyEngine):
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
        super().__init__(dit, vocabulary, tokenizer)
        self.vocoder = vocoder
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
            dtype: torch's name of what the network computes in, as for `Loader`; None takes `default_dtype`.
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

    def close(self) -> None:
        """Nothing runs between two calls, and nothing is to be ended."""

    def check_device(self) -> None:
        ones = torch.ones(8, 8, device=self.dit.device, dtype=self.dit.dtype)
        if float((ones @ ones).sum()) != 8**3:
            raise RuntimeError(f"{self.dit.device} computes wrong results")

    def _speak(self, plans: Sequence[Plan], sampling: Sampling, urgent: bool) -> Generator[Samples, None, None]:
        for outcome in self.run(Row(plans, sampling)):
            for result in outcome.results:
                if isinstance(result, Exception):
                    raise result
                yield result

    def run(self, supply: Supply) -> Iterator[Outcome]:
        """Speak what the supply has, batch by batch, until it has nothing more.

        An error is the result of those plans that it concerns. A batch that the device has too little memory for is
        tried once more with what is held given back, and in batches of half its size where it has several plans.

        Raises:
            DeviceFailed: the GPU broke down.
        """
        ready: Batch | None = None
        refused: Sequence[Plan] = ()
        try:
            while load := supply.begin(self.max_batch_frames):
                results: Sequence[Result] = ()
                started = time.perf_counter()
                try:
                    fitting = ready is not None and ready.plans == load.plans
                    results, ready = self._speak_batch(load, ready if fitting else None, supply)
                except DeviceFailed:
                    raise
                except OutOfMemory as e:
                    ready = None
                    if len(load.plans) == 1 and load.plans == refused:
                        results = [OutOfMemory(*e.args)]  # without the traceback, which would keep tensors alive
                except Exception as e:  # noqa: BLE001 - told as it is to whoever waits for these plans, to no other
                    ready, results = None, [e] * len(load.plans)
                if not results:  # outside of the handler, which would keep the batch's tensors alive
                    refused = load.plans
                    self._make_room(load)
                    continue
                supply.end(results)
                yield Outcome(load, results, time.perf_counter() - started)
                if ready and self._libc:
                    # Chunks of other lengths leave holes that the next does not fit into: they would add up.
                    self._libc.malloc_trim(0)
        finally:
            self._exact = None  # twice the memory of the other: not kept for a job that may not need it

    def _speak_batch(self, load: Load, ready: Batch | None, supply: Supply) -> tuple[list[Result], Batch | None]:
        """Return what became of each plan. What is unusable in half precision is spoken once more in float32.

        Args:
            ready: the batch of these plans, if it was made before.
            supply: what it has next is made, and returned, while the device is busy.
        """
        sampling, cfg_strength = load.sampling, load.sampling.cfg_strength
        with failures_named(), torch.inference_mode():
            batch = ready or _batch(self._follow, load)
            samples = self._voice(self._follow, self._schedule(sampling), batch, cfg_strength)
            ready = self._made_ready(supply)
            spoken = _fetch(samples, load.plans)
            bad = [i for i, samples in enumerate(spoken) if not _is_sound(samples)]
            if bad and self.dit.precision != torch.float32:
                log.warning("%d of %d chunks unusable in %s: in float32", len(bad), len(spoken), self.dit.precision)
                self._exact = self._exact or Eager(self._loader.exact_dit())
                schedule = self._loader.schedule(sampling, torch.float32)
                for i in bad:
                    alone = _batch(self._exact, Load([load.plans[i]], sampling))
                    (spoken[i],) = _fetch(self._voice(self._exact, schedule, alone, cfg_strength), alone.plans)
        return [each if _is_sound(each) else SynthesisFailed(UNUSABLE) for each in spoken], ready

    def _made_ready(self, supply: Supply) -> Batch | None:
        """Return the batch that comes next, as far as that is known and there is memory for it."""
        following = supply.following(self.max_batch_frames)
        # Too little memory concerns the plans of that batch: they are told when it is their turn.
        with suppress(OutOfMemory), failures_named():
            return _batch(self._follow, following) if following else None
        return None

    def _voice(self, follow: Follower, schedule: Schedule, batch: Batch, cfg_strength: float) -> Tensor:
        """Make mels of noise, and samples of mels, one plan's after the other's, without waiting for the device."""
        mels = batch.follow(follow, schedule, cfg_strength).split([plan.frames for plan in batch.plans])
        heard = [plan.audible(mel) for mel, plan in zip(mels, batch.plans, strict=True)]
        return self.vocoder(torch.cat(heard), [len(mel) for mel in heard])

    def _schedule(self, sampling: Sampling) -> Schedule:
        """Return the steps of a sampling; the last few are kept across jobs."""
        key = (sampling.nfe_step, sampling.sway_sampling_coef)
        schedule = self._schedules.pop(key, None) or self._loader.schedule(sampling, self.dit.dtype)
        self._schedules[key] = schedule
        if len(self._schedules) > KEPT_SCHEDULES:
            self._schedules.popitem(last=False)
        return schedule

    def _make_room(self, refused: Load) -> None:
        """Give back what is held only to be faster; let batches be half of the refused one, now and in later jobs."""
        if len(refused.plans) == 1:
            log.warning("out of memory with one chunk: once more, with what was kept given back")
        else:
            self.max_batch_frames = refused.frames // 2
            log.warning("out of memory: batches of %d frames from now on", self.max_batch_frames)
        self._exact = None
        if isinstance(self._follow, Graphs):
            self._follow.forget()
        self.free_cache()

    def free_cache(self) -> None:
        """Give memory that torch keeps for its next tensors back to the GPU, for another library to take."""
        if self.dit.device.type == "cuda":
            torch.cuda.empty_cache()


def _batch(follow: Follower, load: Load) -> Batch:
    return Batch.of(follow, load.plans, guided=load.sampling.cfg_strength > 0)


def _require_alike(mel: Tensor, plain: Tensor) -> None:
    error = float((mel - plain).norm() / plain.norm())
    if not error <= TRIAL_TOLERANCE:
        raise RuntimeError(f"the mel of recorded steps is off by {error:.2g}")


def _fetch(samples: Tensor, plans: Sequence[Plan]) -> list[Samples]:
    """Wait for the device; return the samples of each plan."""
    sizes = [(plan.frames_heard - 1) * HOP_LENGTH for plan in plans]
    return [part.numpy() for part in samples.cpu().split(sizes)]


def _is_sound(samples: Samples) -> bool:
    return bool(np.isfinite(samples).all()) and audio.rms(samples) > SILENCE_RMS
