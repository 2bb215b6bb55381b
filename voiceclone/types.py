"""The nouns that cross the borders between rooms: frozen, without behaviour beyond reading themselves.

Knows neither the job's JSON nor the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, get_args

if TYPE_CHECKING:  # who only asks an endpoint has no use for arrays
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""Mono audio, shape (n,), nominally within -1..1."""

AudioFormat = Literal["wav", "flac", "mp3", "ogg", "opus", "aac", "pcm"]
"""What speech is delivered as."""
AUDIO_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
DeliveryWay = Literal["auto", "s3", "base64", "local"]
"""How a result reaches its caller; `auto`: as the worker is set up."""
Quality = Literal["fast", "balanced", "best"]
NFE_STEPS: dict[Quality, int] = {"fast": 7, "balanced": 16, "best": 32}
"""Evaluations of the network by which a chunk is made."""
MB = 10**6
SEEDS = 2**32
"""Seeds are smaller than this."""

Reply = dict[str, Any]
"""A job's answer, as JSON has it."""

Tokenizer = Literal["pinyin", "char"]
"""How a model was taught to read: Chinese characters as pinyin, or every character as it is."""


@dataclass(frozen=True)
class Waveform:
    """Mono audio."""

    samples: Samples
    sample_rate: int
    """Rate of the samples in Hertz."""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Recording:
    """Somebody's sound as it came: every sample of every channel, at its own rate."""

    samples: NDArray[np.float32]
    """(n, channels); integers of 16 and 24 bits are exact in them."""
    sample_rate: int
    """In Hertz."""
    bits: Literal[16, 24, 32]
    """Of each sample as it was written; 32: what a lossy format or one in floating point gives."""


Mel: TypeAlias = "NDArray[np.float32]"
"""Log-mel spectrogram, shape (frames, bins)."""


@dataclass(frozen=True)
class Word:
    """A word and when it is said."""

    text: str
    """With the punctuation and the space that belong to it: the words one after the other are the whole text."""
    start_s: float
    end_s: float
    probability: float
    """How sure the recogniser is of it, 0..1; 0 for one whose times are guessed from its neighbours'."""
    voice: str | None = None
    """Name of whoever says it; None where it is not known, or has none."""


@dataclass(frozen=True)
class Transcript:
    """What was heard in a recording."""

    words: tuple[Word, ...]
    language: str | None
    """ISO 639-1, as `en`; None where nobody speaks."""
    language_probability: float
    log_probability: float = 0.0
    """Of its least sure segment: the mean natural logarithm of its tokens' probabilities."""
    no_speech: float = 0.0
    """How likely it is that nobody speaks in the likeliest such segment, 0..1."""

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()


@dataclass(frozen=True)
class Reading:
    """A piece of text and how it is said. Pieces one after the other are the whole text, as written and as spoken."""

    written: str
    spoken: str
    """Empty for what is not said."""


Verdict = Literal["good", "fair", "poor"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at in a recording."""

    what: str
    value: float | str
    unit: str
    verdict: Verdict
    advice: str
    """What to do, in a sentence; empty where all is well."""


@dataclass(frozen=True)
class ReferenceVoice:
    """The voice to speak with: a short recording and exactly the words that are said in it."""

    waveform: Waveform
    text: str
    """As it is said: numbers and the like in words, and with an end. The network is given this."""
    name: str | None = None
    """The name it was asked for by; None for a recording that came with the job."""
    language: str | None = None
    """ISO 639-1, where it was told or heard."""
    mel: Mel | None = None
    """Of the waveform, raised to the usual level for the model if it is quieter; None: not computed beforehand."""
    notes: tuple[str, ...] = ()
    """What was changed of the recording, for the caller."""
    findings: tuple[Finding, ...] = ()
    """How good it is, where that was looked at."""
    kept_as: str | None = None
    """Where it lies among the references that are kept, if it came with a job; None for a voice that has a name."""
    written: str = ""
    """The words as somebody wrote them, or a recogniser; empty: as they are said."""

    @property
    def transcript(self) -> str:
        """What is said in it, for people."""
        return self.written or self.text.strip()

    @cached_property
    def fingerprint(self) -> str:
        """Tells it from any other recording and transcript."""
        return hashlib.sha256(self.text.encode() + self.waveform.samples.tobytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Chunk:
    """A piece of text that is spoken in one pass of the model."""

    text: str
    voice: ReferenceVoice
    seed: int
    """Seed of this chunk's noise, 0..2^32-1: the chunk sounds the same whatever is spoken beside it."""
    speed: float = 1.0
    """Speech rate relative to the reference."""
    duration_s: float | None = None
    """How long it shall be, whatever the rate; None: as long as text and rate make it."""


@dataclass(frozen=True)
class Span:
    """Where a chunk lies in the delivered audio."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class File:
    """A part of a result."""

    ending: str
    """As `wav`."""
    data: bytes
    media_type: str


@dataclass(frozen=True)
class Result:
    """What a job has made."""

    stem: str
    """Its key without the ending."""
    audio: File
    subtitles: Sequence[File] = ()

    @property
    def parts(self) -> dict[str, File]:
        """Everything by its key, the audio last: where that is, the rest is."""
        return {f"{self.stem}.{file.ending}": file for file in (*self.subtitles, self.audio)}


@dataclass(frozen=True)
class Artifact:
    """A stored object and how the caller reaches it: by `url` or by `path`."""

    key: str
    url: str | None = None
    expires_at: datetime | None = None
    """When the url stops working, in UTC."""
    path: str | None = None


class Store(Protocol):
    """Where results are kept: a bucket or a directory."""

    def put(self, key: str, data: bytes, content_type: str, expires_in_s: int) -> Artifact:
        """Store `data` under `key`, whole or not at all, replacing what was there.

        `expires_in_s` is the life of the link in seconds, where the store makes links. Raises StorageFailed.
        """
        ...


@dataclass(frozen=True)
class Entry:
    """An object on a shelf."""

    key: str
    size: int
    modified: datetime


class Bucket(Store, Protocol):
    """A store whose objects have an `s3://` address, can be read, listed and linked again."""

    bucket: str
    prefix: str
    """Of the keys of everything that is stored."""

    def write(self, key: str, data: bytes, content_type: str) -> None:
        """Store `data` under `key`, as `put`, without a link. Raises StorageFailed."""
        ...

    def link(self, key: str, expires_in_s: int) -> Artifact:
        """A link to what was stored under `key`. Raises StorageFailed."""
        ...

    def exists(self, key: str) -> bool:
        """Whether anything is stored under `key`. Raises StorageFailed."""
        ...

    def entries(self, prefix: str) -> Iterable[Entry]:
        """All stored objects whose keys begin so. Raises StorageFailed."""
        ...

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises DownloadFailed if it is missing, out of reach or larger than `max_bytes`."""
        ...


class Shelf(Protocol):
    """Objects by key that are read, listed, replaced and removed. All may raise StorageFailed."""

    def read(self, key: str, max_bytes: int, *, part: bool = False) -> bytes | None:
        """The object's bytes; None where there is none. Raises StorageFailed for one larger than `max_bytes`.

        `part`: no more than its first `max_bytes` are wanted.
        """
        ...

    def write(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object, whole or not at all, replacing what was there."""
        ...

    def entries(self, prefix: str) -> Iterable[Entry]:
        """All objects whose keys begin so."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        ...


class Directory(Store, Shelf, Protocol):
    """A store whose files can be read, listed and removed."""
