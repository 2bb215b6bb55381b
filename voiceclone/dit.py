"""The F5-TTS diffusion transformer (DiT), for inference only.

Knows nothing of text, audio, schedules, files or devices: token ids, mel frames and times go in, velocities come out.

The chunks of a batch are packed: their frames lie one after the other along one axis, without padding, and a `Layout`
says where each ends. Linear layers see one long sequence and waste nothing; attention and convolutions are kept
within each chunk, so that a chunk's result does not depend on its neighbours.

What depends only on the time steps (`tabulate`) or only on the job (`prepare`) is computed once, not in each step.

Letters in shapes:
    g  guidance rows: 2 (with the condition, without it), or 1 where guidance is off
    s  frames of all chunks together
    n  frames of one chunk
    d  width of the model
    m  mel bins

Papers: F5-TTS https://arxiv.org/abs/2410.06885, DiT https://arxiv.org/abs/2212.09748,
ConvNeXt V2 https://arxiv.org/abs/2301.00808, rotary position embedding https://arxiv.org/abs/2104.09864.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voiceclone.errors import ModelUnavailable

CONV_KERNEL = 31
CONV_GROUPS = 16
CONV_GAP = CONV_KERNEL // 2
TIME_FREQUENCIES = 128
NORM_EPS = 1e-6
ROPE_BASE = 10_000.0
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
    rotary: Tensor
    """Rotation of each frame, counted from its chunk's start: complex, (s, 1, dim_head / 2)."""
    spread: Tensor
    """Index of each frame when `CONV_GAP` empty frames keep the chunks apart: (s,)."""
    occupied: Tensor
    """1 at frames, 0 in the gaps: (s + gaps, 1)."""

    @classmethod
    def of(cls, lengths: Sequence[int], dim_head: int, device: torch.device, dtype: torch.dtype) -> Layout:
        index = torch.cat([torch.arange(n) for n in lengths])
        chunk = torch.cat([torch.full((n,), i) for i, n in enumerate(lengths)])
        spread = torch.arange(len(index)) + CONV_GAP * chunk
        occupied = torch.zeros(len(index) + CONV_GAP * (len(lengths) - 1), 1, dtype=dtype)
        occupied[spread] = 1
        angles = index[:, None, None] * frequencies(dim_head)
        rotary = torch.polar(torch.ones_like(angles), angles)
        return cls(tuple(lengths), rotary.to(device), spread.to(device), occupied.to(device))


class Modulations(NamedTuple):
    """Shifts, scales and gates of every block at every time of one schedule."""

    blocks: Tensor
    """(steps, depth, 6, d)"""
    final: Tensor
    """(steps, 2, d)"""


@dataclass(frozen=True)
class Conditioning:
    """What stays the same over the steps of one batch."""

    projected: Tensor
    """The reference's and the text's share of the input projection: (g, s, d)."""
    layout: Layout


