"""Which checks are made, in which order.

Knows nothing of how they look, and of who reads what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voiceclone.doctor import environment, machine, services, volume
from voiceclone.doctor.diagnosis import Diagnosis
from voiceclone.settings import Settings


@dataclass(frozen=True)
class Examination:
    """All checks of a machine."""

    environ: Mapping[str, str] = field(repr=False)
    volume: Path | None = None
    """Instead of the one that RUNPOD_VOLUME names."""
    write: bool = False
    """Whether a small object is stored in the bucket, and removed."""

    def diagnoses(self) -> Iterator[Diagnosis]:
        """Yield what each check says, as soon as it does."""
        faults = Settings.faults(self.environ)
        settings = Settings.from_env({name: value for name, value in self.environ.items() if name not in faults})
        speaks = machine.speaks()
        yield machine.python(as_worker=speaks)
        yield machine.packages(machine.installed())
        yield from environment.settings(self.environ, faults)
        yield from environment.unknown(self.environ)
        if speaks:
            yield machine.gpu(settings)
        named = self.volume or (settings.volume if self.environ.get("RUNPOD_VOLUME", "").strip() else None)
        if speaks or named:
            yield from self._of_volume(settings.model_copy(update={"volume": named or volume.usual()}))
            yield services.hub(self.environ)
        yield services.bucket(self.environ, write=self.write)
        yield services.endpoint(self.environ)

    def _of_volume(self, settings: Settings) -> Iterator[Diagnosis]:
        yield volume.volume(settings.volume)
        if not settings.volume.is_dir():
            return
        model = volume.model(settings)
        yield model
        yield volume.recogniser(settings, machine.device(settings))
        yield volume.room(settings.volume, model_is_there=model.level != "problem")
        yield volume.drafts(settings.volume)
