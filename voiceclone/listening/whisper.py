"""Speech to words: a whisper model, loaded when it is first needed.

Knows nothing of voices, jobs or what the words are for. One recogniser serves all who want to hear: transcribing a
reference, telling when each word is said, checking what was spoken.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voiceclone import audio
from voiceclone.errors import ModelUnavailable
from voiceclone.failures import failures_named
from voiceclone.listening.alignment import refined, spoken_words, spread
from voiceclone.listening.voice_activity import may_hold_speech
from voiceclone.text import is_speakable, is_wide
from voiceclone.types import Transcript, Waveform, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
"""The rate that whisper hears at, in Hertz."""
NO_SPEECH, LIKELY = 0.8, -0.7
"""Whisper hears "you" and "thank you" in a noise: it doubts that anyone spoke, and its words (mean log probability)."""
MAYBE_NO_SPEECH, REPEATED = 0.6, 2.4
"""Or it hears one phrase on and on, and believes it: a text that can be compressed. Both numbers are whisper's own."""
ALIGNED_S = (0.1, 30.0)
"""Of speech, that whisper can find words in: it hears no more at once."""
MAX_TOKENS = 440
"""It says no more at once: 448, with those that begin and end a text."""
BEAM, AGAIN_S = 5, 0.3
"""Texts that whisper weighs at once; and seconds of silence in front of what it hears a second time."""
RETRY_S = 300
COMPUTE_TYPES = {"cuda": "float16", "cpu": "int8"}


class Recogniser:
    """Hears words and when they are said. Its methods may be called by several threads."""

    def __init__(self, name: str, find: Callable[[], Path], device: str) -> None:
        """
        Args:
            name: tells what it hears from what another hears.
            find: gives the directory of the model, in CTranslate2's format; asked when the model is first needed.
        """
        self.name = name
        self._find = find
        self._device = device
        self._loading = threading.Lock()
        self._loaded: WhisperModel | None = None
        self._failure: tuple[float, ModelUnavailable] | None = None

    def load(self) -> None:
        """Load the model now, unless it is. Raises ModelUnavailable where there is none."""
        self._model()

    def transcribe(self, waveform: Waveform, language: str | None = None, again: bool = False) -> Transcript:
        """Return the words of speech, the likeliest each; none where nobody speaks.

        Args:
            language: a hint, ISO 639-1; one that the model does not know is passed over.
            again: hear it in another way than the first time, and faster: where the two differ, neither is sure.

        Raises:
            ModelUnavailable: there is no model.
            OutOfMemory, DeviceFailed: while it listens.
        """
        heard = audio.resample(waveform, SAMPLE_RATE)
        if not may_hold_speech(heard):
            return Transcript((), None, 0.0)
        model = self._model()
        # One silence in front moves all speech in the frames that whisper hears.
        samples = np.pad(heard.samples, (round(AGAIN_S * SAMPLE_RATE), 0)) if again else heard.samples
        with failures_named():
            segments, about = model.transcribe(
                samples,
                beam_size=1 if again else BEAM,
                language=language if language in model.supported_languages else None,
                temperature=0.0,  # above it words are drawn at random where the model is unsure
                condition_on_previous_text=False,  # with it one error repeats itself to the end
                word_timestamps=True,
            )
            said = [segment for segment in segments if _is_said(segment)]
        words = tuple(
            Word(word.word, float(word.start), float(word.end), float(word.probability))
            for segment in said
            for word in segment.words or ()
        )
        return Transcript(
            words,
            about.language,
            float(about.language_probability),
            float(min((segment.avg_logprob for segment in said), default=0.0)),
            float(max((segment.no_speech_prob for segment in said), default=0.0)),
        )

    def align(self, waveform: Waveform, text: str, language: str | None = None) -> tuple[Word, ...]:
        """When each word of a text is said: `spoken_words` of it, in order and within the audio.

        The text is not doubted: what is not said is put somewhere, with little probability. In more than 30 s of
        speech, with more text than whisper can say at once, or in another language than English for a model that
        knows no other, the times are guessed from the sound alone, with none. `language` and errors are those of
        `transcribe`.
        """
        words = spoken_words(text)
        heard = audio.resample(waveform, SAMPLE_RATE)
        model = self._model()
        with failures_named():
            told = _attended(model, heard, words, language)
        return tuple(refined(told or spread(words, heard), heard))

    def _model(self) -> WhisperModel:
        """Loaded once; where that failed, tried again only after a while: the hub is not asked in every job."""
        with self._loading:
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
        from voiceclone.listening.encoder import Listener

        try:
            with failures_named():
                model = Listener(str(directory), device=self._device, compute_type=COMPUTE_TYPES[self._device])
        except (RuntimeError, ValueError, LookupError, OSError) as e:  # LookupError: a tensor that is not there
            raise ModelUnavailable(f"{directory} holds no whisper model that can be loaded: {e}") from e
        log.info("recogniser %s loaded in %.1f s", self.name, time.perf_counter() - start)
        return model


