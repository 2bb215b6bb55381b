"""What a network and a storage service can do to an upload, on the wire: nothing is half there, nothing is waited for
in vain, and every style of service is addressed as it wants to be."""

from __future__ import annotations

import datetime
import hashlib
import os

import botocore.endpoint
import pytest
from conftest import NUMBERS
from faulty_proxy import (
    Asked,
    FaultyProxy,
    altered,
    cut_short,
    listing,
    never_answered,
    of_another_region,
    passed_on,
    refused,
    reset_in_the_answer,
    reset_in_the_request,
    swallowed,
)
from nanio_server import KEYS, nanio_server

import s3_utils
from s3_utils import store_from_env
from voiceclone.errors import DownloadFailed, StorageFailed
from voiceclone.voices.library import Library, SavedVoice

WAV = bytes(range(256)) * 4000


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long was to be waited between tries; nobody waits for it."""
    told = []

    class Time:
        sleep = staticmethod(told.append)

        def __getattr__(self, name):
            return getattr(original, name)

    original = botocore.endpoint.time
    monkeypatch.setattr(botocore.endpoint, "time", Time())
    return told


@pytest.fixture
def proxy(moto):
    with FaultyProxy(moto) as proxy:
        yield proxy


@pytest.fixture
def store(s3, proxy):
    environ, _ = s3
    store = store_from_env({**environ, "AWS_ENDPOINT_URL": proxy.url})
    yield store
    store._client.close()


def stored(s3, key="a.wav"):
    """What lies in the bucket under a key; None for nothing."""
    environ, client = s3
    found = client.list_objects_v2(Bucket=environ["S3_BUCKET"], Prefix=f"team/{key}").get("Contents")
    return client.get_object(Bucket=environ["S3_BUCKET"], Key=f"team/{key}")["Body"].read() if found else None


def put_by(s3, key, data):
    """Store an object without this project."""
    environ, client = s3
    client.put_object(Bucket=environ["S3_BUCKET"], Key=key, Body=data)


PASSING = {
    "throttled": refused(503, "SlowDown"),
    "too many requests": refused(429, "TooManyRequests"),
    "broken service": refused(500, "InternalError"),
    "gateway": refused(502, "BadGateway"),
    "request reset": reset_in_the_request,
    "answer reset": reset_in_the_answer,
    "altered": altered,
    "swallowed": swallowed,
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_passing_fault_is_tried_again_and_leaves_one_whole_object(store, s3, proxy, fault):
    proxy.faults.append(fault)
    store.write("a.wav", WAV, "audio/wav")
    assert stored(s3) == WAV
    assert sum(asked.method == "PUT" for asked in proxy.requests) == 2


def test_a_service_that_is_slow_to_answer_is_tried_again(s3, proxy, monkeypatch):
    monkeypatch.setattr(s3_utils, "READ_TIMEOUT_S", 0.2)
    proxy.faults.append(never_answered)
    environ, _ = s3
    store = store_from_env({**environ, "AWS_ENDPOINT_URL": proxy.url})
    store.write("a.wav", WAV, "audio/wav")
    assert stored(s3) == WAV
    store._client.close()


@pytest.mark.parametrize("fault", [refused(503, "SlowDown"), reset_in_the_request])
def test_waits_between_tries_grow_and_are_drawn(store, proxy, waits, fault):
    """So that workers which failed together do not come back together."""
    drawn = set()
    for _ in range(4):
        proxy.faults.extend([fault] * 5)
        waits.clear()
        with pytest.raises(StorageFailed):
            store.write("a.wav", WAV, "audio/wav")
        drawn.add(tuple(waits))
        scale = waits and 20
        assert len(waits) == 4
        assert all(0 <= wait <= min(2**i, scale) for i, wait in enumerate(waits, 1))
    assert len(drawn) == 4


LASTING = {
    "throttled": (refused(503, "SlowDown"), 5, "SlowDown; the service is busy or down"),
    "request reset": (reset_in_the_request, 5, "check S3_BUCKET, AWS_REGION, AWS_ENDPOINT_URL and the network"),
    "swallowed": (swallowed, 4, "it did not arrive, though the service said so, twice; check what lies between"),
    "altered": (altered, 6, "it arrived with other bytes, twice; check what lies between"),
    "forbidden": (refused(403, "AccessDenied"), 1, "AccessDenied; check that the credentials grant s3:PutObject"),
    "no bucket": (refused(404, "NoSuchBucket"), 1, "NoSuchBucket; check the bucket's name"),
    "expired": (refused(400, "ExpiredToken"), 1, "ExpiredToken; renew the credentials"),
    "unknown key": (refused(403, "InvalidAccessKeyId"), 1, "InvalidAccessKeyId; check the credentials"),
}


@pytest.mark.parametrize(("fault", "requests", "told"), LASTING.values(), ids=LASTING)
def test_a_lasting_fault_is_given_up_with_its_cure_and_leaves_no_object(store, s3, proxy, fault, requests, told):
    """What trying again cannot mend is tried once."""
    # Then it is looked at what the server really holds, and that is removed.
    looks = {swallowed: [passed_on], altered: [passed_on, passed_on]}.get(fault, [])
    proxy.faults.extend([fault, *looks] * requests)
    with pytest.raises(StorageFailed) as caught:
        store.write("a.wav", WAV, "audio/wav")
    assert told in str(caught.value)
    assert "known-" not in str(caught.value)
    assert "AWS4" not in str(caught.value)
    assert len(proxy.requests) == requests
    assert stored(s3) is None


MALFORMED = "AuthorizationHeaderMalformed"
TOLD = ("x-amz-bucket-region", "eu-west-3")


@pytest.mark.parametrize(
    "fault",
    [
        of_another_region(400, MALFORMED, region="<Region>eu-west-3</Region>"),
        of_another_region(400, MALFORMED, TOLD),
        of_another_region(400, "IllegalLocationConstraintException", TOLD),
        of_another_region(301, "PermanentRedirect", TOLD),
        of_another_region(307, "TemporaryRedirect", TOLD),
        of_another_region(307, "", TOLD),
        of_another_region(301, "PermanentRedirect"),
        of_another_region(400, "IllegalLocationConstraintException"),
    ],
)
@pytest.mark.parametrize("call", ["put", "link", "get", "entries"])
def test_a_bucket_in_another_region_is_found_there_and_linked_for_it(store, s3, proxy, fault, call):
    """From the answer, or from a look at the bucket: a link for the configured region would be dead."""
    put_by(s3, "team/a.wav", WAV)
    told = fault.told or call == "link"
    proxy.faults += [fault, *([] if told else [of_another_region(301, "", TOLD)])]
    if call == "put":
        store.write("a.wav", WAV, "audio/wav")
    elif call == "link":
        proxy.faults[0] = of_another_region(400, "", TOLD)  # an answer to HEAD has no body
        assert store.exists("a.wav")
    elif call == "get":
        assert store.get("team/a.wav", len(WAV)) == WAV
    else:
        assert [entry.key for entry in store.entries("")] == ["a.wav"]
    assert store.region == "eu-west-3"
    assert "%2Feu-west-3%2Fs3%2Faws4_request" in store.link("a.wav", 60).url
    assert "/eu-west-3/s3/aws4_request" in proxy.requests[-1].headers["Authorization"]
    assert len(proxy.requests) == (2 if told else 3)


@pytest.mark.parametrize(
    ("fault", "told", "requests"),
    [
        (of_another_region(301, "PermanentRedirect"), "PermanentRedirect; set AWS_REGION to the bucket's region", 2),
        (of_another_region(307, ""), "307; set AWS_REGION to the bucket's region", 2),
        (
            of_another_region(400, MALFORMED, region="<Region>AKIA+known-secret</Region>"),
            f"{MALFORMED}; set AWS_REGION to the bucket's region",
            2,
        ),
        (
            of_another_region(403, "SignatureDoesNotMatch"),
            "AWS_SECRET_ACCESS_KEY may not belong to AWS_ACCESS_KEY_ID; and set AWS_REGION to the bucket's region",
            1,
        ),
    ],
)
def test_who_signs_for_another_region_and_is_not_told_which_is_told_what_to_set(
    store, s3, proxy, fault, told, requests
):
    """At once, and nothing is stored."""
    proxy.faults.append(fault)
    with pytest.raises(StorageFailed) as caught:
        store.put("a.wav", WAV, "audio/wav", 60)
    assert str(caught.value).endswith(told)
    assert len(proxy.requests) == requests
    assert stored(s3) is None


def test_an_upload_that_fails_leaves_the_older_object_whole(store, s3, proxy):
    store.write("a.wav", b"older", "audio/wav")
    proxy.faults.extend([reset_in_the_request] * 5)
    with pytest.raises(StorageFailed):
        store.write("a.wav", WAV, "audio/wav")
    assert stored(s3) == b"older"


def with_etag(etag, encryption=None):
    """The server's answer, with another ETag."""

    def fault(proxy, handler, asked):
        status, headers, body = proxy.forward(asked)
        headers = [(name, f'"{etag}"' if name == "ETag" else value) for name, value in headers]
        if encryption:
            headers.append(("x-amz-server-side-encryption", encryption))
        handler.answer(status, headers, body)

    return fault


