"""An EPUB's pages in reading order, under the titles of its table of contents; its title, author and cover.

Knows nothing of how text is read out. Nothing is fetched, nothing is unpacked to a disk, and no more is read than
MAX_BYTES, whatever the archive claims. https://www.w3.org/TR/epub-33/; older ones, of version 2, are read as well.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from voiceclone.books.chapters import Book, Chapter, cut
from voiceclone.books.pages import MAX_TITLE, Blocks, plain, read_page
from voiceclone.books.parsing import MAX_FILE_BYTES, read_xml
from voiceclone.client import BadInput

MAX_BYTES = 100_000_000
"""Of everything that is read, unpacked."""
MAX_FILES = 10_000
MAX_NAME = 1_000
"""Characters of a file's path in the archive."""
_DAMAGES = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError)
TOC_DEPTH = 2
"""Parts and their chapters; the sections of a chapter are not marked."""
COVERS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_NO_CHARACTER_SETS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined")
"""Of Python's encodings: they encode names and programs. Punycode's time grows with the square of the length."""


def read_epub(path: Path) -> Book:
    """Read an EPUB. Raises BadInput where it is none, is damaged, protected, or larger than any book."""
    try:
        with _File(path) as file, zipfile.ZipFile(file) as archive:
            return _Package(archive).book(path.stem)
    except _DAMAGES as e:
        raise BadInput(
            f"{path} is no EPUB that can be read, or a damaged one ({type(e).__name__}): fetch it again, or convert it"
        ) from e
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror or e}") from e
    except BadInput as e:
        raise BadInput(f"{path}: {e}") from e


