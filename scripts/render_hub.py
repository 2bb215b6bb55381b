#!/usr/bin/env python
"""Render the Hub's form from the code: `env` and `presets` of .runpod/hub.json; the rest of it is written by hand.

python scripts/render_hub.py            rewrite .runpod/hub.json
python scripts/render_hub.py --check    exit 1 if .runpod/hub.json is behind the code
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rendered import command

from voiceclone.checkpoints import REGISTRY
from voiceclone.deployment import BUCKET, HF_TOKEN, Variable, settings

HUB = Path(__file__).resolve().parent.parent / ".runpod" / "hub.json"
AT_ONCE = {"F5_MODEL", "S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"}
"""What most people set. The form folds the rest away."""
GPU_PRESETS = (
    {"name": "24 GB GPU and above: whisper large-v3-turbo listens", "defaults": {"ASR_MODEL": "large-v3-turbo"}},
    {"name": "16 GB GPU, or soon ready: whisper small listens", "defaults": {"ASR_MODEL": "small"}},
)


def field(variable: Variable) -> dict[str, Any]:
    """A line of the form."""
    default = "" if variable.default is None else variable.default
    form = {
        "name": variable.name,
        "type": variable.kind,
        "description": variable.about[0].upper() + variable.about[1:],
        "default": default,
        "advanced": variable.name not in AT_ONCE,
    }
    if variable.kind == "number" and variable.default is None:
        form["type"] = "string"  # a number's field cannot be left empty
    if variable.kind == "boolean":
        form |= {"trueValue": "true", "falseValue": "false"}
    return {"key": variable.name, "input": form}


def presets() -> list[dict[str, Any]]:
    """Sets of values that go together: each published model, its languages and its licence; GPUs."""
    models = [
        {
            "name": f"{spec.name}: {', '.join(spec.languages)}; {spec.license}",
            "defaults": {"F5_MODEL": spec.name},
        }
        for spec in REGISTRY.values()
        if spec.repo_id
    ]
    return [*models, *GPU_PRESETS]


def render(text: str) -> str:
    """The file's text with `env` and `presets` made anew."""
    hub = json.loads(text)
    hub["config"]["presets"] = presets()
    hub["config"]["env"] = [field(variable) for variable in (*settings(), *BUCKET, HF_TOKEN)]
    return json.dumps(hub, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(command(__doc__, {HUB: render}))
