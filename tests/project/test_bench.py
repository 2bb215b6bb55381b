"""The benchmark counts the work that is done, and tells of both sides what was measured."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
import requests
import torch
from benchmark.figures import (
    DIRECT,
    OURS,
    OVER_HTTP,
    QUEUE,
    REQUEST,
    SPEECH,
    START,
    THEIRS,
    Run,
    Sample,
    cost_report,
    number,
    report,
)
from benchmark.playback import Heard, listen
from benchmark.plot import plot
from benchmark.process import Program
from benchmark.servers import batches, http_server, status
from benchmark.serving import jobs_of, posted, summary
from benchmark.side import ANSWER
from benchmark.work import REFERENCE_S, flop, frames_of, reference, sentences, text_of
from random_checkpoint import SMALL_ARCH
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from voiceclone import audio

# Not by `import`: where there is a `bench/` the name is sorted among other imports than where there is none.
bench = import_module("bench")
SIDE = {"torch": "2.10.0", "dtype": "float32", "threads": 2}
ABOUT = {"date": "2026-01-02", "cpu": "Some <CPU>", "cores": 2, "device": "cpu", "arch": "small", "peer": "classes"}


def made_run(what, cases, sides, values):
    """Three rounds in which everything takes 1, 2 and 3 times `values` of its side."""
    samples = [
        Sample(case, side, n, {name: n * v for name, v in values[side].items()})
        for case in cases
        for n in (1, 2, 3)
        for side in sides
    ]
    return Run(what, {**ABOUT, "sides": dict.fromkeys(sides, SIDE)}, samples)


def cold_run():
    torch = {"import_torch_s": 1.25, "import_torch_cpu_s": 1.0}
    ours = {"imports_s": 1.5, "load_s": 0.5, "ready_s": 2.0, "answer_s": 2.5, "cpu_s": 2.5, **torch}
    copy = {**ours, "load_s": 0.25, "ready_s": 1.75, "answer_s": 2.25}
    theirs = {"imports_s": 8.0, "load_s": 3.0, "ready_s": 11.0, "answer_s": 12.5, "cpu_s": 12.0, **torch}
    sides = {OURS: ours, f"{OURS}, copy": copy, THEIRS: theirs}
    return made_run("cold", ["cold start"], sides, sides)


def chunk_run():
    # Per round the time grows and the speech with it: the factors are the same in each.
    ours = {"taken_s": 0.125, "speech_s": 1.0, "flop": 2.5e11, "ceiling_flop_per_s": 1.5e12}
    theirs = {**ours, "taken_s": 0.5}
    return made_run("chunk", ["3 s, 7 steps", "10 s, 32 steps"], [OURS, THEIRS], {OURS: ours, THEIRS: theirs})


def long_run():
    values = {OURS: {"taken_s": 6.0, "speech_s": 60.0}, THEIRS: {"taken_s": 15.0, "speech_s": 50.0}}
    return made_run("long", ["1 min, 32 steps"], [OURS, THEIRS], values)


def memory_run():
    values = {
        OURS: {"taken_s": 1.0, "speech_s": 1.0, "loaded_bytes": 0.5e9, "peak_bytes": 0.75e9},
        THEIRS: {"taken_s": 1.0, "speech_s": 1.0, "loaded_bytes": 1.5e9, "peak_bytes": 2.5e9},
    }
    return made_run("memory", ["30 min, 7 steps"], [OURS, THEIRS], values)


def serve_run():
    """Four callers hear the first sound twice as late as one, and the same speech in the same time."""
    one = {"first_s": 0.5, "first_90_s": 1.0, "uneven": 1.0, "speech_s": 8.0, "taken_s": 4.0}
    one |= {"jobs": 8, "failed": 0, "starved": 0, "gap_s": 0.0}
    four = {**one, "first_s": 1.0, "starved": 1, "gap_s": 0.25}
    samples = []
    for case, values in (("1 caller", one), ("4 callers", four)):
        samples.append(Sample(case, OURS, 1, {**values, "chunks_a_batch": 1.5}))
        samples.append(Sample(case, THEIRS, 1, {**values, "first_s": 2.0}))
    samples += [Sample(REQUEST, DIRECT, 1, {"taken_s": 0.125}), Sample(REQUEST, SPEECH, 1, {"taken_s": 0.128})]
    samples.append(Sample(START, OVER_HTTP, 1, {"port_s": 0.5, "ready_s": 2.0}))
    samples.append(Sample(START, QUEUE, 1, {"ready_s": 2.5}))
    return Run("serve", {**ABOUT, "sides": dict.fromkeys((OURS, THEIRS), SIDE)}, samples)


RUNS = [cold_run, chunk_run, long_run, memory_run]


def lines_of(table, start):
    return [line for line in table.splitlines() if line.startswith(start)]


@pytest.mark.parametrize("frames", [150, 600])
@torch.no_grad()
def test_the_work_is_what_torch_counts_in_the_network(upstream, frames):
    """One guided step of f5-tts's own network, once its text is encoded."""
    dit = upstream[0](**SMALL_ARCH, text_num_embeds=50, mel_dim=100).eval()
    mel = torch.randn(1, frames, 100)
    text = torch.zeros(1, 30, dtype=torch.long)
    step = {"x": mel, "cond": mel, "text": text, "time": torch.tensor(0.5), "cfg_infer": True, "cache": True}
    dit(**step)
    # The CPU's own attention is not among what torch counts.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        dit(**step)
    assert flop(SMALL_ARCH, frames, 1) == pytest.approx(counter.get_total_flops(), rel=0.02)
    assert flop(SMALL_ARCH, frames, 7) == 7 * flop(SMALL_ARCH, frames, 1)


