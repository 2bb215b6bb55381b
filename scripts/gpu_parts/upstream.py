"""Part: f5-tts's own network and vocoder beside these, in one process, with the same weights and lengths."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from benchmark.work import MEL_DIM, REFERENCE_S, TRANSCRIPT, reference, text_of

from gpu_parts.check import CHUNK_FRAMES, REFERENCE_FRAMES, Check, LeftOut, plan
from gpu_parts.network import CFG_STRENGTH, ways


def lacking() -> str | None:
    """Return why f5-tts's own code cannot be imported; None where it can."""
    from benchmark.theirs import import_without_the_rest

    try:
        import_without_the_rest()
        from f5_tts.infer import utils_infer  # type: ignore[import-untyped]  # noqa: F401
        from f5_tts.model.backbones.dit import DiT  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as e:
        return str(e)
    return None


def upstream(check: Check) -> None:
    """Time f5-tts's `CFM.sample` and Vocos and this network and vocoder in turn. Raises LeftOut where it is absent."""
    if why := lacking():
        raise LeftOut(f"f5-tts's own code is not whole here: {why}")
    import torch
    from benchmark.theirs import Theirs

    from voiceclone.model import Sampling, sample

    options = {"peer": "classes", "device": check.device, "model": str(check.model()), "reference": str(reference())}
    theirs = Theirs(options)
    engine = check.engine()
    engine.warm_up()
    follow = next(iter(ways(engine).values()))
    frames = REFERENCE_FRAMES + 94 if check.dry else CHUNK_FRAMES
    chunk = plan(frames)
    mel = torch.randn(frames - REFERENCE_FRAMES, MEL_DIM, device=check.device)
    condition = chunk.reference[None].to(check.device)
    text = [TRANSCRIPT + " " + text_of(frames * 256 / 24_000 - REFERENCE_S)]
    check.tell("f5-tts computes in", str(theirs.dtype).removeprefix("torch."))
    with torch.inference_mode():
        for nfe_step in (2,) if check.dry else (7, 16, 32):
            schedule = engine._schedule(Sampling(nfe_step))
            asked = {"steps": nfe_step, "cfg_strength": CFG_STRENGTH, "sway_sampling_coef": -1, "seed": 0}
            compare(
                check,
                f"{frames} frames, {nfe_step} steps",
                partial(theirs.model.sample, condition, text, frames, **asked),
                partial(sample, follow, schedule, [chunk], CFG_STRENGTH),
            )
        decode = partial(theirs.vocoder.decode, mel.T[None])
        compare(check, f"vocoder, {len(mel)} frames", decode, partial(engine.vocoder, mel, [len(mel)]))


def compare(check: Check, case: str, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    """Tell what both take for the same, one after the other, and the ratio."""
    taken = {name: check.ms(run, 5) for name, run in (("f5-tts", theirs), ("voiceclone", ours))}
    for name, ms in taken.items():
        check.tell(f"{case}, {name}", ms, "ms")
    ratio = statistics.median(taken["f5-tts"]) / statistics.median(taken["voiceclone"])
    check.tell(f"{case}, f5-tts / voiceclone", ratio, "x")
