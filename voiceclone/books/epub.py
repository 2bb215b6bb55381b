"""An EPUB's pages in reading order, under the titles of its table of contents; its title, author and cover.

Knows nothing of how text is read out. What is wrong with the contents or a page is told, and the rest is read.
https://www.w3.org/TR/epub-33/; older ones, of version 2 and of OEB, are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from voiceclone.books import covers
from voiceclone.books.archive import Archive, Missing, joined, naming, opened
from voiceclone.books.chapters import Book, Chapter, cut, level_of_chapters
from voiceclone.books.languages import code_of
from voiceclone.books.pages import Block, Blocks, read_page, titled
from voiceclone.books.parsing import TooMuch, read_html
from voiceclone.client import BadInput

TOC_DEPTH = 2
"""Parts and their chapters; the sections of a chapter are not marked."""
MAX_COVERS = 5
"""Pictures that are looked at."""
_PAGES = ("html", "x-oeb1-document", "x-dtbook+xml", "application/xml", "text/xml")
"""In the media types of what is read."""
_PAGE_ENDINGS = (".xhtml", ".html", ".htm", ".xht")
_NCX = "application/x-dtbncx+xml"
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_ASIDE = ("cover", "toc", "index")


def read_epub(path: Path) -> Book:
    """Read an EPUB. Raises BadInput where it is none, is damaged, protected, or larger than any book."""
    with opened(path) as archive:
        return _Package(archive).book(path.stem)


class _Package:
    """What the package document says of a book's files."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._warnings: list[str] = []
        container = archive.xml("META-INF/container.xml")
        rootfile = next(_named(container, "rootfile"), None)
        if rootfile is None:
            raise BadInput("META-INF/container.xml names no package document: convert the book to EPUB anew")
        self._opf = archive.found(unquote(rootfile.get("full-path", "")))
        self._package = archive.xml(self._opf)
        self._items = {item.get("id", ""): item for item in _named(self._package, "item")}

    def book(self, name: str) -> Book:
        pages = self._spine()
        if protected := self._protected().intersection(pages):
            raise BadInput(f"is protected against copying, {min(protected)} is encrypted: it cannot be read here")
        languages = list(self._meta("language"))
        language = next(filter(code_of, languages), next(iter(languages), None))
        title = next(self._meta("title"), name)
        author = next(self._meta("creator"), None)
        chapters = self._chapters(pages, name)
        return Book(title, author, language, self._cover(), chapters, tuple(self._warnings))

    def _chapters(self, pages: list[str], name: str) -> tuple[Chapter, ...]:
        contents = self._contents()
        linked = {(page, anchor) for page, anchor, _ in contents}
        blocks = Blocks()
        places: dict[tuple[str, str], int] = {}
        starts: list[int] = []
        missing: list[Missing] = []
        for page in pages:
            start = len(blocks)
            try:
                with naming(page):
                    anchors = read_page(self._archive.text(page), blocks)
            except Missing as e:
                missing.append(e)
                continue
            places |= {(page, anchor): i for anchor, i in anchors.items() if (page, anchor) in linked}
            places[page, ""] = start
            if start < len(blocks):
                starts.append(start)
        if missing and not blocks:
            raise missing[0]
        self._warnings += [f"{e}; what is in it is left out" for e in missing]
        marks = {
            places.get((page, anchor), places[page, ""]): title
            for page, anchor, title in contents
            if (page, "") in places
        }
        # A page of which the contents know nothing goes on with the chapter before it.
        begin = min(marks, default=len(blocks) + 1)
        others = [mark for mark in _by_headings(blocks, starts, bool(marks)) if mark[0] < begin]
        return cut(blocks, sorted([*others, *marks.items()]), name)

    def _spine(self) -> list[str]:
        """Pages in reading order, without cover, table of contents and index."""
        guide = _named(self._package, "reference")
        aside = {self._path(each.get("href")) for each in guide if (each.get("type") or "").lower() in _ASIDE}
        read = (ref.get("idref", "") for ref in _named(self._package, "itemref") if ref.get("linear") != "no")
        items = (self._items[id_] for id_ in dict.fromkeys(read) if id_ in self._items)
        pages = dict.fromkeys(self._path(item.get("href")) for item in map(self._readable, items) if item is not None)
        return [page for page in pages if page not in aside]

    def _readable(self, item: ElementTree.Element) -> ElementTree.Element | None:
        """Return an item that is a page, or what stands for one of a kind that nobody reads; not the contents."""
        for _ in range(3):
            kind, path = item.get("media-type", "").lower(), urlsplit(item.get("href") or "").path.lower()
            if any(each in kind for each in _PAGES) or (not kind.startswith("image/") and path.endswith(_PAGE_ENDINGS)):
                return None if "nav" in item.get("properties", "").split() else item
            instead = self._items.get(item.get("fallback", ""))
            if instead is None:
                return None
            item = instead
        return None

    def _contents(self) -> list[tuple[str, str, str]]:
        """Page, anchor and title of each chapter, out of the first table of contents that can be read."""
        tables = [(i, "nav", "li") for i in self._items.values() if "nav" in i.get("properties", "").split()][:1]
        spine = next(_named(self._package, "spine"), None)
        by_spine = self._items.get(spine.get("toc", "")) if spine is not None else None
        ncx = [by_spine, *(i for i in self._items.values() if i.get("media-type") == _NCX)]
        tables += [(i, "navMap", "navPoint") for i in ncx if i is not None][:1]
        problems: list[BadInput] = []
        for item, list_, entry in tables:
            path = self._path(item.get("href"))
            try:
                root = self._archive.xml(path)
            except TooMuch:
                raise
            except BadInput as e:
                problems.append(e)
                continue
            lists = (
                each
                for each in _named(root, list_)
                if entry == "navPoint"
                or "toc" in each.get(_EPUB_TYPE, each.get("role", "").replace("doc-", "")).split()
            )
            found = [each for list_ in islice(lists, 1) for each in self._listed(path, list_, entry, TOC_DEPTH)]
            if found:
                return found
        self._warnings += [f"{e}; chapters are found by headings instead" for e in problems]
        return []

    def _listed(self, path: str, parent: ElementTree.Element, tag: str, depth: int) -> Iterator[tuple[str, str, str]]:
        for entry in _nearest(parent, tag):
            inside = list(_nearest(entry, "a" if tag == "li" else "content"))
            label = inside[0] if inside and tag == "li" else next(_named(entry, "text"), entry)
            title = titled("".join(label.itertext()) or label.get("title", "") or _picture(label))
            if inside and title:
                link = urlsplit(inside[0].get("href") or inside[0].get("src") or "")
                yield self._archive.found(joined(path, link.path)), unquote(link.fragment), title
            if depth > 1:
                yield from self._listed(path, entry, tag, depth - 1)

    def _cover(self) -> bytes | None:
        """Return the first picture that is one, of those that may be the cover."""
        for path in islice(dict.fromkeys(path for path in self._covers() if path in self._archive), MAX_COVERS):
            try:
                with naming(path):
                    data = self._archive.read(path)
            except BadInput as e:
                self._warnings.append(f"{e}; it is no cover")
                continue
            if covers.is_picture(data):
                return data
        return None

    def _covers(self) -> Iterator[str]:
        """Yield where the cover may be: as EPUB 3 says, as version 2 says, on a page that is called so, by its name."""
        items = self._items.values()
        yield from (self._path(i.get("href")) for i in items if "cover-image" in i.get("properties", "").split())
        named = next((m.get("content", "") for m in _named(self._package, "meta") if m.get("name") == "cover"), "")
        if named:
            item = self._items.get(named)
            yield from self._pictures(self._path(item.get("href") if item is not None else named))
        for each in islice((r for r in _named(self._package, "reference") if "cover" in r.get("type", "").lower()), 2):
            yield from self._pictures(self._path(each.get("href")))
        pictures = [i for i in items if i.get("media-type", "").startswith("image/")]
        for name in ("id", "href"):
            yield from (self._path(i.get("href")) for i in pictures if "cover" in i.get(name, "").lower())

    def _pictures(self, path: str) -> Iterator[str]:
        """Yield the picture itself, or the first one on a page."""
        if path not in self._archive or not path.lower().endswith((*_PAGE_ENDINGS, ".xml")):
            yield path
            return
        finder = _Pictures()
        try:
            with naming(path):
                read_html(self._archive.text(path), finder)
        except BadInput:
            return
        yield from (self._archive.found(joined(path, urlsplit(link).path)) for link in finder.links)

    def _meta(self, name: str) -> Iterator[str]:
        """Yield all of a kind in the package's metadata."""
        texts = (titled(element.text or "") for element in _named(self._package, name))
        return filter(None, texts)

    def _protected(self) -> set[str]:
        """Return what is encrypted; fonts often are, and need not be read."""
        if "META-INF/encryption.xml" not in self._archive:
            return set()
        references = _named(self._archive.xml("META-INF/encryption.xml"), "CipherReference")
        return {self._archive.found(unquote(each.get("URI", ""))) for each in references}

    def _path(self, href: str | None) -> str:
        return self._archive.found(joined(self._opf, urlsplit(href or "").path))


