"""A job's JSON, read and answered. The only package that knows it."""

from voiceclone.jobs.progress import terminal_bar
from voiceclone.jobs.request import NEEDED, SCHEMAS, SynthesisRequest
from voiceclone.jobs.worker import Worker

__all__ = ["NEEDED", "SCHEMAS", "SynthesisRequest", "Worker", "terminal_bar"]
