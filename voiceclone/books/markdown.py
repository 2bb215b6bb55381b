"""A Markdown text as chapters, by its headings; its title, author and language out of its front matter.

Knows nothing of files. Tables and struck-out text are read, notes are not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from voiceclone.books.chapters import Book, cut, level_of_chapters
from voiceclone.books.pages import Blocks, plain, read_page, titled
from voiceclone.client import BadInput

if TYPE_CHECKING:
    from markdown_it.token import Token

_YAML = re.compile(r"\A---[ \t]*\n(.{,10000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.{,10000}?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_PANDOC = re.compile(r"\A(?:%[^\n]{0,1000}(?:\n|\Z)){1,3}")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_NOTE = re.compile(r" {0,3}\[\^[^\]\s]{1,100}\]:")
_NOTE_MARK = re.compile(r"\[\^[^\]\s]{1,100}\]|\^\[[^\[\]]{1,1000}\]")
_ATTRIBUTES = re.compile(r"[ \t]*\{[ \t]*[#.:][^{}]{0,200}\}[ \t]*\Z")
_NAMED = ("text", "name", "main", "family")
_MOST_NAMES = 20


def read_markdown(text: str, name: str) -> Book:
    """Read Markdown. `name`: its title where it does not tell one. Raises BadInput where the reader is missing."""
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError as e:
        raise BadInput("to read Markdown, install it: pip install markdown-it-py") from e
    about, text = _front_matter(text)
    markdown = MarkdownIt().enable(["table", "strikethrough"])
    for mark in ("link_open", "link_close"):  # a short reference would bring a long address each time
        markdown.add_render_rule(mark, lambda *_: "")
    markdown.add_render_rule("image", _image)
    tokens = markdown.parse(_without_notes(text))
    _clear(tokens)
    blocks = Blocks()
    read_page(str(markdown.renderer.render(tokens, markdown.options, {})), blocks)
    chapters = level_of_chapters(blocks)
    above = [block.text for block in blocks if 0 < block.level < chapters]
    title = _said(about.get("title")) or (above[0] if above else name)
    author = next(filter(None, (_said(about.get(key)) for key in ("author", "authors", "creator", "by"))), None)
    language = _said(about.get("lang") or about.get("language"))
    marks = [(i, block.text) for i, block in enumerate(blocks) if 0 < block.level <= chapters]
    return Book(title, author, language, None, cut(blocks, marks, title))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return what is told of the text before it begins, and the text. Nothing that YAML may build is built."""
    import yaml

    about: object = None
    if front := _YAML.match(text):
        try:
            about = yaml.load(front[1], yaml.BaseLoader)  # noqa: S506 - text, lists and mappings are all that it makes
        except (yaml.YAMLError, RecursionError):
            about = None
    elif front := _TOML.match(text):
        try:
            about = tomllib.loads(front[1])
        except (tomllib.TOMLDecodeError, RecursionError):
            about = None
    elif front := _PANDOC.match(text):
        about = dict(zip(("title", "author"), (line[1:] for line in front[0].splitlines()), strict=False))
    known = {str(key).lower(): value for key, value in about.items()} if isinstance(about, dict) else {}
    return known, text[front.end() :] if front else text


def _said(value: object) -> str | None:
    """Return a name, or several: as text, a list of them, or with what else is known of each."""
    every = value[:_MOST_NAMES] if isinstance(value, list) else [value]
    named = (next((v for k in _NAMED if (v := each.get(k))), "") if isinstance(each, dict) else each for each in every)
    texts = (plain(each) for each in named if isinstance(each, str))
    return titled(", ".join(filter(None, texts))) or None


def _without_notes(text: str) -> str:
    """Without the notes that stand below: `[^1]: ...`, and their lines that are indented."""
    kept: list[str] = []
    fence = ""
    in_note = was_blank = False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif _NOTE.match(line):
            in_note, was_blank = True, False
        elif in_note and (not line.strip() or not was_blank or line.startswith(("  ", "\t"))):
            was_blank |= not line.strip()
        else:
            in_note = False
            fence = mark[1] if mark else ""
        kept.append("" if in_note else line)
    return "\n".join(kept)


def _clear(tokens: Sequence[Token]) -> None:
    """Take out marks of notes, and what headings are called by links: `# One {#one}`."""
    for i, token in enumerate(tokens):
        written = [child for child in token.children or () if child.type == "text"]
        for child in written:
            child.content = _NOTE_MARK.sub("", child.content)
        if written and tokens[i - 1].type == "heading_open":
            written[-1].content = _ATTRIBUTES.sub("", written[-1].content)


def _image(_renderer: object, tokens: Sequence[Token], i: int, *_: object) -> str:
    """Return a heading as it is read. It may be a picture: a page of HTML knows how that is read."""
    return f'<img alt="{escape(tokens[i].content)}">'