class _Pictures:
    """Notes where the first picture of a page is."""

    def __init__(self) -> None:
        self.links: list[str] = []

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        link = attrs.get("src") or attrs.get("xlink:href") or attrs.get("href")
        if tag in ("img", "image") and link and not self.links:
            self.links.append(link)

    def end(self, _tag: str) -> None:
        pass

    def data(self, _data: str) -> None:
        pass


def _by_headings(blocks: Sequence[Block], starts: list[int], has_contents: bool) -> list[tuple[int, str]]:
    """Marks where pages begin, by their headings or numbers; without contents by headings wherever they are."""
    level = 0 if has_contents else level_of_chapters(blocks)
    marks = {i: titled(block.text) for i, block in enumerate(blocks) if 0 < block.level <= level}
    numbers = {start: i for i, start in enumerate(starts, 1)}
    for start, end in pairwise([*starts, len(blocks)]):
        heading = next((block.text for block in islice(blocks, start, end) if block.level), None)
        if heading is not None or not marks or has_contents:
            marks.setdefault(start, titled(heading) if heading else f"{numbers[start]}")
    return sorted(marks.items())


def _picture(element: ElementTree.Element) -> str:
    return next((alt for each in _named(element, "img") if (alt := each.get("alt"))), "")


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield all below with that name, whatever their namespace."""
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