def test_a_text_takes_as_long_as_was_asked_for():
    """Sizes in bytes are exact; the same text comes every time."""
    for seconds in (0.05, 1, 3, 60):
        text = text_of(seconds)
        assert text.endswith(".")
        assert text == text_of(seconds)
        assert len(text) == pytest.approx(51 / REFERENCE_S * seconds, abs=1.6)
    lengths = {len(sentence) for sentence, _ in zip(sentences(), range(50), strict=False)}
    assert len(lengths) > 20


def test_the_reference_is_as_long_as_the_figures_say():
    clip = audio.decode(reference().read_bytes(), 24_000, 30)
    assert clip.duration_s == pytest.approx(REFERENCE_S, abs=0.001)
    assert frames_of(93 * 256 / 24_000) == len(clip.samples) // 256 + 94


@pytest.mark.parametrize("run", RUNS)
def test_samples_survive_json(run):
    assert Run.from_json(run().to_json()).to_json() == run().to_json()


@pytest.mark.parametrize("run", RUNS)
def test_a_report_is_a_table_of_both_sides(run):
    told = report(run())
    rows = lines_of(told, "|")
    assert len({row.count("|") for row in rows}) == 1
    assert OURS in told
    assert THEIRS in told
    assert "Some <CPU> with 2 cores" in told


def test_the_parts_of_a_cold_start():
    told = report(cold_run())
    assert lines_of(told, "| ready") == ["| ready | 4 (2-6) | 3.5 (1.75-5.25) | 22 (11-33) | 5.50 x | 6.29 x |"]
    assert lines_of(told, "| first answer / `import torch`") == [
        "| first answer / `import torch` | 2 (2-2) | 1.8 (1.8-1.8) | 10 (10-10) |  |  |"
    ]
    assert lines_of(told, "| the same of CPU") == [
        "| the same of CPU | 2.5 (2.5-2.5) | 2.5 (2.5-2.5) | 12 (12-12) |  |  |"
    ]


