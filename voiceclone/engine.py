"""Chunks of text in, speech out: schedules, durations, noise, guidance, batches, vocoder.

Knows nothing of jobs, voice names, formats or stores. `Engine.load` builds the models of one checkpoint; `Engine.speak`
runs them. One call at a time.

The mathematics follows f5-tts 1.1 (`CFM.sample` and `infer_batch_process`); with the same weights, noise and dtype
the mel agrees to rounding.
"""

from __future__ import annotations

import copy
import logging
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from voiceclone import audio, text, weights
from voiceclone.checkpoints import MEL_SPEC, Checkpoint
from voiceclone.dit import Arch, DiT, Modulations
from voiceclone.errors import DeviceFailed, ModelUnavailable, OutOfMemory, SynthesisFailed
from voiceclone.types import Chunk, ReferenceVoice, Samples, Speech, Tokenizer, Waveform
from voiceclone.vocos import Vocos, VocosArch

log = logging.getLogger(__name__)

MEL_DIM = MEL_SPEC["n_mel_channels"]
N_FFT = MEL_SPEC["n_fft"]
HOP_LENGTH = MEL_SPEC["hop_length"]
FRAMES_PER_S = audio.SAMPLE_RATE / HOP_LENGTH
MEL_FLOOR = 1e-5
UNKNOWN_TOKEN = 0
"""f5-tts reads a character that the vocabulary lacks as its first entry, the space."""

TRAINED_S = 22.0
"""Reference and speech of one chunk together: upstream's margin below the 30 s that the models were trained on."""
MIN_SPEECH_S = 0.6
"""Shortest speech of a chunk: a single word needs time for its attack and release that no count of bytes predicts."""
MIN_CHUNK_SIZE = 20
"""Fewer bytes would cut words apart, however slow the voice."""
MAX_BATCH_FRAMES = 8192
SILENCE_RMS = 1e-4
"""-80 dB below full scale: quieter is not speech."""
KEPT_SCHEDULES = 8

# Empirically pruned step sampling: which of 32 even steps are kept. https://arxiv.org/abs/2505.19931
EPSS = {
    5: (0, 2, 4, 8, 16, 32),
    6: (0, 2, 4, 6, 8, 16, 32),
    7: (0, 2, 4, 6, 8, 16, 24, 32),
    10: (0, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32),
    12: (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32),
    16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32),
}


@dataclass(frozen=True)
class Sampling:
    """How the flow from noise to speech is followed."""

    nfe_step: int = 32
    """Steps of the Euler method: each is one evaluation of the network."""
    cfg_strength: float = 2.0
    """Weight of classifier-free guidance; 0 is without, and twice as fast."""
    sway_sampling_coef: float = -1.0
    """Below 0 the steps crowd towards the noise, where the outline of the speech is decided."""


@dataclass(frozen=True)
class Plan:
    """One chunk, ready for the network."""

    tokens: Tensor
    """(characters of the reference's and the chunk's text,)"""
    noise: Tensor
    """(frames of reference and speech, m)"""


@dataclass(frozen=True)
class Schedule:
    """The steps of a sampling, tabulated for one network."""

    times: Tensor
    """(steps + 1,)"""
    modulations: Modulations

    @classmethod
    def of(cls, dit: DiT, sampling: Sampling) -> Schedule:
        times = time_steps(sampling.nfe_step, sampling.sway_sampling_coef)
        return cls(times, dit.tabulate(times[:-1].to(dit.device)))


def find_device(asked: str | None, *, gpu_required: bool) -> str:
    """`cuda` or `cpu`: the asked one, else the GPU, else the CPU unless a GPU is required.

    Raises ModelUnavailable with the driver's own reason where the GPU cannot be used.
    """
    if asked == "cpu" or (asked is None and not gpu_required and not torch.cuda.is_available()):
        return "cpu"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as e:
        raise ModelUnavailable(
            f"the GPU cannot be used ({e}): allow only hosts with CUDA 12.8 or newer, or set F5_DEVICE=cpu"
        ) from e
    return "cuda"


def time_steps(nfe_step: int, sway_sampling_coef: float) -> Tensor:
    """The times of the Euler steps, from 0 (noise) to 1 (speech): (nfe_step + 1,).

    Pruned schedule where upstream has one, else even steps; then sway sampling, t + s (cos(pi t / 2) - 1 + t), eq. 7
    of https://arxiv.org/abs/2410.06885.
    """
    kept = EPSS.get(nfe_step)
    t = torch.tensor(kept) / 32 if kept else torch.linspace(0, 1, nfe_step + 1)
    return t + sway_sampling_coef * (torch.cos(torch.pi / 2 * t) - 1 + t)


