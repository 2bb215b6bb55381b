"""THIRD_PARTY.md names whatever the image brings that is not this repository's own, and under which licence."""

from __future__ import annotations

import re
from importlib.metadata import files, version

import pytest
from conftest import ROOT
from packaging.licenses import canonicalize_license_expression
from render_third_party import locked, render

NOTICE = (ROOT / "THIRD_PARTY.md").read_text()
LOCKED = locked((ROOT / "requirements.txt").read_text())
PACKAGES, WHEELS = NOTICE.split("## In the wheels")
MARKERS = "<!-- packages: rendered by a test -->\n{}<!-- /packages -->\n"


def test_the_packages_are_those_of_the_lock_and_say_what_they_say_of_themselves():
    assert render(NOTICE) == NOTICE, "run scripts/render_third_party.py"
    assert re.findall(r"^\| ([a-z0-9-]+) \| [0-9]", PACKAGES, re.MULTILINE) == sorted(LOCKED)


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "requirements.txt"


def test_a_package_that_is_not_installed_here_keeps_its_row_under_its_new_version(lock):
    """Neither this machine nor this Python decides what the file says."""
    lock.write_text("no-such-package==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n")
    row = "| no-such-package | {} | MIT | https://example.com/a |\n"
    made = render(MARKERS.format(row.format("1.0")), lock)
    assert made == MARKERS.format(
        "| package | version | licence | source |\n| --- | --- | --- | --- |\n" + row.format("2.0")
    )


def test_a_package_that_nothing_is_known_of_is_told(lock):
    lock.write_text("no-such-package==2.0\n")
    with pytest.raises(ValueError, match=r"no-such-package 2\.0 is not installed here and has no row"):
        render(MARKERS.format(""), lock)


def test_a_package_of_which_markers_choose_a_version_stands_there_once(lock):
    last = version("certifi")
    lock.write_text(f"certifi==1.0 ; python_version < '3.12'\ncertifi=={last} ; python_version >= '3.12'\n")
    assert f"\n| certifi | 1.0, {last} | MPL-2.0 | https://github.com/certifi/python-certifi |\n<" in render(
        MARKERS.format(""), lock
    )


def test_every_library_that_a_wheel_brings_beside_its_package_is_named():
    """Wheels keep them in a directory `*.libs`, with a hash in their names."""
    brought = {
        file.name
        for name in ("av", "ctranslate2", "numpy")
        for file in files(name)
        if file.parts[0].endswith(".libs") and ".so" in file.name
    }
    assert len(brought) > 30
    named = set(re.findall(r"lib\w+(?:-[a-z]+)*", WHEELS))
    assert {re.sub(r"(-[0-9a-f]{8})+\.so.*", "", library) for library in brought} <= named


def test_the_images_label_is_valid_and_has_every_licence_that_asks_for_more_than_a_notice():
    label = re.search(r'licenses="(.*)"', (ROOT / "Dockerfile.runpod").read_text())[1]
    assert canonicalize_license_expression(label) == label
    assert {"GPL-2.0-or-later", "LicenseRef-NVIDIA-Proprietary"} <= set(label.split(" AND "))
    named = set(re.findall(r"\b(?:L?GPL|MPL)-\d\.\d(?:-only|-or-later)?|LicenseRef-[\w-]+\w", NOTICE))
    named = {"LGPL-2.1-only" if name == "LGPL-2.1" else name for name in named}  # as SPDX wrote it formerly
    assert named <= set(label.split(" AND "))
