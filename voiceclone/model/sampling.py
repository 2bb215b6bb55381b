"""From noise to a mel: time steps, schedules, guidance, and the Euler method that follows the flow.

Knows the network by what it computes; nothing of text, voices, samples or files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from voiceclone.model.device import upload
from voiceclone.model.dit import Conditioning, DiT, Modulations, Modulator

# Empirically pruned step sampling: which of 32 even steps are kept. https://arxiv.org/abs/2505.19931
EPSS = {
    5: (0, 2, 4, 8, 16, 32),
    6: (0, 2, 4, 6, 8, 16, 32),
    7: (0, 2, 4, 6, 8, 16, 24, 32),
    10: (0, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32),
    12: (0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32),
    16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32),
}

MARGIN = 16
"""Frames on each side of a gap that the vocoder hears too: speech goes on where it begins and ends."""


@dataclass(frozen=True)
class Sampling:
    """How the flow from noise to speech is followed."""

    nfe_step: int = 32
    """Steps of the Euler method: each is one evaluation of the network."""
    cfg_strength: float = 2.0
    """Weight of classifier-free guidance; 0 is without, and twice as fast."""
    sway_sampling_coef: float = -1.0
    """Below 0 the steps crowd towards the noise, where the outline of the speech is decided."""


@dataclass(frozen=True, eq=False)
class Plan:
    """One chunk, ready for the network. Equal to itself alone."""

    reference: Tensor
    """Mel of the voice's recording, (its frames, m)"""
    tokens: Tensor
    """(characters of the reference's and the chunk's text,)"""
    frames: int
    """Length of reference and speech, and of what follows."""
    seed: int
    after: Tensor | None = None
    """Mel of what follows the speech, which is a gap in a recording then, (its frames, m); None: nothing follows."""
    reference_tokens: int | None = None
    """How many tokens are the reference's, where the chunk is spoken at another pace than it; None: at the same."""

    @property
    def known(self) -> Tensor:
        """What is known of the chunk's mel, from its first frame on; zero in a gap: (frames known, m)."""
        if self.after is None:
            return self.reference
        gap = self.frames - len(self.reference) - len(self.after)
        return torch.cat([self.reference, self.reference.new_zeros(gap, self.reference.shape[1]), self.after])

    @property
    def pace(self) -> tuple[int, int] | None:
        """The reference's tokens and frames, where the chunk has another pace."""
        return None if self.reference_tokens is None else (self.reference_tokens, len(self.reference))

    @property
    def frames_heard(self) -> int:
        """How many frames `audible` has."""
        if self.after is None:
            return self.frames - len(self.reference)
        sides = [len(self.reference), len(self.after)]
        return self.frames - sum(sides) + sum(min(side, MARGIN) for side in sides)

    def audible(self, mel: Tensor) -> Tensor:
        """Return what the vocoder is to turn into sound of this plan's mel, (frames, m) -> (frames heard, m).

        It is the speech; of a gap also what is known on both sides of it, as far as the vocoder reaches.
        """
        if self.after is None:
            return mel[len(self.reference) :]
        before, after = self.reference[-MARGIN:], self.after[:MARGIN]
        gap = mel[len(self.reference) : self.frames - len(self.after)]
        return torch.cat([upload(before, mel.device, mel.dtype), gap, upload(after, mel.device, mel.dtype)])

    def noise(self, mel_dim: int) -> Tensor:
        """Return where the flow starts, the same on every device: (frames, m)."""
        return torch.randn(self.frames, mel_dim, generator=torch.Generator().manual_seed(self.seed))


@dataclass(frozen=True)
class Schedule:
    """The steps of a sampling, with everything that depends on them alone."""

    times: Tensor
    """(steps + 1,), on the CPU"""
    modulations: Modulations

    @classmethod
    def of(cls, modulator: Modulator, sampling: Sampling) -> Schedule:
        times = time_steps(sampling.nfe_step, sampling.sway_sampling_coef)
        return cls(times, modulator(times[:-1]))

    def steps(self) -> Iterator[tuple[float, Modulations]]:
        """Yield each step's length in time and its modulations."""
        for dt, *modulations in zip(self.times.diff().tolist(), *self.modulations, strict=True):
            yield dt, Modulations(*modulations)

    def to(self, device: torch.device, dtype: torch.dtype) -> Schedule:
        """Return the schedule with its modulations on this device, in this dtype."""
        return Schedule(self.times, self.modulations.to(device, dtype))


