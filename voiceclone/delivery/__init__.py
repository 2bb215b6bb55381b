"""How results reach their caller, and what is kept of them for the next time."""

from voiceclone.delivery.chunks import KeptChunks
from voiceclone.delivery.delivery import Delivery, require_sendable
from voiceclone.delivery.undelivered import Undelivered

__all__ = ["Delivery", "KeptChunks", "Undelivered", "require_sendable"]