def test_speed_is_told_beside_the_ceiling():
    told = report(chunk_run())
    assert lines_of(told, "| 3 s") == [
        "| 3 s, 7 steps | voiceclone | 0.25 (0.125-0.375) | 0.125 (0.125-0.125) | 2 | 44% of 4.5 | 4.00 x |",
        "| 3 s, 7 steps | f5-tts | 1 (0.5-1.5) | 0.5 (0.5-0.5) | 0.5 | 11% of 4.5 |  |",
    ]


def test_long_texts_are_compared_by_the_speech_they_gave():
    assert lines_of(report(long_run()), "| 1 min")[0].endswith("| 12 (6-18) | 0.1 (0.1-0.1) | 3.00 x |")


def test_memory_is_told_above_what_loading_took():
    first, second = lines_of(report(memory_run()), "| 30 min")
    assert first == "| 30 min, 7 steps | voiceclone | 1 (0.5-1.5) | 1.5 (0.75-2.25) | 0.5 (0.25-0.75) | 4.00 x |"
    assert "| 2 (1-3) |" in second


def test_one_side_alone_has_no_ratio():
    run = chunk_run()
    alone = Run(run.what, run.about, [sample for sample in run.samples if sample.side == OURS])
    assert lines_of(report(alone), "| 3 s")[0].endswith("|  |")


def test_callers_are_told_beside_one_alone():
    """How late, how fast, who starved; what HTTP costs a request; how soon a worker is there."""
    run = serve_run()
    assert Run.from_json(run.to_json()) == run
    told = report(run)
    assert lines_of(told, "| 4 callers") == [
        "| 4 callers | voiceclone | 1 | 1 | 1 | 2 | 1.00 x | 1 of 8, 0.25 s | 1.5 | 0 | 2.00 x |",
        "| 4 callers | f5-tts | 2 | 1 | 1 | 2 | 1.00 x | 1 of 8, 0.25 s |  | 0 |  |",
    ]
    assert lines_of(told, f"| {DIRECT}") == [f"| {DIRECT} | 125 |  |"]
    assert lines_of(told, f"| {SPEECH}") == [f"| {SPEECH} | 128 | 3 |"]
    assert lines_of(told, f"| {OVER_HTTP}") == [f"| {OVER_HTTP} | 0.5 | 2 |"]
    assert lines_of(told, f"| {QUEUE}") == [f"| {QUEUE} |  | 2.5 |"]


def test_who_plays_sound_while_it_comes_hears_the_gaps():
    """A second of sound at 1, another at 1.5, a third when both have been over for 2 s."""
    now = iter((1.0, 1.5, 5.0, 5.5))
    assert listen([b"ab"] * 3, 2, asked=0.25, clock=lambda: next(now)) == Heard(0.75, 5.25, 3.0, 2.0)
    with pytest.raises(OSError, match="no sound"):
        listen([], 2, asked=0)


def test_what_callers_heard_is_summed_up():
    """Of two callers; one asks twice, and is refused once."""
    heard = {"taken_s": 4.0, "speech_s": 3.0, "gap_s": 0.0}
    answers = [
        {"caller": 0, "asked": 10.0, "first_s": 1.0, **heard},
        {"caller": 1, "asked": 10.0, "first_s": 3.0, **heard, "gap_s": 0.5},
        {"caller": 0, "asked": 14.0, "error": "429"},
    ]
    told = summary(answers)
    assert (told["jobs"], told["failed"], told["starved"], told["gap_s"]) == (3, 1, 1, 0.5)
    assert (told["first_s"], told["first_90_s"], told["uneven"]) == (2.0, 3.0, 1.5)
    assert (told["speech_s"], told["taken_s"]) == (6.0, 4.0)
    with pytest.raises(RuntimeError, match="429"):
        summary(answers[2:])