@pytest.mark.parametrize(
    ("etag", "encryption", "looked"),
    [("0" * 32, "aws:kms", "HEAD"), ("of-its-own", None, "HEAD"), ("0" * 32, None, "GET")],
)
def test_an_object_whose_etag_is_another_is_looked_at(store, proxy, etag, encryption, looked):
    """Where it cannot be an MD5 the size has to do, where it may be one the object is read again."""
    proxy.faults.append(with_etag(etag, encryption))
    store.write("a.wav", WAV, "audio/wav")
    assert [asked.method for asked in proxy.requests] == ["PUT", looked]


def test_who_may_only_write_has_the_services_word(store, s3, proxy):
    proxy.faults.extend([with_etag("of-its-own"), refused(403, "AccessDenied")])
    store.write("a.wav", WAV, "audio/wav")
    assert stored(s3) == WAV


NAMED, SIZED, DATED = "<Key>team/a.wav</Key>", "<Size>1</Size>", "<LastModified>2026-01-02T12:00:00Z</LastModified>"


@pytest.mark.parametrize(
    "contents",
    [
        *(NAMED + SIZED, NAMED + DATED, SIZED + DATED, ""),
        *(NAMED + "<Size>many</Size>" + DATED, NAMED + SIZED + "<LastModified>soon</LastModified>"),
    ],
)
def test_a_listing_that_lacks_what_it_must_tell_is_a_storage_failure(store, proxy, contents):
    proxy.faults.append(listing(contents))
    with pytest.raises(StorageFailed, match="could not be listed: the service's answer cannot be read"):
        list(store.entries(""))
    proxy.faults.append(listing(NAMED + SIZED + DATED))
    assert [entry.key for entry in store.entries("")] == ["a.wav"]


