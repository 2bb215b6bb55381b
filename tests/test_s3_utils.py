"""Both stores against the real thing: directories, and S3 servers that listen on the loopback.

moto answers like S3 but believes every signature; nanio verifies them; `wire` records what is sent and replies as told.
"""

import hashlib
import itertools
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config
from nanio_server import KEYS, nanio_server

from s3_utils import LocalStore, S3Store, store_from_env
from voiceclone.errors import DownloadFailed, StorageFailed

ACCESS_KEY_ID, SECRET = KEYS.values()
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " * 100


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch, tmp_path):
    """Nothing of this machine's AWS or proxy configuration reaches a test."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BUCKET_", "S3_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def nanio(tmp_path_factory):
    with nanio_server(tmp_path_factory.mktemp("nanio")) as url:
        yield url


numbers = itertools.count()


@contextmanager
def plain_client(url):
    """boto3 without this project: prepares and inspects buckets; tries once."""
    client = boto3.session.Session().client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    yield client
    client.close()


@pytest.fixture
def admin(moto):
    with plain_client(moto) as client:
        yield client


@pytest.fixture
def bucket(admin):
    name = f"voices-{next(numbers)}"
    admin.create_bucket(Bucket=name)
    return name


@contextmanager
def opened(**environ):
    """The store of such an environment, with its connections closed afterwards."""
    store = store_from_env(KEYS | environ)
    yield store
    store._client.close()


@pytest.fixture
def store(moto, bucket):
    with opened(S3_BUCKET=bucket, AWS_ENDPOINT_URL=moto) as store:
        yield store


@dataclass
class Wire:
    """What was sent to the scripted server, and what it replies."""

    url: str
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    requests: list = field(default_factory=list)


@pytest.fixture
def wire():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # confirms `Expect: 100-continue`

        def reply(self):
            self.close_connection = True  # a body that is shorter than announced ends here
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            wire.requests.append((self.command, self.path, self.headers, sent))
            self.send_response(wire.status)
            if self.command == "PUT":
                self.send_header("ETag", f'"{hashlib.md5(sent).hexdigest()}"')
            for name, value in (wire.headers or {"Content-Length": str(len(wire.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(wire.body)

        do_PUT = do_GET = do_HEAD = reply  # noqa: N815 - the server's names

        def log_message(self, format, *args):
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        wire = Wire(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield wire
        server.shutdown()
        thread.join()


def download(url):
    with urlopen(url) as response:
        return response.headers["Content-Type"], response.read()


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# ---- a bucket


def test_what_is_put_can_be_got_and_keeps_its_content_type(store, admin, bucket):
    artifact = store.put("job/1.wav", WAV, "audio/wav", 3600)
    assert store.get(artifact.key, len(WAV)) == WAV
    assert admin.head_object(Bucket=bucket, Key="job/1.wav")["ContentType"] == "audio/wav"


def test_put_replaces_what_was_there(store):
    store.put("1.wav", b"old", "audio/wav", 60)
    store.put("1.wav", b"new", "audio/wav", 60)
    assert store.get("1.wav", 3) == b"new"


def test_the_link_opens_with_a_plain_http_client(store):
    artifact = store.put("a file with spaces & ümlauts.wav", WAV, "audio/wav", 3600)
    assert download(artifact.url) == ("audio/wav", WAV)


def test_the_link_is_sigv4_and_lives_as_long_as_asked(store):
    before = datetime.now(UTC).replace(microsecond=0)
    artifact = store.put("1.wav", WAV, "audio/wav", 4321)
    query = query_of(artifact.url)
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "4321"
    assert artifact.path is None
    assert artifact.expires_at.tzinfo is UTC
    assert before + timedelta(seconds=4321) <= artifact.expires_at <= signed_at + timedelta(seconds=4321)


def test_a_result_that_is_there_is_linked_again(moto, bucket):
    with opened(S3_BUCKET=bucket, AWS_ENDPOINT_URL=moto, S3_PREFIX="team") as store:
        first = store.put("output/a.wav", b"sound", "audio/wav", 600)
        assert store.exists("output/a.wav")
        assert not store.exists("output/b.wav")
        again = store.link("output/a.wav", 60)
    assert (again.key, download(again.url)) == (first.key, ("audio/wav", b"sound"))


def test_whether_there_is_an_object_cannot_be_told_without_the_permission(wire):
    """A refusal is not taken for an object that is missing."""
    wire.status, wire.headers = 403, {"Content-Length": "0"}
    with plain_client(wire.url) as client, pytest.raises(StorageFailed, match="s3:GetObject"):
        S3Store(lambda: client, "voices").exists("output/a.wav")


def test_the_prefix_goes_before_results_and_is_part_of_the_key_in_the_reply(moto, bucket):
    with opened(S3_BUCKET=bucket, AWS_ENDPOINT_URL=moto, S3_PREFIX="/team/tts") as store:
        artifact = store.put("1.wav", WAV, "audio/wav", 60)
        assert artifact.key == "team/tts/1.wav"
        assert store.get("team/tts/1.wav", len(WAV)) == WAV
        with pytest.raises(DownloadFailed, match="NoSuchKey"):
            store.get("1.wav", len(WAV))


def test_a_missing_bucket_is_named_with_what_to_check(moto):
    with opened(S3_BUCKET="no-such-bucket", AWS_ENDPOINT_URL=moto) as store:
        with pytest.raises(StorageFailed, match=r"no-such-bucket.*NoSuchBucket.*S3_BUCKET.*AWS_REGION"):
            store.put("1.wav", WAV, "audio/wav", 60)
        with pytest.raises(DownloadFailed, match=r"no-such-bucket.*NoSuchBucket.*S3_BUCKET"):
            store.get("1.wav", 10)


def test_a_missing_key_is_named(store, bucket):
    with pytest.raises(DownloadFailed, match=f"s3://{bucket}/no/such.wav.*NoSuchKey.*check the key"):
        store.get("no/such.wav", 10)


@pytest.mark.parametrize("variable", ["S3_BUCKET", "BUCKET_NAME"])
@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("s3://voices", "write the bucket's name alone, voices$"),
        ("S3://voices/", "write the bucket's name alone, voices$"),
        ("s3://voices/team/tts/", "write the bucket's name alone, voices, and its folder into S3_PREFIX: team/tts"),
        ("voices/team", "alone, voices, and its folder into S3_PREFIX: team"),
        ("voices/", "alone, voices$"),
        ("/voices", "alone, voices$"),
        ("gs://voices", "alone, voices$"),
        ('"voices"', "holds quotes: write voices without them"),
        ("'voices'", "holds quotes: write voices without them"),
        ("https://voices.s3.amazonaws.com", "is an address"),
        ("http://127.0.0.1:9000/voices", "is an address"),
        ("Voices", "small letters"),
        ("my voices", "small letters"),
        ("my_voices", "small letters"),
        ("voices\nother", "small letters"),
        ("vo..ices", "small letters"),
        ("vo.-ices", "small letters"),
        ("-voices", "small letters"),
        ("voices-", "small letters"),
        ("vö-ices", "small letters"),
        ("a" * 64, "up to 63"),
    ],
)
def test_a_name_that_no_bucket_can_have_is_refused_at_the_start(variable, name, cure):
    with pytest.raises(ValueError, match=f"S3_BUCKET or BUCKET_NAME .*{cure}"):
        store_from_env(KEYS | {variable: name})


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("my_voices", "https://storage.googleapis.com"),
        ("my.voices-2", ""),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/voices", ""),
        (" voices\n", ""),
    ],
)
def test_a_name_that_some_bucket_has_is_taken(name, endpoint):
    assert store_from_env(KEYS | {"S3_BUCKET": name, "AWS_ENDPOINT_URL": endpoint}).bucket == name.strip()


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("half\nof-it", "has characters that no key has, a line break"),
        ("half of-it", "has characters that no key has, a space"),
        ('"quoted-key"', "has quotes around it"),
        ("'quoted-key", "has quotes around it"),
        ("“quoted-key”", "has quotes around it"),
        ("Bearer known-key", "begins with a word such as Bearer"),
        ("known\u200bkey", "has characters that no key has"),
    ],
)
def test_a_key_that_was_not_copied_as_it_is_is_named_and_not_shown(name, key, fault):
    with pytest.raises(ValueError, match=f"{name} {fault}") as caught:
        store_from_env(KEYS | {"S3_BUCKET": "voices", name: key})
    assert key not in str(caught.value)


def test_space_around_keys_is_left_out(wire):
    around = {name: f" {key}\r\n" for name, key in KEYS.items()}
    with opened(
        S3_BUCKET="voices", AWS_ENDPOINT_URL=f" {wire.url}/\n", AWS_SESSION_TOKEN="\ttoken-1\n", **around
    ) as store:
        store.put("1.wav", WAV, "audio/wav", 60)
    [(_, path, headers, _)] = wire.requests
    assert (path, headers["X-Amz-Security-Token"]) == ("/voices/1.wav", "token-1")
    assert f"Credential={ACCESS_KEY_ID}/" in headers["Authorization"]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"S3_ADDRESSING_STYLE": "host"}, "S3_ADDRESSING_STYLE must be one of path, virtual"),
        ({"AWS_REGION": "eu central 1"}, "AWS_REGION cannot be 'eu central 1'"),
        ({"AWS_REGION": '"eu-central-1"'}, "AWS_REGION cannot be"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_the_start(environ, told):
    with pytest.raises(ValueError, match=told):
        store_from_env(KEYS | {"S3_BUCKET": "voices", **environ})


def test_an_object_is_read_up_to_the_limit_and_not_beyond(store):
    store.put("1.wav", b"12345", "audio/wav", 60)
    assert store.get("1.wav", 5) == b"12345"
    with pytest.raises(DownloadFailed, match="larger than the 4 bytes"):
        store.get("1.wav", 4)


class Remembering:
    """A client that remembers its last response."""

    def __init__(self, client):
        self.client = client

    def get_object(self, **request):
        self.response = self.client.get_object(**request)
        return self.response


@pytest.mark.parametrize("max_bytes", [5, 4])
def test_the_body_is_closed_and_one_that_is_too_large_is_not_read_at_all(store, admin, bucket, max_bytes):
    store.put("1.wav", b"12345", "audio/wav", 60)
    client = Remembering(admin)
    with nullcontext() if max_bytes == 5 else pytest.raises(DownloadFailed):
        S3Store(lambda: client, bucket).get("1.wav", max_bytes)
    assert client.response["Body"].tell() == (5 if max_bytes == 5 else 0)
    assert client.response["Body"]._raw_stream.closed


def test_an_empty_object_is_stored_and_read(store):
    assert store.get(store.put("empty.txt", b"", "text/plain", 60).key, 0) == b""


# ---- on the wire


def test_the_region_is_explicit_the_style_is_path_and_no_checksum_is_added(wire):
    with opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=wire.url, AWS_REGION="eu-north-1") as store:
        artifact = store.put("1.wav", WAV, "audio/wav", 60)
    [(method, path, headers, body)] = wire.requests
    assert (method, path, body) == ("PUT", "/voices/1.wav", WAV)
    assert "/eu-north-1/s3/aws4_request" in headers["Authorization"]
    assert headers["Content-Type"] == "audio/wav"
    assert headers["Content-Encoding"] is None
    assert not [name for name in headers if name.lower().startswith("x-amz-checksum")]
    assert urlsplit(artifact.url).path == "/voices/1.wav"
    assert "/eu-north-1/s3/aws4_request" in query_of(artifact.url)["X-Amz-Credential"]


def test_a_session_token_is_sent_and_signs_the_link(wire):
    with opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=wire.url, AWS_SESSION_TOKEN="token-1") as store:
        artifact = store.put("1.wav", WAV, "audio/wav", 60)
    assert wire.requests[0][2]["X-Amz-Security-Token"] == "token-1"
    assert query_of(artifact.url)["X-Amz-Security-Token"] == "token-1"


def test_a_connection_that_breaks_off_is_not_taken_for_the_whole_object(wire):
    wire.body, wire.headers = b"half", {"Content-Length": "8"}
    with (
        opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=wire.url) as store,
        pytest.raises(DownloadFailed, match="try again"),
    ):
        store.get("1.wav", 100)


def test_an_object_of_unknown_length_is_read_up_to_the_limit_and_not_beyond(wire):
    wire.body, wire.headers = b"6\r\n123456\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}
    with opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=wire.url) as store:
        assert store.get("1.wav", 6) == b"123456"
        with pytest.raises(DownloadFailed, match="larger than the 5 bytes"):
            store.get("1.wav", 5)


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (403, "AccessDenied", "s3:PutObject"),
        (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY.*AWS_REGION"),
        (400, "ExpiredToken", "AWS_SESSION_TOKEN"),
        (400, "AuthorizationHeaderMalformed", "AWS_REGION"),
        (400, "EntityTooLarge", "S3_BUCKET"),
        (503, "SlowDown", "try again"),
        (500, "InternalError", "try again"),
    ],
)
def test_a_refusal_carries_the_code_and_the_cure_but_nothing_of_the_servers_text(wire, status, code, cure):
    wire.status = status
    wire.body = f"<Error><Code>{code}</Code><Message>{ACCESS_KEY_ID} {SECRET}</Message></Error>".encode()
    with plain_client(wire.url) as client, pytest.raises(StorageFailed, match=f"{code}.*{cure}") as caught:
        S3Store(lambda: client, "voices").put("1.wav", WAV, "audio/wav", 60)
    assert_tells_no_secret(caught.value)


def test_a_forbidden_read_names_the_permission_for_reading(wire):
    wire.status, wire.body = 403, b"<Error><Code>AccessDenied</Code></Error>"
    with plain_client(wire.url) as client, pytest.raises(DownloadFailed, match="s3:GetObject"):
        S3Store(lambda: client, "voices").get("1.wav", 10)


def test_a_reply_that_is_not_s3s_is_reported_by_its_status(wire):
    wire.status, wire.body = 403, b"<html>blocked by a proxy</html>"
    with plain_client(wire.url) as client, pytest.raises(StorageFailed, match="403"):
        S3Store(lambda: client, "voices").put("1.wav", WAV, "audio/wav", 60)


def test_an_unreachable_service_is_a_storage_failure_that_tells_no_secret():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # nobody listens there once this closes
    with (
        opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}") as store,
        pytest.raises(StorageFailed, match=r"EndpointConnectionError.*AWS_ENDPOINT_URL") as caught,
    ):
        store.put("1.wav", WAV, "audio/wav", 60)
    assert_tells_no_secret(caught.value)


def test_a_temporary_outage_is_retried(wire):
    """The first answer is 503, the next ones are fine."""
    wire.status = 503

    class Recovering(list):
        def append(self, request):
            super().append(request)
            wire.status = 503 if len(self) < 2 else 200

    wire.requests = Recovering()
    with opened(S3_BUCKET="voices", AWS_ENDPOINT_URL=wire.url) as store:
        store.put("1.wav", WAV, "audio/wav", 60)
    assert [request[0] for request in wire.requests] == ["PUT", "PUT"]


def assert_tells_no_secret(error):
    assert SECRET not in str(error)
    assert ACCESS_KEY_ID not in str(error)
    assert "X-Amz" not in str(error)


# ---- signatures, verified


@pytest.fixture
def verified(nanio):
    """The name of a bucket at the server that verifies."""
    with plain_client(nanio) as client:
        name = f"verified-{next(numbers)}"
        client.create_bucket(Bucket=name)
    return name


def test_a_verifying_server_accepts_the_upload_the_link_and_the_read(nanio, verified):
    with opened(S3_BUCKET=verified, AWS_ENDPOINT_URL=nanio, S3_PREFIX="out") as store:
        artifact = store.put("a b/ü+1.wav", WAV, "audio/wav", 600)
        assert download(artifact.url) == ("audio/wav", WAV)
        assert store.get(artifact.key, len(WAV)) == WAV


@pytest.mark.parametrize(
    ("old", "new"), [("X-Amz-Expires=600", "X-Amz-Expires=6000"), ("/1.wav", "/2.wav"), ("us-east-1", "eu-west-1")]
)
def test_a_verifying_server_refuses_a_link_that_was_tampered_with(nanio, verified, old, new):
    with opened(S3_BUCKET=verified, AWS_ENDPOINT_URL=nanio) as store:
        store.put("2.wav", WAV, "audio/wav", 600)
        url = store.put("1.wav", WAV, "audio/wav", 600).url
    with pytest.raises(HTTPError, match="403") as caught:
        urlopen(url.replace(old, new))
    caught.value.close()
    assert old in url


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "other"}, "SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "InvalidAccessKeyId"),
    ],
)
def test_wrong_credentials_are_a_storage_failure_that_names_the_variable(nanio, verified, wrong, code):
    with (
        opened(S3_BUCKET=verified, AWS_ENDPOINT_URL=nanio, **wrong) as store,
        pytest.raises(StorageFailed, match=f"{code}; check the credentials.*{next(iter(wrong))}") as caught,
    ):
        store.put("1.wav", WAV, "audio/wav", 60)
    assert_tells_no_secret(caught.value)
    assert "AKIANOBODY" not in str(caught.value)


# ---- the environment


def test_no_bucket_means_no_store():
    assert store_from_env({}) is None
    assert store_from_env(KEYS) is None
    assert store_from_env(KEYS | {"S3_BUCKET": "  ", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}) is None


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ["AWS_ACCESS_KEY_ID", "BUCKET_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_SECRET_ACCESS_KEY"]),
        ({"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID}, ["AWS_SECRET_ACCESS_KEY"]),
        ({"BUCKET_SECRET_ACCESS_KEY": SECRET, "AWS_ACCESS_KEY_ID": " "}, ["AWS_ACCESS_KEY_ID"]),
    ],
)
def test_half_a_configuration_is_refused_naming_the_missing_variables_only(environ, names):
    with pytest.raises(ValueError, match="bucket") as caught:
        store_from_env({"S3_BUCKET": "voices", **environ})
    for name in ["AWS_ACCESS_KEY_ID", "BUCKET_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_SECRET_ACCESS_KEY"]:
        assert (name in str(caught.value)) == (name in names or name.replace("BUCKET", "AWS") in names)
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("path", ["", "/", "/storage/v1/s3"])
def test_an_endpoint_of_the_platform_that_names_no_bucket_is_refused(path):
    with pytest.raises(ValueError, match=r"BUCKET_ENDPOINT_URL.*BUCKET_NAME"):
        store_from_env(KEYS | {"BUCKET_ENDPOINT_URL": f"https://objects.example.com{path}"})
    assert store_from_env(KEYS | {"AWS_ENDPOINT_URL": f"https://objects.example.com{path}"}) is None


@pytest.mark.parametrize(
    "environ",
    [
        {"S3_BUCKET": "vol1", "AWS_ENDPOINT_URL": "https://s3api-eu-ro-1.runpod.io"},
        {"S3_BUCKET": "vol1", "AWS_ENDPOINT_URL": "https://S3API-US-KS-2.runpod.io:443/"},
        {"BUCKET_ENDPOINT_URL": "https://s3api-eu-ro-1.runpod.io/vol1"},
        {"BUCKET_NAME": "vol1", "BUCKET_ENDPOINT_URL": "https://vol1.s3api-eu-ro-1.runpod.io"},
    ],
)
def test_a_volumes_own_s3_api_is_refused_as_a_bucket(environ):
    """It knows no links: every job's result would be stored where nobody can fetch it."""
    with pytest.raises(ValueError, match=r"knows no links.*another service, or unset the bucket"):
        store_from_env(KEYS | environ)


