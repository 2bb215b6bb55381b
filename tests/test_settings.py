"""Settings come from the environment alone, and a bad one is named."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from pydantic import SecretStr

from voiceclone.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"F5_MODEL": "", "URL_EXPIRY_S": " "}) == Settings()


def test_every_variable_is_read():
    settings = Settings.from_env(
        {
            "RUNPOD_VOLUME": "/data",
            "ALLOW_CONTAINER_DISK": "True",
            "F5_MODEL": "F5TTS_Base",
            "F5_REVISION": "abc",
            "LICENSES": "commercial",
            "F5_DEVICE": "cpu",
            "F5_DTYPE": "bfloat16",
            "ASR_MODEL": "small",
            "OUTPUT_DIR": "/out",
            "URL_EXPIRY_S": "600",
            "MAX_TEXT_CHARS": "10",
            "MAX_SPEECH_MIN": "14",
            "MAX_FRAMES": "15",
            "MAX_JOB_S": "16",
            "MAX_AUDIO_MB": "11",
            "MAX_REFERENCE_S": "12",
            "REFERENCE_PAD_S": "0.25",
            "MAX_INLINE_MB": "13",
            "MAX_KEPT_MB": "17",
            "KEPT_CHUNKS_MB": "0",
            "LOG_LEVEL": "debug",
            "SERVE": "http",
            "HOST": "::1",
            "PORT": "18",
            "PORT_HEALTH": "19",
            "API_KEY": "secret",
            "ALLOW_ANONYMOUS": "true",
            "CORS_ORIGINS": "https://a.example, https://b.example",
            "MAX_WAITING": "20",
            "VOICE_NAMES": "alloy=anna, nova = bob",
        }
    )
    texts = (Path("/data"), True, "F5TTS_Base", "abc", "commercial", "cpu", "bfloat16", "small", Path("/out"))
    numbers = (600, 10, 14, 15, 16, 11, 12, 0.25, 13, 17, 0, "DEBUG")
    origins, names = ("https://a.example", "https://b.example"), {"alloy": "anna", "nova": "bob"}
    server = ("http", "::1", 18, 19, SecretStr("secret"), True, origins, 20, names, False)
    assert tuple(settings.model_dump().values()) == texts + numbers + server


def test_every_wrong_variable_is_named_at_once():
    with pytest.raises(ValueError, match=r"MAX_JOB_S='0': must be greater than 0; LOG_LEVEL='LOUD': must be 'DEBUG'"):
        Settings.from_env({"LOG_LEVEL": "LOUD", "MAX_JOB_S": "0"})


def test_a_job_on_the_platform_leaves_before_it_is_ended():
    assert Settings(on_platform=True).job_limit_s == 570
    assert Settings(on_platform=True, serve="http").job_limit_s == 300
    assert Settings(on_platform=True, max_job_s=3000).job_limit_s == 3000
    assert Settings().job_limit_s == math.inf


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("URL_EXPIRY_S", "59"),
        ("URL_EXPIRY_S", "a day"),
        ("MAX_REFERENCE_S", "16"),
        ("MAX_TEXT_CHARS", "0"),
        ("MAX_AUDIO_MB", "-1"),
        ("REFERENCE_PAD_S", "nan"),
        ("REFERENCE_PAD_S", "1.5"),
        ("LOG_LEVEL", "LOUD"),
        ("ALLOW_CONTAINER_DISK", "yes"),
        ("LICENSES", "free"),
        ("F5_DEVICE", "tpu"),
        ("F5_DTYPE", "int4"),
    ],
)
def test_a_value_that_cannot_be_read_names_its_variable(variable, value):
    with pytest.raises(ValueError, match=variable):
        Settings.from_env({variable: value})


def test_all_faults_are_told_with_what_must_be_instead():
    environ = {"MAX_JOB_S": "ten", "REFERENCE_PAD_S": "much", "LOG_LEVEL": "info", "F5_MODEL": ""}
    assert Settings.faults(environ) == {
        "MAX_JOB_S": "must be a valid integer",
        "REFERENCE_PAD_S": "must be a valid number",
    }


QUEUE = {"RUNPOD_WEBHOOK_GET_JOB": "https://queue/job-take/$ID?gpu=x"}


@pytest.mark.parametrize(
    ("environ", "arguments", "expected"),
    [
        ({}, [], False),
        ({"RUNPOD_ENDPOINT_ID": "ep"}, [], False),
        (QUEUE, [], True),
        (QUEUE, ["--rp_log_level", "INFO"], True),
        (QUEUE, ["--test_input", "{}"], False),
        (QUEUE, ["--test_input={}"], False),
        (QUEUE, ["--rp_serve_api"], False),
    ],
)
def test_a_worker_is_on_the_platform_where_the_sdk_asks_it_for_jobs(environ, arguments, expected):
    assert Settings.from_env(environ, arguments).on_platform == expected


def test_on_the_platform_results_go_to_the_volume():
    """The container's disk is small, and read-only at best."""
    assert Settings.from_env(QUEUE).local_output_dir == Path("/runpod-volume/output")
    assert Settings.from_env({}).local_output_dir == Path("output")
