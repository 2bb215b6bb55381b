"""The house keeps its plan: imports point down, no room is too large, and each says what it is for."""

from __future__ import annotations

import ast
import subprocess
import sysconfig
from pathlib import Path

from conftest import ROOT

PACKAGE = ROOT / "voiceclone"
TABLES = {"text/normalize/english.py"}
"""Rules of a language, which are longer than code may be."""
TRIED_IN = {
    "app.py": "system/test_handler.py",
    "audio/decoder.py": "audio/test_decoding.py",
    "books/": "books/test_narration.py",
    "calls.py": "server/test_callers.py",
    "checkpoints/": "checkpoints/test_resolving.py",
    "cli/": "cli/test_say.py",
    "cli/completion.py": "cli/test_main.py",
    "cli/deploy.py": "deployment/test_deploy.py",
    "cli/dub.py": "films/test_dub.py",
    "cli/narrate.py": "books/test_narration.py",
    "client/": "client/test_endpoint.py",
    "client/replies.py": "cli/test_hostile_endpoint.py",
    "delivery/delivery.py": "jobs/test_worker.py",
    "deployment/": "deployment/test_deploy.py",
    "deployment/upload.py": "cli/test_fetch.py",
    "deployment/variables.py": "project/test_hub_files.py",
    "doctor/": "cli/test_doctor.py",
    "errors.py": "project/test_readme.py",
    "failures.py": "model/test_engine.py",
    "films/": "films/test_dub.py",
    "http.py": "client/test_endpoint.py",
    "jobs/": "jobs/test_worker.py",
    "jobs/fields.py": "jobs/test_request.py",
    "jobs/parsing.py": "jobs/test_request.py",
    "jobs/edit_request.py": "jobs/test_edit_job.py",
    "listening/encoder.py": "listening/test_whisper.py",
    "model/": "model/test_engine.py",
    "model/gaps.py": "model/test_sharing.py",
    "model/positions.py": "model/test_dit.py",
    "model/sampling.py": "model/test_graphs.py",
    "model/upstream.py": "model/test_dit.py",
    "server/": "server/test_speaking.py",
    "speech/edits.py": "jobs/test_edit_job.py",
    "speech/reading.py": "speech/test_planning.py",
    "text/markup/": "text/test_markup.py",
    "text/normalize/": "text/test_normalize.py",
    "text/saying.py": "speech/test_planning.py",
    "types.py": "jobs/test_worker.py",
    "voices/": "voices/test_voices.py",
}
"""Where modules are tried that have no test file of their own: a part with the whole, by the longest beginning."""
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_imports_keep_to_the_contracts():
    """They stand in pyproject.toml."""
    tool = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_a_module_fits_into_a_head():
    """At most 400 lines, and it opens by saying what it does."""
    texts = {module: (PACKAGE / module).read_text() for module in MODULES if module not in TABLES}
    assert [module for module, text in texts.items() if len(text.splitlines()) > 400] == []
    assert [module for module, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


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


def test_every_module_has_a_test_file_or_is_tried_with_another():
    tests, needed = ROOT / "tests", set()
    for module in map(Path, MODULES):
        if module.name.startswith("__") or (tests / module.parent / f"test_{module.name}").exists():
            continue
        fitting = [beginning for beginning in TRIED_IN if module.as_posix().startswith(beginning)]
        assert fitting, module
        needed.add(max(fitting, key=len))
    assert needed == set(TRIED_IN)
    assert all((tests / file).is_file() for file in TRIED_IN.values())


def test_no_two_test_files_share_a_name():
    """pytest could not collect both in one process."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]
    assert len(names) == len(set(names))
