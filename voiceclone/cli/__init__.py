"""The command `voiceclone`: what a person says to it, and what it shows."""

from voiceclone.cli.options import text_of

__all__ = ["text_of"]
