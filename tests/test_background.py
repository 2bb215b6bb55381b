"""What is called in the background answers to whoever waits, and holds nobody up."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ROOT

from voiceclone.background import in_background


def test_what_a_call_returns_or_raises_is_the_futures():
    assert in_background("one", lambda: 1).result() == 1
    with pytest.raises(ZeroDivisionError):
        in_background("none", lambda: 1 // 0).result()


def test_a_process_ends_without_waiting_for_it():
    code = (
        "import threading; from voiceclone.background import in_background; in_background('x', threading.Event().wait)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
