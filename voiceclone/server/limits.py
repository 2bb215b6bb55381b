"""How much of one process callers may have who send too much, too slowly or nothing at all."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field


def _most_connections() -> int:
    """Return half of the descriptors that this process may have, and no more than 1024."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if descriptors == resource.RLIM_INFINITY else min(1024, descriptors // 2)


@dataclass(frozen=True)
class Limits:
    """Numbers that nobody needs to set, but tests, which would wait for a minute."""

    body_bytes: int = 30_000_000
    """Of a request: the platform's gateway takes no more."""
    bodies_bytes: int = 300_000_000
    """Of all requests that are being read or answered."""
    body_values: int = 300_000
    """JSON's in a body: in memory each takes some dozen times its bytes."""
    body_s: float = 60.0
    """So long may a body be on its way."""
    connections: int = field(default_factory=_most_connections)
    """At the same time: for one more the one that has been idle for longest is closed."""
    patience_s: float = 30.0
    """A connection is closed when nothing moves on it between two looks, so far apart."""
    silence_s: float = 600.0
    """A session is closed that says nothing for so long."""
    fetch_s: float = 10.0
    """So long may callers of jobs ask for what has come of them, before the process ends."""
    message_bytes: int = 16_000_000
    """Of one message in a session."""
    fragments: int = 10_000
    """Of one message."""


USUAL = Limits()