def test_a_size_that_is_not_told_is_a_storage_failure(store, proxy):
    """Where nothing but the size can tell that the bytes have arrived."""
    proxy.faults.extend([with_etag("of-its-own"), lambda _, handler, __: handler.answer(200, [], b"")])
    with pytest.raises(StorageFailed, match=r"could not be stored .* the service's answer cannot be read"):
        store.write("a.wav", WAV, "audio/wav")


def test_a_voice_whose_answers_are_all_lost_is_stored_if_it_is_there(store, s3, proxy):
    """It is looked at: who is told that it is not stored finds none."""
    proxy.faults.extend([reset_in_the_answer] * 5)
    Library(store).add(SavedVoice("anna", "Hello."), WAV)
    assert stored(s3, "voices/anna.wav").endswith(WAV[12:])
    proxy.faults.extend([reset_in_the_request] * 5)
    with pytest.raises(StorageFailed):
        Library(store).add(SavedVoice("anna", "Hello."), WAV[:100])
    assert stored(s3, "voices/anna.wav").endswith(WAV[12:])


def test_an_empty_object_has_a_beginning(store):
    store.write("a.wav", b"", "audio/wav")
    assert store.read("a.wav", 10, part=True) == b""
    store.write("a.wav", b"abc", "audio/wav")
    assert (store.read("a.wav", 2, part=True), store.read("a.wav", 5, part=True)) == (b"ab", b"abc")


