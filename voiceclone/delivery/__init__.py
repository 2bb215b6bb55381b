"""How results reach their caller, and what becomes of those that could not."""

from voiceclone.delivery.delivery import Delivery, require_sendable
from voiceclone.delivery.undelivered import Undelivered

__all__ = ["Delivery", "Undelivered", "require_sendable"]
