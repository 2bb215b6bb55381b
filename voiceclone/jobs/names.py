"""The voices that a text may name, listed when it first names one.

Knows nothing of texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from voiceclone.errors import StorageFailed
from voiceclone.voices import Voices


class Names:
    """Names of the voices that there are. Where they cannot be listed any may be one: loading it tells."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices

    def __contains__(self, name: str) -> bool:
        return name in self._voices.built_in.names or self._listed is None or name in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed or self._voices.built_in.names)

    @cached_property
    def _listed(self) -> frozenset[str] | None:
        try:
            return frozenset(self._voices.names())
        except StorageFailed:
            return None
