"""An EPUB's pages in reading order, under the titles of its table of contents; its title, author and cover.

Knows nothing of how text is read out. Nothing is fetched, nothing is unpacked to a disk, and no more is read than
MAX_BYTES, whatever the archive claims. https://www.w3.org/TR/epub-33/; older ones, of version 2, are read as well.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Expat bounds what entities grow to (2.4.1 and later), and ElementTree loads none from outside.
from xml.etree import ElementTree

from voiceclone.books.chapters import Book, Chapter, cut
from voiceclone.books.pages import Block, read_page
from voiceclone.client import BadInput

MAX_BYTES = 200_000_000
"""Of everything that is read, unpacked."""
MAX_FILE_BYTES = 30_000_000
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError),
    *(ElementTree.ParseError, ValueError),
)
TOC_DEPTH = 2
"""Parts and their chapters; the sections of a chapter are not marked."""
COVERS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*(\[[^\]]*\])?[^>]*>", re.IGNORECASE)


def read_epub(path: Path) -> Book:
    """Read an EPUB. Raises BadInput where it is none, is damaged, protected, or larger than any book."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Package(archive).book(path.stem)
    except _DAMAGES as e:
        raise BadInput(f"{path} is no EPUB that can be read, or a damaged one ({type(e).__name__})") from e
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror or e}") from e
    except KeyError as e:
        raise BadInput(f"{path} is a damaged EPUB: {e.args[0]}") from e
    except BadInput as e:
        raise BadInput(f"{path} {e}") from e


