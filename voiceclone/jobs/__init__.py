"""A job's JSON, read and answered. The only package that knows it."""

from voiceclone.jobs.dub_request import DubRequest
from voiceclone.jobs.progress import terminal_bar
from voiceclone.jobs.replies import error_reply
from voiceclone.jobs.request import SCHEMAS, SynthesisRequest
from voiceclone.jobs.speech_request import NEEDED, SpeechRequest
from voiceclone.jobs.worker import Worker

__all__ = [
    "NEEDED",
    "SCHEMAS",
    "DubRequest",
    "SpeechRequest",
    "SynthesisRequest",
    "Worker",
    "error_reply",
    "terminal_bar",
]
