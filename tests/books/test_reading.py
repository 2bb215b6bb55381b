"""Nothing of a book is lost and nothing is invented, whatever the tool that made it thought of."""

from __future__ import annotations

import io
import zipfile

import pytest
from epubs import cover, page, picture, write_epub

from voiceclone.books import covers
from voiceclone.books.pages import Blocks, read_page
from voiceclone.books.reading import read_book
from voiceclone.client.errors import BadInput


def read(path):
    return {chapter.title: [block.text for block in chapter.blocks] for chapter in read_book(path).chapters}


GUTENBERG = """The Project Gutenberg eBook of A Tale

Title: A Tale
    of the Sea

Author: A. Sailor

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK A TALE ***

CHAPTER I

It was.

End of the Project Gutenberg EBook of A Tale

*** END OF THE PROJECT GUTENBERG EBOOK A TALE ***

The licence."""


@pytest.mark.parametrize(
    ("text", "chapters"),
    [
        (
            "PART ONE\n\nCHAPTER I\n\nIt was.\n\nPART TWO\n\nCHAPTER II\n\nIt is.",
            {
                "PART ONE": ["PART ONE"],
                "CHAPTER I": ["CHAPTER I", "It was."],
                "PART TWO": ["PART TWO"],
                "CHAPTER II": ["CHAPTER II", "It is."],
            },
        ),
        (
            "Chapter 1\nIt was late.\nHe slept.\n\nChapter 2\nIt was early.",
            {"Chapter 1": ["Chapter 1", "It was late. He slept."], "Chapter 2": ["Chapter 2", "It was early."]},
        ),
        (
            "PART ONE\nCHAPTER I\nIt was.",
            {"PART ONE": ["PART ONE"], "CHAPTER I": ["CHAPTER I", "It was."]},
        ),
        (
            "Chapter 1\n\nIt was.\n\nPart two was harder.\n\nBook three, he said.",
            {"Chapter 1": ["Chapter 1", "It was.", "Part two was harder.", "Book three, he said."]},
        ),
        (
            "CHAPTER I\nThe Beginning\n\nIt was.\n\nCHAPTER II. The Long\nway home\n\nIt is.",
            {
                "CHAPTER I The Beginning": ["CHAPTER I The Beginning", "It was."],
                "CHAPTER II. The Long way home": ["CHAPTER II. The Long way home", "It is."],
            },
        ),
        (
            "CONTENTS\n\nCHAPTER I. Down . . . . 1\nCHAPTER II. Up . . . . 12\n\n"
            "CHAPTER I.\nDown\n\nA.\n\nCHAPTER II.\nUp\n\nB.",
            {"CHAPTER I. Down": ["CHAPTER I. Down", "A."], "CHAPTER II. Up": ["CHAPTER II. Up", "B."]},
        ),
        (
            "We saw it in the\nchapter 5. Then\nwe went.\n\nPart two of it was\nharder.",
            {"book": ["We saw it in the chapter 5. Then we went.", "Part two of it was harder."]},
        ),
        (
            "It ended.\nChapter 2\nIt goes on.",
            {"book": ["It ended."], "Chapter 2": ["Chapter 2", "It goes on."]},
        ),
        (
            "第一章 春\n　　今天天气很好。\n　　他来了。\n第二章 夏\n　　天很热。",
            {"第一章 春": ["第一章 春", "今天天气很好。", "他来了。"], "第二章 夏": ["第二章 夏", "天很热。"]},
        ),
        (
            "Глава 1\n\nБыло поздно.\n\nГлава вторая\nБыло рано.",
            {"Глава 1": ["Глава 1", "Было поздно."], "Глава вторая": ["Глава вторая", "Было рано."]},
        ),
        ("ONE\n\nIt was.\n\nTWO\n\nIt is.", {"ONE": ["ONE", "It was."], "TWO": ["TWO", "It is."]}),
        ("1\n\nIt was.\n\n2\n\nIt is.", {"1": ["1", "It was."], "2": ["2", "It is."]}),
        ("It was a\n\n1\n\nlong day.\n\nTwo", {"book": ["It was a", "1", "long day.", "Two"]}),
        ("Chapter 1\n\nChapter 2", {"Chapter 1": ["Chapter 1"], "Chapter 2": ["Chapter 2"]}),
        (
            "The cor-\nridor of Anglo-\nSaxon self-\nmade men, Vor-\nund Nach\u00ad\nteil.\nWell-known: well-\nknown.",
            {"book": ["The corridor of Anglo-Saxon self-made men, Vor- und Nachteil. Well-known: well-known."]},
        ),
        ("今日は\n天気が\n\nいい。", {"book": ["今日は天気が", "いい。"]}),
        (
            f"{'It was a very long day. ' * 10}\nChapter 1\n{'It was a long one. ' * 10}\nIt is.",
            {
                "book": [("It was a very long day. " * 10).strip()],
                "Chapter 1": ["Chapter 1", ("It was a long one. " * 10).strip(), "It is."],
            },
        ),
        (GUTENBERG, {"CHAPTER I": ["CHAPTER I", "It was."]}),
    ],
)
def test_a_plain_text_is_read_whole(tmp_path, text, chapters):
    (tmp_path / "book.txt").write_text(text)
    assert read(tmp_path / "book.txt") == chapters