def log_mel(samples: Tensor) -> Tensor:
    """Log-mel spectrogram as Vocos defines it: (samples,) at 24 kHz -> (samples // HOP_LENGTH, m)."""
    from torchaudio.functional import melscale_fbanks

    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(samples, N_FFT, HOP_LENGTH, window=window, return_complex=True).abs()
    filters = melscale_fbanks(N_FFT // 2 + 1, 0.0, audio.SAMPLE_RATE / 2, MEL_DIM, audio.SAMPLE_RATE)
    # The transform centres one frame on the very end; F5-TTS counts whole hops only.
    return (spectrum.T @ filters).clamp(min=MEL_FLOOR).log()[: len(samples) // HOP_LENGTH]


class Engine:
    """F5-TTS and Vocos on one device."""

    def __init__(self, dit: DiT, vocoder: Vocos, vocabulary: Mapping[str, int], tokenizer: Tokenizer) -> None:
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
        self.dit = dit
        self.vocoder = vocoder
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
        self._schedules: OrderedDict[tuple[int, float], Schedule] = OrderedDict()

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: str, dtype: str | None = None) -> Engine:
        """Read a checkpoint's files.

        Args:
            dtype: torch's name of what the network computes in; None takes float16 on a GPU, float32 on a CPU.

        Raises:
            ModelUnavailable: a file is damaged, or the files do not belong together.
        """
        computed_in: torch.dtype = getattr(torch, dtype or ("float16" if device == "cuda" else "float32"))
        read = weights.read_weights(checkpoint.weights, device)
        dit = DiT.from_upstream(Arch.from_config(checkpoint.arch), read, computed_in)
        vocos_arch = VocosArch.from_config(yaml.safe_load(checkpoint.vocoder_config.read_text()))
        vocoder = Vocos.from_upstream(vocos_arch, weights.read_weights(checkpoint.vocoder_weights, device))
        return cls(dit, vocoder, read_vocabulary(checkpoint.vocab), checkpoint.tokenizer)

    def warm_up(self) -> None:
        """Speak a word to nobody: libraries that load at their first use do so before the first job."""
        noise = np.random.default_rng(0).normal(0, 0.1, audio.SAMPLE_RATE).astype(np.float32)
        voice = ReferenceVoice(Waveform(noise, audio.SAMPLE_RATE), "Zero. ")
        try:
            self.speak([Chunk("One.", 0)], voice, Sampling(1))
        except DeviceFailed:
            raise
        except SynthesisFailed as e:  # one step from noise need not be audible
            log.info("the warm-up was not audible: %s", e)

    def check_device(self) -> None:
        """Raise RuntimeError if the device no longer computes: a lost GPU fails here, not in a job."""
        if float(torch.ones(8, device=self.dit.device).sum()) != 8:
            raise RuntimeError(f"{self.dit.device} computes wrong results")

    def max_chunk_size(self, voice: ReferenceVoice, speed: float) -> int:
        """Bytes of text that the model says well in one pass in this voice (upstream's rule)."""
        rate = text.size(voice.text) / voice.waveform.duration_s
        return max(MIN_CHUNK_SIZE, int(rate * (TRAINED_S - voice.waveform.duration_s) * speed))

    def unknown_characters(self, chunk_text: str) -> list[str]:
        """What the vocabulary lacks, in order of appearance, each once."""
        tokens = text.tokenize(chunk_text, self.tokenizer)
        return list(dict.fromkeys(token for token in tokens if token not in self.vocabulary))

    def speak(
        self,
        chunks: Sequence[Chunk],
        voice: ReferenceVoice,
        sampling: Sampling = Sampling(),
        target_rms: float = 0.1,
        cross_fade_s: float = 0.15,
    ) -> Speech:
        """Speak every chunk in the voice and join them.

        Args:
            voice: at 24 kHz.
            target_rms: a quieter reference is raised to this level for the model, and the speech lowered again.

        Raises:
            SynthesisFailed: a chunk came out silent or not finite, in fp32 too; DeviceFailed, if the GPU broke down.
            OutOfMemory: the device has too little memory.
        """
        level = audio.rms(voice.waveform.samples)
        gain = max(1.0, target_rms / level) if level else 1.0
        reference = log_mel(torch.from_numpy(voice.waveform.samples) * gain)
        # One at a time: the noise of a long text would fill the memory.
        plans = (self._plan(chunk, voice, len(reference)) for chunk in chunks)
        spoken: list[Samples] = []
        try:
            for batch in _batches(plans):
                spoken += self._speak_batch(self.dit, batch, reference, sampling)
        except torch.OutOfMemoryError as e:
            raise OutOfMemory("the GPU has too little memory for this job: send a shorter text or reference") from e
        except RuntimeError as e:
            if isinstance(e, torch.AcceleratorError) or any(name in str(e) for name in ("CUDA", "CUBLAS", "CUDNN")):
                raise DeviceFailed("the GPU failed: send the job again, another worker takes it") from e
            raise
        waveform, spans = audio.join([samples / gain for samples in spoken], audio.SAMPLE_RATE, cross_fade_s)
        return Speech(waveform, spans)

    def _plan(self, chunk: Chunk, voice: ReferenceVoice, reference_frames: int) -> Plan:
        """Tokens, length and noise of a chunk."""
        tokens = text.tokenize(voice.text + chunk.text, self.tokenizer)
        ids = torch.tensor([self.vocabulary.get(token, UNKNOWN_TOKEN) for token in tokens])
        frames_per_byte = reference_frames / text.size(voice.text)
        speech_frames = int(frames_per_byte * text.size(chunk.text) / chunk.speed)
        speech_frames = max(speech_frames, math.ceil(MIN_SPEECH_S * FRAMES_PER_S / chunk.speed))
        # The network needs a frame for each token.
        frames = max(reference_frames + speech_frames, len(ids) + 1)
        generator = torch.Generator().manual_seed(chunk.seed)
        return Plan(ids, torch.randn(frames, MEL_DIM, generator=generator))

    def _speak_batch(self, dit: DiT, plans: list[Plan], reference: Tensor, sampling: Sampling) -> list[Samples]:
        """Samples of each plan. What comes out unusable in half precision is spoken once more in fp32."""
        with torch.inference_mode():
            schedule = self._schedule(sampling) if dit is self.dit else Schedule.of(dit, sampling)
            mels = sample(dit, schedule, plans, reference, sampling.cfg_strength)
            spoken = [self.vocoder(mel[len(reference) :]).cpu().numpy() for mel in mels]
        bad = [i for i, samples in enumerate(spoken) if not _is_sound(samples)]
        if not bad:
            return spoken
        if dit.dtype == torch.float32:
            raise SynthesisFailed("the model produced silence or invalid samples: try another seed or reference")
        log.warning("%d of %d chunks unusable in %s, once more in fp32", len(bad), len(plans), dit.dtype)
        again = self._speak_batch(copy.deepcopy(dit).float(), [plans[i] for i in bad], reference, sampling)
        for i, samples in zip(bad, again, strict=True):
            spoken[i] = samples
        return spoken

    def _schedule(self, sampling: Sampling) -> Schedule:
        """The last few schedules are kept across jobs."""
        key = (sampling.nfe_step, sampling.sway_sampling_coef)
        schedule = self._schedules.pop(key, None) or Schedule.of(self.dit, sampling)
        self._schedules[key] = schedule
        if len(self._schedules) > KEPT_SCHEDULES:
            self._schedules.popitem(last=False)
        return schedule


def sample(dit: DiT, schedule: Schedule, plans: Sequence[Plan], reference: Tensor, cfg_strength: float) -> list[Tensor]:
    """Follow the flow from each plan's noise to its mel.

    Args:
        reference: mel of the reference, (frames, m).
        cfg_strength: weight of classifier-free guidance, prediction + (prediction - unconditional) * cfg_strength.

    Returns:
        Each plan's mel in fp32, (frames, m). Its first frames stand for the reference.
    """
    lengths = [len(plan.noise) for plan in plans]
    guided = cfg_strength > 0
    condition = dit.prepare([reference] * len(plans), [plan.tokens for plan in plans], lengths, guided)
    # The path is summed in fp32 whatever the network's dtype.
    x = torch.cat([plan.noise for plan in plans]).to(dit.device)
    for dt, blocks, final in zip(schedule.times.diff().tolist(), *schedule.modulations, strict=True):
        v = dit(x.to(dit.dtype), blocks, final, condition).float()
        x = x + dt * (v[0] + (v[0] - v[1]) * cfg_strength if guided else v[0])
    return list(x.split(lengths))


def read_vocabulary(path: Path) -> dict[str, int]:
    """Token to id: one token a line. Only the line's end is stripped; the first token is a space."""
    with path.open(encoding="utf-8") as lines:
        return {line.rstrip("\n"): i for i, line in enumerate(lines)}


def _batches(plans: Iterable[Plan]) -> Iterator[list[Plan]]:
    """Neighbours together, up to MAX_BATCH_FRAMES; a longer one alone."""
    batch: list[Plan] = []
    for plan in plans:
        if batch and sum(len(p.noise) for p in batch) + len(plan.noise) > MAX_BATCH_FRAMES:
            yield batch
            batch = []
        batch.append(plan)
    if batch:
        yield batch


def _is_sound(samples: Samples) -> bool:
    return bool(np.isfinite(samples).all()) and audio.rms(samples) > SILENCE_RMS
