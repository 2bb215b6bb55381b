"""What is wrong with a machine, its volume, its settings, and the services that it asks."""

from voiceclone.doctor.diagnosis import Diagnosis
from voiceclone.doctor.examination import Examination

__all__ = ["Diagnosis", "Examination"]
