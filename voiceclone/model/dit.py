"""The F5-TTS diffusion transformer (DiT), for inference only.

Knows nothing of text, audio, schedules, files or devices: token ids, mel frames and times go in, velocities come out.

The chunks of a batch are packed: their frames lie one after the other along one axis, without padding, and a `Layout`
says where each ends. Linear layers see one long sequence and waste nothing; attention and convolutions are kept
within each chunk, so that a chunk's result does not depend on its neighbours.

What depends only on the time is a network of its own, the `Modulator`: 41 % of the weights, needed once for each
schedule. What depends only on the job (`DiT.prepare`) is computed once, not in each step.

Letters in shapes:
    g  guidance rows: 2 (with the condition, without it), or 1 where guidance is off
    s  frames of all chunks together
    n  frames of one chunk
    d  width of the model
    h  heads
    e  features of a head
    m  mel bins

Papers: F5-TTS https://arxiv.org/abs/2410.06885, DiT https://arxiv.org/abs/2212.09748,
rotary position embedding https://arxiv.org/abs/2104.09864.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voiceclone.errors import ModelUnavailable
from voiceclone.model import attention
from voiceclone.model.device import upload
from voiceclone.model.layers import NORM_EPS, Conv1d, Linear, build
from voiceclone.model.packing import Spacing
from voiceclone.model.positions import TIME_FREQUENCIES, Table, rotate, rotations, sinusoids
from voiceclone.model.text_encoder import TextEncoder

CONV_KERNEL = 31
CONV_GROUPS = 16
MISFIT = "the checkpoint does not fit its config"
TRAINING_ONLY = {"attn_backend", "attn_mask_enabled", "checkpoint_activations", "dropout"}


@dataclass(frozen=True)
class Arch:
    """The options of upstream's DiT that matter for inference, under upstream's names and with its defaults."""

    dim: int
    depth: int = 8
    heads: int = 8
    dim_head: int = 64
    ff_mult: int = 4
    mel_dim: int = 100
    text_dim: int = 100
    text_mask_padding: bool = True
    """Whether filler positions of the text are kept at zero (v1) or run through the text encoder (v0)."""
    text_embedding_average_upsampling: bool = False
    """Whether the encoded text is stretched over the frames, instead of lying at their start."""
    qk_norm: str | None = None
    conv_layers: int = 0
    """ConvNeXt V2 blocks of the text encoder."""
    pe_attn_head: int | None = None
    """Number of heads with a rotary position embedding (v0: the first); None: all of them (v1)."""
    long_skip_connection: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Arch:
        """Read `model.arch` of an upstream config. Raises ModelUnavailable for an option that is not known here."""
        options = {k: v for k, v in config.items() if k not in TRAINING_ONLY}
        if unknown := sorted(options.keys() - {f.name for f in fields(cls)}):
            raise ModelUnavailable(f"the model's config has unknown arch options: {', '.join(unknown)}")
        if "dim" not in options:
            raise ModelUnavailable("the model's config has no arch.dim")
        if options.get("text_dim") is None:
            options["text_dim"] = options.get("mel_dim", cls.mel_dim)
        arch = cls(**options)
        if arch.qk_norm not in (None, "rms_norm"):
            raise ModelUnavailable(f"arch.qk_norm must be null or rms_norm, not {arch.qk_norm!r}")
        if arch.text_embedding_average_upsampling and not arch.text_mask_padding:
            raise ModelUnavailable("arch.text_embedding_average_upsampling needs arch.text_mask_padding")
        return arch


@dataclass(frozen=True)
class Layout:
    """Where the chunks of a batch lie along the packed frames."""

    lengths: tuple[int, ...]
    """Frames of each chunk."""
    cos: Tensor
    """Of the angle that each pair of features is turned by, counted from its chunk's start: (s, 1, h or 1, e / 2)."""
    sin: Tensor
    spacing: Spacing
    """The frames with gaps between the chunks, for convolutions."""
    borders: Tensor | None
    """For FlashAttention; None where another kernel takes its place."""
    longest: int
    """No chunk has more frames."""

    @classmethod
    def of(cls, lengths: Sequence[int], rows: int, dit: DiT, longest: int | None = None) -> Layout:
        """Return the layout of `rows` guidance rows; `longest` leaves room for chunks longer than these."""
        device, dtype = dit.device, dit.dtype
        index = upload(torch.cat([torch.arange(n) for n in lengths]), device)
        turns = dit.rotations.first(max(lengths), device, dtype)
        cos, sin = (part.index_select(0, index) for part in turns.unbind(1))
        return cls(
            tuple(lengths),
            cos,
            sin,
            Spacing.of(lengths, CONV_KERNEL // 2, device, dtype),
            attention.borders(lengths, rows, device) if dit.use_flash else None,
            longest or max(lengths),
        )


class Modulations(NamedTuple):
    """Shifts, scales and gates of every block at every time of one schedule. Scales are ready to multiply by."""

    blocks: Tensor
    """(steps, depth, 6, d)"""
    final: Tensor
    """(steps, 2, d)"""

    def to(self, device: torch.device, dtype: torch.dtype) -> Modulations:
        return Modulations(self.blocks.to(device, dtype), self.final.to(device, dtype))


@dataclass(frozen=True)
class Conditioning:
    """What stays the same over the steps of one batch."""

    projected: Tensor
    """The reference's and the text's share of the input projection: (g, s, d)."""
    layout: Layout


class Modulator(nn.Module):
    """The part of the network that sees the time and nothing else."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        self.time_mlp = nn.Sequential(Linear(2 * TIME_FREQUENCIES, arch.dim), nn.SiLU(), Linear(arch.dim, arch.dim))
        self.blocks = nn.ModuleList(Linear(arch.dim, 6 * arch.dim) for _ in range(arch.depth))
        self.final = Linear(arch.dim, 2 * arch.dim)

    @classmethod
    def from_state(cls, arch: Arch, state: Mapping[str, Tensor]) -> Modulator:
        """Build it around its tensors. Raises ModelUnavailable as `DiT.from_state`."""
        return build(lambda: cls(arch), state, MISFIT)

    def forward(self, times: Tensor) -> Modulations:
        """Return the modulation vectors at `times` (steps,)."""
        emb = F.silu(self.time_mlp(sinusoids(times)))
        blocks = torch.stack([block(emb) for block in self.blocks], dim=1).unflatten(-1, (6, -1))
        final = self.final(emb).unflatten(-1, (2, -1))
        # Shift, scale, gate of the attention, then of the feed-forward; at the end scale, shift.
        blocks[:, :, [1, 4]] += 1
        final[:, 0] += 1
        return Modulations(blocks, final)


class DiT(nn.Module):
    """Predicts the velocity that carries noise to a mel spectrogram."""

    def __init__(self, arch: Arch, vocabulary_size: int) -> None:
        super().__init__()
        self.arch = arch
        self.use_flash = False
        """Whether attention runs as FlashAttention over all chunks at once; only where `attention.has_flash`."""
        self.gate_and_norm = gate_and_norm
        self.rotations = Table(partial(rotations, dim=arch.dim_head, heads=arch.heads, rotated=arch.pe_attn_head))
        self.text = TextEncoder(
            vocabulary_size,
            arch.text_dim,
            arch.conv_layers,
            arch.text_mask_padding,
            arch.text_embedding_average_upsampling,
        )
        self.input = Linear(2 * arch.mel_dim + arch.text_dim, arch.dim)
        self.position = ConvPosition(arch.dim)
        self.blocks = nn.ModuleList(Block(arch) for _ in range(arch.depth))
        self.long_skip = Linear(2 * arch.dim, arch.dim, bias=False) if arch.long_skip_connection else None
        self.output = Linear(arch.dim, arch.mel_dim)

    @classmethod
    def from_state(cls, arch: Arch, state: Mapping[str, Tensor]) -> DiT:
        """Build the network around its tensors, on their device and in their dtype, without initialising it first.

        Raises:
            ModelUnavailable: the tensors are not those of `arch`; names what is missing, left over or misshapen.
        """
        embedding = state.get("text.embedding")
        if embedding is None:
            raise ModelUnavailable("the checkpoint is not one of an F5-TTS DiT: it has no text embedding")
        return build(lambda: cls(arch, len(embedding) - 1), state, MISFIT)

    @property
    def device(self) -> torch.device:
        return self.output.weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.output.weight.dtype

    @property
    def precision(self) -> torch.dtype:
        """Its dtype, or int8 where the products of the feed-forward are rounded to it."""
        return torch.int8 if any(block.ff_in.in_int8 for block in cast("Iterable[Block]", self.blocks)) else self.dtype

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, without the filler."""
        return len(self.text.embedding) - 1

    def prepare(
        self,
        references: Sequence[Tensor],
        tokens: Sequence[Tensor],
        lengths: Sequence[int],
        guided: bool,
        longest: int | None = None,
        paces: Sequence[tuple[int, int] | None] = (),
    ) -> Conditioning:
        """Return everything about a batch that no step changes, without waiting for the device.

        Args:
            references: what is known of each chunk's mel, its reference, from its first frame on; zero where it is
                not known: (frames, m), on the CPU.
            tokens: ids of the reference's text and the chunk's text, (characters,), on the CPU.
            lengths: frames of each chunk, reference included; those behind the last reference are idle.
            guided: whether to add the row without the condition.
            longest: as for `Layout.of`.
            paces: of each chunk, as for `TextEncoder`; empty: each has one pace.
        """
        mels, ids = torch.zeros(sum(lengths), self.arch.mel_dim), torch.zeros(sum(lengths), dtype=torch.long)
        characters = [min(len(chunk), n) for chunk, n in zip(tokens, lengths, strict=False)]
        starts = list(accumulate(lengths, initial=0))
        for start, reference, chunk, size in zip(starts, references, tokens, characters, strict=False):
            mels[start : start + len(reference)] = reference
            ids[start : start + size] = chunk[:size] + 1
        mels, ids = upload(mels, self.device, self.dtype), upload(ids, self.device)
        known = mels.new_zeros(1 + guided, len(mels), self.arch.mel_dim + self.arch.text_dim)
        known[0, :, : self.arch.mel_dim] = mels
        for start, n, size, pace in zip(starts, lengths, characters, paces or [None] * len(tokens), strict=False):
            known[:, start : start + n, self.arch.mel_dim :] = self.text(ids[start : start + n], size, guided, pace)
        projected = F.linear(known, self.input.weight[:, self.arch.mel_dim :], self.input.bias)
        return Conditioning(projected, Layout.of(lengths, len(known), self, longest))

    def forward(self, x: Tensor, modulations: Modulations, condition: Conditioning) -> Tensor:
        """Return the velocity at one time step.

        Args:
            x: noisy mel, (s, m).
            modulations: those of this step, (depth, 6, d) and (2, d).

        Returns:
            (g, s, m)
        """
        layout = condition.layout
        h = F.linear(x, self.input.weight[:, : self.arch.mel_dim]) + condition.projected
        h = residual = self.position(h, layout.spacing) + h
        scale, shift = modulations.final
        norms = [*((modulation[0], modulation[1]) for modulation in modulations.blocks), (shift, scale)]
        normed = modulate(h, *norms[0])
        blocks = cast("Iterable[Block]", self.blocks)
        for block, modulation, following in zip(blocks, modulations.blocks, norms[1:], strict=True):
            _, _, gate, ff_shift, ff_scale, ff_gate = modulation
            h, normed = self.gate_and_norm(h, gate, block.attend(normed, layout), ff_shift, ff_scale)
            h, normed = self.gate_and_norm(h, ff_gate, block.feed(normed), *following)
        if self.long_skip is not None:
            normed = modulate(self.long_skip(torch.cat([h, residual], dim=-1)), shift, scale)
        return self.output(normed)


class Block(nn.Module):
    """Attention and feed-forward. What is before and after each, the time scales, shifts and gates (adaLN-Zero)."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        inner = arch.heads * arch.dim_head
        self.heads = arch.heads
        self.rotate = rotate
        self.qkv = Linear(arch.dim, 3 * inner)
        self.qk_norm = nn.Parameter(torch.empty(2, 1, arch.dim_head)) if arch.qk_norm else None
        self.out = Linear(inner, arch.dim)
        self.ff_in = Linear(arch.dim, arch.ff_mult * arch.dim)
        self.ff_out = Linear(arch.ff_mult * arch.dim, arch.dim)

    def attend(self, x: Tensor, layout: Layout) -> Tensor:
        """Attend within each chunk, (g, s, d) -> (g, s, d)."""
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))
        qk, v = qkv[:, :, :2], qkv[:, :, 2]
        if self.qk_norm is not None:
            qk = F.rms_norm(qk, qk.shape[-1:], eps=NORM_EPS) * self.qk_norm
        q, k = self.rotate(qk, layout.cos, layout.sin).unbind(2)
        if layout.borders is not None:
            attended = attention.flash(q, k, v, layout.borders, layout.longest)
        elif x.device.type == "cpu" and x.dtype == torch.bfloat16:
            attended = attention.by_head(q, k, v, layout.lengths)
        else:
            attended = attention.by_chunk(q, k, v, layout.lengths)
        return self.out(attended.flatten(-2))

    def feed(self, x: Tensor) -> Tensor:
        """(g, s, d) -> (g, s, d)"""
        return self.ff_out(self.ff_in(x, gelu=True))

    def quantize(self) -> None:
        """Multiply in int8 in the feed-forward; the attention stays as it is."""
        self.ff_in.quantize()
        self.ff_out.quantize()


class ConvPosition(nn.Module):
    """Position by what is near: two grouped convolutions along the frames of each chunk."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        half = CONV_KERNEL // 2
        self.first = Conv1d(dim, dim, CONV_KERNEL, groups=CONV_GROUPS, padding=half)
        self.second = Conv1d(dim, dim, CONV_KERNEL, groups=CONV_GROUPS, padding=half)

    def forward(self, x: Tensor, spacing: Spacing) -> Tensor:
        """(g, s, d) -> (g, s, d)"""
        h = F.mish(self.first(spacing.open(x).transpose(1, 2)))
        # Filled, not multiplied: what is not finite must not reach the neighbours.
        h = F.mish(self.second(h.masked_fill_(spacing.occupied.T == 0, 0)))
        return spacing.close(h.transpose(1, 2))


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normalise each row, with the time's scale and shift for weights."""
    return F.layer_norm(x, x.shape[-1:], scale, shift, NORM_EPS)


def gate_and_norm(x: Tensor, gate: Tensor, y: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Add `y` by its gate to `x`; return the sum, and the sum as `modulate` gives it."""
    x = torch.addcmul(x, gate, y)
    return x, modulate(x, shift, scale)
