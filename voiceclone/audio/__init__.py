"""Sound as samples: decoded, resampled, joined, made as loud as wanted, encoded; where it is silent."""

from voiceclone.audio.codec import (
    HOP_S,
    SAMPLE_RATE,
    made_as_loud,
    of_length,
    resample,
    rms,
)
from voiceclone.audio.decoding import decode, decode_exactly, start_decoder
from voiceclone.audio.encoding import OPUS_RATES, Encoder, content_type, encode, encode_exactly
from voiceclone.audio.joining import Joiner, join, joined_length
from voiceclone.audio.mixing import Ducking, as_loud_as, laid_over
from voiceclone.audio.silence import FADE_S, FRAME_S, MARGIN_S, loudness_db, runs, smoothed_db, sounding

__all__ = [
    "FADE_S",
    "FRAME_S",
    "HOP_S",
    "MARGIN_S",
    "OPUS_RATES",
    "SAMPLE_RATE",
    "Ducking",
    "Encoder",
    "Joiner",
    "as_loud_as",
    "content_type",
    "decode",
    "decode_exactly",
    "encode",
    "encode_exactly",
    "join",
    "joined_length",
    "laid_over",
    "loudness_db",
    "made_as_loud",
    "of_length",
    "resample",
    "rms",
    "runs",
    "smoothed_db",
    "sounding",
    "start_decoder",
]
