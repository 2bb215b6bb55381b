"""What the platform's OpenAPI document says otherwise than what is sent and read here is found, field by field."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from openapi import Contract, documents

from voiceclone.deployment.contract import differences, operations, ours

GONE = object()
SCHEMAS = ("components", "schemas")
FIELDS = (*SCHEMAS, "EndpointFields", "properties")
GPU = (*SCHEMAS, "GpuWanted")
LIST = ("paths", "/v2/serverless", "get")
CREATE = ("paths", "/v2/serverless", "post")
CHANGE = ("paths", "/v2/serverless/{id}", "patch")


def altered(*changes):
    """Our own document with other values at some places."""
    document = copy.deepcopy(ours())
    for (*way, last), value in changes:
        place = document
        for step in way:
            place = place[step]
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return document


@pytest.mark.parametrize("document", documents(), ids=lambda document: document["info"]["title"])
def test_what_is_sent_and_read_is_what_the_contract_has(document):
    assert differences(document) == []


def test_our_own_document_is_of_valid_schemas_and_all_of_them_are_used():
    used = json.dumps(ours())
    for name, schema in ours()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in used, name
    assert {(o.method, o.path) for o in operations(ours()) if o.request is not None} == {
        ("POST", "/v2/serverless"),
        ("PATCH", "/v2/serverless/{id}"),
    }


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        (LIST, GONE, "GET /v2/serverless: there is no such request"),
        (("paths", "/v2/catalog/gpus"), GONE, "GET /v2/catalog/gpus: there is no such request"),
        ((*LIST, "deprecated"), True, "GET /v2/serverless: is deprecated"),
        (
            (*LIST, "parameters"),
            [{"name": "limit", "in": "query", "required": True}],
            "GET /v2/serverless: limit: must be sent as a parameter",
        ),
        ((*CREATE, "requestBody"), {"content": {"text/csv": {}}}, "POST /v2/serverless: takes no body of JSON"),
        ((*CREATE, "responses", "201"), GONE, "POST /v2/serverless: answer 201: is not there as application/json"),
        ((*FIELDS, "flashboot"), GONE, "POST /v2/serverless: body.flashboot: is sent, and not known"),
        ((*FIELDS, "flashboot"), GONE, "PATCH /v2/serverless/{id}: body.flashboot: is sent, and not known"),
        ((*FIELDS, "flashboot"), False, "POST /v2/serverless: body.flashboot: is sent, and not known"),
        ((*FIELDS, "timeout", "type"), "string", "body.timeout: is sent as integer, and taken as string"),
        ((*FIELDS, "networkVolumes", "type"), "string", "body.networkVolumes: is sent as array, and taken as string"),
        ((*FIELDS, "env", "additionalProperties"), {"type": "integer"}, "body.env.*: is sent as string, and taken as"),
        ((*FIELDS, "env", "additionalProperties"), False, "body.env.*: is sent, and not known"),
        (
            (*FIELDS, "flashboot", "enum"),
            ["ON", "OFF"],
            "body.flashboot: is sent as FLASHBOOT or OFF, and taken as OFF or ON",
        ),
        ((*GPU, "required"), ["vram"], "body.gpu.vram: must be sent, and is not"),
        ((*GPU, "properties", "pools", "items"), {"type": "object"}, "body.gpu.pools[]: is sent as string, and taken"),
        (
            (*SCHEMAS, "RequestCount", "properties", "type", "enum"),
            ["REQUESTS"],
            "body.scaling.type: is sent as REQUEST_COUNT, and taken as REQUESTS",
        ),
        (
            (*SCHEMAS, "CreateEndpoint", "then"),
            {"required": ["args"]},
            "POST /v2/serverless: body.args: must be sent, and is not",
        ),
        (
            (*SCHEMAS, "Endpoint", "properties", "id"),
            {"type": "integer"},
            "GET /v2/serverless: answer 200.endpoints[].id: comes as integer, and is read as string",
        ),
        (
            (*SCHEMAS, "Endpoint", "properties", "image"),
            GONE,
            "POST /v2/serverless: answer 201.image: is read, and may be absent",
        ),
        (
            (*SCHEMAS, "Endpoint", "required"),
            ["id", "workers"],
            "answer 200.endpoints[].timeout: is read, and may be absent",
        ),
        (
            (*SCHEMAS, "Endpoint", "properties", "flashboot", "type"),
            ["string", "null"],
            "answer 200.endpoints[].flashboot: comes as null, and is read as string",
        ),
        (
            (*SCHEMAS, "Endpoints", "properties", "next"),
            {"type": "string"},
            "GET /v2/serverless: answer 200.next: is new",
        ),
        (
            (*SCHEMAS, "EndpointWorkers", "properties", "summary"),
            {"type": "object", "additionalProperties": {"type": "string"}},
            "answer 200.summary.total: comes as string, and is read as integer",
        ),
        (
            (*SCHEMAS, "Problem", "properties", "errors", "items"),
            GONE,
            "answer default.errors[]: comes as anything, and is read as string",
        ),
    ],
)
def test_each_difference_is_named(way, value, said):
    assert any(said in each for each in differences(altered((way, value))))


@pytest.mark.parametrize(
    "changes",
    [
        [((*SCHEMAS, "Endpoint", "properties", "color"), {"type": "string"})],
        [((*SCHEMAS, "EndpointWorkers", "properties", "workers"), {"type": "array"})],
        [((*FIELDS, "args"), {"type": "string"})],
        [((*FIELDS, "timeout", "type"), ["number", "null"])],
        [((*FIELDS, "flashboot", "enum"), ["OFF", "FLASHBOOT", "PRIORITY_FLASHBOOT"])],
        [((*FIELDS, "disk"), {"allOf": [{"type": "number"}, {"minimum": 5}]})],
        [((*LIST, "parameters"), [{"name": "limit", "in": "query"}])],
        [
            (("paths", "/v2/serverless/{name}"), {"patch": ours()["paths"]["/v2/serverless/{id}"]["patch"]}),
            (CHANGE[:2], GONE),
        ],
    ],
)
def test_what_does_no_harm_is_no_difference(changes):
    """New fields of answers, new optional ones of requests, further values and types that are taken."""
    assert differences(altered(*changes)) == []


def test_the_stand_in_sees_what_the_contract_forbids():
    """Else its silence would mean nothing."""
    contract = Contract(ours())
    answer = {"registries": []}
    assert contract.problems("GET", "/v2/registries", None, 200, answer) == []
    for case in (
        ("GET", "/v2/templates", None, 200, answer),
        ("GET", "/v2/registries", {}, 200, answer),
        ("GET", "/v2/registries", None, 200, []),
        ("GET", "/v2/registries", None, 201, answer),
        ("GET", "/v2/registries", None, 404, {"error": "none"}),
        ("PATCH", "/v2/serverless/a", {}, 400, {"title": "a", "detail": "b"}),
        ("PATCH", "/v2/serverless/a", {"image": "a", "workersMax": 3}, 400, {"title": "a", "detail": "b"}),
        ("PATCH", "/v2/serverless/a", {"scaling": {"type": "QUEUE_DELAY"}}, 400, {"title": "a", "detail": "b"}),
    ):
        assert contract.problems(*case), case
