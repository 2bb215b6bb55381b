"""Speech to words: a whisper model, loaded when it is first needed.

Knows nothing of voices, jobs or what the words are for. One recogniser serves all who want to hear: transcribing a
reference, telling when each word is said, checking what was spoken.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from voiceclone import audio
from voiceclone.errors import ModelUnavailable
from voiceclone.failures import failures_named
from voiceclone.types import Transcript, Waveform, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
"""The rate that whisper hears at, in Hertz."""
NO_SPEECH, LIKELY = 0.8, -0.7
"""Whisper hears "you" and "thank you" in silence: it doubts that anyone spoke, and its words (mean log probability)."""
RETRY_S = 300
COMPUTE_TYPES = {"cuda": "float16", "cpu": "int8"}


class Recogniser:
    """Hears words and when they are said. One call at a time."""

    def __init__(self, name: str, find: Callable[[], Path], device: str) -> None:
        """
        Args:
            name: tells what it hears from what another hears.
            find: gives the directory of the model, in CTranslate2's format; asked when the model is first needed.
        """
        self.name = name
        self._find = find
        self._device = device
        self._loaded: WhisperModel | None = None
        self._failure: tuple[float, ModelUnavailable] | None = None

    def transcribe(self, waveform: Waveform, language: str | None = None) -> Transcript:
        """The words of speech, the likeliest each.

        `language` (ISO 639-1) is a hint; one that the model does not know is passed over. Raises ModelUnavailable
        where there is no model, OutOfMemory, DeviceFailed.
        """
        model = self._model()
        samples = audio.resample(waveform, SAMPLE_RATE).samples
        with failures_named():
            segments, about = model.transcribe(
                samples,
                language=language if language in model.supported_languages else None,
                temperature=0.0,  # above it words are drawn at random where the model is unsure
                condition_on_previous_text=False,  # with it one error repeats itself to the end
                word_timestamps=True,
            )
            words = [
                Word(word.word, float(word.start), float(word.end), float(word.probability))
                for segment in segments
                if segment.no_speech_prob < NO_SPEECH or segment.avg_logprob > LIKELY
                for word in segment.words or ()
            ]
        return Transcript(tuple(words), about.language, float(about.language_probability))

    def _model(self) -> WhisperModel:
        """Loaded once; where that failed, tried again only after a while: the hub is not asked in every job."""
        if self._loaded is None:
            if self._failure is not None and time.monotonic() < self._failure[0] + RETRY_S:
                raise self._failure[1]
            try:
                self._loaded = self._load()
            except ModelUnavailable as e:
                self._failure = time.monotonic(), e
                raise
        return self._loaded

    def _load(self) -> WhisperModel:
        start = time.perf_counter()
        try:
            directory = self._find()
        except OSError as e:
            raise ModelUnavailable(f"the whisper model cannot be read: {e}") from e
        from faster_whisper import WhisperModel

        try:
            with failures_named():
                model = WhisperModel(str(directory), device=self._device, compute_type=COMPUTE_TYPES[self._device])
        except (RuntimeError, ValueError, OSError) as e:
            raise ModelUnavailable(f"{directory} holds no whisper model that can be loaded: {e}") from e
        log.info("recogniser %s loaded in %.1f s", self.name, time.perf_counter() - start)
        return model
