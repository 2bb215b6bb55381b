"""What an operator watches, in Prometheus's format: requests, waiting, first sound, pace, batches.

Knows nothing of HTTP. Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from voiceclone.types import Reply

if TYPE_CHECKING:  # it imports torch
    from voiceclone.model import BatchReport

CONTENT_TYPE = CONTENT_TYPE_LATEST
FIRST_AUDIO_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
RTF = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5)
FRAMES = (256, 512, 1024, 2048, 3072, 4096, 6144, 8192, 16_384)


class Metrics:
    """Counts of one server. Its methods may be called by any thread."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        """`waiting`: tells how many requests for speech are being spoken or wait."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "voiceclone_requests", "Requests by what they asked for and what came of it", ["action", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.first_audio = Histogram(
            "voiceclone_first_audio_seconds", "From a request to its first sound", buckets=FIRST_AUDIO_S,
            registry=registry,
        )  # fmt: skip
        self.audio = Counter("voiceclone_audio_seconds", "Speech that was sent", registry=registry)
        self.rtf = Histogram(
            "voiceclone_real_time_factor", "Seconds a request took for a second of its speech", buckets=RTF,
            registry=registry,
        )  # fmt: skip
        self.batch_frames = Histogram(
            "voiceclone_batch_frames", "Mel frames that the network computed at once", buckets=FRAMES,
            registry=registry,
        )  # fmt: skip
        self.batch_chunks = Histogram(
            "voiceclone_batch_chunks", "Chunks that were spoken at once", buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )  # fmt: skip
        Gauge(
            "voiceclone_requests_waiting", "Requests for speech that are being spoken or wait", registry=registry
        ).set_function(waiting)
        self._info = Info("voiceclone_model", "What speaks", registry=registry)

    def about(self, info: Reply) -> None:
        """Tell what speaks; `info`: a worker's."""
        model = info["model"]
        self._info.info(
            {
                "name": model["name"],
                "revision": str(model["revision"]),
                "device": info["device"],
                "dtype": info["dtype"],
            }
        )

    def spoke(self, batch: BatchReport) -> None:
        """Count a batch of the engine."""
        self.batch_frames.observe(batch.frames)
        self.batch_chunks.observe(batch.chunks)

    def page(self) -> bytes:
        """Return everything as text."""
        return generate_latest(self._registry)
