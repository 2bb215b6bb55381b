"""Reads books, each in a process of its own that has 10 s of CPU and 2 GiB: a line of JSON in, a line of JSON out.

The processes are copies of this one, which has imported all that it takes.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from pathlib import Path

from voiceclone.books import read_book
from voiceclone.books.pages import Blocks, read_page
from voiceclone.books.parsing import read_xml
from voiceclone.client import BadInput

READ = {"page": lambda path: read_page(path.read_text(), Blocks()), "xml": lambda path: read_xml(path.read_text())}


def read(kind: str, path: Path) -> str:
    """Return what is said of a file; empty where it is read."""
    try:
        READ.get(kind, read_book)(path)
    except BadInput as e:
        return str(e)
    return ""


def main() -> None:
    gc.freeze()  # the collector would write to every page, and each process get a copy of it
    for line in sys.stdin:
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
            kind, path = json.loads(line)
            os.write(writing, read(kind, Path(path)).encode())
            os._exit(0)
        os.close(writing)
        with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
            said = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{json.dumps([status, said])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
