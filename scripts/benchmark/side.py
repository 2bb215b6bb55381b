"""What either side of the benchmark answers, in a process of its own that has loaded the model.

A request is a line of JSON on stdin, `{"method": ..., ...}`. The answer is a line on stdout behind `ANSWER`, since
f5-tts prints there too. Runs in both environments.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ANSWER = "answer "
FORGET_PEAK = "5"
"""proc(5): resets the largest resident set."""


class Side:
    """A loaded model that speaks. One request at a time."""

    device: str
    dtype: torch.dtype

    def chunk(self, text: str, steps: int) -> float:
        """Speak the text in one pass; returns seconds of speech."""
        raise NotImplementedError

    def text(self, text: str, steps: int) -> float:
        """Speak a text of any length as a user would; returns seconds of speech."""
        raise NotImplementedError

    def about(self) -> dict[str, str | int]:
        """With what this side computes."""
        return about(self.device, self.dtype)

    def ceiling(self, dim: int) -> float:
        """Operations per second of the best of several plain products of about the network's size."""
        import torch

        # One launch takes as long as a small product: a GPU is given several at once.
        at_once = 20 if self.device == "cuda" else 1
        with torch.inference_mode():
            a, b = (torch.randn(shape, device=self.device).to(self.dtype) for shape in ((4 * dim, dim), (dim, 4 * dim)))
            product = a @ b
            taken_s = []
            for _ in range(6):
                self._wait()
                start = time.perf_counter()
                for _ in range(at_once):
                    torch.mm(a, b, out=product)
                self._wait()
                taken_s.append(time.perf_counter() - start)
        return float(2 * a.numel() * b.shape[1] * at_once / min(taken_s))

    def memory(self) -> int:
        """Bytes in use: all that the GPU has given out, to whichever library, else the process's resident set."""
        return _given_out() if self.device == "cuda" else _status("VmRSS")

    def peak_memory(self) -> int:
        """The most since `forget_peak`: what torch once took of a GPU, it keeps."""
        return _given_out() if self.device == "cuda" else _status("VmHWM")

    def forget_peak(self) -> None:
        import torch

        if self.device == "cuda":
            torch.cuda.empty_cache()
        else:
            Path("/proc/self/clear_refs").write_text(FORGET_PEAK)

    def serve(self) -> None:
        """Answer requests until stdin ends."""
        answer({"ready": True})
        for line in sys.stdin:
            request = json.loads(line)
            method = getattr(self, request.pop("method"))
            start = time.perf_counter()
            value = method(**request)
            answer({"value": value, "taken_s": time.perf_counter() - start})

    def _wait(self) -> None:
        import torch

        if self.device == "cuda":
            torch.cuda.synchronize()


def about(device: str, dtype: torch.dtype) -> dict[str, str | int]:
    import torch

    return {
        "torch": torch.__version__,
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        **({"gpu": torch.cuda.get_device_name()} if device == "cuda" else {}),
    }


def answer(message: dict[str, Any]) -> None:
    """One line to the process that asked."""
    sys.stdout.write(f"\n{ANSWER}{json.dumps(message)}\n")
    sys.stdout.flush()


def _given_out() -> int:
    """Bytes of the GPU that are not free, those of its other processes among them."""
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free


def _status(name: str) -> int:
    """A size of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