def test_a_service_that_knows_no_ranges_is_read_no_further_than_asked(store, proxy):
    def whole(proxy, handler, asked):
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "range"}
        handler.answer(*proxy.forward(Asked(asked.method, asked.url, headers, asked.body)))

    store.write("a.wav", WAV, "audio/wav")
    proxy.faults.append(whole)
    assert store.read("a.wav", 100, part=True) == WAV[:100]
    proxy.faults.append(cut_short)
    with pytest.raises(StorageFailed, match="broke off"):
        store.read("a.wav", 100, part=True)


def test_bytes_that_the_service_refuses_cost_no_older_object(store, s3, proxy):
    store.write("a.wav", b"older", "audio/wav")
    proxy.faults.extend([refused(400, "BadDigest")] * 2)
    with pytest.raises(StorageFailed, match="arrived with other bytes, twice"):
        store.write("a.wav", WAV, "audio/wav")
    assert stored(s3) == b"older"


def test_bytes_that_a_verifying_server_refuses_are_sent_again(tmp_path):
    with nanio_server(tmp_path) as url, FaultyProxy(url) as proxy:
        store = store_from_env({**KEYS, "S3_BUCKET": "speech", "AWS_ENDPOINT_URL": proxy.url})
        store._client.create_bucket(Bucket="speech")
        proxy.faults.append(altered)
        store.write("a.wav", WAV, "audio/wav")
        assert store.get("a.wav", len(WAV)) == WAV
        store._client.close()


def test_a_read_that_is_cut_short_is_not_taken_for_the_whole(store, s3, proxy):
    store.write("a.wav", WAV, "audio/wav")
    proxy.faults.append(cut_short)
    with pytest.raises(DownloadFailed, match="broke off"):
        store.get("team/a.wav", len(WAV))
    assert store.get("team/a.wav", len(WAV)) == WAV


def test_a_wrong_clock_is_named(moto, monkeypatch, tmp_path):
    """A server that verifies signatures refuses one of yesterday."""
    import botocore.auth

    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with nanio_server(tmp_path) as url:
        store = store_from_env({**KEYS, "S3_BUCKET": "speech", "AWS_ENDPOINT_URL": url})
        store._client.create_bucket(Bucket="speech")
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: yesterday.replace(tzinfo=None))
        with pytest.raises(StorageFailed, match="RequestTimeTooSkewed; set this machine's clock"):
            store.write("a.wav", WAV, "audio/wav")
        store._client.close()


# ---- The address of each style of service, as it goes over the wire, TLS included