class _File(io.FileIO):
    """An archive: its list of files is read at once, and must not be longer than any of them."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_FILE_BYTES + 1:
            raise BadInput(f"lists more than {MAX_FILES} files: split the book")
        return super().read(size)


@contextmanager
def _in(name: str) -> Iterator[None]:
    """Name the file of the book that cannot be used."""
    try:
        yield
    except BadInput as e:
        raise BadInput(f"{name!r} {e}") from e
    except KeyError as e:
        raise BadInput(f"{name!r} is not in it, so it is damaged: fetch the book again, or convert it") from e
    except UnicodeError as e:
        raise BadInput(f"{name!r} is not in the encoding that it names, or not in UTF-8: save it so") from e
    except _DAMAGES as e:
        raise BadInput(f"{name!r} is damaged ({type(e).__name__}): fetch the book again, or convert it") from e


class _Package:
    """The files of a book, and what its package document says of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_BYTES
        self._names = frozenset(archive.namelist())
        if len(archive.filelist) > MAX_FILES:
            raise BadInput(f"has {len(archive.filelist)} files, more than {MAX_FILES}: split the book")
        if any(len(name) > MAX_NAME for name in self._names):
            raise BadInput(f"has a file with a name of more than {MAX_NAME} characters: convert the book anew")
        container = self._xml("META-INF/container.xml")
        rootfile = next(_named(container, "rootfile"), None)
        if rootfile is None:
            raise BadInput("META-INF/container.xml names no package document: convert the book to EPUB anew")
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
        contents = list(self._contents())
        linked = {(page, anchor) for page, anchor, _ in contents}
        blocks = Blocks()
        places: dict[tuple[str, str], int] = {}
        firsts: list[tuple[int, str]] = []
        for page in pages:
            start = len(blocks)
            with _in(page):
                anchors = read_page(self._text(page), blocks)
            places |= {(page, anchor): i for anchor, i in anchors.items() if (page, anchor) in linked}
            places[page, ""] = start
            if start < len(blocks):
                heading = next((block.text for block in blocks[start:] if block.level), None)
                firsts.append((start, heading or f"{len(firsts) + 1}"))
        marks = {
            places.get((page, anchor), places[page, ""]): title
            for page, anchor, title in contents
            if (page, "") in places
        }
        # A page of which the contents know nothing goes on with the chapter before it.
        begin = min(marks, default=len(blocks) + 1)
        return cut(blocks, sorted([*(first for first in firsts if first[0] < begin), *marks.items()]), name)

    def _spine(self) -> list[str]:
        """Pages in reading order, without cover, table of contents and index."""
        aside = {self._path(r.get("href")) for r in _named(self._package, "reference") if r.get("type") in _ASIDE}
        read = (ref.get("idref", "") for ref in _named(self._package, "itemref") if ref.get("linear") != "no")
        items = (self._items[id_] for id_ in dict.fromkeys(read) if id_ in self._items)
        pages = dict.fromkeys(
            self._path(item.get("href"))
            for item in items
            if "html" in item.get("media-type", "") and "nav" not in item.get("properties", "").split()
        )
        return [page for page in pages if page not in aside]

    def _contents(self) -> Iterator[tuple[str, str, str]]:
        """Page, anchor and title of each chapter."""
        nav = next((i for i in self._items.values() if "nav" in i.get("properties", "").split()), None)
        ncx = next((i for i in self._items.values() if i.get("media-type") == "application/x-dtbncx+xml"), None)
        if nav is not None:
            path = self._path(nav.get("href"))
            lists = (nav for nav in _named(self._xml(path), "nav") if "toc" in nav.get(_EPUB_TYPE, "").split())
            for list_ in islice(lists, 1):
                yield from self._listed(path, list_, "li", TOC_DEPTH)
        elif ncx is not None:
            path = self._path(ncx.get("href"))
            for list_ in islice(_named(self._xml(path), "navMap"), 1):
                yield from self._listed(path, list_, "navPoint", TOC_DEPTH)

    def _listed(self, path: str, parent: ElementTree.Element, tag: str, depth: int) -> Iterator[tuple[str, str, str]]:
        for entry in _nearest(parent, tag):
            inside = list(_nearest(entry, "a" if tag == "li" else "content"))
            label = inside[0] if inside and tag == "li" else next(_named(entry, "text"), entry)
            title = plain("".join(label.itertext()))[:MAX_TITLE]
            if inside and title:
                link = urlsplit(inside[0].get("href") or inside[0].get("src") or "")
                yield _joined(path, link.path), unquote(link.fragment), title
            if depth > 1:
                yield from self._listed(path, entry, tag, depth - 1)

    def _cover(self) -> bytes | None:
        named = next((m.get("content", "") for m in _named(self._package, "meta") if m.get("name") == "cover"), "")
        items = [i for i in self._items.values() if "cover-image" in i.get("properties", "").split()]
        for item in (*items, self._items.get(named)):
            if item is not None and (path := self._path(item.get("href"))) in self._names:
                with _in(path):
                    data = self._read(path)
                return data if data.startswith(COVERS) else None
        return None

    def _meta(self, name: str) -> str | None:
        """The first of its kind, in the package's metadata."""
        texts = (plain(element.text or "")[:MAX_TITLE] for element in _named(self._package, name))
        return next(filter(None, texts), None)

    def _protected(self) -> set[str]:
        """What is encrypted; fonts often are, and need not be read."""
        if "META-INF/encryption.xml" not in self._names:
            return set()
        return {
            unquote(each.get("URI", "")) for each in _named(self._xml("META-INF/encryption.xml"), "CipherReference")
        }

    def _path(self, href: str | None) -> str:
        return _joined(self._opf, urlsplit(href or "").path)

    def _xml(self, name: str) -> ElementTree.Element:
        with _in(name):
            return read_xml(self._text(name))

    def _text(self, name: str) -> str:
        data = self._read(name)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        declared = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)", data)
        encoding = declared[1].decode() if declared else "utf-8-sig"
        try:
            known = codecs.lookup(encoding).name not in _NO_CHARACTER_SETS
            return data.decode(encoding if known else "utf-8-sig")
        except LookupError:
            return data.decode("utf-8-sig", "replace")

    def _read(self, name: str) -> bytes:
        about = self._archive.getinfo(name)
        if about.compress_type not in _COMPRESSIONS:  # others are unpacked without a bound
            raise BadInput("is packed as no EPUB may be: convert the book to EPUB anew")
        with self._archive.open(about) as file:
            limit = min(MAX_FILE_BYTES, self._left)
            data = file.read(limit + 1)
        if len(data) > limit:
            raise BadInput(
                f"unpacks to more than {MAX_FILE_BYTES} bytes, or all files to more than {MAX_BYTES}: split the book"
            )
        self._left -= len(data)
        return data


_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_ASIDE = ("cover", "toc", "index")


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """All below with that name, whatever their namespace."""
    return (each for each in element.iter() if each.tag.rpartition("}")[2] == name)


def _nearest(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Those below with that name that are not inside another entry of the list."""
    waiting = [*reversed(element)]
    while waiting:
        child = waiting.pop()
        kind = child.tag.rpartition("}")[2]
        if kind == name:
            yield child
        elif kind not in ("li", "navPoint"):
            waiting += reversed(child)


def _joined(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(href)))
