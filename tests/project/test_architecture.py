"""The house keeps its plan: imports point down, no room is too large, and each says what it is for."""

from __future__ import annotations

import ast
import subprocess
import sysconfig
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "voiceclone"
TABLES = {"text/normalize/english.py", "text/normalize/languages.py"}
"""Rules of languages, which are longer than code may be."""
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_imports_keep_to_the_contracts():
    """They stand in pyproject.toml."""
    tool = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", [module for module in MODULES if module not in TABLES])
def test_a_module_fits_into_a_head(module):
    """At most 400 lines, and it opens by saying what it does."""
    text = (PACKAGE / module).read_text()
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text))


def test_a_package_is_imported_by_its_public_names():
    """Other rooms look only at what the package's `__init__` names, or at a whole module."""
    found = []
    for module in MODULES:
        mine = module.split("/")[0]
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("voiceclone."):
                _, package, *deeper = node.module.split(".")
                inside = (PACKAGE / package).is_dir() and package != mine and module != "__main__.py"
                if inside and deeper and not (PACKAGE / package / deeper[0]).is_dir():
                    found.append((module, node.module))
    assert found == []
