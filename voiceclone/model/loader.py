"""How a checkpoint becomes a network that is ready to run, soon.

Knows files and tensors; nothing of text, voices or jobs. A checkpoint is 32 bits wide, and 41 % of it is needed only to
tabulate schedules. So where the network computes in half precision, a copy with just its tensors, and with the usual
schedules tabulated, is kept on the volume: a cold start then reads 0.4 GB instead of 1.35.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import cast, get_type_hints

import torch
from torch import Tensor

from voiceclone.checkpoints import Checkpoint, Copies, is_whole, kind, read_weights, read_yaml, require_learnt
from voiceclone.errors import ModelUnavailable
from voiceclone.model import layers
from voiceclone.model.dit import Arch, Block, DiT, Modulations, Modulator
from voiceclone.model.sampling import Sampling, Schedule, time_steps
from voiceclone.model.upstream import dit_state, modulator_state
from voiceclone.model.vocos import Vocos, VocosArch
from voiceclone.types import NFE_STEPS

log = logging.getLogger(__name__)

USUAL = tuple(Sampling(steps) for steps in (1, 2, *NFE_STEPS.values()))
"""Tabulated in every copy: the schedules of a warm-up and of the qualities."""
BLOCKS = {"depth", "conv_layers", "num_layers"}
"""Options that count blocks, each of which has tensors."""
MAX_SIZE = 2**16
"""Of anything in a config: the largest model has 1024 channels."""


class Loader:
    """Reads one checkpoint for one device and dtype."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str,
        dtype: torch.dtype,
        copies: Copies | None = None,
    ) -> None:
        """Args:
            dtype: what the network computes in; int8: in float32, but for products that `Block.quantize` names.
            copies: where a copy is looked for and kept; None: nowhere.

        Raises:
            ModelUnavailable: this device has no fast products in int8.
        """
        self.checkpoint = checkpoint
        self._device = device
        self._in_int8 = dtype == torch.int8
        self._dtype = torch.float32 if self._in_int8 else dtype
        if self._in_int8 and not (device == "cpu" and layers.can_pack(torch.float32)):
            raise ModelUnavailable("F5_DTYPE=int8 is for a CPU with AVX2 or newer: take another, or leave it unset")
        self._arch = Arch.from_config(checkpoint.arch)
        self._copies = copies
        self._copy_path = copies.path(checkpoint.weights, kind(_name(self._dtype), checkpoint.arch)) if copies else None
        self._copy_is_of_use = True
        self._tables: dict[tuple[int, float], Modulations] = {}

    def dit(self) -> DiT:
        """Return the network, on its device. Raises ModelUnavailable."""
        dit = self._copied() or self._converted(self._device, self._dtype)
        if self._in_int8:
            for block in dit.blocks:
                cast(Block, block).quantize()
        if self._device == "cpu" and layers.can_pack(self._dtype):
            layers.pack(dit.blocks)
        return dit

    def exact_dit(self) -> DiT:
        """Return the network in float32, for what half precision cannot hold. Raises ModelUnavailable."""
        with self._read_again():
            return self._converted(self._device, torch.float32)

    def vocoder(self) -> Vocos:
        """Return the vocoder, on the device. Raises ModelUnavailable."""
        path, config = self.checkpoint.vocoder_weights, self.checkpoint.vocoder_config
        return _vocos(config, read_weights(path, self._device), path)

    def schedule(self, sampling: Sampling, dtype: torch.dtype) -> Schedule:
        """Return the steps of a sampling: tabulated in float32, then `dtype` on the device. Raises ModelUnavailable."""
        table = self._tables.get(_key(sampling)) if dtype == self._dtype else None
        if table is None:
            with self._read_again():
                return self._tabulate(sampling).to(torch.device(self._device), dtype)
        return Schedule(time_steps(*_key(sampling)), table)

    def keep_copy(self) -> None:
        """Write the copy, unless there is one or it would save nothing."""
        if self._copies is None or self._copy_path is None or self._tables:
            return
        widths = {tensor.itemsize for tensor in self._source.values() if tensor.is_floating_point()}
        if max(widths) > self._dtype.itemsize:
            self._copies.write(self._copy_path, self._copy, replace=not self._copy_is_of_use)

    def _converted(self, device: str, dtype: torch.dtype) -> DiT:
        """Return the network as the checkpoint holds it."""
        with _misfits_named("the model's config"):
            _require_sizes(self._arch, len(self._source))
            state = dit_state(self._arch, self._source, device, dtype)
            require_learnt(state, self.checkpoint.weights)
            return DiT.from_state(self._arch, state)

    @contextmanager
    def _read_again(self) -> Iterator[None]:
        """Read the checkpoint once more while a job waits: its caller hears what is wrong, not where the file lies."""
        try:
            yield
        except ModelUnavailable as e:
            where = f"{self.checkpoint.weights.parent}/"
            raise ModelUnavailable(str(e).replace(where, "")) from e

    def _copied(self) -> DiT | None:
        """Return the network as the copy holds it; None where there is none that can be used."""
        if self._copy_path is None or not is_whole(self._copy_path):
            return None
        try:
            tensors = read_weights(self._copy_path, self._device)
            tables = {_key(s): Modulations(tensors[_table(s, "blocks")], tensors[_table(s, "final")]) for s in USUAL}
            state = {name.removeprefix("dit."): t for name, t in tensors.items() if name.startswith("dit.")}
            dit = DiT.from_state(self._arch, state)
        except (ModelUnavailable, KeyError) as e:
            log.warning("the copy of the weights cannot be used, the checkpoint is read instead: %s", e)
            self._copy_is_of_use = False
            return None
        self._tables = tables
        return dit

    def _copy(self) -> dict[str, Tensor]:
        """Return the tensors of the copy."""
        state = dit_state(self._arch, self._source, "cpu", self._dtype)
        tensors = {f"dit.{name}": tensor.contiguous() for name, tensor in state.items()}
        for sampling in USUAL:
            modulations = self._tabulate(sampling).modulations.to(torch.device("cpu"), self._dtype)
            tensors |= {_table(sampling, part): t.contiguous() for part, t in modulations._asdict().items()}
        return tensors

    def _tabulate(self, sampling: Sampling) -> Schedule:
        with torch.inference_mode():
            return Schedule.of(self._modulator, sampling)

    # On the CPU a file's tensors are mapped, not read: what is not touched costs nothing.
    @cached_property
    def _source(self) -> Mapping[str, Tensor]:
        return read_weights(self.checkpoint.weights, "cpu")

    @cached_property
    def _modulator(self) -> Modulator:
        state = modulator_state(self._source)
        require_learnt(state, self.checkpoint.weights)
        return Modulator.from_state(self._arch, state)


