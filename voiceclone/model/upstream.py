"""f5-tts's checkpoints under this package's names, and as the network here computes with them.

Knows names and shapes; nothing of files or of what is computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from voiceclone.errors import ModelUnavailable
from voiceclone.model.dit import Arch

_MODULATOR = "modulator."
_RENAMES = (
    (r"^(ema_model\.)?transformer\.", ""),
    (r"^time_embed\.time_mlp\.", "modulator.time_mlp."),
    (r"^transformer_blocks\.(\d+)\.attn_norm\.linear\.", r"modulator.blocks.\1."),
    (r"^norm_out\.linear\.", "modulator.final."),
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
    (r"\.attn\.to_out\.0\.", ".out."),
    (r"\.attn\.", "."),
    (r"\.ff\.ff\.0\.0\.", ".ff_in."),
    (r"\.ff\.ff\.2\.", ".ff_out."),
    (r"^long_skip_connection\.", "long_skip."),
    (r"^proj_out\.", "output."),
)
# Counters of the averaging, and constants that are computed here.
_IGNORED = re.compile(r"^(initted|step|update)$|mel_spec\.|^rotary_embed\.inv_freq$|\.freqs_cis$")


def modulator_state(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the Modulator's tensors of an f5-tts checkpoint, in float32."""
    renamed = _rename(weights).items()
    return {name.removeprefix(_MODULATOR): t.float() for name, t in renamed if name.startswith(_MODULATOR)}


def dit_state(
    arch: Arch,
    weights: Mapping[str, Tensor],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> dict[str, Tensor]:
    """Return the DiT's tensors of an f5-tts checkpoint, on a device in a dtype.

    Queries, keys and values become one product. Upstream turns neighbouring features of queries and keys together;
    here a pair is made of one from either half of the head, which lies better in memory.

    Raises ModelUnavailable for tensors that hold codes in place of numbers.
    """
    renamed = _rename(weights).items()
    if coded := [name for name, t in renamed if not t.is_floating_point()]:
        raise ModelUnavailable(f"the checkpoint is quantised ({coded[0]} is whole numbers): use the one it was made of")
    state = {name: t.to(device).to(dtype) for name, t in renamed if not name.startswith(_MODULATOR)}
    for name in [name for name in state if ".to_q." in name]:
        q, k, v = parts = [name.replace(".to_q.", f".{part}.") for part in ("to_q", "to_k", "to_v")]
        fit = all(part in state for part in parts) and len(state[q]) == len(state[k]) == arch.heads * arch.dim_head
        if fit and arch.dim_head % 2 == 0:
            joined = [_halves(state.pop(q), arch.dim_head), _halves(state.pop(k), arch.dim_head), state.pop(v)]
            state[name.replace(".to_q.", ".qkv.")] = torch.cat(joined)
    for name in [name for name in state if name.endswith(".q_norm.weight")]:
        k_norm = name.replace("q_norm", "k_norm")
        if k_norm in state:
            norms = [_halves(state.pop(part), arch.dim_head)[None] for part in (name, k_norm)]
            state[name.replace("q_norm.weight", "qk_norm")] = torch.stack(norms)
    return state


def _halves(x: Tensor, dim_head: int) -> Tensor:
    """Return the rows of each head reordered: the even ones, then the odd ones."""
    return x.unflatten(0, (-1, dim_head // 2, 2)).transpose(1, 2).flatten(0, 2)


def _rename(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors, with or without upstream's prefixes, under this package's names."""
    state: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = key
        for pattern, replacement in _RENAMES:
            name = re.sub(pattern, replacement, name)
        if not _IGNORED.search(name.removeprefix("ema_model.")):
            state[name] = tensor
    return state
