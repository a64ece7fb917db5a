"""Whatever is sent to /graphql, the answer is a clear one."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.gateways import Asker, Retailer, gateway_over, sandbox_gateway

OK = {"query": "{ __typename }"}
RESPONSE = "application/graphql-response+json"


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    async with gateway_over({"shop": Retailer()}) as asker:
        yield asker


async def posted(
    ask: Asker, query: str, variables: dict[str, Any] | None = None, *, accept: str
) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return await ask.http.post("/graphql", json=body, headers={"accept": accept})


def error(message: str, code: str = "BAD_REQUEST") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


NOT_JSON = error("The body is not JSON in UTF-8.")
NOT_AN_OBJECT = error("The body must be one JSON object with a query.")
NO_QUERY = error("query must be a GraphQL document, as a string.")
NOTHING_NAMED = error("Send a document as query, or name one with documentId.")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", NOT_JSON),
        (b"{", NOT_JSON),
        (b"\xff\xfe{}", NOT_JSON),
        (b'{"query": "\xc3\x28"}', NOT_JSON),
        (b"[" * 49_000 + b"]" * 49_000, NOT_JSON),
        (b'{"a":' * 19_000 + b"1" + b"}" * 4_000, NOT_JSON),
        (b"NaN", NOT_JSON),
        (b"1", NOT_AN_OBJECT),
        (b"null", NOT_AN_OBJECT),
        (b'"query"', NOT_AN_OBJECT),
        (b"[]", NOT_AN_OBJECT),
        (b'[{"query": "{ __typename }"}]', NOT_AN_OBJECT),
        (b"{}", NOTHING_NAMED),
        (b'{"query": null}', NOTHING_NAMED),
        (b'{"query": 1}', NO_QUERY),
        (b'{"query": " "}', NOTHING_NAMED),
        (b'{"query": "{a}", "variables": []}', error("variables must be an object.")),
        (b'{"query": "{a}", "variables": "{}"}', error("variables must be an object.")),
        (b'{"query": "{a}", "operationName": 1}', error("operationName must be a string.")),
        (b'{"query": "{a}", "extensions": []}', error("extensions must be an object.")),
    ],
)
async def test_a_body_that_is_no_request_is_a_400(
    ask: Asker, body: bytes, told: dict[str, Any]
) -> None:
    response = await ask.http.post(
        "/graphql", content=body, headers={"content-type": "application/json"}
    )

    assert (response.status_code, response.json()) == (400, told)


async def test_a_body_nested_a_hundred_thousand_deep_is_refused_before_it_is_parsed(
    ask: Asker,
) -> None:
    response = await ask.http.post(
        "/graphql",
        content=b"[" * 100_000 + b"]" * 100_000,
        headers={"content-type": "application/json"},
    )

    assert (response.status_code, response.json()) == (
        413,
        error("The body is larger than 100,000 bytes."),
    )


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain,application/json",
        "application/json,text/plain",
        "application/json text/plain",
        "application/jsonp",
        "application/json; charset",
        "application/graphql-response+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json" + "; a=b" * 1_000,
    ],
)
async def test_only_json_is_taken(ask: Asker, kind: str) -> None:
    response = await ask.http.post(
        "/graphql", content=orjson.dumps(OK), headers={"content-type": kind}
    )

    assert (response.status_code, response.json()) == (
        415,
        error("The Content-Type must be application/json."),
    )
    assert response.headers["accept-post"] == "application/json"


async def test_two_content_types_are_none(ask: Asker) -> None:
    kinds = [("content-type", "application/json"), ("content-type", "text/plain")]
    response = await ask.http.post("/graphql", content=orjson.dumps(OK), headers=kinds)

    assert response.status_code == 415


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", '"latin1"'])
async def test_only_utf_8_is_taken(ask: Asker, charset: str) -> None:
    response = await ask.http.post(
        "/graphql",
        content=orjson.dumps(OK),
        headers={"content-type": f"application/json; charset={charset}"},
    )

    assert (response.status_code, response.json()) == (
        415,
        error("The charset of the Content-Type must be utf-8."),
    )


async def test_a_charset_is_taken(ask: Asker) -> None:
    response = await ask.http.post(
        "/graphql",
        content=orjson.dumps(OK),
        headers={"content-type": 'Application/JSON ; Charset="UTF-8"'},
    )

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"])
async def test_other_methods_are_told_which_ones_to_use(ask: Asker, method: str) -> None:
    response = await ask.http.request(method, "/graphql", json=OK)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ("query { " + "a { " * 800 + "}" * 801, "GRAPHQL_PARSE_FAILED", None),
        ("{ " + "a " * 3_000 + "}", "OPERATION_TOO_COMPLEX", None),
        (
            "{ nope }",
            "GRAPHQL_VALIDATION_FAILED",
            "Cannot query field 'nope' on type 'Query'. Did you mean 'node' or 'nodes'?",
        ),
        ('{ location(code: "ST-MIL") }', "GRAPHQL_VALIDATION_FAILED", None),
        ("{ location { code } }", "GRAPHQL_VALIDATION_FAILED", None),
        ("{ location(code: 7.5) { code } }", "GRAPHQL_VALIDATION_FAILED", None),
        ('{ location(code: "") { code } }', "GRAPHQL_VALIDATION_FAILED", None),
        ("{ ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED", None),
        ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED", None),
        ("fragment F on Query { __typename }", "GRAPHQL_VALIDATION_FAILED", None),
        ("mutation { x }", "GRAPHQL_VALIDATION_FAILED", None),
        ("subscription { x }", "GRAPHQL_VALIDATION_FAILED", None),
    ],
)
async def test_a_document_that_cannot_be_executed_is_told_why(
    document: str, code: str, message: str | None
) -> None:
    async with gateway_over({"shop": Retailer()}, requests={"introspection": True}) as ask:
        plain, new = await ask.post(document), await posted(ask, document, accept=RESPONSE)
        old = await posted(ask, document, accept="application/json")

    body = new.json()
    assert (old.status_code, old.json()) == (200, body)
    assert (plain.status_code, plain.json()) == (400, body)
    assert new.status_code == (400 if code == "GRAPHQL_PARSE_FAILED" else 422)
    assert "data" not in body
    assert {one["extensions"]["code"] for one in body["errors"]} == {code}
    if message is not None:
        assert body["errors"][0]["message"] == message


@pytest.mark.parametrize(
    "variables",
    [{}, {"code": None}, {"code": 1}, {"code": ["ST-MIL"]}, {"code": {}}, {"code": " "}],
)
async def test_wrong_variables_are_told(ask: Asker, variables: dict[str, Any]) -> None:
    document = "query Q($code: LocationCode!) { location(code: $code) { code } }"
    plain = await ask.post(document, **variables)
    old = await posted(ask, document, variables, accept="application/json")
    new = await posted(ask, document, variables, accept=RESPONSE)

    told = {
        "errors": [
            {
                "message": "Variable '$code' has an invalid value.",
                "locations": [{"line": 1, "column": 9}],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }
    assert (plain.status_code, plain.json()) == (400, told)
    assert (old.status_code, old.json()) == (200, told)
    assert (new.status_code, new.json()) == (422, told)


async def test_a_huge_integer_is_a_clear_answer(ask: Asker) -> None:
    body = b'{"query": "query Q($n: Int) { locations(first: $n) { totalCount } }", "variables": '
    response = await ask.http.post(
        "/graphql",
        content=body + b'{"n": ' + b"9" * 5_000 + b"}}",
        headers={"content-type": "application/json"},
    )

    assert response.status_code == 400
    assert response.json() == error(
        "A number has more than the 64 bits of a floating point: send it as a string."
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-123", True), ("x" * 65, False), ("a b", False), ('"}{', False), ("", False)],
)
async def test_a_sound_request_id_is_kept_and_any_other_replaced(
    ask: Asker, given: str, *, kept: bool
) -> None:
    response = await ask.http.post("/graphql", json=OK, headers={"x-request-id": given})

    answered = response.headers["x-request-id"]
    assert (answered == given) is kept
    assert answered.isprintable()
    assert 0 < len(answered) <= 64


async def test_the_operation_ends_with_its_budget() -> None:
    import asyncio  # noqa: PLC0415

    forever = Retailer()
    async with gateway_over(
        {"shop": forever}, requests={"budget": "PT3S", "reserve": "PT2S"}
    ) as ask:
        forever.wait = asyncio.Event().wait  # type: ignore[assignment]  # its True is nobody's
        response = await ask.post('{ product(handle: "shirt") { name } }')

    assert response.status_code == 200
    assert response.json()["data"] == {"product": None}
    assert response.json()["errors"][0]["message"] == "shop: did not answer in time."


async def test_probes_tell_our_own_state() -> None:
    async with sandbox_gateway() as sandbox:
        alive = await sandbox.ask.http.get("/livez")
        ready = await sandbox.ask.http.get("/readyz")

    assert (alive.status_code, alive.text) == (200, "alive")
    assert (ready.status_code, ready.text) == (200, "ready")


async def test_graphiql_is_closed_unless_it_is_opened(ask: Asker) -> None:
    page = {"accept": "text/html,*/*;q=0.8"}
    assert (await ask.http.get("/graphql", headers=page)).status_code == 400
    async with gateway_over({"shop": Retailer()}, server={"graphiql": True}) as opened:
        response = await opened.http.get("/graphql", headers=page)
        sooner = {"accept": "application/json, text/html;q=0.1"}
        other = await opened.http.get("/graphql", headers=sooner)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "query Listing" in response.text
    assert "__EXAMPLES__" not in response.text
    assert other.headers["content-type"] == "application/json; charset=utf-8"
