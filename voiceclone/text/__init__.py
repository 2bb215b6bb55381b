"""What is said: characters, sentences, tokens, mark-up, words of the operator's own, numbers as they are read."""

from voiceclone.text.splitting import (
    SENTENCE_ENDS,
    as_transcript,
    beginning,
    clean,
    composed,
    dropped,
    is_abbreviated,
    is_speakable,
    is_wide,
    language_of,
    respelled,
    sentences_end,
    size,
    split,
    tokenize,
)

__all__ = [
    "SENTENCE_ENDS",
    "as_transcript",
    "beginning",
    "clean",
    "composed",
    "dropped",
    "is_abbreviated",
    "is_speakable",
    "is_wide",
    "language_of",
    "respelled",
    "sentences_end",
    "size",
    "split",
    "tokenize",
]
