"""Play a sentence through LiveKit's own class, and print its version and the seconds of sound."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

from told import tts  # as docs/http.md makes it


async def main(text: str) -> None:
    async with tts.synthesize(text) as stream:
        seconds = sum([heard.frame.duration async for heard in stream])
    await tts.aclose()
    print(version("livekit-plugins-openai"), seconds)


asyncio.run(main(sys.argv[1]))
