"""The files in an EPUB's container: found by their names, unpacked within bounds, decoded.

Knows nothing of what is in them. Nothing is fetched, nothing is unpacked to a disk, and no more is read than MAX_BYTES,
whatever the archive claims.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from voiceclone.books.parsing import MAX_FILE_BYTES, TooMuch, read_xml
from voiceclone.client import BadInput

MAX_BYTES = 100_000_000
"""Of everything that is read, unpacked."""
MAX_FILES = 10_000
MAX_NAME = 1_000
"""Characters of a file's path in the archive."""
_DAMAGES = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NO_CHARACTER_SETS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined")
"""Of Python's encodings: they encode names and programs. Punycode's time grows with the square of the length."""
_DECLARED = re.compile(
    rb"\s*<\?xml[^>]{0,500}encoding=[\"']([A-Za-z0-9._-]+)|.{0,2000}?<meta[^>]{0,200}charset=[\"']?\s?([A-Za-z0-9._-]+)",
    re.DOTALL | re.IGNORECASE,
)


class Missing(BadInput):
    """A file is not in the archive."""


class Archive:
    """The files of a book by their paths."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_BYTES
        self._names = frozenset(archive.namelist())
        if len(archive.filelist) > MAX_FILES:
            raise BadInput(f"has {len(archive.filelist)} files, more than {MAX_FILES}: split the book")
        if any(len(name) > MAX_NAME for name in self._names):
            raise BadInput(f"has a file with a name of more than {MAX_NAME} characters: convert the book anew")
        self._alike = {_alike(name): name for name in sorted(self._names, reverse=True)}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def found(self, path: str) -> str:
        """Return the name in the archive of what a document calls so; the path itself where there is none.

        A path may differ in case, in slashes, in the form of accents, and in what is written as `%20`.
        """
        return path if path in self._names or len(path) > MAX_NAME else self._alike.get(_alike(path), path)

    def xml(self, name: str) -> ElementTree.Element:
        """Return the root of a document. Raises BadInput with its name, Missing."""
        with naming(name):
            return read_xml(self.text(name))

    def text(self, name: str) -> str:
        """Return a document's text. Raises what `naming` names."""
        data = self.read(name)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        declared = _DECLARED.match(data)
        encoding = (declared[1] or declared[2]).decode() if declared else "utf-8-sig"
        try:
            known = codecs.lookup(encoding).name not in _NO_CHARACTER_SETS
            return _decoded(data, encoding if known else "utf-8-sig", is_sure=not declared or declared[1] is not None)
        except LookupError:
            return data.decode("utf-8-sig", "replace")

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises what `naming` names."""
        about = self._archive.getinfo(name)
        if about.compress_type not in _COMPRESSIONS:  # others are unpacked without a bound
            raise BadInput("is packed as no EPUB may be: convert the book to EPUB anew")
        with self._archive.open(about) as file:
            limit = min(MAX_FILE_BYTES, self._left)
            data = file.read(limit + 1)
        if len(data) > limit:
            raise TooMuch(
                f"unpacks to more than {MAX_FILE_BYTES} bytes, or all files to more than {MAX_BYTES}: split the book"
            )
        self._left -= len(data)
        return data


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a book's archive. Raises BadInput where it is none, is damaged, or what is read in it is."""
    try:
        with _File(path) as file, zipfile.ZipFile(file) as archive:
            yield Archive(archive)
    except _DAMAGES as e:
        raise BadInput(
            f"{path} is no EPUB that can be read, or a damaged one ({type(e).__name__}): fetch it again, or convert it"
        ) from e
    except OSError as e:
        raise BadInput(f"{path} cannot be read: {e.strerror or e}") from e
    except BadInput as e:
        raise BadInput(f"{path}: {e}") from e


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Name the file of the book that cannot be used."""
    try:
        yield
    except BadInput as e:
        raise type(e)(f"{name!r} {e}") from e
    except KeyError as e:
        raise Missing(f"{name!r} is not in it, so it is damaged: fetch the book again, or convert it") from e
    except UnicodeError as e:
        raise BadInput(f"{name!r} is not in the encoding that it names, or not in UTF-8: save it so") from e
    except _DAMAGES as e:
        raise BadInput(f"{name!r} is damaged ({type(e).__name__}): fetch the book again, or convert it") from e


def joined(base: str, href: str) -> str:
    """Return the path that a link in the file `base` leads to."""
    directory = posixpath.dirname(base.replace("\\", "/"))
    return posixpath.normpath(posixpath.join(directory, unquote(href).replace("\\", "/")))


class _File(io.FileIO):
    """An archive: its list of files is read at once, and must not be longer than any of them."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_FILE_BYTES + 1:
            raise BadInput(f"lists more than {MAX_FILES} files: split the book")
        return super().read(size)


def _decoded(data: bytes, encoding: str, is_sure: bool) -> str:
    """Return the encodings to try. A `meta` element is often older than the page: UTF-8 comes first."""
    if not is_sure:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    return data.decode(encoding)


def _alike(path: str) -> str:
    """Return what is the same for all ways to write a path."""
    path = posixpath.normpath(unquote(path).replace("\\", "/"))
    return unicodedata.normalize("NFC", path).casefold().lstrip("./")
