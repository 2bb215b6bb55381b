"""Books in EPUB's container, written by hand."""

from __future__ import annotations

import io
import zipfile

import av
import numpy as np

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'


def page(title, *paragraphs):
    said = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><head><title>x</title></head><body><h1>{title}</h1>{said}</body></html>"


def picture(codec):
    """A small picture in FFmpeg's name of its kind."""
    form, pixels = {
        "mjpeg": ("mjpeg", "yuvj420p"),
        "gif": ("gif", "rgb8"),
        "libwebp": ("webp", "yuv420p"),
        "bmp": ("image2pipe", "bgr24"),
    }.get(codec, ("image2pipe", "rgb24"))
    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        stream = out.add_stream(codec, rate=1, width=16, height=16, pix_fmt=pixels)
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24").reformat(format=pixels)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def cover():
    """A small JPEG."""
    return picture("mjpeg")


def write_epub(path, pages, contents=None, more=None):
    """A book of version 3.

    Args:
        pages: HTML by file name, in reading order.
        contents: the table of contents, by link; None: each page by its number.
        more: other files by name.
    """
    contents = contents or {name: f"Chapter {i}" for i, name in enumerate(pages, 1)}
    items = "".join(f'<item id="p{i}" href="{n}" media-type="application/xhtml+xml"/>' for i, n in enumerate(pages))
    spine = "".join(f'<itemref idref="p{i}"/>' for i in range(len(pages)))
    ops = "http://www.idpf.org/2007/ops"
    links = "".join(f'<li><a href="{link}">{title}</a></li>' for link, title in contents.items())
    files = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": f"""<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"
            xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>A Voyage</dc:title>
            <dc:creator>A. Sailor</dc:creator><dc:language>en-GB</dc:language></metadata><manifest>
            <item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
            <item id="c" href="cover.jpg" properties="cover-image" media-type="image/jpeg"/>{items}</manifest>
            <spine><itemref idref="nav"/>{spine}</spine></package>""",
        "OEBPS/nav.xhtml": f"""<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"
            xmlns:epub="{ops}"><body><nav epub:type="toc"><ol>{links}</ol></nav></body></html>""",
        "OEBPS/cover.jpg": cover(),
        **{f"OEBPS/{name}": text for name, text in pages.items()},
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            if data is not None:
                archive.writestr(name, data)
    return path