STYLES = {
    "AWS": (
        {"AWS_REGION": "eu-central-1"},
        "https://{bucket}.s3.eu-central-1.amazonaws.com/",
    ),
    "Cloudflare R2": (
        {"AWS_ENDPOINT_URL": "https://0a1b2c.r2.cloudflarestorage.com"},
        "https://0a1b2c.r2.cloudflarestorage.com/{bucket}/",
    ),
    "Backblaze B2": (
        {"AWS_ENDPOINT_URL": "https://s3.us-west-004.backblazeb2.com"},
        "https://s3.us-west-004.backblazeb2.com/{bucket}/",
    ),
    "MinIO": ({"AWS_ENDPOINT_URL": "http://minio.example:9000"}, "http://minio.example:9000/{bucket}/"),
    "MinIO behind a path": (
        {"AWS_ENDPOINT_URL": "https://example.com/storage"},
        "https://example.com/storage/{bucket}/",
    ),
    "DigitalOcean": (
        {"AWS_ENDPOINT_URL": "https://nyc3.digitaloceanspaces.com"},
        "https://nyc3.digitaloceanspaces.com/{bucket}/",
    ),
    "AWS, the bucket's own address": (
        {"AWS_ENDPOINT_URL": "https://{bucket}.s3.eu-central-1.amazonaws.com", "AWS_REGION": "us-east-1"},
        "https://{bucket}.s3.eu-central-1.amazonaws.com/",
    ),
    "Alibaba Cloud": (
        {"AWS_ENDPOINT_URL": "https://oss-eu-central-1.aliyuncs.com"},
        "https://{bucket}.oss-eu-central-1.aliyuncs.com/",
    ),
    "MinIO with the bucket in front": (
        {"AWS_ENDPOINT_URL": "https://minio.example.com", "S3_ADDRESSING_STYLE": "Virtual"},
        "https://{bucket}.minio.example.com/",
    ),
    "DigitalOcean, the platform's variables and the bucket's own address": (
        {"BUCKET_ENDPOINT_URL": "https://{bucket}.nyc3.digitaloceanspaces.com", "BUCKET_NAME": "{bucket}"},
        "https://nyc3.digitaloceanspaces.com/{bucket}/",
    ),
}


@pytest.mark.parametrize(("settings", "address"), STYLES.values(), ids=STYLES)
def test_each_style_of_service_is_addressed_as_it_wants(settings, address, proxy, tmp_path, monkeypatch):
    """Uploads, links and reads agree; the signature names the region; no checksum is sent that some refuse."""
    bucket = f"speech-{next(NUMBERS)}"
    for name in [name for name in os.environ if name.startswith(("AWS_", "BUCKET_"))]:
        monkeypatch.delenv(name)
    for name, value in proxy.environ(tmp_path).items():
        monkeypatch.setenv(name, value)
    kept = {}

    def serve(_, handler, asked):
        if asked.method == "PUT":
            kept[asked.url] = asked.body
        body = b"" if asked.method == "PUT" else kept[asked.url]
        etag = hashlib.md5(kept[asked.url]).hexdigest()
        handler.answer(200, [("ETag", f'"{etag}"'), ("Content-Length", str(len(body)))], body)

    proxy.faults.extend([serve] * 2)
    named = {name: value.format(bucket=bucket) for name, value in settings.items()}
    keys = {"AWS_ACCESS_KEY_ID": "known-key-id", "AWS_SECRET_ACCESS_KEY": "known-secret-key"}
    store = store_from_env({"S3_BUCKET": bucket, **keys, **named})
    artifact = store.put("output/a b.wav", WAV, "audio/wav", 60)
    assert store.get("output/a b.wav", len(WAV)) == WAV
    store._client.close()
    whole = address.format(bucket=bucket) + "output/a%20b.wav"
    assert artifact.url.startswith(f"{whole}?")
    assert {asked.url for asked in proxy.requests} == {whole}
    upload = proxy.requests[0]
    region = next((each for each in ("us-west-004", "eu-central-1") if f"s3.{each}" in whole), "us-east-1")
    assert f"/{region}/s3/aws4_request" in upload.headers["Authorization"]
    assert not [name for name in upload.headers if "checksum" in name.lower() or name.lower() == "x-amz-trailer"]
    assert upload.headers["Content-MD5"]
    assert upload.body == WAV
