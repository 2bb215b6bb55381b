"""What several requests are made of.

Knows no request.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from voiceclone.jobs.fields import MAX_CHUNK_CHARS, MAX_TOLD_CHARS, Seed, context_of
from voiceclone.types import DeliveryWay


class Strict(BaseModel):
    """What is sent is what is declared, and nothing else."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class MadeWith(Strict):
    """What an earlier take was made with."""

    model: str = Field(max_length=MAX_TOLD_CHARS)
    revision: str = Field(max_length=MAX_TOLD_CHARS)
    references: list[Annotated[str, Field(max_length=MAX_TOLD_CHARS)]]


class FormerTake(Strict):
    """A chunk of an earlier take."""

    text: str = Field(min_length=1, max_length=MAX_CHUNK_CHARS)
    seed: Seed


def _deliverable(value: DeliveryWay, info: ValidationInfo) -> DeliveryWay:
    if value == "s3" and context_of(info).bucket is None:
        raise ValueError("s3 needs a bucket: set S3_BUCKET and its keys, or ask for base64")
    return value


Delivery = Annotated[DeliveryWay, AfterValidator(_deliverable)]
"""How a result is handed over; a bucket is refused where there is none."""