@pytest.mark.parametrize(
    "url",
    [
        "objects.example.com",
        "https://",
        "https://me:pass-word@example.com",
        "http://a_b:9000",
        "http://-a:9000",
        "http://a..b",
    ],
)
def test_an_endpoint_that_cannot_be_read_is_refused_without_being_shown(url):
    for variable in ("AWS_ENDPOINT_URL", "BUCKET_ENDPOINT_URL"):
        with pytest.raises(ValueError, match=variable) as caught:
            store_from_env(KEYS | {"S3_BUCKET": "voices", variable: url})
        assert "pass-word" not in str(caught.value)


def host_and_region(**environ):
    """Where links of this environment lead, and for which region they are signed. Nothing is sent."""
    with opened(**environ) as store:
        url = urlsplit(store._client.generate_presigned_url("get_object", Params={"Bucket": store.bucket, "Key": "k"}))
    return f"{url.scheme}://{url.netloc}{url.path}", parse_qs(url.query)["X-Amz-Credential"][0].split("/")[2]


@pytest.mark.parametrize(
    ("environ", "address", "region"),
    [
        ({"S3_BUCKET": "voices"}, "https://voices.s3.amazonaws.com/k", "us-east-1"),
        (
            {"S3_BUCKET": "voices", "AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-1"},
            "https://voices.s3.eu-west-3.amazonaws.com/k",
            "eu-west-3",
        ),
        (
            {"BUCKET_NAME": "voices", "AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"},
            "https://voices.s3.eu-west-1.amazonaws.com/k",
            "eu-west-1",
        ),
        (
            {"S3_BUCKET": "voices", "BUCKET_NAME": "other", "AWS_ENDPOINT_URL": "http://minio.example.com:9000/s3"},
            "http://minio.example.com:9000/s3/voices/k",
            "us-east-1",
        ),
        (
            {"S3_BUCKET": "minio", "AWS_ENDPOINT_URL": "http://minio.example.com:9000"},
            "http://minio.example.com:9000/minio/k",
            "us-east-1",
        ),
        (
            {"S3_BUCKET": "voices", "AWS_ENDPOINT_URL": "https://s3.us-west-004.backblazeb2.com"},
            "https://s3.us-west-004.backblazeb2.com/voices/k",
            "us-west-004",
        ),
        (
            {"BUCKET_NAME": "voices", "BUCKET_ENDPOINT_URL": "https://voices.nyc3.digitaloceanspaces.com"},
            "https://nyc3.digitaloceanspaces.com/voices/k",
            "us-east-1",
        ),
        (
            {"BUCKET_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com/voices/"},
            "https://account.r2.cloudflarestorage.com/voices/k",
            "us-east-1",
        ),
        (
            {"BUCKET_NAME": "voices", "BUCKET_ENDPOINT_URL": "http://[::1]:9000/voices"},
            "http://[::1]:9000/voices/k",
            "us-east-1",
        ),
        (
            {"BUCKET_ENDPOINT_URL": "https://my.voices.s3.eu-central-1.amazonaws.com"},
            "https://s3.eu-central-1.amazonaws.com/my.voices/k",
            "eu-central-1",
        ),
        *(
            ({**named, "AWS_REGION": "eu-west-1"}, "https://voices.s3.eu-central-1.amazonaws.com/k", "eu-central-1")
            for named in (
                {"BUCKET_ENDPOINT_URL": "https://voices.s3.eu-central-1.amazonaws.com"},
                {"AWS_ENDPOINT_URL": "https://voices.s3.eu-central-1.amazonaws.com"},
                {"AWS_ENDPOINT_URL": "https://s3.eu-central-1.amazonaws.com/voices"},
                {"AWS_ENDPOINT_URL": "https://s3.eu-central-1.amazonaws.com", "S3_BUCKET": "voices"},
                {"AWS_ENDPOINT_URL": "https://voices.s3.eu-central-1.amazonaws.com/", "S3_BUCKET": "voices"},
                {"AWS_ENDPOINT_URL": "https://voices.s3-eu-central-1.amazonaws.com/voices", "S3_BUCKET": "voices"},
            )
        ),
        (
            {"AWS_ENDPOINT_URL": "https://s3.cn-north-1.amazonaws.com.cn", "S3_BUCKET": "voices"},
            "https://voices.s3.cn-north-1.amazonaws.com.cn/k",
            "cn-north-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://s3.dualstack.eu-west-3.amazonaws.com", "S3_BUCKET": "voices"},
            "https://voices.s3.dualstack.eu-west-3.amazonaws.com/k",
            "eu-west-3",
        ),
        ({"S3_BUCKET": "my.voices"}, "https://s3.amazonaws.com/my.voices/k", "us-east-1"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000/voices"},
            "http://127.0.0.1:9000/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://localhost:9000/voices/", "S3_BUCKET": "voices"},
            "http://localhost:9000/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://example.com/storage/voices", "S3_BUCKET": "voices"},
            "https://example.com/storage/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://voices.nyc3.digitaloceanspaces.com"},
            "https://nyc3.digitaloceanspaces.com/voices/k",
            "us-east-1",
        ),
        (
            {"BUCKET_ENDPOINT_URL": "https://voices.nyc3.digitaloceanspaces.com"},
            "https://nyc3.digitaloceanspaces.com/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://voices.0a1b2c.r2.cloudflarestorage.com", "S3_BUCKET": "voices"},
            "https://0a1b2c.r2.cloudflarestorage.com/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://0a1b2c.eu.r2.cloudflarestorage.com/voices"},
            "https://0a1b2c.eu.r2.cloudflarestorage.com/voices/k",
            "us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://voices.s3.us-west-004.backblazeb2.com", "S3_ADDRESSING_STYLE": "virtual"},
            "https://voices.s3.us-west-004.backblazeb2.com/k",
            "us-west-004",
        ),
        (
            {"S3_BUCKET": "voices", "AWS_REGION": "eu-west-1", "S3_ADDRESSING_STYLE": "path"},
            "https://s3.eu-west-1.amazonaws.com/voices/k",
            "eu-west-1",
        ),
    ],
)
def test_address_bucket_and_region_come_from_the_environment(environ, address, region):
    assert host_and_region(**environ) == (address, region)


