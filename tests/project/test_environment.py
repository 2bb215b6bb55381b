"""`scripts/environment` makes a whole .venv of what a machine has, or says in a line what the machine lacks."""

from __future__ import annotations

import ensurepip
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import uv
from conftest import ROOT

TOOLS = ["basename", "bash", "cat", "env", "grep", "rm", "sha256sum", "uname"]
# What a Python of a machine says of itself, by modules that come before its own.
TOO_NEW = {"sitecustomize": "import sys; sys.version_info = (3, 14, 0, 'final', 0)"}
WITHOUT_VENV = {"ensurepip": "raise ModuleNotFoundError(name='ensurepip')"}  # as on Debian, without python3-venv
WHEELS = Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).parent / "_bundled")
"""Those that Python brings."""


class Machine:
    """A PATH with a few programs, and a working directory with a lock file that asks for nothing."""

    def __init__(self, root: Path):
        self.bin, self.work = root / "bin", root / "work"
        self.bin.mkdir()
        self.work.mkdir()
        self.venv = self.work / ".venv"
        (self.work / "lock.txt").touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def add_python(self, name, **modules):
        """This Python under another name, with modules that come before its own."""
        first = self.bin / f"{name}-modules"
        first.mkdir()
        for module, text in modules.items():
            (first / f"{module}.py").write_text(text)
        program = self.bin / name
        program.write_text(f'#!/bin/sh\nPYTHONPATH={first} exec {sys._base_executable} "$@"\n')
        program.chmod(0o755)

    def use_environment(self, **environ):
        script = f". {ROOT / 'scripts/environment'}; use_environment lock.txt; command -v python"
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.work,
            env={"PATH": str(self.bin), "HOME": str(self.work), **environ},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def is_whole(self):
        pip = subprocess.run([self.venv / "bin/python", "-m", "pip", "--version"], capture_output=True, check=False)
        return pip.returncode == 0 and (self.venv / "bin/activate").exists()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def quick_venv(tmp_path_factory):
    """A module `venv` whose environments share a pip that is unpacked: Python's own installs and compiles it for
    seconds."""
    pip = tmp_path_factory.mktemp("pip")
    zipfile.ZipFile(next(WHEELS.glob("pip-*.whl"))).extractall(pip)
    make = f"""
import subprocess, sys
from pathlib import Path
subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", *sys.argv[1:]], check=True)
(packages,) = Path(sys.argv[-1]).glob("lib/*/site-packages")
(packages / "pip.pth").write_text({str(pip)!r})
"""
    return {"venv": make}


@pytest.fixture(scope="module")
def equipped(tmp_path_factory, quick_venv):
    """A machine whose first Python does not serve, and what was said when it made its environment by the second."""
    machine = Machine(tmp_path_factory.mktemp("equipped"))
    machine.add_python("python3", **TOO_NEW)
    machine.add_python("python3.12", **quick_venv)
    return machine, machine.use_environment()


def test_the_first_python_that_the_lock_serves_makes_an_environment_that_stays(equipped):
    machine, first = equipped
    assert first.stdout.strip() == str(machine.venv / "bin/python"), first.stderr
    assert machine.is_whole()
    assert "installing lock.txt" in first.stderr
    again = machine.use_environment()
    assert (again.returncode, again.stderr) == (0, "")


def test_a_machine_without_a_gpu_takes_its_wheels_from_elsewhere_and_none_of_cudas(equipped, tmp_path):
    """And is told beforehand what is to come. The environment is there; the lock file is another."""
    machine, _ = equipped
    index = tmp_path / "index"
    for name in ("torch", "torchaudio"):
        (index / name).mkdir(parents=True)
        file = f"{name}-2.10.0+cpu-py3-none-any.whl"
        with zipfile.ZipFile(index / name / file, "w") as wheel:
            info = f"{name}-2.10.0+cpu.dist-info"
            wheel.writestr(f"{name}.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.10.0+cpu\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        (index / name / "index.html").write_text(f'<a href="{file.replace("+", "%2B")}">{file}</a>')
    pins = [f"{name}==2.10.0 \\\n    --hash=sha256:{'0' * 64}\n    # via nobody\n" for name in ("torch", "torchaudio")]
    pins += [f"nvidia-cublas-cu12==12.8.4.1 ; sys_platform == 'linux' \\\n    --hash=sha256:{'0' * 64}\n"]
    (machine.work / "lock.txt").write_text("".join(pins))
    done = machine.use_environment(CPU_WHEELS=index.as_uri(), PIP_NO_INDEX="")
    assert done.returncode == 0, done.stderr
    assert "about 0.7 GB to download" in done.stderr
    there = {path.name for path in machine.venv.glob("lib/*/site-packages/*")}
    assert {"torch.py", "torchaudio.py"} <= there
    assert not any(name.startswith("nvidia") for name in there)


@pytest.mark.parametrize("broken", ["interrupted", "upgraded"])
def test_an_environment_that_is_not_whole_is_made_anew(machine, quick_venv, broken):
    """One whose making was interrupted, and one whose Python was upgraded, so that its packages are another's."""
    machine.add_python("python3", **quick_venv)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", machine.venv], check=True)
    if broken == "interrupted":
        (machine.venv / "bin/activate").unlink()  # what comes last
        next(machine.venv.glob("lib/*/site-packages")).joinpath("pip.py").touch()
    done = machine.use_environment()
    assert done.returncode == 0, done.stderr
    assert machine.is_whole()


def test_a_machine_without_a_fitting_python_is_told_so_in_a_line(machine):
    machine.add_python("python3", **TOO_NEW)
    done = machine.use_environment()
    assert done.returncode == 1
    assert done.stderr == "Python 3.11, 3.12 or 3.13 is needed: install one of them, or uv, which brings its own\n"
    assert not machine.venv.exists()


def test_a_python_that_makes_no_environments_is_named_with_its_package(machine):
    machine.add_python("python3", **TOO_NEW)
    machine.add_python("python3.12", **WITHOUT_VENV)
    done = machine.use_environment()
    assert done.returncode == 1
    assert done.stderr == "python3.12 cannot make a virtual environment here: apt install python3.12-venv\n"
    assert not machine.venv.exists()


def test_uv_helps_where_python_makes_no_environments(machine, tmp_path):
    machine.add_python("python3", **WITHOUT_VENV)
    (machine.bin / "uv").symlink_to(uv.find_uv_bin())
    # Its wheels are those that Python brings, and for 3.11 an empty one: no registry is asked.
    for wheel in WHEELS.glob("*.whl"):
        (tmp_path / wheel.name).symlink_to(wheel)
    with zipfile.ZipFile(tmp_path / "wheel-0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("wheel-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: wheel\nVersion: 0\n")
        wheel.writestr("wheel-0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("wheel-0.dist-info/RECORD", "")
    done = machine.use_environment(UV_OFFLINE="1", UV_NO_INDEX="1", UV_FIND_LINKS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert machine.is_whole()
