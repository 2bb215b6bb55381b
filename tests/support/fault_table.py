"""The table of faults in docs/operations.md: each row is written by the test that injects the fault, and held to it.

scripts/test --update-faults -n 0        after a row has changed
"""

from __future__ import annotations

import re
from pathlib import Path

OPERATIONS = Path(__file__).resolve().parents[2] / "docs/operations.md"
START = "<!-- faults: written by the suite, scripts/test --update-faults -n 0 -->\n"
HEADER = "| fault | injected | the caller sees | left behind |\n| --- | --- | --- | --- |\n"
END = "<!-- /faults -->"


def rows():
    """The table's rows by their faults."""
    _, _, rest = OPERATIONS.read_text().partition(START + HEADER)
    return {line.split(" | ")[0].removeprefix("| "): line for line in rest.partition(END)[0].splitlines()}


class FaultTable:
    """Compares what happens with the row of a fault, or writes the row."""

    def __init__(self, update):
        self._update = update

    def row(self, fault, injected, seen, left="nothing"):
        cells = (fault, injected, seen, left)
        line = "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        if self._update:
            write({**rows(), fault: line})
        assert rows().get(fault) == line, "run scripts/test --update-faults -n 0, and look at what has changed"


def write(table):
    before, _, rest = OPERATIONS.read_text().partition(START)
    _, _, after = rest.partition(END)
    OPERATIONS.write_text(before + START + HEADER + "".join(f"{line}\n" for line in table.values()) + END + after)


def seen(reply, **names):
    """What a caller sees of a reply, in a cell; `names`: what to write for that which is another in every run."""
    if "error" in reply:
        text = reply["error"]
        asks = ", and the platform is asked for a new worker" if reply.get("refresh_worker") else ""
        told = f"`{text.replace('`', '')}`{asks}"
    elif "degraded" in reply:
        ways = {"audio_base64": "inside the reply", "audio_path": "kept on the volume"}
        places = " and ".join(said for key, said in ways.items() if key in reply)
        told = f"the speech, {places}; `degraded`: `{reply['degraded']['reason']}`"
    else:
        told = "the speech"
    for name, value in names.items():
        told = told.replace(value, name)
    return re.sub(r"\d+\.\d+ MB", "N MB", told)


def answered(answer):
    """What a caller over HTTP is told, in a cell."""
    later = ", with `retry-after`" if "retry-after" in answer.headers else ""
    return f"{answer.status_code} `{answer.json()['error']['message']}`{later}"
