"""Steps recorded as CUDA graphs: one launch instead of some three hundred, which the CPU cannot issue fast enough.

Knows only how a step is recorded and replayed. A graph is tied to the sizes of its tensors: batches are filled up with
an idle chunk to one of few sizes, and where the chunks end lies in tensors that each batch overwrites. Large batches
keep a GPU busy without: they are not recorded.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from voiceclone.model.dit import Conditioning, DiT, Modulations
from voiceclone.model.sampling import Eager, Schedule, step

log = logging.getLogger(__name__)

Recorder = Callable[[Callable[[], None]], Callable[[], None]]
"""Takes a function that computes on fixed tensors, returns one that does the same again, sooner."""

FRAMES_STEP = 128
"""Batches are filled up to a multiple: each size is a graph, each idle frame is work for nothing."""
RECORDED_FRAMES = 18 * FRAMES_STEP
"""Larger batches are launched kernel by kernel. A chunk of 22 s, the longest that the models say well, is recorded."""
KEPT_GRAPHS = 48


def fill(lengths: Sequence[int]) -> tuple[list[int], int]:
    """Fill lengths up with one idle chunk to a multiple of FRAMES_STEP and empty ones up to a power of two of chunks.

    Also the longest chunk that all batches with the same graph may have.
    """
    idle = -sum(lengths) % FRAMES_STEP
    empty = (1 << len(lengths).bit_length()) - len(lengths) - 1
    filled = [*lengths, idle, *[0] * empty]
    return filled, -max(lengths) // FRAMES_STEP * -FRAMES_STEP


class Graphs:
    """Takes the steps of a schedule by replaying graphs, recorded when a size is first met."""

    def __init__(self, dit: DiT, new_recorder: Callable[[], Recorder]) -> None:
        self.dit = dit
        self._new_recorder = new_recorder
        self._record = new_recorder()
        self._follow_large = Eager(dit)
        self._recorded: OrderedDict[tuple[int, ...], RecordedStep] = OrderedDict()

    def fill(self, lengths: Sequence[int]) -> tuple[list[int], int]:
        return fill(lengths) if sum(lengths) <= RECORDED_FRAMES else self._follow_large.fill(lengths)

    def __call__(self, x: Tensor, schedule: Schedule, condition: Conditioning, cfg_strength: float) -> None:
        if len(x) > RECORDED_FRAMES:
            self._follow_large(x, schedule, condition, cfg_strength)
            return
        layout = condition.layout
        key = (*condition.projected.shape, len(layout.lengths), layout.longest)
        recorded = self._recorded.pop(key, None)
        if recorded is None:
            recorded = RecordedStep(self.dit, x, schedule, condition, self._record)
            log.debug("recorded a step of %s", key)
        self._recorded[key] = recorded
        if len(self._recorded) > KEPT_GRAPHS:
            self._recorded.popitem(last=False)
        recorded.follow(x, schedule, condition, cfg_strength)

    def forget(self) -> None:
        """Give up every graph and the memory that it holds."""
        self._recorded.clear()
        # The old recorder's memory is given back only if nothing is recorded into it again.
        self._record = self._new_recorder()


class RecordedStep:
    """One step, on tensors of its own that are overwritten before it is replayed."""

    def __init__(self, dit: DiT, x: Tensor, schedule: Schedule, condition: Conditioning, record: Recorder) -> None:
        self._x = torch.zeros_like(x)
        self._dt, self._cfg_strength = torch.zeros((), device=x.device), torch.zeros((), device=x.device)
        self._modulations = Modulations(*(table[0].clone() for table in schedule.modulations))
        self._condition = copy_of(condition)
        self._replay = record(
            partial(step, dit, self._x, self._dt, self._modulations, self._condition, self._cfg_strength)
        )

    def follow(self, x: Tensor, schedule: Schedule, condition: Conditioning, cfg_strength: float) -> None:
        """Carry `x` through all steps, in place, without waiting for the GPU."""
        self._x.copy_(x)
        self._cfg_strength.fill_(cfg_strength)
        for mine, given in zip(tensors(self._condition), tensors(condition), strict=True):
            mine.copy_(given)
        for dt, modulations in schedule.steps():
            self._dt.fill_(dt)
            for mine, given in zip(self._modulations, modulations, strict=True):
                mine.copy_(given)
            self._replay()
        x.copy_(self._x)


def cuda_recorder() -> Recorder:
    """Return what records CUDA graphs, which share their memory: only one runs at a time."""
    pool = torch.cuda.graph_pool_handle()
    # The same for all: cuBLAS keeps a workspace for each stream.
    stream = torch.cuda.Stream()

    def record(run: Callable[[], None]) -> Callable[[], None]:
        # Libraries allocate their workspaces at the first call of a size, which recording forbids.
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        before = torch.cuda.current_stream()
        try:
            with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
                run()
        except BaseException as e:
            # A recording that breaks off leaves its stream and its pool in force.
            torch.cuda.set_stream(before)
            with suppress(RuntimeError):
                torch._C._cuda_endAllocateToPool(before.device_index, pool)
            # Its end may complain as well, but only too little memory can be mended.
            if isinstance(e.__context__, torch.OutOfMemoryError):
                raise e.__context__ from None
            raise
        return graph.replay

    return record


def tensors(condition: Conditioning) -> list[Tensor]:
    """Return what differs between the batches of one size."""
    layout = condition.layout
    found = [condition.projected, layout.cos, layout.sin, layout.spacing.index, layout.spacing.occupied]
    return found if layout.borders is None else [*found, layout.borders]


def copy_of(condition: Conditioning) -> Conditioning:
    """Return the same sizes on tensors of its own."""
    layout = condition.layout
    spacing = replace(layout.spacing, index=layout.spacing.index.clone(), occupied=layout.spacing.occupied.clone())
    own = replace(
        layout,
        cos=layout.cos.clone(),
        sin=layout.sin.clone(),
        spacing=spacing,
        borders=None if layout.borders is None else layout.borders.clone(),
    )
    return Conditioning(condition.projected.clone(), own)