class DiT(nn.Module):
    """Predicts the velocity that carries noise to a mel spectrogram."""

    def __init__(self, arch: Arch, vocabulary_size: int) -> None:
        super().__init__()
        self.arch = arch
        self.time_mlp = nn.Sequential(
            nn.Linear(2 * TIME_FREQUENCIES, arch.dim), nn.SiLU(), nn.Linear(arch.dim, arch.dim)
        )
        self.text = TextEncoder(arch, vocabulary_size)
        self.input = nn.Linear(2 * arch.mel_dim + arch.text_dim, arch.dim)
        self.position = ConvPosition(arch.dim)
        self.blocks = nn.ModuleList(Block(arch) for _ in range(arch.depth))
        self.long_skip = nn.Linear(2 * arch.dim, arch.dim, bias=False) if arch.long_skip_connection else None
        self.final_modulation = nn.Linear(arch.dim, 2 * arch.dim)
        self.output = nn.Linear(arch.dim, arch.mel_dim)

    @classmethod
    def from_upstream(cls, arch: Arch, weights: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> DiT:
        """Build the network around the tensors of an f5-tts checkpoint, on their device, without initialising it first.

        Args:
            weights: flat state of the checkpoint, with or without upstream's prefixes.
            dtype: None keeps the checkpoint's own.

        Raises:
            ModelUnavailable: the tensors are not those of `arch`; names what is missing, left over or misshapen.
        """
        state = rename_upstream(weights)
        embedding = state.get("text.embedding")
        if embedding is None:
            raise ModelUnavailable("the checkpoint is not one of an F5-TTS DiT: it has no text embedding")
        with torch.device("meta"):
            model = cls(arch, len(embedding) - 1)
        try:
            model.load_state_dict(state, assign=True)
        except RuntimeError as e:
            raise ModelUnavailable(f"the checkpoint does not fit its config: {e}") from e
        if dtype is not None:
            model = model.to(dtype)
        return model.eval().requires_grad_(False)

    @property
    def device(self) -> torch.device:
        return self.output.weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.output.weight.dtype

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, without the filler."""
        return len(self.text.embedding) - 1

    def tabulate(self, times: Tensor) -> Modulations:
        """The modulation vectors of every block at `times` (steps,): they depend on nothing else."""
        emb = F.silu(self.time_mlp(sinusoids(times).to(self.dtype)))
        blocks = torch.stack([block.modulation(emb) for block in cast("Iterable[Block]", self.blocks)], dim=1)
        return Modulations(blocks.unflatten(-1, (6, -1)), self.final_modulation(emb).unflatten(-1, (2, -1)))

    def prepare(
        self, references: Sequence[Tensor], tokens: Sequence[Tensor], lengths: Sequence[int], guided: bool
    ) -> Conditioning:
        """Everything about a batch that no step changes.

        Args:
            references: mel of each chunk's reference, (frames of the reference, m).
            tokens: ids of the reference's text and the chunk's text, (characters,).
            lengths: frames of each chunk, reference included.
            guided: whether to add the row without the condition.
        """
        arch, device, dtype = self.arch, self.device, self.dtype
        rows = []
        for dropped in (False, True)[: 1 + guided]:
            row = []
            for reference, ids, n in zip(references, tokens, lengths, strict=True):
                mel = reference.new_zeros(n, arch.mel_dim)
                if not dropped:
                    mel[: len(reference)] = reference
                text = self.text(ids.to(device), n, dropped)
                row.append(torch.cat([mel.to(device, dtype), text], dim=-1))
            rows.append(torch.cat(row))
        projected = F.linear(torch.stack(rows), self.input.weight[:, arch.mel_dim :], self.input.bias)
        return Conditioning(projected, Layout.of(lengths, arch.dim_head, device, dtype))

    def forward(self, x: Tensor, blocks: Tensor, final: Tensor, condition: Conditioning) -> Tensor:
        """The velocity at one time step.

        Args:
            x: noisy mel, (s, m).
            blocks, final: this step's rows of `Modulations`, (depth, 6, d) and (2, d).

        Returns:
            (g, s, m)
        """
        layout = condition.layout
        h = F.linear(x, self.input.weight[:, : self.arch.mel_dim]) + condition.projected
        h = residual = self.position(h, layout) + h
        for block, modulation in zip(self.blocks, blocks, strict=True):
            h = block(h, modulation, layout)
        if self.long_skip is not None:
            h = self.long_skip(torch.cat([h, residual], dim=-1))
        scale, shift = final
        return self.output(modulate(h, shift, scale))


class Block(nn.Module):
    """Attention and feed-forward, each shifted, scaled and gated by the time (adaLN-Zero)."""

    def __init__(self, arch: Arch) -> None:
        super().__init__()
        inner = arch.heads * arch.dim_head
        self.heads = arch.heads
        self.rotated_heads = arch.heads if arch.pe_attn_head is None else arch.pe_attn_head
        self.modulation = nn.Linear(arch.dim, 6 * arch.dim)
        self.qkv = nn.Linear(arch.dim, 3 * inner)
        self.q_norm = nn.RMSNorm(arch.dim_head, eps=NORM_EPS) if arch.qk_norm else nn.Identity()
        self.k_norm = nn.RMSNorm(arch.dim_head, eps=NORM_EPS) if arch.qk_norm else nn.Identity()
        self.out = nn.Linear(inner, arch.dim)
        self.ff_in = nn.Linear(arch.dim, arch.ff_mult * arch.dim)
        self.ff_out = nn.Linear(arch.ff_mult * arch.dim, arch.dim)

    def forward(self, x: Tensor, modulation: Tensor, layout: Layout) -> Tensor:
        shift, scale, gate, ff_shift, ff_scale, ff_gate = modulation
        x = x + gate * self.attend(modulate(x, shift, scale), layout)
        h = F.gelu(self.ff_in(modulate(x, ff_shift, ff_scale)), approximate="tanh")
        return x + ff_gate * self.ff_out(h)

    def attend(self, x: Tensor, layout: Layout) -> Tensor:
        """Attention within each chunk, (g, s, d) -> (g, s, d)."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(-3)
        q = self.rotate(self.q_norm(q), layout.rotary)
        k = self.rotate(self.k_norm(k), layout.rotary)
        chunks = zip(*(t.transpose(1, 2).split(layout.lengths, dim=2) for t in (q, k, v)), strict=True)
        attended = torch.cat([F.scaled_dot_product_attention(*chunk) for chunk in chunks], dim=2)
        return self.out(attended.transpose(1, 2).flatten(-2))

    def rotate(self, x: Tensor, rotary: Tensor) -> Tensor:
        """Turn each pair of features of the rotated heads by its frame's angle: (g, s, heads, dim_head)."""
        turned = x[..., : self.rotated_heads, :]
        pairs = torch.view_as_complex(turned.float().unflatten(-1, (-1, 2)))
        turned = torch.view_as_real(pairs * rotary).flatten(-2).to(x.dtype)
        return torch.cat([turned, x[..., self.rotated_heads :, :]], dim=-2)


class ConvPosition(nn.Module):
    """Position by what is near: two grouped convolutions along the frames of each chunk."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(dim, dim, CONV_KERNEL, groups=CONV_GROUPS, padding=CONV_GAP)
        self.second = nn.Conv1d(dim, dim, CONV_KERNEL, groups=CONV_GROUPS, padding=CONV_GAP)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """(g, s, d) -> (g, s, d)"""
        apart = x.new_zeros(x.shape[0], len(layout.occupied), x.shape[-1])
        apart[:, layout.spread] = x
        h = F.mish(self.first(apart.transpose(1, 2))) * layout.occupied.T
        h = F.mish(self.second(h))
        return h.transpose(1, 2)[:, layout.spread]


class TextEncoder(nn.Module):
    """Token ids of one chunk to one vector for each of its frames."""

    def __init__(self, arch: Arch, vocabulary_size: int) -> None:
        super().__init__()
        self.mask_padding = arch.text_mask_padding
        self.average_upsampling = arch.text_embedding_average_upsampling
        # Not nn.Embedding: on the meta device its initialisation imports torch's compiler, which takes seconds.
        self.embedding = nn.Parameter(torch.empty(vocabulary_size + 1, arch.text_dim))
        self.blocks = nn.ModuleList(ConvNeXtV2(arch.text_dim) for _ in range(arch.conv_layers))

    def forward(self, ids: Tensor, frames: int, dropped: bool) -> Tensor:
        """(characters,) -> (frames, text_dim).

        The text lies at the first frames, the filler (row 0 of the embedding) behind it; what does not fit is cut off.
        `dropped` reads the text as filler only, but keeps its place.
        """
        ids = F.pad(ids[:frames] + 1, (0, max(0, frames - len(ids))))
        filler = ids == 0
        x = F.embedding(torch.zeros_like(ids) if dropped else ids, self.embedding)
        if self.blocks:
            x = x + text_positions(x)
            if self.mask_padding:
                x = x.masked_fill(filler[:, None], 0)
        for block in self.blocks:
            x = block(x)
            if self.mask_padding:
                x = x.masked_fill(filler[:, None], 0)
        return stretch(x[~filler], frames) if self.average_upsampling else x


class ConvNeXtV2(nn.Module):
    """ConvNeXt V2 block along one axis, with global response normalisation."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=NORM_EPS)
        self.widen = nn.Linear(dim, 2 * dim)
        self.gamma = nn.Parameter(torch.empty(1, 1, 2 * dim))
        self.beta = nn.Parameter(torch.empty(1, 1, 2 * dim))
        self.narrow = nn.Linear(2 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(n, dim) -> (n, dim)"""
        h = F.gelu(self.widen(self.norm(self.depthwise(x.T).T)))
        # In half precision the sum of squares over a long text overflows.
        energy = h.float().norm(dim=0, keepdim=True)
        response = (energy / (energy.mean(dim=-1, keepdim=True) + 1e-6)).to(h.dtype)
        h = self.gamma[0] * (h * response) + self.beta[0] + h
        return x + self.narrow(h)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Layer norm without weights of its own, then the time's scale and shift."""
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS) * (1 + scale) + shift


def sinusoids(times: Tensor) -> Tensor:
    """Sines and cosines of 1000 t at geometric frequencies from 1 to 1/10000: (steps,) -> (steps, 256)."""
    decay = -math.log(10_000) / (TIME_FREQUENCIES - 1)
    angles = 1000 * times.float()[:, None] * torch.exp(torch.arange(TIME_FREQUENCIES, device=times.device) * decay)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def frequencies(dim: int) -> Tensor:
    """One angle per frame for each pair of features, from 1 down to 1/10000 radian: (dim / 2,)."""
    return 1.0 / ROPE_BASE ** (torch.arange(0, dim, 2).float() / dim)


def text_positions(x: Tensor) -> Tensor:
    """Cosines, then sines, of the position at each frequency: like x, (n, dim)."""
    angles = torch.arange(len(x))[:, None] * frequencies(x.shape[-1])
    return torch.cat([angles.cos(), angles.sin()], dim=-1).to(x)


def stretch(x: Tensor, frames: int) -> Tensor:
    """Repeat each row so that all fill `frames`; where that does not come out even, the last rows get one more."""
    rows = len(x)
    if rows == 0:
        return x.new_zeros(frames, x.shape[-1])
    repeats = torch.full((rows,), frames // rows, device=x.device)
    repeats[rows - frames % rows :] += 1
    return x.repeat_interleave(repeats, dim=0, output_size=frames)


_RENAMES = (
    (r"^(ema_model\.)?transformer\.", ""),
    (r"^time_embed\.time_mlp\.", "time_mlp."),
    (r"^text_embed\.text_embed\.weight$", "text.embedding"),
    (r"^text_embed\.text_blocks\.(\d+)\.", r"text.blocks.\1."),
    (r"\.dwconv\.", ".depthwise."),
    (r"\.pwconv1\.", ".widen."),
    (r"\.pwconv2\.", ".narrow."),
    (r"\.grn\.", "."),
    (r"^input_embed\.proj\.", "input."),
    (r"^input_embed\.conv_pos_embed\.conv1d\.0\.", "position.first."),
    (r"^input_embed\.conv_pos_embed\.conv1d\.2\.", "position.second."),
    (r"^transformer_blocks\.", "blocks."),
    (r"\.attn_norm\.linear\.", ".modulation."),
    (r"\.attn\.to_out\.0\.", ".out."),
    (r"\.attn\.", "."),
    (r"\.ff\.ff\.0\.0\.", ".ff_in."),
    (r"\.ff\.ff\.2\.", ".ff_out."),
    (r"^long_skip_connection\.", "long_skip."),
    (r"^norm_out\.linear\.", "final_modulation."),
    (r"^proj_out\.", "output."),
)
# Counters of the averaging, and constants that are computed here.
_IGNORED = re.compile(r"^(initted|step|update)$|mel_spec\.|^rotary_embed\.inv_freq$|\.freqs_cis$")


def rename_upstream(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of an f5-tts checkpoint under this file's names, queries, keys and values joined to one product."""
    state: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = key
        for pattern, replacement in _RENAMES:
            name = re.sub(pattern, replacement, name)
        if not _IGNORED.search(name.removeprefix("ema_model.")):
            state[name] = tensor
    for name in [name for name in state if ".to_q." in name]:
        parts = [name.replace(".to_q.", f".{part}.") for part in ("to_q", "to_k", "to_v")]
        if all(part in state for part in parts):
            state[name.replace(".to_q.", ".qkv.")] = torch.cat([state.pop(part) for part in parts])
    return state
