"""What an engine does for whoever wants chunks spoken, whether it has a device for itself or shares one.

From chunks to plans, which is arithmetic on the CPU: how much text is said in one pass, which tokens, how many frames.
Knows nothing of the network beyond that.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import torch
from torch import Tensor

from voiceclone import audio, text
from voiceclone.model.dit import DiT
from voiceclone.model.gaps import Gap
from voiceclone.model.mel import FRAMES_PER_S, HOP_LENGTH, TARGET_RMS, gain, mel_of
from voiceclone.model.sampling import Plan, Sampling
from voiceclone.types import Chunk, ReferenceVoice, Samples, Tokenizer

UNKNOWN_TOKEN = 0
"""f5-tts reads a character that the vocabulary lacks as its first entry, the space."""
TRAINED_S = 22.0
"""Reference and speech of one chunk together: upstream's margin below the 30 s that the models were trained on."""
MIN_SPEECH_S = 0.6
"""Shortest speech of a chunk: a single word needs time for its attack and release that no count of bytes predicts."""
MIN_CHUNK_SIZE = 20
"""Fewer bytes would cut words apart, however slow the voice."""
SPEAKING = 2
"""To be raised whenever the same chunk is spoken otherwise than before."""


class AnyEngine(ABC):
    """Speaks chunks with one network."""

    def __init__(self, dit: DiT, vocabulary: Mapping[str, int], tokenizer: Tokenizer) -> None:
        self.dit = dit
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer

    @abstractmethod
    def check_device(self) -> None:
        """Raise an error if the device no longer computes a product: a lost GPU fails here, not in a job."""

    @abstractmethod
    def close(self) -> None:
        """Speak no more."""

    @abstractmethod
    def _speak(self, plans: Sequence[Plan], sampling: Sampling, urgent: bool) -> Generator[Samples, None, None]:
        """Yield the samples of each plan, in order."""

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

    def made_of(self, part: Chunk | Gap, sampling: Sampling, target_rms: float) -> str:
        """Return all that the samples of a chunk or a gap depend on, beside the files of network and vocoder.

        But for what is spoken together with it, and by which processor of a kind: both change no more than rounding.
        """
        if isinstance(part, Gap):
            tokens, heard, frames = text.tokenize(part.text, self.tokenizer), part.fingerprint, part.frames
        else:
            tokens, heard = self._tokens(part), part.voice.fingerprint
            frames = self._frames(part, len(tokens))
        computed = (SPEAKING, torch.__version__, self.dit.device.type, str(self.dit.precision))
        said = (heard, target_rms, self._ids(tokens).tolist(), frames, part.seed)
        return repr((computed, said, sampling))

    def speak(
        self,
        chunks: Sequence[Chunk],
        sampling: Sampling = Sampling(),
        target_rms: float = TARGET_RMS,
        urgent: bool = False,
    ) -> Generator[Samples, None, None]:
        """Speak every chunk in its voice; the samples of each at 24 kHz, in order, batch by batch.

        Args:
            chunks: their voices at 24 kHz.
            target_rms: a quieter reference is raised to this level for the model, and the speech lowered again.
            urgent: whether somebody listens already, so that each chunk is wanted soon; of use among several callers.

        Raises:
            SynthesisFailed: a chunk came out silent or not finite, in fp32 too; DeviceFailed, if the GPU broke down.
            OutOfMemory: the device has too little memory.
        """
        references: dict[int, Tensor] = {}
        for chunk in chunks:
            if id(chunk.voice) not in references:
                references[id(chunk.voice)] = mel_of(chunk.voice, target_rms)
        plans = [self._plan(chunk, references[id(chunk.voice)]) for chunk in chunks]
        with closing(self._speak(plans, sampling, urgent)) as spoken:
            for chunk, samples in zip(chunks, spoken, strict=True):
                yield samples / gain(chunk.voice.waveform, target_rms)

    def infill(
        self,
        gaps: Sequence[Gap],
        sampling: Sampling = Sampling(),
        target_rms: float = TARGET_RMS,
        urgent: bool = False,
    ) -> Generator[Samples, None, None]:
        """Speak what is missing in each gap; the samples of each at 24 kHz, in order.

        They begin `Gap.lead` before the gap and end behind it: at its borders they go on as what is there. Arguments
        and errors are those of `speak`.
        """
        plans = [gap.plan(self._ids(text.tokenize(gap.text, self.tokenizer)), target_rms) for gap in gaps]
        with closing(self._speak(plans, sampling, urgent)) as spoken:
            for gap, samples in zip(gaps, spoken, strict=True):
                yield samples / gap.louder(target_rms)

    def _ids(self, tokens: Sequence[str]) -> Tensor:
        return torch.tensor([self.vocabulary.get(token, UNKNOWN_TOKEN) for token in tokens])

    def _tokens(self, chunk: Chunk) -> list[str]:
        return text.tokenize(chunk.voice.text + chunk.text, self.tokenizer)

    def _frames(self, chunk: Chunk, tokens: int) -> int:
        """Return the frames of the new speech, without the reference."""
        reference_frames = len(chunk.voice.waveform.samples) // HOP_LENGTH
        if chunk.duration_s is not None:
            frames = round(chunk.duration_s * FRAMES_PER_S) + 1
        else:
            frames = int(_frames_alike(chunk) / chunk.speed)
            frames = max(frames, math.ceil(MIN_SPEECH_S * FRAMES_PER_S / chunk.speed))
        # The network needs a frame for each token.
        return max(frames, tokens + 1 - reference_frames)

    def _plan(self, chunk: Chunk, reference: Tensor) -> Plan:
        """Return a chunk's reference, tokens, length and seed, as the network takes them."""
        tokens = self._tokens(chunk)
        frames = self._frames(chunk, len(tokens))
        own = None
        if frames != int(_frames_alike(chunk)):
            # Alone the reference's text may have a token that it loses beside the chunk's.
            own = min(len(text.tokenize(chunk.voice.text, self.tokenizer)), len(tokens) - 1)
        return Plan(reference, self._ids(tokens), len(reference) + frames, chunk.seed, reference_tokens=own)


def _frames_alike(chunk: Chunk) -> float:
    """Return the frames of the new speech at the reference's pace."""
    reference_frames = len(chunk.voice.waveform.samples) // HOP_LENGTH
    return reference_frames / text.size(chunk.voice.text) * text.size(chunk.text)


def read_vocabulary(path: Path) -> dict[str, int]:
    """Read the ids of tokens, one a line. Only the line's end is stripped, and the mark that Windows puts first."""
    with path.open(encoding="utf-8-sig") as lines:
        return {line.rstrip("\n"): i for i, line in enumerate(lines)}
