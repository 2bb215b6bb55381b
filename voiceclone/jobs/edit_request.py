"""What a job may ask for that changes words in a recording."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from voiceclone.jobs.fields import (
    RECORDING,
    JobId,
    Key,
    Language,
    Lexicon,
    Recording,
    RefText,
    Seed,
    context_of,
)
from voiceclone.jobs.parts import Delivery, MadeWith, Strict
from voiceclone.settings import LinkLife
from voiceclone.types import AUDIO_FORMATS, NFE_STEPS, SEEDS, Quality

MAX_CHANGES = 200
LONGEST_STRETCH_S = 15.0
"""Of a change: the network is given the speech around it as well."""
_RESULT = re.compile(rf"[A-Za-z0-9._/-]{{1,512}}\.(?:{'|'.join(AUDIO_FORMATS)})")
"""The key of a result. Base64 has no dot."""


def _as_address(value: Any, info: ValidationInfo) -> Any:
    """Return the key of an earlier result as its address in the bucket."""
    if not isinstance(value, str) or not _RESULT.fullmatch(value.strip()):
        return value
    bucket = context_of(info).bucket
    if bucket is None:
        raise ValueError("is the key of a result, and this worker has no bucket: send the recording itself")
    return f"s3://{bucket}/{value.strip()}"


class EditRequest(Strict):
    """Change words in a recording; every sample away from them stays as it is."""

    action: Literal["edit"]
    ref_audio: Annotated[Recording, BeforeValidator(_as_address)] = Field(
        description=f"the recording: the key of an earlier result, {RECORDING}"
    )
    text: RefText = Field(description="what it should say, all of it; words that differ are spoken anew")
    ref_text: RefText | None = Field(None, description="exactly what it says now; absent: it is listened to")
    language: Language | None = Field(None, description="of both, as `en`; absent: what is heard")
    lexicon: Lexicon = Field(default_factory=dict, description="as for `synthesize`, in both texts")
    check: bool = Field(False, description="tell what would change, from where to where, without speaking")
    durations: list[Annotated[float, Field(ge=0.05, le=LONGEST_STRETCH_S)]] | None = Field(
        None,
        max_length=MAX_CHANGES,
        description="seconds of each changed stretch, in order; absent: as long as its text needs at the pace around",
    )
    seed: int | None = Field(None, ge=0, le=SEEDS - 1, description="of the first change, the others count on")
    seeds: list[Seed] | None = Field(None, max_length=MAX_CHANGES, description="instead of `seed`, one for each change")
    attempts: int = Field(
        3, ge=1, le=10, description="how often a change is spoken until it is heard as it should be; 1: nobody listens"
    )
    made_with: MadeWith | None = Field(None, description="from a reply's `recipe`, as for `synthesize`")
    quality: Quality = Field("best", description="as for `synthesize`")
    nfe_step: int | None = Field(None, ge=1, le=64, description="steps from noise to speech; overrides `quality`")
    cfg_strength: float = Field(2.0, ge=0, le=10, description="as for `synthesize`")
    sway_sampling_coef: float = Field(-1.0, ge=-1, le=1, description="as for `synthesize`")
    target_rms: float = Field(0.1, ge=0.01, le=0.5, description="as for `synthesize`")
    timestamps: bool = Field(False, description="when each word is said, in the recording as it is now")
    format: Literal["wav", "flac"] = Field(
        "wav", description="`wav` or `flac`, with the recording's own rate, channels and bits"
    )
    delivery: Delivery = Field("auto", description="as for `synthesize`")
    key: Key | None = Field(None, description="as for `synthesize`")
    expires_in: LinkLife | None = Field(None, description="life of the link in seconds; absent: `URL_EXPIRY_S`")
    job_id: JobId | None = Field(None, description="your own id for the reply and the key; absent: the platform's")

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        return self.nfe_step or NFE_STEPS[self.quality]

    @field_validator("text")
    @classmethod
    def _unmarked(cls, value: str, info: ValidationInfo) -> str:
        try:
            turns = context_of(info).marked(value).turns
        except ValueError:  # what could not be understood is no mark
            return value
        if any(turn.voice or turn.is_told for turn in turns):
            raise ValueError("has marks of voices or pauses, which are not understood here: leave them out")
        return value
