"""A book's cover as players show it: JPEG or PNG, made of another picture where it is one.

Knows nothing of where pictures come from. They are decoded before anything is spoken, which tells what cannot be shown.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from voiceclone.books.parsing import MAX_FILE_BYTES
from voiceclone.client import BadInput

if TYPE_CHECKING:
    import av

MAX_PIXELS = 50_000_000
MAX_SIDE = 4_000
"""Of what a picture becomes, in pixels."""
_FORMATS = (
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (b"GIF8", "gif"),
    (b"RIFF", "webp_pipe"),
    (b"BM", "bmp_pipe"),
    (b"II*\0", "tiff_pipe"),
    (b"MM\0*", "tiff_pipe"),
)
"""How pictures begin, and FFmpeg's names for them. It is not left to guess: other formats lead to other files."""
KEPT = ("jpeg_pipe", "png_pipe")
KINDS = "a JPEG, PNG, WebP or GIF file"


def is_picture(data: bytes) -> bool:
    """Whether a file begins as a picture."""
    return _format(data) is not None


def shown(data: bytes) -> bytes:
    """Return a picture as JPEG or PNG. Raises BadInput where it cannot be read."""
    import av

    form = _format(data)
    if form is None or len(data) > MAX_FILE_BYTES:
        raise BadInput(f"is no picture that can be used, or larger than {MAX_FILE_BYTES} bytes: give {KINDS}")
    # With the limit nothing larger is decoded to learn its size, which then is 0.
    limit: Any = [{"max_pixels": str(MAX_PIXELS)}]
    try:
        with av.open(io.BytesIO(data), "r", format=form, stream_options=limit) as file:
            stream = file.streams.video[0]
            if not stream.width:
                raise BadInput(f"is damaged, moves, or has more than {MAX_PIXELS} pixels: give {KINDS}")
            frame = next(file.decode(stream))
    except (av.FFmpegError, IndexError, StopIteration, ValueError, MemoryError) as e:
        raise BadInput(f"is damaged ({type(e).__name__}): give {KINDS}") from e
    return data if form in KEPT else _as_jpeg(frame)


def _as_jpeg(frame: av.VideoFrame) -> bytes:
    import av

    scale = min(1, MAX_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    file = io.BytesIO()
    with av.open(file, "w", format="mjpeg") as out:
        options = {"qmin": "2", "qmax": "3"}
        stream = out.add_stream("mjpeg", rate=1, options=options, width=width, height=height, pix_fmt="yuvj420p")
        picture = frame.reformat(width, height, "yuvj420p")
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return file.getvalue()


def _format(data: bytes) -> str | None:
    form = next((form for begin, form in _FORMATS if data.startswith(begin)), None)
    return None if form == "webp_pipe" and data[8:12] != b"WEBP" else form