class Follower(Protocol):
    """Takes all steps of a schedule with its network."""

    dit: DiT

    def __call__(self, x: Tensor, schedule: Schedule, condition: Conditioning, cfg_strength: float) -> None:
        """Carry `x` (s, m) from noise to mel, in place."""
        ...

    def fill(self, lengths: Sequence[int]) -> tuple[list[int], int]:
        """Return the lengths, filled up with idle chunks where that runs sooner, and the longest to allow."""
        ...


class Eager:
    """One step after the other, kernel by kernel."""

    def __init__(self, dit: DiT) -> None:
        self.dit = dit

    def fill(self, lengths: Sequence[int]) -> tuple[list[int], int]:
        return list(lengths), max(lengths)

    def __call__(self, x: Tensor, schedule: Schedule, condition: Conditioning, cfg_strength: float) -> None:
        for dt, modulations in schedule.steps():
            step(self.dit, x, dt, modulations, condition, cfg_strength)


@dataclass(frozen=True)
class Batch:
    """Plans that are spoken together, with everything on the device that the first step needs."""

    plans: Sequence[Plan]
    noise: Tensor
    """Of the plans, then of idle frames, where it is zero: (s, m)"""
    condition: Conditioning

    @classmethod
    def of(cls, follow: Follower, plans: Sequence[Plan], guided: bool) -> Batch:
        """Make a batch that `follow` takes, without waiting for the device. `guided`: whether guidance is on."""
        dit = follow.dit
        lengths, longest = follow.fill([plan.frames for plan in plans])
        known, tokens = [plan.known for plan in plans], [plan.tokens for plan in plans]
        condition = dit.prepare(known, tokens, lengths, guided, longest, [plan.pace for plan in plans])
        # Drawn while the device is busy with the condition.
        noise = torch.zeros(sum(lengths), dit.arch.mel_dim)
        drawn = torch.cat([plan.noise(dit.arch.mel_dim) for plan in plans])
        noise[: len(drawn)] = drawn
        return cls(plans, upload(noise, dit.device), condition)

    def follow(self, follow: Follower, schedule: Schedule, cfg_strength: float) -> Tensor:
        """Follow the flow from noise to mel.

        Args:
            cfg_strength: weight of classifier-free guidance; 0 is without.

        Returns:
            The plans' mels in fp32, one after the other, (sum of their frames, m). The first frames of each stand for
            its reference.
        """
        x = self.noise.clone()
        follow(x, schedule, self.condition, cfg_strength)
        return x[: sum(plan.frames for plan in self.plans)]


def time_steps(nfe_step: int, sway_sampling_coef: float) -> Tensor:
    """Return the times of the Euler steps, from 0 (noise) to 1 (speech): (nfe_step + 1,).

    Pruned schedule where upstream has one, else even steps; then sway sampling, t + s (cos(pi t / 2) - 1 + t), eq. 7
    of https://arxiv.org/abs/2410.06885.
    """
    kept = EPSS.get(nfe_step)
    t = torch.tensor(kept) / 32 if kept else torch.linspace(0, 1, nfe_step + 1)
    return t + sway_sampling_coef * (torch.cos(torch.pi / 2 * t) - 1 + t)


def step(
    dit: DiT,
    x: Tensor,
    dt: Tensor | float,
    modulations: Modulations,
    condition: Conditioning,
    cfg_strength: Tensor | float,
) -> None:
    """Take one Euler step of `x` (s, m), in place.

    With two guidance rows the velocity is v + (v - unconditional) * cfg_strength. The path is summed in fp32 whatever
    the network's dtype.
    """
    v = dit(x.to(dit.dtype), modulations, condition).float()
    x += dt * (v[0] + (v[0] - v[1]) * cfg_strength if len(v) == 2 else v[0])


def sample(follow: Follower, schedule: Schedule, plans: Sequence[Plan], cfg_strength: float) -> Tensor:
    """Follow the flow from each plan's noise to its mel: `Batch.follow` of a batch made for it."""
    return Batch.of(follow, plans, guided=cfg_strength > 0).follow(follow, schedule, cfg_strength)
