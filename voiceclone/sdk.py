"""What the platform's SDK does otherwise here: it starts sooner, and its API on this machine tells of Ctrl-C.

Knows no job. The SDK answers jobs in the thread of its server, which ends only when one is done.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType, ModuleType

SERVES = "--rp_serve_api"


def start_sooner() -> None:
    """Keep the SDK from what takes long at its import, and that no worker needs.

    It asks the CPU for its name, a second of work that its debugger alone shows; and imports SSH for its command line.
    """
    import cpuinfo

    cpuinfo.get_cpu_info = dict  # the SDK takes a missing name for one that cannot be had
    sys.modules.setdefault("paramiko", ModuleType("paramiko"))


def tell_of_ctrl_c(arguments: Sequence[str]) -> None:
    """Let the server that these arguments ask for say that it ends, and a second Ctrl-C end it at once.

    Otherwise it is silent for as long as a job takes, and ends with a traceback if it is asked twice.
    """
    if SERVES not in arguments:
        return
    from uvicorn import Server

    end = Server.handle_exit

    def told(self: Server, sig: int, frame: FrameType | None) -> None:
        sys.stderr.write("\nstopping when the job in hand is done; press Ctrl-C again to leave at once\n")
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        end(self, sig, frame)

    Server.handle_exit = told  # type: ignore[method-assign]
