"""A book that means harm is read or refused, in time and memory that grow with its length only."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from conftest import ROOT
from epubs import page, write_epub

from voiceclone.books import archive, covers, pages
from voiceclone.books.archive import MAX_FILES, MAX_NAME
from voiceclone.books.pages import MAX_TITLE, Blocks, plain, read_page
from voiceclone.books.parsing import MAX_DEPTH, MAX_FILE_BYTES, read_xml
from voiceclone.books.reading import read_book
from voiceclone.client.errors import BadInput


@pytest.fixture(scope="module")
def reader():
    """A process that reads files, each in one of its own."""
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tests/support/reader.py"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def read_apart(reader):
    def read_apart(kind, path):
        """What is said of a file, empty where it is read."""
        print(json.dumps([kind, str(path)]), file=reader.stdin, flush=True)
        status, said = json.loads(reader.stdout.readline())
        assert status == 0
        return said

    return read_apart


@pytest.fixture
def refusal(read_apart):
    """What is said of a book that is read in a process of its own, empty where it is read."""
    return lambda path: read_apart("book", path)


def repeated(head, unit, size):
    """`unit` again and again behind `head`, `#` in it a number, in `size` bytes."""
    return (head + "".join(unit.replace("#", str(i)) for i in range(size // len(unit) + 1)))[:size]


DEEP = "<div>" * (MAX_DEPTH - 10)
PAGES = {
    "comments": ("", "<!--"),
    "comments behind text": ("a", "-- ><!-- x"),
    "CDATA": ("", "<![CDATA["),
    "processing instructions": ("", "<?x "),
    "document types": ("", "<!DOCTYPE "),
    "tags without end": ("", "<a "),
    "attributes without end": ("<p a='", "<a b='"),
    "attributes": ("<p ", "a#='' "),
    "less than": ("", "<"),
    "named entities": ("", "&amp;"),
    "half entities": ("", "&amp"),
    "ampersands": ("", "&"),
    "numbers of characters": ("", "&#x4e2d;"),
    "numbers of no characters": ("", "&#xd800;"),
    "null bytes": ("", "\0"),
    "end tags": ("", "</x>"),
    "end tags below many elements": (DEEP, "</x>"),
    "elements below many elements": (DEEP, "<b>x</b>"),
    "end tags of others": ("<i><b>", "</i><b>"),
    "unclosed paragraphs": ("", "<p>xxxxxxxxxxxxxxxxxxxxxxx"),
    "unclosed inline elements": ("", "<a><p>"),
    "unclosed items": ("", "<li>"),
    "scripts": ("<script>", "<!--<script>"),
    "bodies": ("", "<body a#>"),
    "anchors": ("", "<i id=a#>"),
    "elements in one another": ("", "<g>"),
    "divisions in one another, then closed": ("", "<div></x>"),
    "SVG": ("<svg>", "<g>"),
    "MathML": ("<math>", "<mi><mrow>"),
    "tables": ("", "<table><td>"),
    "lists": ("", "<ul><li>"),
    "spaces": ("", " \n"),
    "words": ("", "a "),
    "marks of notes": ("<p>", '<a href="#n">1</a>'),
    "marks that are raised": ("<p>", "<sup>[1]</sup>"),
    "numbers of pages": ("<p>", '<span class="pagebreak">1</span>'),
    "classes": ("<p class='", "footnote-x "),
    "styles": ("<p style='", "display "),
    "lines of Chinese": ("<p>", "中\n"),
}
DOCUMENTS = {
    "comments": ("<a>", "<!--"),
    "closed comments": ("<a>", "<!---->"),
    "CDATA": ("<a>", "<![CDATA["),
    "closed CDATA": ("<a>", "<![CDATA[]]>"),
    "processing instructions": ("<a>", "<?x y?>"),
    "named entities": ("<a>", "&nbsp;"),
    "unknown entities": ("<a>", "&x#;"),
    "numbers of characters": ("<a>", "&#x4e2d;"),
    "null bytes": ("<a>", "\0"),
    "tags without end": ("<a>", "<a "),
    "attributes": ("<a ", "a#='' "),
    "names of namespaces": ("<a ", "xmlns:a#='a' "),
    "namespaces": ("<a>", "<a xmlns='a#'/>"),
    "elements": ("<a>", "<g/>"),
    "elements in one another": ("", "<g>"),
    "declared entities": ("<!DOCTYPE a [", "<!ENTITY a# 'a'>"),
    "declared attributes": ("<!DOCTYPE a [", "<!ATTLIST a a# CDATA 'a'>"),
    "a content model": ("<!DOCTYPE a [<!ELEMENT a (", "("),
}


@pytest.mark.parametrize(
    ("kind", "head", "unit"),
    [
        pytest.param(kind, *case, id=f"{kind}-{name}")
        for kind, cases in (("page", PAGES), ("xml", DOCUMENTS))
        for name, case in cases.items()
    ],
)
def test_work_grows_with_the_length(read_apart, tmp_path, kind, head, unit):
    """300 kB take a third of a second or so; what grows with its square would take minutes, and is ended."""
    (tmp_path / "file").write_text(repeated(head, unit, 300_000))
    read_apart(kind, tmp_path / "file")


def small(more):
    """Other files of a book that has one page."""
    return lambda path: write_epub(path, {"1.xhtml": page("One", "Text.")}, more=more)


def documents(text):
    """The same for each document in XML, and for the page."""
    return [{name: text} for name in ("META-INF/container.xml", "OEBPS/book.opf", "OEBPS/nav.xhtml", "OEBPS/1.xhtml")]


GROWN = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
ENTITIES = f'<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">{GROWN}]><a b="&a9;">&a9;</a>'
DOTTED = ENTITIES.replace("&a", "&a.").replace("ENTITY a", "ENTITY a.")


@pytest.mark.parametrize(
    "more", [each for text in (ENTITIES, DOTTED, f"<!-- <!DOCTYPE a> -->{DOTTED}") for each in documents(text)]
)
def test_entities_never_grow(refusal, tmp_path, more):
    """Whatever stands before the document type, and wherever they are used."""
    refusal(small(more)(tmp_path / "a.epub"))


def test_no_entity_brings_a_file(tmp_path):
    (tmp_path / "secret").write_text("secret")
    uri = (tmp_path / "secret").as_uri()
    document = f'<!DOCTYPE a SYSTEM "{uri}" [<!ENTITY a.b SYSTEM "{uri}"><!ENTITY % p SYSTEM "{uri}"> %p;]><a>&a.b;</a>'
    assert "".join(read_xml(document).itertext()) == ""
    blocks = Blocks()
    read_page(document, blocks)
    assert "secret" not in "".join(block.text for block in blocks)


def test_a_default_of_an_attribute_is_not_copied_without_end():
    with pytest.raises(BadInput, match="no XML"):
        read_xml(f'<!DOCTYPE a [<!ATTLIST g a CDATA "{"x" * 1_000_000}">]><a>{"<g/>" * 100_000}</a>')


def test_names_of_htmls_characters_are_read_and_others_are_left():
    root = read_xml(
        '<?xml version="1.0" encoding="latin1"?><a b="&eacute;">é&nbsp;&LT;&lt;&#65;&x;<![CDATA[<c>]]><!--d--></a>'
    )
    assert (root.get("b"), root.text) == ("é", "é\xa0<<A&x;<c>")


@pytest.mark.parametrize("element", ["g", "div", "svg", "math", "b", "table", "li"])
@pytest.mark.parametrize("file", ["1.xhtml", "nav.xhtml", "book.opf"])
def test_elements_in_one_another_are_refused_by_the_files_name(refusal, tmp_path, element, file):
    more = {f"OEBPS/{file}": f"<{element}><a>" * 100_000}
    said = refusal(small(more)(tmp_path / "a.epub"))
    assert f"a.epub: 'OEBPS/{file}' has more than {MAX_DEPTH} elements in one another: close them" in said


def test_a_page_may_be_as_deep_as_the_limit():
    depth = MAX_DEPTH - 2  # html and body
    blocks = Blocks()
    read_page("<div>" * depth + "Text." + "</div>" * depth, blocks)
    assert [block.text for block in blocks] == ["Text."]


@pytest.mark.parametrize(
    ("broken", "read"),
    [
        ("<p>a<!-- b", ["a"]),
        ("<p>a<![CDATA[ b", ["a"]),
        ("<p>a<?b c", ["a"]),
        ("<p>a<b c='d", ["a"]),
        ("<p>a&#0;&#xd800;b &unknown; &amp", ["a\ufffd\ufffdb &unknown; &"]),
        ("<p>a\0b\x1b]0;c\x07\x9b1m", ["a\ufffdb ]0;c 1m"]),
        ("<p>a<svg><g>b</svg>c<p>d<math><mi>e</p>f", ["ac", "d", "f"]),
        ("<p>a<script>b", ["a"]),
        ("</p></div>a<p><i>b<p>c", ["a", "b", "c"]),
        ("<p>\ud800a", ["?a"]),
        ('<meta charset="latin1"><p>é', ["é"]),
    ],
)
def test_a_broken_page_is_read_as_far_as_it_goes(broken, read):
    blocks = Blocks()
    read_page(broken, blocks)
    assert [block.text for block in blocks] == read


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<p>caf\xe9", "not in the encoding"),
        (b'<?xml version="1.0" encoding="utf-16"?><p>a', "not in the encoding"),
        (b'<?xml version="1.0" encoding="ascii"?><p>caf\xc3\xa9', "not in the encoding"),
        (b"\xff\xfe<\0p\0>\0\x00", "not in the encoding"),
        (b"\xff\xfe<\0p\0>\0a\0", ""),
        (b'<?xml version="1.0" encoding="latin1"?><p>caf\xe9', ""),
        (b'<?xml version="1.0" encoding="none-such"?><p>caf\xc3\xa9', ""),
        (b'<?xml version="1.0" encoding="zlib"?><p>a', ""),
        (b'<?xml version="1.0" encoding="unicode_escape"?><p>\\x00', ""),
        (b'<?xml version="1.0" encoding="punycode"?><p>' + b"-" + b"b" * 3_000_000, ""),
    ],
)
def test_an_encoding_is_one_of_texts(refusal, tmp_path, data, said):
    """Wrong ones are named, and what only Python takes for one is none: punycode takes hours."""
    told = refusal(small({"OEBPS/1.xhtml": data})(tmp_path / "a.epub"))
    assert (said in told and "'OEBPS/1.xhtml'" in told and "save it" in told) if said else not told


def patched(offset, value):
    """A book whose list of files says something else of the page, at the offset in its entry."""

    def write(path):
        write_epub(path, {"1.xhtml": page("One", "Text. " * 1000)})
        data = bytearray(path.read_bytes())
        at = data.rindex(b"OEBPS/1.xhtml") - 46
        data[at + offset : at + offset + len(value)] = value
        path.write_bytes(data)
        return path

    return write


def listed(names):
    """A book with more files, each with one byte."""

    def write(path):
        small({})(path)
        with zipfile.ZipFile(path, "a") as book:
            for name in names:
                book.writestr(zipfile.ZipInfo(name), b"x")
        return path

    return write


def packed(method):
    """A book of which a page is packed so that some kB make more than a file may have."""

    def write(path):
        small({"OEBPS/1.xhtml": None})(path)
        with zipfile.ZipFile(path, "a") as book:
            book.writestr("OEBPS/1.xhtml", b" " * (MAX_FILE_BYTES + 1), compress_type=method)
        return path

    return write


NOT_THERE = "is not in it, so it is damaged: fetch the book again"


def pointing(full_path):
    return small({"META-INF/container.xml": f'<container><rootfile full-path="{full_path}"/></container>'})


@pytest.mark.parametrize(
    ("write", "said"),
    [
        pytest.param(patched(24, struct.pack("<L", 10)), "'OEBPS/1.xhtml' is damaged (BadZipFile)", id="less"),
        pytest.param(patched(42, struct.pack("<L", 2**31)), "damaged", id="elsewhere"),
        pytest.param(patched(8, b"\1"), "'OEBPS/1.xhtml' is damaged (RuntimeError)", id="encrypted"),
        pytest.param(patched(10, b"\x63"), "packed as no EPUB may be", id="an unknown method"),
        pytest.param(packed(zipfile.ZIP_BZIP2), "packed as no EPUB may be: convert", id="bzip2"),
        pytest.param(packed(zipfile.ZIP_LZMA), "packed as no EPUB may be: convert", id="lzma"),
        pytest.param(packed(zipfile.ZIP_DEFLATED), f"more than {MAX_FILE_BYTES} bytes", id="one that unpacks to much"),
        pytest.param(pointing("/etc/passwd"), f"'/etc/passwd' {NOT_THERE}", id="an absolute path"),
        pytest.param(pointing("../../etc/passwd"), f"'../../etc/passwd' {NOT_THERE}", id="a path out of it"),
        pytest.param(pointing("%1b[2Ja"), rf"'\x1b[2Ja' {NOT_THERE}", id="control characters"),
        pytest.param(listed(["../../a", "/a", "a\x1b[2J", "b\n", "c.zip", "."]), "", id="names that nobody asks for"),
        pytest.param(listed(["a" * (MAX_NAME + 1)]), f"more than {MAX_NAME} characters: convert", id="a long name"),
        pytest.param(listed(map(str, range(MAX_FILES))), f"more than {MAX_FILES}: split", id="files"),
        pytest.param(listed(map(str, range(65_536))), f"more than {MAX_FILES}: split", id="files that ZIP64 counts"),
        pytest.param(listed(f"{i:0900}" for i in range(12_000)), f"more than {MAX_FILES} files", id="a long list"),
    ],
)
def test_an_archive_that_lies_or_is_too_much_is_refused(refusal, tmp_path, write, said):
    told = refusal(write(tmp_path / "a.epub"))
    assert told.startswith(f"{tmp_path / 'a.epub'}") if said else not told
    assert said in told
    assert "\x1b" not in told


@pytest.mark.parametrize("offset", [20, 24])
def test_a_size_that_is_not_true_reserves_nothing(refusal, tmp_path, offset):
    """2 GB, packed or unpacked: Pythons differ in whether they believe it."""
    told = refusal(patched(offset, struct.pack("<L", 2**31))(tmp_path / "a.epub"))
    assert not told or "'OEBPS/1.xhtml' is damaged" in told


def test_an_archive_in_an_archive_is_not_opened(refusal, tmp_path):
    inner = small({})(tmp_path / "inner.epub").read_bytes()
    told = refusal(small({"META-INF/container.xml": inner})(tmp_path / "a.epub"))
    assert "'META-INF/container.xml' is not in the encoding" in told


def test_all_files_together_have_a_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(archive, "MAX_BYTES", 10_000)
    files = {f"{i}.xhtml": page("One", "Text. " * 200) for i in range(11)}
    with pytest.raises(BadInput, match="all files to more than 10000: split the book"):
        read_book(write_epub(tmp_path / "a.epub", files))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "a" * (MAX_FILE_BYTES + 1), "split the book"),
        ("a.txt", "Chapter 1\n\n" * 20_000, ""),
        ("a.txt", "Chapter 1\n\na\n\n" * 15_000, ""),
        ("a.txt", "a" * MAX_FILE_BYTES, ""),
        ("a.txt", "a-\n" * 40_000, ""),
        ("a.txt", "Part one\n" * 15_000, ""),
        ("a.txt", "Chapter one two three four five six seven eight nine ten\n" * 10_000, ""),
        ("a.txt", f"{'Chapter 1' + ' .' * 70}\n" * 10_000, ""),
        ("a.txt", f"{'einund' * 25}\n" * 10_000, ""),
        ("a.txt", "1\n\n" * 30_000, ""),
        ("a.txt", "*** START OF THE PROJECT GUTENBERG " * 20_000, ""),
        ("a.md", "[^1" * 5_000 + "^[a" * 5_000 + "~~a" * 1_000, ""),
        ("a.md", "[^1]: a\n" * 5_000 + "# a {#" * 1_000, "no text"),
        ("a.md", "# a\n\n" * 15_000, ""),
        ("a.md", f"[a]: {'b' * 150_000}\n\n" + "[a]" * 30_000, ""),
        ("a.md", "---\n" + "title: " + "[" * 2_000 + "\n---\na", ""),
        ("a.md", "---\ntitle: 2001-99-99\n---\na", ""),
        (
            "a.md",
            "---\na0: &a0 {a: b}\n"
            + "".join(f"a{i + 1}: &a{i + 1} {{<<: [{', '.join([f'*a{i}'] * 10)}]}}\n" for i in range(9))
            + "title: *a9\n---\na",
            "",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_text_without_end_is_read_or_refused(refusal, tmp_path, name, text, said):
    """Paragraphs, chapters, short references to a long address, and front matter that would build much."""
    (tmp_path / name).write_text(text)
    told = refusal(tmp_path / name)
    assert said in told if said else not told


def test_a_picture_that_unpacks_to_much_is_not_unpacked():
    """Many megabytes of pixels in some kilobytes: its size is read, and nothing else."""
    body = struct.pack(">IIBBBBB", 15_000, 15_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", body), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    with pytest.raises(BadInput, match="pixels"):
        covers.shown(png)


@pytest.mark.parametrize(("limit", "what"), [("MAX_CHARACTERS", "characters"), ("MAX_BLOCKS", "paragraphs")])
def test_a_book_has_a_limit_of_characters_and_paragraphs(monkeypatch, tmp_path, limit, what):
    monkeypatch.setattr(pages, limit, 5)
    (tmp_path / "a.txt").write_text("a\n\n" * 6)
    epub = small({"OEBPS/1.xhtml": page("One", *["Text."] * 6)})(tmp_path / "a.epub")
    for path, named in ((tmp_path / "a.txt", r"a\.txt"), (epub, r"a\.epub: 'OEBPS/1.xhtml'")):
        with pytest.raises(BadInput, match=rf"{named} goes past .*\b5 {what}.*: split the book"):
            read_book(path)


def manifest(rest):
    return small({"OEBPS/book.opf": f"<package><metadata><title>T</title></metadata><manifest>{rest}</package>"})


LONG = "a/" * 200_000
ITEM = '<item id="a" href="{}" properties="{}" media-type="application/xhtml+xml"/></manifest><spine>{}</spine>'


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(
            manifest(ITEM.format(LONG, "", '<itemref idref="a"/>' * 50_000)), id="a long path again and again"
        ),
        pytest.param(manifest(ITEM.format("a", "b " * 200_000, '<itemref idref="a"/>' * 50_000)), id="properties"),
        pytest.param(
            manifest(
                "".join(f'<item id="{i}" href="{i}" properties="cover-image"/>' for i in range(20_000)) + "</manifest>"
            ),
            id="covers",
        ),
        pytest.param(
            small({"OEBPS/book.opf": "<title>" * 400 + " " * 9_000_000 + "</title>" * 400}), id="titles in one another"
        ),
        pytest.param(
            small(
                {
                    "OEBPS/nav.xhtml": '<a xmlns:epub="http://www.idpf.org/2007/ops">'
                    + '<nav epub:type="toc">' * 400
                    + '<li><a href="1.xhtml">a</a></li>' * 40_000
                    + "</nav>" * 400
                    + "</a>"
                }
            ),
            id="lists in one another",
        ),
    ],
)
def test_a_package_is_looked_through_once(refusal, tmp_path, write):
    refusal(write(tmp_path / "a.epub"))


def test_what_a_terminal_would_obey_is_in_no_title(tmp_path):
    text = "\x1b]0;a\x07 \x9b2J b"
    (tmp_path / "a.md").write_text(f"# {text}\n\nText.\n")
    book = read_book(tmp_path / "a.md")
    assert (book.chapters[0].title, plain(text)) == ("]0;a 2J b",) * 2
    opf = f"<package><title>{'a' * 1000}\x9b</title><manifest/></package>"
    with pytest.raises(BadInput, match="no text"):
        read_book(small({"OEBPS/book.opf": opf})(tmp_path / "a.epub"))
    (tmp_path / "b.md").write_text(f"---\ntitle: {'a' * 1000}\n---\nText.\n")
    assert read_book(tmp_path / "b.md").title == "a" * MAX_TITLE
