"""The F5-TTS network and its vocoder, for inference: chunks in, speech out."""

from voiceclone.model.any_engine import AnyEngine
from voiceclone.model.device import find_device
from voiceclone.model.engine import Engine
from voiceclone.model.gaps import Gap
from voiceclone.model.mel import FRAMES_PER_S, log_mel, reference_mel
from voiceclone.model.sampling import Eager, Plan, Sampling, sample
from voiceclone.model.sharing import BatchReport, SharedEngine, Waiting
from voiceclone.model.variants import VARIANTS, use_variants

__all__ = [
    "FRAMES_PER_S",
    "VARIANTS",
    "AnyEngine",
    "BatchReport",
    "Eager",
    "Engine",
    "Gap",
    "Plan",
    "Sampling",
    "SharedEngine",
    "Waiting",
    "find_device",
    "log_mel",
    "reference_mel",
    "sample",
    "use_variants",
]
