"""What is said in a recording, and when: whisper, its words' times, what differs from what was to be said."""

from voiceclone.listening.alignment import in_order, next_word, on_readings, spoken_words
from voiceclone.listening.verification import Comparison, compare, word_error_rate
from voiceclone.listening.whisper import Recogniser

__all__ = [
    "Comparison",
    "Recogniser",
    "compare",
    "in_order",
    "next_word",
    "on_readings",
    "spoken_words",
    "word_error_rate",
]
