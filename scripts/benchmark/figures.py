"""Samples and what is told of them: tables, costs, JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rendered import table

OURS = "voiceclone"
THEIRS = "f5-tts"
GB = 1e9
RATIO = "f5-tts / this"
PARTS = {
    "imports": "imports_s",
    "load": "load_s",
    "ready": "ready_s",
    "first answer": "answer_s",
    "CPU until then": "cpu_s",
}
BESIDE_TORCH = {
    "`import torch` alone": "import_torch_s",
    "its CPU": "import_torch_cpu_s",
    "first answer / `import torch`": "answer_ratio",
    "the same of CPU": "cpu_ratio",
}
ONE = "1 caller"
START, REQUEST = "start", "request"
"""Cases of `serve` beside its numbers of callers, and their sides."""
OVER_HTTP, QUEUE = "over HTTP", "from the queue"
DIRECT, RUNSYNC, SPEECH, SILENT = "Worker.handle", "POST /runsync", "POST /v1/audio/speech", ", no speech"


@dataclass(frozen=True)
class Sample:
    """What one side took for one case in one round."""

    case: str
    side: str
    round: int
    values: Mapping[str, float]
    """By name with unit: `taken_s`, `speech_s`, `peak_bytes`."""


@dataclass(frozen=True)
class Run:
    """All samples of one command."""

    what: str
    about: Mapping[str, Any]
    """Machine, date, versions and dtypes."""
    samples: Sequence[Sample]

    @property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(sample.case for sample in self.samples))

    def sides(self, case: str) -> list[str]:
        return list(dict.fromkeys(sample.side for sample in self.samples if sample.case == case))

    def values(self, case: str, side: str, name: str) -> list[float]:
        """One for each round. `rtf` and the like are made of what was measured."""
        return [value(s.values, name) for s in self.samples if (s.case, s.side) == (case, side)]

    def ratio(self, case: str, side: str, name: str) -> float | None:
        """How many times this side's theirs is: the median of the rounds' ratios; None where theirs is not there."""
        ours, theirs = (self.values(case, s, name) for s in (side, THEIRS))
        if side == THEIRS or not theirs:
            return None
        return statistics.median(b / a for a, b in zip(ours, theirs, strict=True))

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Run:
        run = json.loads(text)
        return cls(run["what"], run["about"], [Sample(**sample) for sample in run["samples"]])


RATIOS = {
    "rtf": ("taken_s", "speech_s"),
    "flop_per_s": ("flop", "taken_s"),
    "answer_ratio": ("answer_s", "import_torch_s"),
    "cpu_ratio": ("cpu_s", "import_torch_cpu_s"),
    "speech_per_s": ("speech_s", "taken_s"),
}
"""Values that are made of two measured ones."""


def value(values: Mapping[str, float], name: str) -> float:
    """A measured value, or one made of measured ones."""
    if name in RATIOS:
        above, below = RATIOS[name]
        return values[above] / values[below]
    return values["peak_bytes"] - values["loaded_bytes"] if name == "above_bytes" else values[name]


def number(value: float) -> str:
    """Three digits, more only before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: Sequence[float], unit: float = 1) -> str:
    """Median and range."""
    middle, low, high = (number(f(values) / unit) for f in (statistics.median, min, max))
    return middle if len(values) == 1 else f"{middle} ({low}-{high})"


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x"


def heading(run: Run) -> str:
    """What was measured on what, in a line."""
    about = run.about
    sides = [f"{name} in {side['dtype']} with torch {side['torch']}" for name, side in about["sides"].items()]
    gpus = sorted({side["gpu"] for side in about["sides"].values() if "gpu" in side})
    machine = [*gpus, f"{about['cpu']} with {about['cores']} cores"]
    return "; ".join([run.what, about["arch"], *machine, *sides, about["date"]])


def report(run: Run) -> str:
    """The samples for people."""
    tables = {
        "cold": cold_table,
        "chunk": chunk_table,
        "long": long_table,
        "contention": long_table,
        "memory": memory_table,
        "precision": precision_table,
        "speech": speech_table,
        "serve": serve_tables,
    }
    return f"{heading(run)}\n\n{tables[run.what](run)}"


def cold_table(run: Run) -> str:
    """Sides as columns, parts of the start as rows."""
    (case,) = run.cases
    sides = run.sides(case)
    compared = [side for side in sides if run.ratio(case, side, "ready_s") is not None]
    header = ["seconds: median (range)", *sides, *(f"{THEIRS} / {side}" for side in compared)]
    rows = []
    for part, name in PARTS.items():
        shown = [spread(run.values(case, side, name)) for side in sides]
        rows.append([part, *shown, *(times(run.ratio(case, side, name)) for side in compared)])
    for title, name in BESIDE_TORCH.items():
        rows.append([title, *(spread(run.values(case, side, name)) for side in sides), *("" for _ in compared)])
    return table(header, rows)


def chunk_table(run: Run) -> str:
    # A ceiling is the best that a side's plain product ever did in this run.
    ceilings: dict[str, float] = {}
    for sample in run.samples:
        ceilings[sample.side] = max(ceilings.get(sample.side, 0), sample.values["ceiling_flop_per_s"])
    rows = []
    for case, side in cells(run):
        speed = run.values(case, side, "flop_per_s")
        rows.append(
            [
                case,
                side,
                spread(run.values(case, side, "taken_s")),
                spread(run.values(case, side, "rtf")),
                number(statistics.median(speed) / 1e12),
                f"{statistics.median(speed) / ceilings[side]:.0%} of {number(ceilings[side] / 1e12)}",
                times(run.ratio(case, side, "rtf")),
            ]
        )
    header = ["chunk", "side", "seconds: median (range)", "rtf", "TFLOP/s", "share of a plain product's", RATIO]
    return table(header, rows)


