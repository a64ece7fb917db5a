"""A GET asks queries only, and no foreign page can make a browser send one."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import strawberry

from app.api.admission import Admission, build_gate
from app.api.context import Services
from app.api.events_stream import EventStreams
from app.api.execution import build_engine
from app.api.http import GraphQLEndpoint
from app.api.lasting import Lasting
from app.api.metrics import Metrics
from app.api.operations import Operations
from app.api.schema import GivenDocument, Schema
from app.settings import Requests, Streams
from tests.builders import NOON
from tests.gateways import Asker, Retailer, a_guest, gateway_over

PREFLIGHT = {"x-tessera-preflight": "1"}
ONE = "query One($code: LocationCode!) { location(code: $code) { code } }"


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    async with gateway_over({"shop": Retailer()}) as asker:
        yield asker


async def told(ask: Asker, params: Any, **headers: str) -> tuple[int, str]:
    response = await ask.http.get("/graphql", params=params, headers=PREFLIGHT | headers)
    return response.status_code, response.json()["errors"][0]["message"]


@pytest.mark.parametrize("header", ["x-tessera-preflight", "apollo-require-preflight"])
async def test_all_parameters_are_read_from_the_address(ask: Asker, header: str) -> None:
    response = await ask.http.get(
        "/graphql",
        params={
            "query": ONE + " query Two { __typename }",
            "operationName": "One",
            "variables": '{"code": "ST-MIL"}',
            "extensions": "{}",
        },
        headers={header: "1"},
    )

    assert (response.status_code, response.json()) == (
        200,
        {"data": {"location": {"code": "ST-MIL"}}},
    )


@pytest.mark.parametrize(
    "simple",
    [
        {},
        {"accept": "application/graphql-response+json"},
        {"content-type": "text/plain", "origin": "https://evil.example"},
    ],
)
async def test_what_a_foreign_page_could_send_unasked_is_refused(
    ask: Asker, simple: dict[str, str]
) -> None:
    response = await ask.http.get("/graphql", params={"query": "{ __typename }"}, headers=simple)

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == (
        "A GET needs the header x-tessera-preflight, with any value: without it, any web page"
        " could make its visitors send it."
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Send a document as query, or name one with documentId."),
        ({"query": " "}, "Send a document as query, or name one with documentId."),
        ({"query": "{a}", "variables": "{"}, "variables is not JSON."),
        ({"query": "{a}", "variables": ""}, "variables is not JSON."),
        ({"query": "{a}", "variables": "[1]"}, "variables must be an object."),
        ({"query": "{a}", "extensions": "1"}, "extensions must be an object."),
        ([("query", "{a}"), ("query", "{b}")], "query was given 2 times."),
    ],
)
async def test_parameters_that_are_no_request_say_what_to_change(
    ask: Asker, params: Any, message: str
) -> None:
    assert await told(ask, params) == (400, message)


@strawberry.type
class Query:
    @strawberry.field
    def one(self) -> int:
        return 1


@strawberry.type
class Counter:
    """A mutation that counts how often it was executed."""

    @strawberry.mutation
    def count(self) -> int:
        COUNTED.append(1)
        return len(COUNTED)


COUNTED: list[int] = []


def endpoint() -> GraphQLEndpoint:
    schema = Schema(query=Query, mutation=Counter, extensions=[GivenDocument])
    operations = Operations(
        schema,
        admission=Admission(build_gate(schema, Requests(), introspection=False)),
        engine=build_engine(schema, at_first_sight=True),
        services=lambda: cast("Services", None),
        requests=Requests(),
        now=lambda: NOON,
        metrics=Metrics(dict, counts={}),
        introspection=False,
    )
    events = EventStreams(Lasting(1, 1), Streams(), now=lambda: NOON)
    return GraphQLEndpoint(
        operations, events, identify=a_guest, requests=Requests(), graphiql=False
    )


@pytest.mark.parametrize("accept", ["*/*", "application/graphql-response+json"])
async def test_a_mutation_is_executed_by_post_and_never_by_get(accept: str) -> None:
    COUNTED.clear()
    document = {"query": "query Q { one } mutation M { count }", "operationName": "M"}
    transport, headers = httpx.ASGITransport(app=endpoint()), PREFLIGHT | {"accept": accept}
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        got = await http.get("/graphql", params=document, headers=headers)
        other = await http.get(
            "/graphql", params=document | {"operationName": "Q"}, headers=headers
        )
        assert COUNTED == []
        posted = await http.post("/graphql", json=document, headers={"accept": accept})

    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert got.json()["errors"][0]["message"] == "Send a mutation by POST."
    assert (other.status_code, other.json()) == (200, {"data": {"one": 1}})
    assert (posted.status_code, posted.json()) == (200, {"data": {"count": 1}})