def test_variables_that_only_boto3_knows_change_nothing(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert host_and_region(S3_BUCKET="voices") == ("https://voices.s3.amazonaws.com/k", "us-east-1")


def test_the_platforms_variables_suffice_and_take_no_foreign_session_token(wire):
    environ = {
        "BUCKET_NAME": "voices",
        "BUCKET_ACCESS_KEY_ID": "AKIAPLATFORM",
        "BUCKET_SECRET_ACCESS_KEY": SECRET,
        "BUCKET_ENDPOINT_URL": f"{wire.url}/voices",
        "AWS_SESSION_TOKEN": "of-another-key",
    }
    store = store_from_env(environ)
    store.put("1.wav", WAV, "audio/wav", 60)
    store._client.close()
    [(_, path, headers, _)] = wire.requests
    assert path == "/voices/1.wav"
    assert "Credential=AKIAPLATFORM/" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] is None


@pytest.mark.parametrize(
    ("given", "prefix"), [("", ""), ("/", ""), ("tts", "tts/"), ("/tts//", "tts/"), ("a/b/", "a/b/")]
)
def test_the_prefix_ends_in_one_slash_and_starts_with_none(given, prefix):
    assert store_from_env(KEYS | {"S3_BUCKET": "voices", "S3_PREFIX": given}).prefix == prefix


