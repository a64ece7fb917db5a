"""Every exchange of the conformance suites, held against Amazon's published models."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from app.ports import UpstreamHttp, find_connectors, read_manifest
from app.upstream.client import ClientPolicy, open_client
from connectors.amazon.specimen_orders import OPEN
from connectors.kit.conformance import Case, Subject, cases_of, subject_of, try_case
from connectors.kit.manifests import CONNECTORS
from connectors.kit.specimen import Asgi, Specimen
from tests.connectors.amazon.contract import (
    ELSEWHERE,
    HOST,
    MODELS,
    Watched,
    as_openapi,
    contract,
    model,
    models,
)
from tests.connectors.amazon.seller import LOGIN, a_seller
from tests.connectors.contracts import Contract, Exchange

AMAZON = find_connectors(CONNECTORS)["amazon"]
SUBJECT = subject_of(read_manifest(AMAZON), AMAZON.module)
ON_THE_WIRE = {
    "healthy",
    "batched",
    "written",
    "write lost-answer",
    "write delivered-twice",
    "write crash",
}
CASES = [case for case in cases_of(SUBJECT) if case.failure in ON_THE_WIRE]
SEARCH = "/orders/2026-01-01/orders"
SHIPPED = f"/orders/v0/orders/{OPEN}/shipmentConfirmation"
LISTING = "/listings/2021-08-01/items/A3SPECIMEN/BOTTLE"
needs_models = pytest.mark.skipif(
    models() is None,
    reason="Amazon's models of the Selling Partner API are not there: put them at "
    "../shared/contracts/amazon-sp-api, or say in AMAZON_API_MODELS where they are",
)


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url, policy=ClientPolicy(timeout=timedelta(seconds=5)))


def watched(specimen: Specimen, seen: list[Watched]) -> Specimen:
    def app() -> Asgi:
        seen.append(Watched(specimen.app()))
        return seen[-1]

    return replace(specimen, app=app)


@needs_models
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_is_said_in_a_suite_is_what_the_models_allow(case: Case) -> None:
    seen: list[Watched] = []
    specimens = tuple(watched(one, seen) for one in SUBJECT.specimens)
    subject = Subject(manifest=SUBJECT.manifest, package=SUBJECT.package, specimens=specimens)

    result = await try_case(subject, case, open_http)

    judged = [one for each in seen for one in each.exchanges if one.path not in ELSEWHERE]
    assert [finding.reason for finding in result.findings] == []
    assert [told for one in seen for told in one.violations] == []
    assert len(judged) > 0


def agreed() -> Contract:
    found = contract()
    assert found is not None
    return found


def an_exchange(**changes: Any) -> Exchange:
    asked, answered = changes.pop("asked", None), changes.pop("answered", {"orders": []})
    given: dict[str, Any] = {"method": "GET", "path": SEARCH, "query": "", "status": 200}
    return Exchange(
        **{**given, **changes},
        asked=b"" if asked is None else orjson.dumps(asked),
        answered=b"" if answered is None else orjson.dumps(answered),
    )


def a_package(**changes: Any) -> dict[str, Any]:
    detail = {
        "packageReferenceId": "1",
        "carrierCode": "DHL",
        "trackingNumber": "1",
        "shipDate": "2025-06-02T12:00:00.000Z",
        "orderItems": [{"orderItemId": "11", "quantity": 2}],
    }
    asked = {"marketplaceId": "APJ6JRA9NG5V4", "packageDetail": {**detail, **changes}}
    return {"method": "POST", "path": SHIPPED, "asked": asked, "answered": None, "status": 204}


def a_patch(**changes: Any) -> dict[str, Any]:
    patch = {"op": "replace", "path": "/attributes/x", "value": [{"quantity": 1}]}
    return {
        "method": "PATCH",
        "path": LISTING,
        "query": "marketplaceIds=APJ6JRA9NG5V4",
        "asked": {"productType": "BOTTLE", "patches": [patch]},
        "answered": {"sku": "BOTTLE", "status": "ACCEPTED", "submissionId": "1"},
        **changes,
    }


RIGHT: dict[str, dict[str, Any]] = {
    "a search": {"query": "lastUpdatedAfter=2025-06-01T00:00:00.000Z&includedData=BUYER,TAX"},
    "a parcel": a_package(),
    "a change": a_patch(),
    "a refusal": {"status": 429, "answered": {"errors": [{"code": "Q", "message": "No."}]}},
}


@needs_models
@pytest.mark.parametrize("changes", RIGHT.values(), ids=RIGHT.keys())
def test_what_the_models_allow_is_allowed(changes: dict[str, Any]) -> None:
    assert agreed().violations(an_exchange(**changes)) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an operation nobody knows": ({"path": "/orders/2027-01-01/orders"}, "is not described"),
    "a method nobody knows": ({"method": "PUT"}, "is not described"),
    "an operation that is deprecated": (
        {"path": f"/orders/v0/orders/{OPEN}", "answered": {}},
        "request: is deprecated",
    ),
    "a parameter nobody knows": ({"query": "limit=3"}, "request: has no parameter limit"),
    "a set of data nobody knows": ({"query": "includedData=BUYER,ALL"}, "request: "),
    "a time that is none": ({"query": "lastUpdatedAfter=yesterday"}, "request: "),
    "a page size that is none": ({"query": "maxResultsPerPage=many"}, "request: "),
    "more SKUs than one call takes": (
        {
            "path": "/listings/2021-08-01/items/A3SPECIMEN",
            "query": "marketplaceIds=A&identifiers=" + ",".join("ABCDEFGHIJKLMNOPQRSTU"),
            "answered": {"numberOfResults": 0, "items": []},
        },
        "request: ",
    ),
    "a parameter that is missing": (a_patch(query=""), "request: "),
    "a body that is missing": (a_patch(asked=None), "request: "),
    "a body where there is none": ({"asked": {}}, "request: takes no body"),
    "a field nobody knows": (
        a_package(carrier="DHL"),
        "request: Additional properties are not allowed ('carrier' was unexpected)",
    ),
    "a number for a text": (a_package(packageReferenceId=1), "request: 1 is not of type 'string'"),
    "a date that is none": (a_package(shipDate="02/21/2025"), "request: "),
    "a change of another kind": (
        a_patch(asked={"productType": "B", "patches": [{"op": "test", "path": "/x"}]}),
        "request: 'test' is not one of",
    ),
    "no change at all": (a_patch(asked={"productType": "B", "patches": []}), "request: "),
    "an answer without orders": ({"answered": {}}, "response: 'orders' is a required property"),
    "an answer with a field nobody knows": (
        {"answered": {"orders": [], "total": 0}},
        "response: Additional properties are not allowed ('total' was unexpected)",
    ),
    "an answer with another type": (
        {"answered": {"orders": [{"orderId": 4}]}},
        "response: ",
    ),
    "an answer where there is none": (
        {**a_package(), "answered": {"orders": []}},
        "response: is to be empty",
    ),
    "a state of a submission nobody knows": (
        a_patch(answered={"sku": "B", "status": "DONE", "submissionId": "1"}),
        "response: 'DONE' is not one of",
    ),
    "an error of another shape": (
        {"status": 400, "answered": {"error": "no"}},
        "response: 'errors' is a required property",
    ),
    "a status nobody knows": ({"status": 418, "answered": {}}, "response: "),
}


@needs_models
@pytest.mark.parametrize(("changes", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_the_models_do_not_allow_is_refused(changes: dict[str, Any], told: str) -> None:
    violations = agreed().violations(an_exchange(**changes))

    assert violations
    assert told in violations[0]


@needs_models
async def test_a_lie_of_the_upstream_is_seen_on_its_way() -> None:
    async with a_seller() as seller:
        seller.amazon.orders.orders[OPEN]["salesChannel"]["channelName"] = 5
        await seller.connection.orders(None, first=10)
        told = list(seller.watched.violations)
        seller.watched.violations.clear()

    assert told == [f"GET {SEARCH}, response: 5 is not of type 'string'"]


@needs_models
@pytest.mark.parametrize("name", MODELS)
def test_each_model_is_read_whole(name: str) -> None:
    document = model(name)

    assert Contract([as_openapi(document)], HOST).violations(an_exchange(path="/nowhere")) == [
        "GET /nowhere: is not described"
    ]
    assert document["swagger"] == "2.0"


async def test_every_call_says_who_we_are() -> None:
    async with a_seller() as seller:
        await seller.connection.orders(None, first=10)

    (login,), (search,) = seller.asked(LOGIN), seller.asked(SEARCH)
    assert search.headers["x-amz-access-token"] == "Atza|1"
    assert "authorization" not in search.headers
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
