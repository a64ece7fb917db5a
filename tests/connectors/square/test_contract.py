"""Every exchange of the conformance suites, held against Square's published description."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from app.ports import UpstreamHttp, find_connectors, read_manifest
from app.upstream.client import ClientPolicy, open_client
from connectors.kit.conformance import Case, Subject, cases_of, subject_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.kit.questions import questions_of
from connectors.kit.specimen import Asgi, Specimen
from connectors.square.settings import VERSION
from tests.connectors.contracts import Contract, Exchange
from tests.connectors.square.contract import Watched, contract, description
from tests.connectors.square.seller import DUB, a_seller

SQUARE = find_connectors(CONNECTORS)["square"]
SUBJECT = subject_of(read_manifest(SQUARE), SQUARE.module)
ON_THE_WIRE = {
    "healthy",
    "batched",
    "written",
    "write lost-answer",
    "write delivered-twice",
    "write crash",
}
COUNTS = "/v2/inventory/counts/batch-retrieve"
needs_description = pytest.mark.skipif(
    description() is None,
    reason="Square's OpenAPI description is not there: put it at "
    "../shared/contracts/square/api.json, or say in SQUARE_API_DESCRIPTION where it is",
)


# Those in which the two speak freely; in the others a part of the same requests is sent.
CASES = [
    case for case in cases_of(SUBJECT) if case.failure in ON_THE_WIRE and questions_of(case.port)
]


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


def watched(specimen: Specimen, seen: list[Watched]) -> Specimen:
    def app() -> Asgi:
        seen.append(Watched(specimen.app()))
        return seen[-1]

    return replace(specimen, app=app)


@needs_description
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_is_said_in_a_suite_is_what_the_description_allows(case: Case) -> None:
    seen: list[Watched] = []
    specimens = tuple(watched(one, seen) for one in SUBJECT.specimens)
    subject = Subject(manifest=SUBJECT.manifest, package=SUBJECT.package, specimens=specimens)

    result = await try_case(subject, case, open_http)

    assert [finding.reason for finding in result.findings] == []
    assert [told for one in seen for told in one.violations] == []
    assert sum(len(one.exchanges) for one in seen) > 0


def agreed() -> Contract:
    found = contract()
    assert found is not None
    return found


def an_exchange(**changes: Any) -> Exchange:
    asked = changes.pop("asked", {"limit": 1000, "states": ["IN_STOCK"]})
    answered = changes.pop("answered", {"counts": []})
    given: dict[str, Any] = {"method": "POST", "path": COUNTS, "query": "", "status": 200}
    return Exchange(
        **{**given, **changes},
        asked=b"" if asked is None else orjson.dumps(asked),
        answered=orjson.dumps(answered),
        headers={},
    )


@needs_description
def test_an_exchange_of_the_description_is_allowed() -> None:
    assert agreed().violations(an_exchange()) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a field nobody knows": (
        {"asked": {"limits": 3}},
        "request: Additional properties are not allowed ('limits' was unexpected)",
    ),
    "a longer page": ({"asked": {"limit": 1001}}, "request: 1001 is greater than the maximum"),
    "a state nobody knows": ({"asked": {"states": ["HERE"]}}, "request: 'HERE' is not one of"),
    "a text for a number": ({"asked": {"limit": "3"}}, "request: '3' is not of type 'integer'"),
    "a field that only Square writes": (
        {
            "path": "/v2/loyalty/accounts",
            "asked": {
                "idempotency_key": "k",
                "loyalty_account": {"program_id": "p", "balance": 3},
            },
            "answered": {},
        },
        "request: Tried to write read-only property with 3",
    ),
    "a key that is missing": (
        {"path": "/v2/loyalty/accounts", "asked": {"loyalty_account": {"program_id": "p"}}},
        "request: 'idempotency_key' is a required property",
    ),
    "an answer with another type": (
        {"answered": {"counts": [{"quantity": 4}]}},
        "response: 4 is not of type 'string'",
    ),
    "an answer with a field nobody knows": (
        {"answered": {"stock": []}},
        "response: Additional properties are not allowed ('stock' was unexpected)",
    ),
    "an error of another shape": (
        {"status": 400, "answered": {"error": "no"}},
        "response: 'errors' is a required property",
    ),
    "an error code nobody knows": (
        {
            "status": 400,
            "answered": {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "OH_NO"}]},
        },
        "response: 'OH_NO' is not one of",
    ),
    "a place that is not there": ({"path": "/v2/stock"}, "is not described"),
    "a parameter nobody knows": (
        {"method": "GET", "path": "/v2/locations", "query": "limit=3", "asked": None}
        | {"answered": {}},
        "has no parameter limit",
    ),
    "a body where none is taken": (
        {"method": "GET", "path": "/v2/locations", "answered": {}},
        "takes no body",
    ),
    "what was given up": (
        {"method": "GET", "path": "/v2/loyalty/programs", "asked": None, "answered": {}},
        "is deprecated",
    ),
}


@needs_description
@pytest.mark.parametrize(("changes", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_the_description_does_not_allow_is_refused(changes: dict[str, Any], told: str) -> None:
    (violation,) = agreed().violations(an_exchange(**changes))

    assert told in violation


@needs_description
async def test_a_lie_of_the_upstream_is_seen_on_its_way() -> None:
    async with a_seller() as seller:
        seller.square.shop.locations[0]["mcc"] = 5941
        await seller.connection.locations()
        told = list(seller.watched.violations)
        seller.watched.violations.clear()

    assert told == ["GET /v2/locations, response: 5941 is not of type 'string'"]


async def test_every_call_says_who_we_are_and_which_version_is_meant() -> None:
    async with a_seller() as seller:
        await seller.connection.stock_levels([], [DUB])
        await seller.connection.locations()

    (exchange,) = seller.watched.exchanges
    assert exchange.headers["square-version"] == VERSION
    assert exchange.headers["authorization"] == "Bearer EAAA-a-token-of-the-specimen"


@needs_description
def test_the_version_we_ask_for_is_that_of_the_description() -> None:
    place = description()
    assert place is not None
    document = orjson.loads(place.read_bytes())

    headers = document["components"]["securitySchemes"]["oauth2"]["x-additional-headers"]
    assert [one["schema"]["default"] for one in headers] == [VERSION]
