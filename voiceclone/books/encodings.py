"""Bytes of a text file as text, whatever it was saved in: UTF-8, UTF-16, UTF-32, or an older encoding.

Older ones do not tell which they are: the text is decoded by each, and taken where it then is in a language that this
encoding is for. Knows nothing of books.
"""

from __future__ import annotations

import re

from voiceclone.books.languages import detected, share_of_common
from voiceclone.client import BadInput
from voiceclone.files import marked_encoding

_OLDER = (
    ("cp1252", "en de fr es it fi pt nl sv"),
    ("cp1257", "lv"),
    ("cp1250", "pl"),
    ("cp1251", "ru uk"),
    ("koi8-r", "ru"),
    ("cp866", "ru"),
    ("iso8859-5", "ru"),
    ("cp1256", "ar"),
    ("iso8859-6", "ar"),
    ("mac-roman", "en de fr es it fi pt"),
    ("iso2022-jp", "ja"),
    ("cp932", "ja"),
    ("euc-jp", "ja"),
    ("gb18030", "zh"),
    ("big5hkscs", "zh"),
    ("utf-16-le", "ja zh ru ar hi en"),
    ("utf-16-be", "ja zh ru ar hi en"),
)
"""Encodings, and the languages that are looked for in what they make of the bytes."""
_WRITTEN_IN = re.compile(
    # Letters and signs of Western languages: what else an encoding makes of bytes, it makes of another's.
    "[\t\n\r\f\x1a -~\u00a0«»¡¿°ºª§©®·²³¹½¼¾£€¥¢´¨×÷±¶¸ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœŠšŽž"
    "‘’‚“”„–—…•†‡‰™]*"
)
_WESTERN = ("cp1252", "mac-roman")
_NO_TEXT = re.compile("[\0-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f\u2500-\u259f\ud800-\uf8ff\ufffd-\uffff]")
"""Controls, frames, and what has no meaning of its own: in no language's texts."""
_NEW_LINES = re.compile("\r\n?|[\v\f\x85\u2028]")


def decoded(data: bytes) -> str:
    """Return the text of a file, its lines ended by `\\n`. Raises BadInput where its encoding cannot be told."""
    text = _text(data)
    if "\0" in text:
        raise BadInput("is no text, for there are null characters in it: save it as text in UTF-8")
    return _NEW_LINES.sub("\n", text.removeprefix("\ufeff")).replace("\u2029", "\n\n")


def _text(data: bytes) -> str:
    encoding = marked_encoding(data)
    begin = data[:1000]
    if encoding is None and begin.count(0) * 3 > len(begin):  # Latin letters have a null byte each
        encoding = "utf-16-le" if begin[1::2].count(0) > begin[::2].count(0) else "utf-16-be"
    is_other = b"\0" in begin or b"\x1b$" in data  # UTF-16 and ISO-2022-JP may be UTF-8 to the letter
    if encoding is not None or not is_other:
        try:
            return data.decode(encoding or "utf-8")
        except UnicodeDecodeError as e:
            if encoding is not None:
                raise BadInput(f"begins as a text in {encoding.upper()} and does not go on so: save it in UTF-8") from e
    best, found = 0.0, None
    for name, languages in _OLDER:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if (share := _share(text, name, languages.split())) > best:
            best, found = share, text
    if found is None:
        raise BadInput("is not in UTF-8, nor can be told in which encoding it is: save it in UTF-8")
    return found


def _share(text: str, encoding: str, languages: list[str]) -> float:
    """Return how sure it is that the text is in that encoding, 0..1: the share of common words."""
    if _NO_TEXT.search(text) or (encoding in _WESTERN and not _WRITTEN_IN.fullmatch(text)):
        return 0
    language = detected(text)
    return share_of_common(text, language) if language in languages else 0
