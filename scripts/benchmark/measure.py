"""The rounds: both sides in turn, on the same weights and device."""

from __future__ import annotations

import itertools
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from random_checkpoint import write_random

from benchmark.figures import OURS, THEIRS, Run, Sample
from benchmark.process import Program, Speaker, neighbours, peer_environment, speakers
from benchmark.start import start_worker
from benchmark.work import flop, frames_of, reference, text_of

SHORT_S = 1.0
NEW_LENGTH_S = 0.15
"""So much longer is a chunk of one letter more, at least."""
WAITING = {
    "threads spin": {},
    "threads spin briefly": {"GOMP_SPINCOUNT": "1000"},
    "threads sleep": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
"""How the threads of a process wait for each other, by what libgomp reads of the environment."""


@dataclass(frozen=True)
class Bench:
    """What is measured, and where."""

    directory: Path
    """Holds f5-tts's environment, the models, and the volume with the copies of their weights."""
    arch: str
    device: str
    dtypes: Sequence[str | None]
    """What our side computes in, one after the other; None: its default."""
    peer: str
    only: str | None
    rounds: int

    def programs(self) -> dict[str, Program]:
        """Each side by name."""
        volume = self.directory.absolute() / "volume"
        volume.mkdir(parents=True, exist_ok=True)
        options = {
            "volume": str(volume),
            "model": str(self.model()),
            "arch": self.arch,
            "device": self.device,
            "peer": self.peer,
            "reference": str(reference()),
        }
        programs = {}
        for dtype in self.dtypes if self.only != THEIRS else ():
            name = f"{OURS} {dtype}" if len(self.dtypes) > 1 else OURS
            programs[name] = Program(Path(sys.executable), "ours", {**options, "dtype": dtype})
        if self.only != OURS:
            python = Path(sys.executable)
            if self.peer == "package":
                python = peer_environment(self.directory.absolute())
            programs[THEIRS] = Program(python, "theirs", options)
        return programs

    def model(self) -> Path:
        """The directory with the weights, made where there is none."""
        return write_random(self.directory.absolute() / "models" / self.arch, self.arch)

    def arch_options(self) -> Mapping[str, Any]:
        """`model.arch` of the checkpoint's config."""
        config: Mapping[str, Any] = yaml.safe_load((self.model() / "config.yaml").read_text())
        return dict(config["model"]["arch"])

    def run(self, what: str, samples: Iterable[Sample], sides: Mapping[str, Mapping[str, Any]]) -> Run:
        about = {
            "date": datetime.now(UTC).date().isoformat(),
            "cpu": cpu_name(),
            "cores": len(os.sched_getaffinity(0)),
            "device": self.device,
            "arch": self.arch,
            "peer": self.peer,
            "sides": sides,
        }
        return Run(what, about, tuple(samples))


def cpu_name() -> str:
    """As Linux calls it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def cold(bench: Bench, steps: int) -> Run:
    """From the start of a process to the first job's answer. A first start fills the page cache and is not counted."""
    programs = bench.programs()
    sides: dict[str, dict[str, Any]] = {}
    starts: dict[str, dict[str, Callable[[], dict[str, float]]]] = {}
    for name, program in programs.items():
        if program.module == "ours":
            told = program.run_once("keep_copy")
            own = replace(program, options={**program.options, "volume": f"{program.options['volume']}-anew"})
            Path(own.options["volume"]).mkdir(exist_ok=True)
            starts[name] = {name: partial(start_worker, own, steps, anew=True)}
            if told["kept"]:
                starts[name][f"{name}, copy"] = partial(start_worker, program, steps, anew=False)
            else:
                sys.stderr.write(f"{name}: a copy would save nothing in this dtype, and is not measured\n")
            starts[name][name]()
        else:
            told = program.run_once("cold", steps=steps)
            starts[name] = {name: partial(start_package, program, steps)}
        sides |= dict.fromkeys(starts[name], told["about"])
    samples = []
    for round_, (name, program) in itertools.product(range(bench.rounds), programs.items()):
        torch_s, torch_cpu_s = program.import_torch()
        for side, start in starts[name].items():
            values = {**start(), "import_torch_s": torch_s, "import_torch_cpu_s": torch_cpu_s}
            samples.append(Sample("cold start", side, round_ + 1, values))
    return bench.run("cold", samples, sides)


def start_package(program: Program, steps: int) -> dict[str, float]:
    """Import f5-tts, load the model by its class and speak; what each took, from the start of the process."""
    start = time.monotonic()
    told = program.run_once("cold", steps=steps)
    return {
        "imports_s": told["imported"] - start,
        "load_s": told["loaded"] - told["imported"],
        "ready_s": told["loaded"] - start,
        "answer_s": told["answered"] - start,
        "cpu_s": told["cpu_s"],
    }


def chunk(bench: Bench, seconds: Sequence[float], steps: Sequence[int], new_lengths: bool = False) -> Run:
    """One chunk in one pass of the model. What is prepared at a first use of a length or of steps is not counted.

    Args:
        new_lengths: make each round's chunk a little longer than any before; what a first use of a length takes counts.
    """
    arch = bench.arch_options()
    samples = []
    with speakers(bench.programs()) as both:
        sides = {name: dict(side.ask("about")) for name, side in both.items()}
        for side in both.values():
            for length_s, nfe_step in [*((s, min(steps)) for s in seconds), *((SHORT_S, n) for n in steps)]:
                spoken(side, "chunk", length_s, nfe_step)
        for length_s, (place, nfe_step), round_ in itertools.product(seconds, enumerate(steps), range(bench.rounds)):
            longer_s = NEW_LENGTH_S * (1 + place * bench.rounds + round_) if new_lengths else 0
            case = f"{length_s:g} s{', new lengths' if new_lengths else ''}, {nfe_step} steps"
            for name, side in both.items():
                values = spoken(side, "chunk", length_s + longer_s, nfe_step)
                values["flop"] = flop(arch, frames_of(values["speech_s"]), nfe_step)
                # Beside each chunk, since machines are noisy; the best of all counts.
                values["ceiling_flop_per_s"] = side.ask("ceiling", dim=arch["dim"])
                samples.append(Sample(case, name, round_ + 1, values))
    return bench.run("chunk", samples, sides)


def long(bench: Bench, minutes: Sequence[float], steps: Sequence[int]) -> Run:
    """A text of many sentences, split and joined by each side's own rules."""
    samples = []
    with speakers(bench.programs()) as both:
        sides = {name: dict(side.ask("about")) for name, side in both.items()}
        for side, nfe_step in itertools.product(both.values(), steps):  # a GPU prepares more at a first use
            spoken(side, "text", 60 if bench.device == "cuda" else SHORT_S, nfe_step)
        for length, nfe_step, round_ in itertools.product(minutes, steps, range(bench.rounds)):
            for name, side in both.items():
                values = spoken(side, "text", 60 * length, nfe_step)
                samples.append(Sample(f"{length:g} min, {nfe_step} steps", name, round_ + 1, values))
    return bench.run("long", samples, sides)


def memory(bench: Bench, minutes: Sequence[float], steps: Sequence[int]) -> Run:
    """The most memory that a long text takes, each in a fresh process."""
    samples, sides = [], {}
    programs = bench.programs()
    for program in programs.values():
        if program.module == "ours":
            program.run_once("keep_copy")  # as a worker finds it
    for round_, length, nfe_step in itertools.product(range(bench.rounds), minutes, steps):
        for name, program in programs.items():
            with speakers({name: program}) as alone:
                side = alone[name]
                sides[name] = side.ask("about")
                side.ask("forget_peak")
                loaded = side.ask("memory")
                values = spoken(side, "text", 60 * length, nfe_step)
                values |= {"loaded_bytes": loaded, "peak_bytes": side.ask("peak_memory")}
            samples.append(Sample(f"{length:g} min, {nfe_step} steps", name, round_ + 1, values))
    return bench.run("memory", samples, sides)


def precision(bench: Bench, steps: Sequence[int]) -> Run:
    """How far our side's dtypes are from float32. The other side has no part in it."""
    samples, sides = [], {}
    for (name, program), nfe_step in itertools.product(replace(bench, only=OURS).programs().items(), steps):
        told = program.run_once("precision", steps=nfe_step)
        sides[name] = told["about"]
        samples.append(Sample(f"{nfe_step} steps", name, 1, told["values"]))
    return bench.run("precision", samples, sides)


def speech(bench: Bench, volume: Path, asked: Mapping[str, Any]) -> Run:
    """How well a model that truly speaks is understood, on the ways through our engine; `asked` goes to ours.speech."""
    samples, sides = [], {}
    for dtype in bench.dtypes:
        options = {**asked, "volume": str(volume.absolute()), "device": bench.device, "dtype": dtype}
        told = Program(Path(sys.executable), "ours", options).run_once("speech")
        name = told["about"]["dtype"]
        for one in told["samples"]:
            samples.append(Sample(one["case"], f"{name}, {one['way']}", one["round"], one["values"]))
        sides[name] = told["about"]
    return replace(bench, arch=asked["model"]).run("speech", samples, sides)


def contention(bench: Bench, seconds: Sequence[float], steps: Sequence[int], busy: Sequence[int]) -> Run:
    """One chunk beside busy processes, by how the threads of our side wait for each other."""
    ours = next(iter(replace(bench, only=OURS).programs().values()))
    programs = {name: replace(ours, environ=environ) for name, environ in WAITING.items()}
    samples = []
    with speakers(programs) as sides:
        about = {name: dict(side.ask("about")) for name, side in sides.items()}
        for side, length_s, nfe_step in itertools.product(sides.values(), seconds, steps):
            spoken(side, "chunk", length_s, nfe_step)
        for round_, length_s, nfe_step, count in itertools.product(range(bench.rounds), seconds, steps, busy):
            for name, side in sides.items():
                with neighbours(count):
                    values = spoken(side, "chunk", length_s, nfe_step)
                case = f"{length_s:g} s, {nfe_step} steps, {count} neighbours"
                samples.append(Sample(case, name, round_ + 1, {**values, "load": os.getloadavg()[0]}))
    return bench.run("contention", samples, about)


def spoken(side: Speaker, method: str, seconds: float, steps: int) -> dict[str, float]:
    """What a side took for a text, and how much speech it made of it."""
    answer = side.timed(method, text=text_of(seconds), steps=steps)
    return {"taken_s": answer["taken_s"], "speech_s": answer["value"]}
