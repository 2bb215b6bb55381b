"""What an operator does before there is an endpoint: fill the volume, describe the worker, make the endpoint."""

from voiceclone.deployment.api import Platform, PlatformError
from voiceclone.deployment.config import ConfigError, Deployment, read
from voiceclone.deployment.contract import differences
from voiceclone.deployment.gpus import selection
from voiceclone.deployment.plan import Found, attention, choose, endpoint_step
from voiceclone.deployment.upload import NetworkVolume, UploadFailed, VolumeUnreachable, connect
from voiceclone.deployment.variables import BUCKET, HF_TOKEN, Variable, settings, variables

__all__ = [
    "BUCKET",
    "HF_TOKEN",
    "ConfigError",
    "Deployment",
    "Found",
    "NetworkVolume",
    "Platform",
    "PlatformError",
    "UploadFailed",
    "Variable",
    "VolumeUnreachable",
    "attention",
    "choose",
    "connect",
    "differences",
    "endpoint_step",
    "read",
    "selection",
    "settings",
    "variables",
]
