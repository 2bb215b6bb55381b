"""Where the Hub looks for a handler: runs the worker's own entry, whose name is no module's."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(root))
    runpy.run_path(str(root / "runpod-handler.py"), run_name="__main__")