def long_table(run: Run) -> str:
    rows = [
        [
            case,
            side,
            spread(run.values(case, side, "speech_s")),
            spread(run.values(case, side, "taken_s")),
            spread(run.values(case, side, "rtf")),
            times(run.ratio(case, side, "rtf")),
        ]
        for case, side in cells(run)
    ]
    return table(["text", "side", "seconds of speech", "seconds taken: median (range)", "rtf", RATIO], rows)


def memory_table(run: Run) -> str:
    names = ("loaded_bytes", "peak_bytes", "above_bytes")
    rows = [
        [
            case,
            side,
            *(spread(run.values(case, side, name), GB) for name in names),
            times(run.ratio(case, side, "above_bytes")),
        ]
        for case, side in cells(run)
    ]
    return table(["text", "side", "GB when loaded", "GB at most", "above: median (range)", RATIO], rows)


def precision_table(run: Run) -> str:
    names = ("mel_error", "company_error")
    rows = [[case, side, *(f"{run.values(case, side, name)[0]:.1e}" for name in names)] for case, side in cells(run)]
    return table(["mel", "side", "off from float32, relative", "in company, off from alone"], rows)


def speech_table(run: Run) -> str:
    """Word error rates, the real-time factor, how far the speech's pitch is from the voice's: of the rounds' seeds."""
    known = run.samples[0].values
    heard_by = [name.removesuffix(" wrong") for name in known if name.endswith(" wrong")]
    judged = ["mos"] if "mos" in known else []
    rows = []
    for case, side in cells(run):
        words = run.values(case, side, "words")
        wrong = [run.values(case, side, f"{name} wrong") for name in heard_by]
        rates = [spread([100 * some / all_ for some, all_ in zip(each, words, strict=True)]) for each in wrong]
        rtf, *natural = (spread(run.values(case, side, name)) for name in ["rtf", *judged])
        pitches = (spread(run.values(case, side, name)) for name in ("pitch_hz", "voice_pitch_hz"))
        rows.append([case, side, *rates, *natural, rtf, " of ".join(pitches)])
    header = ["voice", "way", *(f"% of words wrong, {name}" for name in heard_by), *(["MOS"] if judged else []), "rtf"]
    return table([*header, "Hz of the voice's"], rows)


def serve_tables(run: Run) -> str:
    """What callers heard; what HTTP costs a request; how soon a worker is there."""
    parts = [callers_table(run)]
    parts += [made(run) for case, made in ((REQUEST, request_table), (START, start_table)) if run.sides(case)]
    return "\n\n".join(parts)


def callers_table(run: Run) -> str:
    rows = []
    for case, side in cells(run):
        if case in (START, REQUEST):
            continue

        def most(name: str, case: str = case, side: str = side) -> float:
            return max(run.values(case, side, name))

        speeds = {some: run.values(some, side, "speech_per_s") for some in (case, ONE)}
        gains = [speed / alone for speed, alone in zip(speeds[case], speeds[ONE], strict=False)]
        is_told = "chunks_a_batch" in next(s.values for s in run.samples if (s.case, s.side) == (case, side))
        rows.append(
            [
                case,
                side,
                *(spread(run.values(case, side, name)) for name in ("first_s", "first_90_s", "uneven")),
                spread(speeds[case]),
                times(statistics.median(gains) if gains else None),
                f"{most('starved'):.0f} of {most('jobs'):.0f}, {number(most('gap_s'))} s",
                number(statistics.median(run.values(case, side, "chunks_a_batch"))) if is_told else "",
                f"{most('failed'):.0f}",
                times(run.ratio(case, side, "first_s")),
            ]
        )
    header = [
        "callers",
        "side",
        "first sound, s: median (range)",
        "nine of ten within, s",
        "longest-waiting caller / median",
        "s of speech a second",
        f"/ {ONE}",
        "starved at most, longest gap",
        "chunks a batch",
        "failed",
        f"first sound: {RATIO}",
    ]
    return table(header, rows)


def request_table(run: Run) -> str:
    rows = []
    for side in run.sides(REQUEST):
        plain = DIRECT + SILENT if side.endswith(SILENT) else DIRECT
        taken, direct = (run.values(REQUEST, each, "taken_s") for each in (side, plain))
        above = [a - b for a, b in zip(taken, direct, strict=True)]
        rows.append([side, spread(taken, 1e-3), "" if side == plain else spread(above, 1e-3)])
    return table(["one request", "ms: median (range)", f"above {DIRECT}, ms"], rows)


def start_table(run: Run) -> str:
    rows = []
    for side in run.sides(START):
        port = spread(run.values(START, side, "port_s")) if side == OVER_HTTP else ""
        rows.append([side, port, spread(run.values(START, side, "ready_s"))])
    return table(["seconds from the start of the process: median (range)", "port open", "ready"], rows)


def cost_report(run: Run, price: float) -> str:
    """Dollars for an hour of speech, at a price in dollars for a second of the machine."""
    rows = []
    for case, side in cells(run):
        dollars = [rtf * 3600 * price for rtf in run.values(case, side, "rtf")]
        rtf = spread(run.values(case, side, "rtf"))
        rows.append([case, side, rtf, spread(dollars), times(run.ratio(case, side, "rtf"))])
    header = ["speech", "side", "rtf", f"dollars an hour of speech, at {price:g} a second", RATIO]
    return f"{heading(run)}\n\n{table(header, rows)}"


def cells(run: Run) -> list[tuple[str, str]]:
    return [(case, side) for case in run.cases for side in run.sides(case)]
