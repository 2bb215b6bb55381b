"""A checkpoint is read as it is, or sooner from its copy, and computes the same."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import spoken
from safetensors.torch import load_file, save_file

from voiceclone.checkpoints.copies import Copies
from voiceclone.errors import ModelUnavailable
from voiceclone.model.engine import Engine
from voiceclone.model.loader import USUAL, Loader, default_dtype
from voiceclone.model.sampling import Sampling
from voiceclone.types import Chunk, ReferenceVoice, Waveform

VOICE = ReferenceVoice(Waveform(np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32), 24_000), "Noise. ")


@pytest.fixture
def copies(tmp_path):
    return Copies(tmp_path / "cache")


def speak(engine, nfe_step=2):
    return spoken(engine, [Chunk("The same words.", VOICE, 3)], Sampling(nfe_step))


def files(copies):
    return sorted(path.name for path in copies.directory.glob("*"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_start_from_the_copy_speaks_as_one_from_the_checkpoint(checkpoint, copies, dtype):
    """Bit by bit, with the schedules that are kept in it and with others; the checkpoint's own file is not opened."""
    first = Engine.load(checkpoint, "cpu", dtype, copies)
    first.keep_copy()
    (name,) = files(copies)
    assert dtype in name
    assert (copies.directory / name).stat().st_size < 0.5 * checkpoint.weights.stat().st_size
    second = Engine.load(checkpoint, "cpu", dtype, copies)
    second.warm_up()
    for sampling in USUAL:
        tables = [engine._schedule(sampling).modulations for engine in (first, second)]
        assert all(map(torch.equal, *tables))
    assert np.array_equal(speak(first), speak(second))
    assert "_source" not in vars(second._loader)
    assert np.array_equal(speak(first, 3), speak(second, 3))


def test_nothing_is_kept_where_it_would_save_nothing(checkpoint, copies, tmp_path):
    """In float32, from a copy that is there, and where the checkpoint itself is half as wide."""
    Engine.load(checkpoint, "cpu", "float32", copies).keep_copy()
    assert files(copies) == []
    half = {name: tensor.half() for name, tensor in load_file(checkpoint.weights).items()}
    save_file(half, tmp_path / "half.safetensors")
    narrow = dataclasses.replace(checkpoint, weights=tmp_path / "half.safetensors")
    Engine.load(narrow, "cpu", "bfloat16", copies).keep_copy()
    assert files(copies) == []
    for _ in range(2):
        Engine.load(checkpoint, "cpu", "bfloat16", copies).keep_copy()
    assert len(files(copies)) == 1


def test_a_copy_made_by_another_config_is_not_taken(checkpoint, copies):
    """Heads half as many and twice as wide have weights of the same shapes."""
    Engine.load(checkpoint, "cpu", "bfloat16", copies).keep_copy()
    heads, dim_head = checkpoint.arch["heads"], checkpoint.arch["dim_head"]
    arch = {**checkpoint.arch, "heads": heads // 2, "dim_head": 2 * dim_head}
    corrected = dataclasses.replace(checkpoint, arch=arch)
    engines = (Engine.load(corrected, "cpu", "bfloat16", *where) for where in ([copies], []))
    assert np.array_equal(*map(speak, engines))


@pytest.mark.parametrize("damage", ["truncated", "of another model", "without schedules"])
def test_a_copy_that_cannot_be_used_is_passed_over_and_replaced(checkpoint, copies, damage, caplog):
    engine = Engine.load(checkpoint, "cpu", "bfloat16", copies)
    engine.keep_copy()
    (path,) = copies.directory.iterdir()
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[:-100])
    else:
        tensors = load_file(path)
        dropped = "dit.output.weight" if damage == "of another model" else "schedule.16.final"
        save_file({name: tensor for name, tensor in tensors.items() if name != dropped}, path)
    again = Engine.load(checkpoint, "cpu", "bfloat16", copies)
    assert "passed over" in caplog.text or "cannot be used" in caplog.text
    assert np.array_equal(speak(engine), speak(again))
    again.keep_copy()
    assert path.read_bytes() == whole


def test_a_checkpoint_that_goes_away_is_missed_only_by_what_its_copy_lacks(checkpoint, copies, tmp_path):
    """And who is told that is not told where it lay."""
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(checkpoint.weights.read_bytes())
    own = dataclasses.replace(checkpoint, weights=weights)
    Engine.load(own, "cpu", "bfloat16", copies).keep_copy()
    engine = Engine.load(own, "cpu", "bfloat16", copies)
    weights.unlink()
    assert np.array_equal(speak(engine), speak(engine))
    for read in (lambda: speak(engine, nfe_step=3), engine._loader.exact_dit):
        with pytest.raises(ModelUnavailable, match=r"^model\.safetensors cannot be read .*: look after the volume"):
            read()


def test_schedules_are_tabulated_in_float32_whatever_the_network_computes_in(checkpoint):
    exact, half = (Loader(checkpoint, "cpu", dtype) for dtype in (torch.float32, torch.float16))
    for sampling in (Sampling(7), Sampling(3, sway_sampling_coef=0.5)):
        tables = exact.schedule(sampling, torch.float32), half.schedule(sampling, torch.float16)
        assert torch.equal(tables[0].times, tables[1].times)
        assert torch.equal(tables[0].modulations.blocks.half(), tables[1].modulations.blocks)


def test_a_checkpoint_without_its_time_layers_is_refused(checkpoint, tmp_path):
    kept = {name: t for name, t in load_file(checkpoint.weights).items() if ".time_mlp." not in name}
    save_file(kept, tmp_path / "model.safetensors")
    loader = Loader(dataclasses.replace(checkpoint, weights=tmp_path / "model.safetensors"), "cpu", torch.float32)
    with pytest.raises(ModelUnavailable, match="time_mlp"):
        loader.schedule(Sampling(7), torch.float32)


def test_int8_changes_speech_little_and_is_told_from_float32(checkpoint):
    """Also by what is kept of a text's chunks."""
    engines = [Engine.load(checkpoint, "cpu", dtype) for dtype in ("float32", "int8")]
    exact, rounded = map(speak, engines)
    assert 0 < np.linalg.norm(rounded - exact) < 0.05 * np.linalg.norm(exact)
    chunk = Chunk("The same words.", VOICE, 3)
    assert len({engine.made_of(chunk, Sampling(2), 0.1) for engine in engines}) == 2
    assert [str(engine.dit.precision) for engine in engines] == ["torch.float32", "torch.int8"]


def test_int8_is_refused_where_it_is_not_fast(checkpoint):
    with pytest.raises(ModelUnavailable, match="F5_DTYPE=int8 is for a CPU"):
        Loader(checkpoint, "cuda", torch.int8)


def test_half_precision_is_the_default_where_the_hardware_has_it():
    assert default_dtype("cuda") == torch.float16
    flags = Path("/proc/cpuinfo").read_text().split()
    plays_an_older_one = os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2"
    has_bfloat16 = ("avx512_bf16" in flags or "amx_tile" in flags) and not plays_an_older_one
    assert default_dtype("cpu") == (torch.bfloat16 if has_bfloat16 else torch.float32)