def test_a_server_is_started_and_ended(tmp_path, random_model):
    """From a process to a port, to speech, and to nobody there; what it speaks at once is counted."""
    (tmp_path / "volume").mkdir()
    places = {"RUNPOD_VOLUME": str(tmp_path / "volume"), "F5_MODEL": str(random_model), "F5_DEVICE": "cpu"}
    with http_server({**places, "LOG_LEVEL": "WARNING"}) as server:
        assert 0 < server.port_s <= server.ready_s
        before = batches(server.url)
        jobs = jobs_of(8, "example-en", 1)
        assert len(jobs[7]["input"]) > 3 * len(jobs[0]["input"])
        with requests.Session() as session:
            assert posted(session, f"{server.url}/v1/audio/speech", jobs[0]) > 0
        chunks, spoken = (after - had for after, had in zip(batches(server.url), before, strict=True))
        assert chunks == spoken >= 1
    assert status(server.url) is None


def test_an_hour_of_speech_has_its_price():
    told = cost_report(long_run(), price=0.001)
    assert [row.split(" | ")[3].split()[0] for row in lines_of(told, "| 1 min")] == ["0.36", "1.08"]


def test_costs_and_pictures_are_made_of_kept_samples(tmp_path, capsys):
    for run in (cold_run(), chunk_run()):
        (tmp_path / run.what).write_text(run.to_json())
    bench.main(["cost", "--price", "0.001", "--from", str(tmp_path / "chunk")])
    assert "0.45" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        bench.main(["cost", "--price", "0.001", "--from", str(tmp_path / "cold")])
    capsys.readouterr()
    target = tmp_path / "figures.svg"
    bench.main(["plot", "--from", str(tmp_path / "cold"), str(tmp_path / "chunk"), "--to", str(target)])
    assert target.read_text() == plot([cold_run(), chunk_run()])


def test_the_picture_names_both_sides_with_their_values():
    root = ET.fromstring(plot([cold_run(), chunk_run(), long_run()]))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    bars = [float(element.get("width")) for element in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert texts.count(OURS) == texts.count(THEIRS) == 4
    # Each bar's label is followed by its value.
    labels = [(side, value) for side, value in pairwise(texts) if side.startswith((OURS, THEIRS))]
    assert labels[:5] == [
        (OURS, "4"),
        (f"{OURS}, copy", "3.5"),
        (THEIRS, "22"),
        (OURS, "0.125"),
        (THEIRS, "0.5"),
    ]
    assert len(bars) == 9
    assert bars[0] / bars[2] == pytest.approx(4 / 22, rel=0.01)
    height = float(root.get("height"))
    assert all(0 < float(e.get("y")) < height for e in root.iter() if e.get("y"))


def test_the_picture_shows_the_cases_that_were_asked_for():
    drawn = plot([cold_run(), chunk_run()], ["10 s, 32 steps"])
    assert "10 s, 32 steps" in drawn
    assert "3 s, 7 steps" not in drawn
    with pytest.raises(ValueError, match="3 s, 7 steps"):
        plot([chunk_run()], ["4 s, 7 steps"])
    with pytest.raises(ValueError, match="memory is not plotted"):
        plot([memory_run()])


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.012345, "0.0123"), (1.0, "1"), (99.96, "100"), (1234.5, "1234"), (3.14159, "3.14")],
)
def test_numbers_have_three_digits(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("chunk --arch small", "needs --peer classes"),
        ("cold --peer classes", "needs --peer package"),
        ("chunk --arch small --peer classes", None),
        ("cold --arch small --only voiceclone", None),
        ("memory", None),
        ("serve --peer classes", "needs --peer package"),
        ("serve --peer classes --only voiceclone", None),
    ],
)
def test_what_cannot_be_measured_is_refused(asked, problem):
    told = bench.check(bench.parser().parse_args(asked.split()))
    assert told is None if problem is None else problem in told


@pytest.fixture
def in_process(monkeypatch, capsys):
    """What answers once and ends does so here, where torch is imported; a test of both sides starts their processes."""

    def run_once(program, what, **options):
        monkeypatch.setattr(sys, "argv", [program.module, json.dumps({"what": what, **program.options, **options})])
        import_module(f"benchmark.{program.module}").main()
        return json.loads(capsys.readouterr().out.strip().removeprefix(ANSWER))

    monkeypatch.setattr(Program, "run_once", run_once)


