"""The image holds the code by its real names, and nothing else: no model, no way for one to get in.

What is trimmed from its packages is trimmed here from links to the installed ones, and PyTorch loaded from the rest.
"""

from __future__ import annotations

import ctypes
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from trim_packages import HOLLOW, hollow, names, trim

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile.runpod").read_text())


def instructions(name):
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


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
    variables = dict(pair.split("=") for env in instructions("ENV") for pair in env.split())
    assert variables["HF_HOME"] == "/runpod-volume/models"
    assert variables["HF_HUB_CACHE"] == "/runpod-volume/models/hub"
    assert variables["TORCH_HOME"] == "/runpod-volume/models/torch"
    assert not any("fetch_models" in run or "http" in run for run in instructions("RUN"))
    assert not any(
        fnmatch.fnmatch(source, pattern) for source in SOURCES for pattern in ("*.pt", "*.safetensors", "*.bin")
    )


def test_the_platform_watches_the_worker_itself():
    assert "HEALTHCHECK" not in DOCKERFILE
    assert instructions("CMD") == ['["python", "runpod-handler.py"]']


def test_a_change_of_the_code_rebuilds_no_dependencies():
    lines = DOCKERFILE.splitlines()
    installed = next(i for i, line in enumerate(lines) if "pip install" in line)
    assert not any("voiceclone" in line for line in lines[:installed] if line.startswith("COPY"))
    assert not any(line.startswith("ARG VERSION") for line in lines[:installed])


@pytest.mark.parametrize("count", [0, 1, 200])
@pytest.mark.parametrize("version", ["", "FIRST"])
def test_a_hollow_library_answers_every_name_with_an_error(tmp_path, count, version):
    """With its version, as callers ask for it, and with no name that it was not given."""
    functions = [f"function{i}" for i in range(count)]
    file = tmp_path / "libhollow.so.1"
    file.write_bytes(hollow(file.name, functions, version))
    assert names(file) == (set(), set())  # it has no table of sections: only the loader reads it
    library = ctypes.CDLL(str(file), mode=os.RTLD_NOW)
    assert [library[name]() for name in functions] == [1] * count
    assert not hasattr(library, "function")
    versioned = ctypes.CDLL(None).dlvsym
    versioned.restype = ctypes.c_void_p
    versioned.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    for name in functions:
        assert versioned(library._handle, name.encode(), (version or file.name).encode())
        assert not versioned(library._handle, name.encode(), b"SECOND")


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory):
    """The installed packages after trimming, as a directory of links to what is left of them."""
    packages = tmp_path_factory.mktemp("packages")
    for name in ("torch", "nvidia", "faster_whisper"):
        shutil.copytree(Path(sysconfig.get_path("purelib")) / name, packages / name, copy_function=os.symlink)
    assert trim(packages) > 0
    return packages


def test_pytorch_loads_and_computes_without_what_is_trimmed(trimmed):
    """With every name bound at once, as the image's build does: a name that is missing ends the process."""
    script = """
        import torch, torchaudio
        assert torch.stft(torch.ones(4096), 1024, 256, window=torch.ones(1024), return_complex=True).abs().sum() > 0
        assert torch.nn.functional.conv1d(torch.ones(1, 4, 9), torch.ones(4, 1, 3), groups=4).sum() == 84
        print(open("/proc/self/maps").read())
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in script.splitlines())],
        env={**os.environ, "PYTHONPATH": str(trimmed), "LD_BIND_NOW": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for library in HOLLOW:
        assert f"{trimmed}/nvidia/{library.path}" in done.stdout


def test_nothing_is_trimmed_that_is_not_there(trimmed):
    """Other versions of the packages need other lists: the build says so."""
    with pytest.raises(FileNotFoundError, match="change REMOVED to what these versions bring"):
        trim(trimmed)