class _Package:
    """The files of a book, and what its package document says of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_BYTES
        container = self._xml("META-INF/container.xml")
        rootfile = next(_named(container, "rootfile"), None)
        if rootfile is None:
            raise KeyError("it names no package document")
        self._opf = unquote(rootfile.get("full-path", ""))
        self._package = self._xml(self._opf)
        self._items = {item.get("id", ""): item for item in _named(self._package, "item")}

    def book(self, name: str) -> Book:
        language = self._meta("language")
        pages = self._spine()
        if protected := self._protected().intersection(pages):
            raise BadInput(f"is protected against copying, {min(protected)} is encrypted: it cannot be read here")
        return Book(
            self._meta("title") or name, self._meta("creator"), language, self._cover(), self._chapters(pages, name)
        )

    def _chapters(self, pages: list[str], name: str) -> tuple[Chapter, ...]:
        blocks: list[Block] = []
        places: dict[tuple[str, str], int] = {}
        firsts: list[tuple[int, str]] = []
        for page in pages:
            read = read_page(self._text(page))
            start = len(blocks)
            places[page, ""] = start
            places |= {(page, anchor): start + i for anchor, i in read.anchors.items()}
            heading = next((block.text for block in read.blocks if block.level), None)
            if read.blocks:
                firsts.append((start, heading or f"{len(firsts) + 1}"))
            blocks += read.blocks
        marks = {
            places.get((page, anchor), places[page, ""]): title
            for page, anchor, title in self._contents()
            if (page, "") in places
        }
        # A page of which the contents know nothing goes on with the chapter before it.
        begin = min(marks, default=len(blocks) + 1)
        return cut(blocks, sorted([*(first for first in firsts if first[0] < begin), *marks.items()]), name)

    def _spine(self) -> list[str]:
        """Pages in reading order, without cover, table of contents and index."""
        aside = {self._path(r.get("href")) for r in _named(self._package, "reference") if r.get("type") in _ASIDE}
        pages = []
        for ref in _named(self._package, "itemref"):
            item = self._items.get(ref.get("idref", ""))
            if item is None or ref.get("linear") == "no" or "html" not in item.get("media-type", ""):
                continue
            page = self._path(item.get("href"))
            if page not in aside and "nav" not in item.get("properties", "").split() and page not in pages:
                pages.append(page)
        return pages

    def _contents(self) -> Iterator[tuple[str, str, str]]:
        """Page, anchor and title of each chapter."""
        nav = next((i for i in self._items.values() if "nav" in i.get("properties", "").split()), None)
        ncx = next((i for i in self._items.values() if i.get("media-type") == "application/x-dtbncx+xml"), None)
        if nav is not None:
            path = self._path(nav.get("href"))
            for list_ in _named(self._xml(path), "nav"):
                if "toc" in list_.get(_EPUB_TYPE, "").split():
                    yield from self._listed(path, list_, "li", TOC_DEPTH)
        elif ncx is not None:
            path = self._path(ncx.get("href"))
            for list_ in _named(self._xml(path), "navMap"):
                yield from self._listed(path, list_, "navPoint", TOC_DEPTH)

    def _listed(self, path: str, parent: ElementTree.Element, tag: str, depth: int) -> Iterator[tuple[str, str, str]]:
        for entry in _nearest(parent, tag):
            inside = list(_nearest(entry, "a" if tag == "li" else "content"))
            label = inside[0] if inside and tag == "li" else next(_named(entry, "text"), entry)
            title = " ".join("".join(label.itertext()).split())
            if inside and title:
                link = urlsplit(inside[0].get("href") or inside[0].get("src") or "")
                yield _joined(path, link.path), unquote(link.fragment), title
            if depth > 1:
                yield from self._listed(path, entry, tag, depth - 1)

    def _cover(self) -> bytes | None:
        named = next((m.get("content", "") for m in _named(self._package, "meta") if m.get("name") == "cover"), "")
        items = [i for i in self._items.values() if "cover-image" in i.get("properties", "").split()]
        for item in (*items, self._items.get(named)):
            if item is not None and self._path(item.get("href")) in self._archive.namelist():
                data = self._read(self._path(item.get("href")))
                return data if data.startswith(COVERS) else None
        return None

    def _meta(self, name: str) -> str | None:
        """The first of its kind, in the package's metadata."""
        texts = (" ".join("".join(element.itertext()).split()) for element in _named(self._package, name))
        return next(filter(None, texts), None)

    def _protected(self) -> set[str]:
        """What is encrypted; fonts often are, and need not be read."""
        if "META-INF/encryption.xml" not in self._archive.namelist():
            return set()
        return {
            unquote(each.get("URI", "")) for each in _named(self._xml("META-INF/encryption.xml"), "CipherReference")
        }

    def _path(self, href: str | None) -> str:
        return _joined(self._opf, urlsplit(href or "").path)

    def _xml(self, name: str) -> ElementTree.Element:
        # Entities of HTML are no XML without the document type, which would be looked for elsewhere.
        text = _DOCTYPE.sub("", self._text(name), count=1)
        return ElementTree.fromstring(_ENTITY.sub(lambda m: html.unescape(m[0]), text).encode())  # noqa: S314

    def _text(self, name: str) -> str:
        data = self._read(name)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        declared = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)", data)
        try:
            text = data.decode(declared[1].decode() if declared else "utf-8-sig")
        except LookupError:
            text = data.decode("utf-8-sig", "replace")
        return re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1)

    def _read(self, name: str) -> bytes:
        with self._archive.open(name) as file:
            limit = min(MAX_FILE_BYTES, self._left)
            data = file.read(limit + 1)
        if len(data) > limit:
            raise BadInput(f"unpacks to more than a book has: {name} alone, or all of it, is over {limit} bytes")
        self._left -= len(data)
        return data


_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_ASIDE = ("cover", "toc", "index")


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """All below with that name, whatever their namespace."""
    return (each for each in element.iter() if isinstance(each.tag, str) and each.tag.rpartition("}")[2] == name)


def _nearest(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Those below with that name that are not inside another entry of the list."""
    for child in element:
        kind = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if kind == name:
            yield child
        elif kind not in ("li", "navPoint"):
            yield from _nearest(child, name)


def _joined(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(href)))
