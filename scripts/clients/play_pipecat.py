"""Play a sentence through Pipecat's own service, and print its version and the seconds of sound."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

from pipecat.frames.frames import EndFrame, Frame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner
from told import tts  # as docs/http.md makes it


class Ears(FrameProcessor):
    """Counts what is heard."""

    seconds = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.seconds += frame.num_frames / frame.sample_rate
        await self.push_frame(frame, direction)


async def main(text: str) -> None:
    ears = Ears()
    worker, runner = PipelineWorker(Pipeline([tts, ears])), WorkerRunner()
    await worker.queue_frames([TTSSpeakFrame(text), EndFrame()])
    await runner.add_workers(worker)
    await runner.run()
    print(version("pipecat-ai"), ears.seconds)


asyncio.run(main(sys.argv[1]))