def default_dtype(device: str) -> torch.dtype:
    """Return what the network computes in where nobody says: half precision where the hardware has it."""
    if device == "cuda":
        return torch.float16
    return torch.bfloat16 if layers.has_bfloat16() else torch.float32


def _vocos(config: Path, weights: Mapping[str, Tensor], path: Path) -> Vocos:
    with _misfits_named(str(config)):
        arch = VocosArch.from_config(read_yaml(config))
        _require_sizes(arch, len(weights))
        require_learnt(weights, path)
        return Vocos.from_upstream(arch, weights)


@contextmanager
def _misfits_named(config: str) -> Iterator[None]:
    """Raise ModelUnavailable for what Python and torch raise of values that make no network."""
    try:
        yield
    except (TypeError, ValueError, ArithmeticError) as e:
        raise ModelUnavailable(f"{config} makes no network: {e}. Take config and weights from one place") from e


def _require_sizes(arch: Arch | VocosArch, tensors: int) -> None:
    """Raise ValueError for what torch would try in vain, or for very long."""
    for option, allowed in get_type_hints(type(arch)).items():
        value = getattr(arch, option)
        if isinstance(value, bool) != (allowed is bool) or not isinstance(value, allowed):
            raise ValueError(f"{option} is {value!r}")
        limit = tensors if option in BLOCKS else MAX_SIZE
        if isinstance(value, int) and not 0 <= value <= limit:
            raise ValueError(f"{option} is {value}, must lie within 0..{limit}")


def _key(sampling: Sampling) -> tuple[int, float]:
    """Return what a schedule depends on."""
    return sampling.nfe_step, sampling.sway_sampling_coef


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _table(sampling: Sampling, part: str) -> str:
    return f"schedule.{sampling.nfe_step}.{part}"