def _is_said(segment: Segment) -> bool:
    """Whether what whisper heard may be speech: in noise it hears signs alone, or words that nobody says."""
    doubted = segment.no_speech_prob >= NO_SPEECH and segment.avg_logprob <= LIKELY
    endless = segment.no_speech_prob >= MAYBE_NO_SPEECH and segment.compression_ratio > REPEATED
    return is_speakable(segment.text) and not doubted and not endless


def _attended(model: WhisperModel, heard: Waveform, words: Sequence[str], language: str | None) -> list[Word]:
    """When whisper attends to each word while it says them; nothing where that cannot be told.

    As `find_alignment` of faster-whisper: the decoder is given the text, and dynamic time warping finds the way through
    what it attends to.
    """
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer

    if not ALIGNED_S[0] <= heard.duration_s <= ALIGNED_S[1] or not any(map(is_speakable, words)):
        return []
    if not model.model.is_multilingual and language not in (None, "en"):
        return []  # what it attends to in a language that it does not know differs from processor to processor
    features = model.feature_extractor(heard.samples)
    if not model.model.is_multilingual:
        language = "en"
    elif language not in model.supported_languages:
        language, *_ = model.detect_language(features=features)
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
    parts = [tokenizer.encode(part) for part in _parts(words)]
    tokens = [token for part in parts for token in part]
    if len(tokens) > MAX_TOKENS:
        return []
    frames = features.shape[-1] - 1  # the last holds nothing of the sound: `transcribe` leaves it out as well
    encoded = model.encode(pad_or_trim(features[:, :frames]))
    (found,) = model.model.align(encoded, tokenizer.sot_sequence, [tokens], frames)
    rows, columns = np.array(found.alignments).T
    # The first frame of every token, and of what ends the text.
    starts_s = columns[np.flatnonzero(np.diff(rows, prepend=-1))] / model.tokens_per_second
    stops = [0, *accumulate(map(len, parts))]
    return [
        Word(word, float(starts_s[i]), float(starts_s[j]), float(np.mean(found.text_token_probs[i:j])))
        for word, i, j in zip(words, stops[1::3], stops[2::3], strict=True)
    ]


def _parts(words: Sequence[str]) -> Iterator[str]:
    """Of each word the signs before its letters, the letters, and the signs behind; a space goes to what follows it.

    Signs have tokens of their own: whisper attends to a pause while it says them, and the pause is not the word's.
    """
    space = " "
    for word in words:
        letters = [i for i, c in enumerate(word) if c.isalnum()]
        before, within, behind = word[: letters[0]], word[letters[0] : letters[-1] + 1], word[letters[-1] + 1 :]
        if is_wide(within[0]):
            space = ""
        yield from (space + before, within) if before.strip() else ("", space + within)
        yield behind.rstrip()
        space = " " if behind != behind.rstrip() else ""