def test_what_stands_before_a_book_of_gutenberg_tells_its_title(tmp_path):
    (tmp_path / "book.txt").write_text(GUTENBERG)
    book = read_book(tmp_path / "book.txt")
    assert (book.title, book.author, book.language) == ("A Tale of the Sea", "A. Sailor", "English")


@pytest.mark.parametrize(
    ("text", "about", "chapters"),
    [
        (
            "# One {#one}\n\nran.[^1] ~~x~~ `[^1]`^[in line]\n\n"
            "[^1]: A note\n    of two lines.\n\n    And more.\n\nSo.\n\n# Two\n\nb",
            ("book", None, None),
            {"One": ["One", "ran. x [^1]", "So."], "Two": ["Two", "b"]},
        ),
        ("| a | b |\n|---|---|\n| c | ~~d~~ |", ("book", None, None), {"book": ["a", "b", "c", "d"]}),
        (
            "Title\n=====\n\nOne\n---\n\na\n\nTwo\n---\n\nb",
            ("Title", None, None),
            {"Title": ["Title"], "One": ["One", "a"], "Two": ["Two", "b"]},
        ),
        ("---\ntitle: T\nauthor: [A, B]\nlang: de\n---\ntext", ("T", "A, B", "de"), {"T": ["text"]}),
        ("---\nTitle: T\nauthors:\n- name: A\n- B\n---\ntext", ("T", "A, B", None), {"T": ["text"]}),
        ("---\ntitle:\n  main: T\ncreator:\n- text: A\n---\ntext", ("T", "A", None), {"T": ["text"]}),
        ("---\ntitle: T\nauthor: {a: b}\n...\ntext", ("T", None, None), {"T": ["text"]}),
        ("+++\ntitle = 'T'\nauthor = ['A', 'B']\n+++\ntext", ("T", "A, B", None), {"T": ["text"]}),
        ("% T\n% A\n\ntext", ("T", "A", None), {"T": ["text"]}),
        (
            "# ![One](a.png)\n\nx ![y](b.png)\n\n# Two\n\nz",
            ("book", None, None),
            {"One": ["One", "x"], "Two": ["Two", "z"]},
        ),
        ("```\n[^1]: code\n```", ("book", None, None), {"book": ["[^1]: code"]}),
    ],
)
def test_markdown_is_read_whole(tmp_path, text, about, chapters):
    (tmp_path / "book.md").write_text(text)
    book = read_book(tmp_path / "book.md")
    assert (book.title, book.author, book.language) == about
    assert read(tmp_path / "book.md") == chapters


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('ran.<sup><a href="#n1">1</a></sup> So', ["ran. So"]),
        ('ran.<a href="#n1"><sup>1</sup></a> So', ["ran. So"]),
        ('ran<sup>[<a href="#a">1</a>]</sup>.', ["ran."]),
        ('ran<sup><a href="#a">1</a>, <a href="#b">2</a></sup>.', ["ran."]),
        ('ran[<a href="n.html#fn1">1</a>].', ["ran."]),
        ('ran<a href="n.html#x">[12]</a>, <a href="#y">*</a>so', ["ran, so"]),
        ('ran<a href="#footnote-3">3</a>.', ["ran."]),
        ("ran<sup>*</sup>, so<sup>[2]</sup>.", ["ran, so."]),
        ('ran<a class="footnote-ref" href="x.html">1</a>.', ["ran."]),
        ('ran<a epub:type="noteref" href="x.html">1</a>, <a role="doc-noteref" href="#x">2</a>so', ["ran, so"]),
        ("10 m<sup>2</sup>, E = mc<sup>2</sup>, 21<sup>st</sup>", ["10 m2, E = mc2, 21st"]),
        ('see <a href="#c5">5</a>, <a href="#eq3">(3)</a>, <a href="#c">Chapter 5</a>', ["see 5, (3), Chapter 5"]),
        ('a<div class="footnotes"><ol><li>n</li></ol></div><p>b', ["a", "b"]),
        (
            '<aside epub:type="footnote">n</aside><section role="doc-endnotes">n</section><p class="footnote">n</p>b',
            ["b"],
        ),
        ('a <span class="pagenum">12</span>b <span class="pageno">[Pg 12]</span>c', ["a b c"]),
        ('a <span epub:type="pagebreak" id="p1" title="1"/>b <span role="doc-pagebreak">2</span>c', ["a b c"]),
        ('a <span epub:type="z3998:pagebreak">3</span>b <a id="Page_12">[Pg 12]</a>c', ["a b c"]),
        ('a <span class="pagebreak">xii</span>b<pagenum>3</pagenum>', ["a b"]),
        ('<div class="pagebreak">A story</div><h1 class="page-break">One</h1>', ["A story", "One"]),
        ('<span id="p12">He</span> had <span>12</span> men', ["He had 12 men"]),
        ('<h1><img alt="Chapter One" src="a.png"/></h1>x', ["Chapter One", "x"]),
        ('<h1 class="c"><a id="a"/><svg aria-label="Chapter One"><g/></svg></h1>x', ["Chapter One", "x"]),
        ('<h1><img alt="img001.jpg"/></h1><h2>A <img alt="B"/></h2><p><img alt="Cat"/></p>', ["A"]),
        ('<p><img class="drop" alt="I" src="i.png"/>t was', ["It was"]),
        ('a<span style="display: none">b</span><span hidden="">c</span><i aria-hidden="true">d</i>', ["a"]),
        ('<section class="pg-boilerplate pgheader">x</section>y', ["y"]),
        ("<p>今日は\n  天気<p>a\nb", ["今日は天気", "a b"]),
    ],
)
def test_a_page_is_read_without_notes_and_numbers_of_pages(html, said):
    blocks = Blocks()
    read_page(html, blocks)
    assert [block.text for block in blocks] == said


