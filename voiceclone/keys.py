"""Keys and tokens, as they stand in the environment: without what was copied with them.

Knows no service. A key is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_QUOTES = "\"'`“”‘’«»"


_FAULTS = {
    rf"[{_QUOTES}].*|.*[{_QUOTES}]": "has quotes around it: write it without them",
    r"(?i:bearer|basic|token|authorization:?)\s.*": "begins with a word such as Bearer: write the key alone",
    r".*[\r\n].*": "has characters that no key has, a line break: copy it anew, in one line",
    r".*\s.*": "has characters that no key has, a space: copy it anew, without what stands beside it",
    r".*[^!-~].*": "has characters that no key has: copy it anew",
}
"""What can be no key, and what is said of it; the first that fits."""


def key_in(environ: Mapping[str, str], name: str) -> str:
    """Return a key without the space around it; empty where the variable is not set.

    Raises ValueError, which names the variable, for what can be no key: it would be refused without a reason.
    """
    key = environ.get(name, "").strip()
    for shape, fault in _FAULTS.items():
        if re.fullmatch(shape, key, re.DOTALL):
            raise ValueError(f"{name} {fault}")
    return key