@pytest.fixture
def measured(tmp_path, random_model, capsys):
    """Runs a command of the benchmark with the small model; gives the run, which is kept and told as well."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/small").symlink_to(random_model)

    def measure(command):
        kept = tmp_path / "kept.json"
        bench.main([*command.split(), "--arch", "small", "--bench", str(tmp_path), "--json", str(kept)])
        run = Run.from_json(kept.read_text())
        assert capsys.readouterr().out == report(run) + "\n"
        return run

    return measure


@pytest.mark.usefixtures("in_process")
def test_precision_is_measured_against_float32(measured):
    """The bars of the small network; float32 itself is off by nothing."""
    half, exact = measured("precision --steps 4 --dtypes bfloat16 float32").samples
    assert 0 < half.values["mel_error"] < 2e-2
    assert half.values["company_error"] < 2e-2
    assert exact.values["mel_error"] == 0
    assert exact.values["company_error"] <= 1e-5


@pytest.mark.usefixtures("in_process")
def test_what_is_heard_is_told(tmp_path, capsys):
    """On every way through the engine, with the error rate, the real-time factor and the pitch."""
    kept = tmp_path / "speech.json"
    asked = f"speech --steps 1 --sentences 1 --volume {tmp_path} --dtypes float32 --json {kept}"
    bench.main(asked.split())
    assert "% of words wrong, tiny" in capsys.readouterr().out
    run = Run.from_json(kept.read_text())
    assert run.cases == [
        f"{voice}, 1 steps, speed 1" for voice in ("demo-deep", "demo-high", "demo-middle", "demo-unheard")
    ]
    assert {sample.side for sample in run.samples} == {"float32, plain", "float32, together"}
    for sample in run.samples:
        assert sample.values["words"] == 9
        assert sample.values["speech_s"] > 2


@pytest.mark.usefixtures("in_process")
def test_a_start_is_measured_to_the_first_answer(measured):
    """The worker's own entry, without and with the copy of its weights."""
    run = measured("cold --only voiceclone --dtype bfloat16 --steps 2 --rounds 1")
    assert run.sides("cold start") == [OURS, f"{OURS}, copy"]
    for sample in run.samples:
        values = sample.values
        assert values["ready_s"] == pytest.approx(values["imports_s"] + values["load_s"])
        assert 0 < values["ready_s"] < values["answer_s"]
        assert 0 < values["import_torch_cpu_s"] < values["cpu_s"]


def test_our_side_finds_what_lies_where_pythonpath_says(tmp_path, monkeypatch):
    """Packages may be in a directory of their own; f5-tts's environment has its own."""
    (tmp_path / "torch.py").write_text("raise SystemExit('the wheel in a directory')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(subprocess.CalledProcessError) as ours:
        Program(Path(sys.executable), "ours", {}).import_torch()
    assert "the wheel in a directory" in ours.value.stderr
    (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(subprocess.CalledProcessError) as theirs:  # outside of its environment there is no torch
        Program(tmp_path / "python", "theirs", {}).import_torch()
    assert "the wheel in a directory" not in theirs.value.stderr


def test_both_sides_speak(measured):
    """The real thing, small: two processes, one round, and the samples read back."""
    run = measured("chunk --peer classes --rounds 1 --seconds 1 --steps 2 --dtype float32 --new-lengths")
    assert run.cases == ["1 s, new lengths, 2 steps"]
    assert run.sides(run.cases[0]) == [OURS, THEIRS]
    own, other = (sample.values for sample in run.samples)
    # The same rule of lengths gives both the same to do.
    assert own["speech_s"] == other["speech_s"] == pytest.approx(1.15, abs=0.1)
    assert own["flop"] == other["flop"] > 0
    assert all(value > 0 for sample in run.samples for value in sample.values.values())
    assert {side["dtype"] for side in run.about["sides"].values()} == {"float32"}
