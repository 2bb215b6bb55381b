#!/usr/bin/env python
"""Measure this engine beside the f5-tts package: the same weights, reference, steps and machine, in turn.

    python scripts/bench.py cold --steps 7                 from the start of the process to the first job's answer
    python scripts/bench.py chunk --seconds 3 --steps 7    one chunk of speech, from text to samples
    python scripts/bench.py long --minutes 1 10            a long text, split and joined by each side's own rules
    python scripts/bench.py memory --minutes 1 30          the most memory that a long text takes
    python scripts/bench.py precision --steps 16 --dtypes bfloat16           what half precision costs in accuracy
    python scripts/bench.py speech --steps 7 16 32         whether a model that speaks is understood; only our side
    python scripts/bench.py contention --neighbours 0 2    a chunk beside busy processes, by how threads wait
    python scripts/bench.py serve --callers 1 4 16 64      the worker over HTTP under load; f5-tts's socket server
    python scripts/bench.py cost --price 0.00031 --from chunk.json           dollars for an hour of speech
    python scripts/bench.py plot --from cold.json chunk.json --to figures.svg

`--json FILE` keeps the samples, and what they were taken on. The f5-tts side runs in a virtual environment of its own,
made on first use below `bench/`: its dependencies and the worker's cannot be installed together. Where there is no
network, `--peer classes` takes f5-tts's own code from this environment (all but `cold` and `serve`, whose callers are
locust's and need the network once). Weights are random and of the real size, but for `speech` and `serve`. Machines are
noisy: quote the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.figures import OURS, THEIRS, Run, cost_report, report
from benchmark.measure import Bench, chunk, cold, contention, long, memory, precision, speech
from benchmark.plot import plot
from benchmark.serving import Place, serve
from benchmark.work import SENTENCES

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = {"cold": 5, "chunk": 5, "contention": 5, "cost": 5, "serve": 3}
"""Of those that take more than one."""
WAYS = ["plain", "warmed up", "together"]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="what", required=True, metavar="what")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--arch", default="F5TTS_v1_Base", help="an f5-tts config's name, or small (--peer classes)")
    shared.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    shared.add_argument(
        "--dtype",
        "--dtypes",
        dest="dtypes",
        nargs="+",
        default=[None],
        help="what our side computes in; f5-tts: float32 on a CPU, float16 on a GPU",
    )
    shared.add_argument("--peer", default="package", choices=["package", "classes"], help="what f5-tts's side runs")
    shared.add_argument("--only", choices=[OURS, THEIRS], help="leave the other side out")
    shared.add_argument("--rounds", type=int, help="by default 5; for long, memory and speech 1, for serve 3")
    shared.add_argument("--bench", type=Path, default=ROOT / "bench", help="where environment and weights are kept")
    shared.add_argument("--json", type=Path, help="write the samples there as well")

    def command(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, parents=[shared])

    start = command("cold", "from the start of the process to the first job's answer")
    start.add_argument("--steps", type=int, default=7, help="nfe_step of that job")
    for name, about in (("chunk", "one chunk of speech"), ("cost", "dollars for an hour of speech")):
        one = command(name, about)
        one.add_argument("--seconds", type=float, nargs="+", default=[3, 10, 20], help="lengths of the speech")
        one.add_argument("--steps", type=int, nargs="+", default=[7, 16, 32], help="nfe_step")
        one.add_argument("--new-lengths", action="store_true", help="each chunk of a length that was not met before")
        if name == "cost":
            one.add_argument("--price", type=float, required=True, help="dollars for a second of the machine")
            one.add_argument("--from", dest="source", type=Path, help="samples of chunk or long; else chunk is run")
    for name, about in (("long", "a long text"), ("memory", "the most memory that a long text takes")):
        one = command(name, about)
        one.add_argument("--minutes", type=float, nargs="+", default=[1], help="lengths of the speech")
        one.add_argument("--steps", type=int, nargs="+", default=[32], help="nfe_step")
    beside = command("contention", "one chunk beside busy processes, by how threads wait; only our side")
    beside.add_argument("--seconds", type=float, nargs="+", default=[3], help="lengths of the speech")
    beside.add_argument("--steps", type=int, nargs="+", default=[7], help="nfe_step")
    beside.add_argument("--neighbours", type=int, nargs="+", default=[0, 2], help="how many busy processes")
    command("precision", "how far our side is from float32").add_argument(
        "--steps", type=int, nargs="+", default=[16], help="nfe_step"
    )
    heard = command("speech", "word error rates and pitch of a model that speaks")
    heard.add_argument("--steps", type=int, nargs="+", default=[7, 16, 32], help="nfe_step")
    heard.add_argument("--model", default="demo", help="as F5_MODEL")
    heard.add_argument("--volume", type=Path, default=Path("runpod-volume"), help="where the model lies")
    heard.add_argument("--sentences", type=int, default=40, help="how many of the held-out ones")
    heard.add_argument("--speeds", type=float, nargs="+", default=[1], help="as a job's speed")
    heard.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="through the engine")
    heard.add_argument("--naturalness", action="store_true", help="predict opinions, by the package speechmos")
    heard.add_argument("--recogniser", type=Path, help="a whisper in CTranslate2's format, beside the tests' own")
    loaded = command("serve", "the worker over HTTP under load, what HTTP costs, how soon it is there")
    loaded.add_argument("--callers", type=int, nargs="+", default=[1, 4, 16, 64], help="how many share the jobs")
    loaded.add_argument("--jobs", type=int, default=64, help="how many: sentences, every eighth four at once")
    loaded.add_argument("--steps", type=int, default=16, help="nfe_step")
    loaded.add_argument("--model", default="demo", help="as F5_MODEL")
    loaded.add_argument("--volume", type=Path, default=ROOT / "bench/volume", help="where the model lies")
    loaded.add_argument("--together", action="store_true", help="on a CPU: once more with a GPU's batches")
    picture = commands.add_parser("plot", help="cold start and real-time factor as an SVG")
    picture.add_argument("--from", dest="source", type=Path, nargs="+", required=True, help="samples of other commands")
    picture.add_argument("--to", type=Path, required=True, help="the SVG to write")
    picture.add_argument("--cases", nargs="+", help="only these, as the tables name them: '3 s, 7 steps'")
    return top


def check(arguments: argparse.Namespace) -> str | None:
    """What cannot be measured, and why."""
    peer_runs = arguments.only != OURS and arguments.what not in ("contention", "precision", "speech")
    if arguments.what == "cold" and arguments.peer == "classes" and peer_runs:
        return "cold measures the package's imports: it needs --peer package, or --only voiceclone"
    if arguments.what == "serve" and arguments.peer == "classes" and peer_runs:
        return "serve starts the package's socket server: it needs --peer package, or --only voiceclone"
    if arguments.arch == "small" and arguments.peer == "package" and peer_runs:
        return "the package builds networks by its configs' names: --arch small needs --peer classes"
    return None


def measure(arguments: argparse.Namespace) -> Run:
    rounds = arguments.rounds or ROUNDS.get(arguments.what, 1)
    bench = Bench(
        arguments.bench, arguments.arch, arguments.device, arguments.dtypes, arguments.peer, arguments.only, rounds
    )
    match arguments.what:
        case "cold":
            run = cold(bench, arguments.steps)
        case "long":
            run = long(bench, arguments.minutes, arguments.steps)
        case "memory":
            run = memory(bench, arguments.minutes, arguments.steps)
        case "contention":
            run = contention(bench, arguments.seconds, arguments.steps, arguments.neighbours)
        case "precision":
            run = precision(bench, arguments.steps)
        case "speech":
            asked = {name: getattr(arguments, name) for name in ("model", "steps", "speeds", "ways", "naturalness")}
            asked["sentences"] = SENTENCES.read_text().splitlines()[: arguments.sentences]
            asked["recognisers"] = {"tiny": None}
            if arguments.recogniser:
                asked["recognisers"][arguments.recogniser.name] = str(arguments.recogniser.absolute())
            run = speech(bench, arguments.volume, {**asked, "seeds": rounds})
        case "serve":
            place = Place(bench, arguments.model, arguments.volume, arguments.steps)
            run = serve(place, arguments.callers, arguments.jobs, together=arguments.together)
        case _:
            run = chunk(bench, arguments.seconds, arguments.steps, arguments.new_lengths)
    return run


def main(argv: Sequence[str] | None = None) -> None:
    arguments = (options := parser()).parse_args(argv)
    if arguments.what == "plot":
        runs = [Run.from_json(path.read_text()) for path in arguments.source]
        arguments.to.write_text(plot(runs, arguments.cases))
        return
    if arguments.what == "cost" and arguments.source:
        run = Run.from_json(arguments.source.read_text())
        if run.what not in ("chunk", "long"):
            options.error(f"{arguments.source} holds samples of {run.what}, not of chunk or long")
    elif problem := check(arguments):
        options.error(problem)
    else:
        run = measure(arguments)
    if arguments.json:
        arguments.json.write_text(run.to_json())
    sys.stdout.write((cost_report(run, arguments.price) if arguments.what == "cost" else report(run)) + "\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # not without ending what it started
    main()
