"""The image holds the code by its real names, and nothing else: no model, no way for one to get in.

What is trimmed from its packages is trimmed here from links to the installed ones, and PyTorch loaded from the rest.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest
from conftest import ROOT

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile.runpod").read_text())


def instructions(name):
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


VARIABLES = dict(pair.split("=") for env in instructions("ENV") for pair in env.split())
SOURCES = [source for copy in instructions("COPY") for source in copy.split()[:-1]]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_copied_exists_and_is_sent_to_the_builder(source):
    """`.dockerignore` shuts everything out but what it lists."""
    assert (ROOT / source).exists()
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert any(fnmatch.fnmatch(source, line[1:]) for line in lines if line.startswith("!"))


def test_everything_that_the_worker_needs_is_copied():
    assert {"requirements.txt", "runpod-handler.py", "s3_utils.py", "voiceclone"} <= set(SOURCES)


def test_models_are_looked_for_on_the_volume_and_never_fetched_by_the_build():
    assert VARIABLES["HF_HOME"] == "/runpod-volume/models"
    assert VARIABLES["HF_HUB_CACHE"] == "/runpod-volume/models/hub"
    assert VARIABLES["TORCH_HOME"] == "/runpod-volume/models/torch"
    assert not any("fetch" in run or "http" in run for run in instructions("RUN"))
    assert not any(
        fnmatch.fnmatch(source, pattern) for source in SOURCES for pattern in ("*.pt", "*.safetensors", "*.bin")
    )


def test_the_base_is_known_to_the_byte_and_dependabot_finds_it():
    """A literal, with the digest; the last stage is built on it unless the build is given another."""
    literal, last = instructions("FROM")
    assert re.fullmatch(r"python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64} AS base", literal)
    assert last == "${BASE_IMAGE}"
    assert "BASE_IMAGE=base" in instructions("ARG")


def test_the_driver_is_let_into_the_container():
    """Images that bring no CUDA toolkit say so themselves, where the runtime does not."""
    assert VARIABLES["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert VARIABLES["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"


def test_the_platform_watches_the_worker_itself():
    """And the worker's own fitness check stands for those of the SDK."""
    assert VARIABLES["RUNPOD_SKIP_AUTO_SYSTEM_CHECKS"] == VARIABLES["RUNPOD_SKIP_GPU_CHECK"] == "true"
    assert "HEALTHCHECK" not in DOCKERFILE
    assert instructions("CMD") == ['["python", "runpod-handler.py"]']


def test_a_change_of_the_code_rebuilds_no_dependencies():
    lines = DOCKERFILE.splitlines()
    installed = next(i for i, line in enumerate(lines) if "pip install" in line)
    assert not any("voiceclone" in line for line in lines[:installed] if line.startswith("COPY"))
    assert not any(line.startswith("ARG VERSION") for line in lines[:installed])


def trim(packages):
    return subprocess.run([ROOT / "scripts/trim_packages", packages], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory):
    """What the image installs of PyTorch and faster-whisper, as a directory of links to what is left of it."""
    packages = tmp_path_factory.mktemp("packages")
    for name in ("torch", "nvidia", "faster_whisper"):
        shutil.copytree(
            Path(sysconfig.get_path("purelib")) / name,
            packages / name,
            copy_function=os.symlink,
            ignore=shutil.ignore_patterns("cusolver", "__pycache__"),  # the lock leaves cuSOLVER out
        )
    for compiled in Path(sysconfig.get_path("purelib")).glob("torch/**/__pycache__"):
        link = packages / compiled.relative_to(sysconfig.get_path("purelib"))
        if link.parent.exists():
            link.symlink_to(compiled)
    done = trim(packages)
    assert done.returncode == 0, done.stderr
    return packages


def test_pytorch_finds_every_library_that_it_links(trimmed):
    """Only the driver's own comes from the host."""
    libraries = sorted(trimmed.glob("torch/lib/*.so"))
    told = subprocess.run(["ldd", *libraries], capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"^\t(\S+) => (.*?)(?: \(0x.*)?$", told, re.MULTILINE))
    assert {name for name, path in found.items() if path == "not found"} <= {"libcuda.so.1"}
    assert found["libcudnn.so.9"] == str(trimmed / "torch/lib/../../nvidia/cudnn/lib/libcudnn.so.9"), "not elsewhere"


def test_pytorch_loads_and_computes_without_what_is_trimmed(trimmed):
    """With every name bound at once, as the image's build does: a name that is missing ends the process.

    The GPU's kernels compile: their compiler is whole, and asks for no headers.
    """
    script = """
        import torch, torchaudio
        assert torch.stft(torch.ones(4096), 1024, 256, window=torch.ones(1024), return_complex=True).abs().sum() > 0
        assert torch.nn.functional.conv1d(torch.ones(1, 4, 9), torch.ones(4, 1, 3), groups=4).sum() == 84
        from voiceclone.model import kernels
        sizes = {"WIDTH": 1024, "EPSILON": "1e-6f"}
        assert not torch.version.cuda or kernels.compiled(kernels.source(torch.float16), sizes, (9, 0))
        assert not [line for line in open("/proc/self/maps") if ".alt.so" in line]
        print(torch.__file__)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(trimmed), "LD_BIND_NOW": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{trimmed}/torch/__init__.py\n"


def test_nothing_is_trimmed_that_is_not_there(trimmed):
    """Other versions of the packages need another list: the build says so."""
    done = trim(trimmed)
    assert done.returncode == 1
    assert "no match: torch/bin/protoc*" in done.stderr


@pytest.mark.parametrize("reader", ["onnxruntime", "another"])
def test_the_detector_of_speech_stays_with_what_reads_it(tmp_path, reader):
    """In packages that have nothing but one file of each kind that is removed."""
    model = tmp_path / "faster_whisper/assets/model.onnx"
    for name in (
        *["torch/include/a.h", "torch/bin/protoc", "torch/lib/libtorch_cuda_linalg.so", "nvidia/a/include/a.h"],
        *["nvidia/a/lib/a.a", "nvidia/a/lib/a.bc", "nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.1", model, f"{reader}/a.py"],
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert trim(tmp_path).returncode == 0
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {tmp_path / f"{reader}/a.py"} | ({model} if reader == "onnxruntime" else set())