OPF = """<package xmlns:dc="x"><metadata><dc:title>T</dc:title>{meta}</metadata><manifest>{items}</manifest>
<spine toc="ncx">{refs}</spine>{guide}</package>"""
PAGES = {"1.xhtml": page("One", "A."), "2.xhtml": page("Two", "B.")}
BOTH = {"One": ["One", "A."], "Two": ["Two", "B."]}
XHTML = "application/xhtml+xml"


def opf(hrefs=("1.xhtml", "2.xhtml"), kind=XHTML, meta="", more="", guide=""):
    items = "".join(f'<item id="i{i}" href="{href}" media-type="{kind}"/>' for i, href in enumerate(hrefs))
    refs = "".join(f'<itemref idref="i{i}"/>' for i in range(len(hrefs)))
    return {"OEBPS/book.opf": OPF.format(meta=meta, items=items + more, refs=refs, guide=guide)}


NAV = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
NCX = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
POINTS = "".join(
    f'<navPoint><navLabel><text>N{i}</text></navLabel><content src="{i}.xhtml"/></navPoint>' for i in (1, 2)
)
TOC = {"OEBPS/toc.ncx": f"<ncx><navMap>{POINTS}</navMap></ncx>"}
BY_NCX = {"N1": ["One", "A."], "N2": ["Two", "B."]}


@pytest.mark.parametrize(
    ("more", "chapters", "warned"),
    [
        ({"OEBPS/nav.xhtml": None}, BOTH, "nav.xhtml"),
        ({"OEBPS/nav.xhtml": "<html><nav"}, BOTH, "nav.xhtml"),
        ({"OEBPS/nav.xhtml": "<html/>"}, BOTH, ""),
        ({"OEBPS/nav.xhtml": b"\xff\xff"}, BOTH, "nav.xhtml"),
        ({**opf(more=NAV + NCX), **TOC, "OEBPS/nav.xhtml": None}, BY_NCX, ""),
        ({**opf(more=NCX), **TOC}, BY_NCX, ""),
        ({**opf(more=NCX), "OEBPS/toc.ncx": "<ncx>"}, BOTH, "toc.ncx"),
        (opf(more=NCX), BOTH, "toc.ncx"),
        (opf(), BOTH, ""),
        (opf(["1.xhtml", "gone.xhtml", "2.xhtml"]), BOTH, "gone.xhtml"),
        (opf(kind="text/x-oeb1-document"), BOTH, ""),
        (opf(kind="application/x-dtbook+xml"), BOTH, ""),
        (opf(kind="text/html"), BOTH, ""),
        (opf(kind=""), BOTH, ""),
        (opf(["1.XHTML", "2.Xhtml"]), BOTH, ""),
        (opf([".\\1.xhtml", "..\\OEBPS\\2.xhtml"]), BOTH, ""),
        (opf(["%31.xhtml", "2%2Exhtml"]), BOTH, ""),
        (opf(["/OEBPS/1.xhtml", "./2.xhtml#a"]), BOTH, ""),
        ({**opf(["a b.xhtml"]), "OEBPS/a%20b.xhtml": page("One", "A.")}, {"One": ["One", "A."]}, ""),
        ({**opf(["a%20b.xhtml"]), "OEBPS/a b.xhtml": page("One", "A.")}, {"One": ["One", "A."]}, ""),
        ({**opf(["é.xhtml"]), "OEBPS/e\u0301.xhtml": page("One", "A.")}, {"One": ["One", "A."]}, ""),
        ({**opf(["s\\1.xhtml"]), "OEBPS/s/1.xhtml": page("One", "A.")}, {"One": ["One", "A."]}, ""),
        (
            {**opf(["a.xhtml", "b.xhtml"]), "OEBPS/a.xhtml": page("One", "A."), "OEBPS/b.xhtml": "<p>Still one."},
            {"One": ["One", "A.", "Still one."]},
            "",
        ),
        (
            {**opf(["a.xhtml"]), "OEBPS/a.xhtml": page("One", "A.") + page("Two", "B.")},
            BOTH,
            "",
        ),
        (
            {**opf(["1.xhtml"]), "OEBPS/1.xhtml": '<meta charset="windows-1252"/><h1>One</h1>caf\xe9'.encode("cp1252")},
            {"One": ["One", "café"]},
            "",
        ),
    ],
)
def test_a_book_with_what_is_wrong_is_read_and_it_is_told(tmp_path, more, chapters, warned):
    path = write_epub(tmp_path / "a.epub", PAGES, more=more)
    book = read_book(path)
    assert read(path) == chapters
    assert warned in "".join(book.warnings)
    assert bool(book.warnings) == bool(warned)