def test_the_store_names_its_bucket():
    assert store_from_env(KEYS | {"S3_BUCKET": "voices"}).bucket == "voices"


def test_no_repr_shows_credentials():
    store = store_from_env(KEYS | {"S3_BUCKET": "voices", "AWS_SESSION_TOKEN": "token-1"})
    shown = repr(store) + repr(vars(store))
    assert SECRET not in shown
    assert ACCESS_KEY_ID not in shown
    assert "token-1" not in shown


def test_neither_importing_nor_configuring_loads_boto3():
    code = (
        f"import sys, s3_utils; assert s3_utils.store_from_env({KEYS | {'S3_BUCKET': 'voices'}}) is not None;"
        "sys.exit(any(name.split('.')[0] in {'boto3', 'botocore'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- a directory


def files_below(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_symlink() or path.is_file())


def test_a_local_artifact_has_an_absolute_path_and_nothing_else_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LocalStore(type(tmp_path)("output"))
    artifact = store.put("job/deep/1.wav", WAV, "audio/wav", 60)
    path = tmp_path / "output/job/deep/1.wav"
    assert (artifact.key, artifact.path, artifact.url, artifact.expires_at) == ("job/deep/1.wav", str(path), None, None)
    assert path.read_bytes() == WAV
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert files_below(tmp_path) == ["output/job/deep/1.wav"]


def test_a_local_put_replaces_what_was_there(tmp_path):
    store = LocalStore(tmp_path)
    store.put("1.wav", b"old", "audio/wav", 60)
    store.put("1.wav", b"new", "audio/wav", 60)
    assert (tmp_path / "1.wav").read_bytes() == b"new"
    assert files_below(tmp_path) == ["1.wav"]


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_part(tmp_path):
    """A limit on the size of files stands in for a full disk: the write fails after its first bytes."""
    store = LocalStore(tmp_path)
    store.put("1.wav", b"old", "audio/wav", 60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(StorageFailed, match=r"1\.wav.*File too large.*volume") as caught:
            store.put("1.wav", WAV, "audio/wav", 60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(tmp_path) not in str(caught.value)
    assert files_below(tmp_path) == ["1.wav"]
    assert (tmp_path / "1.wav").read_bytes() == b"old"


def test_a_target_that_cannot_be_replaced_leaves_no_part(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageFailed, match="taken"):
        LocalStore(tmp_path).put("taken", WAV, "audio/wav", 60)
    assert files_below(tmp_path) == []


def test_a_root_that_is_a_file_is_a_storage_failure_without_its_path(tmp_path):
    (tmp_path / "root").write_text("not a directory")
    with pytest.raises(StorageFailed, match="volume's mount") as caught:
        LocalStore(tmp_path / "root").put("1.wav", WAV, "audio/wav", 60)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("key", ["../1.wav", "a/../../1.wav", "/etc/1.wav", "", ".", "a/..", "link/1.wav", "1\0.wav"])
def test_a_key_that_leaves_the_root_is_refused(tmp_path, key):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    (tmp_path / "1.wav").write_bytes(b"outside")
    store = LocalStore(root)
    with pytest.raises(StorageFailed, match="relative key"):
        store.put(key, WAV, "audio/wav", 60)
    assert files_below(tmp_path) == ["1.wav", "root/link"]
    assert (tmp_path / "1.wav").read_bytes() == b"outside"
