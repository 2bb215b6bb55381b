"""The F5-TTS network and its vocoder, for inference: chunks in, speech out."""

from voiceclone.model.device import find_device
from voiceclone.model.engine import Engine, reference_mel
from voiceclone.model.mel import log_mel
from voiceclone.model.sampling import Eager, Plan, Sampling, sample
from voiceclone.model.variants import VARIANTS, use_variants

__all__ = [
    "VARIANTS",
    "Eager",
    "Engine",
    "Plan",
    "Sampling",
    "find_device",
    "log_mel",
    "reference_mel",
    "sample",
    "use_variants",
]