def test_names_in_the_archive_may_have_backslashes(tmp_path):
    path = write_epub(tmp_path / "a.epub", PAGES)
    other = tmp_path / "b.epub"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename.replace("OEBPS/", "OEBPS\\"), old.read(info))
    assert read(other) == {"Chapter 1": ["One", "A."], "Chapter 2": ["Two", "B."]}


@pytest.mark.parametrize(
    ("languages", "language"),
    [(["und", "en-US"], "en-US"), (["eng"], "eng"), (["und"], "und"), ([], None), (["", "de"], "de")],
)
def test_the_language_is_the_first_that_is_one(tmp_path, languages, language):
    meta = "".join(f"<dc:language>{each}</dc:language>" for each in languages)
    assert read_book(write_epub(tmp_path / "a.epub", PAGES, more=opf(meta=meta))).language == language


PICTURE = '<item id="{}" href="{}" properties="{}" media-type="image/jpeg"/>'
COVER_PAGE = '<item id="cp" href="cp.xhtml" media-type="application/xhtml+xml"/>'


@pytest.mark.parametrize(
    "files",
    [
        opf(more=PICTURE.format("x", "cover.jpg", "cover-image")),
        opf(meta='<meta name="cover" content="x"/>', more=PICTURE.format("x", "cover.jpg", "")),
        opf(meta='<meta name="cover" content="cover.jpg"/>'),
        opf(guide='<guide><reference type="cover" href="cover.jpg"/></guide>'),
        {
            **opf(guide='<guide><reference type="cover" href="cp.xhtml"/></guide>', more=COVER_PAGE),
            "OEBPS/cp.xhtml": '<svg><image xlink:href="COVER.jpg"/></svg>',
        },
        {
            **opf(meta='<meta name="cover" content="cp"/>', more=COVER_PAGE),
            "OEBPS/cp.xhtml": '<img src="./cover.jpg"/>',
        },
        opf(more=PICTURE.format("Cover", "cover.jpg", "")),
        opf(more=PICTURE.format("x", "cover.jpg", "")),
        {
            **opf(more=PICTURE.format("x", "gone.jpg", "cover-image") + PICTURE.format("y", "Cover.jpg", "")),
        },
    ],
)
def test_a_cover_is_found_however_it_is_told(tmp_path, files):
    assert read_book(write_epub(tmp_path / "a.epub", PAGES, more=files)).cover == cover()


@pytest.mark.parametrize("kind", ["mjpeg", "png", "gif", "libwebp", "bmp", "tiff"])
def test_a_cover_becomes_what_players_show(kind):
    """JPEG and PNG stay as they are; others become JPEG of the same size."""
    import av

    data = picture(kind)
    made = covers.shown(data)
    assert (made == data) == (kind in ("mjpeg", "png"))
    with av.open(io.BytesIO(made)) as file:
        assert file.streams.video[0].codec_context.name in ("mjpeg", "png")
        assert (file.streams.video[0].width, file.streams.video[0].height) == (16, 16)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"RIFF\0\0\0\0WAVEfmt ",
        *[cover()[:n] for n in (3, 20, 100)],
        *[picture("png")[:n] for n in (8, 30, 60)],
        picture("gif")[:20],
        picture("libwebp")[:20],
        cover()[:3] + bytes(1000),
    ],
)
def test_a_cover_that_is_damaged_or_none_is_refused(data):
    with pytest.raises(BadInput, match="give a JPEG, PNG"):
        covers.shown(data)
