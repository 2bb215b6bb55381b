"""What every request for speech may say, whatever is spoken: whose voice, how well, in which format, and where to."""

from __future__ import annotations

from typing import Annotated, cast

from pydantic import BeforeValidator, Field

from voiceclone.jobs.fields import (
    RECORDING,
    JobId,
    Key,
    Language,
    Lexicon,
    Recording,
    RefText,
    SampleRate,
    Seed,
    VoiceName,
    switched_on,
)
from voiceclone.jobs.parts import Delivery, FormerTake, MadeWith, Strict
from voiceclone.model import Sampling
from voiceclone.settings import LinkLife
from voiceclone.speech import Former, Threshold
from voiceclone.types import NFE_STEPS, SEEDS, AudioFormat, Quality
from voiceclone.voices import AudioSource

NEEDED = "needed, or"
"""In a field's `json_schema_extra`: which other one may be sent in its place."""


class Verify(Strict):
    """When speech is good enough, and how often it is tried."""

    max_wer: float = Field(0.15, ge=0, le=1)
    attempts: int = Field(3, ge=1, le=10)


class SpeechRequest(Strict):
    """Whose voice speaks, and how."""

    voice: VoiceName | None = Field(
        None,
        json_schema_extra={NEEDED: "`ref_audio`"},
        description="a voice by name: one that was added, `example-en` or `example-zh`",
    )
    ref_audio: Recording | None = Field(None, description=f"instead of `voice`, a recording: {RECORDING}")
    ref_text: RefText | None = Field(None, description="exactly what is said in `ref_audio`; absent: it is listened to")
    language: Language | None = Field(
        None, description="of the text and the reference, as `en`; absent: what the model speaks, and what is heard"
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=SEEDS - 1,
        description="absent or -1: drawn, and always returned; the same request and seed sound the same to the ear",
    )
    seeds: list[Seed] | None = Field(None, description="a seed for each chunk, of which there must be as many")
    takes: list[FormerTake] | None = Field(
        None,
        description="`[{text, seed}]` of an earlier take, as a reply's `recipe` has them: what of the text is the same"
        " is cut and spoken as it was, and found where it is kept; the rest counts on from `seed`",
    )
    made_with: MadeWith | None = Field(
        None, description="from a reply's `recipe`: a warning tells where this worker's model is another"
    )
    quality: Quality = Field("best", description=f"steps: {', '.join(f'`{q}` {n}' for q, n in NFE_STEPS.items())}")
    nfe_step: int | None = Field(None, ge=1, le=64, description="steps from noise to speech; overrides `quality`")
    cfg_strength: float = Field(
        2.0,
        ge=0,
        le=10,
        description="how closely text and voice are followed; 0 halves the work; a model's config may set the default",
    )
    sway_sampling_coef: float = Field(
        -1.0, ge=-1, le=1, description="below 0 more steps go to the outline of the speech, above 0 to its detail"
    )
    target_rms: float = Field(
        0.1, ge=0.01, le=0.5, description="level that a quieter reference is raised to for the model"
    )
    normalize_text: bool = Field(
        True, description="read out numbers, dates, money, units, abbreviations and addresses, and do not shout"
    )
    lexicon: Lexicon = Field(
        default_factory=dict,
        description='how words are said: `{"GIF": "jiff"}`; added to `lexicon.json` on the volume',
    )
    format: AudioFormat = Field(
        "wav",
        description="`wav`, `flac`, `mp3`, `ogg` (Vorbis), `opus`, `aac` (ADTS, 1,024 samples late), `pcm` (16 bit, no"
        " header)",
    )
    sample_rate: SampleRate = Field(
        24_000, description="8000, 16000, 22050, 24000, 32000, 44100 or 48000 Hz; the model speaks at 24000"
    )
    loudness: float | None = Field(
        None, ge=-40, le=-9, description="in LUFS, as -16 for podcasts; absent: as loud as the reference"
    )
    verify: Annotated[Verify | None, BeforeValidator(switched_on)] = Field(
        None,
        description="`true` or `{max_wer: 0.15, attempts: 3}`: listen to every chunk, and speak those anew that miss",
    )
    delivery: Delivery = Field(
        "auto",
        description="`s3`, `base64`, `local`; `auto`: `s3` where a bucket is configured, else `base64` on the "
        "platform, else `local`",
    )
    key: Key | None = Field(
        None, description="name of the result below the output prefix; absent: made from the job's id"
    )
    expires_in: LinkLife | None = Field(None, description="life of the link in seconds; absent: `URL_EXPIRY_S`")
    job_id: JobId | None = Field(None, description="your own id for the reply and the key; absent: the platform's")

    @property
    def recording(self) -> tuple[AudioSource, str | None]:
        """The reference and its transcript, where no voice is named."""
        return cast("AudioSource", self.ref_audio), self.ref_text

    @property
    def former(self) -> list[Former]:
        """The chunks of an earlier take."""
        return [Former(take.text, take.seed) for take in self.takes or ()]

    @property
    def steps(self) -> int:
        """Steps of the sampler."""
        return self.nfe_step or NFE_STEPS[self.quality]

    @property
    def evaluations(self) -> int:
        """Of the network: with guidance each step takes two."""
        return self.steps * (2 if self.cfg_strength else 1)

    @property
    def sampling(self) -> Sampling:
        """How noise becomes speech."""
        return Sampling(self.steps, self.cfg_strength, self.sway_sampling_coef)

    @property
    def threshold(self) -> Threshold | None:
        """When a take is good enough; None: nobody listens."""
        return None if self.verify is None else Threshold(self.verify.max_wer, self.verify.attempts)
