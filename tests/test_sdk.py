"""What the platform's SDK does otherwise here."""

from __future__ import annotations

import subprocess
import sys

START = """
import sys
from voiceclone import sdk

sdk.start_sooner()
import runpod

print(*sorted({"invoke", "nacl"} & sys.modules.keys()), callable(runpod.serverless.start))
"""


def test_the_sdk_is_imported_without_what_only_its_command_line_needs():
    """SSH is a tenth of its import."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"], done.stderr
